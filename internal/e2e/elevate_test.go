package e2e

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"

	"pindesk/internal/presenter"
	"pindesk/internal/wire"
)

// TestElevate: the wish of who controls has the presenter go on in another process, of the same party. Viewers and what they may do
// stay, the first process ends by itself, and the guest is asked each time.
func TestElevate(t *testing.T) {
	s := startSite(t, nil)
	pin, desk, other, g := s.newPIN(), newFakeDesktop(320, 200), newFakeDesktop(320, 200), newGuest()
	var next atomic.Pointer[sharing]
	first := s.present(pin, presenter.Config{Name: "desk", Screen: desk, Input: desk, Guest: g, Consent: presenter.Ask, Privileges: wire.PrivilegesUser,
		Elevate: func(ctx context.Context, leave func() presenter.Succession) error {
			left := leave()
			if left.Broker != s.url || left.PIN != pin {
				return errors.New("another session")
			}
			next.Store(s.present(pin, presenter.Config{Name: "desk", Screen: other, Input: other, Guest: g, Consent: presenter.Ask, Privileges: wire.PrivilegesAdmin, Inherit: &left}))
			<-ctx.Done()
			return ctx.Err()
		}})
	v := s.viewAs("Ann", pin, "")
	g.wantQuestion(t.Fatal)
	g.answers <- true
	eventually(t, "the picture", func() bool { return v.differs(desk) == 0 })
	watcher := s.viewAs("Bob", pin, "")
	g.wantQuestion(t.Fatal)
	g.answers <- true
	eventually(t, "the second viewer", func() bool { return watcher.me().View })
	v.control(wire.Control{Type: wire.TypeAsk, Control: true})
	g.wantQuestion(t.Fatal)
	g.answers <- true
	eventually(t, "control", func() bool { return v.me().Control })

	privileges := func() wire.Privileges {
		v.mu.Lock()
		defer v.mu.Unlock()
		if v.state.Presenter == nil {
			return ""
		}
		return v.state.Presenter.Privileges
	}
	refused := func() int { v.mu.Lock(); defer v.mu.Unlock(); return len(v.refused) }
	eventually(t, "it is offered", func() bool { return privileges() == wire.PrivilegesUser })
	for _, yes := range []bool{false, true} {
		v.control(wire.Control{Type: wire.TypeElevate})
		if q := g.wantQuestion(t.Fatal); !q.Elevate || q.Name != "Ann" {
			t.Fatalf("the guest was asked %+v", q)
		}
		g.answers <- yes
		if !yes {
			eventually(t, "the no is told", func() bool { return refused() == 1 && v.me().Asking == "" })
			if next.Load() != nil || privileges() != wire.PrivilegesUser {
				t.Error("it was done all the same")
			}
		}
	}
	if err := <-first.ended; !errors.Is(err, presenter.ErrElevated) {
		t.Errorf("the first process ended with %v", err)
	}
	close(first.ended)
	eventually(t, "the other process shares", func() bool { return privileges() == wire.PrivilegesAdmin })
	if me := v.me(); !me.View || !me.Control || me.Held || me.Why != "" || !watcher.me().View {
		t.Errorf("who controls is now %+v, who watches %+v", me, watcher.me())
	}
	eventually(t, "its picture is exact", func() bool { return v.differs(other) == 0 && watcher.differs(other) == 0 })
	before := len(desk.typed())
	eventually(t, "input goes to it", func() bool { v.input(1, key("x")); return len(other.typed()) > 0 })
	if len(desk.typed()) != before {
		t.Error("the first process still takes input")
	}
	if v.closedWith() != 0 || refused() != 1 {
		t.Errorf("the viewer was closed with %d, and refused %d times", v.closedWith(), refused())
	}
}
