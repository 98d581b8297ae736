package relay

import (
	"testing"
	"testing/synctest"
	"time"

	"pindesk/internal/wire"
)

// The lead's stream waits for the lead: a large update on a slow link is no lag. Dropping it
// would end in keyframes for ever.
func TestLargeUpdatesOnTheLeadsSlowLink(t *testing.T) {
	bubble(t, func(t *testing.T) {
		w := newWorld(t)
		p, v := w.presenter(1), w.viewer(1, 1)
		p.grant(1, true, true)
		p.take(wire.KindNeedKey)
		v.c.freeze(true)
		p.send(wire.KindUpdate, keyFrame, 0, make([]byte, 100<<10))
		p.send(wire.KindUpdate, wire.FlagReset, 1, make([]byte, 1<<20))
		p.send(wire.KindUpdate, wire.FlagCatchUp|wire.FlagDone, 1, make([]byte, 48<<10))
		time.Sleep(12 * time.Second) // what 1 Mbit/s takes, and more
		synctest.Wait()
		v.c.freeze(false)
		synctest.Wait()
		v.wantSeqs("over the slow link", 0, 1, 1)
		v.ack(1, 2)
		p.send(wire.KindUpdate, 0, 2, nil)
		v.wantSeqs("the stream goes on", 2)
		w.wantDrops("lag", 0)
		if got := p.take(wire.KindNeedKey); len(got) != 0 {
			t.Errorf("%d more keyframes were asked for", len(got))
		}
		// But what may wait for it has an end.
		v.c.freeze(true)
		for i := uint32(3); i < 40; i++ {
			p.send(wire.KindUpdate, 0, i, make([]byte, 1<<20))
		}
		if n := queuedBytes(w, 1); n > wire.MaxMessage+MaxUnacked {
			t.Errorf("%d bytes are queued for the lead", n)
		}
		v.c.freeze(false)
		synctest.Wait()
	})
}

// A film's frames on a quick link are large, and the stream waits for the lead's acks only: who acks
// half a frame later does not lag.
func TestLargeFramesForTwo(t *testing.T) {
	bubble(t, func(t *testing.T) {
		w := newWorld(t)
		p, lead, other := w.presenter(1), w.viewer(1, 1), w.viewer(2, 1)
		p.grant(1, true, true)
		p.grant(2, true, false)
		p.send(wire.KindUpdate, keyFrame|wire.FlagDone, 0, nil)
		lead.ack(0, 1)
		other.ack(0, 1)
		for i := uint32(1); i < 60; i++ {
			p.send(wire.KindUpdate, 0, i, make([]byte, 400<<10))
			lead.ack(i, 1)
			time.Sleep(15 * time.Millisecond)
			other.ack(i-1, 1)
			time.Sleep(15 * time.Millisecond)
		}
		if n := len(other.take(wire.KindUpdate)); n != 60 {
			t.Errorf("the other viewer got %d messages of 60", n)
		}
	})
}

// CatchUp messages are paced by the acks of who catches up, so that a slow link is not lag
// before it has the exact picture.
func TestCatchingUpOverASlowLink(t *testing.T) {
	bubble(t, func(t *testing.T) {
		w := newWorld(t)
		p, lead, v := w.presenter(1), w.viewer(1, 1), w.viewer(2, 1)
		p.grant(1, true, true)
		p.send(wire.KindUpdate, keyFrame|wire.FlagDone, 0, nil)
		lead.ack(0, 1)
		p.grant(2, true, false)
		p.take(wire.KindNeedKey)
		p.send(wire.KindUpdate, keyFrame, 0, make([]byte, 100<<10))
		time.Sleep(800 * time.Millisecond)
		v.ack(0, 2)
		p.send(wire.KindUpdate, wire.FlagCatchUp, 0, make([]byte, 48<<10))
		for part := uint32(3); part < 20; part++ { // two on their way: 0.8 s at 1 Mbit/s
			p.send(wire.KindUpdate, wire.FlagCatchUp, 0, make([]byte, 48<<10))
			time.Sleep(400 * time.Millisecond)
			synctest.Wait()
			v.ack(0, part)
		}
		p.send(wire.KindUpdate, wire.FlagCatchUp|wire.FlagDone, 0, nil)
		w.wantDrops("lag", 0)
		if got := p.take(wire.KindNeedKey); len(got) != 0 {
			t.Errorf("%d more keyframes were asked for", len(got))
		}
	})
}

// Among viewers of which none is good the lead stays: each change would give the presenter
// credit anew, and tell everybody.
func TestLeadDoesNotFlap(t *testing.T) {
	bubble(t, func(t *testing.T) {
		w := newWorld(t)
		p, a, b := w.presenter(1), w.viewer(1, 1), w.viewer(2, 1)
		p.grant(1, true, true)
		p.grant(2, true, false)
		p.send(wire.KindUpdate, keyFrame|wire.FlagDone, 0, nil)
		hidden := func(q *peer, seq uint32) {
			q.send(wire.KindAck, 0, seq, wire.AppendAck(nil, wire.Ack{Part: 1, Hidden: true}))
		}
		hidden(a, 0)
		hidden(b, 0)
		before := len(p.said(wire.TypeLead))
		for i := uint32(1); i < 50; i++ {
			p.send(wire.KindUpdate, 0, i, nil)
			hidden(b, i)
			time.Sleep(30 * time.Millisecond)
			hidden(a, i)
			time.Sleep(30 * time.Millisecond)
		}
		if n := len(p.said(wire.TypeLead)) - before; n > 1 {
			t.Errorf("the lead changed %d times between two hidden viewers", n)
		}
		// One that is silent for long does not keep it.
		last := p.said(wire.TypeLead)
		other, seq := a, uint32(49)
		if last[len(last)-1].Viewer == 1 {
			other = b
		}
		for range 10 {
			seq++
			p.send(wire.KindUpdate, 0, seq, nil)
			time.Sleep(300 * time.Millisecond)
			hidden(other, seq)
		}
		last = p.said(wire.TypeLead)
		if got := last[len(last)-1].Viewer; got != other.number {
			t.Errorf("viewer %d leads although it is silent", got)
		}
	})
}
