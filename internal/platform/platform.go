// Package platform opens the desktop of the system that the program runs on, for reading
// its picture and for putting input into it. It and the packages under it are the only
// place with build tags: x11 is Linux's backend, windows that of Windows; other systems say that they
// are not supported yet. The presenter imports platform; platform imports screen and wire only.
package platform

import (
	"context"
	"log/slog"

	"pindesk/internal/platform/desktop"
)

// Capturer reads one desktop's picture; see desktop.Capturer.
type Capturer = desktop.Capturer

// Injector puts input into a desktop; see desktop.Injector.
type Injector = desktop.Injector

// Clipboard is a desktop's clipboard; see desktop.Clipboard.
type Clipboard = desktop.Clipboard

// Window shows a window.Model.
type Window interface {
	// Run shows it until ctx ends, or the desktop. It is called once, on a goroutine of its own.
	Run(ctx context.Context) error
	Close() error
}

// Error says why a desktop cannot be shared, in a Message for the guest.
type Error = desktop.Error

// What an Error is about; for errors.Is. See desktop.
var (
	ErrGone        = desktop.ErrGone
	ErrNoDisplay   = desktop.ErrNoDisplay
	ErrWayland     = desktop.ErrWayland
	ErrRefused     = desktop.ErrRefused
	ErrUnsupported = desktop.ErrUnsupported
	ErrDeclined    = desktop.ErrDeclined
)

// Config says which desktop to open.
type Config struct {
	// Display is the X display, for example ":0"; empty means $DISPLAY. A display that is
	// named here is opened even within a Wayland session.
	Display string
	// AllowXWayland also opens the X server of a Wayland session, of which only the
	// windows of X programs can be seen.
	AllowXWayland bool
	// Duplicate reads the screen of Windows through its desktop duplication where that can be
	// trusted, else through GDI. Other systems know only one way.
	Duplicate bool
	// Log gets what may help to find out why something is missing or slow; never what is
	// typed. nil means no log.
	Log *slog.Logger
}
