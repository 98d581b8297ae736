package relay

import (
	"testing"
	"testing/synctest"
	"time"

	"pindesk/internal/wire"
)

func (p *peer) point(at *wire.Point) { p.send(wire.KindPoint, 0, 0, wire.AppendPoint(nil, at)) }

func (p *peer) sharesViewOnly() {
	p.control(wire.Control{Type: wire.TypeShares, ViewOnly: true})
}

// points are the places that came since the last call.
func (p *peer) points() (all []wire.Point) {
	p.c.mu.Lock()
	defer p.c.mu.Unlock()
	for _, m := range p.c.got {
		if h, body, _ := wire.ParseHeader(m); h.Kind == wire.KindPoint {
			at, err := wire.ParsePoint(body)
			if err != nil {
				p.t.Error(err)
			}
			if at == nil {
				at = &wire.Point{X: -1}
			}
			all = append(all, *at)
		}
	}
	return all
}

// Who points must see, now, and the picture that it says.
func TestWhoMayPoint(t *testing.T) {
	for name, c := range map[string]struct {
		before func(w *world, p, v *peer)
		reason string // "": it is passed on
	}{
		"who sees":     {func(_ *world, _, _ *peer) {}, ""},
		"a browser":    {func(_ *world, p, _ *peer) { p.sharesViewOnly() }, ""},
		"who controls": {func(_ *world, p, _ *peer) { p.grant(1, true, true) }, ""},
		"while the guest is asked": {func(_ *world, p, _ *peer) {
			p.control(wire.Control{Type: wire.TypeQuestion, Open: true})
		}, ""},
		"without the grant":    {func(_ *world, p, _ *peer) { p.grant(1, false, false) }, "no_view"},
		"of another epoch":     {func(_ *world, _, v *peer) { v.epoch = 9 }, "epoch"},
		"of another stream":    {func(_ *world, _, v *peer) { v.stream = 3 }, "stream"},
		"no presenter is here": {func(_ *world, p, _ *peer) { p.c.Close(1006, ""); synctest.Wait() }, "absent"},
		"another computer, granted but not continued": {func(w *world, p, v *peer) {
			q := w.join(Party{Epoch: 2, Replaced: true})
			q.epoch, v.epoch = 2, 2
			q.grant(1, true, false)
		}, "held"},
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				w := newWorld(t)
				p, v := w.presenter(1), w.viewer(1, 1)
				p.grant(1, true, false)
				c.before(w, p, v)
				v.point(&wire.Point{Layout: 7, X: 1, Y: 2})
				if c.reason != "" {
					w.wantDrops(c.reason, 1)
				}
				got := p.take(wire.KindPoint)
				if (len(got) == 1) != (c.reason == "") || len(got) == 1 && got[0].Viewer != 1 {
					t.Errorf("the presenter got %+v", got)
				}
			})
		})
	}
}

func TestHostilePoints(t *testing.T) {
	bubble(t, func(t *testing.T) {
		w := newWorld(t)
		p, a, b := w.presenter(1), w.viewer(1, 1), w.viewer(2, 1)
		p.grant(1, true, false)
		p.grant(2, true, false)
		for n := range wire.MaxPoint - 1 {
			a.send(wire.KindPoint, 0, 0, make([]byte, n+1))
		}
		w.wantDrops("malformed", wire.MaxPoint-1)
		a.send(wire.KindPoint, 0, 0, make([]byte, wire.MaxPoint+1))
		w.wantDrops("unknown", 1)
		p.point(&wire.Point{})
		w.wantDrops("direction", 1)

		// A flood of one costs the other nothing.
		time.Sleep(time.Second) // the bubble's clock
		for i := range 200 {
			a.point(&wire.Point{X: i})
		}
		b.point(&wire.Point{X: 9})
		w.wantDrops("flood", 200-pointBurst)
		if got := p.points(); len(got) != pointBurst+1 {
			t.Errorf("%d points were passed on", len(got))
		}
		for range 60 {
			time.Sleep(time.Second / 30)
			b.point(&wire.Point{X: 8})
		}
		w.wantDrops("flood", 200-pointBurst)

		// Of a presenter that reads nothing the newest place of each waits, whichever it is.
		p.c.freeze(true)
		before := len(p.points())
		a.point(&wire.Point{X: 1}) // in the writer's hands
		for i := range 5 {
			a.point(&wire.Point{X: 10 + i})
			b.point(&wire.Point{X: 20 + i})
		}
		b.point(nil)
		p.c.freeze(false)
		synctest.Wait()
		got := p.points()[before:]
		if len(got) != 3 || got[0].X != 1 || got[1].X != 14 || got[2].X != -1 {
			t.Errorf("a slow presenter got %+v", got)
		}
		// None is kept for a presenter that comes later.
		q := w.presenter(2)
		if got := q.points(); len(got) != 0 {
			t.Errorf("a later presenter got %+v", got)
		}
	})
}

// Nobody controls a browser, nobody is asked for it, and nobody is blocked for wishing it.
func TestViewOnly(t *testing.T) {
	bubble(t, func(t *testing.T) {
		w := newWorld(t)
		p, v := w.presenter(1), w.viewer(1, 1)
		p.grant(1, true, false)
		v.control(wire.Control{Type: wire.TypeAsk, Control: true}) // before the relay knows
		p.sharesViewOnly()
		refused := func(n int) {
			t.Helper()
			got := v.said(wire.TypeRefused)
			if len(got) != n {
				t.Fatalf("%d refusals, want %d", len(got), n)
			}
			for _, c := range got {
				if !c.Control || c.Blocked || c.Reason != wire.ReasonViewOnly {
					t.Errorf("told %+v", c)
				}
			}
		}
		refused(1)
		if s := v.state(); !s.Presenter.ViewOnly || v.me().Asking != "" {
			t.Errorf("state %+v", s)
		}
		for range 2 * maxDenials {
			v.control(wire.Control{Type: wire.TypeAsk, Control: true})
			p.control(wire.Control{Type: wire.TypeRefuse, Viewer: 1, Control: true, Reason: wire.ReasonViewOnly})
		}
		refused(1 + 2*maxDenials)
		if got := len(p.said(wire.TypeAsk)); got != 1+2*maxDenials {
			t.Errorf("the guest's page heard of %d wishes", got)
		}
		if me := v.me(); me.Asking != "" || !me.View || me.Control {
			t.Errorf("the viewer is %+v", me)
		}
		p.grant(1, true, true)
		p.control(wire.Control{Type: wire.TypeGrant, Viewer: 1, May: true, View: true})
		if me := v.me(); me.Control || me.May || !me.View {
			t.Errorf("a browser gave control: %+v", me)
		}
		v.send(wire.KindInput, 0, 1, wire.AppendInput(nil, 0))
		w.wantDrops("no_control", 1)
		v.control(wire.Control{Type: wire.TypeHand, Viewer: 1})
		w.wantDrops("no_control", 2)

		// A refusal of a person still counts, whatever else it says.
		for range maxDenials {
			p.control(wire.Control{Type: wire.TypeRefuse, Viewer: 1, Reason: "rude"})
		}
		if got := v.said(wire.TypeRefused); got[len(got)-1].Reason != "" || !got[len(got)-1].Blocked {
			t.Errorf("told %+v", got[len(got)-1])
		}
		p.take(wire.KindControl)
		v.control(wire.Control{Type: wire.TypeAsk, Control: true}) // blocked: nobody hears of it
		if got := p.said(wire.TypeAsk); len(got) != 0 {
			t.Errorf("the guest heard of a blocked viewer: %+v", got)
		}
	})
}

// A program takes over from the tab and the other way, as the same party: control is there, and
// goes with the program.
func TestViewOnlyComesAndGoes(t *testing.T) {
	bubble(t, func(t *testing.T) {
		w := newWorld(t)
		p, v := w.presenter(1), w.viewer(1, 1)
		if c := p.said(wire.TypeWelcome); c[0].Handover != "" {
			t.Errorf("a secret that was not given: %+v", c)
		}
		p.sharesViewOnly()
		p.grant(1, true, false)
		q := w.join(Party{Epoch: 2, Resumed: true, Handover: "once"})
		if c := q.said(wire.TypeWelcome); c[0].Handover != "once" {
			t.Errorf("welcome %+v", c)
		}
		v.epoch = 2
		if p.c.code != wire.CloseMoved {
			t.Errorf("the tab was closed with %d", p.c.code)
		}
		if v.state().Presenter.ViewOnly || !v.me().View {
			t.Errorf("with the program: %+v", v.state())
		}
		v.control(wire.Control{Type: wire.TypeAsk, Control: true})
		if v.me().Asking != "control" {
			t.Error("control cannot be asked for")
		}
		q.grant(1, true, true)
		v.send(wire.KindInput, 0, 1, wire.AppendInput(nil, 0))
		if len(q.take(wire.KindInput)) != 1 {
			t.Error("control does nothing")
		}
		back := w.join(Party{Epoch: 3, Resumed: true})
		v.epoch = 3
		back.sharesViewOnly()
		if me := v.me(); me.Control || me.May || !me.View || !v.state().Presenter.ViewOnly {
			t.Errorf("with the tab again: %+v", me)
		}
	})
}
