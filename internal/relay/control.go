package relay

import (
	"slices"
	"time"

	"pindesk/internal/wire"
)

// controlLocked queues a control message; viewer is stamped on it (0: from the relay).
func (f *feed) controlLocked(to *member, c wire.Control, viewer uint16) {
	m := ownMessage(wire.AppendControl(nil, f.epoch, viewer, c))
	defer m.release()
	sub := uint8(0)
	if c.Type == wire.TypeState {
		sub = subState
	}
	f.putLocked(to, m, wire.KindControl, sub)
}

// controlOf parses a control message, without the lock: a sender of much garbage must not
// hold the others up. Other kinds give an empty Control.
func (f *feed) controlOf(h wire.Header, body []byte) (c wire.Control, ok bool) {
	if h.Kind != wire.KindControl {
		return wire.Control{}, true
	}
	c, err := wire.ParseControl(body)
	if err != nil {
		f.h.drop(dropMalformed)
	}
	if c.Type == wire.TypeChat {
		c.Text = wire.CleanChat(c.Text)
	}
	return c, err == nil
}

// stateLocked tells everybody who is here and who may what. It is always the whole state,
// so that the newest one is enough.
func (f *feed) stateLocked() {
	if f.ended {
		return
	}
	f.told = time.Now()
	names := map[string]int{}
	for _, v := range f.viewers {
		names[v.name]++
	}
	c := wire.Control{Type: wire.TypeState, Epoch: f.epoch, Question: f.question,
		Presenter: &wire.PresenterState{Name: f.name, Attached: f.presenter != nil, Left: f.left, Changed: f.changed}}
	for _, v := range f.viewers {
		c.Viewers = append(c.Viewers, wire.ViewerState{Viewer: v.number, Name: v.name, Twin: names[v.name] > 1,
			Online: v.member != nil, Attach: v.attach, View: v.view, Control: v.control, Asking: v.asking, Held: v.held,
			Lead: v.number == v.stream.lead && v.number != 0, Stream: v.stream.number()})
	}
	slices.SortFunc(c.Viewers, func(a, b wire.ViewerState) int { return int(a.Viewer) - int(b.Viewer) })
	m := ownMessage(wire.AppendControl(nil, f.epoch, 0, c))
	defer m.release()
	full := m
	if len(f.monitors) > 0 {
		c.Presenter.Monitors = f.monitorListLocked()
		full = ownMessage(wire.AppendControl(nil, f.epoch, 0, c))
		defer full.release()
	}
	for _, to := range f.membersLocked() {
		if to.viewer == nil || to.viewer.view {
			f.putLocked(to, full, wire.KindControl, subState)
		} else { // who may not see the screen is told nothing of it
			f.putLocked(to, m, wire.KindControl, subState)
		}
	}
}

// askPresenterLocked passes a viewer's wish on.
func (f *feed) askPresenterLocked(v *viewer) {
	if f.presenter != nil {
		f.controlLocked(f.presenter, wire.Control{Type: wire.TypeAsk, Control: v.asking == "control"}, v.number)
	}
}

func (f *feed) viewerControlLocked(v *viewer, c wire.Control, msg *message) {
	// The chat has an allowance of its own.
	if c.Type != wire.TypePing && c.Type != wire.TypeBye && c.Type != wire.TypeChat && !v.mayWish(time.Now()) {
		f.h.drop(dropFlood)
		return
	}
	switch c.Type {
	case wire.TypeAsk:
		if v.blocked {
			f.h.drop(dropBlocked)
			f.controlLocked(v.member, wire.Control{Type: wire.TypeRefused, Control: c.Control, Blocked: true}, 0)
			return
		}
		asking := "view"
		if c.Control {
			asking = "control"
		}
		if v.asking == asking || c.Control && v.control || !c.Control && v.view {
			return
		}
		v.asking = asking
		f.observeLocked(v, Asked, asking)
		// The presenter learns who asks before it learns what is asked.
		f.stateLocked()
		f.askPresenterLocked(v)
	case wire.TypeYield:
		if !v.control {
			return
		}
		v.control = false
		f.observeLocked(v, Yielded, "control")
		if f.presenter != nil {
			f.putLocked(f.presenter, msg, wire.KindControl, 0)
		}
		f.leadLocked(v.stream, time.Now())
		f.stateLocked()
	case wire.TypeWatch:
		f.watchLocked(v, c.Stream)
	case wire.TypeChat:
		f.sayLocked(v.member, c)
	case wire.TypeChatLog:
		f.askLogLocked(v.member, c.Before)
	case wire.TypePing:
		f.controlLocked(v.member, wire.Control{Type: wire.TypePong, Stamp: c.Stamp, Queue: v.unacked}, 0)
	case wire.TypeContinue:
		if v.held && c.Epoch == f.epoch {
			v.held = false
			f.observeLocked(v, Continued, "")
			f.stateLocked()
		}
	case wire.TypeBye:
		v.view, v.control = false, false // its grants do not outlive it
		f.restartLocked(v)
		f.sayGoodbyeLocked(v.member, wire.CloseReconnect, "goodbye")
		f.stateLocked()
	default: // above all a forged grant
		f.h.drop(dropDirection)
	}
}

func (f *feed) presenterControlLocked(c wire.Control) {
	switch c.Type {
	case wire.TypeGrant:
		f.grantLocked(c)
	case wire.TypeRefuse:
		v := f.viewers[c.Viewer]
		if v == nil {
			return
		}
		v.asking = ""
		v.denials++
		v.blocked = v.denials >= maxDenials
		f.observeLocked(v, Refused, rightOf(c.Control))
		if v.denials == maxDenials {
			f.observeLocked(v, Blocked, "")
		}
		if v.member != nil {
			f.controlLocked(v.member, wire.Control{Type: wire.TypeRefused, Control: c.Control, Blocked: v.blocked}, 0)
			if v.blocked && !v.view {
				f.sayGoodbyeLocked(v.member, wire.CloseBlocked, "refused")
			}
		}
		f.stateLocked()
	case wire.TypeMonitors:
		f.monitorsLocked(c.Monitors)
	case wire.TypeQuestion:
		f.question = c.Open
		f.stateLocked()
	case wire.TypeChat:
		f.sayLocked(f.presenter, c)
	case wire.TypeChatLog:
		if !f.says.take(time.Now(), sayBurst, sayEvery) {
			f.h.drop(dropFlood)
			return
		}
		f.askLogLocked(f.presenter, c.Before)
	case wire.TypeBye:
		f.left = true
		f.sayGoodbyeLocked(f.presenter, wire.CloseReconnect, "goodbye")
	default:
		f.h.drop(dropDirection)
	}
}

// grantLocked gives a viewer just the named rights. The viewer may be away: a presenter
// that comes back to a restarted broker names the grants that it remembers.
func (f *feed) grantLocked(c wire.Control) {
	if c.Viewer == 0 {
		f.h.drop(dropBadGrant)
		return
	}
	v := f.viewers[c.Viewer]
	if v == nil {
		if !c.View || len(f.viewers) >= maxRecords {
			f.h.drop(dropBadGrant)
			return
		}
		v = &viewer{number: c.Viewer, stream: &f.all, left: time.Now()}
		f.viewers[c.Viewer] = v
	}
	had, hadControl := v.view, v.control
	v.view, v.control = c.View || c.Control, c.Control
	f.observeChangeLocked(v, had, hadControl)
	if v.control {
		for _, o := range f.viewers {
			if o != v {
				if o.control {
					f.observeLocked(o, PassedOn, "control")
				}
				o.control = false
			}
		}
	}
	if v.asking == "view" && v.view || v.control {
		v.asking = ""
	}
	if v.view != had {
		f.restartLocked(v)
		if v.view && v.member != nil {
			f.askLogLocked(v.member, 0)
		}
	}
	now := time.Now()
	f.eachStreamLocked(func(st *stream) { f.leadLocked(st, now) }) // control may come from another stream's viewer
	f.stateLocked()
}
