package presenter

import (
	"encoding/binary"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"pindesk/internal/screen"
	"pindesk/internal/wire"
)

// A deterministic simulation of presenter, link and viewers: real loop, encoder and decoder;
// made-up time, screen and network. Nothing in it waits.

// way is one direction of a link. What waits for it waits in the kernels' buffers, which take
// anything.
type way struct {
	rate  float64 // bytes a second
	delay time.Duration
	loss  float64 // share of packets that come a round trip later, and all behind them
	rnd   *rand.Rand
	free  time.Time // when all before has left
	last  time.Time // when all before has arrived
}

// arrival is when a message sent now has come whole.
func (w *way) arrival(bytes int, now time.Time) time.Time {
	if w.free.Before(now) {
		w.free = now
	}
	w.free = w.free.Add(time.Duration(float64(bytes) / w.rate * float64(time.Second)))
	at := w.free.Add(w.delay)
	for range bytes/1448 + 1 {
		if w.rnd.Float64() < w.loss {
			at = at.Add(2 * w.delay)
		}
	}
	if at.Before(w.last) {
		at = w.last
	}
	w.last = at
	return at
}

// desk is a screen of 800x600 with a film, lines of text that scroll, and a square that a
// click gives another colour.
type desk struct {
	pic     screen.Picture
	damage  []screen.Rect
	rnd     *rand.Rand
	square  uint32
	frames  [][]byte // of the film, whole rows
	pointer int
}

var (
	filmAt   = screen.Rect{X: 32, Y: 32, W: 160, H: 128}
	textAt   = screen.Rect{X: 32, Y: 384, W: 480, H: 192}
	squareAt = screen.Rect{X: 600, Y: 400, W: 100, H: 100}
)

func newDesk() *desk {
	d := &desk{rnd: rand.New(rand.NewPCG(3, 3))}
	d.pic = screen.Picture{W: 800, H: 600, Stride: 3200, Pix: make([]byte, 3200*600)}
	all := screen.Rect{W: 800, H: 600}
	d.each(all, func(x, y int) uint32 { return 0x405060 })
	d.each(filmAt, d.grain(0))
	d.click()
	return d
}

func (d *desk) each(r screen.Rect, colour func(x, y int) uint32) {
	for y := r.Y; y < r.Y+r.H; y++ {
		for x := r.X; x < r.X+r.W; x++ {
			binary.LittleEndian.PutUint32(d.pic.Pix[y*d.pic.Stride+4*x:], colour(x, y))
		}
	}
	d.damage = append(d.damage, r)
}

// grain is a picture of soft shapes with the grain of film.
func (d *desk) grain(shift int) func(x, y int) uint32 {
	return func(x, y int) uint32 {
		g := uint32(d.rnd.IntN(9))
		return uint32((x+shift)/3%200+int(g))<<16 | uint32((y+2*shift)/2%200+int(g))<<8 | uint32((x+y)/4%200) + g
	}
}

// film shows one of some frames.
func (d *desk) film(n int) {
	const frames = 8
	if d.frames == nil {
		for i := range frames {
			d.each(filmAt, d.grain(3*i))
			d.frames = append(d.frames, slices.Clone(d.pic.Pix[filmAt.Y*d.pic.Stride:][:filmAt.H*d.pic.Stride]))
		}
	}
	for y := range filmAt.H {
		at := y*d.pic.Stride + 4*filmAt.X
		copy(d.pic.Pix[filmAt.Y*d.pic.Stride+at:][:4*filmAt.W], d.frames[n%frames][at:])
	}
	d.damage = append(d.damage, filmAt)
}

// scroll moves the text up by a line.
func (d *desk) scroll() {
	const line = 16
	for y := textAt.Y; y < textAt.Y+textAt.H-line; y++ {
		copy(d.pic.Pix[y*d.pic.Stride+4*textAt.X:][:4*textAt.W], d.pic.Pix[(y+line)*d.pic.Stride+4*textAt.X:])
	}
	d.each(screen.Rect{X: textAt.X, Y: textAt.Y + textAt.H - line, W: textAt.W, H: line}, func(x, y int) uint32 {
		if y%line > 3 && d.rnd.IntN(3) == 0 {
			return 0xffffff
		}
		return 0
	})
	d.damage = append(d.damage, textAt)
}

func (d *desk) click() {
	d.square = 0xff0000 ^ d.square ^ 0xff
	d.each(squareAt, func(int, int) uint32 { return d.square })
}

// typing shows the nth of many characters.
func (d *desk) typing(n int) {
	d.each(screen.Rect{X: 32 + n*9%600, Y: 300, W: 8, H: 12}, func(x, y int) uint32 {
		if (x*y+n)%3 == 0 {
			return 0xffffff
		}
		return 0
	})
}

// resize makes the screen larger: another picture, of dark text on white and a photo.
func (d *desk) resize() {
	d.pic = screen.Picture{W: 1280, H: 800, Stride: 5120, Pix: make([]byte, 5120*800)}
	d.each(screen.Rect{W: 1280, H: 800}, func(x, y int) uint32 {
		if y%16 > 3 && d.rnd.IntN(6) == 0 {
			return uint32(x/100) * 0x203040
		}
		return 0xffffff
	})
	d.each(filmAt, d.grain(0))
}

func (d *desk) Size() (w, h int)         { return d.pic.W, d.pic.H }
func (d *desk) Changed() <-chan struct{} { return nil }
func (d *desk) Grab() (screen.Picture, []screen.Rect, error) {
	damage := d.damage
	d.damage = nil
	return d.pic, damage, nil
}
func (d *desk) Cursor() (wire.Cursor, uint32, error) { return wire.Cursor{}, 1, nil }
func (d *desk) Pointer() (int, int, error)           { return d.pointer, 0, nil }
func (d *desk) Monitors() []wire.Monitor             { return nil }
func (d *desk) Watch([]screen.Rect)                  {}
func (d *desk) Close() error                         { return nil }

// simulation is a session of the viewers behind the presenter's one uplink.
type simulation struct {
	t        *testing.T
	now      time.Time
	desk     *desk
	s        *sharing
	wake     time.Time // when the loop wants to look again
	down, up way       // of updates, of acks
	watchers []*watcher
	coming   []letter // to the viewers
	acks     []letter
	bytes    int

	// Of run, for the first watcher:
	clicked time.Time // zero when the page shows the click
	last    time.Time // click
	waits   []time.Duration
}

// watcher is a viewer, as the relay and its page see it.
type watcher struct {
	number   uint16
	stream   uint8
	area     screen.Rect // of the desk that it sees; empty is all
	control  bool
	decoder  *screen.Decoder
	catching bool // as the relay sees it
	paint    time.Time
	busy     time.Duration // that the page is late with each frame
	toAck    *wire.Header  // newest applied, not acked
	head     wire.UpdateHead
	part     uint32

	applied int
	slowest time.Duration // of the messages since it was reset: from sent to arrived
}

// letter is a message on its way.
type letter struct {
	sent, at time.Time
	msg      []byte
	ack      note
}

// simulate has one viewer, which sees all of the desk and controls it.
func simulate(t *testing.T, rate float64, rtt time.Duration, loss float64) (*simulation, *watcher) {
	t.Helper()
	d := newDesk()
	m := newSimulation(t, d, d, rate, rtt, loss)
	m.join(&watcher{control: true})
	return m, m.watchers[0]
}

// newSimulation is one that nobody watches yet. The presenter grabs c, which is d or shows it.
func newSimulation(t *testing.T, d *desk, c Capturer, rate float64, rtt time.Duration, loss float64) *simulation {
	t.Helper()
	p, err := New(Config{Broker: "http://x", Consent: ControlFree, Screen: c, Input: &recorder{}})
	if err != nil {
		t.Fatal(err)
	}
	p.start = time.Unix(1_000_000, 0)
	rnd := rand.New(rand.NewPCG(9, 9))
	m := &simulation{t: t, now: p.start.Add(time.Second), desk: d,
		down: way{rate: rate, delay: rtt / 2, loss: loss, rnd: rnd}, up: way{rate: rate, delay: rtt / 2, loss: loss, rnd: rnd}}
	m.s = newSharing(p, &link{out: make(chan []byte, linkQueue), first: make(chan []byte, linkQueue), free: make(chan []byte, 8)})
	m.say(wire.Control{Type: wire.TypeWelcome, Epoch: 1})
	return m
}

// join lets the viewers in.
func (m *simulation) join(all ...*watcher) {
	m.t.Helper()
	m.watchers = all
	for i, v := range all {
		v.number, v.decoder, v.catching = uint16(i+1), screen.NewDecoder(), true
		v.decoder.Begin(1)
		m.s.p.grants.set(v.number, rights{view: true, control: v.control})
	}
	m.state()
	for _, v := range all {
		m.hand(note{kind: wire.KindNeedKey, head: wire.Header{Stream: v.stream}})
	}
}

// state tells the presenter who watches what.
func (m *simulation) state() {
	m.t.Helper()
	c := wire.Control{Type: wire.TypeState}
	for _, v := range m.watchers {
		c.Viewers = append(c.Viewers, wire.ViewerState{Viewer: v.number, Online: true, View: true, Control: v.control, Stream: v.stream})
	}
	m.say(c)
}

func (m *simulation) say(c wire.Control) {
	m.t.Helper()
	m.hand(note{kind: wire.KindControl, control: c})
}

func (m *simulation) hand(n note) {
	m.t.Helper()
	if err := m.s.note(n, m.now); err != nil {
		m.t.Fatal(err)
	}
	m.wake = m.now
}

// step is a millisecond: the loop runs if it has a reason, messages arrive, acks are sent
// with a page's next frame.
func (m *simulation) step() {
	m.t.Helper()
	m.now = m.now.Add(time.Millisecond)
	for len(m.acks) > 0 && !m.acks[0].at.After(m.now) {
		m.hand(m.acks[0].ack)
		m.acks = m.acks[1:]
	}
	if len(m.desk.damage) > 0 {
		m.s.dirty, m.wake = true, m.now
	}
	if !m.wake.After(m.now) {
		wait, err := m.s.pump(m.now)
		if err != nil {
			m.t.Fatal(err)
		}
		m.wake = m.now.Add(wait)
		m.post()
	}
	for len(m.coming) > 0 && !m.coming[0].at.After(m.now) {
		m.arrive(m.coming[0])
		m.coming = m.coming[1:]
	}
	for _, v := range m.watchers {
		if v.toAck == nil || v.paint.After(m.now) {
			continue
		}
		n := note{kind: wire.KindAck, head: wire.Header{Kind: wire.KindAck, Stream: v.stream, Epoch: 1, Viewer: v.number, Seq: v.toAck.Seq},
			ack: wire.Ack{Captured: v.head.Captured, Part: v.part}}
		if v.catching {
			n.head.Flags = wire.FlagCatchUp
		}
		m.acks = append(m.acks, letter{at: m.up.arrival(60, m.now), ack: n})
		v.toAck = nil
	}
}

func (m *simulation) steps(n int) {
	m.t.Helper()
	for range n {
		m.step()
	}
}

// post is the relay: it sends updates on, and names the lead with the first keyframe.
func (m *simulation) post() {
	m.t.Helper()
	for {
		var msg []byte
		select {
		case <-m.s.link.first:
			continue
		default:
		}
		select {
		case msg = <-m.s.link.out:
		default:
			return
		}
		head, _, err := wire.ParseHeader(msg)
		if err != nil {
			m.t.Fatal(err)
		}
		v := m.watching(head.Stream)
		if head.Flags&wire.FlagCatchUp != 0 && head.Flags&wire.FlagKey == 0 && !v.catching {
			continue
		}
		m.coming = append(m.coming, letter{sent: m.now, at: m.down.arrival(len(msg), m.now), msg: msg})
		m.bytes += len(msg)
		if head.Flags&wire.FlagKey != 0 {
			m.say(wire.Control{Type: wire.TypeLead, Viewer: v.number, Stream: v.stream})
		}
		if head.Flags&wire.FlagDone != 0 {
			v.catching = false
		}
	}
}

func (m *simulation) watching(stream uint8) *watcher {
	m.t.Helper()
	for _, v := range m.watchers {
		if v.stream == stream {
			return v
		}
	}
	m.t.Fatalf("an update of stream %d, which nobody watches", stream)
	return nil
}

func (m *simulation) arrive(l letter) {
	m.t.Helper()
	head, body, err := wire.ParseHeader(l.msg)
	if err != nil {
		m.t.Fatal(err)
	}
	v := m.watching(head.Stream)
	if r, err := v.decoder.Apply(l.msg); err != nil || r.Verdict != screen.Applied {
		m.t.Fatalf("viewer %d does not take %+v: %v %v", v.number, head, r.Verdict, err)
	}
	u, _, _, err := wire.ParseUpdate(body)
	if err != nil {
		m.t.Fatal(err)
	}
	v.slowest = max(v.slowest, m.now.Sub(l.sent))
	v.applied++
	if v.head = u; u.Part > 0 {
		v.part = u.Part
	}
	if v.toAck == nil {
		v.paint = m.now.Add(v.busy).Truncate(16 * time.Millisecond).Add(16 * time.Millisecond)
	}
	v.toAck = &head
	if v == m.watchers[0] && !m.clicked.IsZero() && v.square() == m.desk.square && m.now.Sub(m.clicked) > m.up.delay {
		m.waits = append(m.waits, v.paint.Sub(m.clicked))
		m.clicked = time.Time{}
	}
}

// run lets time pass. Each frame of the film and line of the text is drawn if it is asked for,
// and every 500 ms somebody clicks: the click is on the screen half a round trip later.
func (m *simulation) run(length time.Duration, film, text, clicks bool) {
	m.t.Helper()
	var land time.Time
	for i := range int(length / time.Millisecond) {
		if film && i%33 == 0 {
			m.desk.film(i / 33)
		}
		if text && i%50 == 0 {
			m.desk.scroll()
		}
		if clicks && m.clicked.IsZero() && m.now.Sub(m.last) > 500*time.Millisecond {
			m.clicked, m.last, land = m.now, m.now, m.now.Add(m.up.delay)
		}
		if !m.clicked.IsZero() && m.now.Sub(m.clicked) > 3*time.Second {
			m.t.Fatal("a click is not seen for 3 s")
		}
		if !land.IsZero() && !land.After(m.now) {
			m.desk.click()
			land = time.Time{}
		}
		m.step()
	}
}

// square is the colour in which it sees the desk's square.
func (v *watcher) square() uint32 {
	p := v.decoder.Picture()
	return binary.LittleEndian.Uint32(p.Pix[(squareAt.Y-v.area.Y)*p.Stride+4*(squareAt.X-v.area.X):]) & 0xffffff
}

// exact: it sees its part of the desk on every pixel.
func (v *watcher) exact(d *desk) bool {
	area, shown := v.area, v.decoder.Picture()
	if area.W == 0 {
		area = screen.Rect{W: d.pic.W, H: d.pic.H}
	}
	if shown.W != area.W || shown.H != area.H {
		return false
	}
	for y := range area.H {
		for x := range area.W {
			if [3]byte(shown.Pix[y*shown.Stride+4*x:]) != [3]byte(d.pic.Pix[(area.Y+y)*d.pic.Stride+4*(area.X+x):]) {
				return false
			}
		}
	}
	return true
}
