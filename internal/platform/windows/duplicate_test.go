package windows

import (
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"pindesk/internal/platform/pixels"
	"pindesk/internal/screen"
)

// stage is a fake screen that is drawn on, and read through fakes of GDI and of duplication.
type stage struct {
	pic     screen.Picture
	copies  []*fakeCopy
	lost    bool  // the duplications are
	refuse  error // to open
	wrong   bool  // duplications show other colours
	opened  int
	gdiRead int // pixels
	areas   []screen.Rect
}

func newStage(areas ...screen.Rect) *stage {
	return &stage{areas: areas, pic: screen.Picture{W: 300, H: 200, Stride: 1200, Pix: make([]byte, 4*300*200)}}
}

func (s *stage) draw(r screen.Rect, colour byte) {
	for y := r.Y; y < r.Y+r.H; y++ {
		for x := r.X; x < r.X+r.W; x++ {
			s.pic.Pix[y*s.pic.Stride+4*x] = colour
		}
	}
	for _, c := range s.copies {
		if in := pixels.Intersection(r, c.area); in.W > 0 {
			in.X, in.Y = in.X-c.area.X, in.Y-c.area.Y
			c.changed = append(c.changed, in)
		}
	}
}

func (s *stage) read(rects []screen.Rect, into *pixels.Differ) error {
	for _, r := range rects {
		s.gdiRead += r.W * r.H
		into.Take(r, s.pic.Pix[r.Y*s.pic.Stride+4*r.X:], s.pic.Stride)
	}
	return nil
}

func (s *stage) close() {}

func (s *stage) open() ([]*output, error) {
	s.opened++
	if s.refuse != nil {
		return nil, s.refuse
	}
	s.copies, s.lost = nil, false
	var list []*output
	for _, area := range s.areas {
		c := &fakeCopy{of: s, area: area, first: true, pix: make([]byte, 4*area.W*area.H)}
		s.copies = append(s.copies, c)
		list = append(list, &output{area: area, copy: c})
	}
	return list, nil
}

// fakeCopy has just those pixels right that it has reported, as the real one.
type fakeCopy struct {
	of      *stage
	area    screen.Rect
	changed []screen.Rect
	first   bool
	pix     []byte
	closed  bool
}

var errLost = errors.New("lost")

func (c *fakeCopy) next(changed []screen.Rect) ([]screen.Rect, bool, bool, error) {
	if c.of.lost {
		return nil, false, false, errLost
	}
	news := c.changed
	if c.first {
		news = []screen.Rect{{W: c.area.W, H: c.area.H}}
	}
	for _, r := range news {
		for y := r.Y; y < r.Y+r.H; y++ {
			from := c.of.pic.Pix[(c.area.Y+y)*c.of.pic.Stride+4*(c.area.X+r.X):][:4*r.W]
			copy(c.pix[4*(y*c.area.W+r.X):], from)
		}
	}
	if c.of.wrong {
		for i := range c.pix {
			c.pix[i] ^= 0x55
		}
	}
	all := c.first
	changed, c.changed, c.first = append(changed, c.changed...), c.changed[:0], false
	return changed, all, true, nil
}

func (c *fakeCopy) lend() ([]byte, int, error) { return c.pix, 4 * c.area.W, nil }
func (c *fakeCopy) giveBack()                  {}
func (c *fakeCopy) close()                     { c.closed = true }

// reader reads a stage, and keeps what is logged.
type reader struct {
	duplicates
	into pixels.Differ
	at   time.Time
	log  strings.Builder
}

func newReader(s *stage) *reader {
	r := &reader{at: time.Unix(1000, 0)}
	r.duplicates = duplicates{log: slog.New(slog.NewTextHandler(&r.log, nil)), rest: s, open: s.open, now: func() time.Time { return r.at }}
	r.into.Pic = screen.Picture{W: s.pic.W, H: s.pic.H, Stride: s.pic.Stride, Pix: make([]byte, len(s.pic.Pix))}
	return r
}

// exact reads rectangles and compares them with the screen.
func (r *reader) exact(s *stage, rects ...screen.Rect) error {
	r.into.Rects = r.into.Rects[:0]
	if err := r.read(rects, &r.into); err != nil {
		return err
	}
	for _, w := range rects {
		for y := w.Y; y < w.Y+w.H; y++ {
			if from := y*s.pic.Stride + 4*w.X; !sameColours(s.pic.Pix[from:from+4*w.W], r.into.Pic.Pix[from:from+4*w.W]) {
				return fmt.Errorf("row %d of %v differs", y, w)
			}
		}
	}
	return nil
}

var whole = screen.Rect{W: 300, H: 200}

// Whatever is drawn, watched, lost and refused: what is wanted is the screen, after each read.
func TestDuplicatesStayExact(t *testing.T) {
	for seed := range uint64(40) {
		rng := rand.New(rand.NewPCG(seed, 1))
		s := newStage(screen.Rect{W: 100, H: 120}, screen.Rect{X: 100, Y: 30, W: 150, H: 170}) // the rest is turned
		r := newReader(s)
		any := func() screen.Rect {
			a := screen.Rect{X: rng.IntN(290), Y: rng.IntN(190)}
			a.W, a.H = 1+rng.IntN(300-a.X), 1+rng.IntN(200-a.Y)
			return a
		}
		for step := range 300 {
			for range rng.IntN(3) {
				s.draw(any(), byte(rng.Uint32()))
			}
			switch rng.IntN(30) {
			case 0:
				s.lost = true
			case 1:
				s.refuse = errLost
			case 2, 3:
				s.refuse = nil
			}
			r.at = r.at.Add(time.Duration(rng.IntN(300)) * time.Millisecond)
			wanted := []screen.Rect{whole}
			if rng.IntN(3) == 0 {
				wanted = []screen.Rect{any(), any()}
			}
			if err := r.exact(s, wanted...); err != nil {
				t.Fatalf("seed %d, step %d: %v", seed, step, err)
			}
		}
	}
}

func TestDuplicatesSpareGDI(t *testing.T) {
	s := newStage(whole)
	r := newReader(s)
	for range 2 { // the first compares
		if err := r.exact(s, whole); err != nil {
			t.Fatal(err)
		}
	}
	s.gdiRead = 0
	s.draw(screen.Rect{X: 5, Y: 6, W: 7, H: 8}, 9)
	if err := r.exact(s, whole); err != nil || s.gdiRead != 0 || len(r.into.Rects) != 1 {
		t.Errorf("%v; GDI has read %d pixels; damage %v", err, s.gdiRead, r.into.Rects)
	}
	r.at = r.at.Add(sweepEvery)
	s.pic.Pix[4*777] = 42 // which no duplication reports
	if err := r.exact(s, whole); err != nil || s.gdiRead != 300*200 {
		t.Errorf("%v; the sweep has read %d pixels", err, s.gdiRead)
	}
	if !strings.Contains(r.log.String(), "a monitor is read through desktop duplication") {
		t.Error(r.log.String())
	}
}

func TestDuplicatesFallBack(t *testing.T) {
	later := func(r *reader, s *stage, n int) {
		t.Helper()
		for range n {
			r.at = r.at.Add(time.Second)
			s.draw(screen.Rect{X: 1, Y: 1, W: 20, H: 20}, byte(r.at.Unix()))
			if err := r.exact(s, whole); err != nil {
				t.Fatal(err)
			}
		}
	}
	t.Run("never there", func(t *testing.T) {
		s := newStage(whole)
		s.refuse = fmt.Errorf("%w: E_NOTIMPL", errNoDuplication)
		r := newReader(s)
		if later(r, s, 100); s.opened != 1 || !strings.Contains(r.log.String(), "E_NOTIMPL") {
			t.Errorf("tried %d times: %s", s.opened, &r.log)
		}
	})
	t.Run("not there now", func(t *testing.T) {
		s := newStage(whole)
		s.refuse = errLost
		r := newReader(s)
		if later(r, s, 63); s.opened != 7 { // at 0, 1, 3, 7, 15, 31, 61 s
			t.Errorf("tried %d times", s.opened)
		}
		s.refuse = nil
		if later(r, s, 32); len(r.outputs) != 1 || !r.outputs[0].trusted {
			t.Error("it is not used when it is there")
		}
	})
	t.Run("lost", func(t *testing.T) {
		s := newStage(whole)
		r := newReader(s)
		later(r, s, 3)
		old := s.copies[0]
		s.lost = true
		later(r, s, 3)
		if !old.closed || s.opened != 2 || !r.outputs[0].trusted {
			t.Errorf("closed %v, opened %d times", old.closed, s.opened)
		}
	})
	t.Run("shows something else", func(t *testing.T) {
		s := newStage(whole)
		s.wrong = true
		r := newReader(s)
		if later(r, s, 3*trials); !r.never || s.opened != 1 || !s.copies[0].closed || !strings.Contains(r.log.String(), "shows something else") {
			t.Errorf("opened %d times: %s", s.opened, &r.log)
		}
	})
}

func TestReportedDamage(t *testing.T) {
	got := reportedDamage(nil, []movedRect{{point{1, 2}, rect{10, 20, 30, 50}}}, []rect{{5, 5, 6, 7}, {90, 40, 200, 200}, {7, 7, 7, 9}, {-9, -9, -1, -1}, {50, 9, 40, 5}}, 100, 50)
	want := []screen.Rect{{X: 10, Y: 20, W: 20, H: 30}, {X: 5, Y: 5, W: 1, H: 2}, {X: 90, Y: 40, W: 10, H: 10}}
	if !slices.Equal(got, want) {
		t.Errorf("got %v", got)
	}
}

func TestWithout(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 4))
	for range 500 {
		var want, got [40][40]bool
		var rects []screen.Rect
		next := func() screen.Rect {
			r := screen.Rect{X: rng.IntN(30), Y: rng.IntN(30)}
			r.W, r.H = 1+rng.IntN(40-r.X), 1+rng.IntN(40-r.Y)
			return r
		}
		mark := func(at *[40][40]bool, r screen.Rect, to bool) {
			for y := r.Y; y < r.Y+r.H; y++ {
				for x := r.X; x < r.X+r.W; x++ {
					at[y][x] = to
				}
			}
		}
		for range rng.IntN(6) {
			rects = append(rects, next())
			mark(&want, rects[len(rects)-1], true)
		}
		hole := next()
		mark(&want, hole, false)
		for _, r := range without(rects, hole) {
			mark(&got, r, true)
		}
		if got != want {
			t.Fatalf("without %v", hole)
		}
	}
}

// A look at a screen on which little changes allocates nothing.
func BenchmarkDuplicates(b *testing.B) {
	s := newStage(whole)
	r := newReader(s)
	rects := []screen.Rect{whole}
	b.ReportAllocs()
	n := byte(0)
	for b.Loop() {
		n++
		s.draw(screen.Rect{X: 40, Y: 50, W: 60, H: 20}, n)
		r.into.Rects = r.into.Rects[:0]
		if err := r.read(rects, &r.into); err != nil {
			b.Fatal(err)
		}
	}
}
