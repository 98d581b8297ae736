package screen

import (
	"bytes"
	"image"
	"image/color"
	"image/jpeg"
	"math/rand/v2"
	"testing"

	"pindesk/internal/wire"
)

// handmade builds messages that the encoder never would.
type handmade struct {
	flags  uint8
	epoch  uint16
	seq    uint32
	layout uint16
	w, h   int
	part   uint32
	ops    []byte
	n      int
	blobs  []byte
	pack   *packer // nil: one of its own, for messages that stand alone or reset
	raw    int     // not 0: claim this length
}

func (m handmade) bytes() []byte {
	pk, fresh := m.pack, false
	if pk == nil {
		pk, fresh = &packer{}, true
	}
	u := wire.UpdateHead{Layout: m.layout, Width: uint16(m.w), Height: uint16(m.h), Ops: uint16(m.n), Part: m.part}
	if m.n > 0 {
		pk.begin(fresh || m.flags&wire.FlagReset != 0)
		pk.add(m.ops)
		if m.flags&wire.FlagCatchUp != 0 {
			pk.end()
		} else {
			pk.flush()
		}
		u.Raw, u.Packed = uint32(pk.raw), uint32(len(pk.out))
	}
	if m.raw != 0 {
		u.Raw = uint32(m.raw)
	}
	msg := wire.AppendHeader(nil, wire.Header{Kind: wire.KindUpdate, Flags: m.flags, Epoch: m.epoch, Seq: m.seq})
	msg = wire.AppendUpdateHead(msg, u)
	if m.n > 0 {
		msg = append(msg, pk.out...)
	}
	return append(msg, m.blobs...)
}

// fillOf is one Fill op.
func fillOf(x, y, w, h int, c uint32) []byte { return appendFill(nil, Rect{x, y, w, h}, c) }

const (
	keyFlags = wire.FlagKey | wire.FlagCatchUp
	red      = 0xff0000
	blue     = 0x0000ff
)

// keyMessage is a catch-up keyframe of 64x48 red pixels at seq.
func keyMessage(seq uint32) handmade {
	return handmade{flags: keyFlags, epoch: 1, seq: seq, layout: 3, w: 64, h: 48, part: 1, ops: fillOf(0, 0, 64, 48, red), n: 1}
}

// TestViewerRules walks through the rules of wire's "Numbering and catching up".
func TestViewerRules(t *testing.T) {
	next := func(seq uint32, flags uint8) handmade {
		return handmade{flags: flags, epoch: 1, seq: seq, layout: 3, w: 64, h: 48, ops: fillOf(1, 1, 2, 2, blue), n: 1}
	}
	bigger := handmade{flags: wire.FlagKey | wire.FlagReset, epoch: 1, seq: 9, layout: 4, w: 70, h: 50, ops: fillOf(0, 0, 70, 50, blue), n: 1}
	otherEpoch := next(6, wire.FlagReset)
	otherEpoch.epoch = 2
	otherLayout := next(6, wire.FlagReset)
	otherLayout.layout = 4
	otherSize := next(6, wire.FlagReset)
	otherSize.w = 63
	stepless := next(6, 0)
	empty := handmade{flags: wire.FlagCatchUp | wire.FlagDone, epoch: 1, seq: 5, layout: 3, w: 64, h: 48, part: 2}
	tests := []struct {
		name  string
		msg   handmade
		want  Verdict
		wrong bool
		seq   uint32
		holds bool
	}{
		{"the next one", next(6, wire.FlagReset), Applied, false, 6, true},
		{"the same again", next(5, wire.FlagReset), Dropped, false, 5, true},
		{"an old one", next(2, wire.FlagReset), Dropped, false, 5, true},
		{"a gap", next(7, wire.FlagReset), NeedResync, false, 5, false},
		{"the next without a frame", stepless, NeedResync, true, 5, false},
		{"another epoch", otherEpoch, Dropped, false, 5, true},
		{"another layout", otherLayout, NeedResync, true, 5, false},
		{"another size", otherSize, NeedResync, true, 5, false},
		{"catch-up for now", next(5, wire.FlagCatchUp), Applied, false, 5, true},
		{"catch-up for later", next(6, wire.FlagCatchUp), Dropped, false, 5, true},
		{"catch-up for before", next(4, wire.FlagCatchUp), Dropped, false, 5, true},
		{"catch-up with reset", next(5, wire.FlagCatchUp|wire.FlagReset), NeedResync, true, 5, false},
		{"empty done", empty, Applied, false, 5, true},
		{"resize", bigger, Applied, false, 9, true},
		{"old resize", func() handmade { m := bigger; m.seq = 5; return m }(), Dropped, false, 5, true},
		{"resize without reset", func() handmade { m := bigger; m.flags = wire.FlagKey; return m }(), NeedResync, true, 5, false},
		{"older keyframe", keyMessage(2), Applied, false, 2, true},
		{"newer keyframe", keyMessage(20), Applied, false, 20, true},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			d := NewDecoder()
			d.Begin(1)
			mustApply(t, d, keyMessage(5).bytes())
			res, err := d.Apply(test.msg.bytes())
			if res.Verdict != test.want || (err != nil) != test.wrong || d.Seq() != test.seq || d.holds != test.holds {
				t.Fatalf("verdict %d, error %v, seq %d, holds %v", res.Verdict, err, d.Seq(), d.holds)
			}
			if test.holds {
				return
			}
			// Once wrong, nothing is applied and nothing asked until a Key.
			if res, _ := d.Apply(next(6, wire.FlagReset).bytes()); res.Verdict != Dropped {
				t.Errorf("after a Resync: verdict %d", res.Verdict)
			}
			mustApply(t, d, keyMessage(11).bytes())
			mustApply(t, d, next(12, wire.FlagReset).bytes())
		})
	}
}

// TestBeforeAKey: nothing counts before the first Key of an epoch.
func TestBeforeAKey(t *testing.T) {
	d := NewDecoder()
	d.Begin(1)
	m := handmade{flags: wire.FlagReset, epoch: 1, seq: 1, layout: 3, w: 64, h: 48, ops: fillOf(0, 0, 2, 2, red), n: 1}
	if res, err := d.Apply(m.bytes()); res.Verdict != Dropped || err != nil {
		t.Errorf("an update first: %d, %v", res.Verdict, err)
	}
	mustApply(t, d, keyMessage(0).bytes())
	d.Begin(2)
	if p := d.Picture(); p.W != 0 {
		t.Errorf("a picture of %dx%d after Begin", p.W, p.H)
	}
	if res, _ := d.Apply(keyMessage(0).bytes()); res.Verdict != Dropped {
		t.Error("took a Key of the epoch before")
	}
}

// TestDoneAndPart are what acks and a viewer's state need.
func TestDoneAndPart(t *testing.T) {
	d := NewDecoder()
	d.Begin(1)
	mustApply(t, d, keyMessage(5).bytes())
	if d.Done() || d.Part() != 1 || d.Layout() != 3 {
		t.Error("after the keyframe", d.Done(), d.Part(), d.Layout())
	}
	mustApply(t, d, handmade{flags: wire.FlagCatchUp | wire.FlagDone, epoch: 1, seq: 5, layout: 3, w: 64, h: 48, part: 2}.bytes())
	if !d.Done() || d.Part() != 2 {
		t.Error("after Done", d.Done(), d.Part())
	}
	mustApply(t, d, keyMessage(5).bytes())
	if d.Done() {
		t.Error("still done after another keyframe")
	}
}

// TestOps checks the pixels of each op.
func TestOps(t *testing.T) {
	pixels := &Picture{}
	pixels.resize(9, 4)
	rnd := rand.New(rand.NewPCG(1, 1))
	for i := range pixels.Pix {
		pixels.Pix[i] = byte(rnd.Uint32())
	}
	all := Rect{0, 0, 9, 4}
	palette := wire.AppendOpHead(nil, wire.OpPalette, 10, 20, 9, 4)
	palette = append(palette, 2) // 3 colours, 2 bits
	palette = append(palette, 1, 2, 3, 4, 5, 6, 7, 8, 9)
	for range 4 {
		palette = append(palette, 0b00_01_10_00, 0b01_10_00_01, 0b10_111111) // the padding is ignored
	}
	tests := []struct {
		name string
		ops  []byte
		at   func(x, y int) uint32 // of the 9x4 at 10, 20
	}{
		{"fill", fillOf(10, 20, 9, 4, 0x123456), func(x, y int) uint32 { return 0x123456 }},
		{"palette", palette, func(x, y int) uint32 { return []uint32{0x030201, 0x060504, 0x090807}[x%3] }},
		{"delta", func() []byte {
			ops := appendDelta(nil, pixels, all)
			ops[1], ops[3] = 10, 20
			return ops
		}(), func(x, y int) uint32 { return pixel(pixels.row(x, y, 1)) & 0xffffff }},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			d := NewDecoder()
			d.Begin(1)
			m := keyMessage(1)
			m.ops, m.n = append(m.ops, test.ops...), 2
			res := mustApply(t, d, m.bytes())
			if want := (Rect{10, 20, 9, 4}); res.Changed[1] != want {
				t.Errorf("changed %v", res.Changed)
			}
			p := d.Picture()
			for y := range p.H {
				for x := range p.W {
					want := uint32(red)
					if x >= 10 && x < 19 && y >= 20 && y < 24 {
						want = test.at(x-10, y-20)
					}
					if got := pixel(p.row(x, y, 1)) & 0xffffff; got != want {
						t.Fatalf("%d,%d is %06x, want %06x", x, y, got, want)
					}
				}
			}
		})
	}
}

// TestDeltaPrediction pins the arithmetic by hand: sums that round down, signs, wrapping.
func TestDeltaPrediction(t *testing.T) {
	// g: 200 255 / 10 ?; prediction of the last is floor((10+255)/2) = 132.
	// r-g: 255=-1 0 / 0 ?; floor((0+0)/2). b-g: -3 2 / -6 ?: floor((-6+2)/2) = -2.
	g := []byte{200, 255, 10, 100}
	rg := []byte{255, 0, 0, 7}
	bg := []byte{253, 2, 250, 1}
	p := Picture{}
	p.resize(2, 2)
	for i := range 4 {
		p.Pix[i*4], p.Pix[i*4+1], p.Pix[i*4+2] = bg[i]+g[i], g[i], rg[i]+g[i]
	}
	got := appendDelta(nil, &p, Rect{0, 0, 2, 2})[wire.OpHeadSize:]
	want := []byte{
		200, 55, 66, 224, // 100-132
		255, 1, 1, 7,
		253, 5, 253, 3, // 1-(-2)
	}
	if !bytes.Equal(got, want) {
		t.Errorf("planes % d, want % d", got, want)
	}
	if odd := meanSigned(0xff, 0); odd != 0xff { // floor(-1/2) = -1
		t.Errorf("mean of -1 and 0 is %d", int8(odd))
	}
}

// TestCopyOverlaps compares copies in every direction with one through a second buffer.
func TestCopyOverlaps(t *testing.T) {
	for _, by := range [][2]int{{0, 3}, {0, -3}, {3, 0}, {-3, 0}, {2, 5}, {-2, 5}, {2, -5}, {-2, -5}, {0, 0}} {
		var p, old Picture
		p.resize(40, 30)
		for i := range p.Pix {
			p.Pix[i] = byte(i * 7)
		}
		old.resize(40, 30)
		copy(old.Pix, p.Pix)
		r := Rect{8, 8, 20, 15}
		movePixels(&p, r, r.X-by[0], r.Y-by[1])
		if !equalRect(&p, r, &old, r.X-by[0], r.Y-by[1]) {
			t.Errorf("moved by %v is not what was there", by)
		}
	}
}

func jpegBlob(t *testing.T, w, h int) []byte {
	t.Helper()
	img := image.NewGray(image.Rect(0, 0, w, h))
	for i := range img.Pix {
		img.Pix[i] = 128
	}
	img.Set(0, 0, color.Gray{128})
	var b bytes.Buffer
	if err := jpeg.Encode(&b, img, nil); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// TestHostileUpdates: each of these is refused with NeedResync and nothing worse.
func TestHostileUpdates(t *testing.T) {
	small, large := jpegBlob(t, 8, 8), jpegBlob(t, 17, 16)
	jpegOp := func(blob []byte) []byte { return appendJPEG(nil, Rect{0, 0, 16, 16}, len(blob)) }
	progressive := bytes.Clone(small)
	progressive[bytes.Index(progressive, []byte{0xff, 0xc0})+1] = 0xc2
	good := handmade{flags: wire.FlagReset, epoch: 1, seq: 6, layout: 3, w: 64, h: 48}
	with := func(ops []byte, n int, blobs []byte) handmade {
		m := good
		m.ops, m.n, m.blobs = ops, n, blobs
		return m
	}
	badIndex := wire.AppendOpHead(nil, wire.OpPalette, 0, 0, 1, 1)
	badIndex = append(badIndex, 2, 0, 0, 0, 1, 1, 1, 2, 2, 2, 0xff)
	edit := func(m handmade, f func(body []byte)) []byte {
		b := m.bytes()
		f(b[wire.HeaderSize:])
		return b
	}
	fill := with(fillOf(0, 0, 1, 1, 0), 1, nil)
	tests := []struct {
		name string
		msg  []byte
		ok   bool
	}{
		{"a good fill", fill.bytes(), true},
		{"a good JPEG", with(jpegOp(small), 1, small).bytes(), true},
		{"JPEG larger than its op", with(jpegOp(large), 1, large).bytes(), false},
		{"progressive JPEG", with(jpegOp(progressive), 1, progressive).bytes(), false},
		{"blob cut short", with(jpegOp(small), 1, small[:len(small)-1]).bytes(), false},
		{"blob left over", with(jpegOp(small), 1, append(bytes.Clone(small), 0)).bytes(), false},
		{"index outside the palette", with(badIndex, 1, nil).bytes(), false},
		{"op outside the picture", with(fillOf(60, 0, 5, 1, 0), 1, nil).bytes(), false},
		{"op of no width", with(fillOf(60, 0, 0, 1, 0), 1, nil).bytes(), false},
		{"unknown op", with([]byte{9, 0, 0, 0, 0, 1, 0, 1, 0, 0, 0, 0}, 1, nil).bytes(), false},
		{"more ops than bytes", with(fillOf(0, 0, 1, 1, 0), 2, nil).bytes(), false},
		{"fewer ops than bytes", with(append(fillOf(0, 0, 1, 1, 0), fillOf(0, 0, 1, 1, 0)...), 1, nil).bytes(), false},
		{"raw too small", func() []byte { m := fill; m.raw = 20; return m.bytes() }(), false},
		{"raw too large", func() []byte { m := fill; m.raw = 30; return m.bytes() }(), false},
		{"raw far too large for its blocks", func() []byte { m := fill; m.raw = wire.MaxRaw; return m.bytes() }(), false},
		{"raw above the cap", func() []byte { m := fill; m.raw = wire.MaxRaw + 1; return m.bytes() }(), false},
		{"wide window", edit(fill, func(b []byte) { b[wire.UpdateHeadSize+5] = 0x58 }), false},
		{"single segment", edit(fill, func(b []byte) { b[wire.UpdateHeadSize+4] = 0x20 }), false},
		{"no preamble", edit(fill, func(b []byte) { b[wire.UpdateHeadSize+9+3]++ }), false},
		{"reset without ops", handmade{flags: wire.FlagReset, epoch: 1, seq: 6, layout: 3, w: 64, h: 48}.bytes(), false},
		{"empty body", fill.bytes()[:wire.HeaderSize], false},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			d := NewDecoder()
			d.Begin(1)
			mustApply(t, d, keyMessage(5).bytes())
			res, err := d.Apply(test.msg)
			if test.ok != (res.Verdict == Applied) || test.ok != (err == nil) {
				t.Errorf("verdict %d, %v", res.Verdict, err)
			}
			if !test.ok && res.Verdict != NeedResync {
				t.Errorf("verdict %d", res.Verdict)
			}
		})
	}
}

// TestFrameMustEndInKeyframes: a keyframe's frame stands alone, so it must be whole.
func TestFrameMustEndInKeyframes(t *testing.T) {
	whole := keyMessage(1).bytes()
	cut := bytes.Clone(whole[:len(whole)-blockHeadSize])
	cut[wire.HeaderSize+24] -= blockHeadSize
	d := NewDecoder()
	d.Begin(1)
	if res, err := d.Apply(cut); res.Verdict != NeedResync || err == nil {
		t.Errorf("verdict %d, %v for a frame without end", res.Verdict, err)
	}
	mustApply(t, d, whole)
}

// TestSmallJPEG: a smaller JPEG is scaled to its op's rectangle.
func TestSmallJPEG(t *testing.T) {
	blob := jpegBlob(t, 4, 3)
	m := keyMessage(1)
	m.ops, m.n, m.blobs = append(m.ops, appendJPEG(nil, Rect{5, 6, 30, 20}, len(blob))...), 2, blob
	d := NewDecoder()
	d.Begin(1)
	mustApply(t, d, m.bytes())
	p := d.Picture()
	for y := range p.H {
		for x := range p.W {
			got := pixel(p.row(x, y, 1)) & 0xffffff
			if in := x >= 5 && x < 35 && y >= 6 && y < 26; in != (got == 0x808080) {
				t.Fatalf("%d,%d is %06x", x, y, got)
			}
		}
	}
}
