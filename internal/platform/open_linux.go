//go:build !portable

package platform

import (
	"context"
	"log/slog"
	"os"
	"strings"

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
