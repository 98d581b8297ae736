//go:build portable && !windows

package platform

import (
	"context"
	"log/slog"
	"os"
	"runtime"
	"strings"

	"pindesk/internal/platform/desktop"
	"pindesk/internal/platform/portable"
	"pindesk/internal/window"
	"pindesk/internal/wire"
)

// Open opens the desktop. Errors are *Error; both results are nil then. The caller closes both.
func Open(_ context.Context, cfg Config) (Capturer, Injector, error) {
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	if runtime.GOOS != "darwin" {
		display, err := chooseDisplay(cfg, os.Getenv)
		if err != nil {
			return nil, nil, err
		}
		// The libraries know of no other way to be told, and one of them asks Wayland if this is its session.
		for name, value := range map[string]string{"DISPLAY": display, "XDG_SESSION_TYPE": "x11"} {
			if err := os.Setenv(name, value); err != nil {
				return nil, nil, &desktop.Error{Kind: desktop.ErrNoDisplay, Message: "The desktop cannot be named.", Err: err}
			}
		}
	}
	capturer, injector, err := portable.Open(cfg.Log)
	if err != nil {
		return nil, nil, err
	}
	return capturer, injector, nil
}

// OpenClipboard opens the clipboard of the desktop. Here it always returns an *Error of kind ErrUnsupported.
func OpenClipboard(context.Context, Config) (Clipboard, error) {
	return nil, &desktop.Error{Kind: desktop.ErrUnsupported, Message: "This build of the program cannot share the clipboard."}
}

// systemDownloads is the system's own word for where downloads go; "" if it has none.
func systemDownloads() string { return "" }

// OpenWindow opens the presenter's own window. Here it always returns an *Error of kind ErrUnsupported.
func OpenWindow(context.Context, Config, *window.Model) (Window, error) {
	return nil, &desktop.Error{Kind: desktop.ErrUnsupported, Message: "This build of the program has no window: start it in a terminal."}
}

// WindowFirst says whether a presenter shows its window unless a terminal is asked for.
const WindowFirst = false

// Languages are those that the guest wants, best first.
func Languages() []string { return strings.Split(os.Getenv("LANG"), ":") }

// Conditions tells what stands in the way of seeing or controlling this computer, each time that it
// changes, until ctx is done; nil where nothing ever does.
func Conditions(context.Context) <-chan wire.Condition { return nil }
