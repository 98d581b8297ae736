//go:build linux

package x11

import (
	"context"
	"log/slog"
	"time"

	"github.com/jezek/xgb"
	"github.com/jezek/xgb/xproto"

	"pindesk/internal/platform/desktop"
	"pindesk/internal/platform/glyph"
	"pindesk/internal/window"
)

// Window shows a window.Model on an X display, over a connection of its own: the window itself and
// the banner, which is on top of everything and which no window manager knows. It draws its texts
// itself (package glyph), so programs that read the screen out know the windows' names and nothing
// that is in them. Characters that need an input method cannot be typed into it, only pasted.
type Window struct {
	c       *conn
	display string
	model   *window.Model
	hands   window.Hands
	fonts   *glyph.Fonts
	look    palette
	scale   float64
	atoms   map[string]xproto.Atom
	keys    *keymap
	main    pane
	banner  pane
	events  chan xgb.Event
	done    chan struct{} // closed by Close: nobody takes events any more
	panic   map[xproto.Keycode]bool

	raised  time.Time // the banner, last
	grip    *[2]int16 // where the banner is held; nil: it is not
	pressed window.ID // button of the mouse is down on it
	inMain  bool      // pressed is
	urgent  bool
	mapped  bool
	stamp   xproto.Timestamp // of the newest input
}

// taken is how much of a screen's height panels and the window's frame have, at 96 dpi.
const taken = 64

// pane is one X window with what is drawn in it.
type pane struct {
	id     xproto.Window
	gc     xproto.Gcontext
	w, h   int
	x, y   int // of the banner
	placed []window.Placed
	on     bool
}

// windowAtoms are the names that a window needs.
var windowAtoms = []string{"WM_PROTOCOLS", "WM_DELETE_WINDOW", "UTF8_STRING", "_NET_WM_NAME", "_NET_WM_PID", "_NET_WM_STATE", "_NET_WM_STATE_ABOVE",
	"_NET_WM_STATE_DEMANDS_ATTENTION", "_NET_WM_WINDOW_TYPE", "_NET_WM_WINDOW_TYPE_NORMAL", "_NET_WM_WINDOW_TYPE_DOCK", "CLIPBOARD", "PINDESK_PASTE"}

// OpenWindow connects to an X display, and finds fonts. ctx bounds the opening only. Nothing is shown
// before Run. Input that an Injector of this process injects does not reach the windows.
func OpenWindow(ctx context.Context, display string, model *window.Model, log *slog.Logger) (*Window, error) {
	c, err := connect(ctx, display, log)
	if err != nil {
		return nil, err
	}
	w := &Window{c: c, display: display, model: model, events: make(chan xgb.Event, 64), done: make(chan struct{}), atoms: map[string]xproto.Atom{}, panic: map[xproto.Keycode]bool{}}
	if err := opening(ctx, c, w.setUp); err != nil {
		return nil, err
	}
	w.fonts = glyph.New(glyph.Folders())
	w.hands.Model = model
	ours.add(display, c.setup)
	c.listen(func(e xgb.Event) {
		select {
		case w.events <- e:
		case <-w.done:
		}
	}, func() { close(w.events) })
	return w, nil
}

func (w *Window) setUp() error {
	c := w.c
	if c.screen.RootDepth != 24 && c.screen.RootDepth != 32 || c.setup.ImageByteOrder != xproto.ImageOrderLSBFirst {
		return &desktop.Error{Kind: desktop.ErrUnsupported, Message: "This desktop does not have 24 bits of colour, which the window needs."}
	}
	for _, name := range windowAtoms {
		reply, err := xproto.InternAtom(c.x, false, uint16(len(name)), name).Reply()
		if err != nil {
			return c.wrap(err)
		}
		w.atoms[name] = reply.Atom
	}
	w.scale, w.look = w.settings()
	var err error
	if w.keys, err = loadKeymap(c); err != nil {
		return err
	}
	const events = xproto.EventMaskExposure | xproto.EventMaskButtonPress | xproto.EventMaskButtonRelease | xproto.EventMaskPointerMotion
	if err := w.create(&w.main, false, events|xproto.EventMaskKeyPress|xproto.EventMaskStructureNotify|xproto.EventMaskPropertyChange); err != nil {
		return err
	}
	if err := w.create(&w.banner, true, events|xproto.EventMaskVisibilityChange); err != nil {
		return err
	}
	xproto.ChangeProperty(c.x, xproto.PropModeReplace, w.main.id, w.atoms["WM_PROTOCOLS"], xproto.AtomAtom, 32, 1, words(uint32(w.atoms["WM_DELETE_WINDOW"])))
	class := "pindesk\x00PinDesk\x00"
	for _, p := range []*pane{&w.main, &w.banner} {
		xproto.ChangeProperty(c.x, xproto.PropModeReplace, p.id, xproto.AtomWmClass, xproto.AtomString, 8, uint32(len(class)), []byte(class))
	}
	xproto.ChangeProperty(c.x, xproto.PropModeReplace, w.main.id, w.atoms["_NET_WM_WINDOW_TYPE"], xproto.AtomAtom, 32, 1, words(uint32(w.atoms["_NET_WM_WINDOW_TYPE_NORMAL"])))
	w.model.PanicKeys(w.grabPanic())
	return c.alive()
}

func (w *Window) create(p *pane, unmanaged bool, events uint32) (err error) {
	c := w.c
	if p.id, err = xproto.NewWindowId(c.x); err != nil {
		return c.wrap(err)
	}
	if p.gc, err = xproto.NewGcontextId(c.x); err != nil {
		return c.wrap(err)
	}
	p.w, p.h = 1, 1
	override := uint32(0)
	if unmanaged {
		override = 1
	}
	if err := xproto.CreateWindowChecked(c.x, c.screen.RootDepth, p.id, c.screen.Root, 0, 0, 1, 1, 0, xproto.WindowClassInputOutput, c.screen.RootVisual,
		xproto.CwOverrideRedirect|xproto.CwEventMask, []uint32{override, events}).Check(); err != nil {
		return c.wrap(err)
	}
	return c.wrap(xproto.CreateGCChecked(c.x, p.gc, xproto.Drawable(p.id), 0, nil).Check())
}

// Run shows the model until ctx ends, or the connection. It is called once.
func (w *Window) Run(ctx context.Context) error {
	w.refresh()
	timer := time.NewTimer(time.Hour)
	defer timer.Stop()
	for {
		wait := time.Hour
		if d := w.model.Wait(); d > 0 {
			wait = d + time.Millisecond
		}
		if late := w.lowered(); late > 0 {
			wait = min(wait, late)
		}
		timer.Reset(wait)
		select {
		case <-ctx.Done():
			return nil
		case e, ok := <-w.events:
			if !ok {
				return gone(nil)
			}
			w.handle(e)
		case <-w.model.Changed():
			w.refresh()
		case <-timer.C:
			w.lift()
			w.refresh()
		}
	}
}

// Close ends the windows. It may be called when Run has returned, or without Run.
func (w *Window) Close() error {
	ours.remove(w.display, w.c.setup)
	close(w.done)
	w.c.close()
	w.fonts.Close()
	return nil
}

// words makes the bytes of a property of 32-bit values.
func words(values ...uint32) []byte {
	b := make([]byte, 4*len(values))
	for i, v := range values {
		xgb.Put32(b[4*i:], v)
	}
	return b
}

// name gives a window its name, for the window manager and for programs that read it out.
func (w *Window) name(p *pane, title string) {
	xproto.ChangeProperty(w.c.x, xproto.PropModeReplace, p.id, w.atoms["_NET_WM_NAME"], w.atoms["UTF8_STRING"], 8, uint32(len(title)), []byte(title))
	xproto.ChangeProperty(w.c.x, xproto.PropModeReplace, p.id, xproto.AtomWmName, w.atoms["UTF8_STRING"], 8, uint32(len(title)), []byte(title))
}

// refresh brings both windows up to date with the model.
func (w *Window) refresh() {
	before := w.hands.Scene
	w.hands.Refresh()
	s := &w.hands.Scene
	if !w.mapped || before.Title != s.Title {
		w.name(&w.main, s.Title)
	}
	if before.Number != s.Number {
		w.pressed = "" // a press on what was there before is none on what is there now
	}
	width := min(w.px(window.Wide), int(w.c.screen.WidthInPixels))
	placed, height := window.Layout(*s, width, int(w.c.screen.HeightInPixels)-w.px(taken), w.scale, measure{w})
	w.main.placed = placed
	if w.main.w != width || w.main.h != height {
		w.main.w, w.main.h = width, height
		w.hold(width, height)
		xproto.ConfigureWindow(w.c.x, w.main.id, xproto.ConfigWindowWidth|xproto.ConfigWindowHeight, []uint32{uint32(width), uint32(height)})
	}
	if !w.mapped {
		w.mapped = true
		x, y := (int(w.c.screen.WidthInPixels)-width)/2, (int(w.c.screen.HeightInPixels)-height)/3
		xproto.ConfigureWindow(w.c.x, w.main.id, xproto.ConfigWindowX|xproto.ConfigWindowY, []uint32{uint32(max(x, 0)), uint32(max(y, 0))})
		xproto.MapWindow(w.c.x, w.main.id)
	}
	if s.Urgent != w.urgent {
		w.urgent = s.Urgent
		w.alert(s.Urgent)
	}
	w.paintMain()
	w.refreshBanner()
	w.c.x.Sync()
	w.model.Drawn(s.Number)
}

// hold keeps the window manager from making the window another size: there is nothing more to see.
func (w *Window) hold(width, height int) {
	const pMinSize, pMaxSize = 1 << 4, 1 << 5
	hints := make([]uint32, 18)
	hints[0] = pMinSize | pMaxSize
	hints[5], hints[6], hints[7], hints[8] = uint32(width), uint32(height), uint32(width), uint32(height)
	xproto.ChangeProperty(w.c.x, xproto.PropModeReplace, w.main.id, xproto.AtomWmNormalHints, xproto.AtomWmSizeHints, 32, 18, words(hints...))
}

// alert brings the window to the front without giving it the keyboard, or lets it go again.
func (w *Window) alert(on bool) {
	action := uint32(0)
	if on {
		action = 1
		xproto.MapWindow(w.c.x, w.main.id) // also out of its icon
		xproto.ConfigureWindow(w.c.x, w.main.id, xproto.ConfigWindowStackMode, []uint32{xproto.StackModeAbove})
	}
	w.tell("_NET_WM_STATE", action, uint32(w.atoms["_NET_WM_STATE_ABOVE"]), uint32(w.atoms["_NET_WM_STATE_DEMANDS_ATTENTION"]), 1)
}

// tell asks the window manager for something.
func (w *Window) tell(what string, data ...uint32) {
	data = append(data, 0, 0, 0, 0, 0)[:5]
	e := xproto.ClientMessageEvent{Format: 32, Window: w.main.id, Type: w.atoms[what], Data: xproto.ClientMessageDataUnionData32New(data)}
	xproto.SendEvent(w.c.x, false, w.c.screen.Root, xproto.EventMaskSubstructureNotify|xproto.EventMaskSubstructureRedirect, string(e.Bytes()))
}

// lowered is how long until the banner, which something covers, may come up again: two programs that
// both want to be on top must not fight for the machine.
func (w *Window) lowered() time.Duration {
	const every = 500 * time.Millisecond
	if !w.banner.on || w.raised.IsZero() {
		return 0
	}
	return max(time.Millisecond, every-time.Since(w.raised))
}

func (w *Window) lift() {
	if w.banner.on && !w.raised.IsZero() && w.lowered() <= time.Millisecond {
		xproto.ConfigureWindow(w.c.x, w.banner.id, xproto.ConfigWindowStackMode, []uint32{xproto.StackModeAbove})
		w.raised = time.Time{}
	}
}
