//go:build linux

package x11

import (
	"math/rand/v2"
	"slices"
	"testing"

	"pindesk/internal/platform/xvfb"
	"pindesk/internal/screen"
	"pindesk/internal/wire"
)

// The list changes with a Grab, and Changed says when.
func TestMonitors(t *testing.T) {
	display := xvfb.Start(t, "1600x800")
	g := testCapturer(t, display)
	if got := g.Monitors(); len(got) != 1 || got[0].W != 1600 || got[0].H != 800 || got[0].Name != "screen" {
		t.Fatalf("at first %+v", got)
	}
	want := func(what string, want ...wire.Monitor) {
		t.Helper()
		until(t, what, func() bool {
			select {
			case <-g.Changed():
			default:
				return false
			}
			before := g.Monitors()
			unchanged := slices.Clone(before)
			if _, _, err := g.Grab(); err != nil {
				t.Fatal(err)
			}
			if !slices.Equal(before, unchanged) {
				t.Fatalf("a list that was given out has become %+v", before)
			}
			return slices.Equal(g.Monitors(), want)
		})
	}
	set := func(name, rect string) {
		t.Helper()
		if err := xvfb.SetMonitor(display, name, rect); err != nil {
			t.Fatal(err)
		}
	}
	set("left", "800x800+0+0")
	set("right", "800x600+800+100")
	want("two monitors", wire.Monitor{Name: "left", W: 800, H: 800}, wire.Monitor{Name: "right", X: 800, Y: 100, W: 800, H: 600})
	set("mirror", "800x800+0+0")
	if err := xvfb.RemoveMonitor(display, "right"); err != nil {
		t.Fatal(err)
	}
	want("one shows the same", wire.Monitor{Name: "left", W: 800, H: 800})
	if err := xvfb.Resize(display, "640x480"); err != nil {
		t.Fatal(err)
	}
	want("the desktop is smaller", wire.Monitor{Name: "left", W: 640, H: 480})
	if got, err := g.monitorsOfCrtcs(); err != nil || !slices.Equal(got, []wire.Monitor{{Name: "screen", W: 640, H: 480}}) {
		t.Errorf("an older server would say %+v, %v", got, err)
	}
}

func TestMonitorsWithoutRANDR(t *testing.T) {
	g := testCapturer(t, xvfb.Start(t, "640x480", "-extension", "RANDR"))
	if got := g.Monitors(); !slices.Equal(got, []wire.Monitor{{W: 640, H: 480, Primary: true}}) {
		t.Errorf("got %+v", got)
	}
}

// What is not watched is not read, and nothing of it is lost.
func TestWatch(t *testing.T) {
	for _, s := range servers {
		t.Run(s.name, func(t *testing.T) {
			const w, h = 640, 320
			display := xvfb.Start(t, "640x320", s.args...)
			g, p := testCapturer(t, display), newProgram(t, display)
			rng := rand.New(rand.NewPCG(7, 7))
			var viewer follower
			grab := func() screen.Picture {
				t.Helper()
				pic, damage, err := g.Grab()
				if err != nil {
					t.Fatal(err)
				}
				viewer.apply(t, pic, damage)
				return pic
			}
			grab()
			for range 6 {
				left := screen.Rect{X: 64, Y: 32, W: 200, H: 200}
				g.Watch([]screen.Rect{left})
				hidden := screen.Rect{X: 400, Y: 100, W: 100, H: 100}
				before := slices.Clone(viewer.pic.Pix)
				p.fill(hidden, rng.Uint32()&0xffffff)
				for range 20 {
					p.fillSomewhere(rng, w, h)
					want := p.image()
					if x, y, same := sameAt(grab(), want, left); !same {
						t.Fatalf("pixel %d,%d of what is watched differs", x, y)
					}
				}
				if x, y, same := sameAt(g.pic, screen.Picture{W: w, H: h, Stride: 4 * w, Pix: before}, hidden); !same {
					t.Errorf("pixel %d,%d was read in vain", x, y)
				}
				g.Watch([]screen.Rect{left, {X: 300, W: 340, H: 320}})
				grab()
				g.Watch(nil)
				want := p.image()
				assertSame(t, "picture", grab(), want)
				assertSame(t, "what follows from the damage", viewer.pic, want)
			}
		})
	}
}
