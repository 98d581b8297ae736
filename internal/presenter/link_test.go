package presenter

import (
	"context"
	"net"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gorilla/websocket"

	"pindesk/internal/screen"
	"pindesk/internal/wire"
)

// oneConn is a listener with one connection.
type oneConn struct {
	c    chan net.Conn
	done chan struct{}
}

func (l *oneConn) Accept() (net.Conn, error) {
	select {
	case c := <-l.c:
		return c, nil
	case <-l.done:
		return nil, net.ErrClosed
	}
}

func (l *oneConn) Close() error   { close(l.done); return nil }
func (l *oneConn) Addr() net.Addr { return &net.TCPAddr{} }

// frozen runs f with a link to a broker that says what say does, and then takes nothing; an
// update is on its way to it.
func frozen(t *testing.T, say func(*websocket.Conn), f func(*link)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		over, served := make(chan struct{}), make(chan struct{})
		s := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			defer close(served)
			ws, err := (&websocket.Upgrader{}).Upgrade(w, r, nil)
			if err != nil {
				t.Error(err)
				return
			}
			time.Sleep(time.Second) // the bubble's clock: the update has begun
			say(ws)
			<-over
			ws.Close()
		})}
		listener := &oneConn{make(chan net.Conn), make(chan struct{})}
		go s.Serve(listener)
		a, b := net.Pipe()
		listener.c <- a
		d := websocket.Dialer{NetDialContext: func(context.Context, string, string) (net.Conn, error) { return b, nil }}
		ws, _, err := d.Dial("ws://x/", nil)
		if err != nil {
			t.Fatal(err)
		}
		l := newLink(ws)
		if err := l.send(make([]byte, 100<<10)); err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		f(l)
		l.close(nil)
		close(over)
		<-served
		s.Close()
	})
}

// Ctrl-C must not wait for an update that a dead link does not take.
func TestCloseDoesNotWaitForAFrozenBroker(t *testing.T) {
	frozen(t, func(*websocket.Conn) {}, func(l *link) {
		for range 10 {
			if err := l.send(make([]byte, 100<<10)); err != nil {
				t.Fatal(err)
			}
		}
		start := time.Now()
		l.close([]byte("bye"))
		if d := time.Since(start); d > 2*byeTimeout {
			t.Errorf("closing took %v", d)
		}
	})
}

// The broker's ping must not keep what comes after it, input above all, waiting behind an
// update that is being written.
func TestPingDoesNotStopReading(t *testing.T) {
	frozen(t, func(ws *websocket.Conn) {
		for range 3 {
			_ = ws.WriteControl(websocket.PingMessage, []byte("x"), time.Now().Add(time.Second))
		}
		_ = ws.WriteMessage(websocket.BinaryMessage, []byte("input"))
	}, func(l *link) {
		start := time.Now()
		msg, err := l.read(nil)
		if d := time.Since(start); err != nil || string(msg) != "input" || d > time.Second {
			t.Errorf("%q, %v after %v", msg, err, d)
		}
	})
}

// TestPointerWaitsForTheWriter: while the writer is at a large message the pointer moves on, and
// only where it is then is worth a message. Else it fills the queue, which ends the connection.
func TestPointerWaitsForTheWriter(t *testing.T) {
	m, _ := simulate(t, 1e6, 0, 0)
	m.steps(1000)
	var wait time.Duration
	for range 1000 {
		m.now = m.now.Add(pointerEvery)
		m.desk.pointer++
		var err error
		if wait, err = m.s.pump(m.now); err != nil {
			t.Fatal(err)
		}
	}
	if wait > pointerEvery {
		t.Errorf("the pointer is forgotten for %v", wait)
	}
	if n := len(m.s.link.first); n == 0 || n > pointerMost {
		t.Errorf("%d messages wait, want at most %d", n, pointerMost)
	}
	for len(m.s.link.first) > 0 {
		<-m.s.link.first
	}
	m.now = m.now.Add(pointerEvery)
	if _, err := m.s.pump(m.now); err != nil || len(m.s.link.first) != 1 || m.s.pointerX != m.desk.pointer {
		t.Errorf("then %d messages, %v", len(m.s.link.first), err)
	}
}

// TestNewLeadOnASlowLink: nothing is known of a new lead's link, and a large update must not
// block it for long.
func TestNewLeadOnASlowLink(t *testing.T) {
	m, v := simulate(t, 300*125, 80*time.Millisecond, 0)
	for v.catching || v.applied == 0 || !v.exact(m.desk) {
		m.steps(10)
	}
	m.say(wire.Control{Type: wire.TypeLead})
	m.say(wire.Control{Type: wire.TypeLead, Viewer: 1})
	m.desk.pic = screen.Picture{W: 2560, H: 1440, Stride: 10240, Pix: make([]byte, 10240*1440)}
	m.desk.each(screen.Rect{W: 2560, H: 1440}, func(int, int) uint32 { return 0x808080 })
	for !v.exact(m.desk) {
		m.steps(10)
	}
	m.say(wire.Control{Type: wire.TypeLead})
	m.say(wire.Control{Type: wire.TypeLead, Viewer: 1})
	m.desk.each(screen.Rect{W: 2560, H: 1440}, func(x, y int) uint32 { return m.desk.grain(5)(x, y) ^ m.desk.rnd.Uint32()&0x3f3f3f })
	before := m.bytes
	m.steps(5)
	if n := m.bytes - before; n == 0 || n > 3*firstMost/2 {
		t.Errorf("the first update takes %d bytes", n)
	}
}
