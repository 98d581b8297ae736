package screen

import (
	"math/rand/v2"
	"testing"
)

// desk is a 1920x1080 desktop: a page of text beside a photo on a plain ground.
func desk() *scene {
	s := &scene{rnd: rand.New(rand.NewPCG(7, 7))}
	s.pic.resize(1920, 1080)
	s.fill(Rect{0, 0, 1920, 1080})
	s.text(Rect{40, 40, 1100, 960})
	s.gradient(Rect{1200, 100, 640, 400})
	return s
}

// warm returns an encoder whose viewers hold all of s exactly.
func warm(s *scene) *Encoder {
	e := NewEncoder(0)
	e.Begin(1)
	e.Sync(s.pic, nil)
	e.Keyframe(nil, Params{})
	for more := true; more; {
		_, more = e.CatchUp(nil, Params{Budget: 1 << 20})
	}
	return e
}

func BenchmarkIdle(b *testing.B) {
	s := desk()
	e := warm(s)
	whole := []Rect{{0, 0, 1920, 1080}}
	buf := make([]byte, 0, 1<<20)
	b.ReportAllocs()
	for b.Loop() {
		if _, ok := e.Update(buf, s.pic, whole, Params{}); ok {
			b.Fatal("something changed")
		}
	}
}

// BenchmarkTyping changes a glyph in each of two places.
func BenchmarkTyping(b *testing.B) {
	s := desk()
	e := warm(s)
	buf := make([]byte, 0, 1<<20)
	damage := make([]Rect, 2)
	glyphs := [2]Picture{}
	for i := range glyphs {
		s.text(Rect{0, 0, 10, 18})
		glyphs[i].resize(10, 18)
		glyphs[i].copyRect(&s.pic, Rect{0, 0, 10, 18})
	}
	b.ReportAllocs()
	n, size := 0, 0
	for b.Loop() {
		for i := range damage {
			damage[i] = Rect{100 + n%90*10, 100 + 300*i, 10, 18}
			for y := range 18 {
				copy(s.pic.row(damage[i].X, damage[i].Y+y, 10), glyphs[n/90&1].row(0, y, 10))
			}
		}
		msg, _ := e.Update(buf, s.pic, damage, Params{Captured: uint32(n * 33), Budget: 50_000})
		size += len(msg)
		n++
	}
	b.ReportMetric(float64(size)/float64(n), "bytes/update")
}

// BenchmarkScroll scrolls the page of text by 24 pixels, around and around.
func BenchmarkScroll(b *testing.B) {
	s := desk()
	e := warm(s)
	buf := make([]byte, 0, 1<<20)
	page := Rect{40, 40, 1100, 960}
	damage := []Rect{page}
	top := Picture{}
	top.resize(page.W, 24)
	b.ReportAllocs()
	n, size, copies := 0, 0, 0
	for b.Loop() {
		for y := range top.H {
			copy(top.row(0, y, page.W), s.pic.row(page.X, page.Y+y, page.W))
		}
		movePixels(&s.pic, Rect{page.X, page.Y, page.W, page.H - 24}, page.X, page.Y+24)
		for y := range top.H {
			copy(s.pic.row(page.X, page.Y+page.H-24+y, page.W), top.row(0, y, page.W))
		}
		msg, _ := e.Update(buf, s.pic, damage, Params{Captured: uint32(n * 33), Budget: 50_000})
		size += len(msg)
		copies += e.copyOps
		n++
	}
	b.ReportMetric(float64(size)/float64(n), "bytes/update")
	b.ReportMetric(float64(copies)/float64(n), "copies/update")
}

// BenchmarkPhoto replaces 640x400 pixels of many colours each time.
func BenchmarkPhoto(b *testing.B) {
	s := desk()
	e := warm(s)
	buf := make([]byte, 0, 1<<20)
	r := Rect{1200, 100, 640, 400}
	damage := []Rect{r}
	b.ReportAllocs()
	n, size := 0, 0
	for b.Loop() {
		for y := r.Y; y < r.Y+r.H; y++ {
			row := s.pic.row(r.X, y, r.W)
			for i := range row {
				row[i] += 3
			}
		}
		msg, _ := e.Update(buf, s.pic, damage, Params{Captured: uint32(n * 33), Budget: 50_000})
		size += len(msg)
		n++
	}
	b.ReportMetric(float64(size)/float64(n), "bytes/update")
}

func BenchmarkKeyframe(b *testing.B) {
	for name, draw := range map[string]func(s *scene){
		"desk":  func(s *scene) {},
		"photo": func(s *scene) { s.gradient(Rect{0, 0, 1920, 1080}) },
		"noise": func(s *scene) { s.noise(Rect{0, 0, 1920, 1080}) },
	} {
		b.Run(name, func(b *testing.B) {
			s := desk()
			draw(s)
			e := warm(s)
			buf := make([]byte, 0, 1<<20)
			b.ReportAllocs()
			size := 0
			for b.Loop() {
				size = len(e.Keyframe(buf, Params{}))
			}
			b.ReportMetric(float64(size), "bytes")
		})
	}
}

// BenchmarkDecode applies typing-like updates.
func BenchmarkDecode(b *testing.B) {
	s := desk()
	e := NewEncoder(0)
	e.Begin(1)
	e.Sync(s.pic, nil)
	d := NewDecoder()
	d.Begin(1)
	mustApply(b, d, e.Keyframe(nil, Params{}))
	b.ReportAllocs()
	for n := 0; b.Loop(); n++ {
		r := Rect{100 + n%90*10, 100, 10, 18}
		p := s.pic.row(r.X+n%10, r.Y+n%18, 1)
		p[0]++
		msg, _ := e.Update(nil, s.pic, []Rect{r}, Params{})
		mustApply(b, d, msg)
	}
}
