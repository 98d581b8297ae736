package pixels

import (
	"math/rand/v2"
	"reflect"
	"slices"
	"testing"

	"pindesk/internal/screen"
)

func TestClip(t *testing.T) {
	for _, c := range []struct{ in, want screen.Rect }{
		{screen.Rect{X: 1, Y: 2, W: 3, H: 4}, screen.Rect{X: 1, Y: 2, W: 3, H: 4}},
		{screen.Rect{X: -5, Y: -6, W: 10, H: 10}, screen.Rect{W: 5, H: 4}},
		{screen.Rect{X: 95, Y: 40, W: 10, H: 30}, screen.Rect{X: 95, Y: 40, W: 5, H: 10}},
		{screen.Rect{X: 100, Y: 0, W: 5, H: 5}, screen.Rect{}},
		{screen.Rect{X: 0, Y: -5, W: 5, H: 5}, screen.Rect{}},
	} {
		if got := Clip(c.in, 100, 50); got != c.want {
			t.Errorf("Clip(%v) = %v, want %v", c.in, got, c.want)
		}
	}
}

func TestMerge(t *testing.T) {
	for _, c := range []struct {
		name     string
		in, want []screen.Rect
	}{
		{"none", nil, nil},
		{"near ones join", []screen.Rect{{X: 0, Y: 0, W: 10, H: 20}, {X: 12, Y: 1, W: 10, H: 20}}, []screen.Rect{{X: 0, Y: 0, W: 22, H: 21}}},
		{"far ones do not", []screen.Rect{{X: 0, Y: 0, W: 10, H: 10}, {X: 500, Y: 500, W: 10, H: 10}},
			[]screen.Rect{{X: 0, Y: 0, W: 10, H: 10}, {X: 500, Y: 500, W: 10, H: 10}}},
		{"one inside another", []screen.Rect{{X: 5, Y: 5, W: 500, H: 500}, {X: 100, Y: 100, W: 3, H: 3}}, []screen.Rect{{X: 5, Y: 5, W: 500, H: 500}}},
	} {
		if got := Merge(slices.Clone(c.in), 64); !reflect.DeepEqual(got, c.want) {
			t.Errorf("%s: %v, want %v", c.name, got, c.want)
		}
	}
}

// Whatever is merged: nothing of it is left out, the number is bounded, nothing lies
// outside the common bounds.
func TestMergeCovers(t *testing.T) {
	const w, h = 700, 500
	rng := rand.New(rand.NewPCG(7, 8))
	for range 300 {
		limit := 1 + rng.IntN(64)
		in := make([]screen.Rect, 1+rng.IntN(400))
		var bounds screen.Rect
		covered := make([]bool, w*h)
		for i := range in {
			r := screen.Rect{W: 1 + rng.IntN(60), H: 1 + rng.IntN(60)}
			r.X, r.Y = rng.IntN(w-r.W+1), rng.IntN(h-r.H+1)
			in[i] = r
			if i == 0 {
				bounds = r
			}
			bounds = Union(bounds, r)
		}
		wanted := slices.Clone(in)
		out := Merge(in, limit)
		if len(out) > limit {
			t.Fatalf("%d rectangles, limit %d", len(out), limit)
		}
		for _, r := range out {
			if r.W < 1 || r.H < 1 || Union(bounds, r) != bounds {
				t.Fatalf("%v outside %v", r, bounds)
			}
			for y := r.Y; y < r.Y+r.H; y++ {
				for x := r.X; x < r.X+r.W; x++ {
					covered[y*w+x] = true
				}
			}
		}
		for _, r := range wanted {
			for y := r.Y; y < r.Y+r.H; y++ {
				for x := r.X; x < r.X+r.W; x++ {
					if !covered[y*w+x] {
						t.Fatalf("pixel %d,%d of %v is left out", x, y, r)
					}
				}
			}
		}
	}
}

func TestDifferFindsJustWhatDiffers(t *testing.T) {
	const w, h = 150, 70
	pic := screen.Picture{W: w, H: h, Stride: 4 * w, Pix: make([]byte, 4*w*h)}
	fresh := make([]byte, 4*w*h)
	for _, p := range [][2]int{{0, 0}, {149, 69}, {70, 33}, {71, 40}} {
		fresh[4*(p[1]*w+p[0])] = 9
	}
	d := Differ{Pic: pic}
	d.Take(screen.Rect{W: w, H: h}, fresh, 4*w)
	want := []screen.Rect{{X: 0, Y: 0, W: 64, H: 1}, {X: 64, Y: 33, W: 64, H: 8}, {X: 128, Y: 69, W: 22, H: 1}}
	if !reflect.DeepEqual(d.Rects, want) {
		t.Errorf("rectangles %v, want %v", d.Rects, want)
	}
	if !slices.Equal(pic.Pix, fresh) {
		t.Error("the picture was not brought up to date")
	}
	d.Rects = nil
	if d.Take(screen.Rect{W: w, H: h}, fresh, 4*w); d.Rects != nil {
		t.Errorf("nothing differs, but %v", d.Rects)
	}
}

// A look allocates nothing, whether little changes or all of it.
func BenchmarkDiffer(b *testing.B) {
	const w, h, limit = 1920, 1080, 64
	for name, changed := range map[string]screen.Rect{"nothing": {}, "a word": {X: 700, Y: 500, W: 60, H: 16}, "all": {W: w, H: h}} {
		b.Run(name, func(b *testing.B) {
			d := Differ{Pic: screen.Picture{W: w, H: h, Stride: 4 * w, Pix: make([]byte, 4*w*h)}}
			fresh := make([]byte, 4*w*h)
			look := func() {
				for y := changed.Y; y < changed.Y+changed.H; y++ {
					fresh[4*(y*w+changed.X)]++
					for x := changed.X; x < changed.X+changed.W; x += TileW {
						fresh[4*(y*w+x)]++
					}
				}
				d.Rects = d.Rects[:0]
				d.Take(screen.Rect{W: w, H: h}, fresh, 4*w)
				d.Rects = Merge(d.Rects, limit)
			}
			look()
			b.ReportAllocs()
			for b.Loop() {
				look()
			}
		})
	}
}
