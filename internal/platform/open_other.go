//go:build !linux && !windows && !portable

package platform

import (
	"context"
	"runtime"

	"pindesk/internal/platform/desktop"
	"pindesk/internal/window"
	"pindesk/internal/wire"
)

// Open opens the desktop. Here it always returns an *Error of kind ErrUnsupported.
func Open(context.Context, Config) (Capturer, Injector, error) {
	return nil, nil, &desktop.Error{Kind: desktop.ErrUnsupported,
		Message: "Sharing the screen of this system (" + runtime.GOOS + ") is not supported yet. " +
			"For now the presenter runs on Windows, and on Linux with X11."}
}

// OpenClipboard opens the clipboard of the desktop. Here it always returns an *Error of kind
// ErrUnsupported.
func OpenClipboard(context.Context, Config) (Clipboard, error) {
	return nil, &desktop.Error{Kind: desktop.ErrUnsupported,
		Message: "Sharing the clipboard of this system (" + runtime.GOOS + ") is not supported yet."}
}

// systemDownloads is the system's own word for where downloads go; "" if it has none.
func systemDownloads() string { return "" }

// OpenWindow opens the presenter's own window. Here it always returns an *Error of kind ErrUnsupported.
func OpenWindow(context.Context, Config, *window.Model) (Window, error) {
	return nil, &desktop.Error{Kind: desktop.ErrUnsupported, Message: "There is no window for this system (" + runtime.GOOS + ") yet."}
}

// WindowFirst says whether a presenter shows its window unless a terminal is asked for.
const WindowFirst = false

// Languages are those that the guest wants, best first.
func Languages() []string { return nil }

// Conditions tells what stands in the way of seeing or controlling this computer, each time that it
// changes, until ctx is done; nil where nothing ever does.
func Conditions(context.Context) <-chan wire.Condition { return nil }
