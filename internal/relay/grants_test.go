package relay

import (
	"testing"
	"testing/synctest"
	"time"

	"pindesk/internal/wire"
)

func TestNothingPassesBeforeTheGrant(t *testing.T) {
	bubble(t, func(t *testing.T) {
		w := newWorld(t)
		p, v := w.presenter(1), w.viewer(1, 1)
		p.send(wire.KindUpdate, keyFrame, 0, nil)
		p.send(wire.KindUpdate, 0, 1, nil)
		p.send(wire.KindCursor, 0, 1, make([]byte, 8))
		p.send(wire.KindPointer, 0, 0, make([]byte, 4))
		v.send(wire.KindInput, 0, 1, wire.AppendInput(nil, 0))
		if got := v.take(wire.KindUpdate, wire.KindCursor, wire.KindPointer); len(got) != 0 {
			t.Errorf("pixels before the grant: %v", got)
		}
		if got := p.take(wire.KindInput); len(got) != 0 {
			t.Errorf("input before the grant: %v", got)
		}
		w.wantDrops("no_control", 1)

		p.take(wire.KindNeedKey)
		p.grant(1, true, false)
		if got := p.take(wire.KindNeedKey); len(got) != 1 {
			t.Fatalf("the grant asked for %d keyframes, want 1 at once", len(got))
		}
		if got := v.take(wire.KindCursor, wire.KindPointer); len(got) != 2 {
			t.Errorf("cursor and pointer are kept for later viewers, got %v", got)
		}
		p.send(wire.KindUpdate, 0, 2, nil)
		v.wantSeqs("before the keyframe")
		p.send(wire.KindUpdate, keyFrame, 2, nil)
		p.send(wire.KindUpdate, wire.FlagReset, 3, nil)
		v.wantSeqs("after the keyframe", 2, 3)
		v.send(wire.KindInput, 0, 2, wire.AppendInput(nil, 0))
		w.wantDrops("no_control", 2)
		p.grant(1, true, true)
		v.send(wire.KindInput, 0, 3, wire.AppendInput(nil, 0))
		got := p.take(wire.KindInput)
		if len(got) != 1 || got[0].Viewer != 1 || got[0].Seq != 3 {
			t.Errorf("input with the grant: %v, want one stamped with viewer 1", got)
		}

		v.c.freeze(true)
		p.send(wire.KindUpdate, 0, 4, nil) // in the writer's hands
		p.send(wire.KindUpdate, 0, 5, nil) // queued
		p.grant(1, false, false)
		v.c.freeze(false)
		synctest.Wait()
		p.send(wire.KindUpdate, 0, 6, nil)
		v.wantSeqs("after revoking, but for what was being written", 4)
	})
}

func TestForgery(t *testing.T) {
	bubble(t, func(t *testing.T) {
		w := newWorld(t)
		p, v := w.presenter(7), w.viewer(3, 7)
		v.grant(3, true, true)
		if v.me().View || v.me().Control {
			t.Error("a viewer granted itself")
		}
		w.wantDrops("direction", 1)
		v.control(wire.Control{Type: wire.TypeQuestion, Open: true})
		v.send(wire.KindUpdate, keyFrame, 0, nil)
		w.wantDrops("direction", 3)

		p.grant(3, true, true)
		p.send(wire.KindUpdate, keyFrame|wire.FlagDone, 0, nil)
		p.take(wire.KindAck)
		v.ack(1, 0)
		w.wantDrops("forged_ack", 1)
		v.ack(0, 2)
		w.wantDrops("forged_ack", 2)
		v.epoch = 6
		v.ack(0, 1)
		v.send(wire.KindInput, 0, 1, wire.AppendInput(nil, 0))
		w.wantDrops("epoch", 2)
		if got := p.take(wire.KindAck, wire.KindInput); len(got) != 0 {
			t.Errorf("forged or old messages reached the presenter: %v", got)
		}
		v.epoch = 7
		v.ack(0, 1)
		if got := p.take(wire.KindAck); len(got) != 1 || got[0].Viewer != 3 {
			t.Errorf("a true ack did not come through stamped: %v", got)
		}
		p.epoch = 6
		p.send(wire.KindUpdate, 0, 1, nil)
		v.take(wire.KindUpdate)
		w.wantDrops("epoch", 3)
		p.send(200, 0, 0, nil)
		p.send(wire.KindResync, 0, 0, []byte{1})
		w.wantDrops("unknown", 2)
	})
}

func TestOneController(t *testing.T) {
	bubble(t, func(t *testing.T) {
		w := newWorld(t)
		p, a, b := w.presenter(1), w.viewer(1, 1), w.viewer(2, 1)
		p.grant(1, true, true)
		p.grant(2, true, true)
		if a.me().Control || !b.me().Control {
			t.Errorf("controllers: %v %v, want only the second", a.me().Control, b.me().Control)
		}
		b.control(wire.Control{Type: wire.TypeYield})
		if b.me().Control || !b.me().View {
			t.Error("yield must give back control and keep view")
		}
		if got := p.said(wire.TypeYield); len(got) != 1 {
			t.Errorf("the presenter was told %d times of the yield", len(got))
		}
	})
}

func TestQuestionStopsInput(t *testing.T) {
	bubble(t, func(t *testing.T) {
		w := newWorld(t)
		p, a, b := w.presenter(1), w.viewer(1, 1), w.viewer(2, 1)
		p.grant(1, true, true)
		b.control(wire.Control{Type: wire.TypeAsk})
		if got := p.said(wire.TypeAsk); len(got) != 1 || p.state().Viewers[1].Asking != "view" {
			t.Fatalf("the wish did not arrive: %v", got)
		}
		p.control(wire.Control{Type: wire.TypeQuestion, Open: true})
		if !a.state().Question {
			t.Error("viewers were not told that the guest is being asked")
		}
		a.send(wire.KindInput, 0, 1, wire.AppendInput(nil, 0, wire.Event{Type: wire.EventText, Text: "y\n"}))
		if got := p.take(wire.KindInput); len(got) != 0 {
			t.Error("input answered the guest's question")
		}
		w.wantDrops("question", 1)
		p.control(wire.Control{Type: wire.TypeQuestion})
		a.send(wire.KindInput, 0, 2, wire.AppendInput(nil, 0))
		if got := p.take(wire.KindInput); len(got) != 1 {
			t.Error("input does not flow after the question")
		}
	})
}

func TestThreeDenialsBlock(t *testing.T) {
	bubble(t, func(t *testing.T) {
		w := newWorld(t)
		p, v := w.presenter(1), w.viewer(1, 1)
		for range maxDenials {
			if v.c.code != 0 {
				t.Fatal("closed too early")
			}
			v.control(wire.Control{Type: wire.TypeAsk})
			p.control(wire.Control{Type: wire.TypeRefuse, Viewer: 1})
		}
		got := v.said(wire.TypeRefused)
		if len(got) != maxDenials || !got[2].Blocked || got[1].Blocked {
			t.Errorf("refusals: %+v", got)
		}
		synctest.Wait()
		if v.c.code != wire.CloseBlocked {
			t.Errorf("closed with %d, want %d", v.c.code, wire.CloseBlocked)
		}
		again := w.join(Party{Viewer: 1, Resumed: true})
		again.epoch = 1
		again.control(wire.Control{Type: wire.TypeAsk})
		if len(p.said(wire.TypeAsk)) != maxDenials {
			t.Error("a blocked viewer's wish reached the guest")
		}
		w.wantDrops("blocked", 1)
	})
}

func TestStrangersPresenterVoidsGrants(t *testing.T) {
	bubble(t, func(t *testing.T) {
		w := newWorld(t)
		p, v := w.presenter(1), w.viewer(1, 1)
		p.grant(1, true, true)
		p.send(wire.KindUpdate, keyFrame, 0, nil)
		v.take(wire.KindUpdate)
		other := w.join(Party{Epoch: 2, Replaced: true, Name: "stranger"})
		if p.c.code != wire.CloseReplaced {
			t.Errorf("the old presenter was closed with %d", p.c.code)
		}
		s := v.state()
		if !s.Presenter.Changed || s.Presenter.Name != "stranger" || v.me().View || v.me().Control || !v.me().Held {
			t.Fatalf("the viewer was told %+v %+v", s.Presenter, v.me())
		}
		other.grant(1, true, true)
		v.epoch = 2
		v.send(wire.KindInput, 0, 1, wire.AppendInput(nil, 0))
		w.wantDrops("held", 1)
		v.control(wire.Control{Type: wire.TypeContinue, Epoch: 1})
		if !v.me().Held {
			t.Error("continuing with the old computer counted for the new one")
		}
		v.control(wire.Control{Type: wire.TypeContinue, Epoch: 2})
		v.send(wire.KindInput, 0, 2, wire.AppendInput(nil, 0))
		if got := other.take(wire.KindInput); len(got) != 1 {
			t.Error("no input after continuing")
		}
	})
}

// A restarted broker remembers no viewer, but its database that the presenter is another one.
func TestAnotherComputerIsRememberedOverARestart(t *testing.T) {
	bubble(t, func(t *testing.T) {
		w := newWorld(t)
		p := w.join(Party{Epoch: 3, Resumed: true, Replaced: true})
		p.epoch = 3
		back, fresh := w.join(Party{Viewer: 1, Resumed: true}), w.join(Party{Viewer: 2})
		if !back.me().Held {
			t.Error("a viewer that may have seen another computer is not asked to go on")
		}
		fresh.number = 2
		if fresh.me().Held {
			t.Error("a viewer that saw no other computer is asked to go on")
		}
	})
}

func TestResumedPresenterKeepsGrants(t *testing.T) {
	bubble(t, func(t *testing.T) {
		w := newWorld(t)
		p, v := w.presenter(1), w.viewer(1, 1)
		p.grant(1, true, true)
		p.send(wire.KindUpdate, keyFrame, 5, nil)
		v.take(wire.KindUpdate)
		p.c.Close(1006, "")
		synctest.Wait()
		if v.state().Presenter.Attached {
			t.Error("viewers were not told that the presenter is away")
		}
		q := w.join(Party{Epoch: 2, Resumed: true})
		if !v.me().Control || v.state().Presenter.Changed {
			t.Fatal("grants were lost over a resume")
		}
		if got := q.take(wire.KindNeedKey); len(got) != 1 {
			t.Errorf("%d keyframes asked for, want 1", len(got))
		}
		q.send(wire.KindUpdate, keyFrame, 0, nil)
		v.wantSeqs("new epoch", 0)
	})
}

func TestViewerGrantsOutliveAShortDrop(t *testing.T) {
	bubble(t, func(t *testing.T) {
		for _, c := range []struct {
			away time.Duration
			keep bool
		}{{59 * time.Second, true}, {61 * time.Second, false}} {
			w := newWorld(t)
			p, v := w.presenter(1), w.viewer(1, 1)
			p.grant(1, true, true)
			v.c.Close(1006, "")
			time.Sleep(c.away)
			again := w.join(Party{Viewer: 1, Resumed: true})
			if got := again.me().Control; got != c.keep {
				t.Errorf("away for %v: control %v, want %v", c.away, got, c.keep)
			}
		}
	})
}

func TestGrantsNamedAfterARestart(t *testing.T) {
	bubble(t, func(t *testing.T) {
		w := newWorld(t) // a new broker process: it remembers nothing
		p := w.join(Party{Epoch: 4, Resumed: true})
		p.epoch = 4
		p.grant(9, true, true)
		v := w.join(Party{Viewer: 9, Resumed: true})
		if !v.me().View || !v.me().Control || v.me().Held {
			t.Errorf("got %+v", v.me())
		}
		if got := p.take(wire.KindNeedKey); len(got) == 0 {
			t.Error("no keyframe was asked for")
		}
	})
}
