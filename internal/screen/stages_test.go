package screen

import (
	"testing"

	"pindesk/internal/wire"
)

// A stage is one part of the work on an update, alone.
type stage struct {
	name string
	most float64 // allocations each time, in the steady state
	run  func()
}

// stages of a desktop of 1920x1080 with text and a photo.
func stages() []stage {
	s := desk()
	e := warm(s)
	screen := Rect{0, 0, 1920, 1080}
	text, photo := Rect{64, 64, tileSize, tileSize}, Rect{1280, 128, tileSize, tileSize}

	scrolled := Picture{}
	scrolled.resize(1920, 1080)
	scrolled.copyRect(&s.pic, screen)
	page := Rect{40, 40, 1100, 960}
	movePixels(&scrolled, Rect{page.X, page.Y, page.W, page.H - 24}, page.X, page.Y+24)
	everywhere := func(int, int) bool { return true }

	ops := make([]byte, 0, 1<<20)
	for t := range e.boxes {
		ops = e.appendTile(ops, t)
		if len(ops) > 1<<18 {
			break
		}
	}
	delta := make([]byte, 0, wire.OpHeadSize+3*tileSize*tileSize)
	var pack packer
	pack.begin(true)
	var small, large jpegCoder
	var key []byte
	up := false
	return []stage{
		{"diff", 0, func() { e.compare(&s.pic, screen) }},
		{"search", 0, func() {
			if len(e.search.find(&e.shadow, &scrolled, page, everywhere)) == 0 {
				panic("the scrolled page was not found")
			}
		}},
		{"copy", 0, func() { // up and down again: there is always something to copy
			up = !up
			cur := &s.pic
			if up {
				cur = &scrolled
			}
			e.moveOps, e.copyOps = e.moveOps[:0], 0
			e.compare(cur, page)
			e.copies(cur, 0)
			for _, t := range e.dirty {
				e.took(cur, e.boxes[t], exact, 0)
				e.boxes[t] = Rect{}
			}
			e.dirty = e.dirty[:0]
		}},
		{"palette of text", 0, func() {
			if !e.palette.build(&s.pic, text, maxColours) {
				panic("text has many colours")
			}
			delta = e.appendPalette(delta[:0], text)
		}},
		{"palette of a photo, refused", 0, func() {
			if e.palette.build(&s.pic, photo, maxColours) {
				panic("a photo has few colours")
			}
		}},
		{"delta", 0, func() { delta = appendDelta(delta[:0], &s.pic, photo) }},
		{"zstd", 0, func() {
			pack.begin(false)
			pack.add(ops)
			pack.flush()
		}},
		{"jpeg of 640x400", 0, func() {
			small.out = small.out[:0]
			small.encode(&s.pic, Rect{1200, 100, 640, 400}, 1, 75)
		}},
		{"jpeg of 1920x1080", 8, func() { // on several cores
			large.out = large.out[:0]
			large.encode(&s.pic, screen, 1, 75)
		}},
		{"keyframe", 8, func() { key = e.Keyframe(key[:0], Params{}) }},
	}
}

func BenchmarkStages(b *testing.B) {
	for _, s := range stages() {
		b.Run(s.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				s.run()
			}
		})
	}
}

// TestStagesDoNotAllocate: what runs thirty times a second makes no garbage, part by part.
func TestStagesDoNotAllocate(t *testing.T) {
	for _, s := range stages() {
		for range 4 { // buffers reach their size
			s.run()
		}
		if n := testing.AllocsPerRun(10, s.run); n > s.most {
			t.Errorf("%s: %v allocations, at most %v are due", s.name, n, s.most)
		}
	}
}
