// Package desktop is the contract between the presenter and the backends of the systems
// that it runs on: what a backend can do, and the errors that it may return. It has no
// system-specific code. The backends and package platform import it; the presenter
// imports platform.
package desktop

import (
	"errors"

	"pindesk/internal/screen"
	"pindesk/internal/wire"
)

// Capturer reads one desktop's picture. Its methods are called from one goroutine only, but for
// Close, which may be called from any, also while another call waits.
type Capturer interface {
	// Changed (capacity 1) is signalled when Grab, Cursor or Pointer may have something
	// new. It is also signalled when the desktop is gone, so that the next call tells. It
	// is never closed.
	Changed() <-chan struct{}
	// Grab brings the capturer's own picture up to date with all that was drawn before the
	// call and returns it with the damaged rectangles: merged, clipped to the picture, at
	// most MaxDamage; none when nothing changed. Both stay valid until the next Grab; the
	// pixels are ordinary memory and outlive Close. The first picture, and the first after
	// a change of the desktop's size, is damaged as a whole. An error that wraps ErrGone is
	// final; any other may pass, and nothing of the damage is lost by it.
	Grab() (pic screen.Picture, damage []screen.Rect, err error)
	// Cursor returns the pointer's present shape and a serial that changes with the shape.
	// The pixels stay valid and unchanged for ever. W = 0 means that it is hidden.
	Cursor() (shape wire.Cursor, serial uint32, err error)
	// Pointer returns the pointer's place in the picture, as it was a moment ago at most.
	Pointer() (x, y int, err error)
	// Size is the size of the present picture in pixels.
	Size() (w, h int)
	// Monitors are the rectangles of the picture that the desktop shows on its monitors, at
	// least one, without streams: giving these is the caller's. They are as the last Grab found
	// them, or the opening; Changed is signalled when the next Grab will find others. None of
	// them is empty or outside of the picture, and no two are the same. The slice stays valid and
	// unchanged for ever.
	Monitors() []wire.Monitor
	// Watch says which rectangles of the picture are of interest from now on; none means all, as
	// in the beginning. Of the rest Grab reads nothing (but a little at the edges), and tells its
	// damage when it becomes of interest. rects is the caller's again when it returns.
	Watch(rects []screen.Rect)
	// Close ends all goroutines of the capturer and frees what it holds in the system.
	// Calls after it return ErrGone.
	Close() error
}

// MaxDamage is the largest number of rectangles that a Grab returns.
const MaxDamage = 64

// Injector puts input into the desktop. All methods are called from one goroutine only
// (not the capturer's), but for Close, which may be called from any. An error that wraps
// ErrGone is final; any other means that this one input was not possible.
type Injector interface {
	// Move places the pointer; outside the desktop it goes to the nearest edge.
	Move(x, y int) error
	// Button presses or releases a mouse button.
	Button(b wire.Button, down bool) error
	// Wheel turns the wheel by 1/120 of a notch, positive right and down. Fractions add up.
	Wheel(dx, dy int) error
	// Key presses or releases a key, as the package documentation of wire says for Key.
	// A release lets go exactly what the press of the same code held.
	Key(e wire.Event) error
	// Text types any Unicode text; line ends become Return, other control characters but
	// Tab and BackSpace are left out. It returns when all is typed, which takes about 15 ms
	// for each character beyond the first few that is on no key: whoever must be able to
	// stop soon passes a long text in pieces.
	Text(s string) error
	// ReleaseAll releases every key and button that this injector holds down.
	ReleaseAll() error
	// Close releases all and gives back what was borrowed, such as spare keycodes.
	Close() error
}

// What an Error is about; for errors.Is.
var (
	// ErrGone: the desktop has ended or the connection to it is lost, for good.
	ErrGone = errors.New("the desktop is gone")
	// ErrNoDisplay: there is no desktop that this program could reach.
	ErrNoDisplay = errors.New("no desktop")
	// ErrWayland: the desktop is a Wayland session, which cannot be shared yet.
	ErrWayland = errors.New("Wayland session")
	// ErrRefused: the desktop does not let this program in.
	ErrRefused = errors.New("access to the desktop refused")
	// ErrUnsupported: the desktop or the system lacks something that sharing needs.
	ErrUnsupported = errors.New("not supported")
	// ErrDeclined: a person has said no to the system's question.
	ErrDeclined = errors.New("the system's question was answered with no")
)

// Error says why a desktop cannot be shared.
type Error struct {
	Kind    error  // one of the Err values above
	Message string // whole sentences for the guest: what is wrong and what to do
	Err     error  // cause, for the log; may be nil
}

func (e *Error) Error() string {
	if e.Err != nil {
		return e.Message + " (" + e.Err.Error() + ")"
	}
	return e.Message
}

// Unwrap returns Kind and the cause.
func (e *Error) Unwrap() []error {
	if e.Err == nil {
		return []error{e.Kind}
	}
	return []error{e.Kind, e.Err}
}
