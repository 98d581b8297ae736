package relay

import "pindesk/internal/wire"

// clipInLocked passes what a viewer has copied on its side to the presenter, in order with its
// input.
func (f *feed) clipInLocked(v *viewer, msg *message) {
	why, ok := f.mayInputLocked(v)
	switch {
	case !ok:
		f.h.drop(why)
	case f.clipboard == "":
		f.h.drop(dropNoClipboard)
	default:
		f.observeClipLocked(v, &v.clipIn, ClipIn)
		f.putLocked(f.presenter, msg, wire.KindClip, 0)
	}
}

// clipOutLocked passes what was copied on the presenter's computer to the viewer that it is
// for, and only if this one holds control now. What waits for it goes with its control, see
// settleLocked.
func (f *feed) clipOutLocked(h wire.Header, msg *message) {
	v := f.viewers[h.Viewer]
	switch {
	case v == nil || v.member == nil:
		f.h.drop(dropAbsent)
	case !v.control || !v.view:
		f.h.drop(dropNoControl)
	case v.held:
		f.h.drop(dropHeld)
	case f.clipboard != wire.ClipboardBoth:
		f.h.drop(dropNoClipboard)
	default:
		f.observeClipLocked(v, &v.clipOut, ClipOut)
		f.putLocked(v.member, msg, wire.KindClip, subClip)
	}
}

// observeClipLocked tells of a use of the clipboard once for each time that a viewer controls:
// a log of each would be a log of how somebody works, and be full soon.
func (f *feed) observeClipLocked(v *viewer, told *bool, what What) {
	if !*told {
		*told = true
		f.observeLocked(v, what, "")
	}
}

// settleLocked forgets what rests on rights that have ended: what was copied, for who does not
// control any more, and wishes of who controls that cannot come true. The presenter sees the
// latter by itself.
func (f *feed) settleLocked() {
	for _, v := range f.viewers {
		if !v.control {
			v.clipIn, v.clipOut = false, false
			if v.member != nil {
				v.member.out.dropClips(dropRevoked)
			}
		}
		if v.asking == "hand" && !(v.control && f.canTakeLocked(v, v.to)) {
			v.asking, v.to = "", 0
		}
		if v.asking == asksElevate && !v.control {
			v.asking = ""
		}
	}
}
