package relay

import (
	"testing"
	"testing/synctest"
	"time"

	"pindesk/internal/wire"
)

func TestGarbageEndsTheConnection(t *testing.T) {
	bubble(t, func(t *testing.T) {
		w := newWorld(t)
		v := w.viewer(1, 0)
		v.c.in <- []byte{1, 2, 3}
		synctest.Wait()
		if v.c.code != wire.CloseProtocol {
			t.Errorf("closed with %d, want %d", v.c.code, wire.CloseProtocol)
		}
	})
}

// The first test to write for a relay: who does not read must not delay anybody.

func TestFrozenViewerDelaysNobody(t *testing.T) {
	bubble(t, func(t *testing.T) {
		w := newWorld(t)
		p, good, frozen := w.presenter(1), w.viewer(1, 1), w.viewer(2, 1)
		p.grant(1, true, true)
		p.grant(2, true, false)
		p.send(wire.KindUpdate, keyFrame|wire.FlagDone, 0, nil)
		good.take(wire.KindUpdate)
		good.ack(0, 1)
		frozen.c.freeze(true)
		body := make([]byte, 16<<10)
		for i := uint32(1); i <= 40; i++ {
			p.send(wire.KindUpdate, 0, i, body)
			good.wantSeqs("the other viewer", i)
			good.ack(i, 1)
		}
		if w.drops("lag") == 0 {
			t.Fatal("the frozen viewer's queue was never dropped")
		}
		p.take(wire.KindNeedKey)
		time.Sleep(20 * time.Second) // the bubble's clock
		synctest.Wait()
		if got := p.take(wire.KindNeedKey); len(got) != 0 {
			t.Errorf("%d keyframes were asked for while the viewer is frozen", len(got))
		}
		frozen.c.freeze(false)
		synctest.Wait()
		seen := frozen.take(wire.KindUpdate)
		last := seen[len(seen)-1].Seq
		if last >= 40 {
			t.Fatalf("the dropped queue arrived all the same: %v", seen)
		}
		frozen.ack(last, 1)
		time.Sleep(time.Second)
		synctest.Wait()
		if got := p.take(wire.KindNeedKey); len(got) != 1 {
			t.Fatalf("%d keyframes asked for after the thaw, want 1", len(got))
		}
		p.send(wire.KindUpdate, keyFrame, 40, nil)
		good.wantSeqs("a keyframe for another costs this one nothing")
		p.send(wire.KindUpdate, wire.FlagReset, 41, nil)
		p.send(wire.KindUpdate, wire.FlagCatchUp|wire.FlagDone, 41, nil)
		p.send(wire.KindUpdate, 0, 42, nil)
		good.wantSeqs("goes on", 41, 42)
		frozen.wantSeqs("catches up", 40, 41, 41, 42)
	})
}

func TestBackoffOfALaggingViewer(t *testing.T) {
	bubble(t, func(t *testing.T) {
		w := newWorld(t)
		p, v := w.presenter(1), w.viewer(1, 1)
		p.grant(1, true, true)
		p.take(wire.KindNeedKey)
		for i, want := range []time.Duration{1, 2, 4, 8, 8} {
			p.send(wire.KindUpdate, keyFrame|wire.FlagDone, 0, nil)
			start := time.Now()
			v.send(wire.KindResync, 0, 0, nil)
			for len(p.take(wire.KindNeedKey)) == 0 {
				time.Sleep(tickTime)
				synctest.Wait()
				if time.Since(start) > time.Minute {
					t.Fatalf("round %d: no keyframe was asked for", i)
				}
			}
			if d := time.Since(start); d < want*time.Second || d > want*time.Second+2*tickTime {
				t.Errorf("round %d: keyframe asked for after %v, want %v s", i, d, int(want))
			}
		}
	})
}

func TestKeyframeRequestsAreCoalesced(t *testing.T) {
	bubble(t, func(t *testing.T) {
		w := newWorld(t)
		p := w.presenter(1)
		for n := range uint16(5) {
			w.viewer(n+1, 1)
			p.grant(n+1, true, false)
		}
		if got := p.take(wire.KindNeedKey); len(got) != 1 {
			t.Errorf("%d requests at once, want 1", len(got))
		}
		time.Sleep(2 * tickTime)
		synctest.Wait()
		if got := p.take(wire.KindNeedKey); len(got) != 0 {
			t.Errorf("%d requests while the first may still be answered", len(got))
		}
		p.send(wire.KindUpdate, keyFrame, 0, nil)
		w.viewer(6, 1)
		p.grant(6, true, false)
		if got := p.take(wire.KindNeedKey); len(got) != 1 {
			t.Errorf("%d requests for the late viewer, want 1", len(got))
		}
		time.Sleep(keyPatience + tickTime)
		synctest.Wait()
		if got := p.take(wire.KindNeedKey); len(got) != 1 {
			t.Errorf("%d requests when the keyframe did not come, want 1 more", len(got))
		}
	})
}

func TestResizeEmptiesQueues(t *testing.T) {
	bubble(t, func(t *testing.T) {
		w := newWorld(t)
		p, v := w.presenter(1), w.viewer(1, 1)
		p.grant(1, true, false)
		p.send(wire.KindUpdate, keyFrame, 0, nil)
		v.take(wire.KindUpdate)
		v.c.freeze(true)
		for i := uint32(1); i <= 4; i++ {
			p.send(wire.KindUpdate, 0, i, nil)
		}
		p.send(wire.KindUpdate, wire.FlagKey|wire.FlagReset, 5, nil)
		v.c.freeze(false)
		synctest.Wait()
		v.wantSeqs("what was being written, then the resize", 1, 5)
		w.wantDrops("resize", 3)
	})
}

func TestLead(t *testing.T) {
	bubble(t, func(t *testing.T) {
		w := newWorld(t)
		p, a, b := w.presenter(1), w.viewer(1, 1), w.viewer(2, 1)
		lead := func() uint16 {
			all := p.said(wire.TypeLead)
			if len(all) == 0 {
				return 0
			}
			return all[len(all)-1].Viewer
		}
		p.grant(1, true, false)
		p.grant(2, true, false)
		p.send(wire.KindUpdate, keyFrame|wire.FlagDone, 0, nil)
		if lead() != 1 {
			t.Fatalf("lead %d, want the viewer that is here longest", lead())
		}
		a.ack(0, 1)
		b.ack(0, 1)
		p.grant(2, true, true)
		if lead() != 2 {
			t.Fatalf("lead %d, want the controller", lead())
		}
		p.take(wire.KindAck)
		p.send(wire.KindUpdate, 0, 1, nil)
		a.ack(1, 1)
		b.ack(1, 1)
		if got := p.take(wire.KindAck); len(got) != 1 || got[0].Viewer != 2 {
			t.Errorf("acks at once: %v, want only the lead's", got)
		}
		time.Sleep(quietAcks + tickTime)
		synctest.Wait()
		if got := p.take(wire.KindAck); len(got) != 1 || got[0].Viewer != 1 {
			t.Errorf("acks after a second: %v, want the other's", got)
		}
		// The lead falls silent: it loses the lead, and gets it back after good acks.
		p.send(wire.KindUpdate, 0, 2, nil)
		a.ack(2, 1)
		time.Sleep(leadAge + 2*tickTime)
		synctest.Wait()
		if lead() != 1 {
			t.Fatalf("lead %d, want 1 when 2 is silent", lead())
		}
		b.ack(2, 1)
		if lead() != 1 {
			t.Fatal("the lead came back before 2 s of good acks")
		}
		time.Sleep(leadTrust + 2*tickTime)
		synctest.Wait()
		if lead() != 2 {
			t.Fatalf("lead %d, want 2 again", lead())
		}
		b.send(wire.KindAck, 0, 2, wire.AppendAck(nil, wire.Ack{Part: 1, Hidden: true}))
		if lead() != 1 {
			t.Fatalf("lead %d, want 1 when 2 is hidden", lead())
		}
		a.c.Close(1000, "")
		synctest.Wait()
		if lead() != 2 {
			t.Fatalf("lead %d, want the hidden one when nobody else is here", lead())
		}
	})
}

func TestEndAndDrain(t *testing.T) {
	bubble(t, func(t *testing.T) {
		w := newWorld(t)
		p, v := w.presenter(1), w.viewer(1, 1)
		w.h.End("s", "expired")
		synctest.Wait()
		for _, q := range []*peer{p, v} {
			if q.c.code != wire.CloseEnded || len(q.said(wire.TypeEnded)) != 1 {
				t.Errorf("closed with %d after %v", q.c.code, q.said(wire.TypeEnded))
			}
		}
		if w.h.Stats().Feeds != 0 {
			t.Error("an ended feed stays in memory")
		}
		if late := w.viewer(2, 1); late.c.code != wire.CloseEnded {
			t.Errorf("a party whose ticket was spent just before the end was closed with %d", late.c.code)
		}
	})
	bubble(t, func(t *testing.T) {
		w := newWorld(t)
		p := w.presenter(2)
		w.h.Drain()
		synctest.Wait()
		if p.c.code != wire.CloseReconnect {
			t.Errorf("drained with %d", p.c.code)
		}
		late := w.viewer(2, 2)
		if late.c.code != wire.CloseReconnect {
			t.Errorf("a party that came while draining was closed with %d", late.c.code)
		}
	})
}

func TestTooManyViewers(t *testing.T) {
	bubble(t, func(t *testing.T) {
		w := newWorld(t)
		for n := range uint16(32) {
			w.viewer(n+1, 1)
		}
		if v := w.viewer(33, 1); v.c.code != wire.CloseFull {
			t.Errorf("viewer 33 was closed with %d", v.c.code)
		}
	})
}

// A newer state takes the place of an older one that still waits: the presenter must know
// who a viewer is before it hears what that viewer wants.
func TestStateComesBeforeTheWish(t *testing.T) {
	t.Run("waiting state", func(t *testing.T) {
		wishAfterState(t, func(w *world) *peer {
			p := w.presenter(1)
			p.c.freeze(true)
			p.send(wire.KindControl, 0, 0, []byte(`{"type":"question"}`)) // a state in the writer's hands
			v := w.viewer(1, 1)
			v.control(wire.Control{Type: wire.TypeAsk})
			w.viewer(2, 1)
			p.c.freeze(false)
			return p
		})
	})
	t.Run("late presenter", func(t *testing.T) {
		wishAfterState(t, func(w *world) *peer {
			v := w.viewer(1, 0)
			v.control(wire.Control{Type: wire.TypeAsk})
			return w.presenter(1)
		})
	})
}

func wishAfterState(t *testing.T, play func(*world) *peer) {
	bubble(t, func(t *testing.T) {
		p := play(newWorld(t))
		synctest.Wait()
		known := false
		p.c.mu.Lock()
		defer p.c.mu.Unlock()
		for _, m := range p.c.got {
			_, body, _ := wire.ParseHeader(m)
			switch c, _ := wire.ParseControl(body); c.Type {
			case wire.TypeState:
				known = len(c.Viewers) > 0
			case wire.TypeAsk:
				if !known {
					t.Error("the wish of a viewer came before the viewer")
				}
				return
			}
		}
		t.Error("no wish came")
	})
}

func TestPing(t *testing.T) {
	bubble(t, func(t *testing.T) {
		w := newWorld(t)
		p, v := w.presenter(1), w.viewer(1, 1)
		p.grant(1, true, false)
		p.send(wire.KindUpdate, keyFrame, 0, make([]byte, 100))
		v.control(wire.Control{Type: wire.TypePing, Stamp: 7})
		if got := v.said(wire.TypePong); len(got) != 1 || got[0].Stamp != 7 || got[0].Queue != 100+wire.HeaderSize {
			t.Errorf("answer to a ping: %+v", got)
		}
	})
}

func TestGoodbyeOfThePresenter(t *testing.T) {
	bubble(t, func(t *testing.T) {
		w := newWorld(t)
		p, v := w.presenter(1), w.viewer(1, 1)
		p.control(wire.Control{Type: wire.TypeBye})
		synctest.Wait()
		if s := v.state().Presenter; s.Attached || !s.Left {
			t.Errorf("after a goodbye: %+v", s)
		}
		w.join(Party{Epoch: 2, Resumed: true}).c.Close(1006, "")
		synctest.Wait()
		if s := v.state().Presenter; s.Attached || s.Left {
			t.Errorf("after a drop: %+v", s)
		}
	})
}
