package platform

import (
	"context"
	"log/slog"

	"pindesk/internal/platform/windows"
	"pindesk/internal/wire"
)

// Open opens the desktop. ctx bounds the opening only. Errors are *Error; both results
// are nil then. The caller closes both.
func Open(_ context.Context, cfg Config) (Capturer, Injector, error) {
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	capturer, injector, err := windows.Open(cfg.Log, cfg.Duplicate)
	if err != nil {
		return nil, nil, err
	}
	return capturer, injector, nil
}

// OpenClipboard opens the clipboard of the desktop that Open opens. ctx bounds the opening only. A
// desktop without one that can be shared gives an *Error; sharing the screen needs none. The
// caller closes it.
func OpenClipboard(_ context.Context, cfg Config) (Clipboard, error) {
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	clipboard, err := windows.OpenClipboard(cfg.Log)
	if err != nil {
		return nil, err
	}
	return clipboard, nil
}

// systemDownloads is the system's own word for where downloads go; "" if it has none.
func systemDownloads() string { return windows.Downloads() }

// Conditions tells what stands in the way of seeing or controlling this computer, each time that it
// changes, until ctx is done; nil where nothing ever does.
func Conditions(ctx context.Context) <-chan wire.Condition { return windows.Watch(ctx) }
