//go:build linux

package x11

import (
	"context"
	"log/slog"

	"pindesk/internal/platform/desktop"
)

// Open opens the X display of the given name. ctx bounds the opening only. Errors are
// *desktop.Error where they are of use to the guest. The caller closes both results.
func Open(ctx context.Context, display string, log *slog.Logger) (*Capturer, *Injector, error) {
	capturer, err := openCapturer(ctx, display, log)
	if err != nil {
		return nil, nil, err
	}
	injector, err := openInjector(ctx, display, log)
	if err != nil {
		capturer.Close()
		return nil, nil, err
	}
	return capturer, injector, nil
}

var (
	_ desktop.Capturer = (*Capturer)(nil)
	_ desktop.Injector = (*Injector)(nil)
)

// opening runs the requests of an opening under ctx: when it ends, the connection does.
func opening(ctx context.Context, c *conn, setUp func() error) error {
	ctx, cancel := context.WithTimeout(ctx, openTimeout)
	defer cancel()
	stop := context.AfterFunc(ctx, func() { c.link.Close() })
	err := setUp()
	if !stop() && err == nil {
		err = gone(context.Cause(ctx))
	}
	if err != nil {
		c.close()
	}
	return err
}
