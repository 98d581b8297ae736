package relay

import "time"

// What has happened between a guest and a viewer.
type What string

// Happenings. Right is "view", "control", or "elevate": that the presenter goes on as administrator.
const (
	Asked     What = "asked"         // a viewer wishes for a right
	Granted   What = "granted"       // the guest has given it
	Refused   What = "refused"       // the guest has refused the wish
	Blocked   What = "blocked"       // refused for the last time: no further wish is heard
	Revoked   What = "revoked"       // the guest has taken the right back
	PassedOn  What = "passed_on"     // control went to another viewer
	ClipIn    What = "clipboard_in"  // it has set the computer's clipboard, for the first time since it controls
	ClipOut   What = "clipboard_out" // it was sent what was copied there, likewise
	Yielded   What = "yielded"       // the viewer has given the right back
	Continued What = "continued"     // the viewer goes on although another computer is shared

	FileAsked     What = "file_asked"     // the viewer asks for a file
	FileOffered   What = "file_offered"   // to the guest (Up), or to the viewer
	FileAccepted  What = "file_accepted"  // by a person, or because it was asked for
	FileRefused   What = "file_refused"   // with a reason
	FileCancelled What = "file_cancelled" // with a reason
	FileStored    What = "file_stored"    // it has arrived as a whole
)

// Event is one of them, for Config.Observe.
type Event struct {
	Session string
	At      time.Time
	What    What
	Viewer  uint16
	Name    string // self-declared
	Right   string

	// Of files:
	File   string // its name, clean
	Size   uint64 // bytes, as its sender says
	Up     bool   // from the viewer to the guest
	Reason string // of package wire
}

// observeLocked tells the observer, if there is one.
func (f *feed) observeLocked(v *viewer, what What, right string) {
	if f.h.observe != nil {
		f.h.observe(Event{Session: f.session, At: time.Now(), What: what, Viewer: v.number, Name: v.name, Right: right})
	}
}

func (f *feed) observeFileLocked(v *viewer, t *transfer, what What, reason string) {
	if f.h.observe != nil {
		f.h.observe(Event{Session: f.session, At: time.Now(), What: what, Viewer: v.number, Name: v.name,
			File: t.name, Size: t.size, Up: t.up && what != FileAsked, Reason: reason})
	}
}

// observeChangeLocked tells what a grant has changed for a viewer that had these rights before.
func (f *feed) observeChangeLocked(v *viewer, view, control bool) {
	for _, r := range []struct {
		right    string
		had, has bool
	}{{"view", view, v.view}, {"control", control, v.control}} {
		switch {
		case r.has && !r.had:
			f.observeLocked(v, Granted, r.right)
		case r.had && !r.has:
			f.observeLocked(v, Revoked, r.right)
		}
	}
}

// rightOf names the right that a control message is about.
func rightOf(control bool) string {
	if control {
		return "control"
	}
	return "view"
}
