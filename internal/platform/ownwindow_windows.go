package platform

import (
	"context"
	"log/slog"

	sys "golang.org/x/sys/windows"

	"pindesk/internal/platform/windows"
	"pindesk/internal/window"
)

// OpenWindow opens the presenter's own window on the desktop that Open opens. ctx bounds the opening
// only. What is injected by this process does not reach it. The caller closes it.
func OpenWindow(_ context.Context, cfg Config, m *window.Model) (Window, error) {
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	w, err := windows.OpenWindow(m, cfg.Log)
	if err != nil {
		return nil, err
	}
	return w, nil
}

// WindowFirst says whether a presenter shows its window unless a terminal is asked for: here it has none
// by itself.
const WindowFirst = true

// Languages are those that the guest wants, best first.
func Languages() []string {
	all, _ := sys.GetUserPreferredUILanguages(sys.MUI_LANGUAGE_NAME) // none: English
	return all
}
