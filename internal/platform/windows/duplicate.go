package windows

import (
	"errors"
	"log/slog"
	"time"

	"pindesk/internal/platform/desktop"
	"pindesk/internal/platform/pixels"
	"pindesk/internal/screen"
)

// source reads the desktop.
type source interface {
	// read compares rectangles of the picture with into and takes over what has changed.
	read(rects []screen.Rect, into *pixels.Differ) error
	close()
}

// duplication is a running copy of one monitor. Its calls wait for nothing. After an error only close is
// called.
type duplication interface {
	// next brings the copy up to date and appends to changed where it may have changed, in the
	// monitor's own pixels. all: anywhere. ready: the copy holds a picture by now.
	next(changed []screen.Rect) (rects []screen.Rect, all, ready bool, err error)
	// lend lends the copy's pixels, B, G, R, any, until the next call of giveBack.
	lend() (pix []byte, stride int, err error)
	giveBack()
	close()
}

// output is a monitor that is duplicated.
type output struct {
	area     screen.Rect // of the picture
	copy     duplication
	stale    []screen.Rect // of the picture: where the copy may differ from it
	ready    bool
	trusted  bool // the copy was equal to what GDI reads; until then GDI is read
	attempts int  // at finding it equal
}

const (
	// trials is how often a copy may differ from what GDI reads before it is not used: what moves differs.
	trials = 40
	// trialRows: of so many rows one is compared.
	trialRows = 8
	// sweepEvery is how often all is read through GDI nevertheless, so that what a driver has not reported
	// does not stay wrong.
	sweepEvery = 5 * time.Second
	// How long to do without duplication after it was lost again, or could not be had.
	retryFirst = time.Second
	retryMost  = 30 * time.Second
)

// errNoDuplication: it will not be there later either.
var errNoDuplication = errors.New("windows: no desktop duplication here")

// duplicates reads monitors through desktop duplication as far as that can be trusted, and the rest through
// another source. What duplication reports only says where to look: the picture gets what differs.
type duplicates struct {
	log     *slog.Logger
	rest    source
	open    func() ([]*output, error) // the error says why there is none, or not all
	now     func() time.Time
	outputs []*output
	never   bool
	retry   time.Time // not before
	pause   time.Duration
	swept   time.Time
	parts   []screen.Rect // scratch
	news    []screen.Rect // scratch
}

func (d *duplicates) read(rects []screen.Rect, into *pixels.Differ) error {
	now := d.now()
	d.reopen(now)
	// First what is not duplicated: what comes from a duplication must not be older than what is there.
	d.parts = append(d.parts[:0], rects...)
	if now.Sub(d.swept) < sweepEvery {
		for _, o := range d.outputs {
			if o.trusted {
				d.parts = without(d.parts, o.area)
			}
		}
	} else {
		d.swept = now
	}
	if len(d.parts) > 0 {
		if err := d.rest.read(d.parts, into); err != nil {
			return err
		}
	}
	for i := 0; i < len(d.outputs); i++ {
		o := d.outputs[i]
		err := d.look(o, rects, into)
		if err != nil {
			d.lose(err, now)
			return d.rest.read(rects, into)
		}
		if o.attempts >= trials {
			d.log.Info("a monitor is read through GDI", "x", o.area.X, "y", o.area.Y, "err", "desktop duplication shows something else")
			o.copy.close()
			d.outputs = append(d.outputs[:i], d.outputs[i+1:]...)
			d.never = len(d.outputs) == 0
			i--
		}
	}
	return nil
}

// reopen opens duplications if there are none, and it is time.
func (d *duplicates) reopen(now time.Time) {
	if d.never || len(d.outputs) > 0 || now.Before(d.retry) {
		return
	}
	outputs, err := d.open()
	if len(outputs) == 0 {
		d.never = errors.Is(err, errNoDuplication)
		d.wait(now)
		d.log.Info("the desktop is read through GDI", "for good", d.never, "err", err)
		return
	}
	d.outputs = outputs
	d.log.Info("desktop duplication is tried", "monitors", len(outputs), "not", err)
}

// wait puts off the next attempt to open.
func (d *duplicates) wait(now time.Time) {
	d.pause = min(max(2*d.pause, retryFirst), retryMost)
	d.retry = now.Add(d.pause)
}

// lose is after an error, such as another mode of the screen, or UAC's question: they are all opened anew.
func (d *duplicates) lose(err error, now time.Time) {
	d.log.Info("desktop duplication is lost", "err", err)
	d.drop()
	d.wait(now)
}

func (d *duplicates) drop() {
	for _, o := range d.outputs {
		o.copy.close()
	}
	d.outputs = nil
}

// look takes over what has changed on one monitor, or finds out whether it can be trusted.
func (d *duplicates) look(o *output, rects []screen.Rect, into *pixels.Differ) error {
	changed, all, ready, err := o.copy.next(d.news[:0])
	if err != nil {
		return err
	}
	d.news = changed
	o.ready = o.ready || ready
	if all {
		o.stale = append(o.stale[:0], o.area)
	}
	for _, r := range changed {
		if r = pixels.Clip(r, o.area.W, o.area.H); r.W > 0 && !all {
			r.X, r.Y = r.X+o.area.X, r.Y+o.area.Y
			o.stale = append(o.stale, r)
		}
	}
	if len(o.stale) > desktop.MaxDamage {
		o.stale = pixels.Merge(o.stale, desktop.MaxDamage)
	}
	if !o.ready || o.trusted && len(o.stale) == 0 {
		return nil
	}
	pix, stride, err := o.copy.lend()
	if err != nil {
		return err
	}
	defer o.copy.giveBack()
	if !o.trusted {
		d.try(o, rects, into.Pic, pix, stride)
		return nil
	}
	for _, wanted := range rects {
		for _, s := range o.stale {
			if r := pixels.Intersection(s, wanted); r.W > 0 {
				into.Take(r, pix[(r.Y-o.area.Y)*stride+4*(r.X-o.area.X):], stride)
			}
		}
	}
	for _, wanted := range rects { // what is not wanted stays to be looked at
		o.stale = without(o.stale, wanted)
	}
	return nil
}

// try compares a copy with the picture, which was read just before.
func (d *duplicates) try(o *output, rects []screen.Rect, pic screen.Picture, pix []byte, stride int) {
	compared := false
	for _, wanted := range rects {
		r := pixels.Intersection(wanted, o.area)
		for y := r.Y; y < r.Y+r.H; y += trialRows {
			compared = true
			if !sameColours(pic.Pix[y*pic.Stride+4*r.X:][:4*r.W], pix[(y-o.area.Y)*stride+4*(r.X-o.area.X):][:4*r.W]) {
				o.attempts++
				return
			}
		}
	}
	if compared {
		o.trusted, o.attempts, d.pause = true, 0, 0
		o.stale = append(o.stale[:0], o.area)
		d.log.Info("a monitor is read through desktop duplication", "x", o.area.X, "y", o.area.Y, "width", o.area.W, "height", o.area.H)
	}
}

// sameColours compares pixels but for their fourth byte, which GDI leaves as it likes.
func sameColours(a, b []byte) bool {
	for i := 0; i+3 < len(a); i += 4 {
		if a[i] != b[i] || a[i+1] != b[i+1] || a[i+2] != b[i+2] {
			return false
		}
	}
	return true
}

func (d *duplicates) close() {
	d.drop()
	d.rest.close()
}

// without takes a rectangle out of others, in place as far as possible.
func without(rects []screen.Rect, hole screen.Rect) []screen.Rect {
	for i, n := 0, len(rects); i < n; {
		r := rects[i]
		in := pixels.Intersection(r, hole)
		if in.W == 0 {
			i++
			continue
		}
		// Above, below, left, right of the hole.
		for _, part := range [...]screen.Rect{
			{X: r.X, Y: r.Y, W: r.W, H: in.Y - r.Y},
			{X: r.X, Y: in.Y + in.H, W: r.W, H: r.Y + r.H - in.Y - in.H},
			{X: r.X, Y: in.Y, W: in.X - r.X, H: in.H},
			{X: in.X + in.W, Y: in.Y, W: r.X + r.W - in.X - in.W, H: in.H},
		} {
			if part.W > 0 && part.H > 0 {
				rects = append(rects, part)
			}
		}
		n--
		rects[i] = rects[n]
		rects[n] = rects[len(rects)-1]
		rects = rects[:len(rects)-1]
	}
	return rects
}
