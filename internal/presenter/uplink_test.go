package presenter

import (
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"pindesk/internal/screen"
	"pindesk/internal/wire"
)

// halves is a desk of two monitors side by side.
type halves struct{ *desk }

func (h halves) Monitors() []wire.Monitor {
	return []wire.Monitor{{Name: "left", W: 400, H: 600}, {Name: "right", X: 400, W: 400, H: 600}}
}

// onlooker is a viewer of one stream, as the relay and the page see it.
type onlooker struct {
	number   uint16
	stream   uint8
	area     screen.Rect
	dec      *screen.Decoder
	catching bool
	toAck    *wire.Header
	head     wire.UpdateHead
	part     uint32
	paint    time.Time
	applied  int
}

// crowd is a simulation (see there) of several viewers behind the presenter's one uplink.
type crowd struct {
	t      *testing.T
	now    time.Time
	desk   *desk
	s      *sharing
	wake   time.Time
	up     way // of the presenter: updates
	back   time.Duration
	eyes   []*onlooker
	coming []letter
	acks   []letter
}

func gather(t *testing.T, rate float64, rtt time.Duration) *crowd {
	t.Helper()
	d := newDesk()
	p, err := New(Config{Broker: "http://x", Consent: ControlFree, Screen: halves{d}, Input: &recorder{}})
	if err != nil {
		t.Fatal(err)
	}
	p.start = time.Unix(1_000_000, 0)
	m := &crowd{t: t, now: p.start.Add(time.Second), desk: d, back: rtt / 2, up: way{rate: rate, delay: rtt / 2, rnd: rand.New(rand.NewPCG(9, 9))}}
	m.s = newSharing(p, &link{out: make(chan []byte, linkQueue), first: make(chan []byte, linkQueue), free: make(chan []byte, 8)})
	m.hand(note{kind: wire.KindControl, control: wire.Control{Type: wire.TypeWelcome, Epoch: 1}})
	for i, area := range []screen.Rect{{W: 400, H: 600}, {X: 400, W: 400, H: 600}} {
		o := &onlooker{number: uint16(i + 1), stream: p.monitors.list[i].Stream, area: area, dec: screen.NewDecoder(), catching: true}
		o.dec.Begin(1)
		m.eyes = append(m.eyes, o)
		p.grants.set(o.number, rights{view: true})
	}
	m.state()
	for _, o := range m.eyes {
		m.hand(note{kind: wire.KindNeedKey, head: wire.Header{Stream: o.stream}})
	}
	return m
}

// state tells the presenter who watches what.
func (m *crowd) state() {
	m.t.Helper()
	c := wire.Control{Type: wire.TypeState}
	for _, o := range m.eyes {
		c.Viewers = append(c.Viewers, wire.ViewerState{Viewer: o.number, Online: true, View: true, Stream: o.stream})
	}
	m.hand(note{kind: wire.KindControl, control: c})
}

func (m *crowd) hand(n note) {
	m.t.Helper()
	if err := m.s.note(n, m.now); err != nil {
		m.t.Fatal(err)
	}
	m.wake = m.now
}

// step is a millisecond.
func (m *crowd) step() {
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
		m.arrive(m.coming[0].msg)
		m.coming = m.coming[1:]
	}
	for _, o := range m.eyes {
		if o.toAck == nil || o.paint.After(m.now) {
			continue
		}
		n := note{kind: wire.KindAck, head: wire.Header{Kind: wire.KindAck, Stream: o.stream, Epoch: 1, Viewer: o.number, Seq: o.toAck.Seq},
			ack: wire.Ack{Captured: o.head.Captured, Part: o.part}}
		if o.catching {
			n.head.Flags = wire.FlagCatchUp
		}
		m.acks = append(m.acks, letter{at: m.now.Add(m.back), ack: n})
		o.toAck = nil
	}
}

// post is the relay.
func (m *crowd) post() {
	m.t.Helper()
	for {
		select {
		case <-m.s.link.first:
			continue
		default:
		}
		select {
		case msg := <-m.s.link.out:
			h, _, _ := wire.ParseHeader(msg)
			m.coming = append(m.coming, letter{at: m.up.arrival(len(msg), m.now), msg: msg})
			o := m.watching(h.Stream)
			if h.Flags&wire.FlagKey != 0 {
				m.hand(note{kind: wire.KindControl, control: wire.Control{Type: wire.TypeLead, Viewer: o.number, Stream: o.stream}})
			}
			if h.Flags&wire.FlagDone != 0 {
				o.catching = false
			}
		default:
			return
		}
	}
}

func (m *crowd) watching(stream uint8) *onlooker {
	m.t.Helper()
	for _, o := range m.eyes {
		if o.stream == stream {
			return o
		}
	}
	m.t.Fatalf("an update of stream %d, which nobody watches", stream)
	return nil
}

func (m *crowd) arrive(msg []byte) {
	m.t.Helper()
	head, body, _ := wire.ParseHeader(msg)
	o := m.watching(head.Stream)
	if head.Flags&wire.FlagCatchUp != 0 && head.Flags&wire.FlagKey == 0 && o.dec.Done() {
		return // the relay gives these to who catches up
	}
	if r, err := o.dec.Apply(msg); err != nil || r.Verdict != screen.Applied {
		m.t.Fatalf("viewer %d does not take %+v: %v %v", o.number, head, r.Verdict, err)
	}
	u, _, _, err := wire.ParseUpdate(body)
	if err != nil {
		m.t.Fatal(err)
	}
	o.applied++
	if o.head = u; u.Part > 0 {
		o.part = u.Part
	}
	if o.toAck == nil {
		o.paint = m.now.Truncate(16 * time.Millisecond).Add(16 * time.Millisecond)
	}
	o.toAck = &head
}

func (o *onlooker) exact(d *desk) bool {
	p := o.dec.Picture()
	if p.W != o.area.W || p.H != o.area.H {
		return false
	}
	for y := range p.H {
		for x := range p.W {
			if [3]byte(p.Pix[y*p.Stride+4*x:]) != [3]byte(d.pic.Pix[(o.area.Y+y)*d.pic.Stride+4*(o.area.X+x):]) {
				return false
			}
		}
	}
	return true
}

func (m *crowd) untilExact(limit time.Duration, what string) {
	m.t.Helper()
	for began := m.now; !m.eyes[0].exact(m.desk) || !m.eyes[1].exact(m.desk); {
		if m.now.Sub(began) > limit {
			m.t.Fatalf("not exact %v after %s: %v, %v", limit, what, m.eyes[0].exact(m.desk), m.eyes[1].exact(m.desk))
		}
		for range 10 {
			m.step()
		}
	}
}

// TestStreamsShareTheUplink: films on both monitors, each of which could fill the way alone, do not
// make clicks slow.
func TestStreamsShareTheUplink(t *testing.T) {
	cases := []struct{ kbit, ms int }{{1_000, 100}, {400, 80}}
	steps := 8000
	if raced {
		cases, steps = cases[1:], 4000
	}
	for _, c := range cases {
		t.Run(fmt.Sprintf("%d kbit/s, %d ms", c.kbit, c.ms), func(t *testing.T) {
			t.Parallel()
			rtt := time.Duration(c.ms) * time.Millisecond
			m := gather(t, float64(c.kbit)*125, rtt)
			m.untilExact(3*time.Second+time.Duration(8e9/c.kbit)*time.Microsecond, "the join")
			var waits []time.Duration
			var clicked time.Time
			seen := m.eyes[0].applied
			left, right := screen.Rect{Y: 160, W: 200, H: 120}, screen.Rect{X: 420, Y: 40, W: 120, H: 120}
			for i := range steps {
				if i%40 == 0 {
					m.desk.each(left, m.desk.grain(i))
					m.desk.each(right, m.desk.grain(i))
				}
				if clicked.IsZero() && i%500 == 0 {
					m.desk.click()
					clicked = m.now
				}
				m.step()
				at := m.eyes[1].dec.Picture()
				shown := binary.LittleEndian.Uint32(at.Pix[squareAt.Y*at.Stride+4*(squareAt.X-400):]) & 0xffffff
				if !clicked.IsZero() && shown == m.desk.square {
					if i > steps/3 {
						waits = append(waits, m.now.Sub(clicked))
					}
					clicked = time.Time{}
				}
			}
			t.Logf("a click is seen after %v; the film at %d updates/s", median(waits), 1000*(m.eyes[0].applied-seen)/steps)
			if len(waits) < 4 || median(waits) > rtt/2+150*time.Millisecond {
				t.Errorf("%d clicks were seen, in the median after %v; want %v", len(waits), median(waits), rtt/2+150*time.Millisecond)
			}
			if 1000*(m.eyes[0].applied-seen) < 3*steps {
				t.Errorf("the film's viewer got %d updates in %d ms", m.eyes[0].applied-seen, steps)
			}
			m.untilExact(time.Second+time.Duration(8e9/c.kbit)*time.Microsecond, "the end")
		})
	}
}
