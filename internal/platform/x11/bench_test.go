//go:build linux

package x11

import (
	"fmt"
	"testing"

	"pindesk/internal/platform/xvfb"
	"pindesk/internal/screen"
)

// BenchmarkGrab measures whole Grabs: idle, after one small change (a character in a
// terminal), after many, after a change of everything.
func BenchmarkGrab(b *testing.B) {
	for _, s := range servers[:3] {
		display := xvfb.Start(b, "1920x1080", s.args...)
		for _, c := range []struct {
			name  string
			rects int
			w, h  int
		}{{"idle", 0, 0, 0}, {"character", 1, 12, 24}, {"50 characters", 50, 12, 24}, {"all", 1, 1920, 1080}} {
			b.Run(s.name+"/"+c.name, func(b *testing.B) {
				g, p := testCapturer(b, display), newProgram(b, display)
				if _, _, err := g.Grab(); err != nil {
					b.Fatal(err)
				}
				b.ReportAllocs()
				for n := 0; b.Loop(); n++ {
					b.StopTimer()
					for i := range c.rects {
						p.fill(screen.Rect{X: i * 37 % (1920 - c.w + 1), Y: i * 211 % (1080 - c.h + 1), W: c.w, H: c.h}, uint32(n*77+i))
					}
					p.x.Sync()
					b.StartTimer()
					if _, _, err := g.Grab(); err != nil {
						b.Fatal(err)
					}
				}
			})
		}
	}
}

// BenchmarkRead compares ways to bring a rectangle of the screen into a picture: through
// the segment with a copy (as reader does), into the segment alone as if the picture were
// in it (possible in place only for bands of the screen's full width).
func BenchmarkRead(b *testing.B) {
	display := xvfb.Start(b, "1920x1080")
	g := testCapturer(b, display)
	nothing := func(screen.Rect, []byte) {}
	for _, r := range []screen.Rect{{X: 300, Y: 300, W: 12, H: 24}, {X: 300, Y: 300, W: 200, H: 200}, {X: 300, Y: 300, W: 960, H: 540}, {W: 1920, H: 1080}} {
		for _, way := range []struct {
			name string
			rect screen.Rect
			take func(screen.Rect, []byte)
		}{{"copied", r, g.place}, {"band in place", screen.Rect{Y: r.Y, W: 1920, H: r.H}, nothing}} {
			b.Run(fmt.Sprintf("%dx%d/%s", r.W, r.H, way.name), func(b *testing.B) {
				b.ReportAllocs()
				for b.Loop() {
					if err := g.reader.read([]screen.Rect{way.rect}, way.take); err != nil {
						b.Fatal(err)
					}
				}
			})
		}
	}
}
