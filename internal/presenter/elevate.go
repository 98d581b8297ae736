package presenter

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"pindesk/internal/wire"
)

// Times of going on as administrator.
const (
	elevateTime = 4 * time.Minute  // for the system's own question, and for the other process until it shares
	inheritTime = 20 * time.Second // in which the other process gets its first connection, or gives up
)

// ErrDeclined is Config.Elevate's when a person has said no to the system's question.
var ErrDeclined = errors.New("the system's question was answered with no")

// ErrElevated is returned by Run when this program goes on as administrator: another process of it shares.
var ErrElevated = fmt.Errorf("%w as administrator", ErrMoved)

// errLate ends a process that should have gone on in the place of another one, which does so itself.
var errLate = fmt.Errorf("%w: there was no connection in time to go on in the other program's place", errRefused)

// Succession is what a process leaves to the next one of the same program and person, which goes on in its place. It
// holds a secret.
type Succession struct {
	Broker     string    `json:"broker"`
	PIN        string    `json:"pin"`
	Resume     string    `json:"resume"`                // the resume secret
	Grants     []Bequest `json:"grants"`                // these hold as far as the relay knows them, too
	AskControl bool      `json:"ask_control,omitempty"` // control needs a yes, whatever Config.Consent says
}

// Bequest is what one viewer may do.
type Bequest struct {
	Viewer  uint16 `json:"viewer"`
	View    bool   `json:"view,omitempty"`
	Control bool   `json:"control,omitempty"`
	May     bool   `json:"may,omitempty"`
	AskView bool   `json:"ask_view,omitempty"` // the guest has ended its view
}

// leave is what the grants leave to the next process.
func (g *grants) leave() (all []Bequest, askControl bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	for n, v := range g.of {
		all = append(all, Bequest{n, v.view, v.control, v.may, v.askView})
	}
	slices.SortFunc(all, func(a, b Bequest) int { return int(a.Viewer) - int(b.Viewer) })
	return all, g.askControl
}

// inherit takes over what another process has left. All of it is in doubt until the relay has named it.
func (g *grants) inherit(s Succession) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.askControl = s.AskControl
	for _, b := range s.Grants {
		g.of[b.Viewer] = grant{view: b.View || b.Control || b.May, control: b.Control, may: b.May || b.Control, askView: b.AskView}
	}
}

// inherited is the secret that this process was started with; "" if it was started by itself.
func (p *Presenter) inherited() string {
	if p.cfg.Inherit != nil {
		return p.cfg.Inherit.Resume
	}
	return p.cfg.Handover
}

// late reports whether this process should have gone on in another one's place by now.
func (p *Presenter) late() bool {
	return p.cfg.Inherit != nil && p.resume == p.cfg.Inherit.Resume && time.Since(p.start) > inheritTime
}

// canElevate reports whether there is something to ask the guest.
func (p *Presenter) canElevate() bool {
	return p.cfg.Elevate != nil && p.cfg.Guest != nil && p.cfg.Privileges == wire.PrivilegesUser
}

// tellPrivileges tells the relay what can be wished for.
func (s *sharing) tellPrivileges() error {
	of := s.p.cfg.Privileges
	if of == wire.PrivilegesUser && !s.p.canElevate() {
		of = wire.PrivilegesUnsaid
	}
	if of == wire.PrivilegesUnsaid {
		return nil
	}
	return s.tell(wire.Control{Type: wire.TypePrivileges, Privileges: of})
}

// elevate takes the wish of who controls that this program goes on as administrator.
func (c *consent) elevate(viewer uint16) error {
	w := wish{viewer: viewer, elevate: true}
	if !c.s.p.canElevate() || !c.stands(w) {
		return c.refuseElevate(viewer, wire.ReasonFailed)
	}
	return c.put(w)
}

// elevating has the other process go on, after the guest's yes. Input stays stopped meanwhile. It returns how it has failed;
// if it has not, this connection ends, and with it ctx.
func (c *consent) elevating(ctx context.Context) error {
	p := c.s.p
	ctx, cancel := context.WithTimeout(ctx, elevateTime)
	defer cancel()
	err := p.cfg.Elevate(ctx, func() Succession {
		p.left.Store(true)
		s := Succession{Broker: p.cfg.Broker, PIN: p.cfg.PIN, Resume: p.resume}
		s.Grants, s.AskControl = p.grants.leave()
		return s
	})
	if !errors.Is(ctx.Err(), context.Canceled) {
		p.left.Store(false)
	}
	return err
}

// elevated takes the end of a wish that did not come true.
func (c *consent) elevated(a answer) error {
	reason := ""
	switch {
	case a.yes && errors.Is(a.err, ErrDeclined):
		reason = wire.ReasonDeclined
	case a.yes:
		reason = wire.ReasonFailed
		c.s.p.cfg.Log.Warn("this program could not go on as administrator", "err", a.err)
	}
	return c.refuseElevate(a.viewer, reason)
}

func (c *consent) refuseElevate(viewer uint16, reason string) error {
	return c.s.tell(wire.Control{Type: wire.TypeRefuse, Viewer: viewer, Elevate: true, Reason: reason})
}
