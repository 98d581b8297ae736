package scene

import (
	"crypto/sha256"
	"encoding/hex"
	"image"
	"testing"
	"time"
)

func TestFrames(t *testing.T) {
	for name, want := range map[string]int{"typing": 96, "scroll": 160, "video": 240, "drag": 240, "idle": 16} {
		w := works[name]
		if got := w.frames(8 * time.Second); got != want {
			t.Errorf("%s: %d frames in 8 s, not %d", name, got, want)
		}
		if !w.area.In(image.Rect(0, 0, Width, Height)) {
			t.Errorf("%s changes %v", name, w.area)
		}
	}
}

// TestBars reads numbers as the probe in the page does.
func TestBars(t *testing.T) {
	for n := range Numbers {
		v := 0
		for i, white := range bars(n) {
			if white {
				v |= 1 << i
			}
		}
		parity := 0
		for i := range 10 {
			parity ^= v >> i & 1
		}
		if v&(Numbers-1) != n || v>>10&1 != parity || v>>11 != 1 {
			t.Fatalf("%d is shown as %012b", n, v)
		}
	}
}

// TestDragStaysInside: the window never covers the barcode and never leaves the screen.
func TestDragStaysInside(t *testing.T) {
	way := bounce{dragged.Min, image.Pt(dragX, dragY)}
	for i := range Numbers {
		before := way.at
		way.step(dragged.Size())
		r := image.Rectangle{way.at, way.at.Add(dragged.Size())}
		if !r.In(dragArea) || r.Overlaps(Bar) {
			t.Fatalf("frame %d: %v", i, r)
		}
		if d := way.at.Sub(before); d.X*d.X+d.Y*d.Y != 100 {
			t.Fatalf("frame %d: moved by %v", i, d)
		}
	}
}

// TestSamePixels: figures of different days can be compared only if the pictures are the same.
func TestSamePixels(t *testing.T) {
	for name, c := range map[string]struct {
		img  *image.RGBA
		want string
	}{
		"photo": {photo(320, 200), "f133d5b069fb5a68"},
		"film":  {filmFrame(5, 320, 180), "ee3727b7fa782f8e"},
	} {
		sum := sha256.Sum256(c.img.Pix)
		if got := hex.EncodeToString(sum[:8]); got != c.want {
			t.Errorf("%s: %s, was %s", name, got, c.want)
		}
	}
}

func TestIcon(t *testing.T) {
	img, err := desktop()
	if err != nil {
		t.Fatal(err)
	}
	c := img.RGBAAt(Icon.Min.X+10, Icon.Min.Y+10)
	if got := uint32(c.R)<<16 | uint32(c.G)<<8 | uint32(c.B); got != IconColour {
		t.Errorf("the icon is %06x", got)
	}
}
