package e2e

import (
	"context"
	"encoding/hex"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"strings"
	"sync"
	"testing"

	"github.com/gorilla/websocket"

	"pindesk/internal/wire"
)

const (
	joinPath  = "/api/v1/join"
	relayPath = "/api/v1/relay"
)

// gate is a reverse proxy before a broker. It lets everything through until a test tells it to
// hold, answer or cut something: for what a page shows only while something is wrong.
type gate struct {
	t   *testing.T
	url string
	srv *httptest.Server

	mu    sync.Mutex
	own   map[string]http.HandlerFunc // by how the path ends: answers instead of the broker
	conns map[net.Conn]bool           // to the broker
	shut  bool
	asked map[string]int // how often, by path
}

// newGate listens; through says where to, when it is known.
func newGate(t *testing.T) *gate {
	t.Helper()
	g := &gate{t: t, own: map[string]http.HandlerFunc{}, conns: map[net.Conn]bool{}, asked: map[string]int{}}
	g.srv = httptest.NewUnstartedServer(nil)
	g.url = "http://" + g.srv.Listener.Addr().String()
	t.Cleanup(func() { g.cut(); g.srv.CloseClientConnections(); g.srv.Close() })
	return g
}

// through lets everything pass to a broker, whose public origin is given, and begins to serve.
func (g *gate) through(broker, origin string) {
	g.t.Helper()
	to, err := url.Parse(broker)
	if err != nil {
		g.t.Fatal(err)
	}
	proxy := &httputil.ReverseProxy{
		Rewrite: func(r *httputil.ProxyRequest) {
			r.SetURL(to)
			if r.In.Header.Get("Origin") == g.url { // a page that came through here is the broker's own
				r.Out.Header.Set("Origin", origin)
			}
		},
		Transport: &http.Transport{DialContext: g.dial, DisableCompression: true, ForceAttemptHTTP2: false},
		ErrorHandler: func(w http.ResponseWriter, _ *http.Request, _ error) {
			w.WriteHeader(http.StatusBadGateway)
		},
	}
	g.srv.Config.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		g.count(r.URL.Path)
		if own := g.instead(r.URL.Path); own != nil {
			own(w, r)
			return
		}
		proxy.ServeHTTP(w, r)
	})
	g.srv.Start()
}

func (g *gate) count(path string) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.asked[path]++
}

// sockets is how many were opened to the relay so far.
func (g *gate) sockets() int {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.asked[relayPath]
}

// letAgain lets everybody through again.
func (g *gate) letAgain() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.shut = false
}

func (g *gate) instead(path string) http.HandlerFunc {
	g.mu.Lock()
	defer g.mu.Unlock()
	for end, h := range g.own {
		if strings.HasSuffix(path, end) {
			return h
		}
	}
	return nil
}

// answer answers what is asked of paths with an end, instead of the broker.
func (g *gate) answer(end string, h http.HandlerFunc) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.own[end] = h
}

func (g *gate) dial(ctx context.Context, network, addr string) (net.Conn, error) {
	c, err := (&net.Dialer{}).DialContext(ctx, network, addr)
	if err != nil {
		return nil, err
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.shut {
		c.Close()
		return nil, net.ErrClosed
	}
	g.conns[c] = true
	return c, nil
}

// cut ends every connection to the broker, and lets nobody through any more.
func (g *gate) cut() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.shut = true
	for c := range g.conns {
		c.Close()
	}
	clear(g.conns)
}

// answerJoin answers every join with a status and an error code of the API.
func (g *gate) answerJoin(status int, code string) {
	g.answer(joinPath, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		w.Header().Set("Retry-After", "60")
		w.WriteHeader(status)
		_ = json.NewEncoder(w).Encode(map[string]any{"success": false, "error": code, "message": "made by the test"})
	})
}

// holdJoin answers no join until the page gives it up.
func (g *gate) holdJoin() {
	g.answer(joinPath, func(_ http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body) // the server looks for the page's leaving only afterwards
		<-r.Context().Done()
	})
}

// playRelay lets every join succeed and plays the relay: play speaks first, and the socket
// stays open until the page leaves.
func (g *gate) playRelay(play func(*websocket.Conn)) {
	g.answer(relayPath, func(w http.ResponseWriter, r *http.Request) { g.serveRelay(w, r, play) })
	g.answer(joinPath, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode(map[string]any{"success": true, "ticket": strings.Repeat("t", 32), "relay_path": relayPath})
	})
}

func (g *gate) serveRelay(w http.ResponseWriter, r *http.Request, play func(*websocket.Conn)) {
	up := websocket.Upgrader{Subprotocols: []string{wire.Protocol}, CheckOrigin: func(*http.Request) bool { return true }}
	ws, err := up.Upgrade(w, r, nil)
	if err != nil {
		return
	}
	defer ws.Close()
	play(ws)
	for {
		if _, _, err := ws.ReadMessage(); err != nil {
			return
		}
	}
}

// controls returns what sends control messages as the relay does.
func controls(all ...wire.Control) func(*websocket.Conn) {
	return func(ws *websocket.Conn) {
		for _, c := range all {
			b, _ := json.Marshal(c)
			_ = ws.WriteMessage(websocket.BinaryMessage, append(wire.AppendHeader(nil, wire.Header{Kind: wire.KindControl}), b...))
		}
	}
}

// sharesBrowser returns what shows a small picture that a browser shares, as the relay does.
func sharesBrowser(t *testing.T) func(*websocket.Conn) {
	t.Helper()
	var fill struct{ Messages []string }
	b, err := os.ReadFile("../wire/testdata/vectors/streams/fill.json") // epoch 1
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(b, &fill); err != nil {
		t.Fatal(err)
	}
	said := controls(wire.Control{Type: wire.TypeWelcome, Role: "viewer", Viewer: 1, Epoch: 1, Resume: "r"},
		wire.Control{Type: wire.TypeState, Epoch: 1, Presenter: &wire.PresenterState{Name: "Anna", Attached: true, ViewOnly: true},
			Viewers: []wire.ViewerState{{Viewer: 1, Name: "Miriam", Online: true, Attach: 1, View: true, Lead: true}}})
	return func(ws *websocket.Conn) {
		said(ws)
		for _, text := range fill.Messages {
			msg, _ := hex.DecodeString(text)
			_ = ws.WriteMessage(websocket.BinaryMessage, msg)
		}
	}
}

// closes returns what closes the socket as the relay does.
func closes(code int) func(*websocket.Conn) {
	return func(ws *websocket.Conn) {
		_ = ws.WriteMessage(websocket.CloseMessage, websocket.FormatCloseMessage(code, ""))
	}
}
