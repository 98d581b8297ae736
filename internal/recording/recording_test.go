package recording

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/klauspost/compress/zstd"
)

// film is a small recording and, after each frame, what the picture is.
func film(tb testing.TB) (file []byte, pictures [][]byte, frames []Frame) {
	tb.Helper()
	const w, h, stride = 37, 21, 37*4 + 8
	rnd := rand.New(rand.NewPCG(1, 1))
	var out bytes.Buffer
	rec, err := NewWriter(&out, w, h)
	if err != nil {
		tb.Fatal(err)
	}
	pix := make([]byte, stride*h)
	for n := range 12 {
		damage := []Rect{{W: w, H: h}}
		if n > 0 {
			damage = nil
			for range 1 + rnd.IntN(4) {
				x, y := rnd.IntN(w), rnd.IntN(h)
				damage = append(damage, Rect{x, y, 1 + rnd.IntN(w-x), 1 + rnd.IntN(h-y)})
			}
		}
		for _, r := range damage {
			for y := r.Y; y < r.Y+r.H; y++ {
				for i := range 4 * r.W {
					pix[y*stride+4*r.X+i] = byte(rnd.Uint32())
				}
			}
		}
		at := time.Duration(n/2*40) * time.Millisecond
		if err := rec.Frame(at+time.Microsecond, pix, stride, damage); err != nil {
			tb.Fatal(err)
		}
		shown := make([]byte, 0, 4*w*h)
		for y := range h {
			shown = append(shown, pix[y*stride:][:4*w]...)
		}
		for i := 3; i < len(shown); i += 4 {
			shown[i] = 0
		}
		pictures, frames = append(pictures, shown), append(frames, Frame{at, damage})
	}
	if err := rec.Close(); err != nil {
		tb.Fatal(err)
	}
	return out.Bytes(), pictures, frames
}

func TestRoundTrip(t *testing.T) {
	file, pictures, frames := film(t)
	r, err := NewReader(bytes.NewReader(file))
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	if w, h := r.Size(); w != 37 || h != 21 {
		t.Fatalf("size %dx%d", w, h)
	}
	for n, want := range frames {
		got, err := r.Next()
		if err != nil || got.At != want.At || !slices.Equal(got.Damage, want.Damage) {
			t.Fatalf("frame %d: %+v, %v; not %+v", n, got, err, want)
		}
		if !bytes.Equal(r.Picture(), pictures[n]) {
			t.Fatalf("frame %d shows something else", n)
		}
	}
	if _, err := r.Next(); err != io.EOF {
		t.Fatal(err)
	}
}

// TestCutShort: every shorter file is malformed, and says so only after its whole frames.
func TestCutShort(t *testing.T) {
	file, pictures, _ := film(t)
	for n := range len(file) {
		got, err := all(file[:n])
		if !errors.Is(err, ErrMalformed) || got >= len(pictures) && n < len(file)-8 {
			t.Fatalf("%d of %d bytes: %d frames, %v", n, len(file), got, err)
		}
	}
}

// all counts the frames that can be read.
func all(file []byte) (frames int, err error) {
	r, err := NewReader(bytes.NewReader(file))
	if err != nil {
		return 0, err
	}
	defer r.Close()
	for {
		if _, err := r.Next(); err == io.EOF {
			return frames, nil
		} else if err != nil {
			return frames, err
		}
		frames++
	}
}

var pack, _ = zstd.NewWriter(nil, zstd.WithEncoderConcurrency(1)) // these options are right

// handmade is a recording of a 4x3 picture with the given frames.
func handmade(frames ...[]byte) []byte {
	head := []byte(magic + "\x01\x00\x04\x00\x03\x00\x00\x00")
	return pack.EncodeAll(slices.Concat(frames...), head)
}

// frame has black pixels.
func frame(at uint32, damage ...Rect) []byte {
	b := binary.LittleEndian.AppendUint32(nil, at)
	b = binary.LittleEndian.AppendUint16(b, uint16(len(damage)))
	pixels := 0
	for _, r := range damage {
		for _, v := range []int{r.X, r.Y, r.W, r.H} {
			b = binary.LittleEndian.AppendUint16(b, uint16(v))
		}
		pixels += r.W * r.H
	}
	return append(b, make([]byte, 3*pixels)...)
}

func TestMalformed(t *testing.T) {
	whole := Rect{W: 4, H: 3}
	good := handmade(frame(5, whole), frame(5, Rect{1, 1, 2, 2}))
	if n, err := all(good); n != 2 || err != nil {
		t.Fatalf("%d frames, %v", n, err)
	}
	head := func(at int, b byte) []byte {
		file := slices.Clone(good)
		file[at] = b
		return file
	}
	many := slices.Repeat([]Rect{{0, 0, 1, 1}}, MaxDamage+1)
	for name, file := range map[string][]byte{
		"empty":             nil,
		"another file":      []byte(strings.Repeat("GIF89a", 9)),
		"version":           head(8, 2),
		"no width":          head(10, 0),
		"not zstd":          head(16, 'x'),
		"no frames":         handmade(),
		"first not whole":   handmade(frame(0, Rect{0, 0, 4, 2})),
		"first of two":      handmade(frame(0, whole, whole)),
		"no rectangle":      handmade(frame(0, whole), frame(0)),
		"many rectangles":   handmade(frame(0, whole), frame(0, many...)),
		"outside":           handmade(frame(0, whole), frame(0, Rect{1, 0, 4, 1})),
		"below":             handmade(frame(0, whole), frame(0, Rect{0, 3, 1, 1})),
		"empty rectangle":   handmade(frame(0, whole), frame(0, Rect{1, 1, 0, 1})),
		"back in time":      handmade(frame(7, whole), frame(6, whole)),
		"cut within pixels": handmade(frame(7, whole), frame(8, whole)[:20]),
	} {
		if _, err := all(file); !errors.Is(err, ErrMalformed) {
			t.Errorf("%s: %v", name, err)
		}
	}
	// A picture of wire's largest side in both directions must not be allocated.
	huge := slices.Clone(good)
	copy(huge[10:], "\xff\xff\xff\xff")
	if _, err := NewReader(bytes.NewReader(huge)); !errors.Is(err, ErrMalformed) {
		t.Error("65535x65535:", err)
	}
}

func TestWriterRefuses(t *testing.T) {
	if _, err := NewWriter(io.Discard, 0, 5); err == nil {
		t.Error("a picture without pixels")
	}
	whole := Rect{W: 4, H: 3}
	pix := make([]byte, 4*4*3)
	for name, c := range map[string]struct {
		at     time.Duration
		stride int
		damage []Rect
	}{
		"nothing":       {time.Second, 16, nil},
		"back in time":  {0, 16, []Rect{whole}},
		"far away":      {1 << 62, 16, []Rect{whole}},
		"outside":       {time.Second, 16, []Rect{{3, 0, 2, 1}}},
		"too many":      {time.Second, 16, slices.Repeat([]Rect{whole}, MaxDamage+1)},
		"short rows":    {time.Second, 12, []Rect{whole}},
		"short picture": {time.Second, 20, []Rect{whole}},
	} {
		w, err := NewWriter(io.Discard, 4, 3)
		if err != nil {
			t.Fatal(err)
		}
		if err := w.Frame(time.Millisecond, pix, 16, []Rect{{1, 1, 1, 1}}); err == nil {
			t.Error("a first frame that is not whole")
		}
		if err := w.Frame(time.Millisecond, pix, 16, []Rect{whole}); err != nil {
			t.Fatal(err)
		}
		if err := w.Frame(c.at, pix, c.stride, c.damage); err == nil {
			t.Errorf("%s: no error", name)
		}
		if err := w.Close(); err != nil {
			t.Error(err)
		}
	}
}

// FuzzReader feeds arbitrary files, and arbitrary frames that are well packed.
func FuzzReader(f *testing.F) {
	file, _, _ := film(f)
	f.Add(file, false)
	f.Add(handmade(frame(5, Rect{W: 4, H: 3}), frame(9, Rect{1, 1, 2, 2})), false)
	f.Add(slices.Concat(frame(5, Rect{W: 4, H: 3}), frame(9, Rect{1, 1, 2, 2}, Rect{0, 0, 1, 3})), true)
	f.Fuzz(func(t *testing.T, file []byte, packed bool) {
		if packed {
			file = handmade(file)
		}
		r, err := NewReader(bytes.NewReader(file))
		if err != nil {
			if !errors.Is(err, ErrMalformed) {
				t.Fatal(err)
			}
			return
		}
		defer r.Close()
		w, h := r.Size()
		if w*h > 1<<12 {
			return // allowed, but too slow for many a second
		}
		for last, n := time.Duration(0), 0; n < 50; n++ {
			frame, err := r.Next()
			if err != nil {
				if err != io.EOF && !errors.Is(err, ErrMalformed) {
					t.Fatal(err)
				}
				return
			}
			if frame.At < last || len(frame.Damage) == 0 || len(frame.Damage) > MaxDamage || len(r.Picture()) != 4*w*h {
				t.Fatalf("frame %+v of %dx%d", frame, w, h)
			}
			for _, d := range frame.Damage {
				if !d.within(w, h) {
					t.Fatalf("damage %v of %dx%d", d, w, h)
				}
			}
			last = frame.At
		}
	})
}
