package relay

import (
	"testing"
	"testing/synctest"
	"time"

	"pindesk/internal/wire"
)

// hand is a viewer's wish to hand control.
func (p *peer) hand(to uint16) { p.control(wire.Control{Type: wire.TypeHand, Viewer: to}) }

func (p *peer) may(viewer uint16) {
	p.control(wire.Control{Type: wire.TypeGrant, Viewer: viewer, View: true, May: true})
}

func TestPermissionStaysWithWhoLosesControl(t *testing.T) {
	bubble(t, func(t *testing.T) {
		w := newWorld(t)
		p, a, b := w.presenter(1), w.viewer(1, 1), w.viewer(2, 1)
		p.grant(1, true, true)
		if me := a.me(); !me.Control || !me.May || b.me().May {
			t.Errorf("after a grant of control: %+v, and the other %+v", me, b.me())
		}
		p.grant(2, true, true)
		if me := a.me(); me.Control || !me.May || me.Why != wire.WhyTaken {
			t.Errorf("after another got control: %+v", me)
		}
		a.control(wire.Control{Type: wire.TypeAsk, Control: true})
		if got := p.said(wire.TypeAsk); len(got) != 1 || !a.me().May || a.me().Control {
			t.Errorf("asking %+v, then %+v: only the presenter grants", got, a.me())
		}
		p.grant(1, true, true)
		if me := a.me(); !me.Control || me.Why != "" || b.me().Why != wire.WhyTaken {
			t.Errorf("taken back: %+v, the other %+v", me, b.me())
		}
		a.control(wire.Control{Type: wire.TypeYield})
		if me := a.me(); me.Control || me.May || !me.View || me.Why != wire.WhyGave {
			t.Errorf("after yielding: %+v", me)
		}
		b.control(wire.Control{Type: wire.TypeYield}) // gives back what it may, too
		if b.me().May || len(p.said(wire.TypeYield)) != 2 {
			t.Errorf("after yielding the permission: %+v", b.me())
		}
		p.grant(1, true, true)
		p.grant(1, true, false)
		if me := a.me(); me.Control || me.May || me.Why != wire.WhyGuest {
			t.Errorf("after the guest took control back: %+v", me)
		}
		p.grant(1, false, false)
		if me := a.me(); me.View || me.Why != wire.WhyGuest {
			t.Errorf("after the guest ended the view: %+v", me)
		}
	})
}

func TestHandOver(t *testing.T) {
	bubble(t, func(t *testing.T) {
		w := newWorld(t)
		p, a, b := w.presenter(1), w.viewer(1, 1), w.viewer(2, 1)
		p.grant(1, true, true)
		p.grant(2, true, false)
		a.hand(2)
		got := p.said(wire.TypeHand)
		if len(got) != 1 || got[0].Viewer != 2 || b.me().Control {
			t.Fatalf("the presenter heard %+v; the other is %+v", got, b.me())
		}
		if me := b.state().Viewers[0]; me.Asking != "hand" || me.To != 2 {
			t.Errorf("everybody sees %+v", me)
		}
		p.control(wire.Control{Type: wire.TypeRefuse, Viewer: 1, Control: true, To: 2})
		if got := a.said(wire.TypeRefused); len(got) != 1 || got[0].To != 2 || !got[0].Control || a.me().Asking != "" || !a.me().Control {
			t.Errorf("refused: %+v, then %+v", got, a.me())
		}
		if got := b.said(wire.TypeRefused); len(got) != 0 {
			t.Error("who was to get control was refused without having asked")
		}
		a.hand(2)
		p.grant(2, true, true)
		if a, b := a.me(), b.me(); a.Control || !a.May || a.Asking != "" || a.Why != wire.WhyHanded || !b.Control {
			t.Errorf("handed over: %+v to %+v", a, b)
		}
	})
}

// Nobody but who may put input in may hand, and only to who could take it.
func TestForgedHands(t *testing.T) {
	bubble(t, func(t *testing.T) {
		w := newWorld(t)
		p, a, b, c := w.presenter(1), w.viewer(1, 1), w.viewer(2, 1), w.viewer(3, 1)
		p.grant(1, true, true)
		p.grant(2, true, false)
		b.hand(2) // to itself
		p.may(2)
		b.hand(2) // a permission is not control
		w.wantDrops("no_control", 2)
		a.hand(1)     // to itself
		a.hand(0)     // to the presenter
		a.hand(3)     // may not even see
		a.hand(65535) // was never here
		w.wantDrops("bad_hand", 4)
		b.c.Close(1006, "")
		synctest.Wait()
		a.hand(2)
		w.wantDrops("bad_hand", 5)
		p.grant(3, true, false)
		p.control(wire.Control{Type: wire.TypeQuestion, Open: true})
		a.hand(3)
		w.wantDrops("question", 1)
		p.control(wire.Control{Type: wire.TypeQuestion})
		c.control(wire.Control{Type: wire.TypeHand, Viewer: 3})
		w.wantDrops("no_control", 3)
		if got := p.said(wire.TypeHand); len(got) != 0 {
			t.Errorf("forged hands reached the presenter: %+v", got)
		}
		q := w.join(Party{Epoch: 2, Replaced: true})
		q.epoch = 2
		q.grant(1, true, true)
		q.grant(3, true, false)
		a.hand(3)
		w.wantDrops("held", 1)
		a.control(wire.Control{Type: wire.TypeContinue, Epoch: 2})
		a.hand(3)
		a.hand(3)
		w.wantDrops("bad_hand", 6)
		if got := q.said(wire.TypeHand); len(got) != 1 {
			t.Errorf("the presenter heard %d hands, want the one that was allowed", len(got))
		}
	})
}

// A wish to hand control goes with who could take it, with control itself, and with any answer.
func TestHandThatCannotComeTrue(t *testing.T) {
	for name, end := range map[string]func(p, b *peer){
		"the other has left":        func(_, b *peer) { b.c.Close(1006, "") },
		"the other sees no more":    func(p, _ *peer) { p.grant(2, false, false) },
		"a third one controls":      func(p, _ *peer) { p.grant(3, true, true) },
		"the guest took it back":    func(p, _ *peer) { p.grant(1, true, false) },
		"the presenter declined it": func(p, _ *peer) { p.grant(1, true, true) },
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				w := newWorld(t)
				p, a, b := w.presenter(1), w.viewer(1, 1), w.viewer(2, 1)
				w.viewer(3, 1)
				p.grant(1, true, true)
				p.grant(2, true, false)
				a.hand(2)
				end(p, b)
				synctest.Wait()
				if me := a.me(); me.Asking != "" || me.To != 0 {
					t.Errorf("still %+v", me)
				}
			})
		})
	}
}

// A presenter that comes back is told of wishes and of what was given back meanwhile: it names
// the grants that it remembers.
func TestYieldAndHandWhileThePresenterIsAway(t *testing.T) {
	bubble(t, func(t *testing.T) {
		w := newWorld(t)
		p, a := w.presenter(1), w.viewer(1, 1)
		w.viewer(2, 1)
		p.grant(1, true, true)
		p.grant(2, true, false)
		a.hand(2)
		p.c.Close(1006, "")
		synctest.Wait()
		q := w.join(Party{Epoch: 2, Resumed: true})
		q.epoch = 2
		if got := q.said(wire.TypeHand); len(got) != 1 || got[0].Viewer != 2 || len(q.said(wire.TypeAsk)) != 0 {
			t.Errorf("the presenter that is back heard %+v and %+v", got, q.said(wire.TypeAsk))
		}
		q.c.Close(1006, "")
		synctest.Wait()
		a.control(wire.Control{Type: wire.TypeYield})
		r := w.join(Party{Epoch: 3, Resumed: true})
		if got := r.said(wire.TypeYield); len(got) != 1 {
			t.Errorf("it heard of %d yields", len(got))
		}
	})
}

// A permission ends like the rights beside it.
func TestEndsOfAPermission(t *testing.T) {
	for name, end := range map[string]func(w *world, p, v *peer) *peer{
		"away for more than a minute": func(w *world, _, v *peer) *peer {
			v.c.Close(1006, "")
			time.Sleep(graceTime + time.Second) // the bubble's clock
			return w.join(Party{Viewer: 1, Resumed: true})
		},
		"it said goodbye": func(w *world, _, v *peer) *peer {
			v.control(wire.Control{Type: wire.TypeBye})
			return w.join(Party{Viewer: 1, Resumed: true})
		},
		"another computer": func(w *world, _, v *peer) *peer {
			w.join(Party{Epoch: 2, Replaced: true})
			return v
		},
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				w := newWorld(t)
				p, v := w.presenter(1), w.viewer(1, 1)
				p.may(1)
				if !v.me().May || !v.me().View {
					t.Fatal("no permission")
				}
				v = end(w, p, v)
				v.number = 1
				synctest.Wait()
				if v.me().May {
					t.Error("the permission is still there")
				}
			})
		})
	}
}

// Who was refused too often may still take back what is his.
func TestBlockedMayTakeBack(t *testing.T) {
	bubble(t, func(t *testing.T) {
		w := newWorld(t)
		p, a := w.presenter(1), w.viewer(1, 1)
		w.viewer(2, 1)
		p.grant(1, true, true)
		p.grant(2, true, false)
		for range maxDenials {
			a.hand(2)
			p.control(wire.Control{Type: wire.TypeRefuse, Viewer: 1, Control: true, To: 2})
		}
		a.hand(2)
		w.wantDrops("blocked", 1)
		if got := a.said(wire.TypeRefused); len(got) != maxDenials+1 || !got[maxDenials].Blocked || got[maxDenials].To != 2 {
			t.Errorf("refusals %+v", got)
		}
		p.grant(2, true, true)
		a.control(wire.Control{Type: wire.TypeAsk, Control: true})
		if got := p.said(wire.TypeAsk); len(got) != 1 {
			t.Errorf("the presenter heard %d wishes", len(got))
		}
	})
}
