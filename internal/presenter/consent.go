package presenter

import (
	"context"
	"errors"
	"sync"
	"time"

	"pindesk/internal/wire"
)

// questionTime is how long a question stays open: nobody answers means no.
const questionTime = 90 * time.Second

// wish is one viewer's wish.
type wish struct {
	viewer  uint16
	control bool
}

// answer is the guest's answer to a wish. void means that the viewer has gone meanwhile.
type answer struct {
	wish
	yes, void bool
}

// consent decides on wishes, by the guest where Config.Consent says so. It is owned by the
// loop; only the open question runs in a goroutine of its own.
type consent struct {
	s       *sharing
	answers chan answer
	waiting []wish
	viewers map[uint16]wire.ViewerState

	open      *wish // before the guest now
	withdrawn bool  // open is: its viewer has left, and may be back with a new wish
	cancel    context.CancelFunc
	asking    sync.WaitGroup
}

func (c *consent) init(s *sharing) {
	c.s, c.answers = s, make(chan answer, 1)
}

// close withdraws an open question.
func (c *consent) close() {
	if c.open != nil {
		c.cancel()
	}
	c.asking.Wait()
	c.s.p.grants.ask(false)
}

// state takes over who is here. Wishes of who has left are dropped.
func (c *consent) state(viewers []wire.ViewerState) error {
	before := c.viewers
	c.viewers = map[uint16]wire.ViewerState{}
	for _, v := range viewers {
		c.viewers[v.Viewer] = v
		if old := before[v.Viewer]; v.Online != old.Online || v.View != old.View || v.Control != old.Control {
			c.tellGuest(v, old)
		}
	}
	kept := c.waiting[:0]
	for _, w := range c.waiting {
		if c.viewers[w.viewer].Online {
			kept = append(kept, w)
		}
	}
	c.waiting = kept
	for n := range before {
		if !c.viewers[n].Online {
			c.s.pace.forget(n)
		}
	}
	if c.open != nil && !c.viewers[c.open.viewer].Online {
		c.withdrawn = true
		c.cancel()
	}
	return nil
}

// tellGuest says who watches and who controls.
func (c *consent) tellGuest(now, before wire.ViewerState) {
	say, name := c.s.p.cfg.Say, Says(now.Name)
	switch {
	case now.Online && now.Control && !(before.Online && before.Control):
		say("%s sees this screen and controls it.", name)
	case now.Online && now.View && before.Online && before.Control && !now.Control:
		say("%s controls this computer no more.", name)
	case now.Online && now.View && !(before.Online && before.View && !before.Control):
		say("%s sees this screen.", name)
	case !now.Online && before.Online && before.View:
		say("%s has left.", name)
	case !now.View && before.View:
		say("%s sees this screen no more.", name)
	}
}

// Says shows a self-declared name as what it is.
func Says(name string) string {
	if name == "" {
		return "Somebody without a name"
	}
	return "Somebody who says to be “" + name + "”"
}

// asked takes a wish of a viewer.
func (c *consent) asked(viewer uint16, control bool) error {
	g, p := c.s.p.grants.get(viewer), c.s.p
	switch {
	case !g.online:
		return nil // it has left meanwhile
	case control && !g.control && p.cfg.Consent == ControlFree:
		return c.s.grant(viewer, true, true)
	case !control && !g.view && p.cfg.Consent != Ask:
		// With free control the first viewer gets it at once; others take it over by asking.
		return c.s.grant(viewer, true, p.cfg.Consent == ControlFree && !p.grants.controlled())
	case control && g.control, !control && g.view:
		return c.s.grant(viewer, g.view, g.control) // the relay had not heard of it
	}
	w := wish{viewer, control}
	if c.open != nil && *c.open == w && !c.withdrawn {
		return nil
	}
	for _, o := range c.waiting {
		if o == w {
			return nil
		}
	}
	c.waiting = append(c.waiting, w)
	return c.next()
}

// next puts the oldest wish before the guest. From before it is shown until after it is
// answered no input reaches the desktop.
func (c *consent) next() error {
	if c.open != nil || len(c.waiting) == 0 {
		return nil
	}
	w := c.waiting[0]
	c.waiting = c.waiting[1:]
	ctx, cancel := context.WithTimeout(context.Background(), questionTime)
	c.open, c.withdrawn, c.cancel = &w, false, cancel
	c.s.p.grants.ask(true)
	c.s.p.inject.check()
	v := c.viewers[w.viewer]
	c.asking.Go(func() {
		defer cancel()
		yes := c.s.p.cfg.Guest.Ask(ctx, Question{Name: v.Name, Twin: v.Twin, Control: w.control})
		c.answers <- answer{w, yes && ctx.Err() == nil, errors.Is(ctx.Err(), context.Canceled)}
	})
	return c.s.tell(wire.Control{Type: wire.TypeQuestion, Open: true})
}

// answered takes the guest's answer.
func (c *consent) answered(a answer) error {
	c.open = nil
	c.s.p.grants.ask(false)
	if err := c.s.tell(wire.Control{Type: wire.TypeQuestion}); err != nil {
		return err
	}
	var err error
	switch {
	case a.void:
	case a.yes:
		err = c.s.grant(a.viewer, true, a.control)
	default:
		err = c.s.tell(wire.Control{Type: wire.TypeRefuse, Viewer: a.viewer, Control: a.control})
	}
	if err != nil {
		return err
	}
	return c.next()
}
