package presenter

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"pindesk/internal/screen"
	"pindesk/internal/wire"
)

func TestNumbering(t *testing.T) {
	m := func(name string, x int) wire.Monitor { return wire.Monitor{Name: name, X: x, W: 100, H: 100} }
	var n numbering
	want := func(what string, changed bool, streams ...uint8) {
		t.Helper()
		var got []uint8
		for _, m := range n.list {
			got = append(got, m.Stream)
		}
		if !changed || !slices.Equal(got, streams) {
			t.Fatalf("%s: changed %v, streams %v, want %v", what, changed, got, streams)
		}
	}
	want("two", n.update([]wire.Monitor{m("A", 0), m("B", 100)}), 1, 2)
	if n.update([]wire.Monitor{m("A", 0), m("B", 100)}) {
		t.Error("the same list is no change")
	}
	want("the other order, another place", n.update([]wire.Monitor{m("B", 50), m("A", 0)}), 2, 1)
	want("one more of a name", n.update([]wire.Monitor{m("B", 50), m("B", 200), m("A", 0)}), 2, 3, 1)
	want("one is gone", n.update([]wire.Monitor{m("A", 0)}), 1)
	want("and is back, as another one", n.update([]wire.Monitor{m("A", 0), m("B", 50)}), 1, 4)
	for range 400 {
		n.update([]wire.Monitor{m("A", 0)})
		n.update([]wire.Monitor{m("A", 0), m("B", 50)})
		if n.list[0].Stream != 1 || n.list[1].Stream < 2 {
			t.Fatalf("numbers have run into each other: %+v", n.list)
		}
	}
	want("what cannot be", n.update([]wire.Monitor{m("A", 0), {Name: "B", X: -1, W: 1, H: 1}}))
	want("many without names", n.update(make([]wire.Monitor, 0)))
}

func TestDamageOfAStream(t *testing.T) {
	st := newStream(1, screen.NewEncoder(1))
	st.place(screen.Rect{X: 100, Y: 50, W: 200, H: 100})
	if want := []screen.Rect{{W: 200, H: 100}}; !slices.Equal(st.damage, want) {
		t.Errorf("a new place damages %v, want %v", st.damage, want)
	}
	st.damage = st.damage[:0]
	st.place(st.area)
	st.damaged([]screen.Rect{{X: 110, Y: 60, W: 5, H: 5}, {X: 0, Y: 0, W: 100, H: 400}, {X: 90, Y: 140, W: 20, H: 20}, {X: 0, Y: 150, W: 900, H: 9}, {W: 1000, H: 1000}})
	if want := []screen.Rect{{X: 10, Y: 10, W: 5, H: 5}, {X: 0, Y: 90, W: 10, H: 10}, {W: 200, H: 100}}; !slices.Equal(st.damage, want) {
		t.Errorf("damage %v, want %v", st.damage, want)
	}
	st.damage = st.damage[:0]
	for i := range 10_000 {
		st.damaged([]screen.Rect{{X: 100 + i%50, Y: 60 + i%30, W: 2, H: 2}})
	}
	if len(st.damage) > maxDamage {
		t.Errorf("%d rectangles wait", len(st.damage))
	}
}

// shifting is a desk whose monitors the test moves.
type shifting struct {
	*desk
	list    []wire.Monitor
	watched []screen.Rect
}

func (d *shifting) Monitors() []wire.Monitor     { return d.list }
func (d *shifting) Watch(areas []screen.Rect)    { d.watched = slices.Clone(areas) }
func (d *shifting) is(areas ...screen.Rect) bool { return slices.Equal(d.watched, areas) }

// driven is a presenter's loop that the test turns, with the relay's part played by hand.
type driven struct {
	t   *testing.T
	d   *shifting
	p   *Presenter
	s   *sharing
	now time.Time
}

// drive begins a connection, on which viewer 1 may see.
func drive(t *testing.T, monitors ...wire.Monitor) *driven {
	t.Helper()
	d := &shifting{desk: newDesk(), list: monitors}
	p, err := New(Config{Broker: "http://x", Consent: ControlFree, Screen: d, Input: &recorder{}})
	if err != nil {
		t.Fatal(err)
	}
	p.start = time.Unix(1_000_000, 0)
	s := newSharing(p, &link{out: make(chan []byte, linkQueue), first: make(chan []byte, linkQueue), free: make(chan []byte, 8)})
	dr := &driven{t: t, d: d, p: p, s: s, now: p.start.Add(time.Second)}
	dr.control(wire.Control{Type: wire.TypeWelcome, Epoch: 1})
	p.grants.set(1, rights{view: true})
	return dr
}

func (dr *driven) hand(n note) {
	dr.t.Helper()
	if err := dr.s.note(n, dr.now); err != nil {
		dr.t.Fatal(err)
	}
}

func (dr *driven) control(c wire.Control) {
	dr.t.Helper()
	dr.hand(note{kind: wire.KindControl, control: c})
}

// told returns the lists of monitors that the loop has told.
func (dr *driven) told() (lists [][]wire.Monitor) {
	for len(dr.s.link.first) > 0 {
		h, body, _ := wire.ParseHeader(<-dr.s.link.first)
		if h.Kind != wire.KindControl {
			continue
		}
		if c, _ := wire.ParseControl(body); c.Type == wire.TypeMonitors {
			lists = append(lists, c.Monitors)
		}
	}
	return lists
}

// sends lets the loop run and returns what it has sent: all is acked at once.
func (dr *driven) sends() (heads []wire.Header) {
	dr.t.Helper()
	for range 3 {
		dr.now = dr.now.Add(100 * time.Millisecond)
		if _, err := dr.s.pump(dr.now); err != nil {
			dr.t.Fatal(err)
		}
		for len(dr.s.link.out) > 0 {
			h, _, _ := wire.ParseHeader(<-dr.s.link.out)
			heads = append(heads, h)
			dr.hand(note{kind: wire.KindAck, head: wire.Header{Stream: h.Stream, Epoch: 1, Viewer: 1, Seq: h.Seq}, ack: wire.Ack{Part: 1 << 20}})
		}
	}
	return heads
}

// moves has the relay tell which stream viewer 1 watches.
func (dr *driven) moves(stream uint8) {
	dr.t.Helper()
	dr.control(wire.Control{Type: wire.TypeState, Viewers: []wire.ViewerState{{Viewer: 1, Online: true, View: true, Stream: stream}}})
}

// asks has the relay ask for a keyframe.
func (dr *driven) asks(stream uint8) {
	dr.t.Helper()
	dr.hand(note{kind: wire.KindNeedKey, head: wire.Header{Stream: stream}})
}

// leads has the relay name a stream's lead.
func (dr *driven) leads(viewer uint16, stream uint8) {
	dr.t.Helper()
	dr.control(wire.Control{Type: wire.TypeLead, Viewer: viewer, Stream: stream})
}

// watches has viewer 1 watch a stream, of which it gets the next keyframe.
func (dr *driven) watches(stream uint8) {
	dr.t.Helper()
	dr.moves(stream)
	dr.asks(stream)
	dr.leads(1, stream)
}

// TestKeyframeThatArrivesLate: a keyframe that was on its way to a viewer which looked elsewhere and
// is back. To the relay it is as good as the one that the viewer waits for, but the presenter takes
// nobody to hold that picture. Whatever comes first, the viewer gets all that changes from then on.
func TestKeyframeThatArrivesLate(t *testing.T) {
	left, right := wire.Monitor{Name: "L", W: 400, H: 600}, wire.Monitor{Name: "R", X: 400, W: 400, H: 600}
	for _, stream := range []uint8{0, 1} {
		for name, back := range map[string]func(*driven){
			"the viewer has it":        func(dr *driven) { dr.leads(1, stream) },
			"another viewer needs one": func(dr *driven) { dr.asks(stream) },
			"both":                     func(dr *driven) { dr.asks(stream); dr.leads(1, stream) },
			"both, in the other order": func(dr *driven) { dr.leads(1, stream); dr.asks(stream) },
		} {
			t.Run(fmt.Sprint(name, " of stream ", stream), func(t *testing.T) {
				dr := drive(t, left, right)
				dr.moves(stream)
				dr.asks(stream)
				if got := dr.sends(); len(got) != 1 || got[0].Flags&(wire.FlagKey|wire.FlagCatchUp) != wire.FlagKey|wire.FlagCatchUp {
					t.Fatalf("sent %+v", got)
				}
				dr.moves(2)
				dr.sends()
				dr.moves(stream)
				dr.d.typing(2)
				dr.s.dirty = true
				back(dr)
				got := dr.sends()
				if len(got) == 0 || got[0].Stream != stream || got[0].Flags&(wire.FlagKey|wire.FlagCatchUp) != wire.FlagKey {
					t.Fatalf("sent %+v, want a keyframe for everybody", got)
				}
				dr.leads(1, stream)
				dr.sends()
				dr.d.typing(3)
				dr.s.dirty = true
				if got := dr.sends(); len(got) == 0 || got[0].Stream != stream || got[0].Flags&wire.FlagKey != 0 {
					t.Errorf("for what has changed it sent %+v", got)
				}
			})
		}
	}
}

// TestMonitorsChange: what a monitor's viewers are sent as it moves, grows and goes.
func TestMonitorsChange(t *testing.T) {
	left, right := wire.Monitor{Name: "L", W: 400, H: 600}, wire.Monitor{Name: "R", X: 400, W: 400, H: 600}
	dr := drive(t, left, right)
	d, p, s, hand, control, told, sends, watches := dr.d, dr.p, dr.s, dr.hand, dr.control, dr.told, dr.sends, dr.watches
	if lists := told(); len(lists) != 1 || len(lists[0]) != 2 || lists[0][1].Stream != 2 {
		t.Fatalf("told %+v", lists)
	}
	watches(2)
	if got := sends(); len(got) == 0 || got[0].Stream != 2 || got[0].Flags&(wire.FlagKey|wire.FlagCatchUp) != wire.FlagKey|wire.FlagCatchUp {
		t.Fatalf("sent %+v", got)
	}
	if !d.is(screen.Rect{X: 400, W: 400, H: 600}) {
		t.Errorf("captured is %v", d.watched)
	}
	layout := p.stream(2).enc.Layout()
	if area, ok := p.inject.places.find(2, layout); !ok || area.X != 400 {
		t.Errorf("input goes to %v, %v", area, ok)
	}
	d.typing(2) // on the left one
	if got := sends(); len(got) != 0 {
		t.Errorf("for what is elsewhere it sent %+v", got)
	}

	moved := right
	moved.X = 300
	d.list = []wire.Monitor{left, moved}
	s.dirty = true
	got := sends()
	if len(got) == 0 || got[0].Flags&wire.FlagKey == 0 || got[0].Flags&wire.FlagCatchUp != 0 {
		t.Fatalf("for a monitor that moved it sent %+v", got)
	}
	if lists := told(); len(lists) != 1 || lists[0][1].Stream != 2 || lists[0][1].X != 300 {
		t.Errorf("told %+v", lists)
	}
	if _, ok := p.inject.places.find(2, layout); ok {
		t.Error("a click on the old picture counts")
	}
	if area, ok := p.inject.places.find(2, p.stream(2).enc.Layout()); !ok || area.X != 300 || !d.is(screen.Rect{X: 300, W: 400, H: 600}) {
		t.Errorf("input goes to %v, %v; captured is %v", area, ok, d.watched)
	}

	// Nobody watches it any more: nothing of it is kept, and the next viewer gets all of it.
	seq := p.stream(2).enc.Seq()
	watches(0)
	if got := sends(); len(got) == 0 || got[0].Stream != 0 || !d.is() {
		t.Fatalf("all together: %+v; captured is %v", got, d.watched)
	}
	if st := p.stream(2); st.held || st.damage != nil || st.viewers != 0 {
		t.Errorf("kept: %+v", st)
	}
	watches(2)
	if got := sends(); len(got) == 0 || got[0].Seq < seq || p.stream(2).enc.Layout() <= layout+1 {
		t.Errorf("numbers and layouts begin anew: %+v", got)
	}

	d.list = []wire.Monitor{left}
	s.dirty = true
	if got := sends(); len(got) != 0 || p.stream(2) != nil {
		t.Errorf("of a monitor that is gone it sent %+v", got)
	}
	if lists := told(); len(lists) != 1 || len(lists[0]) != 1 {
		t.Errorf("told %+v", lists)
	}
	hand(note{kind: wire.KindNeedKey, head: wire.Header{Stream: 2}}) // was on its way
	hand(note{kind: wire.KindAck, head: wire.Header{Stream: 2, Epoch: 1, Viewer: 1}})
	control(wire.Control{Type: wire.TypeLead, Viewer: 1, Stream: 2})
	if _, ok := p.inject.places.find(2, p.stream(1).enc.Layout()); ok {
		t.Error("input for it counts")
	}
	watches(0)
	if got := sends(); len(got) == 0 || got[0].Stream != 0 {
		t.Errorf("sent %+v", got)
	}
}

// thrifty is a desk whose Grab takes no memory.
type thrifty struct {
	halves
	list []wire.Monitor
	lent []screen.Rect
}

func (d *thrifty) Monitors() []wire.Monitor { return d.list }

func (d *thrifty) Grab() (screen.Picture, []screen.Rect, error) {
	d.lent = append(d.lent[:0], d.damage...)
	d.damage = d.damage[:0]
	return d.pic, d.lent, nil
}

// The loop itself takes no memory once it runs.
func TestPumpAllocatesNothing(t *testing.T) {
	if raced {
		t.Log("the race detector allocates")
		return
	}
	for _, monitors := range []bool{false, true} {
		m := gather(t, 1e9, 0)
		if !monitors {
			m.watchers[0].stream, m.watchers[1].stream = 0, 0
			m.watchers[0].area = screen.Rect{W: 800, H: 600}
			m.watchers = m.watchers[:1]
			m.state()
			m.hand(note{kind: wire.KindNeedKey})
			m.steps(3000)
		} else {
			m.untilExact(3*time.Second, "the join")
		}
		ack := func(st *stream) note {
			return note{kind: wire.KindAck, head: wire.Header{Stream: st.number, Epoch: 1, Viewer: st.pace.lead, Seq: st.enc.Seq()}, ack: wire.Ack{Part: 1 << 20}}
		}
		m.s.p.cfg.Screen = &thrifty{halves: halves{m.desk}, list: halves{}.Monitors()}
		n := 0
		draw := func() {
			n++
			m.desk.click()
			m.desk.typing(n)
		}
		turn := func() {
			m.now = m.now.Add(50 * time.Millisecond)
			draw()
			m.s.dirty = true
			if _, err := m.s.pump(m.now); err != nil {
				t.Fatal(err)
			}
			for len(m.s.link.out) > 0 {
				m.s.link.recycle(<-m.s.link.out)
			}
			for len(m.s.link.first) > 0 {
				m.s.link.recycle(<-m.s.link.first)
			}
			for _, st := range m.s.p.streams {
				if st.viewers > 0 {
					m.hand(ack(st))
				}
			}
		}
		for range 50 {
			turn()
		}
		got, own := testing.AllocsPerRun(100, turn), testing.AllocsPerRun(100, draw)
		if t.Logf("monitors %v: %v allocations, %v of the test", monitors, got, own); got > own {
			t.Errorf("monitors %v: %v allocations a turn", monitors, got-own)
		}
	}
}
