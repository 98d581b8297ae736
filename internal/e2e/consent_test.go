package e2e

import (
	"context"
	"errors"
	"testing"
	"time"

	"pindesk/internal/presenter"
	"pindesk/internal/wire"
)

// still is how long a test watches that something does not happen.
const still = 300 * time.Millisecond

// never checks that bad stays false for a while.
func never(t *testing.T, what string, bad func() bool) {
	t.Helper()
	end := time.NewTimer(still)
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for {
		if bad() {
			t.Fatalf("happened: %s", what)
		}
		select {
		case <-end.C:
			return
		case <-tick.C:
		}
	}
}

func (v *goViewer) got() (updates int, control bool) {
	v.mu.Lock()
	n := v.updates
	v.mu.Unlock()
	return n, v.me().Control
}

func key(text string) wire.Event {
	return wire.Event{Type: wire.EventKey, Down: true, IsText: true, Code: "KeyY", Text: text}
}

func TestNothingPassesBeforeTheGuestsYes(t *testing.T) {
	s := startSite(t, nil)
	pin, desk, g := s.newPIN(), newFakeDesktop(320, 200), newGuest()
	s.present(pin, presenter.Config{Screen: desk, Input: desk, Guest: g, Consent: presenter.Ask})
	v := s.view(pin, "")
	if q := g.wantQuestion(t.Fatal); q.Control || q.Name != "viewer" {
		t.Fatalf("the guest was asked %+v", q)
	}
	v.meets()
	v.input(1, key("x"))
	never(t, "a pixel, input or capture before the yes", func() bool {
		n, _ := v.got()
		desk.mu.Lock()
		defer desk.mu.Unlock()
		return n > 0 || len(desk.events) > 0 || desk.grabs > 0
	})
	g.answers <- true
	eventually(t, "the picture after the yes", func() bool { return v.differs(desk) == 0 })
	v.input(1, key("x"))
	never(t, "input with the view grant only", func() bool { return len(desk.typed()) > 0 })
	v.control(wire.Control{Type: wire.TypeAsk, Control: true})
	if q := g.wantQuestion(t.Fatal); !q.Control {
		t.Fatalf("the guest was asked %+v", q)
	}
	g.answers <- true
	eventually(t, "control", func() bool { return v.me().Control })
	v.input(1, key("x"))
	eventually(t, "input", func() bool { return len(desk.typed()) == 1 })
}

// The viewer in control must not be able to say yes for another, or for itself.
func TestControllerCannotAnswerTheQuestion(t *testing.T) {
	s := startSite(t, nil)
	pin, desk, g := s.newPIN(), newFakeDesktop(320, 200), newGuest()
	s.present(pin, presenter.Config{Screen: desk, Input: desk, Guest: g, Consent: presenter.Ask})
	first := s.view(pin, "")
	g.wantQuestion(t.Fatal)
	g.answers <- true
	eventually(t, "view", func() bool { return first.me().View })
	first.control(wire.Control{Type: wire.TypeAsk, Control: true})
	g.wantQuestion(t.Fatal)
	g.answers <- true
	eventually(t, "control", func() bool { return first.me().Control })

	first.input(1, wire.Event{Type: wire.EventKey, Down: true, Code: "ShiftLeft"})
	eventually(t, "a held key", func() bool { return len(desk.typed()) == 1 })
	second := s.view(pin, "")
	g.wantQuestion(t.Fatal)
	eventually(t, "viewers are told of the question", func() bool {
		first.mu.Lock()
		defer first.mu.Unlock()
		return first.state.Question
	})
	eventually(t, "held keys are let go", func() bool {
		desk.mu.Lock()
		defer desk.mu.Unlock()
		return desk.released > 0
	})
	for range 20 {
		first.input(1, key("y"), wire.Event{Type: wire.EventKey, Down: true, Code: "Enter"})
		first.control(wire.Control{Type: wire.TypeGrant, Viewer: second.me().Viewer, View: true, Control: true})
		first.control(wire.Control{Type: wire.TypeQuestion})
	}
	never(t, "an answer by the first viewer", func() bool { return len(desk.typed()) > 1 || second.me().View })
	g.answers <- false
	eventually(t, "a refusal", func() bool {
		second.mu.Lock()
		defer second.mu.Unlock()
		return len(second.refused) == 1
	})
	first.input(1, key("z"))
	eventually(t, "input after the question", func() bool { return len(desk.typed()) == 2 })
	if s.b.Stats().Drops["question"] == 0 {
		t.Error("the relay let input through to the presenter while the guest was asked")
	}
}

// What a viewer claims of itself changes nothing.
func TestForgedMessagesChangeNothing(t *testing.T) {
	s := startSite(t, nil)
	pin, desk := s.newPIN(), newFakeDesktop(320, 200)
	s.present(pin, presenter.Config{Screen: desk, Input: desk, Consent: presenter.ControlFree})
	first := s.view(pin, "")
	eventually(t, "the first is exact", func() bool { return first.differs(desk) == 0 && first.me().Control })
	second := s.view(pin, "")
	eventually(t, "the second is exact", func() bool { return second.differs(desk) == 0 })

	second.control(wire.Control{Type: wire.TypeGrant, Viewer: second.me().Viewer, View: true, Control: true})
	// The harness writes a forged viewer number into each header.
	second.input(1, key("x"))
	second.mu.Lock()
	present := second.epoch
	second.epoch = present + 1
	second.sendLocked(wire.KindAck, 0, wire.AppendAck(nil, wire.Ack{}))
	second.sendLocked(wire.KindInput, 9, wire.AppendInput(nil, 1, key("x")))
	second.epoch = present
	second.sendLocked(wire.KindAck, 1<<31, wire.AppendAck(nil, wire.Ack{}))
	second.mu.Unlock()
	never(t, "a forged message had an effect", func() bool { return len(desk.typed()) > 0 || second.me().Control || !first.me().Control })
	drops := s.b.Stats().Drops
	for reason, want := range map[string]uint64{"direction": 1, "no_control": 1, "epoch": 2, "forged_ack": 1} {
		if drops[reason] != want {
			t.Errorf("%d drops for %q, want %d", drops[reason], reason, want)
		}
	}
	desk.draw(drawDot)
	eventually(t, "the stream goes on", func() bool { return first.differs(desk) == 0 && second.differs(desk) == 0 })
}

func TestStrangersPresenterVoidsTheGrants(t *testing.T) {
	s := startSite(t, nil)
	pin, desk := s.newPIN(), newFakeDesktop(320, 200)
	p := s.present(pin, presenter.Config{Screen: desk, Input: desk, Name: "desk", Consent: presenter.ControlFree})
	v := s.view(pin, "")
	eventually(t, "control", func() bool { return v.me().Control && v.differs(desk) == 0 })

	other := newFakeDesktop(400, 300)
	g := newGuest()
	s.present(pin, presenter.Config{Screen: other, Input: other, Name: "stranger", Guest: g, Consent: presenter.Ask})
	if err := p.wait(t); !errors.Is(err, presenter.ErrReplaced) {
		t.Errorf("the old presenter ended with %v", err)
	}
	eventually(t, "the viewer is told", func() bool {
		me := v.me()
		v.mu.Lock()
		defer v.mu.Unlock()
		return v.state.Presenter.Changed && v.state.Presenter.Name == "stranger" && me.Held && !me.View && !me.Control
	})
	v.control(wire.Control{Type: wire.TypeAsk})
	g.wantQuestion(t.Fatal)
	g.answers <- true
	eventually(t, "the new picture", func() bool { return v.differs(other) == 0 })
	v.control(wire.Control{Type: wire.TypeAsk, Control: true})
	g.wantQuestion(t.Fatal)
	g.answers <- true
	eventually(t, "control", func() bool { return v.me().Control })
	v.input(1, key("x"))
	never(t, "input before the viewer's person goes on", func() bool { return len(other.typed()) > 0 })
	v.mu.Lock()
	epoch := v.epoch
	v.mu.Unlock()
	v.control(wire.Control{Type: wire.TypeContinue, Epoch: epoch})
	eventually(t, "held no more", func() bool { return !v.me().Held })
	v.input(1, key("x"))
	eventually(t, "input", func() bool { return len(other.typed()) == 1 })
}

// wait returns what Run returned, without stopping the presenter.
func (r *sharing) wait(t *testing.T) error {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), waitLimit)
	defer cancel()
	select {
	case err := <-r.ended:
		close(r.ended)
		return err
	case <-ctx.Done():
		t.Fatal("the presenter goes on")
		return nil
	}
}

func TestSilentViewerLetsGo(t *testing.T) {
	s := startSite(t, nil)
	pin, desk := s.newPIN(), newFakeDesktop(320, 200)
	s.present(pin, presenter.Config{Screen: desk, Input: desk, Consent: presenter.ControlFree})
	v := s.view(pin, "")
	eventually(t, "control", func() bool { return v.me().Control && v.differs(desk) == 0 })
	v.input(1, wire.Event{Type: wire.EventButton, Button: wire.ButtonLeft, Down: true})
	eventually(t, "the button", func() bool { return len(desk.typed()) == 1 })
	start := time.Now()
	within(t, 5*time.Second, "the release", func() bool {
		desk.mu.Lock()
		defer desk.mu.Unlock()
		return desk.released == 1
	})
	if d := time.Since(start); d < time.Second {
		t.Errorf("released after %v, which is too soon", d)
	}
	v.input(1, wire.Event{Type: wire.EventButton, Button: wire.ButtonLeft, Down: true})
	eventually(t, "the button again", func() bool { return len(desk.typed()) == 2 })
	v.close()
	within(t, time.Second, "the release when the socket ends", func() bool {
		desk.mu.Lock()
		defer desk.mu.Unlock()
		return desk.released == 2
	})
}
