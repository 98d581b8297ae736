//go:build linux

package x11

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/jezek/xgb"
	"github.com/jezek/xgb/damage"
	"github.com/jezek/xgb/xfixes"
	"github.com/jezek/xgb/xproto"

	"pindesk/internal/platform/desktop"
	"pindesk/internal/platform/pixels"
	"pindesk/internal/screen"
	"pindesk/internal/wire"
)

const (
	// grabAttempts bounds how often a Grab begins anew because the desktop became smaller
	// between asking for its size and reading it.
	grabAttempts = 8
	// pollPicture is how often a server without DAMAGE is said to have changed.
	pollPicture = 100 * time.Millisecond
	// regionVersion is the first version of XFIXES that has regions.
	regionVersion = 2
	// cursorNotify is the number of CursorNotify among the events of XFIXES.
	cursorNotify = 1
)

// Capturer reads the root window of an X display. See desktop.Capturer for the rules.
type Capturer struct {
	c       *conn
	changed chan struct{}
	done    chan struct{} // closed by Close
	running sync.WaitGroup
	closing sync.Once

	// Fixed after opening.
	fixes, damages extension
	inputs         extension
	hasFixes       bool
	hasDamage      bool
	hasMotion      bool
	randr          extension
	randrVersion   uint32 // 0 = none
	damage         damage.Damage
	region         xfixes.Region

	sizeStale   atomic.Bool   // the desktop may have another size than pic, or other monitors
	cursorStale atomic.Bool   // the shape has changed since it was read
	seen        atomic.Uint64 // pointer's place when it was last looked at: x<<32 | y
	motion      chan struct{} // an event of motion has come

	mu       sync.Mutex // held while a Grab runs, so that Close frees nothing under it
	closed   bool
	reader   reader
	pic      screen.Picture
	monitors []wire.Monitor // never changed, only replaced
	watched  []screen.Rect  // what Grab reads; none = all
	pending  []screen.Rect  // damage that is not read yet
	later    []screen.Rect  // as pending, but not watched
	rects    []screen.Rect  // damage of the last Grab, lent to the caller

	// Owned by the goroutine that calls Cursor.
	cursor       wire.Cursor
	cursorSerial uint32
}

func openCapturer(ctx context.Context, display string, log *slog.Logger) (*Capturer, error) {
	c, err := connect(ctx, display, log)
	if err != nil {
		return nil, err
	}
	g := &Capturer{c: c, changed: make(chan struct{}, 1), done: make(chan struct{}),
		motion: make(chan struct{}, 1), reader: reader{c: c}}
	g.cursorStale.Store(true)
	if err := opening(ctx, c, g.setUp); err != nil {
		g.reader.free()
		return nil, err
	}
	c.listen(g.handle, g.signal)
	g.running.Go(g.watchPointer)
	if !g.hasDamage {
		g.running.Go(g.pollPicture)
	}
	return g, nil
}

// setUp asks the server for all that capturing needs or can use.
func (g *Capturer) setUp() error {
	c := g.c
	if err := checkFormat(c.setup, c.screen); err != nil {
		return err
	}
	var err error
	if g.fixes, g.hasFixes, err = c.extend("XFIXES"); err != nil {
		return err
	}
	if g.hasFixes {
		version, err := xfixes.QueryVersion(c.x, 5, 0).Reply()
		if err != nil {
			return c.wrap(err)
		}
		g.hasFixes = version.MajorVersion >= regionVersion
	}
	if g.hasFixes { // what DAMAGE gives is fetched through XFIXES
		if g.damages, g.hasDamage, err = c.extend("DAMAGE"); err != nil {
			return err
		}
	}
	// The root window is told of its new size with or without RANDR.
	mask := []uint32{xproto.EventMaskStructureNotify}
	if err := xproto.ChangeWindowAttributesChecked(c.x, c.screen.Root, xproto.CwEventMask, mask).Check(); err != nil {
		return c.wrap(err)
	}
	if g.hasFixes {
		xfixes.SelectCursorInput(c.x, c.screen.Root, xfixes.CursorNotifyMaskDisplayCursor)
	}
	if g.hasDamage {
		if err := g.collectDamage(); err != nil {
			return err
		}
	}
	if err := g.findMotion(); err != nil {
		return err
	}
	if err := g.findMonitors(); err != nil {
		return err
	}
	if _, err := g.look(); err != nil {
		return err
	}
	geometry, err := xproto.GetGeometry(c.x, c.root).Reply()
	if err != nil {
		return c.wrap(err)
	}
	if err := g.reader.probe(); err != nil {
		return err
	}
	if g.monitors, err = g.listMonitors(int(geometry.Width), int(geometry.Height)); err != nil {
		return err
	}
	c.log.Info("desktop opened", "width", geometry.Width, "height", geometry.Height, "monitors", len(g.monitors),
		"shm", g.reader.shm, "damage", g.hasDamage, "cursor", g.hasFixes, "motion", g.hasMotion)
	return g.resize(int(geometry.Width), int(geometry.Height))
}

// collectDamage lets the server gather all damage of the screen in a region and say once
// when that is no longer empty: no event is lost and none is sent in vain, however long
// nobody grabs.
func (g *Capturer) collectDamage() error {
	x := g.c.x
	if _, err := damage.QueryVersion(x, 1, 1).Reply(); err != nil {
		return g.c.wrap(err)
	}
	var err error
	if g.damage, err = damage.NewDamageId(x); err != nil {
		return g.c.wrap(err)
	}
	if g.region, err = xfixes.NewRegionId(x); err != nil {
		return g.c.wrap(err)
	}
	if err := xfixes.CreateRegionChecked(x, g.region, nil).Check(); err != nil {
		return g.c.wrap(err)
	}
	return g.c.wrap(damage.CreateChecked(x, g.damage, g.c.root, damage.ReportLevelNonEmpty).Check())
}

// checkFormat refuses screens whose pixels are not B, G, R, X in memory.
func checkFormat(setup *xproto.SetupInfo, s *xproto.ScreenInfo) error {
	bits := byte(0)
	for _, f := range setup.PixmapFormats {
		if f.Depth == s.RootDepth {
			bits = f.BitsPerPixel
		}
	}
	rgb := false
	for _, depth := range s.AllowedDepths {
		for _, v := range depth.Visuals {
			if v.VisualId == s.RootVisual {
				rgb = v.RedMask == 0xff0000 && v.GreenMask == 0xff00 && v.BlueMask == 0xff
			}
		}
	}
	if (s.RootDepth == 24 || s.RootDepth == 32) && bits == 32 && rgb && setup.ImageByteOrder == xproto.ImageOrderLSBFirst {
		return nil
	}
	return &desktop.Error{Kind: desktop.ErrUnsupported, Message: fmt.Sprintf(
		"The desktop shows %d bits of colour in a form that cannot be shared. Please set it to 24 bits (millions of colours).", s.RootDepth)}
}

// Changed implements desktop.Capturer.
func (g *Capturer) Changed() <-chan struct{} { return g.changed }

func (g *Capturer) signal() {
	select {
	case g.changed <- struct{}{}:
	default:
	}
}

func (g *Capturer) handle(event xgb.Event) {
	switch e := event.(type) {
	case rawEvent:
		switch {
		case g.hasFixes && e.code() == g.fixes.firstEvent+cursorNotify:
			g.cursorStale.Store(true)
			g.signal()
		case g.hasDamage && e.code() == g.damages.firstEvent:
			g.signal()
		case g.isMonitorEvent(e):
			g.sizeStale.Store(true)
			g.signal()
		case g.hasMotion && e.code() == genericEvent && e[1] == g.inputs.major:
			select {
			case g.motion <- struct{}{}:
			default:
			}
		}
	case xproto.ConfigureNotifyEvent:
		if e.Window == g.c.screen.Root {
			g.sizeStale.Store(true)
			g.signal()
		}
	}
}

// pollPicture runs for servers without DAMAGE, until Close. It costs nothing but the
// signal: reading and comparing is done by who then grabs.
func (g *Capturer) pollPicture() {
	tick := time.NewTicker(pollPicture)
	defer tick.Stop()
	for {
		select {
		case <-g.done:
			return
		case <-tick.C:
			g.signal()
		}
	}
}

// Size implements desktop.Capturer.
func (g *Capturer) Size() (w, h int) {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.pic.W, g.pic.H
}

// Grab implements desktop.Capturer.
func (g *Capturer) Grab() (screen.Picture, []screen.Rect, error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.closed {
		return screen.Picture{}, nil, gone(nil)
	}
	for attempt := 1; ; attempt++ {
		err := g.update()
		if err == nil {
			return g.pic, g.rects, nil
		}
		g.sizeStale.Store(true) // it may have become smaller, and the event be on its way
		var xerr xgb.Error
		if attempt == grabAttempts || !errors.As(err, &xerr) {
			return screen.Picture{}, nil, err
		}
	}
}

// update does one attempt of a Grab: one round trip for what changed, one for the pixels.
// What could not be read stays in pending.
func (g *Capturer) update() error {
	var request [16]byte
	var geometry, fetched *xgb.Cookie
	g.c.link.hold.Store(g.hasDamage) // what has no answer to wait for goes out with the next
	if g.sizeStale.Swap(false) {
		geometry = g.c.send(getGeometry(request[:], uint32(g.c.root)))
	}
	if g.hasDamage {
		damage.Subtract(g.c.x, g.damage, xfixes.RegionNone, g.region)
		g.c.link.hold.Store(false)
		fetched = g.c.send(fetchRegion(request[:], g.fixes.major, uint32(g.region)))
	}
	w, h := g.pic.W, g.pic.H
	if geometry != nil {
		size, err := geometry.Reply()
		if err != nil {
			return g.c.wrap(err)
		}
		w, h = int(xgb.Get16(size[16:])), int(xgb.Get16(size[18:]))
	}
	if fetched != nil {
		region, err := fetched.Reply()
		if err != nil {
			return g.c.wrap(err)
		}
		g.pending = appendRegion(g.pending, region, w, h)
	}
	if w != g.pic.W || h != g.pic.H {
		if err := g.resize(w, h); err != nil {
			return err
		}
	}
	var err error
	if geometry != nil {
		if g.monitors, err = g.listMonitors(w, h); err != nil {
			return err
		}
	}
	g.putOff()
	g.rects = g.rects[:0]
	whole := len(g.pending) == 1 && g.pending[0] == screen.Rect{W: w, H: h}
	if g.hasDamage || whole {
		g.pending = pixels.Merge(g.pending, desktop.MaxDamage)
		err = g.reader.read(g.pending, g.place)
	} else {
		changed := pixels.Differ{Pic: g.pic, Rects: g.pending}
		err = g.reader.read(g.compared(w, h), func(r screen.Rect, packed []byte) { changed.Take(r, packed, 4*r.W) })
		g.pending = pixels.Merge(changed.Rects, desktop.MaxDamage)
	}
	if err != nil {
		return err
	}
	g.rects, g.pending = g.pending, g.rects
	return nil
}

// compared is what must be read to see what has changed, without DAMAGE.
func (g *Capturer) compared(w, h int) []screen.Rect {
	if len(g.watched) == 0 {
		return []screen.Rect{{W: w, H: h}}
	}
	var rects []screen.Rect
	for _, r := range g.watched {
		if r = pixels.Clip(r, w, h); r.W > 0 {
			rects = append(rects, r)
		}
	}
	return rects
}

// resize begins a new picture, damaged as a whole.
func (g *Capturer) resize(w, h int) error {
	if !wire.ValidSize(w, h) {
		return &desktop.Error{Kind: desktop.ErrUnsupported,
			Message: fmt.Sprintf("The desktop of %d x %d pixels is too large to be shared.", w, h)}
	}
	g.reader.resize(w, h)
	g.pic = screen.Picture{W: w, H: h, Stride: 4 * w, Pix: make([]byte, 4*w*h)}
	clear(g.pic.Pix) // now, not in the first Grab: a viewer waits for that
	g.pending = append(g.pending[:0], screen.Rect{W: w, H: h})
	g.later = g.later[:0]
	return nil
}

// place copies a block of pixels into the picture.
func (g *Capturer) place(r screen.Rect, packed []byte) {
	row := 4 * r.W
	at := r.Y*g.pic.Stride + 4*r.X
	if row == g.pic.Stride {
		copy(g.pic.Pix[at:], packed[:row*r.H])
		return
	}
	for range r.H {
		copy(g.pic.Pix[at:at+row], packed)
		packed = packed[row:]
		at += g.pic.Stride
	}
}

// Close implements desktop.Capturer.
func (g *Capturer) Close() error {
	g.closing.Do(func() {
		close(g.done)
		g.c.close() // whoever waits for an answer gets ErrGone
		g.running.Wait()
		g.mu.Lock()
		defer g.mu.Unlock()
		g.closed = true
		g.reader.free()
	})
	return nil
}

// getGeometry writes the request GetGeometry into b.
func getGeometry(b []byte, drawable uint32) []byte {
	b[0], b[1] = 14, 0
	binary.LittleEndian.PutUint16(b[2:], 2)
	binary.LittleEndian.PutUint32(b[4:], drawable)
	return b[:8]
}

// fetchRegion writes the request FetchRegion of XFIXES into b.
func fetchRegion(b []byte, major byte, region uint32) []byte {
	b[0], b[1] = major, 19
	binary.LittleEndian.PutUint16(b[2:], 2)
	binary.LittleEndian.PutUint32(b[4:], region)
	return b[:8]
}

// appendRegion appends the rectangles of FetchRegion's answer, clipped to w x h.
func appendRegion(rects []screen.Rect, reply []byte, w, h int) []screen.Rect {
	for b := reply[32:]; len(b) >= 8; b = b[8:] {
		r := screen.Rect{X: int(int16(xgb.Get16(b))), Y: int(int16(xgb.Get16(b[2:]))), W: int(xgb.Get16(b[4:])), H: int(xgb.Get16(b[6:]))}
		if r = pixels.Clip(r, w, h); r.W > 0 {
			rects = append(rects, r)
		}
	}
	return rects
}
