package platform

import (
	"context"
	"log/slog"
	"os"
	"strings"

	"pindesk/internal/platform/desktop"
	"pindesk/internal/platform/x11"
	"pindesk/internal/window"
	"pindesk/internal/wire"
)

// Open opens the desktop. ctx bounds the opening only. Errors are *Error; both results
// are nil then. The caller closes both.
func Open(ctx context.Context, cfg Config) (Capturer, Injector, error) {
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	display, err := chooseDisplay(cfg, os.Getenv)
	if err != nil {
		return nil, nil, err
	}
	capturer, injector, err := x11.Open(ctx, display, cfg.Log)
	if err != nil {
		return nil, nil, err
	}
	return capturer, injector, nil
}

// OpenClipboard opens the clipboard of the desktop that Open opens. ctx bounds the opening only. A
// desktop without one that can be shared gives an *Error; sharing the screen needs none. The
// caller closes it.
func OpenClipboard(ctx context.Context, cfg Config) (Clipboard, error) {
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	display, err := chooseDisplay(cfg, os.Getenv)
	if err != nil {
		return nil, err
	}
	clipboard, err := x11.OpenClipboard(ctx, display, cfg.Log)
	if err != nil {
		return nil, err
	}
	return clipboard, nil
}

// OpenWindow opens the presenter's own window on the desktop that Open opens. ctx bounds the opening
// only. What is injected by this process does not reach it. The caller closes it.
func OpenWindow(ctx context.Context, cfg Config, m *window.Model) (Window, error) {
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	display, err := chooseDisplay(cfg, os.Getenv)
	if err != nil {
		return nil, err
	}
	w, err := x11.OpenWindow(ctx, display, m, cfg.Log)
	if err != nil {
		return nil, err
	}
	return w, nil
}

// WindowFirst says whether a presenter shows its window unless a terminal is asked for: here one that is
// started in a terminal keeps to it.
const WindowFirst = false

// chooseDisplay finds out whether there is an X desktop that shows what the guest sees.
func chooseDisplay(cfg Config, getenv func(string) string) (string, error) {
	if cfg.Display != "" {
		return cfg.Display, nil
	}
	display := getenv("DISPLAY")
	wayland := getenv("XDG_SESSION_TYPE") == "wayland" || getenv("WAYLAND_DISPLAY") != ""
	const wayOut = " Please share your screen from the browser instead: open the link that you were given, or the " +
		`support page, and choose to share from there. Or log out, choose the session "Xorg" (or "X11") at the login screen, and try again.`
	switch {
	case wayland && display == "":
		return "", &desktop.Error{Kind: desktop.ErrWayland,
			Message: "This is a Wayland desktop, and sharing from Wayland is not supported yet." + wayOut}
	case wayland && !cfg.AllowXWayland:
		return "", &desktop.Error{Kind: desktop.ErrWayland,
			Message: "This is a Wayland desktop, of which this program could show a black screen or some windows only." + wayOut}
	case display == "":
		return "", &desktop.Error{Kind: desktop.ErrNoDisplay,
			Message: "No desktop was found: the environment variable DISPLAY is not set. " +
				"Please start the program from a terminal or a menu of the desktop that is to be shared."}
	}
	return display, nil
}

// systemDownloads is the system's own word for where downloads go; "" if it has none but files.
func systemDownloads() string { return "" }

// Languages are those that the guest wants, best first, as the system names them.
func Languages() []string {
	var all []string
	for _, name := range []string{"LANGUAGE", "LC_ALL", "LC_MESSAGES", "LANG"} {
		all = append(all, strings.Split(os.Getenv(name), ":")...)
	}
	return all
}

// Conditions tells what stands in the way of seeing or controlling this computer, each time that it
// changes, until ctx is done; nil where nothing ever does.
func Conditions(context.Context) <-chan wire.Condition { return nil }
