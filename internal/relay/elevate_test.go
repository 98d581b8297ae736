package relay

import (
	"testing"

	"pindesk/internal/wire"
)

// The wish that the presenter goes on as administrator is passed on from who controls only, while it is offered; the
// next attach ends it, and only its word tells that it has come true.
func TestElevate(t *testing.T) {
	bubble(t, func(t *testing.T) {
		w := newWorld(t)
		p, a, b := w.presenter(1), w.viewer(1, 1), w.viewer(2, 1)
		var seen []Event
		w.h.observe = func(e Event) {
			if e.Right == asksElevate {
				seen = append(seen, e)
			}
		}
		elevate := wire.Control{Type: wire.TypeElevate}
		says := func(of wire.Privileges) {
			p.control(wire.Control{Type: wire.TypePrivileges, Privileges: of})
		}
		heard := func(n int, what string) {
			t.Helper()
			if got := p.said(wire.TypeElevate); len(got) != n {
				t.Fatalf("%s: the presenter heard %d wishes, want %d", what, len(got), n)
			}
		}
		p.grant(1, true, true)
		p.grant(2, true, false)
		a.control(elevate)
		heard(0, "it is not offered")
		says("root")
		a.control(elevate)
		heard(0, "what nobody knows is no offer")
		says(wire.PrivilegesAdmin)
		a.control(elevate)
		heard(0, "it is so already")
		says(wire.PrivilegesUser)
		b.control(elevate)
		heard(0, "who does not control")
		p.control(wire.Control{Type: wire.TypeQuestion, Open: true})
		a.control(elevate)
		heard(0, "while the guest is asked")
		p.control(wire.Control{Type: wire.TypeQuestion})
		a.control(elevate)
		a.control(elevate)
		heard(1, "who controls, once")
		if got := b.state(); got.Viewers[0].Asking != asksElevate || got.Presenter.Privileges != wire.PrivilegesUser {
			t.Errorf("everybody sees %+v", got)
		}
		p.grant(1, true, true) // named again
		if a.me().Asking != asksElevate {
			t.Error("a grant of control has answered it")
		}
		p.grant(2, true, true)
		if a.me().Asking != "" {
			t.Error("it outlives control")
		}
		p.grant(1, true, true)
		a.control(elevate)
		p.control(wire.Control{Type: wire.TypeRefuse, Viewer: 1, Elevate: true, Reason: wire.ReasonFailed})
		p.control(wire.Control{Type: wire.TypeRefuse, Viewer: 1, Elevate: true, Reason: wire.ReasonDeclined}) // nothing is asked any more
		a.control(elevate)
		p.control(wire.Control{Type: wire.TypeRefuse, Viewer: 1, Elevate: true, Reason: wire.ReasonDeclined})
		refused := a.said(wire.TypeRefused)
		if len(refused) != 2 || !refused[0].Elevate || refused[0].Reason != wire.ReasonFailed || refused[1].Reason != wire.ReasonDeclined || refused[1].Blocked {
			t.Errorf("the viewer hears %+v", refused)
		}
		a.control(elevate)
		heard(4, "before the next attach")
		next := w.join(Party{Epoch: 2, Resumed: true})
		if me := a.me(); me.Asking != "" || !me.Control {
			t.Errorf("after the attach: %+v", me)
		}
		if got := next.said(wire.TypeElevate); len(got) != 0 {
			t.Errorf("the next one is asked: %+v", got)
		}
		next.control(wire.Control{Type: wire.TypePrivileges, Privileges: wire.PrivilegesAdmin})
		if got := b.state().Presenter.Privileges; got != wire.PrivilegesAdmin {
			t.Errorf("it is %q", got)
		}
		next.control(wire.Control{Type: wire.TypePrivileges, Privileges: wire.PrivilegesAdmin})
		var what []What
		for _, e := range seen {
			what = append(what, e.What)
		}
		if len(what) != 6 || what[3] != Refused || what[5] != Granted || seen[5].Viewer != 1 {
			t.Errorf("the log has %v", what)
		}
	})
}

// A viewer that was denied three times, this included, is heard no more.
func TestElevateIsADenial(t *testing.T) {
	bubble(t, func(t *testing.T) {
		w := newWorld(t)
		p, a := w.presenter(1), w.viewer(1, 1)
		p.control(wire.Control{Type: wire.TypePrivileges, Privileges: wire.PrivilegesUser})
		p.grant(1, true, true)
		for range maxDenials {
			a.control(wire.Control{Type: wire.TypeElevate})
			p.control(wire.Control{Type: wire.TypeRefuse, Viewer: 1, Elevate: true})
		}
		a.control(wire.Control{Type: wire.TypeElevate})
		if got := p.said(wire.TypeElevate); len(got) != maxDenials {
			t.Errorf("the presenter heard %d", len(got))
		}
		if got := a.said(wire.TypeRefused); len(got) != maxDenials+1 || !got[maxDenials].Blocked || !a.me().View {
			t.Errorf("the viewer hears %+v", got)
		}
	})
}
