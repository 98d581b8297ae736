package presenter

import (
	"slices"

	"pindesk/internal/transfer"
)

// ErrChoose is returned by SendFile when it is to be said which viewer is meant.
var ErrChoose = transfer.ErrChoose

// SendFile offers a file of this computer to a viewer that sees the screen; 0: to the only one. The
// error is for the guest. It may be called by any goroutine while Run runs.
func (p *Presenter) SendFile(path string, viewer uint16) error { return p.files.Send(path, viewer) }

// CancelFiles ends all transfers of files and returns how many there were. It may be called by any
// goroutine while Run runs.
func (p *Presenter) CancelFiles() int { return p.files.Cancel() }

// tellFiles says who may have a share in files now.
func (s *sharing) tellFiles() { s.p.files.Viewers(s.p.grants.seeing()) }

// seeing returns the viewers that may see the screen, also those that are away.
func (g *grants) seeing() (all []transfer.Viewer) {
	g.mu.Lock()
	defer g.mu.Unlock()
	for n, v := range g.of {
		if v.view {
			all = append(all, transfer.Viewer{Number: n, Name: SaysInside(v.name), Here: v.online && !v.held, Attach: v.attach})
		}
	}
	return all
}

// unasked reports whether the guest wants no question even about control.
func (g *grants) unasked(c Consent) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	return c == ControlFree && !g.askControl
}

// file puts a wish about a file before the guest, or takes one back.
func (c *consent) file(w transfer.Wish) error {
	if !w.Withdrawn {
		return c.put(wish{viewer: w.Viewer, file: w})
	}
	is := func(o wish) bool { return o.viewer == w.Viewer && o.file.Number == w.Number }
	c.waiting = slices.DeleteFunc(c.waiting, is)
	if c.open != nil && is(*c.open) {
		c.withdrawn = true
		c.cancel()
	}
	return nil
}
