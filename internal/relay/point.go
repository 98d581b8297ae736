package relay

import (
	"time"

	"pindesk/internal/wire"
)

// Points of one viewer: so many at once, and then one every so often.
const (
	pointBurst = 30
	pointEvery = time.Second / 60
)

// pointLocked passes on where a viewer points. Only the newest place of each viewer matters, and
// none is kept.
func (f *feed) pointLocked(v *viewer, h wire.Header, body []byte, msg *message) {
	if why, ok := f.mayPointLocked(v, h, body); !ok {
		f.h.drop(why)
		return
	}
	f.putLocked(f.presenter, msg, wire.KindPoint, subPoint)
}

func (f *feed) mayPointLocked(v *viewer, h wire.Header, body []byte) (why dropReason, ok bool) {
	_, err := wire.ParsePoint(body)
	switch {
	case !v.points.take(time.Now(), pointBurst, pointEvery):
		return dropFlood, false
	case err != nil:
		return dropMalformed, false
	case !v.view:
		return dropNoView, false
	case v.held:
		return dropHeld, false
	case f.presenter == nil:
		return dropAbsent, false
	case h.Stream != v.stream.number():
		return dropStream, false
	}
	return 0, true
}

// sharesLocked takes how the presenter shares. Nobody controls a browser, whatever was granted
// before it came.
func (f *feed) sharesLocked(viewOnly bool) {
	f.viewOnly = viewOnly
	if viewOnly {
		for _, v := range f.viewers {
			had := v.control
			v.control, v.may, v.yielded = false, false, false
			f.observeChangeLocked(v, v.view, had)
			f.settleViewOnlyLocked(v)
		}
		now := time.Now()
		f.eachStreamLocked(func(st *stream) { f.leadLocked(st, now) })
	}
	f.stateLocked()
}

// settleViewOnlyLocked answers a wish for control that is open: nobody can give it. It reports
// whether there was one.
func (f *feed) settleViewOnlyLocked(v *viewer) bool {
	if v.asking != "control" && v.asking != "hand" {
		return false
	}
	to := v.to
	v.asking, v.to = "", 0
	f.tellViewOnlyLocked(v, to)
	return true
}

// refuseViewOnlyLocked answers a wish for control of a browser at once. The guest's page hears of
// it: it can offer to run the program.
func (f *feed) refuseViewOnlyLocked(v *viewer) {
	f.tellViewOnlyLocked(v, 0)
	if f.presenter != nil {
		f.controlLocked(f.presenter, wire.Control{Type: wire.TypeAsk, Control: true}, v.number)
	}
}

func (f *feed) tellViewOnlyLocked(v *viewer, to uint16) {
	if v.member != nil {
		f.controlLocked(v.member, wire.Control{Type: wire.TypeRefused, Control: true, To: to, Reason: wire.ReasonViewOnly}, 0)
	}
}
