package wsconn

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gorilla/websocket"

	"pindesk/internal/relay"
	"pindesk/internal/wire"
)

// pipes is a listener whose connections are in memory, so that time can be the bubble's.
type pipes struct {
	c    chan net.Conn
	done chan struct{}
}

func (p *pipes) Accept() (net.Conn, error) {
	select {
	case c := <-p.c:
		return c, nil
	case <-p.done:
		return nil, net.ErrClosed
	}
}

func (p *pipes) Close() error   { close(p.done); return nil }
func (p *pipes) Addr() net.Addr { return &net.TCPAddr{} }

// connected runs far with the party's end of a connection and near with ours.
func connected(t *testing.T, near func(relay.Conn), far func(*websocket.Conn)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		served := make(chan struct{})
		h := &Handler{
			Allowed: func(*http.Request) bool { return true },
			Admit:   func(context.Context, string) (relay.Party, error) { return relay.Party{Epoch: 1}, nil },
			Serve: func(_ context.Context, _ relay.Party, c relay.Conn) error {
				defer close(served)
				near(c)
				return nil
			},
			Log: slog.New(slog.DiscardHandler),
		}
		l := &pipes{make(chan net.Conn), make(chan struct{})}
		s := &http.Server{Handler: h}
		go s.Serve(l)
		defer s.Close()
		a, b := net.Pipe()
		l.c <- a
		d := websocket.Dialer{Subprotocols: []string{wire.Protocol, wire.TicketPrefix + "x"},
			NetDialContext: func(context.Context, string, string) (net.Conn, error) { return b, nil }}
		ws, _, err := d.Dial("ws://x/", nil)
		if err != nil {
			t.Fatal(err)
		}
		far(ws)
		ws.Close()
		<-served
		h.Wait()
	})
}

const slowRate = 16 << 10 // bytes a second

// slowly moves at slowRate what comes from one end.
type slowly struct{ io.Reader }

func (s slowly) Read(b []byte) (int, error) {
	time.Sleep(100 * time.Millisecond) // the bubble's clock
	return s.Reader.Read(b[:min(len(b), slowRate/10)])
}

// A large message on a slow link takes longer than a peer may be silent. While it moves, the
// peer is not.
func TestLargeMessagesOnASlowLink(t *testing.T) {
	const size = 500 << 10 // 31 s
	const frames = 10 + 10 // the first ping, and the message's header
	t.Run("written", func(t *testing.T) {
		wrote := errors.New("not written")
		var written, silent time.Time
		done := make(chan struct{})
		connected(t, func(c relay.Conn) {
			var reading sync.WaitGroup
			defer reading.Wait()
			reading.Go(func() { _ = c.Wait(); silent = time.Now() })
			if more, err := c.Write([][]byte{make([]byte, size)}); !more || err != nil {
				t.Errorf("a pipe takes nothing at once, and yet: %v, %v", more, err)
			}
			wrote = c.Flush()
			written = time.Now()
			close(done)
		}, func(ws *websocket.Conn) {
			n, _ := io.CopyN(io.Discard, slowly{ws.NetConn()}, size+frames)
			if n != size+frames {
				t.Errorf("%d bytes arrived", n)
			}
			go io.Copy(io.Discard, ws.NetConn()) // pings
			<-done
		})
		if wrote != nil || silent.Before(written) {
			t.Errorf("written: %v; the peer was given up %v before that", wrote, written.Sub(silent))
		}
	})
	t.Run("read", func(t *testing.T) {
		var got []byte
		err := errors.New("not read")
		connected(t, func(c relay.Conn) {
			if err = c.Wait(); err == nil {
				got, err = c.Read(nil, func(b []byte) []byte { return append(b, make([]byte, len(b)+1)...)[:len(b)] })
			}
		}, func(ws *websocket.Conn) {
			go io.Copy(io.Discard, ws.NetConn()) // the pings
			w, werr := ws.NextWriter(websocket.BinaryMessage)
			if werr != nil {
				t.Fatal(werr)
			}
			piece := make([]byte, slowRate/10)
			for range size / len(piece) {
				time.Sleep(100 * time.Millisecond)
				if _, werr := w.Write(piece); werr != nil {
					t.Error(werr)
					return
				}
			}
			w.Close()
		})
		if err != nil || len(got) < size-slowRate {
			t.Errorf("%d bytes, %v", len(got), err)
		}
	})
}
