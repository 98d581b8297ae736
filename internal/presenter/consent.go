package presenter

import (
	"context"
	"slices"
	"strings"
	"sync"
	"time"

	"pindesk/internal/transfer"
	"pindesk/internal/wire"
)

// questionTime is how long a question stays open: nobody answers means no.
const questionTime = 90 * time.Second

// wish is one viewer's wish.
type wish struct {
	viewer  uint16
	control bool          // it, or to, controls
	to      uint16        // who shall control in its place; 0: it wishes for itself
	file    transfer.Wish // it is about a file, if its Number is not 0
	elevate bool          // that this program goes on as administrator
}

// answer is the guest's answer to a wish. void means that the viewer has gone meanwhile.
type answer struct {
	wish
	yes, void bool
	path      string // of a file that is given
	err       error  // of going on as administrator
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
	c.review()
	for n := range before {
		v := c.viewers[n]
		for _, st := range c.s.p.streams {
			if !v.Online || v.Stream != st.number {
				st.pace.forget(n)
			}
		}
	}
	return nil
}

// review drops wishes that cannot come true any more, and withdraws the question about one.
func (c *consent) review() {
	c.waiting = slices.DeleteFunc(c.waiting, func(w wish) bool { return !c.stands(w) })
	if c.open != nil && !c.stands(*c.open) {
		c.withdrawn = true
		c.cancel()
	}
}

// stands reports whether there is still somebody to be given what a wish is for.
func (c *consent) stands(w wish) bool {
	if w.to != 0 {
		return c.s.p.grants.canHand(w.viewer, w.to)
	}
	if w.file.Number != 0 {
		g := c.s.p.grants.get(w.viewer)
		return g.online && g.view && !g.held
	}
	if w.elevate {
		g := c.s.p.grants.get(w.viewer)
		return g.online && g.control && !g.held
	}
	return c.s.p.grants.get(w.viewer).online
}

// tellGuest says who watches and who controls.
func (c *consent) tellGuest(now, before wire.ViewerState) {
	say, name := c.s.p.cfg.Say, Says(now.Name)
	switch {
	case now.Online && now.Control && !(before.Online && before.Control):
		back := " To take control back, type /take and press Enter."
		if c.s.p.cfg.Consent == ControlFree { // perhaps nobody is there to type
			back = ""
		}
		say("%s sees this screen and controls it.%s", name, back)
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
	s := SaysInside(name)
	return strings.ToUpper(s[:1]) + s[1:]
}

// SaysInside is Says within a sentence.
func SaysInside(name string) string {
	if name == "" {
		return "somebody without a name"
	}
	return "somebody who says to be “" + name + "”"
}

// asked takes a wish of a viewer.
func (c *consent) asked(viewer uint16, control bool) error {
	p := c.s.p
	switch {
	case !p.grants.get(viewer).online:
		return nil // it has left meanwhile
	case p.grants.free(viewer, control, p.cfg.Consent):
		return c.s.granted(viewer) // also when it had it and the relay has not heard of it
	}
	return c.put(wish{viewer: viewer, control: control})
}

// handed takes a viewer's wish that another one controls in its place.
func (c *consent) handed(from, to uint16) error {
	switch done, ok := c.s.p.grants.hand(from, to, c.s.p.cfg.Consent); {
	case done:
		return c.s.granted(to)
	case !ok:
		return c.s.granted(from) // the relay learns that nothing comes of it
	}
	return c.put(wish{viewer: from, control: true, to: to})
}

// put has the guest asked about a wish, in its turn.
func (c *consent) put(w wish) error {
	if c.s.p.cfg.Guest == nil { // nobody was there to ask from the start
		return c.refuse(w)
	}
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
	whole, cancel := context.WithCancel(context.Background())
	c.open, c.withdrawn, c.cancel = &w, false, cancel
	c.s.p.grants.ask(true)
	c.s.p.inject.check()
	v, to := c.viewers[w.viewer], c.viewers[w.to]
	q := Question{Name: v.Name, Twin: v.Twin, Control: w.control, Hand: w.to != 0, To: to.Name, ToTwin: to.Twin, Share: c.s.p.clips.way, Elevate: w.elevate}
	if w.file.Number != 0 {
		q.File = &w.file
	}
	c.asking.Go(func() {
		defer cancel()
		ctx, end := context.WithTimeout(whole, questionTime)
		defer end()
		a := answer{wish: w}
		if picker, can := c.s.p.cfg.Guest.(FilePicker); can && w.file.Give {
			a.path = picker.PickFile(ctx, q)
			a.yes = a.path != ""
		} else if !w.file.Give {
			a.yes = c.s.p.cfg.Guest.Ask(ctx, q)
		}
		a.yes = a.yes && ctx.Err() == nil
		if a.yes && w.elevate {
			a.err = c.elevating(whole)
		}
		a.void = whole.Err() != nil
		c.answers <- a
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
	case a.void, a.to != 0 && !c.stands(a.wish):
	case a.elevate:
		err = c.elevated(a)
	case a.file.Number != 0:
		c.s.p.files.Answer(a.file, transfer.Answer{Yes: a.yes, Path: a.path})
	case a.yes && a.to != 0:
		err = c.s.grant(a.to, rights{control: true})
	case a.yes:
		err = c.s.grant(a.viewer, rights{view: true, control: a.control})
	default:
		err = c.refuse(a.wish)
	}
	if err != nil {
		return err
	}
	return c.next()
}

func (c *consent) refuse(w wish) error {
	if w.file.Number != 0 {
		c.s.p.files.Answer(w.file, transfer.Answer{})
		return nil
	}
	if w.elevate {
		return c.refuseElevate(w.viewer, "")
	}
	return c.s.tell(wire.Control{Type: wire.TypeRefuse, Viewer: w.viewer, Control: w.control, To: w.to})
}
