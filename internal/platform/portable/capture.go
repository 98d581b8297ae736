//go:build portable && !windows

package portable

import (
	"errors"
	"fmt"
	"image"
	"log/slog"
	"slices"
	"sync"
	"time"

	"github.com/go-vgo/robotgo"
	"github.com/kbinani/screenshot"

	"pindesk/internal/platform/desktop"
	"pindesk/internal/platform/pixels"
	"pindesk/internal/screen"
	"pindesk/internal/wire"
)

// displaysEvery is how often the displays are listed.
const displaysEvery = time.Second

var errNoDisplays = errors.New("portable: no display is listed")

// Capturer reads all displays together. See desktop.Capturer for the rules.
type Capturer struct {
	log     *slog.Logger
	changed chan struct{}
	grabbed chan struct{} // capacity 1: wakes keepTime
	done    chan struct{} // closed by Close
	running sync.WaitGroup
	closing sync.Once

	mu       sync.Mutex // held by all methods
	closed   bool
	at       image.Rectangle // of all displays, in the system's coordinates
	pic      screen.Picture
	whole    bool // all of pic is damage of the next Grab
	monitors []wire.Monitor
	listed   time.Time
	watched  []screen.Rect
	rects    []screen.Rect // damage, lent to the caller
	rhythm   pixels.Rhythm
	arrow    wire.Cursor
}

func openCapturer(log *slog.Logger) (*Capturer, error) {
	c := &Capturer{log: log, changed: make(chan struct{}, 1), grabbed: make(chan struct{}, 1),
		done: make(chan struct{}), arrow: pixels.Arrow()}
	if err := c.place(displays(), time.Now()); err != nil {
		return nil, err
	}
	if _, err := screenshot.Capture(c.at.Min.X, c.at.Min.Y, 1, 1); err != nil {
		return nil, noScreen(err)
	}
	log.Info("desktop opened", "by", "portable", "place", c.at, "monitors", len(c.monitors))
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

// displays are the displays' places in the system's coordinates, the main one first.
func displays() []image.Rectangle {
	var list []image.Rectangle
	for n := range screenshot.NumActiveDisplays() {
		if r := screenshot.GetDisplayBounds(n); !r.Empty() {
			list = append(list, r)
		}
	}
	return list
}

// place takes over where the displays are; what they show together is the picture.
func (c *Capturer) place(list []image.Rectangle, now time.Time) error {
	var at image.Rectangle
	for _, r := range list {
		at = at.Union(r)
	}
	if at.Empty() {
		return noScreen(errNoDisplays)
	}
	w, h := at.Dx(), at.Dy()
	if !wire.ValidSize(w, h) {
		return &desktop.Error{Kind: desktop.ErrUnsupported,
			Message: fmt.Sprintf("The desktop of %d x %d pixels is too large to be shared.", w, h)}
	}
	if at != c.at {
		c.at, c.whole = at, true
		c.pic = screen.Picture{W: w, H: h, Stride: 4 * w, Pix: make([]byte, 4*w*h)}
	}
	monitors := make([]wire.Monitor, 0, len(list))
	for n, r := range list {
		monitors = append(monitors, wire.Monitor{Name: fmt.Sprintf("Display %d", n+1),
			X: r.Min.X - at.Min.X, Y: r.Min.Y - at.Min.Y, W: r.Dx(), H: r.Dy(), Primary: n == 0})
	}
	if monitors = pixels.Monitors(monitors, w, h); !slices.Equal(monitors, c.monitors) {
		c.monitors = monitors
	}
	c.listed = now
	return nil
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

// Grab implements desktop.Capturer.
func (c *Capturer) Grab() (screen.Picture, []screen.Rect, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed {
		return screen.Picture{}, nil, desktop.ErrGone
	}
	began := time.Now()
	if began.Sub(c.listed) >= displaysEvery {
		if err := c.place(displays(), began); err != nil {
			return screen.Picture{}, nil, err
		}
	}
	differ := pixels.Differ{Pic: c.pic, Rects: c.rects[:0]}
	if err := c.read(&differ); err != nil {
		c.whole = true // some may have been taken over already
		return screen.Picture{}, nil, err
	}
	c.rects = pixels.Merge(differ.Rects, desktop.MaxDamage)
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

// read compares what is watched.
func (c *Capturer) read(differ *pixels.Differ) error {
	watched := c.watched
	if len(watched) == 0 || c.whole {
		watched = []screen.Rect{{W: c.pic.W, H: c.pic.H}}
	}
	for _, r := range watched {
		if r = pixels.Clip(r, c.pic.W, c.pic.H); r.W == 0 {
			continue
		}
		img, err := screenshot.Capture(c.at.Min.X+r.X, c.at.Min.Y+r.Y, r.W, r.H)
		if err != nil {
			return fmt.Errorf("portable: reading the screen: %w", err)
		}
		if img.Rect.Dx() != r.W || img.Rect.Dy() != r.H {
			return fmt.Errorf("portable: asked for %dx%d, got %v", r.W, r.H, img.Rect)
		}
		for at := 0; at+3 < len(img.Pix); at += 4 { // RGBA; the picture is BGRX
			img.Pix[at], img.Pix[at+2] = img.Pix[at+2], img.Pix[at]
		}
		differ.Take(r, img.Pix, img.Stride)
	}
	return nil
}

// Cursor implements desktop.Capturer: these libraries do not tell the shape.
func (c *Capturer) Cursor() (wire.Cursor, uint32, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed {
		return wire.Cursor{}, 0, desktop.ErrGone
	}
	return c.arrow, 1, nil
}

// Pointer implements desktop.Capturer.
func (c *Capturer) Pointer() (x, y int, err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed {
		return 0, 0, desktop.ErrGone
	}
	robot.Lock()
	defer robot.Unlock()
	x, y = robotgo.Location()
	return min(max(x-c.at.Min.X, 0), c.pic.W-1), min(max(y-c.at.Min.Y, 0), c.pic.H-1), nil
}

// Close implements desktop.Capturer.
func (c *Capturer) Close() error {
	c.closing.Do(func() {
		close(c.done)
		c.running.Wait()
		c.mu.Lock()
		defer c.mu.Unlock()
		c.closed = true
	})
	return nil
}
