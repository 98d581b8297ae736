package e2e

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gorilla/websocket"

	"pindesk/internal/store/pgtest"
	"pindesk/internal/wire"
)

// TestNoHookIsLost makes events while the real broker is killed at random moments and the
// receiver fails half of its answers. Every event's delivery must arrive at least once, and no
// hook may fire for two events. PINDESK_LONG=1 makes 1,000 events, else it is a few.
func TestNoHookIsLost(t *testing.T) {
	events, kills := 48, 3
	if os.Getenv("PINDESK_LONG") != "" {
		events, kills = 1000, 40
	}
	for engine, database := range map[string]func(t *testing.T) string{
		"sqlite":   func(*testing.T) string { return "" },
		"postgres": func(t *testing.T) string { return pgtest.Start(t) },
	} {
		t.Run(engine, func(t *testing.T) {
			t.Parallel()
			noHookIsLost(t, database(t), events, kills)
		})
	}
}

const (
	crashWorkers   = 8
	crashSession   = 20 // events in one session
	crashTimeLimit = 20 * time.Minute
)

func noHookIsLost(t *testing.T, database string, events, kills int) {
	port := freePort(t)
	b := &brokerProgram{site: &site{t: t, url: "http://127.0.0.1:" + port, log: &logBuffer{}}}
	b.args = []string{"serve", "--listen", "127.0.0.1:" + port, "--data", t.TempDir(), "--region", "test", "--hook-allow-private",
		"--sessions-per-min", "10000", "--log-level", "error"}
	if database != "" {
		b.args = append(b.args, "--database-url", database)
	}
	b.run()
	got := newFailing(t)
	ctx, cancel := context.WithTimeout(t.Context(), crashTimeLimit)
	defer cancel()

	var all sync.WaitGroup
	sessions := make([][]crashed, crashWorkers)
	failed := make([]error, crashWorkers)
	for w := range crashWorkers {
		all.Go(func() {
			c := newCaller(b.url, w)
			for i := w; i < events && failed[w] == nil; i += crashWorkers {
				if len(sessions[w])*crashSession <= i/crashWorkers {
					var s crashed
					if s, failed[w] = c.session(ctx); failed[w] != nil {
						return
					}
					sessions[w] = append(sessions[w], s)
				}
				s := &sessions[w][len(sessions[w])-1]
				s.events = append(s.events, i)
				failed[w] = c.event(ctx, *s, i, got.URL)
			}
		})
	}
	done := make(chan struct{})
	go func() { all.Wait(); close(done) }()
	killed := 0
	for running := true; running || killed < kills; {
		select {
		case <-done:
			running, done = false, nil
		case <-time.After(200*time.Millisecond + rand.N(time.Second)):
			b.prog.signal(os.Kill)
			<-b.prog.done
			killed++
			b.run()
		}
	}
	for w, err := range failed {
		if err != nil {
			t.Fatalf("worker %d: %v", w, err)
		}
	}
	for arrived := got.succeeded(); arrived < events; { // on a busy machine it takes long, but it goes on
		within(t, 2*time.Minute, fmt.Sprintf("more deliveries arrive than %d of %d", arrived, events), func() bool { return got.succeeded() > arrived })
		arrived = got.succeeded()
	}
	answers, failures := got.figures()
	t.Logf("%d events, %d kills, %d requests, %d of them failed", events, killed, answers, failures)
	if failures*3 < answers {
		t.Errorf("only %d of %d answers failed: this test proves little", failures, answers)
	}
	for w := range sessions {
		c := newCaller(b.url, w)
		for _, s := range sessions[w] {
			s.check(ctx, t, c, got)
		}
	}
}

// crashed is a session whose broker is killed now and then.
type crashed struct {
	pin, token string
	events     []int
}

// check compares what the broker says of a session with what was done and received.
func (s crashed) check(ctx context.Context, t *testing.T, c *caller, got *failing) {
	t.Helper()
	var list struct {
		Deliveries []struct {
			ID, URL, State string
		}
	}
	var log struct {
		Newest int
		Events []struct{ Number int }
	}
	within(t, time.Minute, "all deliveries are done", func() bool {
		if err := c.until(ctx, "GET", "/api/v1/deliveries?session_pin="+s.pin, nil, s.token, &list); err != nil {
			t.Fatal(err)
		}
		for _, d := range list.Deliveries {
			if d.State != "done" {
				return false
			}
		}
		return true
	})
	byURL := map[string][]string{}
	for _, d := range list.Deliveries {
		byURL[d.URL] = append(byURL[d.URL], d.ID)
	}
	if len(byURL) != len(s.events) {
		t.Errorf("%d hooks have fired, %d were armed before an event", len(byURL), len(s.events))
	}
	for _, i := range s.events {
		made := byURL[got.URL+hookPath(i)]
		if len(made) != 1 {
			t.Errorf("event %d: %d deliveries were made, want 1", i, len(made))
			continue
		}
		if ids := got.ids(hookPath(i)); len(ids) != 1 || ids[0] != made[0] {
			t.Errorf("event %d: received with ids %q, the delivery is %q", i, ids, made)
		}
	}
	if err := c.until(ctx, "GET", "/api/v1/audit?session_pin="+s.pin, nil, s.token, &log); err != nil {
		t.Fatal(err)
	}
	for i, e := range log.Events {
		if e.Number != i+1 {
			t.Fatalf("the log has event %d in place %d", e.Number, i+1)
		}
	}
	if len(log.Events) != log.Newest || log.Newest < 2*len(s.events) { // a hook set and a start each
		t.Errorf("the log has %d events, says %d; %d hooks were set and fired", len(log.Events), log.Newest, len(s.events))
	}
}

func hookPath(i int) string { return "/" + strconv.Itoa(i) }

// caller makes calls from an address of its own, again and again while the broker is away.
type caller struct {
	base string
	http http.Client
	ws   websocket.Dialer
}

func newCaller(base string, n int) *caller {
	d := &net.Dialer{Timeout: 5 * time.Second, LocalAddr: &net.TCPAddr{IP: net.IPv4(127, 0, 1, byte(n+1))}}
	return &caller{base: base,
		http: http.Client{Timeout: 15 * time.Second, Transport: &http.Transport{DialContext: d.DialContext, DisableKeepAlives: true}},
		ws:   websocket.Dialer{NetDialContext: d.DialContext, HandshakeTimeout: 15 * time.Second}}
}

// once makes one call; retry says that the broker was away or busy.
func (c *caller) once(ctx context.Context, method, path string, body any, token string, into any) (head http.Header, retry bool, err error) {
	var b bytes.Buffer
	if body != nil {
		if err := json.NewEncoder(&b).Encode(body); err != nil {
			return nil, false, err
		}
	}
	req, err := http.NewRequestWithContext(ctx, method, c.base+path, &b)
	if err != nil {
		return nil, false, err
	}
	if token != "" {
		req.Header.Set("Session-Token", token)
	}
	resp, err := c.http.Do(req)
	if err != nil {
		return nil, true, err
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		return nil, true, err
	}
	if resp.StatusCode != http.StatusOK {
		return nil, resp.StatusCode >= 500 || resp.StatusCode == http.StatusTooManyRequests, fmt.Errorf("%s %s: %d %s", method, path, resp.StatusCode, text)
	}
	return resp.Header, false, json.Unmarshal(text, into)
}

// until makes a call until it is answered.
func (c *caller) until(ctx context.Context, method, path string, body any, token string, into any) error {
	_, err := c.head(ctx, method, path, body, token, into)
	return err
}

func (c *caller) head(ctx context.Context, method, path string, body any, token string, into any) (http.Header, error) {
	for {
		h, retry, err := c.once(ctx, method, path, body, token, into)
		if err == nil || !retry {
			return h, err
		}
		select {
		case <-time.After(20 * time.Millisecond):
		case <-ctx.Done():
			return nil, errors.Join(ctx.Err(), err)
		}
	}
}

func (c *caller) session(ctx context.Context) (crashed, error) {
	var a struct {
		PIN string `json:"session_pin"`
	}
	h, err := c.head(ctx, "GET", "/api/v1/session_pin", nil, "", &a)
	return crashed{pin: a.PIN, token: h.Get("Session-Token")}, err
}

// event arms a hook and then makes one start, whatever it takes.
func (c *caller) event(ctx context.Context, s crashed, i int, to string) error {
	role := []string{"viewer", "presenter"}[i/crashWorkers%2]
	var a struct {
		Ticket string
		Relay  string `json:"relay_path"`
	}
	if err := c.until(ctx, "PUT", "/api/v1/hook/", map[string]string{"type": role + "_started", "url": to + hookPath(i), "session_pin": s.pin}, "", &a); err != nil {
		return err
	}
	for {
		if err := c.until(ctx, "POST", "/api/v1/join", map[string]string{"session_pin": s.pin, "role": role}, "", &a); err != nil {
			return err
		}
		d := c.ws
		d.Subprotocols = []string{wire.Protocol, wire.TicketPrefix + a.Ticket}
		ws, _, err := d.DialContext(ctx, "ws"+strings.TrimPrefix(c.base, "http")+a.Relay, nil)
		if err == nil {
			return ws.Close()
		}
		if ctx.Err() != nil {
			return ctx.Err()
		}
	}
}

// failing is a receiver that fails half of its answers, but no more than four of one delivery,
// so that the test has an end.
type failing struct {
	*httptest.Server
	mu                sync.Mutex
	answers, failures int                         // guarded by mu
	paths             map[string]*failingDelivery // guarded by mu
}

type failingDelivery struct {
	ids    map[string]bool
	failed int
	good   bool
}

func newFailing(t *testing.T) *failing {
	f := &failing{paths: map[string]*failingDelivery{}}
	f.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch f.take(r) {
		case 0:
		case 1:
			w.WriteHeader(http.StatusInternalServerError)
		default: // it dies before it answers
			panic(http.ErrAbortHandler)
		}
	}))
	t.Cleanup(f.Close)
	return f
}

// take notes a request and says how to answer: 0 well, else in one of two bad ways.
func (f *failing) take(r *http.Request) int {
	f.mu.Lock()
	defer f.mu.Unlock()
	d := f.paths[r.URL.Path]
	if d == nil {
		d = &failingDelivery{ids: map[string]bool{}}
		f.paths[r.URL.Path] = d
	}
	d.ids[r.Header.Get("Webhook-Id")] = true
	f.answers++
	if d.failed < 4 && rand.N(2) == 0 {
		d.failed++
		f.failures++
		return 1 + rand.N(2)
	}
	d.good = true
	return 0
}

func (f *failing) succeeded() (n int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, d := range f.paths {
		if d.good {
			n++
		}
	}
	return n
}

func (f *failing) figures() (answers, failures int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.answers, f.failures
}

func (f *failing) ids(path string) (ids []string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if d := f.paths[path]; d != nil {
		for id := range d.ids {
			ids = append(ids, id)
		}
	}
	return ids
}
