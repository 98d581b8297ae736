package platform

import (
	"context"
	"log/slog"
	"os"

	"pindesk/internal/platform/desktop"
	"pindesk/internal/platform/x11"
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

// chooseDisplay finds out whether there is an X desktop that shows what the guest sees.
func chooseDisplay(cfg Config, getenv func(string) string) (string, error) {
	if cfg.Display != "" {
		return cfg.Display, nil
	}
	display := getenv("DISPLAY")
	wayland := getenv("XDG_SESSION_TYPE") == "wayland" || getenv("WAYLAND_DISPLAY") != ""
	const wayOut = ` Please log out, choose the session "Xorg" (or "X11") at the login screen, and try again.`
	switch {
	case wayland && display == "":
		return "", &desktop.Error{Kind: desktop.ErrWayland,
			Message: "This is a Wayland desktop, and sharing from Wayland is not supported yet." + wayOut}
	case wayland && !cfg.AllowXWayland:
		return "", &desktop.Error{Kind: desktop.ErrWayland,
			Message: "This is a Wayland desktop, of which only some windows could be shared." + wayOut}
	case display == "":
		return "", &desktop.Error{Kind: desktop.ErrNoDisplay,
			Message: "No desktop was found: the environment variable DISPLAY is not set. " +
				"Please start the program from a terminal or a menu of the desktop that is to be shared."}
	}
	return display, nil
}

// systemDownloads is the system's own word for where downloads go; "" if it has none but files.
func systemDownloads() string { return "" }
