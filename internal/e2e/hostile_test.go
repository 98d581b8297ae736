package e2e

import (
	"bytes"
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/gorilla/websocket"
	"go.uber.org/goleak"

	"runtime"

	"pindesk/internal/presenter"
	"pindesk/internal/screen"
	"pindesk/internal/session"
	"pindesk/internal/wire"

	"pindesk/internal/broker"
)

func drawDot(p screen.Picture) screen.Rect {
	p.Pix[0] ^= 0xff
	return screen.Rect{W: 1, H: 1}
}

func TestOneAnswerForEveryBadPIN(t *testing.T) {
	s := startSite(t, func(c *broker.Config) { c.Limits = session.Limits{Unclaimed: time.Millisecond} })
	expired := s.newPIN()
	var want string
	for name, pin := range map[string]string{"expired": expired, "unknown": "AAA-00-0000", "malformed": "nonsense", "empty": ""} {
		eventually(t, name+" is refused", func() bool {
			status, a := s.call("POST", "/api/v1/join", map[string]string{"session_pin": pin, "role": "viewer"})
			got := a["error"].(string) + a["message"].(string)
			if status == 200 {
				return false // the clock has not moved yet
			}
			if want == "" {
				want = got
			}
			if got != want || status != 404 {
				t.Errorf("%s: %d %q, want %q", name, status, got, want)
			}
			return true
		})
	}
}

func TestForeignOriginsOpenNoSocket(t *testing.T) {
	s := startSite(t, nil)
	pin := s.newPIN()
	port := s.url[strings.LastIndex(s.url, ":"):]
	for origin, allowed := range map[string]bool{
		s.url: true, "http://localhost" + port: true, "null": false, "https://evil.example": false,
		s.url + ".evil.example": false, "http://127.0.0.1:1": false, strings.Replace(s.url, "http:", "https:", 1): false,
	} {
		_, a := s.call("POST", "/api/v1/join", map[string]string{"session_pin": pin, "role": "viewer"})
		d := websocket.Dialer{Subprotocols: []string{wire.Protocol, wire.TicketPrefix + a["ticket"].(string)}}
		ws, resp, err := d.Dial("ws"+strings.TrimPrefix(s.url, "http")+"/api/v1/relay", http.Header{"Origin": {origin}})
		if allowed != (err == nil) {
			t.Errorf("Origin %s: %v", origin, err)
		}
		if err == nil {
			if ws.Subprotocol() != wire.Protocol {
				t.Errorf("the server answered protocol %q", ws.Subprotocol())
			}
			ws.Close()
		} else if resp.StatusCode != http.StatusForbidden {
			t.Errorf("Origin %s: status %d", origin, resp.StatusCode)
		}
	}
}

func TestTicketsOpenOneSocket(t *testing.T) {
	s := startSite(t, nil)
	_, a := s.call("POST", "/api/v1/join", map[string]string{"session_pin": s.newPIN(), "role": "viewer"})
	dial := func(protocols ...string) (*websocket.Conn, int) {
		d := websocket.Dialer{Subprotocols: protocols}
		ws, resp, err := d.Dial("ws"+strings.TrimPrefix(s.url, "http")+"/api/v1/relay", nil)
		if err != nil && resp == nil {
			t.Fatal(err)
		}
		return ws, resp.StatusCode
	}
	ticket := wire.TicketPrefix + a["ticket"].(string)
	ws, status := dial(wire.Protocol, ticket)
	if status != http.StatusSwitchingProtocols {
		t.Fatalf("the first use: %d", status)
	}
	defer ws.Close()
	for _, protocols := range [][]string{{wire.Protocol, ticket}, {wire.Protocol}, {ticket}, {wire.Protocol, wire.TicketPrefix + "guess"}, {wire.Protocol, wire.TicketPrefix + strings.Repeat("x", 500)}} {
		if _, status := dial(protocols...); status/100 != 4 {
			t.Errorf("%d with %d protocols", status, len(protocols))
		}
	}
}

// Garbage and oversize messages cost their sender the connection, or nothing, and nobody
// else anything.
func TestGarbageHarmsOnlyItsSender(t *testing.T) {
	s := startSite(t, nil)
	pin, desk := s.newPIN(), newFakeDesktop(320, 200)
	s.present(pin, presenter.Config{Screen: desk, Input: desk, Consent: presenter.ControlFree})
	good := s.view(pin, "")
	eventually(t, "a picture", func() bool { return good.differs(desk) == 0 })
	for name, send := range map[string]struct {
		kind int
		msg  []byte
		code int
	}{
		"short":    {websocket.BinaryMessage, []byte{1, 2}, wire.CloseProtocol},
		"empty":    {websocket.BinaryMessage, nil, wire.CloseProtocol},
		"text":     {websocket.TextMessage, []byte("hello"), 0},
		"oversize": {websocket.BinaryMessage, make([]byte, wire.MaxViewerMessage+1), websocket.CloseMessageTooBig},
	} {
		v := s.view(pin, "")
		eventually(t, "a picture", func() bool { return v.differs(desk) == 0 })
		v.mu.Lock()
		_ = v.ws.WriteMessage(send.kind, send.msg)
		v.mu.Unlock()
		select {
		case <-v.done:
		case <-time.After(waitLimit):
			t.Errorf("%s: the connection goes on", name)
		}
		if got := v.closedWith(); send.code != 0 && got != send.code {
			t.Errorf("%s: closed with %d, want %d", name, got, send.code)
		}
	}
	v := s.view(pin, "")
	for kind := range 256 {
		v.send(wire.Kind(kind), 3, bytes.Repeat([]byte{0xff}, 40))
	}
	desk.draw(drawDot)
	eventually(t, "everybody goes on", func() bool { return good.differs(desk) == 0 && v.differs(desk) == 0 })
}

// TestNoSecretIsLogged runs a whole session and searches the log for what must not be there.
func TestNoSecretIsLogged(t *testing.T) {
	s := startSite(t, nil)
	pin, desk := s.newPIN(), newFakeDesktop(320, 200)
	p := s.present(pin, presenter.Config{Screen: desk, Input: desk, Consent: presenter.ControlFree})
	v := s.view(pin, "")
	eventually(t, "a picture", func() bool { return v.differs(desk) == 0 && v.me().Control })
	v.input(1, key("s3cr3t"))
	s.call("GET", "/api/v1/session_url?session_pin="+pin, nil)
	s.call("GET", "/api/v1/session?session_pin="+pin, nil)
	s.call("PUT", "/api/v1/hook/", map[string]string{"type": "viewer_started", "url": "https://example.com/x?token=hookt0ken", "session_pin": pin})
	s.call("GET", "/api/v1/session?session_pin=BBB-11-1111", nil)
	s.call("DELETE", "/api/v1/session?session_pin="+pin, nil)
	if err := p.wait(t); !strings.Contains(err.Error(), "ended") {
		t.Errorf("the presenter ended with %v", err)
	}
	<-v.done
	if v.closedWith() != wire.CloseEnded {
		t.Errorf("the viewer was closed with %d", v.closedWith())
	}
	log := s.log.String()
	bare := strings.ReplaceAll(pin, "-", "")
	for _, secret := range []string{pin, bare, "BBB-11-1111", "BBB111111", v.resume, "s3cr3t", "hookt0ken", wire.TicketPrefix} {
		if strings.Contains(log, secret) {
			t.Errorf("the log has %q", secret)
		}
	}
	if m := regexp.MustCompile(`[0-9A-Z]{3}-[0-9]{2}-[0-9]{4}`).FindString(log); m != "" {
		t.Errorf("the log has the PIN %s", m)
	}
	if !strings.Contains(log, "party joined") {
		t.Error("the log is empty: this test proves nothing")
	}
}

// TestNothingStaysBehind opens and closes 200 sessions with a presenter and a viewer each.
func TestNothingStaysBehind(t *testing.T) {
	s := startSite(t, nil)
	http.DefaultClient.CloseIdleConnections()
	round := func() {
		pin := s.newPIN()
		p, err := s.open(pin, "presenter", "")
		if err != nil {
			t.Fatal(err)
		}
		v, err := s.open(pin, "viewer", "")
		if err != nil {
			t.Fatal(err)
		}
		s.call("DELETE", "/api/v1/session?session_pin="+pin, nil)
		for _, ws := range []*websocket.Conn{p, v} {
			for {
				if _, _, err := ws.ReadMessage(); err != nil {
					if !websocket.IsCloseError(err, wire.CloseEnded) {
						t.Fatal("a party was closed with", err)
					}
					break
				}
			}
			ws.Close()
		}
	}
	heap := func() uint64 {
		var m runtime.MemStats
		runtime.GC()
		runtime.GC()
		runtime.ReadMemStats(&m)
		return m.HeapAlloc
	}
	for range 20 {
		round()
	}
	settled := func() {
		eventually(t, "no feed is left", func() bool { return s.b.Stats().Feeds == 0 })
	}
	settled()
	http.DefaultClient.CloseIdleConnections()
	before, ignore := heap(), goleak.IgnoreCurrent()
	for range 200 {
		round()
	}
	settled()
	http.DefaultClient.CloseIdleConnections()
	if err := goleak.Find(ignore); err != nil {
		t.Error(err)
	}
	if after := heap(); after > before+2<<20 {
		t.Errorf("the heap grew from %d to %d kB over 200 sessions", before>>10, after>>10)
	}
}
