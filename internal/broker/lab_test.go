package broker

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gorilla/websocket"
	"go.uber.org/goleak"

	"pindesk/internal/store/pgtest"
	"pindesk/internal/wire"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// clock is the brokers' time, which tests move.
type clock struct {
	mu  sync.Mutex
	now time.Time
}

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

// lab is a broker with a clock that is moved by hand, a receiver of hooks, and parties that are
// bare sockets.
type lab struct {
	*testing.T
	config Config
	clock  *clock
	b      *Broker
	stop   func()
	got    *receiver
}

// onBoth runs a test against a broker on each engine.
func onBoth(t *testing.T, edit func(*Config), f func(l *lab)) {
	engines := map[string]func(t *testing.T) string{
		"sqlite":   func(*testing.T) string { return "" },
		"postgres": func(t *testing.T) string { return pgtest.Start(t) },
	}
	for name, url := range engines {
		t.Run(name, func(t *testing.T) {
			c := &clock{now: time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)}
			l := &lab{T: t, clock: c, got: newReceiver(t), config: Config{
				Listen: "127.0.0.1:0", Data: t.TempDir(), DatabaseURL: url(t), Region: "eu-west-2", CreatesPerMin: -1,
				HookAllowPrivate: true, Log: slog.New(slog.DiscardHandler), Clock: c.Now,
			}}
			if edit != nil {
				edit(&l.config)
			}
			l.start()
			t.Cleanup(func() { l.stop() })
			f(l)
		})
	}
}

func (l *lab) start() {
	l.Helper()
	b, err := New(l.Context(), l.config)
	if err != nil {
		l.Fatal(err)
	}
	b.hooks.Poll = 20 * time.Millisecond // a clock that is moved by hand gives no hint
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- b.Run(ctx) }()
	l.b, l.config.Listen = b, strings.TrimPrefix(b.URL(), "http://")
	l.stop = sync.OnceFunc(func() {
		cancel()
		if err := <-ended; err != nil {
			l.Error("the broker ended with", err)
		}
		if err := b.Close(); err != nil {
			l.Error(err)
		}
	})
	// Run does some things before it serves.
	if status, _ := l.call("GET", "/api/v1/session?session_pin=", nil); status != 404 {
		l.Fatalf("the broker answers %d", status)
	}
}

// rule runs one rule's test in the same broker.
func (l *lab) rule(name string, f func(l *lab)) {
	l.Run(name, func(t *testing.T) {
		one := *l
		one.T = t
		f(&one)
	})
}

// pass moves the clock and lets the broker do what it does every few seconds.
func (l *lab) pass(d time.Duration) {
	l.Helper()
	l.clock.mu.Lock()
	l.clock.now = l.clock.now.Add(d)
	l.clock.mu.Unlock()
	l.b.attend(l.Context())
	l.b.sweep(l.Context())
	l.b.attend(l.Context())
}

// eventually polls ok until it is true.
func (l *lab) eventually(what string, ok func() bool) {
	l.Helper()
	deadline := time.Now().Add(20 * time.Second)
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for !ok() {
		if time.Now().After(deadline) {
			l.Fatalf("not in time: %s", what)
		}
		<-tick.C
	}
}

// call makes an API call and returns its status and decoded JSON object.
func (l *lab) call(method, path string, body any, head ...string) (int, map[string]any) {
	l.Helper()
	resp := l.do(method, path, body, head...)
	defer resp.Body.Close()
	var answer map[string]any
	if err := json.NewDecoder(resp.Body).Decode(&answer); err != nil {
		l.Fatalf("%s %s: %v", method, path, err)
	}
	return resp.StatusCode, answer
}

func (l *lab) do(method, path string, body any, head ...string) *http.Response {
	l.Helper()
	var b bytes.Buffer
	if body != nil {
		if err := json.NewEncoder(&b).Encode(body); err != nil {
			l.Fatal(err)
		}
	}
	req, err := http.NewRequest(method, l.b.URL()+path, &b)
	if err != nil {
		l.Fatal(err)
	}
	for i := 0; i < len(head); i += 2 {
		req.Header.Set(head[i], head[i+1])
	}
	req.Close = true // a kept connection outlives its test
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		l.Fatal(err)
	}
	return resp
}

// support is one session with what its maker knows.
type support struct {
	l          *lab
	pin, token string
}

func (l *lab) session() support {
	l.Helper()
	resp := l.do("GET", "/api/v1/session_pin", nil)
	defer resp.Body.Close()
	var a struct {
		PIN string `json:"session_pin"`
	}
	if err := json.NewDecoder(resp.Body).Decode(&a); err != nil || a.PIN == "" {
		l.Fatal("session_pin: ", resp.StatusCode, err)
	}
	return support{l, a.PIN, resp.Header.Get("Session-Token")}
}

// hook arms a hook of a type with the receiver's URL at path.
func (s support) hook(kind, path string) {
	s.l.Helper()
	status, a := s.l.call("PUT", "/api/v1/hook/", map[string]string{"type": kind, "url": s.l.got.URL + path, "session_pin": s.pin})
	if status != 200 {
		s.l.Fatalf("hook: %d %v", status, a)
	}
}

// party is somebody in the session.
type party struct {
	s      support
	ws     *websocket.Conn
	resume string
	done   chan struct{}
}

// dial joins and opens a socket; resume "" is a new page or process.
func (s support) dial(role, name, resume string) *websocket.Conn {
	s.l.Helper()
	status, a := s.l.call("POST", "/api/v1/join", map[string]string{"session_pin": s.pin, "role": role, "name": name, "resume": resume})
	if status != 200 {
		s.l.Fatalf("join: %d %v", status, a)
	}
	d := websocket.Dialer{Subprotocols: []string{wire.Protocol, wire.TicketPrefix + a["ticket"].(string)}}
	ws, _, err := d.Dial("ws"+strings.TrimPrefix(s.l.b.URL(), "http")+a["relay_path"].(string), nil)
	if err != nil {
		s.l.Fatal(err)
	}
	return ws
}

// join opens the socket of somebody of whom only the welcome is of interest.
func (s support) join(role, resume string) *party {
	s.l.Helper()
	ws := s.dial(role, "Ann", resume)
	p := &party{s: s, ws: ws, done: make(chan struct{})}
	welcome := make(chan string, 1)
	go func() {
		defer close(p.done)
		for {
			_, b, err := ws.ReadMessage()
			if err != nil {
				return
			}
			if h, body, err := wire.ParseHeader(b); err == nil && h.Kind == wire.KindControl {
				if c, err := wire.ParseControl(body); err == nil && c.Type == wire.TypeWelcome {
					welcome <- c.Resume
				}
			}
		}
	}()
	s.l.Cleanup(func() { ws.Close(); <-p.done })
	select {
	case p.resume = <-welcome:
	case <-time.After(20 * time.Second):
		s.l.Fatal("no welcome")
	}
	return p
}

func (p *party) say(c wire.Control) {
	p.s.l.Helper()
	if err := p.ws.WriteMessage(websocket.BinaryMessage, wire.AppendControl(nil, 1, 0, c)); err != nil {
		p.s.l.Fatal(err)
	}
}

// drop ends the socket, and waits until the broker knows.
func (p *party) drop() {
	p.s.l.Helper()
	before := p.s.count("presenter_left") + p.s.count("viewer_left")
	p.ws.Close()
	<-p.done
	p.s.l.eventually("the broker sees the socket's end", func() bool {
		return p.s.count("presenter_left")+p.s.count("viewer_left") > before
	})
}

// event and deliveryRow are what the API shows.
type event struct {
	Number int
	At     time.Time
	Type   string
	Data   json.RawMessage
	Hash   string
}

type deliveryRow struct {
	ID, Type, URL, State, Reason string
	Attempts                     []struct {
		Number, Status int
		Reason         string
	}
}

// get reads one of the calls that need the token.
func (s support) get(path string, into any) {
	s.l.Helper()
	resp := s.l.do("GET", path+"?session_pin="+s.pin, nil, "Session-Token", s.token)
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err != nil || resp.StatusCode != 200 {
		s.l.Fatalf("%s: %d %s %v", path, resp.StatusCode, b, err)
	}
	if err := json.Unmarshal(b, into); err != nil {
		s.l.Fatal(err)
	}
}

func (s support) events() []event {
	s.l.Helper()
	var a struct{ Events []event }
	s.get("/api/v1/audit", &a)
	return a.Events
}

// count is how many events of a type the session has.
func (s support) count(kind string) (n int) {
	s.l.Helper()
	for _, e := range s.events() {
		if e.Type == kind {
			n++
		}
	}
	return n
}

func (s support) deliveries() []deliveryRow {
	s.l.Helper()
	var a struct{ Deliveries []deliveryRow }
	s.get("/api/v1/deliveries", &a)
	return a.Deliveries
}

// fired checks that just these hooks have fired so far, by the paths of their URLs, oldest first.
func (s support) fired(what string, paths ...string) {
	s.l.Helper()
	var got []string
	for _, d := range s.deliveries() {
		got = append([]string{strings.TrimPrefix(d.URL, s.l.got.URL)}, got...)
	}
	if strings.Join(got, " ") != strings.Join(paths, " ") {
		s.l.Fatalf("%s: fired %q, want %q", what, got, paths)
	}
}

// received is one request at the receiver.
type received struct {
	path   string
	header http.Header
	body   []byte
}

// receiver takes what hooks send.
type receiver struct {
	*httptest.Server
	mu     sync.Mutex
	all    []received                                   // guarded by mu
	answer func(w http.ResponseWriter, r *http.Request) // guarded by mu; nil: 200
}

func newReceiver(t *testing.T) *receiver {
	r := &receiver{}
	r.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		b, _ := io.ReadAll(req.Body)
		r.mu.Lock()
		r.all = append(r.all, received{req.URL.Path, req.Header.Clone(), b})
		answer := r.answer
		r.mu.Unlock()
		if answer != nil {
			answer(w, req)
		}
	}))
	t.Cleanup(r.Close)
	return r
}

// at returns what has come to a path.
func (r *receiver) at(path string) (all []received) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, one := range r.all {
		if one.path == path {
			all = append(all, one)
		}
	}
	return all
}

func (r *receiver) answers(f func(w http.ResponseWriter, req *http.Request)) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.answer = f
}
