//go:build portable && !windows

package portable

import (
	"log/slog"

	"github.com/go-vgo/robotgo"

	"pindesk/internal/platform/desktop"
)

// Open opens the desktop that the environment names. Errors are *desktop.Error; both results are nil then.
// The caller closes both. log must not be nil.
func Open(log *slog.Logger) (*Capturer, *Injector, error) {
	// Both wait after each call unless told not to.
	robotgo.MouseSleep, robotgo.KeySleep = 0, 0
	c, err := openCapturer(log)
	if err != nil {
		return nil, nil, err
	}
	return c, &Injector{}, nil
}

// noScreen says that nothing can be read.
func noScreen(err error) error {
	return &desktop.Error{Kind: desktop.ErrRefused, Err: err,
		Message: "The screen cannot be read. On a Mac, allow this program in System Settings, Privacy & Security, " +
			"Screen Recording and Accessibility, and start it again."}
}
