package screen

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"testing"

	"pindesk/internal/wire"
)

// plain returns a scene of one colour, an encoder of it and a viewer that holds it.
func plain(t testing.TB, w, h int) (*scene, *Encoder, *Decoder) {
	t.Helper()
	s := &scene{rnd: rand.New(rand.NewPCG(1, 9))}
	s.pic.resize(w, h)
	s.fill(Rect{0, 0, w, h})
	e := NewEncoder(0)
	e.Begin(1)
	e.Sync(s.pic, s.take())
	d := NewDecoder()
	d.Begin(1)
	mustApply(t, d, e.Keyframe(nil, Params{}))
	if !d.Done() {
		t.Fatal("a plain picture is not exact in its keyframe")
	}
	return s, e, d
}

// TestFrameHeader pins the bytes that wire demands of a compressor frame.
func TestFrameHeader(t *testing.T) {
	for _, size := range []int{1, 1000, 300_000} {
		var pk packer
		pk.begin(true)
		pk.add(make([]byte, size))
		pk.flush()
		if !bytes.HasPrefix(pk.out, []byte{0x28, 0xb5, 0x2f, 0xfd, 0, 0x50}) {
			t.Errorf("flushed frame of %d begins with % x", size, pk.out[:8])
		}
		pk.begin(true)
		pk.add(make([]byte, size))
		pk.end()
		if !bytes.HasPrefix(pk.out, []byte{0x28, 0xb5, 0x2f, 0xfd, 0, 0x50}) {
			t.Errorf("whole frame of %d begins with % x", size, pk.out[:8])
		}
	}
}

// TestXIsNeverCompared: garbage in the fourth byte is no damage, and is looked at once only.
func TestXIsNeverCompared(t *testing.T) {
	s, e, _ := plain(t, 70, 50)
	for i := 3; i < len(s.pic.Pix); i += 4 {
		s.pic.Pix[i] ^= 0x5a
	}
	if _, ok := e.Update(nil, s.pic, []Rect{{0, 0, 70, 50}}, Params{}); ok {
		t.Error("an update for X bytes")
	}
	if !bytes.Equal(e.shadow.Pix, s.pic.Pix) {
		t.Error("the shadow did not take the X bytes, so every later comparison is slow")
	}
}

// TestDamageBounds: only what is inside the damage is looked at, and it may reach outside.
func TestDamageBounds(t *testing.T) {
	s, e, d := plain(t, 100, 80)
	s.fill(Rect{0, 0, 10, 10})
	s.fill(Rect{90, 70, 10, 10})
	s.take()
	msg, ok := e.Update(nil, s.pic, []Rect{{80, 60, 500, 500}, {-20, 0, 5, 5}, {0, 0, 0, 9}}, Params{})
	if !ok {
		t.Fatal("no update")
	}
	if res := mustApply(t, d, msg); len(res.Changed) != 1 || res.Changed[0] != (Rect{90, 70, 10, 10}) {
		t.Errorf("changed %v", res.Changed)
	}
}

// TestDiffSpan compares with the obvious way, at all lengths and places.
func TestDiffSpan(t *testing.T) {
	for n := 1; n <= 9; n++ {
		for mask := range 1 << n {
			a, b := make([]byte, n*4), make([]byte, n*4)
			first, last := -1, -1
			for i := range n {
				b[i*4+3] = byte(i) // X
				if mask>>i&1 == 1 {
					b[i*4+i%3] = 1
					if last = i; first < 0 {
						first = i
					}
				}
			}
			if f, l := diffSpan(a, b); f != first || l != last {
				t.Fatalf("%d pixels, %b: %d,%d, want %d,%d", n, mask, f, l, first, last)
			}
			if equalPixels(a, b) != (mask == 0) {
				t.Fatalf("%d pixels, %b: equal", n, mask)
			}
		}
	}
}

// TestCarry: the mark of every source tile goes to every destination tile, the larger wins,
// and what a copy leaves of a tile keeps its mark.
func TestCarry(t *testing.T) {
	_, e, _ := plain(t, 256, 256)
	at := func(x, y int) int { return y*e.tilesX + x }
	tests := []struct {
		name   string
		r      Rect
		sx, sy int
		before map[int]mark
		want   map[int]mark
	}{
		{"aligned", Rect{64, 64, 32, 32}, 0, 0, map[int]mark{at(0, 0): lossyAll}, map[int]mark{at(0, 0): lossyAll, at(2, 2): lossyAll}},
		{"onto a lossy tile", Rect{64, 64, 32, 32}, 0, 0, map[int]mark{at(2, 2): lossyAll}, nil},
		{"onto a part of a lossy tile", Rect{64, 64, 31, 32}, 0, 0, map[int]mark{at(2, 2): lossyNew}, map[int]mark{at(2, 2): lossyNew}},
		{"from the last of four", Rect{64, 64, 32, 32}, 1, 1, map[int]mark{at(1, 1): lossyNew}, map[int]mark{at(1, 1): lossyNew, at(2, 2): lossyNew}},
		{"the larger of two", Rect{64, 64, 32, 32}, 1, 0, map[int]mark{at(0, 0): lossyNew, at(1, 0): lossyAll},
			map[int]mark{at(0, 0): lossyNew, at(1, 0): lossyAll, at(2, 2): lossyAll}},
		{"overlapping itself", Rect{0, 16, 32, 64}, 0, 0, map[int]mark{at(0, 0): lossyAll},
			map[int]mark{at(0, 0): lossyAll, at(0, 1): lossyAll}},
		{"marks are read before they are written", Rect{32, 0, 96, 32}, 0, 0, map[int]mark{at(0, 0): lossyAll},
			map[int]mark{at(0, 0): lossyAll, at(1, 0): lossyAll}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			e.marks.reset(len(e.boxes))
			for tile, m := range test.before {
				e.marks.set(tile, m)
			}
			e.carry(test.r, test.sx, test.sy, 77)
			count := [3]int{}
			for tile, m := range e.marks.tile {
				count[m]++
				if m != test.want[tile] {
					t.Errorf("tile %d,%d has mark %d, want %d", tile%e.tilesX, tile/e.tilesX, m, test.want[tile])
				}
			}
			if count != e.marks.count {
				t.Errorf("counts %v, really %v", e.marks.count, count)
			}
			if e.marks.changed[test.r.Y/tileSize*e.tilesX+test.r.X/tileSize] != 77 {
				t.Error("the copy's time is not noted")
			}
		})
	}
}

// TestSmallBudgetIsUsed: a budget of less than one incompressible tile rebuilds as many as fit
// that are smaller, or compress well. Else what is measured of a link by such updates would stay
// one tile's worth, and what goes in one round trip would be a few tiles.
func TestSmallBudgetIsUsed(t *testing.T) {
	rnd := rand.New(rand.NewPCG(5, 5))
	for name, c := range map[string]struct {
		colour func(x, y int) uint32
		tiles  int
	}{
		"stripes": {func(_, y int) uint32 { return uint32(y&2) * 0x204060 }, 50},
		"text":    {func(int, int) uint32 { return uint32(rnd.IntN(2)) * 0x204060 }, 8},
	} {
		t.Run(name, func(t *testing.T) {
			s, e, d := plain(t, 1024, 1024)
			s.each(Rect{0, 0, 1024, 1024}, c.colour)
			msg, _ := e.Update(nil, s.pic, s.take(), Params{Captured: 1000})
			mustApply(t, d, msg)
			for i := range e.marks.tile {
				e.marks.set(i, lossyAll)
			}
			e.fresh = true // nothing to refer to
			msg, ok := e.Update(nil, s.pic, nil, Params{Captured: 2000, Budget: 1500})
			mustApply(t, d, msg)
			if rebuilt := e.marks.count[exact]; !ok || rebuilt < c.tiles || e.Refined() > 1600 {
				t.Errorf("%d tiles in %d bytes", rebuilt, e.Refined())
			}
		})
	}
}

// TestRefinementWaitsForQuiet: many colours come as a JPEG at once and exactly when nothing
// has changed for 133 ms.
func TestRefinementWaitsForQuiet(t *testing.T) {
	s, e, d := plain(t, 256, 256)
	start := ^uint32(0) - 50 // the clock wraps meanwhile
	s.noise(Rect{32, 32, 96, 96})
	msg, _ := e.Update(nil, s.pic, s.take(), Params{Captured: start, Budget: 1})
	mustApply(t, d, msg)
	if e.marks.count[lossyAll] != 9 {
		t.Fatalf("marks %v", e.marks.count)
	}
	for _, ms := range []uint32{0, 1, 60, 132} {
		if _, refine, in := e.Pending(start + ms); !refine || in != quietAfter-ms {
			t.Errorf("after %d ms: %v, in %d ms", ms, refine, in)
		}
		if _, ok := e.Update(nil, s.pic, nil, Params{Captured: start + ms, Budget: 1e6}); ok {
			t.Errorf("refined after %d ms", ms)
		}
	}
	now := start + quietAfter
	if _, refine, in := e.Pending(now); !refine || in != 0 {
		t.Errorf("after %d ms: %v, in %d ms", quietAfter, refine, in)
	}
	if _, ok := e.Update(nil, s.pic, nil, Params{Captured: now}); ok {
		t.Error("refined without a budget")
	}
	msg, ok := e.Update(nil, s.pic, nil, Params{Captured: now, Budget: 1})
	if !ok || e.marks.count[lossyAll] != 8 {
		t.Fatalf("a tiny budget gives not one tile: %v", e.marks.count)
	}
	mustApply(t, d, msg)
	msg, _ = e.Update(nil, s.pic, nil, Params{Captured: now, Budget: 12_000})
	mustApply(t, d, msg)
	if len(msg) > 12_100 || e.marks.count[lossyAll] > 5 {
		t.Errorf("%d bytes for a budget of 12000, marks %v", len(msg), e.marks.count)
	}
	msg, _ = e.Update(nil, s.pic, nil, Params{Captured: now, Budget: 1e6})
	mustApply(t, d, msg)
	shown := d.Picture()
	if diff := firstDifference(&s.pic, &shown); diff != "" {
		t.Error(diff)
	}
	if _, refine, _ := e.Pending(now); refine {
		t.Error("still something to refine")
	}
}

// TestSmallPatchesAreExactAtOnce: no JPEG for less than two tiles.
func TestSmallPatchesAreExactAtOnce(t *testing.T) {
	s, e, d := plain(t, 256, 256)
	s.noise(Rect{20, 20, 40, 40})
	msg, _ := e.Update(nil, s.pic, s.take(), Params{})
	mustApply(t, d, msg)
	shown := d.Picture()
	if diff := firstDifference(&s.pic, &shown); diff != "" || e.marks.count[lossyAll] != 0 {
		t.Errorf("%s, marks %v", diff, e.marks.count)
	}
}

// TestFillsAreMerged: a large change to one colour is one op.
func TestFillsAreMerged(t *testing.T) {
	s, e, d := plain(t, 640, 480)
	s.fill(Rect{32, 64, 416, 320})
	msg, _ := e.Update(nil, s.pic, s.take(), Params{})
	if _, u := head(t, msg); u.Ops != 1 {
		t.Errorf("%d ops", u.Ops)
	}
	mustApply(t, d, msg)
}

// TestWhatDoesNotFitWaits: an update that would be too long leaves tiles for the next one,
// which needs no damage for them.
func TestWhatDoesNotFitWaits(t *testing.T) {
	for name, draw := range map[string]func(s *scene){
		"palettes": func(s *scene) { s.text(Rect{0, 0, 320, 320}) },
		"noise":    func(s *scene) { s.noise(Rect{0, 0, 320, 320}) },
	} {
		t.Run(name, func(t *testing.T) {
			s, e, d := plain(t, 320, 320)
			e.limits = limits{raw: 4000, blobs: 30_000, rebuilt: 9000, ops: 60}
			if name == "noise" { // one JPEG a row of tiles
				for y := 0; y < 320; y += 64 {
					s.noise(Rect{0, y, 320, 32})
				}
			} else {
				draw(s)
			}
			damage := s.take()
			updates := 0
			for {
				msg, ok := e.Update(nil, s.pic, damage, Params{Captured: uint32(updates)})
				if !ok {
					break
				}
				updates++
				damage = nil
				mustApply(t, d, msg)
				if len(msg) > 45_000 {
					t.Errorf("update of %d bytes", len(msg))
				}
				if _, refine, in := e.Pending(uint32(updates)); len(e.waiting) > 0 && (!refine || in != 0) {
					t.Error("Pending does not say that tiles wait")
				}
			}
			if updates < 2 {
				t.Errorf("%d updates", updates)
			}
			if diff := firstDifference(&s.pic, &e.shadow); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// TestCaps: the worst content stays within all caps of wire with the true limits.
func TestCaps(t *testing.T) {
	side := 1536
	if testLong {
		side = 4096
	}
	draw := map[string]func(s *scene){
		"noise": func(s *scene) { s.noise(Rect{0, 0, side, side}) },
		"192 colours": func(s *scene) {
			s.each(Rect{0, 0, side, side}, func(x, y int) uint32 { return uint32(s.rnd.IntN(maxColours)) * 0x010509 })
		},
		"dots": func(s *scene) { // as many fills as possible, that cannot be merged
			s.each(Rect{0, 0, side, side}, func(x, y int) uint32 { return uint32(x/tileSize*7+y/tileSize*13) * 0x010203 })
		},
	}
	for name, draw := range draw {
		t.Run(name, func(t *testing.T) {
			s, e, d := plain(t, side, side)
			draw(s)
			damage := s.take()
			for n := uint32(0); ; n++ {
				msg, ok := e.Update(nil, s.pic, damage, Params{Captured: n, Quality: 100})
				if !ok {
					break
				}
				damage = nil
				if _, u := head(t, msg); len(msg) > wire.MaxMessage || u.Raw > wire.MaxRaw {
					t.Fatalf("%d bytes, %+v", len(msg), u)
				}
				mustApply(t, d, msg)
			}
			if diff := firstDifference(&s.pic, &e.shadow); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// TestKeyframesFit: whatever is on the screen, a keyframe and a resize fit, decode, and tell
// the truth about which tiles are exact.
func TestKeyframesFit(t *testing.T) {
	sizes := [][2]int{{1, 1}, {33, 31}, {1280, 720}, {wire.MaxSide, 20}}
	if testLong {
		sizes = append(sizes, [2]int{40, wire.MaxSide}, [2]int{1920, 1080}, [2]int{3840, 2160}, [2]int{8192, 8192}, [2]int{wire.MaxSide, 4096})
	}
	draw := map[string]func(s *scene, r Rect){
		"noise":    (*scene).noise,
		"text":     (*scene).text,
		"gradient": (*scene).gradient,
		"checks": func(s *scene, r Rect) { // every other tile of many colours
			s.each(r, func(x, y int) uint32 {
				if (x/tileSize+y/tileSize)%2 == 0 {
					return s.rnd.Uint32() & 0xffffff
				}
				return uint32(x/tileSize*31+y/tileSize*17) * 0x0a0b0c
			})
		},
	}
	for _, size := range sizes {
		for name, draw := range draw {
			t.Run(fmt.Sprintf("%dx%d %s", size[0], size[1], name), func(t *testing.T) {
				s := &scene{rnd: rand.New(rand.NewPCG(1, 2))}
				s.pic.resize(size[0], size[1])
				draw(s, Rect{0, 0, size[0], size[1]})
				resize := NewEncoder(0)
				resize.Begin(1)
				numbered, ok := resize.Update(nil, s.pic, nil, Params{Quality: 90})
				if h, _ := head(t, numbered); !ok || h.Flags&^wire.FlagExact != wire.FlagKey|wire.FlagReset || h.Seq != 1 {
					t.Errorf("resize %+v", h)
				}
				late := NewEncoder(0)
				late.Begin(1)
				late.Sync(s.pic, nil)
				key := late.Keyframe(nil, Params{Quality: 90})
				for i, msg := range [][]byte{numbered, key} {
					if len(msg) > wire.MaxKeySize {
						t.Errorf("%d bytes", len(msg))
					}
					e := []*Encoder{resize, late}[i]
					d := NewDecoder()
					d.Begin(1)
					mustApply(t, d, msg)
					shown := d.Picture()
					for tile, m := range e.marks.tile {
						if m == exact && !samePixels(&s.pic, &shown, e.tileRect(tile)) {
							t.Fatalf("tile %d is not exact", tile)
						}
					}
				}
			})
		}
	}
}

// TestNothingToSay: calls before the first picture, and with sizes that wire does not allow.
func TestNothingToSay(t *testing.T) {
	e := NewEncoder(0)
	e.Begin(1)
	if msg := e.Keyframe([]byte("x"), Params{}); string(msg) != "x" {
		t.Errorf("a keyframe of nothing: %d bytes", len(msg))
	}
	if _, ok := e.CatchUp(nil, Params{}); ok {
		t.Error("a catch-up message for nobody")
	}
	e.Sync(Picture{}, nil)
	if _, ok := e.Update(nil, Picture{}, nil, Params{}); ok || e.Layout() != 0 || e.Seq() != 0 {
		t.Error("an update of no picture")
	}
	if c, r, in := e.Pending(0); c || r || in != 0 {
		t.Error("something pending", c, r, in)
	}
}

// TestCatchUp follows the parts of a catching up to Done.
func TestCatchUp(t *testing.T) {
	s, e, d := plain(t, 320, 320)
	s.noise(Rect{0, 0, 320, 320})
	e.Sync(s.pic, s.take())
	mustApply(t, d, e.Keyframe(nil, Params{Quality: 10}))
	if c, r, _ := e.Pending(0); !c || r || d.Done() {
		t.Fatal("pending", c, r)
	}
	part := d.Part()
	for n := 0; !d.Done(); n++ {
		msg, ok := e.CatchUp(nil, Params{Budget: 20_000})
		if !ok || len(msg) > 20_100 {
			t.Fatalf("%v, %d bytes", ok, len(msg))
		}
		mustApply(t, d, msg)
		if part++; d.Part() != part {
			t.Errorf("part %d, want %d", d.Part(), part)
		}
		if n == 3 { // another viewer's keyframe in between does not disturb
			late := NewDecoder()
			late.Begin(1)
			mustApply(t, late, e.Keyframe(nil, Params{}))
			if part++; late.Part() != part {
				t.Errorf("part %d of a keyframe, want %d", late.Part(), part)
			}
		}
		if n == 5 { // numbered updates go on meanwhile
			s.fill(Rect{0, 0, 100, 100})
			msg, _ := e.Update(nil, s.pic, s.take(), Params{})
			if h, _ := head(t, msg); h.Flags != wire.FlagReset|wire.FlagExact {
				t.Errorf("flags %d of the first update after a keyframe", h.Flags)
			}
			mustApply(t, d, msg)
			s.fill(Rect{0, 0, 50, 50})
			msg, _ = e.Update(nil, s.pic, s.take(), Params{})
			if h, _ := head(t, msg); h.Flags != wire.FlagExact {
				t.Errorf("flags %d of the second", h.Flags)
			}
			mustApply(t, d, msg)
		}
	}
	shown := d.Picture()
	if diff := firstDifference(&s.pic, &shown); diff != "" {
		t.Error(diff)
	}
	if _, ok := e.CatchUp(nil, Params{Budget: 1000}); ok {
		t.Error("more after Done")
	}
	mustApply(t, d, e.Keyframe(nil, Params{Quality: 10}))
	e.Forget()
	if c, _, _ := e.Pending(0); c || e.marks.count[lossyNew] != 0 {
		t.Error("Forget left something")
	}
}

// TestSteadyStateDoesNotAllocate: what runs thirty times a second makes no garbage.
func TestSteadyStateDoesNotAllocate(t *testing.T) {
	s, e, _ := plain(t, 640, 480)
	buf := make([]byte, 0, 1<<20)
	damage := []Rect{{0, 0, 640, 480}}
	s.text(Rect{0, 0, 640, 480})
	now := uint32(0)
	for name, change := range map[string]func(){
		"idle":   func() {},
		"typing": func() { s.pic.Pix[1920*int(now%400)]++ },
		"scroll": func() {
			movePixels(&s.pic, Rect{0, 0, 640, 450}, 0, 30)
			for i := range s.pic.row(0, 450, 640*8) {
				s.pic.Pix[450*2560+i] = byte(i*int(now)>>7) & 0x40
			}
		},
	} {
		turn := func() {
			now++
			change()
			e.Update(buf, s.pic, damage, Params{Captured: now})
		}
		for range 50 { // buffers reach their size
			turn()
		}
		if n := testing.AllocsPerRun(100, turn); n > 0 {
			t.Errorf("%s: %v allocations an update", name, n)
		}
	}
}
