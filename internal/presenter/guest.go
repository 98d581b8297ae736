package presenter

import (
	"errors"
	"slices"
	"time"
)

// Watcher is a viewer as its guest may know it.
type Watcher struct {
	Viewer  uint16 // its number in this session
	Name    string // self-declared, may be empty
	Twin    bool   // another viewer has the same name
	View    bool   // sees the screen
	Control bool   // controls the computer
	May     bool   // gets control without a question when it wants it
}

// Watchers returns the viewers that are here now, also those that wait for the guest's yes, by
// their numbers. It may be called by any goroutine.
func (p *Presenter) Watchers() (all []Watcher) {
	g := p.grants
	g.mu.Lock()
	defer g.mu.Unlock()
	for n, v := range g.of {
		if v.online {
			all = append(all, Watcher{n, v.name, v.twin, v.view, v.control, v.may})
		}
	}
	slices.SortFunc(all, func(a, b Watcher) int { return int(a.Viewer) - int(b.Viewer) })
	return all
}

// TakeControl takes control, and every permission for it, back from everybody. It counts at
// once; from now on control needs a yes of the guest, whatever Config.Consent says. The error is for
// the guest: there was nothing to take. It may be called by any goroutine.
func (p *Presenter) TakeControl() error {
	taken := p.grants.revoke(func(_ uint16, v *grant) bool {
		had := v.control || v.may
		v.control, v.may = false, false
		return had
	}, true)
	p.inject.check()
	p.cfg.Observer.People()
	if !taken {
		return errors.New("nobody but you controls this computer")
	}
	return nil
}

// EndView ends what one viewer sees and may do. It counts at once; the viewer sees the screen
// again only after a yes of the guest. The error is for the guest: no such viewer sees the
// screen. It may be called by any goroutine.
func (p *Presenter) EndView(viewer uint16) error {
	ended := p.grants.revoke(func(n uint16, v *grant) bool {
		if n != viewer || !v.view {
			return false
		}
		v.view, v.control, v.may, v.askView = false, false, false, true
		return true
	}, false)
	p.inject.check()
	p.cfg.Observer.People()
	if !ended {
		return errors.New("nobody with that number sees this screen")
	}
	return nil
}

// Observer hears what happens, for a guest who has a window instead of lines of text. Its methods are
// called by the presenter's goroutines and must not wait.
type Observer interface {
	Connected()
	Disconnected(about Reason, why string, pause time.Duration) // for so long, then it is tried again
	People()                                                    // Watchers may return others now
	Verified(organisation string)                               // whose session it is
	Heard(line Heard)                                           // in the chat
}

// Heard is a line of the chat.
type Heard struct {
	Own     bool   // said at this computer, by an earlier process
	Name    string // self-declared, may be empty
	Text    string
	Waiting bool // the guest has not let this one in
}

// unobserved is an Observer that nobody needs.
type unobserved struct{}

func (unobserved) Connected()                                 {}
func (unobserved) Disconnected(Reason, string, time.Duration) {}
func (unobserved) People()                                    {}
func (unobserved) Verified(string)                            {}
func (unobserved) Heard(Heard)                                {}

// revoke changes grants for the guest, and reports whether it has changed one.
func (g *grants) revoke(change func(viewer uint16, v *grant) bool, askControl bool) (some bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	defer g.turnLocked()
	g.askControl = g.askControl || askControl
	for n, v := range g.of {
		if change(n, &v) {
			g.of[n], g.untold[n], some = v, true, true
		}
	}
	if some {
		select {
		case g.news <- struct{}{}:
		default:
		}
	}
	return some
}

// changed returns whose grants the guest has changed since the last call, to be told to the
// relay: not viewers of which the relay has not said yet whether they are still here.
func (g *grants) changed() (all []uint16) {
	g.mu.Lock()
	defer g.mu.Unlock()
	for n := range g.untold {
		v, known := g.of[n]
		if known && v.doubt {
			continue
		}
		if known {
			all = append(all, n)
		}
		delete(g.untold, n)
	}
	return all
}

// tellGrants tells the relay what the guest has changed.
func (s *sharing) tellGrants() error {
	if s.epoch == 0 {
		return nil // welcome comes first, and names all
	}
	for _, viewer := range s.p.grants.changed() {
		if err := s.granted(viewer); err != nil {
			return err
		}
	}
	return nil
}
