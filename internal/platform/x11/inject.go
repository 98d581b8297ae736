//go:build linux

package x11

import (
	"context"
	"log/slog"
	"math"
	"sync"
	"sync/atomic"
	"time"

	"github.com/jezek/xgb"
	"github.com/jezek/xgb/xproto"
	"github.com/jezek/xgb/xtest"

	"pindesk/internal/platform/desktop"
	"pindesk/internal/wire"
)

const (
	notch = 120 // units of a wheel's notch on the wire
	// closeTimeout bounds how long Close waits for the server to take back what was held.
	closeTimeout = 2 * time.Second
)

// Buttons by which X tells of the wheel.
const (
	wheelUp    = 4
	wheelDown  = 5
	wheelLeft  = 6
	wheelRight = 7
)

// Injector puts input into an X display by XTEST. See desktop.Injector for the rules.
type Injector struct {
	c       *conn
	display string
	done    chan struct{} // closed by Close
	closing sync.Once

	stale atomic.Bool      // the server's keyboard mapping has changed
	own   [256]atomic.Bool // keycodes that are bound here: their changes are known

	mu       sync.Mutex // held by every method; Close takes it when the others have stopped
	buttons  [256]bool  // held mouse buttons
	wheel    [2]int     // fractions of a notch, horizontal and vertical
	keys     *keymap
	held     []heldKey // in the order of pressing
	borrowed []spare   // keycodes that no key has
	uses     uint64    // counts the uses of borrowed keycodes
}

func openInjector(ctx context.Context, display string, log *slog.Logger) (*Injector, error) {
	c, err := connect(ctx, display, log)
	if err != nil {
		return nil, err
	}
	i := &Injector{c: c, display: display, done: make(chan struct{})}
	i.stale.Store(true)
	err = opening(ctx, c, func() error {
		_, ok, err := c.extend("XTEST")
		if err != nil {
			return err
		}
		if !ok {
			return &desktop.Error{Kind: desktop.ErrUnsupported,
				Message: "This desktop cannot be controlled: its X server lacks the extension XTEST. Please start the X server with XTEST."}
		}
		if _, err := xtest.GetVersion(c.x, 2, 2).Reply(); err != nil {
			return c.wrap(err)
		}
		xtest.GrabControl(c.x, true) // also while a program, such as a window manager, grabs the server
		return i.refresh()
	})
	if err != nil {
		return nil, err
	}
	c.listen(i.handle, func() {})
	return i, nil
}

func (i *Injector) handle(event xgb.Event) {
	e, ok := event.(xproto.MappingNotifyEvent)
	if !ok || e.Request == xproto.MappingPointer {
		return
	}
	if e.Request == xproto.MappingKeyboard && e.Count == 1 && i.own[e.FirstKeycode].Load() {
		return
	}
	i.stale.Store(true)
}

// fake sends one input to the server. XTEST's keyboard and pointer are devices of their
// own: what is held on them is independent of what the guest holds.
func (i *Injector) fake(kind, detail byte, x, y int16) {
	xtest.FakeInput(i.c.x, kind, detail, 0, i.c.screen.Root, x, y, 0)
}

// Move implements desktop.Injector.
func (i *Injector) Move(x, y int) error {
	i.mu.Lock()
	defer i.mu.Unlock()
	limit := func(v int) int16 { return int16(min(max(v, 0), math.MaxInt16)) } // the server limits to the screen
	i.fake(xproto.MotionNotify, 0, limit(x), limit(y))
	return i.c.alive()
}

// Button implements desktop.Injector.
func (i *Injector) Button(b wire.Button, down bool) error {
	i.mu.Lock()
	defer i.mu.Unlock()
	press := func() {
		i.buttons[b] = down
		i.fake(pressOrRelease(xproto.ButtonPress, xproto.ButtonRelease, down), byte(b), 0, 0)
	}
	switch {
	case i.buttons[b] == down:
	case down:
		i.guarded(i.underOurs, press)
	default:
		press()
	}
	return i.c.alive()
}

func pressOrRelease(press, release byte, down bool) byte {
	if down {
		return press
	}
	return release
}

// Wheel implements desktop.Injector.
func (i *Injector) Wheel(dx, dy int) error {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.turn(&i.wheel[0], dx, wheelLeft, wheelRight)
	i.turn(&i.wheel[1], dy, wheelUp, wheelDown)
	return i.c.alive()
}

// turn adds d to a fraction and clicks the whole notches. A change of direction begins anew.
func (i *Injector) turn(fraction *int, d int, back, forth byte) {
	if d < 0 && *fraction > 0 || d > 0 && *fraction < 0 {
		*fraction = 0
	}
	*fraction += d
	button := forth
	if *fraction < 0 {
		button = back
	}
	for range max(*fraction, -*fraction) / notch {
		i.fake(xproto.ButtonPress, button, 0, 0)
		i.fake(xproto.ButtonRelease, button, 0, 0)
	}
	*fraction %= notch
}

// ReleaseAll implements desktop.Injector. When it returns the server has released all.
func (i *Injector) ReleaseAll() error {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.releaseAll()
	return i.c.alive()
}

func (i *Injector) releaseAll() {
	for b, down := range i.buttons {
		if down {
			i.fake(xproto.ButtonRelease, byte(b), 0, 0)
			i.buttons[b] = false
		}
	}
	for n := len(i.held) - 1; n >= 0; n-- {
		if kc := i.held[n].kc; kc != 0 {
			i.fake(xproto.KeyRelease, byte(kc), 0, 0)
		}
	}
	i.held = i.held[:0]
	i.wheel = [2]int{}
	i.c.x.Sync() // what was sent may still be on its way
}

// Close implements desktop.Injector. A server that does not answer cannot hold it up for
// longer than closeTimeout.
func (i *Injector) Close() error {
	i.closing.Do(func() {
		close(i.done) // stops a Text that is being typed
		timer := time.AfterFunc(closeTimeout, func() { i.c.link.Close() })
		defer timer.Stop()
		i.mu.Lock()
		defer i.mu.Unlock()
		i.releaseAll()
		i.giveBack()
		i.c.close()
	})
	return nil
}
