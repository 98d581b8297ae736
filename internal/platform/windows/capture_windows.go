package windows

import (
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"time"

	"pindesk/internal/platform/desktop"
	"pindesk/internal/platform/pixels"
	"pindesk/internal/screen"
	"pindesk/internal/wire"
)

// monitorsEvery is how often the monitors are listed when the virtual screen stays as it is.
const monitorsEvery = time.Second

// Capturer reads the virtual screen. See desktop.Capturer for the rules.
type Capturer struct {
	log     *slog.Logger
	changed chan struct{}
	grabbed chan struct{} // capacity 1: wakes the rhythm
	done    chan struct{} // closed by Close
	running sync.WaitGroup
	closing sync.Once

	mu        sync.Mutex // held by all methods
	closed    bool
	at        virtual
	source    source // nil: to be opened
	failed    bool   // the last read; it is said once
	pic       screen.Picture
	whole     bool // all of pic is damage of the next Grab
	monitors  []wire.Monitor
	listed    time.Time
	watched   []screen.Rect
	wanted    []screen.Rect // scratch: what is read
	rects     []screen.Rect // damage, lent to the caller
	differ    pixels.Differ // scratch; here, as it would be made anew for each look else
	duplicate bool          // read through desktop duplication where that can be trusted
	gave      bool          // up duplication for good
	looked    cursorInfo    // scratch, which Windows writes to
	pointed   point         // likewise
	rhythm    pixels.Rhythm
	cursor    cursor
}

func openCapturer(log *slog.Logger, duplicate bool) (*Capturer, error) {
	if err := missing(procCreateDC, procBitBlt, procEnumDisplayMonitors, procGetCursorInfo); err != nil {
		return nil, &desktop.Error{Kind: desktop.ErrUnsupported, Message: "This version of Windows is too old to be shared.", Err: err}
	}
	c := &Capturer{log: log, duplicate: duplicate, changed: make(chan struct{}, 1), grabbed: make(chan struct{}, 1), done: make(chan struct{})}
	if err := c.place(virtualScreen(), time.Now()); err != nil {
		return nil, err
	}
	log.Info("desktop opened", "x", c.at.x, "y", c.at.y, "width", c.at.w, "height", c.at.h, "monitors", len(c.monitors))
	c.running.Go(c.keepTime)
	return c, nil
}

// keepTime signals when it is time to look again.
func (c *Capturer) keepTime() {
	timer := time.NewTimer(pixels.LooksFast)
	defer timer.Stop()
	for {
		select {
		case <-c.done:
			return
		case <-c.grabbed: // it may have been waiting for long
		case <-timer.C:
			select {
			case c.changed <- struct{}{}:
			default:
			}
		}
		c.mu.Lock()
		pause := c.rhythm.Pause(time.Now())
		c.mu.Unlock()
		timer.Reset(pause)
	}
}

// place begins anew if the virtual screen is another one, and lists the monitors then, or when it is time.
func (c *Capturer) place(at virtual, now time.Time) error {
	if at != c.at {
		if !wire.ValidSize(at.w, at.h) {
			return &desktop.Error{Kind: desktop.ErrUnsupported,
				Message: fmt.Sprintf("The desktop of %d x %d pixels is too large to be shared.", at.w, at.h)}
		}
		c.drop()
		c.at, c.listed, c.whole = at, time.Time{}, true
		c.pic = screen.Picture{W: at.w, H: at.h, Stride: 4 * at.w, Pix: make([]byte, 4*at.w*at.h)}
	}
	if now.Sub(c.listed) >= monitorsEvery {
		c.listed = now
		if list := pixels.Monitors(at.monitors(listDisplays()), at.w, at.h); !slices.Equal(list, c.monitors) {
			c.monitors = list
			c.drop() // duplications are of monitors
		}
	}
	return nil
}

// drop closes the source; the next read opens another one.
func (c *Capturer) drop() {
	if c.source != nil {
		if d, is := c.source.(*duplicates); is && d.never {
			c.gave = true
		}
		c.source.close()
		c.source = nil
	}
}

// Changed implements desktop.Capturer.
func (c *Capturer) Changed() <-chan struct{} { return c.changed }

// Size implements desktop.Capturer.
func (c *Capturer) Size() (w, h int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.pic.W, c.pic.H
}

// Monitors implements desktop.Capturer.
func (c *Capturer) Monitors() []wire.Monitor {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.monitors
}

// Watch implements desktop.Capturer. What is not watched is not compared either, so its changes are found
// when it is.
func (c *Capturer) Watch(rects []screen.Rect) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.watched = append(c.watched[:0], rects...)
}

// Grab implements desktop.Capturer. While Windows shows what nobody may read, such as its lock screen, it
// returns the picture from before.
func (c *Capturer) Grab() (screen.Picture, []screen.Rect, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed {
		return screen.Picture{}, nil, desktop.ErrGone
	}
	began := time.Now()
	if at := virtualScreen(); at.w > 0 && at.h > 0 { // there is none for a moment while monitors change
		if err := c.place(at, began); err != nil {
			return screen.Picture{}, nil, err
		}
	}
	c.differ = pixels.Differ{Pic: c.pic, Rects: c.rects[:0]}
	c.wanted = watchedIn(c.wanted, c.watched, c.pic.W, c.pic.H)
	err := c.read(&c.differ)
	c.rects = pixels.Merge(c.differ.Rects, desktop.MaxDamage)
	if err == nil != !c.failed {
		c.failed = err != nil
		c.log.Info("the desktop is read", "possible", !c.failed, "err", err)
	}
	if c.whole {
		c.whole = false
		c.rects = append(c.rects[:0], screen.Rect{W: c.pic.W, H: c.pic.H})
	}
	now := time.Now()
	c.rhythm.Look(now, now.Sub(began), len(c.rects) > 0)
	select {
	case c.grabbed <- struct{}{}:
	default:
	}
	return c.pic, c.rects, nil
}

// read reads what is wanted, by another source if the one that there was fails.
func (c *Capturer) read(changed *pixels.Differ) error {
	var errs error
	for range 2 {
		if c.source == nil {
			opened, err := c.open()
			if err != nil {
				return errors.Join(errs, err)
			}
			c.source = opened
		}
		err := c.source.read(c.wanted, changed)
		if err == nil {
			return nil
		}
		c.drop()
		errs = errors.Join(errs, err)
	}
	return errs
}

// open opens the source: GDI, and desktop duplication before it if that is wished and was not given up.
func (c *Capturer) open() (source, error) {
	through, err := openGDI(c.at)
	if err != nil || !c.duplicate || c.gave {
		return through, err
	}
	at := c.at
	return &duplicates{log: c.log, rest: through, open: func() ([]*output, error) { return openDuplications(at) }, now: time.Now}, nil
}

// Close implements desktop.Capturer.
func (c *Capturer) Close() error {
	c.closing.Do(func() {
		close(c.done)
		c.running.Wait()
		c.mu.Lock()
		defer c.mu.Unlock()
		c.closed = true
		c.drop()
	})
	return nil
}

// KeepAwake tells Windows that the screen and the computer are in use.
func (c *Capturer) KeepAwake() {
	const systemRequired, displayRequired = 1, 2
	_, _ = call(procSetThreadExecutionState, systemRequired|displayRequired)
}
