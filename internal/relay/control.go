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
	f.settleLocked()
	names := map[string]int{}
	for _, v := range f.viewers {
		names[v.name]++
	}
	c := wire.Control{Type: wire.TypeState, Epoch: f.epoch, Question: f.question,
		Presenter: &wire.PresenterState{Name: f.name, Attached: f.presenter != nil, Left: f.left, Changed: f.changed, Clipboard: f.clipboard, ViewOnly: f.viewOnly, Condition: f.condition, Privileges: f.privileges}}
	for _, v := range f.viewers {
		c.Viewers = append(c.Viewers, wire.ViewerState{Viewer: v.number, Name: v.name, Twin: names[v.name] > 1,
			Online: v.member != nil, Attach: v.attach, View: v.view, Control: v.control, May: v.may, Asking: v.asking, To: v.to,
			Why: v.why, Held: v.held, Lead: v.number == v.stream.lead && v.number != 0, Stream: v.stream.number()})
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
	if f.presenter == nil {
		return
	}
	c := wire.Control{Type: wire.TypeAsk, Control: v.asking == "control"}
	switch v.asking {
	case "hand":
		c = wire.Control{Type: wire.TypeHand, Viewer: v.to}
	case asksElevate:
		c = wire.Control{Type: wire.TypeElevate}
	}
	f.controlLocked(f.presenter, c, v.number)
}

// ownAllowance reports whether a viewer's message of this type is not counted with its wishes.
func ownAllowance(t string) bool {
	switch t {
	case wire.TypePing, wire.TypeBye, wire.TypeChat, wire.TypeFile:
		return true
	}
	return false
}

func (f *feed) viewerControlLocked(v *viewer, c wire.Control, msg *message) {
	if !ownAllowance(c.Type) && !v.mayWish(time.Now()) {
		f.h.drop(dropFlood)
		return
	}
	switch c.Type {
	case wire.TypeAsk:
		if v.blocked && !(c.Control && v.may) {
			f.h.drop(dropBlocked)
			f.controlLocked(v.member, wire.Control{Type: wire.TypeRefused, Control: c.Control, Blocked: true}, 0)
			return
		}
		if c.Control && f.viewOnly {
			f.refuseViewOnlyLocked(v)
			return
		}
		asking := "view"
		if c.Control {
			asking = "control"
		}
		if v.asking == asking || c.Control && v.control || !c.Control && v.view {
			return
		}
		v.asking, v.to = asking, 0
		f.observeLocked(v, Asked, asking)
		// The presenter learns who asks before it learns what is asked.
		f.stateLocked()
		f.askPresenterLocked(v)
	case wire.TypeYield:
		if !v.control && !v.may {
			return
		}
		if v.control {
			v.why = wire.WhyGave
		}
		v.control, v.may = false, false
		f.observeLocked(v, Yielded, "control")
		if v.yielded = f.presenter == nil; !v.yielded {
			f.putLocked(f.presenter, msg, wire.KindControl, 0)
		}
		f.leadLocked(v.stream, time.Now())
		f.stateLocked()
	case wire.TypeWatch:
		f.watchLocked(v, c.Stream)
	case wire.TypeHand:
		f.handLocked(v, c.Viewer)
	case wire.TypeElevate:
		f.elevateLocked(v)
	case wire.TypeChat:
		f.sayLocked(v.member, c)
	case wire.TypeChatLog:
		f.askLogLocked(v.member, c.Before)
	case wire.TypeFile:
		f.fileLocked(v, true, c)
	case wire.TypePing:
		f.controlLocked(v.member, wire.Control{Type: wire.TypePong, Stamp: c.Stamp, Queue: v.unacked}, 0)
	case wire.TypeContinue:
		if v.held && c.Epoch == f.epoch {
			v.held = false
			f.observeLocked(v, Continued, "")
			f.stateLocked()
		}
	case wire.TypeBye:
		v.view, v.control, v.may = false, false, false // its grants do not outlive it
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
		if c.Reason == wire.ReasonViewOnly { // nobody was asked, so nobody has denied anything
			if f.settleViewOnlyLocked(v) {
				f.stateLocked()
			}
			return
		}
		if c.Elevate {
			f.refuseElevateLocked(v, c.Reason)
			return
		}
		f.denyLocked(v, wire.Control{Control: c.Control, To: c.To}, rightOf(c.Control))
	case wire.TypeShares:
		f.sharesLocked(c.ViewOnly)
	case wire.TypeMonitors:
		f.monitorsLocked(c.Monitors)
	case wire.TypeClipboard:
		if c.Clipboard != wire.ClipboardBoth && c.Clipboard != wire.ClipboardIn {
			c.Clipboard = ""
		}
		f.clipboard = c.Clipboard
		f.stateLocked()
	case wire.TypeCondition:
		if !c.Condition.Valid() {
			c.Condition = wire.ConditionFree
		}
		if f.condition != c.Condition {
			f.condition = c.Condition
			f.stateLocked()
		}
	case wire.TypePrivileges:
		f.privilegesLocked(c.Privileges)
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
	case wire.TypeFile:
		v := f.viewers[c.Viewer]
		if v == nil {
			f.h.drop(dropNoView)
			return
		}
		f.fileLocked(v, false, c)
	case wire.TypeBye:
		f.left = true
		f.sayGoodbyeLocked(f.presenter, wire.CloseReconnect, "goodbye")
	default:
		f.h.drop(dropDirection)
	}
}

// denyLocked tells a viewer that its wish was denied by a person, in the fields of c, and counts that.
func (f *feed) denyLocked(v *viewer, c wire.Control, right string) {
	v.asking, v.to = "", 0
	v.denials++
	v.blocked = v.denials >= maxDenials
	f.observeLocked(v, Refused, right)
	if v.denials == maxDenials {
		f.observeLocked(v, Blocked, "")
	}
	if v.member != nil {
		c.Type, c.Blocked = wire.TypeRefused, v.blocked
		f.controlLocked(v.member, c, 0)
		if v.blocked && !v.view {
			f.sayGoodbyeLocked(v.member, wire.CloseBlocked, "refused")
		}
	}
	f.stateLocked()
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
	c.Control, c.May = c.Control && !f.viewOnly, c.May && !f.viewOnly
	had, hadControl := v.view, v.control
	v.view, v.control, v.may = c.View || c.Control || c.May, c.Control, c.Control || c.May
	v.yielded = false
	f.observeChangeLocked(v, had, hadControl)
	switch {
	case had && !v.view, hadControl && !v.control:
		v.why = wire.WhyGuest
	case v.view && !had, v.control && !hadControl:
		v.why = ""
	}
	if v.control {
		f.passOnLocked(v)
	}
	if v.asking == "view" && v.view || v.control && v.asking != asksElevate { // its wish to hand is answered by any grant of its own, too
		v.asking, v.to = "", 0
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

// passOnLocked takes control from whoever had it before v.
func (f *feed) passOnLocked(v *viewer) {
	for _, o := range f.viewers {
		if o == v || !o.control {
			continue
		}
		o.control, o.why = false, wire.WhyTaken
		if o.asking == "hand" && o.to == v.number {
			o.why = wire.WhyHanded
		}
		f.observeLocked(o, PassedOn, "control")
	}
}

// handLocked passes on the controller's wish that another viewer controls in its place.
func (f *feed) handLocked(v *viewer, to uint16) {
	if why, ok := f.mayInputLocked(v); !ok {
		f.h.drop(why)
		return
	}
	switch {
	case v.blocked:
		f.h.drop(dropBlocked)
		f.controlLocked(v.member, wire.Control{Type: wire.TypeRefused, Control: true, To: to, Blocked: true}, 0)
	case !f.canTakeLocked(v, to), v.asking == "hand":
		f.h.drop(dropBadHand)
	default:
		v.asking, v.to = "hand", to
		f.observeLocked(v, Asked, "hand")
		f.stateLocked()
		f.askPresenterLocked(v)
	}
}

// canTakeLocked says whether v could hand control to a viewer.
func (f *feed) canTakeLocked(v *viewer, to uint16) bool {
	o := f.viewers[to]
	return o != nil && o != v && o.member != nil && o.view
}
