package screen

import (
	"math/rand/v2"
	"testing"

	"pindesk/internal/wire"
)

// sampleStream is a short stream with every op, a keyframe in its middle and a resize.
func sampleStream() (msgs [][]byte) {
	s := newScene(rand.New(rand.NewPCG(3, 3)), 320, 240)
	e := NewEncoder(0)
	e.Begin(1)
	e.Sync(s.pic, s.take())
	add := func(m []byte, ok bool) {
		if ok {
			msgs = append(msgs, m)
		}
	}
	key := func() { add(e.Keyframe(nil, Params{Quality: 20}), true) }
	key()
	for i := range 30 {
		switch i % 6 {
		case 0:
			s.noise(Rect{10, 10, 90, 70})
		case 1, 2:
			s.draw()
		case 3:
			s.move(Rect{0, 0, 320, 240}, 7, i-15)
		case 4:
			add(e.CatchUp(nil, Params{Budget: 20000}))
		}
		if i == 12 {
			key()
		}
		if i == 22 {
			s.size(200, 150)
		}
		add(e.Update(nil, s.pic, s.take(), Params{Captured: uint32(i * 50), Budget: 3000}))
	}
	return msgs
}

// fuzzDecoder holds pictures that are small enough for many a second.
func fuzzDecoder() *Decoder {
	d := NewDecoder()
	d.maxPixels = 1 << 18
	d.Begin(1)
	return d
}

// checkHeld fails if a decoder is larger than the caps or in a state that is none.
func checkHeld(t *testing.T, d *Decoder, res Result, err error) {
	t.Helper()
	if err != nil && res.Verdict == Applied {
		t.Fatalf("applied what is wrong: %v", err)
	}
	if len(d.picture.Pix) != d.picture.W*d.picture.H*4 || d.picture.W*d.picture.H > d.maxPixels {
		t.Fatalf("picture of %dx%d in %d bytes", d.picture.W, d.picture.H, len(d.picture.Pix))
	}
	for _, u := range []*unpacker{&d.stream, &d.alone} {
		if cap(u.out) > wire.MaxRaw+1 {
			t.Fatalf("a buffer of %d bytes", cap(u.out))
		}
	}
	for _, r := range res.Changed {
		if r.empty() || r.clip(d.picture.W, d.picture.H) != r {
			t.Fatalf("changed %v of %dx%d", r, d.picture.W, d.picture.H)
		}
	}
}

// FuzzApply feeds arbitrary bytes, as the first message and after a real keyframe.
func FuzzApply(f *testing.F) {
	sample := sampleStream()
	for _, m := range sample {
		f.Add(m)
	}
	f.Fuzz(func(t *testing.T, msg []byte) {
		d := fuzzDecoder()
		res, err := d.Apply(msg)
		checkHeld(t, d, res, err)
		d = fuzzDecoder()
		mustApply(t, d, sample[0])
		res, err = d.Apply(msg)
		checkHeld(t, d, res, err)
	})
}

// FuzzOps feeds arbitrary op blocks and blobs, well packed.
func FuzzOps(f *testing.F) {
	sample := sampleStream()
	d := fuzzDecoder()
	for i := range sample {
		mustApply(f, d, sample[i])
		f.Add(append([]byte(nil), d.stream.out[:min(2000, cap(d.stream.out))]...), sample[i][max(0, len(sample[i])-900):], uint16(3))
	}
	f.Fuzz(func(t *testing.T, ops, blobs []byte, n uint16) {
		if len(ops) == 0 || len(ops) > 1<<16 || n == 0 || n > 200 {
			return
		}
		d := fuzzDecoder()
		mustApply(t, d, keyMessage(5).bytes())
		m := handmade{flags: wire.FlagReset, epoch: 1, seq: 6, layout: 3, w: 64, h: 48, ops: ops, n: int(n), blobs: blobs}
		res, err := d.Apply(m.bytes())
		checkHeld(t, d, res, err)
	})
}

// TestMutatedStreams breaks real streams in many places; a keyframe must always mend it.
func TestMutatedStreams(t *testing.T) {
	sample := sampleStream()
	rnd := rand.New(rand.NewPCG(11, 1))
	broken := 0
	for range 100 {
		d := fuzzDecoder()
		for _, m := range sample {
			m = append([]byte(nil), m...)
			switch rnd.IntN(8) {
			case 0:
				for range 1 + rnd.IntN(4) {
					m[rnd.IntN(len(m))] = byte(rnd.Uint32())
				}
			case 1:
				m = m[:rnd.IntN(len(m)+1)]
			case 2:
				m[rnd.IntN(min(len(m), 60))] ^= 1 << rnd.IntN(8)
			case 3:
				continue
			}
			res, err := d.Apply(m)
			checkHeld(t, d, res, err)
			if res.Verdict == NeedResync {
				broken++
			}
		}
		d.Begin(1)
		mustApply(t, d, sample[0])
	}
	if broken < 100 {
		t.Errorf("only %d of 100 streams broke", broken)
	}
}
