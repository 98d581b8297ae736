//go:build linux

package x11

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"sync"
	"sync/atomic"

	"github.com/jezek/xgb"
	"github.com/jezek/xgb/xproto"

	"pindesk/internal/platform/desktop"
)

// rawEvent is an event of an extension, undecoded; its 32 bytes are its own.
type rawEvent []byte

func (e rawEvent) Bytes() []byte  { return e }
func (e rawEvent) String() string { return fmt.Sprintf("extension event %d", e.code()) }
func (e rawEvent) code() byte     { return e[0] & 127 }

// rawError is an error of an extension, undecoded.
type rawError []byte

func (e rawError) SequenceId() uint16 { return xgb.Get16(e[2:]) }
func (e rawError) BadId() uint32      { return xgb.Get32(e[4:]) }
func (e rawError) Error() string      { return fmt.Sprintf("X extension error %d", e[1]) }

// First codes that the X protocol leaves to extensions.
const (
	firstExtEvent = 64
	firstExtError = 128
)

// xgb decodes events by process-wide tables that the Init functions of its extension
// packages write without a lock, while other connections' readers read them; and the codes
// differ from server to server. So the tables are filled once, here, and each connection
// decodes by what its own server said. See the package documentation.
func init() {
	xgb.Logger.SetOutput(io.Discard)
	for code := firstExtEvent; code < 128; code++ {
		xgb.NewEventFuncs[code] = func(b []byte) xgb.Event { return rawEvent(b) }
	}
	xgb.NewEventFuncs[genericEvent] = func(b []byte) xgb.Event { return rawEvent(b) }
	// What a program sends in place of a person's input is marked by the server, and xgb loses the mark.
	for _, code := range []int{xproto.KeyPress, xproto.KeyRelease, xproto.ButtonPress, xproto.ButtonRelease} {
		decode := xgb.NewEventFuncs[code]
		xgb.NewEventFuncs[code] = func(b []byte) xgb.Event {
			if b[0]&128 != 0 {
				return rawEvent(b)
			}
			return decode(b)
		}
	}
	for code := firstExtError; code < 256; code++ {
		xgb.NewErrorFuncs[code] = func(b []byte) xgb.Error { return rawError(b) }
	}
}

// extension is what a server said of one of its extensions.
type extension struct {
	name       string
	major      byte // opcode of its requests
	firstEvent byte
	firstError byte
}

// conn is a connection to an X server. Its methods may be called from any goroutine.
type conn struct {
	x      *xgb.Conn
	link   *link
	setup  *xproto.SetupInfo
	screen *xproto.ScreenInfo
	root   xproto.Drawable
	log    *slog.Logger

	lost      atomic.Bool    // set by the event loop when the connection has ended
	events    sync.WaitGroup // the event loop
	closeOnce sync.Once
}

// connect opens a connection and starts no event loop yet.
func connect(ctx context.Context, display string, log *slog.Logger) (*conn, error) {
	x, l, a, err := dial(ctx, display)
	if err != nil {
		return nil, err
	}
	c := &conn{x: x, link: l, log: log, setup: xproto.Setup(x)}
	if a.screen >= len(c.setup.Roots) {
		l.Close()
		drain(x)
		return nil, &desktop.Error{Kind: desktop.ErrNoDisplay, Message: fmt.Sprintf("The desktop %q has no screen %d.", display, a.screen)}
	}
	c.screen = &c.setup.Roots[a.screen]
	c.root = xproto.Drawable(c.screen.Root)
	return c, nil
}

// listen starts the event loop: handle is called for every event, from one goroutine,
// until the connection ends; then ended is called once.
func (c *conn) listen(handle func(xgb.Event), ended func()) {
	c.events.Go(func() {
		for {
			event, xerr := c.x.WaitForEvent()
			switch {
			case event != nil:
				handle(event)
			case xerr != nil:
				c.log.Debug("X error of a request without answer", "err", xerr.Error())
			default:
				c.lost.Store(true)
				ended()
				return
			}
		}
	})
}

// close ends the connection without asking the server, which may not answer any more, and
// waits for the event loop.
func (c *conn) close() {
	c.closeOnce.Do(func() { c.link.Close() })
	c.events.Wait()
	drain(c.x)
}

// drain reads the event queue to its end, after which xgb's reader has returned.
func drain(x *xgb.Conn) {
	for {
		if event, xerr := x.WaitForEvent(); event == nil && xerr == nil {
			return
		}
	}
}

// extend asks for an extension and lets xgb's request functions of it be used.
func (c *conn) extend(name string) (extension, bool, error) {
	reply, err := xproto.QueryExtension(c.x, uint16(len(name)), name).Reply()
	if err != nil {
		return extension{}, false, c.wrap(err)
	}
	if !reply.Present {
		return extension{}, false, nil
	}
	c.x.ExtLock.Lock()
	c.x.Extensions[name] = reply.MajorOpcode
	c.x.ExtLock.Unlock()
	return extension{name: name, major: reply.MajorOpcode, firstEvent: reply.FirstEvent, firstError: reply.FirstError}, true, nil
}

// send sends a request that has an answer; b may be used again at once. The answer comes
// from the cookie's Reply. It is the cheap way past xgb's typed functions, which copy.
func (c *conn) send(b []byte) *xgb.Cookie {
	cookie := c.x.NewCookie(true, true)
	c.x.NewRequest(b, cookie)
	return cookie
}

// wrap makes ErrGone of the error that xgb gives when the connection has ended.
func (c *conn) wrap(err error) error {
	if err == nil {
		return nil
	}
	if errors.Is(err, io.EOF) {
		c.lost.Store(true) // who has been told so is told so by every later call
	}
	if c.lost.Load() {
		return gone(err)
	}
	return fmt.Errorf("x11: %w", err)
}

// alive returns ErrGone once the connection has ended, for calls that send requests
// without an answer.
func (c *conn) alive() error {
	if c.lost.Load() {
		return gone(nil)
	}
	return nil
}

func gone(err error) error {
	return &desktop.Error{Kind: desktop.ErrGone, Message: "The connection to the desktop has ended.", Err: err}
}
