package relay

import "pindesk/internal/wire"

// asksElevate is viewer.asking, and the right in what is observed, of who wishes that the presenter goes on as administrator.
const asksElevate = "elevate"

// privilegesLocked takes what rights the presenter's program has on its computer.
func (f *feed) privilegesLocked(p wire.Privileges) {
	if !p.Valid() {
		p = wire.PrivilegesUnsaid
	}
	f.privileges = p
	if v := f.viewers[f.elevating]; v != nil && p == wire.PrivilegesAdmin {
		f.observeLocked(v, Granted, asksElevate)
	}
	f.elevating = 0
	f.stateLocked()
}

// elevateLocked passes on the wish that the presenter goes on as administrator.
func (f *feed) elevateLocked(v *viewer) {
	if why, ok := f.mayInputLocked(v); !ok {
		f.h.drop(why)
		return
	}
	switch {
	case v.blocked:
		f.h.drop(dropBlocked)
		f.controlLocked(v.member, wire.Control{Type: wire.TypeRefused, Elevate: true, Blocked: true}, 0)
	case f.privileges != wire.PrivilegesUser, v.asking == asksElevate:
		f.h.drop(dropNoOffer)
	default:
		v.asking, v.to = asksElevate, 0
		f.observeLocked(v, Asked, asksElevate)
		f.stateLocked()
		f.askPresenterLocked(v)
	}
}

// refuseElevateLocked takes the presenter's no to such a wish. Where it only did not work nobody has denied anything.
func (f *feed) refuseElevateLocked(v *viewer, reason string) {
	if v.asking != asksElevate {
		return
	}
	switch reason {
	case "", wire.ReasonDeclined:
		f.denyLocked(v, wire.Control{Elevate: true, Reason: reason}, asksElevate)
	default:
		v.asking = ""
		if v.member != nil {
			f.controlLocked(v.member, wire.Control{Type: wire.TypeRefused, Elevate: true, Reason: wire.ReasonFailed}, 0)
		}
		f.stateLocked()
	}
}

// successionLocked ends such wishes when a presenter attaches, and remembers whose it was until that has said whether it has come true.
func (f *feed) successionLocked() {
	f.privileges, f.elevating = wire.PrivilegesUnsaid, 0
	for _, v := range f.viewers {
		if v.asking == asksElevate {
			v.asking, f.elevating = "", v.number
		}
	}
}
