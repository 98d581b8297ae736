package presenter

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gorilla/websocket"
	"go.uber.org/goleak"

	"pindesk/internal/screen"
	"pindesk/internal/wire"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// recorder is a desktop that writes down what is done to it.
type recorder struct {
	mu  sync.Mutex
	got []string
}

func (r *recorder) note(format string, a ...any) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.got = append(r.got, fmt.Sprintf(format, a...))
	return nil
}

func (r *recorder) Move(x, y int) error                   { return r.note("move %d,%d", x, y) }
func (r *recorder) Button(b wire.Button, down bool) error { return r.note("button %d %v", b, down) }
func (r *recorder) Wheel(dx, dy int) error                { return r.note("wheel %d,%d", dx, dy) }
func (r *recorder) Key(e wire.Event) error                { return r.note("key %s %v", e.Code, e.Down) }
func (r *recorder) Text(s string) error                   { return r.note("text %s", s) }
func (r *recorder) ReleaseAll() error                     { return r.note("release") }
func (r *recorder) Close() error                          { return nil }

func (r *recorder) take() []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	got := r.got
	r.got = nil
	return got
}

// injecting runs f with viewer 1 in control and layout 5 present.
func injecting(t *testing.T, f func(i *injection, g *grants, r *recorder, want func(what string, done ...string))) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		g, r := newGrants(), &recorder{}
		g.state([]wire.ViewerState{{Viewer: 1, Online: true, Attach: 1}, {Viewer: 2, Online: true, Attach: 1}})
		g.set(1, rights{control: true})
		i := newInjection(r, newClips(nil, "", g, nil), g, slog.New(slog.DiscardHandler))
		i.places.set(0, place{layout: 5, area: screen.Rect{W: 1000, H: 1000}})
		ctx, cancel := context.WithCancel(context.Background())
		ended := make(chan struct{})
		go func() { i.run(ctx); close(ended) }()
		f(i, g, r, func(what string, done ...string) {
			t.Helper()
			synctest.Wait()
			if got := r.take(); !slices.Equal(got, done) {
				t.Errorf("%s: the desktop got %q, want %q", what, got, done)
			}
		})
		cancel()
		<-ended
	})
}

func down(code string) wire.Event { return wire.Event{Type: wire.EventKey, Code: code, Down: true} }
func up(code string) wire.Event   { return wire.Event{Type: wire.EventKey, Code: code} }

func TestInjection(t *testing.T) {
	injecting(t, func(i *injection, g *grants, _ *recorder, want func(string, ...string)) {
		send := func(viewer uint16, seq uint32, layout uint16, events ...wire.Event) {
			i.submit(job{viewer: viewer, epoch: 1, seq: seq, layout: layout, events: events})
		}
		move, click := wire.Event{Type: wire.EventMove, X: 3, Y: 4}, wire.Event{Type: wire.EventButton, Button: 1, Down: true}
		unclick := wire.Event{Type: wire.EventButton, Button: 1}
		send(1, 1, 5, move, click)
		want("control", "move 3,4", "button 1 true")
		if i.newest(1) != 1 || i.newest(2) != 0 {
			t.Errorf("newest input: %d and %d", i.newest(1), i.newest(2))
		}
		send(1, 1, 5, move)
		send(1, 0, 5, move)
		want("what came already")
		send(1, 2, 4, move, click, wire.Event{Type: wire.EventWheel, DY: 120}, unclick)
		want("another layout: only the release counts", "button 1 false")
		send(1, 3, 5, unclick)
		want("a release of what is not held")
		send(2, 1, 5, click, down("KeyA"))
		want("a viewer without control")
		send(1, 4, 5, down("KeyA"), wire.Event{Type: wire.EventText, Text: "本"})
		want("keys and text", "key KeyA true", "text 本")
		long := strings.Repeat("本", 40)
		send(1, 5, 5, wire.Event{Type: wire.EventText, Text: long})
		want("a long text in pieces", "text "+long[:96], "text "+long[96:])
		g.set(2, rights{control: true})
		i.check()
		want("control ends", "release")
		send(1, 6, 5, up("KeyA"), click)
		want("the one who had control")
		send(2, 2, 5, down("KeyB"))
		want("the one who has it", "key KeyB true")
		g.ask(true)
		i.check()
		want("a question opens", "release")
		send(2, 3, 5, down("KeyB"))
		want("input while the question is open")
		g.ask(false)
		g.state([]wire.ViewerState{{Viewer: 2, Online: true, Attach: 2, Held: true}})
		send(2, 1, 5, down("KeyB"))
		want("input before the person continues")
		g.state([]wire.ViewerState{{Viewer: 2, Online: true, Attach: 2}})
		send(2, 1, 5, down("KeyB"))
		want("a new socket counts anew", "key KeyB true")
		g.state([]wire.ViewerState{{Viewer: 2, Attach: 2}})
		i.check()
		want("the viewer leaves", "release")
	})
}

func TestSilenceReleases(t *testing.T) {
	injecting(t, func(i *injection, _ *grants, _ *recorder, want func(string, ...string)) {
		i.submit(job{viewer: 1, epoch: 1, seq: 1, layout: 5, events: []wire.Event{down("ShiftLeft")}})
		want("held", "key ShiftLeft true")
		for seq := range uint32(8) {
			time.Sleep(500 * time.Millisecond) // the bubble's clock
			i.submit(job{viewer: 1, epoch: 1, seq: 2 + seq, layout: 5})
			want("heartbeats keep it held")
		}
		time.Sleep(3 * time.Second)
		want("silence", "release")
	})
}

func TestGrantsOverConnections(t *testing.T) {
	g := newGrants()
	viewer := func(n uint16, online bool) wire.ViewerState { return wire.ViewerState{Viewer: n, Online: online} }
	g.state([]wire.ViewerState{viewer(1, true), viewer(2, true), viewer(3, true)})
	g.set(1, rights{control: true})
	g.set(2, rights{view: true})
	g.offline()
	if _, ok := g.mayControl(1); ok || g.watching(0) != 0 {
		t.Error("grants count without a connection")
	}
	named := g.begin(true)
	if len(named) != 2 || slices.Contains(named, 3) {
		t.Errorf("grants named again: %v, want those of 1 and 2", named)
	}
	if one, two := g.get(1), g.get(2); !one.control || !one.may || !two.view || two.control || two.may {
		t.Errorf("grants over a reconnect: %+v %+v", one, two)
	}
	g.state(nil) // the first state of a restarted relay knows nobody yet
	g.state([]wire.ViewerState{viewer(1, true)})
	if _, ok := g.mayControl(1); !ok {
		t.Error("control was lost over a reconnect")
	}
	g.state([]wire.ViewerState{viewer(2, true)})
	if g.get(1).view {
		t.Error("a viewer that the relay has forgotten keeps its grant")
	}
	if len(g.begin(false)) != 0 || g.get(2).view {
		t.Error("grants survive although the broker does not know this presenter")
	}
}

// Whom the guest let see in the tab still sees when the program goes on in its place: of one
// connection, of the same party, and never more than that.
func TestGrantsOfTheTab(t *testing.T) {
	theirs := []wire.ViewerState{{Viewer: 1, Online: true, View: true, Control: true, May: true}, {Viewer: 2, Online: true}, {Viewer: 3, Online: true, View: true, Held: true}}
	for name, c := range map[string]struct{ adopt, same, view bool }{
		"handed over":            {true, true, true},
		"handed over to another": {true, false, false},
		"not handed over":        {false, true, false},
	} {
		g := newGrants()
		g.adopt = c.adopt
		g.begin(c.same)
		if got := g.state(theirs); got != c.view {
			t.Errorf("%s: adopted %v", name, got)
		}
		one := g.get(1)
		if one.view != c.view || one.control || one.may || g.get(2).view || g.get(3).view {
			t.Errorf("%s: %+v %+v %+v", name, one, g.get(2), g.get(3))
		}
		if _, ok := g.mayControl(1); ok {
			t.Errorf("%s: control was handed over", name)
		}
		g.set(1, rights{})
		if g.state(theirs) || g.get(1).view {
			t.Errorf("%s: what the guest has ended came back", name)
		}
	}
}

// A grant outlives a viewer's absence for a minute, also when it is this presenter that was away.
func TestGrantsOfTheLongAbsent(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := newGrants()
		viewer := func(n uint16, online bool) wire.ViewerState { return wire.ViewerState{Viewer: n, Online: online} }
		g.state([]wire.ViewerState{viewer(1, true), viewer(2, true), viewer(3, true)})
		g.set(1, rights{view: true})
		g.set(2, rights{control: true})
		g.set(3, rights{view: true})
		g.state([]wire.ViewerState{viewer(1, false), viewer(2, true), viewer(3, true)})
		time.Sleep(50 * time.Second) // the bubble's clock
		g.offline()
		time.Sleep(50 * time.Second)
		if named := g.begin(true); len(named) != 2 || slices.Contains(named, 1) {
			t.Errorf("after 50 s named %+v, want the two that were here", named)
		}
		g.offline() // did not last
		time.Sleep(50 * time.Second)
		if named := g.begin(true); len(named) != 0 {
			t.Errorf("after 100 s named %+v, want none", named)
		}
		g.state([]wire.ViewerState{{Viewer: 2, Online: true, View: true, Control: true}, viewer(3, true)})
		if v := g.get(2); !v.view || !v.control {
			t.Error("what the relay has kept is gone")
		}
		if g.get(1).view || g.get(3).view {
			t.Error("grants came back after more than a minute")
		}
	})
}

func TestPlain(t *testing.T) {
	for want, err := range map[string]error{
		"the broker says: going down, join again": &websocket.CloseError{Code: wire.CloseReconnect, Text: "going down, join again"},
		"the connection was lost":                 &websocket.CloseError{Code: websocket.CloseAbnormalClosure, Text: "unexpected EOF"},
		"the broker does not answer":              fmt.Errorf("read: %w", os.ErrDeadlineExceeded),
		"connection refused":                      errors.New("connection refused"),
	} {
		if got := plain(err); got != want {
			t.Errorf("%v: %q, want %q", err, got, want)
		}
	}
}

func TestBrokerURL(t *testing.T) {
	for in, want := range map[string]string{
		"https://help.example.com": "https://help.example.com", "http://127.0.0.1:8080/": "http://127.0.0.1:8080",
		"help.example.com": "https://help.example.com", "127.0.0.1:8080": "http://127.0.0.1:8080", "localhost": "http://localhost", "": "", "ftp://x": "", "https://u:p@x": "", "https://x/path": "", "https://x?a": "", "https://x#7W2": "", "https://": "",
	} {
		u, err := brokerURL(in)
		if (err == nil) != (want != "") || err == nil && u.String() != want {
			t.Errorf("brokerURL(%q) = %v, %v; want %q", in, u, err, want)
		}
	}
}
