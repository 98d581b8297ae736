package glyph

import (
	"image"
	"image/color"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/image/font/gofont/gobold"
	"golang.org/x/image/font/gofont/goregular"
)

// folder has font files of its own.
func folder(t testing.TB, files map[string][]byte) string {
	t.Helper()
	dir := t.TempDir()
	for name, b := range files {
		if err := os.WriteFile(filepath.Join(dir, name), b, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func fonts(t testing.TB, folders ...string) *Fonts {
	t.Helper()
	f := New(folders)
	t.Cleanup(f.Close)
	return f
}

// ink counts the pixels that a text leaves.
func ink(f *Fonts, text string, pixels float64, bold bool) (n int) {
	img := image.NewRGBA(image.Rect(0, 0, 200, 40))
	_, base := f.Height(pixels, bold)
	f.Draw(img, image.Pt(2, base), text, pixels, bold, color.Black)
	for i := 3; i < len(img.Pix); i += 4 {
		if img.Pix[i] > 0 {
			n++
		}
	}
	return n
}

// Without any font on the system, Go's own write.
func TestNoFonts(t *testing.T) {
	f := fonts(t, filepath.Join(t.TempDir(), "missing"))
	if w, b := f.Width("Grüße", 15, false), f.Width("Grüße", 15, true); w < 30 || w > 60 || b <= w {
		t.Errorf("%d wide, bold %d", w, b)
	}
	if ink(f, "Grüße", 15, false) == 0 || ink(f, " ", 15, false) != 0 || f.Width("", 15, false) != 0 {
		t.Error("what is written is not as written")
	}
	if n := ink(f, "日", 15, false); n == 0 || n != ink(f, "\u4e00", 15, false) || f.Width("日", 15, false) < 5 {
		t.Error("a character that no font has leaves nothing")
	}
	for _, pixels := range []float64{11, 15, 30, 60} {
		if h, base := f.Height(pixels, false); h < int(pixels) || base <= h/2 || base >= h {
			t.Errorf("a line of %v is %d high with its base at %d", pixels, h, base)
		}
	}
}

// A text is as wide as its parts, and as what is drawn of it.
func TestWidth(t *testing.T) {
	f := fonts(t)
	if one, ten := f.Width("m", 15, false), f.Width(strings.Repeat("m", 10), 15, false); ten > 10*one || ten < 10*(one-1) {
		t.Errorf("%d and %d", one, ten)
	}
	img := image.NewRGBA(image.Rect(0, 0, 200, 40))
	f.Draw(img, image.Pt(0, 25), "HHHH", 15, false, color.Black)
	right := 0
	for y := range 40 {
		for x := range 200 {
			if img.RGBAAt(x, y).A > 0 {
				right = max(right, x)
			}
		}
	}
	if w := f.Width("HHHH", 15, false); right >= w || right < w-4 {
		t.Errorf("drawn to %d, %d wide", right, w)
	}
}

// Files that are no fonts, or broken ones, are passed over.
func TestBrokenFonts(t *testing.T) {
	good := goregular.TTF
	dir := folder(t, map[string][]byte{
		"NotoSans-Regular.ttf": []byte("no font"), "DejaVuSans.ttf": good[:len(good)/2], "Ubuntu-R.ttf": {}, "a.ttc": []byte("ttcf\x00\x01\x00\x00\xff\xff\xff\xff"),
		"NotoSans-Bold.ttf": gobold.TTF, "LiberationSans-Regular.ttf": good, "notes.txt": []byte("x"),
	})
	f := fonts(t, dir)
	plain := fonts(t)
	for _, bold := range []bool{false, true} {
		if got, want := f.Width("Hello 日本語", 15, bold), plain.Width("Hello 日本語", 15, bold); got != want {
			t.Errorf("bold %v: %d wide, want %d", bold, got, want)
		}
	}
}

// However hostile a text is, nothing grows without bound.
func TestManyCharacters(t *testing.T) {
	f := fonts(t)
	for r := rune(0); r < 0x11000; r++ {
		f.Width(string(r), 15, false)
	}
	if n := len(f.absent); n > maxKnown {
		t.Errorf("%d characters are remembered", n)
	}
	for s, g := range f.sizes {
		if len(g.of) > maxKnown || len(g.wide) > maxKnown {
			t.Errorf("%v: %d and %d characters are remembered", s, len(g.of), len(g.wide))
		}
	}
}

func FuzzText(f *testing.F) {
	for _, s := range []string{"Eve", "日本語 ✓", "\xff\x00\u202e", "e\u0301\u0301"} {
		f.Add(s, 15.0)
	}
	g := fonts(f)
	img := image.NewRGBA(image.Rect(0, 0, 64, 32))
	f.Fuzz(func(t *testing.T, s string, pixels float64) {
		if len(s) > 4096 || pixels < 8 || pixels > 100 {
			return
		}
		if w := g.Width(s, pixels, false); w < 0 {
			t.Fatalf("%q is %d wide", s, w)
		}
		g.Draw(img, image.Pt(0, 20), s, pixels, false, color.Black)
	})
}

// A hostile font neither ends the program nor takes memory without a cap.
func FuzzFont(f *testing.F) {
	f.Add([]byte("no font"))
	f.Add([]byte("ttcf\x00\x01\x00\x00\xff\xff\xff\xff"))
	f.Add(goregular.TTF[:4096])
	small := append([]byte(nil), goregular.TTF...)
	f.Add(small)
	img := image.NewRGBA(image.Rect(0, 0, 64, 32))
	f.Fuzz(func(t *testing.T, b []byte) {
		g := fonts(t, folder(t, map[string][]byte{"NotoSans-Regular.ttf": b}))
		h, base := g.Height(15, false)
		if w := g.Width("Aé日", 15, false); w < 0 || h < 15 || h > 4*maxPixels {
			t.Fatalf("%d by %d", w, h)
		}
		g.Draw(img, image.Pt(0, base), "Aé日", 15, false, color.Black)
	})
}
