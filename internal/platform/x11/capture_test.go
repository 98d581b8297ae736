//go:build linux

package x11

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"os/exec"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/jezek/xgb/xproto"

	"pindesk/internal/platform/desktop"
	"pindesk/internal/platform/xvfb"
	"pindesk/internal/screen"
)

// servers are X servers that lack something, each alone and all together.
var servers = []struct {
	name                string
	args                []string
	shm, damage, cursor bool
}{
	{"complete", nil, true, true, true},
	{"no MIT-SHM", []string{"-extension", "MIT-SHM"}, false, true, true},
	{"no DAMAGE", []string{"-extension", "DAMAGE"}, true, false, true},
	{"no XFIXES", []string{"-extension", "XFIXES"}, true, false, false},
	{"no RANDR", []string{"-extension", "RANDR"}, true, true, true},
	{"none", []string{"-extension", "MIT-SHM", "-extension", "DAMAGE", "-extension", "XFIXES", "-extension", "RANDR"}, false, false, false},
}

func TestGrabIsExact(t *testing.T) {
	for _, s := range servers {
		t.Run(s.name, func(t *testing.T) {
			const w, h = 321, 239 // odd: no row is a multiple of anything
			display := xvfb.Start(t, fmt.Sprintf("%dx%d", w, h), s.args...)
			g, p := testCapturer(t, display), newProgram(t, display)
			if g.reader.shm != s.shm || g.hasDamage != s.damage || g.hasFixes != s.cursor {
				t.Fatalf("shm %v, damage %v, cursor %v", g.reader.shm, g.hasDamage, g.hasFixes)
			}
			rng := rand.New(rand.NewPCG(1, 2))
			var viewer follower
			for round := range 60 {
				for range rng.IntN(1 + round) {
					p.fillSomewhere(rng, w, h)
				}
				want := p.image()
				pic, damage, err := g.Grab()
				if err != nil {
					t.Fatal(err)
				}
				if len(damage) > desktop.MaxDamage {
					t.Fatalf("%d rectangles", len(damage))
				}
				viewer.apply(t, pic, damage)
				assertSame(t, "picture", pic, want)
				assertSame(t, "what follows from the damage", viewer.pic, want)
			}
			if _, damage, err := g.Grab(); err != nil || len(damage) != 0 {
				t.Fatalf("nothing changed, but damage %v, error %v", damage, err)
			}
		})
	}
}

// Whoever grabs only when told must end with the right picture, whatever happens between
// its grabs and during them.
func TestNoDamageIsLost(t *testing.T) {
	for _, s := range servers {
		t.Run(s.name, func(t *testing.T) {
			const w, h = 640, 480
			display := xvfb.Start(t, "640x480", s.args...)
			g, p := testCapturer(t, display), newProgram(t, display)
			drawn := make(chan screen.Picture, 1)
			go func() {
				rng := rand.New(rand.NewPCG(3, 4))
				for range 20000 {
					p.fillSomewhere(rng, w, h)
				}
				drawn <- p.image()
			}()
			var viewer follower
			var want screen.Picture
			until(t, "the picture is that of the storm's end", func() bool {
				select {
				case <-g.Changed():
					pic, damage, err := g.Grab()
					if err != nil {
						t.Fatal(err)
					}
					viewer.apply(t, pic, damage)
				case want = <-drawn:
				case <-time.After(time.Second):
				}
				if want.W == 0 {
					return false
				}
				_, _, same := sameAt(viewer.pic, want, screen.Rect{W: w, H: h})
				return same
			})
		})
	}
}

func TestResizeWhileLive(t *testing.T) {
	for _, s := range servers {
		if slices.Contains(s.args, "RANDR") || !s.cursor {
			continue // an Xvfb without XFIXES aborts when a program, here xrandr, leaves it
		}
		t.Run(s.name, func(t *testing.T) {
			display := xvfb.Start(t, "1024x768", s.args...)
			g, p := testCapturer(t, display), newProgram(t, display)
			rng := rand.New(rand.NewPCG(5, 6))
			var viewer follower
			grab := func() {
				pic, damage, err := g.Grab()
				if err != nil {
					t.Fatal(err)
				}
				viewer.apply(t, pic, damage)
			}
			grab()
			for _, size := range []string{"800x600", "1024x768", "640x480", "1024x768"} {
				resized := make(chan error, 1)
				go func() { resized <- xvfb.Resize(display, size) }()
				for busy := true; busy; {
					p.fillSomewhere(rng, 640, 480)
					grab()
					select {
					case err := <-resized:
						if err != nil {
							t.Fatal(err)
						}
						busy = false
					default:
					}
				}
				p.fillSomewhere(rng, 640, 480)
				until(t, "picture of "+size, func() bool {
					select {
					case <-g.Changed():
						grab()
					case <-time.After(10 * time.Millisecond):
					}
					return fmt.Sprintf("%dx%d", viewer.pic.W, viewer.pic.H) == size
				})
				want := p.image()
				grab()
				assertSame(t, size, viewer.pic, want)
				if w, h := g.Size(); fmt.Sprintf("%dx%d", w, h) != size {
					t.Fatalf("Size says %dx%d", w, h)
				}
			}
		})
	}
}

func TestDesktopEnds(t *testing.T) {
	for _, s := range servers {
		t.Run(s.name, func(t *testing.T) {
			server := xvfb.StartServer(t, "320x240", s.args...)
			g, i := testCapturer(t, server.Display), testInjector(t, server.Display)
			if _, _, err := g.Grab(); err != nil {
				t.Fatal(err)
			}
			server.Kill()
			until(t, "Grab says that the desktop is gone", func() bool {
				<-g.Changed()
				_, _, err := g.Grab()
				return errors.Is(err, desktop.ErrGone)
			})
			if _, _, err := g.Pointer(); !errors.Is(err, desktop.ErrGone) {
				t.Errorf("Pointer: %v", err)
			}
			if _, _, err := g.Cursor(); !errors.Is(err, desktop.ErrGone) {
				t.Errorf("Cursor: %v", err)
			}
			until(t, "Move says that the desktop is gone", func() bool { return errors.Is(i.Move(1, 1), desktop.ErrGone) })
			if err := i.Text("a本"); !errors.Is(err, desktop.ErrGone) {
				t.Errorf("Text: %v", err)
			}
		})
	}
}

// A server that has stopped answering must not hold up Close, nor whoever waits in Grab.
func TestCloseWhileServerHangs(t *testing.T) {
	server := xvfb.StartServer(t, "320x240")
	g, i := testCapturer(t, server.Display), testInjector(t, server.Display)
	if err := server.Signal(syscall.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	grabbed := make(chan error, 1)
	go func() {
		_, _, err := g.Grab()
		grabbed <- err
	}()
	closed := make(chan struct{})
	go func() {
		defer close(closed)
		g.Close()
		i.Close()
	}()
	select {
	case <-closed:
	case <-time.After(patience):
		t.Fatal("Close hangs")
	}
	if err := <-grabbed; !errors.Is(err, desktop.ErrGone) {
		t.Errorf("Grab: %v", err)
	}
	if _, _, err := g.Grab(); !errors.Is(err, desktop.ErrGone) {
		t.Errorf("Grab after Close: %v", err)
	}
}

// The picture is the caller's to look at, also when the capturer has closed.
func TestPictureOutlivesClose(t *testing.T) {
	display := xvfb.Start(t, "320x240")
	g, p := testCapturer(t, display), newProgram(t, display)
	p.fill(screen.Rect{X: 5, Y: 6, W: 7, H: 8}, 0x123456)
	want := p.image()
	pic, _, err := g.Grab()
	if err != nil {
		t.Fatal(err)
	}
	g.Close()
	assertSame(t, "picture after Close", pic, want)
}

func TestSharedMemoryIsGivenBack(t *testing.T) {
	display := xvfb.Start(t, "320x240")
	before := segments(t)
	g := testCapturer(t, display)
	if !g.reader.shm {
		t.Fatal("no shared memory")
	}
	during := segments(t)
	if len(during) != len(before)+1 {
		t.Fatalf("segments before %v, during %v", before, during)
	}
	for _, line := range during {
		if !slices.Contains(before, line) && !strings.Contains(line, "dest") {
			t.Errorf("not marked for removal, so that a crash would leave it: %s", line)
		}
	}
	g.Close()
	until(t, "the segment is gone", func() bool { return slices.Equal(before, segments(t)) })
}

// segments lists the shared memory segments of this process by creator.
func segments(t *testing.T) []string {
	t.Helper()
	path, err := exec.LookPath("ipcs")
	if err != nil {
		t.Fatal("ipcs is missing: install the package util-linux")
	}
	out, err := exec.Command(path, "-m").Output()
	if err != nil {
		t.Fatal(err)
	}
	creators, err := exec.Command(path, "-m", "-p").Output()
	if err != nil {
		t.Fatal(err)
	}
	mine := map[string]bool{}
	for line := range strings.Lines(string(creators)) {
		if f := strings.Fields(line); len(f) >= 3 && f[2] == fmt.Sprint(syscall.Getpid()) {
			mine[f[0]] = true
		}
	}
	var list []string
	for line := range strings.Lines(string(out)) {
		if f := strings.Fields(line); len(f) >= 6 && mine[f[1]] {
			list = append(list, strings.TrimSpace(line))
		}
	}
	return list
}

func TestPointerIsFollowed(t *testing.T) {
	display := xvfb.Start(t, "320x240")
	g, i := testCapturer(t, display), testInjector(t, display)
	for _, place := range [][2]int{{10, 20}, {319, 239}, {0, 0}, {100, 7}} {
		if err := i.Move(place[0], place[1]); err != nil {
			t.Fatal(err)
		}
		until(t, fmt.Sprintf("pointer at %v", place), func() bool {
			<-g.Changed()
			x, y, err := g.Pointer()
			if err != nil {
				t.Fatal(err)
			}
			return x == place[0] && y == place[1]
		})
	}
}

func TestUnusableScreen(t *testing.T) {
	setup := func(depth, bits byte, order byte, red uint32) (*xproto.SetupInfo, *xproto.ScreenInfo) {
		visual := xproto.VisualInfo{VisualId: 7, RedMask: red, GreenMask: 0xff00, BlueMask: 0xff}
		return &xproto.SetupInfo{ImageByteOrder: order, PixmapFormats: []xproto.Format{{Depth: depth, BitsPerPixel: bits}}},
			&xproto.ScreenInfo{RootDepth: depth, RootVisual: 7, AllowedDepths: []xproto.DepthInfo{{Depth: depth, Visuals: []xproto.VisualInfo{visual}}}}
	}
	for _, c := range []struct {
		name               string
		depth, bits, order byte
		red                uint32
		ok                 bool
	}{
		{"usual", 24, 32, 0, 0xff0000, true},
		{"with alpha", 32, 32, 0, 0xff0000, true},
		{"packed", 24, 24, 0, 0xff0000, false},
		{"16 bits", 16, 16, 0, 0xf800, false},
		{"30 bits", 30, 32, 0, 0x3ff00000, false},
		{"big endian", 24, 32, 1, 0xff0000, false},
		{"red last", 24, 32, 0, 0xff, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			err := checkFormat(setup(c.depth, c.bits, c.order, c.red))
			if (err == nil) != c.ok || err != nil && !errors.Is(err, desktop.ErrUnsupported) {
				t.Errorf("error %v", err)
			}
		})
	}
	t.Run("real 16 bits", func(t *testing.T) {
		display := xvfb.Start(t, "64x64", "-screen", "0", "64x64x16")
		_, _, err := Open(context.Background(), display, slog.New(slog.DiscardHandler))
		if !errors.Is(err, desktop.ErrUnsupported) {
			t.Errorf("error %v", err)
		}
	})
}
