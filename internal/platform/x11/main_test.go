//go:build linux

package x11

import (
	"context"
	"log/slog"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/jezek/xgb"
	"github.com/jezek/xgb/xproto"
	"go.uber.org/goleak"

	"pindesk/internal/platform/pixels"
	"pindesk/internal/screen"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// patience bounds every wait for another process.
const patience = 20 * time.Second

// until polls cond and fails the test when it does not come true.
func until(t testing.TB, what string, cond func() bool) {
	t.Helper()
	deadline := time.After(patience)
	for !cond() {
		select {
		case <-deadline:
			t.Fatalf("waited %v in vain: %s", patience, what)
		case <-time.After(5 * time.Millisecond):
		}
	}
}

func testCapturer(t testing.TB, display string) *Capturer {
	t.Helper()
	g, err := openCapturer(context.Background(), display, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { g.Close() })
	return g
}

func testInjector(t testing.TB, display string) *Injector {
	t.Helper()
	i, err := openInjector(context.Background(), display, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { i.Close() })
	return i
}

// program is another X program on the desktop.
type program struct {
	t    testing.TB
	x    *xgb.Conn
	root xproto.Window
	gc   xproto.Gcontext
}

func newProgram(t testing.TB, display string) *program {
	t.Helper()
	x, err := xgb.NewConnDisplay(display)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		x.Close()
		drain(x)
	})
	p := &program{t: t, x: x, root: xproto.Setup(x).DefaultScreen(x).Root}
	if p.gc, err = xproto.NewGcontextId(x); err != nil {
		t.Fatal(err)
	}
	if err := xproto.CreateGCChecked(x, p.gc, xproto.Drawable(p.root), 0, nil).Check(); err != nil {
		t.Fatal(err)
	}
	return p
}

// fill draws a rectangle into the root window.
func (p *program) fill(r screen.Rect, colour uint32) {
	xproto.ChangeGC(p.x, p.gc, xproto.GcForeground, []uint32{colour})
	xproto.PolyFillRectangle(p.x, xproto.Drawable(p.root), p.gc,
		[]xproto.Rectangle{{X: int16(r.X), Y: int16(r.Y), Width: uint16(r.W), Height: uint16(r.H)}})
}

// fillSomewhere draws a random rectangle inside w x h, mostly a small one.
func (p *program) fillSomewhere(rng *rand.Rand, w, h int) {
	most := 1 + rng.IntN(min(w, h)/8)
	if rng.IntN(10) == 0 {
		most = min(w, h)
	}
	r := screen.Rect{W: 1 + rng.IntN(most), H: 1 + rng.IntN(most)}
	r.X, r.Y = rng.IntN(w-r.W+1), rng.IntN(h-r.H+1)
	p.fill(r, rng.Uint32()&0xffffff)
}

// image reads the whole root window, independently of what is tested.
func (p *program) image() screen.Picture {
	p.t.Helper()
	g, err := xproto.GetGeometry(p.x, xproto.Drawable(p.root)).Reply()
	if err != nil {
		p.t.Fatal(err)
	}
	image, err := xproto.GetImage(p.x, xproto.ImageFormatZPixmap, xproto.Drawable(p.root), 0, 0, g.Width, g.Height, 0xffffffff).Reply()
	if err != nil {
		p.t.Fatal(err)
	}
	return screen.Picture{W: int(g.Width), H: int(g.Height), Stride: 4 * int(g.Width), Pix: image.Data}
}

// sameAt reports the first pixel inside the rectangle in which two pictures of one size differ.
func sameAt(a, b screen.Picture, r screen.Rect) (x, y int, same bool) {
	for y := r.Y; y < r.Y+r.H; y++ {
		for x := r.X; x < r.X+r.W; x++ {
			p, q := a.Pix[y*a.Stride+4*x:], b.Pix[y*b.Stride+4*x:]
			if p[0] != q[0] || p[1] != q[1] || p[2] != q[2] {
				return x, y, false
			}
		}
	}
	return 0, 0, true
}

func assertSame(t testing.TB, what string, got, want screen.Picture) {
	t.Helper()
	if got.W != want.W || got.H != want.H {
		t.Fatalf("%s: %dx%d, want %dx%d", what, got.W, got.H, want.W, want.H)
	}
	if x, y, same := sameAt(got, want, screen.Rect{W: want.W, H: want.H}); !same {
		t.Fatalf("%s: pixel %d,%d differs", what, x, y)
	}
}

// follower keeps a picture by the damaged rectangles alone, as a viewer does.
type follower struct{ pic screen.Picture }

func (f *follower) apply(t testing.TB, pic screen.Picture, damage []screen.Rect) {
	t.Helper()
	if f.pic.W != pic.W || f.pic.H != pic.H {
		if len(damage) != 1 || damage[0] != (screen.Rect{W: pic.W, H: pic.H}) {
			t.Fatalf("new size %dx%d, but damage %v", pic.W, pic.H, damage)
		}
		f.pic = screen.Picture{W: pic.W, H: pic.H, Stride: 4 * pic.W, Pix: make([]byte, 4*pic.W*pic.H)}
	}
	for _, r := range damage {
		if r != pixels.Clip(r, pic.W, pic.H) || r.W == 0 {
			t.Fatalf("damage %v is not inside %dx%d", r, pic.W, pic.H)
		}
		for y := r.Y; y < r.Y+r.H; y++ {
			copy(f.pic.Pix[y*f.pic.Stride+4*r.X:][:4*r.W], pic.Pix[y*pic.Stride+4*r.X:])
		}
	}
}
