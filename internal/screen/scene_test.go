package screen

import (
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"testing"

	"pindesk/internal/wire"
)

// scene is a desktop of which tests draw, scroll and drag parts. Its X bytes are noise, as
// capturers leave them.
type scene struct {
	pic    Picture
	rnd    *rand.Rand
	damage []Rect // since the last take
}

func newScene(rnd *rand.Rand, w, h int) *scene {
	s := &scene{rnd: rnd}
	s.size(w, h)
	return s
}

// size makes a new desktop.
func (s *scene) size(w, h int) {
	s.pic = Picture{}
	s.pic.resize(w, h)
	s.damage = append(s.damage[:0], Rect{0, 0, w, h})
	s.gradient(Rect{0, 0, w, h})
	for range 4 {
		s.draw()
	}
}

// take returns the damage since the last call.
func (s *scene) take() []Rect {
	d := s.damage
	s.damage = nil
	return d
}

// somewhere is a rectangle inside the picture of at least 1x1.
func (s *scene) somewhere() Rect {
	w, h := 1+s.rnd.IntN(s.pic.W), 1+s.rnd.IntN(s.pic.H)
	return Rect{s.rnd.IntN(s.pic.W - w + 1), s.rnd.IntN(s.pic.H - h + 1), w, h}
}

func (s *scene) each(r Rect, colour func(x, y int) uint32) {
	garbage := s.rnd.Uint32()
	for y := r.Y; y < r.Y+r.H; y++ {
		row := s.pic.row(r.X, y, r.W)
		for x := r.X; x < r.X+r.W; x++ {
			garbage += 0x9e3779b9
			binary.LittleEndian.PutUint32(row, colour(x, y)&0xffffff|garbage&0xff000000)
			row = row[4:]
		}
	}
	s.damage = append(s.damage, r)
}

func (s *scene) fill(r Rect) {
	c := s.rnd.Uint32() & 0xffffff
	s.each(r, func(x, y int) uint32 { return c })
}

func (s *scene) text(r Rect) {
	grey := s.rnd.IntN(6) == 0
	s.each(r, func(x, y int) uint32 {
		if y%12 < 3 || s.rnd.IntN(4) > 0 {
			return 0xffffff
		}
		if grey {
			return uint32(s.rnd.IntN(16)) * 0x111111
		}
		return 0x202020
	})
}

func (s *scene) noise(r Rect) {
	s.each(r, func(x, y int) uint32 { return s.rnd.Uint32() & 0xffffff })
}

func (s *scene) gradient(r Rect) {
	k := s.rnd.Uint32() % 5
	s.each(r, func(x, y int) uint32 {
		return uint32(x*255/s.pic.W)<<16 | uint32(y*255/s.pic.H)<<8 | (uint32(x+y)*k)&0xff
	})
}

// draw paints one random thing.
func (s *scene) draw() {
	r := s.somewhere()
	if s.rnd.IntN(3) > 0 { // mostly small things
		r.W, r.H = 1+s.rnd.IntN(min(r.W, 90)), 1+s.rnd.IntN(min(r.H, 60))
	}
	switch s.rnd.IntN(6) {
	case 0:
		s.noise(r)
	case 1:
		s.gradient(r)
	case 2:
		s.fill(r)
	default:
		s.text(r)
	}
}

// move scrolls or drags: r's pixels go dx, dy further as far as they stay inside bounds.
func (s *scene) move(r Rect, dx, dy int) {
	to := Rect{r.X + dx, r.Y + dy, r.W, r.H}.clip(s.pic.W, s.pic.H)
	if to.empty() {
		return
	}
	movePixels(&s.pic, to, to.X-dx, to.Y-dy)
	s.damage = append(s.damage, r, to)
}

func (s *scene) scroll() {
	r := s.somewhere()
	d := s.rnd.IntN(97) - 48
	if s.rnd.IntN(4) == 0 {
		s.move(r, d, 0)
		return
	}
	s.move(r, 0, d)
	if d > 0 && d < r.H {
		s.text(Rect{r.X, r.Y, r.W, d})
	}
}

func (s *scene) drag() {
	r := s.somewhere()
	s.move(r, s.rnd.IntN(81)-40, s.rnd.IntN(81)-40)
}

// samePixels compares r of two pictures without X.
func samePixels(a, b *Picture, r Rect) bool { return equalRect(a, r, b, r.X, r.Y) }

// firstDifference describes where b is not a.
func firstDifference(a, b *Picture) string {
	if a.W != b.W || a.H != b.H {
		return fmt.Sprintf("sizes %dx%d and %dx%d", a.W, a.H, b.W, b.H)
	}
	for y := range a.H {
		if first, _ := diffSpan(a.row(0, y, a.W), b.row(0, y, b.W)); first >= 0 {
			return fmt.Sprintf("pixel %d,%d: %x and %x", first, y, a.row(first, y, 1)[:3], b.row(first, y, 1)[:3])
		}
	}
	return ""
}

// head parses a message that the encoder made.
func head(t testing.TB, msg []byte) (wire.Header, wire.UpdateHead) {
	t.Helper()
	h, body, err := wire.ParseHeader(msg)
	if err != nil || h.Kind != wire.KindUpdate {
		t.Fatalf("header %+v: %v", h, err)
	}
	u, _, _, err := wire.ParseUpdate(body)
	if err != nil {
		t.Fatal(err)
	}
	return h, u
}

// mustApply hands msg to a decoder that must take it.
func mustApply(t testing.TB, d *Decoder, msg []byte) Result {
	t.Helper()
	res, err := d.Apply(msg)
	if err != nil || res.Verdict != Applied {
		h, u := head(t, msg)
		t.Fatalf("verdict %d, %v for %+v %+v", res.Verdict, err, h, u)
	}
	return res
}
