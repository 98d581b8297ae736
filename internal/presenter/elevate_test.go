package presenter

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gorilla/websocket"

	"pindesk/internal/wire"
)

// starter is Config.Elevate of a test: it takes what is left, and ends as the test says.
type starter struct {
	left []Succession
	ends chan error
}

func (s *starter) elevate(ctx context.Context, leave func() Succession) error {
	s.left = append(s.left, leave())
	select {
	case err := <-s.ends:
		return err
	case <-ctx.Done():
		return ctx.Err()
	}
}

func withStarter(s *starter) func(*Config) {
	return func(c *Config) { c.PIN, c.Privileges, c.Elevate = "7W2-97-8570", wire.PrivilegesUser, s.elevate }
}

// Each wish is asked of the guest, No is the default, no input passes until all is over, and the viewer is told how it has ended.
func TestElevateAsksTheGuest(t *testing.T) {
	start := &starter{}
	inRoom(t, ControlFree, func(r *room) { // control needs no yes; this does, whatever the consent
		start.ends = make(chan error) // of the bubble
		r.s.grant(2, rights{control: true})
		r.s.grant(1, rights{control: true})
		if got := r.last(wire.TypePrivileges).Privileges; got != wire.PrivilegesUser {
			t.Errorf("the relay was told %q", got)
		}
		refused := func(why string) {
			t.Helper()
			if c := r.last(wire.TypeRefuse); c.Viewer != 1 || !c.Elevate || c.Reason != why {
				t.Errorf("told %+v, want the reason %q", c, why)
			}
		}
		for _, viewer := range []uint16{2, 3} {
			r.says(viewer, wire.Control{Type: wire.TypeElevate})
			r.noQuestion("it does not control")
		}
		ask := func() {
			t.Helper()
			r.says(1, wire.Control{Type: wire.TypeElevate})
			if q := r.question(); !q.Elevate || q.Control || q.Name != "A" {
				t.Errorf("the guest is asked %+v", q)
			}
		}
		ask()
		r.answer(false)
		refused("")
		if len(start.left) != 0 {
			t.Error("another process was started")
		}
		for _, end := range []struct {
			err error
			why string
		}{{ErrDeclined, wire.ReasonDeclined}, {errors.New("no such file"), wire.ReasonFailed}} {
			ask()
			r.guest.answers <- true
			synctest.Wait()
			if _, may := r.p.grants.mayControl(1); may || !r.p.left.Load() {
				t.Error("while the other process begins, input counts")
			}
			start.ends <- end.err
			r.answered()
			refused(end.why)
			if _, may := r.p.grants.mayControl(1); !may || r.p.left.Load() {
				t.Error("afterwards it counts no more")
			}
		}
		want := []Bequest{{Viewer: 1, View: true, Control: true, May: true}, {Viewer: 2, View: true, May: true}, {Viewer: 3}}
		got := start.left[0]
		if len(got.Grants) != 3 || got.Grants[0] != want[0] || got.Grants[1] != want[1] || got.Grants[2] != want[2] || got.PIN != r.p.cfg.PIN {
			t.Errorf("left %+v", got)
		}

		// Whose wish it was loses control: the question goes, and so does the other process.
		ask()
		r.guest.answers <- true
		synctest.Wait()
		_ = r.p.TakeControl()
		r.s.consent.review()
		r.answered()
		r.want("after it was taken back", map[uint16]rights{1: sees})
	}, withStarter(start))
}

// Where nothing can be started, or nobody asked, it is neither offered nor done.
func TestElevateIsNotOffered(t *testing.T) {
	start := &starter{}
	for name, change := range map[string]func(*Config){
		"no way":            func(c *Config) { c.Elevate = nil },
		"nobody to ask":     func(c *Config) { c.Guest = nil },
		"it does not say":   func(c *Config) { c.Privileges = wire.PrivilegesUnsaid },
		"it is one already": func(c *Config) { c.Privileges = wire.PrivilegesAdmin },
	} {
		t.Run(name, func(t *testing.T) {
			inRoom(t, ControlFree, func(r *room) {
				if got := r.last(wire.TypePrivileges).Privileges; got == wire.PrivilegesUser {
					t.Errorf("the relay was told %q", got)
				}
				r.s.grant(1, rights{control: true})
				r.says(1, wire.Control{Type: wire.TypeElevate})
				r.noQuestion(name)
				if c := r.last(wire.TypeRefuse); !c.Elevate || c.Reason != wire.ReasonFailed {
					t.Errorf("told %+v", c)
				}
			}, withStarter(start), change)
		})
	}
	if len(start.left) != 0 {
		t.Error("another process was started")
	}
}

// What was left counts as far as the relay knows it, and only of the same party.
func TestInherit(t *testing.T) {
	all := []Bequest{{Viewer: 1, View: true, Control: true, May: true}, {Viewer: 2, View: true, May: true}, {Viewer: 3, View: true}, {Viewer: 4, AskView: true}}
	for name, c := range map[string]struct {
		resumed bool
		want    map[uint16]rights
	}{
		"the same party": {true, map[uint16]rights{1: controls, 2: sees, 3: nothing}},
		"another one":    {false, map[uint16]rights{1: nothing, 2: nothing, 3: nothing}},
	} {
		frozen(t, func(*websocket.Conn) {}, func(l *link) {
			p, err := New(Config{Broker: "http://x", Consent: Ask, Guest: &hearing{}, Input: &recorder{}, Screen: noScreen{},
				Inherit: &Succession{Resume: "r", Grants: all, AskControl: true}})
			if err != nil {
				t.Fatal(err)
			}
			s := newSharing(p, l)
			defer s.stop()
			say := func(c wire.Control) {
				t.Helper()
				if err := s.note(note{kind: wire.KindControl, control: c}, time.Now()); err != nil {
					t.Fatal(err)
				}
			}
			if p.resume != "r" {
				t.Errorf("it shows %q", p.resume)
			}
			say(wire.Control{Type: wire.TypeWelcome, Epoch: 2, Resume: "next", Resumed: c.resumed})
			if _, may := p.grants.mayControl(1); may {
				t.Error("who controls does before the relay has named it")
			}
			say(wire.Control{Type: wire.TypeState, Epoch: 2, Viewers: []wire.ViewerState{
				{Viewer: 1, Online: true, Attach: 1, View: true, Control: true, May: true},
				{Viewer: 2, Online: true, Attach: 1, View: true}, // it has given the permission back
				{Viewer: 3, Online: true, Attach: 1},
			}})
			for viewer, want := range c.want {
				if g := p.grants.get(viewer); (rights{g.view, g.control, g.may}) != want {
					t.Errorf("%s: viewer %d has %+v, want %+v", name, viewer, g, want)
				}
			}
			if !p.grants.askControl || p.grants.get(4).view {
				t.Errorf("%s: what the guest has taken back is forgotten", name)
			}
		})
	}
}

// A process that cannot go on in the other one's place in time leaves that to it.
func TestInheritInTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p, err := New(Config{Broker: "http://127.0.0.1:1", Consent: Ask, Guest: &hearing{}, Input: &recorder{}, Screen: noScreen{}, Inherit: &Succession{Resume: "r"}})
		if err != nil {
			t.Fatal(err)
		}
		if p.late() {
			t.Error("late at once")
		}
		time.Sleep(inheritTime + time.Second)
		if !p.late() {
			t.Error("never late")
		}
		p.resume = "next" // it has shared
		if p.late() {
			t.Error("late after it has shared")
		}
	})
}
