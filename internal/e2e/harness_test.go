package e2e

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gorilla/websocket"

	"pindesk/internal/broker"
	"pindesk/internal/presenter"
	"pindesk/internal/screen"
	"pindesk/internal/wire"
)

// waitLimit bounds what a test waits for when how long it takes is not what the test is about. It is
// generous: a chain through a browser takes its time on a busy machine, and who waits in vain has failed.
const waitLimit = 20 * time.Second

// eventually polls ok until it is true, and fails the test with what after waitLimit.
func eventually(t *testing.T, what string, ok func() bool) {
	t.Helper()
	within(t, waitLimit, what, ok)
}

// within is eventually with a limit of its own: a short one is part of what the test asserts, a long
// one is for what may take longer than waitLimit.
func within(t *testing.T, limit time.Duration, what string, ok func() bool) {
	t.Helper()
	deadline := time.Now().Add(limit)
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for !ok() {
		if time.Now().After(deadline) {
			t.Fatalf("not within %v: %s", limit, what)
		}
		<-tick.C
	}
}

// logBuffer collects what the broker logs, for tests that search it for secrets.
type logBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *logBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *logBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

// site is a running broker.
type site struct {
	t   *testing.T
	b   *broker.Broker
	url string
	log *logBuffer

	cfg    broker.Config
	cancel context.CancelFunc
	ended  chan error
}

// startSite runs a broker in this process on SQLite in a new folder, unless edit says else.
func startSite(t *testing.T, edit func(*broker.Config)) *site {
	t.Helper()
	s := &site{t: t, log: &logBuffer{}}
	s.cfg = broker.Config{Listen: "127.0.0.1:0", Data: t.TempDir(), Region: "test", CreatesPerMin: 100000,
		Log: slog.New(slog.NewTextHandler(s.log, &slog.HandlerOptions{Level: slog.LevelDebug}))}
	if edit != nil {
		edit(&s.cfg)
	}
	s.start()
	t.Cleanup(func() {
		s.stop()
		if t.Failed() {
			t.Logf("the broker's log:\n%s", s.log)
		}
	})
	return s
}

func (s *site) start() {
	s.t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	b, err := broker.New(ctx, s.cfg)
	if err != nil {
		cancel()
		s.t.Fatal(err)
	}
	s.b, s.url, s.cancel, s.ended = b, b.URL(), cancel, make(chan error, 1)
	s.cfg.Listen = strings.TrimPrefix(s.url, "http://") // a restart comes back at the same place
	go func() { s.ended <- b.Run(ctx) }()
}

func (s *site) stop() {
	s.t.Helper()
	s.cancel()
	if err := <-s.ended; err != nil {
		s.t.Error("the broker ended with", err)
	}
	if err := s.b.Close(); err != nil {
		s.t.Error(err)
	}
}

// call makes one API call and decodes its JSON.
func (s *site) call(method, path string, body any) (status int, answer map[string]any) {
	s.t.Helper()
	var r io.Reader
	if body != nil {
		b, _ := json.Marshal(body)
		r = bytes.NewReader(b)
	}
	req, err := http.NewRequest(method, s.url+path, r)
	if err != nil {
		s.t.Fatal(err)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		s.t.Fatal(err)
	}
	defer resp.Body.Close()
	if err := json.NewDecoder(resp.Body).Decode(&answer); err != nil {
		s.t.Fatalf("%s %s: %v", method, path, err)
	}
	return resp.StatusCode, answer
}

// newPIN makes a session.
func (s *site) newPIN() string {
	s.t.Helper()
	status, a := s.call("GET", "/api/v1/session_pin", nil)
	pin, _ := a["session_pin"].(string)
	if status != 200 || pin == "" {
		s.t.Fatalf("session_pin: %d %v", status, a)
	}
	return pin
}

// open joins and opens the relay's socket; the caller closes it.
func (s *site) open(pin, role, resume string) (*websocket.Conn, error) {
	return s.openAs(role, pin, role, resume)
}

// openAs is open with a name.
func (s *site) openAs(name, pin, role, resume string) (*websocket.Conn, error) {
	status, a := s.call("POST", "/api/v1/join", map[string]string{"session_pin": pin, "role": role, "name": name, "resume": resume})
	if status != 200 {
		return nil, fmt.Errorf("join: %d %v", status, a)
	}
	d := websocket.Dialer{Subprotocols: []string{wire.Protocol, wire.TicketPrefix + a["ticket"].(string)}}
	ws, _, err := d.Dial("ws"+strings.TrimPrefix(s.url, "http")+a["relay_path"].(string), nil)
	return ws, err
}

// goViewer is a viewer in Go: it decodes and acks like the page.
type goViewer struct {
	t  *testing.T
	ws *websocket.Conn

	mu      sync.Mutex
	cond    *sync.Cond
	frozen  bool
	dec     *screen.Decoder
	epoch   uint16
	stream  uint8 // that it is sent, as the relay says
	number  uint16
	resume  string
	state   wire.Control
	refused []wire.Control
	heard   []string // of the chat
	clips   []string // what was copied on the presenter's computer
	files   []string // what was said of files: the op and the number
	updates int
	keys    int
	resyncs int
	waiting bool // resync was sent and no key came since
	err     error
	done    chan struct{}
	seq     uint32
}

// view joins as a viewer and asks to see.
func (s *site) view(pin string, resume string) *goViewer {
	s.t.Helper()
	return s.viewAs("viewer", pin, resume)
}

// viewAs is view with a name.
func (s *site) viewAs(name, pin, resume string) *goViewer {
	s.t.Helper()
	ws, err := s.openAs(name, pin, "viewer", resume)
	if err != nil {
		s.t.Fatal(err)
	}
	v := &goViewer{t: s.t, ws: ws, dec: screen.NewDecoder(), done: make(chan struct{})}
	v.cond = sync.NewCond(&v.mu)
	go v.run()
	s.t.Cleanup(v.close)
	v.control(wire.Control{Type: wire.TypeAsk})
	return v
}

func (v *goViewer) close() {
	v.freeze(false)
	v.ws.Close()
	<-v.done
}

func (v *goViewer) run() {
	defer close(v.done)
	for {
		_, msg, err := v.ws.ReadMessage()
		v.mu.Lock()
		for v.frozen {
			v.cond.Wait()
		}
		if err != nil {
			v.err = err
			v.mu.Unlock()
			return
		}
		v.messageLocked(msg)
		v.mu.Unlock()
	}
}

func (v *goViewer) messageLocked(msg []byte) {
	h, body, err := wire.ParseHeader(msg)
	if err != nil {
		v.t.Error("the relay sent", err)
		return
	}
	switch h.Kind {
	case wire.KindUpdate:
		if h.Stream != v.stream {
			return // it was on its way when this viewer chose another one
		}
		r, _ := v.dec.Apply(msg)
		v.updates++
		if r.Verdict == screen.NeedResync {
			if !v.waiting {
				v.waiting = true
				v.resyncs++
				v.sendLocked(wire.KindResync, v.dec.Seq(), nil)
			}
			return
		}
		if h.Flags&wire.FlagKey != 0 {
			v.waiting = false
			v.keys++
		}
		u, _, _, _ := wire.ParseUpdate(body)
		v.sendLocked(wire.KindAck, v.dec.Seq(), wire.AppendAck(nil, wire.Ack{Captured: u.Captured, Part: v.dec.Part()}))
	case wire.KindClip:
		text, err := wire.ParseClip(body)
		if err != nil {
			v.t.Error("the relay sent", err)
		}
		v.clips = append(v.clips, text)
	case wire.KindControl:
		c, err := wire.ParseControl(body)
		if err != nil {
			v.t.Error("the relay sent", err)
			return
		}
		switch c.Type {
		case wire.TypeWelcome:
			v.number, v.resume = c.Viewer, c.Resume
			v.beginLocked(c.Epoch, v.stream)
		case wire.TypeState:
			v.state = c
			v.beginLocked(c.Epoch, v.meLocked().Stream)
		case wire.TypeRefused:
			v.refused = append(v.refused, c)
		case wire.TypeChat:
			for _, l := range c.Lines {
				v.heard = append(v.heard, l.Text)
			}
		case wire.TypeFile:
			if c.File != nil {
				v.files = append(v.files, fmt.Sprint(c.File.Op, " ", c.File.Number))
			}
		}
	}
}

func (v *goViewer) beginLocked(epoch uint16, stream uint8) {
	if epoch != v.epoch || stream != v.stream {
		v.epoch, v.stream, v.waiting = epoch, stream, false
		v.dec.Begin(epoch)
	}
}

func (v *goViewer) sendLocked(k wire.Kind, seq uint32, body []byte) {
	_ = v.ws.WriteMessage(websocket.BinaryMessage, append(wire.AppendHeader(nil, wire.Header{Kind: k, Stream: v.stream, Epoch: v.epoch, Viewer: 77, Seq: seq}), body...))
}

func (v *goViewer) send(k wire.Kind, seq uint32, body []byte) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.sendLocked(k, seq, body)
}

func (v *goViewer) control(c wire.Control) {
	b, _ := json.Marshal(c)
	v.send(wire.KindControl, 0, b)
}

func (v *goViewer) input(layout uint16, events ...wire.Event) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.seq++
	v.sendLocked(wire.KindInput, v.seq, wire.AppendInput(nil, layout, events...))
}

func (v *goViewer) freeze(on bool) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.frozen = on
	v.cond.Broadcast()
}

// meets waits until the viewer has heard of the presenter: what it sends before bears an epoch that
// has passed, and the relay drops it for that, not for what a test wants to see. (A viewer may join
// first, and the guest may be asked before the relay's news have reached the viewer.)
func (v *goViewer) meets() {
	v.t.Helper()
	eventually(v.t, "the viewer hears of the presenter", func() bool {
		v.mu.Lock()
		defer v.mu.Unlock()
		return v.state.Presenter != nil && v.state.Presenter.Attached
	})
}

// me is the viewer's own place in the newest state.
func (v *goViewer) me() wire.ViewerState {
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.meLocked()
}

func (v *goViewer) meLocked() wire.ViewerState {
	for _, s := range v.state.Viewers {
		if s.Viewer == v.number {
			return s
		}
	}
	return wire.ViewerState{}
}

// watch wants a stream's picture.
func (v *goViewer) watch(stream uint8) {
	v.control(wire.Control{Type: wire.TypeWatch, Stream: stream})
}

// monitors are those that it was told of.
func (v *goViewer) monitors() []wire.Monitor {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.state.Presenter == nil {
		return nil
	}
	return v.state.Presenter.Monitors
}

// watchAny wants some stream that it knows of.
func (v *goViewer) watchAny(r *rand.Rand) {
	streams := []uint8{0}
	for _, m := range v.monitors() {
		streams = append(streams, m.Stream)
	}
	v.watch(streams[r.IntN(len(streams))])
}

// areaLocked is the part of the desktop that the viewer's stream shows; false if that is not known.
func (v *goViewer) areaLocked(w, h int) (screen.Rect, bool) {
	if v.stream == 0 {
		return screen.Rect{W: w, H: h}, true
	}
	if v.state.Presenter == nil {
		return screen.Rect{}, false
	}
	for _, m := range v.state.Presenter.Monitors {
		if r := (screen.Rect{X: m.X, Y: m.Y, W: m.W, H: m.H}); m.Stream == v.stream {
			return r, m.X+m.W <= w && m.Y+m.H <= h
		}
	}
	return screen.Rect{}, false
}

func (v *goViewer) closedWith() int {
	v.mu.Lock()
	defer v.mu.Unlock()
	if e, ok := v.err.(*websocket.CloseError); ok {
		return e.Code
	}
	return 0
}

// differs counts the pixels in which the viewer's picture is not the desktop's, or its monitor's; -1
// if the sizes differ.
func (v *goViewer) differs(d *fakeDesktop) int {
	v.mu.Lock()
	defer v.mu.Unlock()
	d.mu.Lock()
	defer d.mu.Unlock()
	p := v.dec.Picture()
	area, ok := v.areaLocked(d.pic.W, d.pic.H)
	if !ok || p.W != area.W || p.H != area.H {
		return -1
	}
	n := 0
	for y := range p.H {
		a, b := p.Pix[y*p.Stride:], d.pic.Pix[(area.Y+y)*d.pic.Stride+4*area.X:]
		for x := 0; x < 4*p.W; x += 4 {
			if a[x] != b[x] || a[x+1] != b[x+1] || a[x+2] != b[x+2] {
				n++
			}
		}
	}
	return n
}

// shows reports whether the viewer's picture equals the X screenshot.
func (v *goViewer) shows(d *xdesktop) bool { return v.showsPart(d, screen.Rect{}) }

// showsPart is shows for a part of the desktop; an empty one means all of it.
func (v *goViewer) showsPart(d *xdesktop, part screen.Rect) bool {
	w, h, rgb := d.pixels()
	if part.W > 0 {
		rgb = cutRGB(rgb, w, part)
		w, h = part.W, part.H
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	p := v.dec.Picture()
	if p.W != w || p.H != h {
		return false
	}
	for y := range h {
		for x := range w {
			a, b := p.Pix[y*p.Stride+4*x:], rgb[3*(y*w+x):]
			if a[2] != b[0] || a[1] != b[1] || a[0] != b[2] {
				return false
			}
		}
	}
	return true
}

// sharing is a presenter that runs in this process.
type sharing struct {
	*presenter.Presenter
	cancel context.CancelFunc
	ended  chan error
}

// present shares a desktop in the session.
func (s *site) present(pin string, c presenter.Config) *sharing {
	s.t.Helper()
	c.Broker, c.PIN = s.url, pin
	c.Say = func(f string, a ...any) { s.log.Write([]byte("presenter: " + fmt.Sprintf(f, a...) + "\n")) }
	p, err := presenter.New(c)
	if err != nil {
		s.t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	run := &sharing{Presenter: p, cancel: cancel, ended: make(chan error, 1)}
	go func() { run.ended <- p.Run(ctx) }()
	s.t.Cleanup(func() { run.stop() })
	return run
}

// stop ends the presenter and returns what Run returned. A second call does nothing.
func (r *sharing) stop() error {
	r.cancel()
	err, ok := <-r.ended
	if ok {
		close(r.ended)
	}
	return err
}
