package platform

import (
	"context"

	"pindesk/internal/platform/desktop"
	"pindesk/internal/window"
)

// OpenWindow opens the presenter's own window on the desktop that Open opens. ctx bounds the opening
// only. What is injected by this process does not reach it. The caller closes it.
func OpenWindow(_ context.Context, _ Config, _ *window.Model) (Window, error) {
	return nil, &desktop.Error{Kind: desktop.ErrUnsupported, Message: "There is no window for this system yet."}
}

// WindowFirst says whether a presenter shows its window unless a terminal is asked for.
const WindowFirst = false

// Languages are those that the guest wants, best first.
func Languages() []string { return nil }
