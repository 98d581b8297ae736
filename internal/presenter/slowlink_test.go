package presenter

import (
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"runtime/debug"
	"slices"
	"testing"
	"time"

	"pindesk/internal/screen"
	"pindesk/internal/wire"
)

// A deterministic simulation of presenter, link and viewer: real loop, encoder and decoder;
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

// simulation is a session with one viewer.
type simulation struct {
	t        *testing.T
	now      time.Time
	desk     *desk
	s        *sharing
	wake     time.Time // when the loop wants to look again
	down, up way
	coming   []letter // to the viewer
	acks     []letter
	decoder  *screen.Decoder
	catching bool // as the relay sees it
	paint    time.Time
	busy     time.Duration // that the page is late with each frame
	toAck    *wire.Header  // newest applied, not acked
	head     wire.UpdateHead
	part     uint32

	applied int
	slowest time.Duration // of the messages since it was reset: from sent to arrived
	bytes   int
	clicked time.Time // zero when the page shows the click
	last    time.Time // click
	waits   []time.Duration
}

// letter is a message on its way.
type letter struct {
	sent, at time.Time
	msg      []byte
	ack      note
}

func simulate(t *testing.T, rate float64, rtt time.Duration, loss float64) *simulation {
	t.Helper()
	d := newDesk()
	p, err := New(Config{Broker: "http://x", Consent: ControlFree, Screen: d, Input: &recorder{}})
	if err != nil {
		t.Fatal(err)
	}
	p.start = time.Unix(1_000_000, 0)
	rnd := rand.New(rand.NewPCG(9, 9))
	m := &simulation{t: t, now: p.start.Add(time.Second), desk: d, decoder: screen.NewDecoder(), catching: true,
		down: way{rate: rate, delay: rtt / 2, loss: loss, rnd: rnd}, up: way{rate: rate, delay: rtt / 2, loss: loss, rnd: rnd}}
	m.s = newSharing(p, &link{out: make(chan []byte, linkQueue), first: make(chan []byte, linkQueue), free: make(chan []byte, 8)})
	m.decoder.Begin(1)
	m.say(wire.Control{Type: wire.TypeWelcome, Epoch: 1})
	m.say(wire.Control{Type: wire.TypeState, Viewers: []wire.ViewerState{{Viewer: 1, Online: true, View: true, Control: true}}})
	m.s.p.grants.set(1, rights{control: true})
	m.hand(note{kind: wire.KindNeedKey})
	return m
}

func (m *simulation) say(c wire.Control) { m.hand(note{kind: wire.KindControl, control: c}) }

func (m *simulation) hand(n note) {
	m.t.Helper()
	if err := m.s.note(n, m.now); err != nil {
		m.t.Fatal(err)
	}
	m.wake = m.now
}

// step is a millisecond: the loop runs if it has a reason, messages arrive, acks are sent
// with the page's next frame.
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
	if m.toAck != nil && !m.paint.After(m.now) {
		n := note{kind: wire.KindAck, head: wire.Header{Kind: wire.KindAck, Epoch: 1, Viewer: 1, Seq: m.toAck.Seq}, ack: wire.Ack{Captured: m.head.Captured, Part: m.part}}
		if m.catching {
			n.head.Flags = wire.FlagCatchUp
		}
		m.acks = append(m.acks, letter{at: m.up.arrival(60, m.now), ack: n})
		m.toAck = nil
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
		if head.Flags&wire.FlagCatchUp != 0 && head.Flags&wire.FlagKey == 0 && !m.catching {
			continue
		}
		m.coming = append(m.coming, letter{sent: m.now, at: m.down.arrival(len(msg), m.now), msg: msg})
		m.bytes += len(msg)
		if head.Flags&wire.FlagKey != 0 {
			m.say(wire.Control{Type: wire.TypeLead, Viewer: 1})
		}
		if head.Flags&wire.FlagDone != 0 {
			m.catching = false
		}
	}
}

func (m *simulation) arrive(l letter) {
	m.t.Helper()
	r, err := m.decoder.Apply(l.msg)
	if err != nil || r.Verdict != screen.Applied {
		m.t.Fatalf("the viewer does not take it: %v %v", r.Verdict, err)
	}
	head, body, _ := wire.ParseHeader(l.msg)
	u, _, _, err := wire.ParseUpdate(body)
	if err != nil {
		m.t.Fatal(err)
	}
	m.slowest = max(m.slowest, m.now.Sub(l.sent))
	m.applied++
	if m.head = u; u.Part > 0 {
		m.part = u.Part
	}
	if m.toAck == nil {
		m.paint = m.now.Add(m.busy).Truncate(16 * time.Millisecond).Add(16 * time.Millisecond)
	}
	m.toAck = &head
	if shown := m.decoder.Picture(); !m.clicked.IsZero() {
		at := shown.Pix[squareAt.Y*shown.Stride+4*squareAt.X:]
		if binary.LittleEndian.Uint32(at)&0xffffff == m.desk.square && m.now.Sub(m.clicked) > m.up.delay {
			m.waits = append(m.waits, m.paint.Sub(m.clicked))
			m.clicked = time.Time{}
		}
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

func (m *simulation) exact() bool {
	shown := m.decoder.Picture()
	if shown.W != m.desk.pic.W || shown.H != m.desk.pic.H {
		return false
	}
	for i := 0; i < len(m.desk.pic.Pix); i += 4 {
		if [3]byte(shown.Pix[i:]) != [3]byte(m.desk.pic.Pix[i:]) {
			return false
		}
	}
	return true
}

func median(d []time.Duration) time.Duration {
	if len(d) == 0 {
		return time.Hour
	}
	s := slices.Sorted(slices.Values(d))
	return s[len(s)/2]
}

// raced: the race detector, which makes pixels ten times as slow, is on. It has nothing to find
// here: a simulation is one goroutine.
var raced = func() bool {
	info, _ := debug.ReadBuildInfo()
	return info != nil && slices.Contains(info.Settings, debug.BuildSetting{Key: "-race", Value: "true"})
}()

func TestSlowLinks(t *testing.T) {
	cases := []struct {
		kbit, ms int
		loss     float64
		film     bool
		beyond   time.Duration // what a click may take beyond the round trip
		updates  int           // a second, at least
	}{
		{100_000, 2, 0, true, 80 * time.Millisecond, 25},
		{10_000, 50, 0, false, 120 * time.Millisecond, 19},
		{10_000, 50, 0, true, 120 * time.Millisecond, 15},
		{2_000, 150, 0.01, false, 200 * time.Millisecond, 15},
		{2_000, 150, 0.01, true, 200 * time.Millisecond, 8},
		{1_000, 300, 0, true, 200 * time.Millisecond, 8},
		{300, 80, 0, true, 200 * time.Millisecond, 8},
		{100, 80, 0, false, 600 * time.Millisecond, 3},
	}
	if raced {
		cases = cases[len(cases)-1:]
	}
	for _, c := range cases {
		name := fmt.Sprintf("%d kbit/s, %d ms, loss %v", c.kbit, c.ms, c.loss)
		if c.film {
			name += ", film"
		}
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			rtt := time.Duration(c.ms) * time.Millisecond
			m := simulate(t, float64(c.kbit)*125, rtt, c.loss)
			for began := m.now; m.catching || m.applied == 0 || !m.exact(); m.steps(10) {
				if took := m.now.Sub(began); took > 2*time.Second+time.Duration(6e9/c.kbit)*time.Microsecond {
					t.Fatalf("not exact %v after the join", took)
				}
			}
			m.run(2*time.Second+10*rtt, c.film, true, true) // it finds out what the link carries
			m.waits, m.slowest, m.applied = nil, 0, 0
			m.run(4*time.Second, c.film, true, true)
			first, slowest := m.waits, m.slowest
			m.waits = nil
			m.run(4*time.Second, c.film, true, true)
			slowest = max(slowest, m.slowest)
			rate := m.s.p.streams[0].pace.flow.rate
			t.Logf("clicks %v, then %v; slowest message %v; %d updates/s; rate %.0f of %.0f bytes/s, rtt %v, quality %d",
				median(first), median(m.waits), slowest, m.applied/8, rate, m.down.rate, m.s.p.streams[0].pace.flow.rtt, qualities[m.s.p.streams[0].pace.quality])
			limit := rtt + c.beyond
			if median(first) > limit || median(m.waits) > limit {
				t.Errorf("a click is seen after %v, later after %v; want %v", median(first), median(m.waits), limit)
			}
			if median(m.waits) > median(first)+100*time.Millisecond {
				t.Errorf("latency grows: %v, then %v", median(first), median(m.waits))
			}
			if m.applied/8 < c.updates {
				t.Errorf("%d updates a second, want %d", m.applied/8, c.updates)
			}
			for still := m.now; !m.exact(); m.steps(10) {
				if took := m.now.Sub(still); took > time.Second+time.Duration(6e9/c.kbit)*time.Microsecond {
					t.Fatalf("not exact %v after the end", took)
				}
			}
		})
	}
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

// TestAfterTyping: what was measured while hardly anything was sent, or while the page was busy,
// must not keep what then changes from becoming exact soon.
func TestAfterTyping(t *testing.T) {
	changes := map[string]func(*desk){
		"text": func(d *desk) {
			d.each(screen.Rect{W: 800, H: 600}, func(int, int) uint32 { return uint32(d.rnd.IntN(4)/3) * 0xffffff })
		},
		"photo":  func(d *desk) { d.each(screen.Rect{W: 800, H: 600}, d.grain(5)) },
		"resize": (*desk).resize,
	}
	cases := []struct {
		kbit, ms int
		busy     time.Duration // of the page
		limit    time.Duration
	}{
		{1_000_000, 0, 0, time.Second},
		{1_000_000, 0, 250 * time.Millisecond, time.Second},
		{100_000, 20, 0, time.Second},
		{100_000, 20, 250 * time.Millisecond, time.Second},
		{20_000, 80, 0, time.Second},
		{300, 80, 0, 12 * time.Second},
	}
	minutes := 3
	if raced {
		cases, minutes = cases[1:2], 1
	}
	for _, c := range cases {
		for name, change := range changes {
			t.Run(fmt.Sprintf("%s, %d kbit/s, %d ms, busy for %v", name, c.kbit, c.ms, c.busy), func(t *testing.T) {
				t.Parallel()
				m := simulate(t, float64(c.kbit)*125, time.Duration(c.ms)*time.Millisecond, 0)
				for m.catching || m.applied == 0 || !m.exact() {
					m.steps(10)
				}
				m.busy = c.busy
				for i := range minutes * 600 {
					m.desk.typing(i)
					m.steps(100)
				}
				before, began, applied := m.s.p.streams[0].pace.flow.rate, m.now, m.applied
				change(m.desk)
				for m.steps(2); m.now.Sub(began) < c.limit && !m.exact(); {
					m.steps(5)
				}
				t.Logf("rate %.0f, %v later %.0f; %d updates", before, m.now.Sub(began), m.s.p.streams[0].pace.flow.rate, m.applied-applied)
				if !m.exact() {
					t.Errorf("not exact %v after the change", c.limit)
				}
			})
		}
	}
}
