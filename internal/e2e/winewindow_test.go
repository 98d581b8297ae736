package e2e

import (
	"image"
	"os"
	"strings"
	"testing"
	"time"

	"pindesk/internal/wire"
)

// The places of buttons at the bottom of a question, from its lower right corner (internal/window's layout).
var (
	denyButton  = image.Pt(-60, -34)
	allowButton = image.Pt(-158, -34)
)

// corner is a place from the lower right corner of a window.
func (p person) corner(id string, at image.Point) image.Point { return p.area(id).Max.Add(at) }

// listens waits until a question does: until the text of Allow is not grey any more. A window that is not drawn yet
// is all dark.
func (p person) listens(id string) {
	p.d.t.Helper()
	eventually(p.d.t, "the question listens", func() bool {
		at := p.corner(id, allowButton)
		w, h, rgb := p.d.pixels()
		dark, all := 0, 0
		for y := max(at.Y-12, 0); y < min(at.Y+12, h); y++ {
			for x := max(at.X-25, 0); x < min(at.X+25, w); x++ {
				all++
				if c := rgb[3*(y*w+x):]; int(c[0])+int(c[1])+int(c[2]) < 90 {
					dark++
				}
			}
		}
		return dark > 0 && dark < all/2
	})
}

// TestWindowsWindow is TestTheWindow for the program for Windows, under wine.
func TestWindowsWindow(t *testing.T) {
	if os.Getenv("PINDESK_LONG") == "" {
		t.Skip("makes a Windows under wine, which takes a minute; PINDESK_LONG=1 runs it")
	}
	w := startWine(t)
	s := startSite(t, nil)
	p, pin := person{w.xdesktop}, s.newPIN()
	began := time.Now()
	prog := w.start(t, w.exe, "--broker", s.url, "--name", "Windows")
	main := p.window("^PinDesk$")
	t.Logf("from start to window: %v", time.Since(began).Round(time.Millisecond))
	p.do("windowfocus", "--sync", main)
	p.do("type", "--delay", "40", strings.ReplaceAll(strings.ToLower(pin), "-", " "))
	p.shot("wine-pin")
	p.do("key", "Return")
	p.denies(s, pin, p.listens)

	v := s.viewAs("Eve", pin, "")
	allow := func(what string, ok func() bool) {
		id := p.window("Somebody asks you")
		p.shot("wine-" + what)
		p.listens(id)
		p.click(p.corner(id, allowButton))
		eventually(t, what, ok)
	}
	allow("seeing", func() bool { return v.me().View })
	eventually(t, "the picture is exact", func() bool { return v.shows(w.xdesktop) })
	v.control(wire.Control{Type: wire.TypeAsk, Control: true})
	allow("control", func() bool { return v.me().Control })
	banner := p.window("this screen is shared")
	p.shot("wine-controlled")
	v.press(p.corner(banner, image.Pt(-30, -10)))                        // Stop
	v.press(p.corner(p.window("Screen is shared"), image.Pt(-200, -64))) // Stop
	other := s.viewAs("Bob", pin, "")
	id := p.window("Somebody asks you")
	p.listens(id)
	for _, at := range []image.Point{allowButton, denyButton} {
		v.press(p.corner(id, at))
	}
	never(t, "the viewer in control has pressed a button of the guest's", func() bool {
		return other.me().View || other.wasRefused() || !v.me().View || !v.me().Control
	})
	p.click(p.corner(id, denyButton))
	eventually(t, "the guest's own no", func() bool { return other.wasRefused() })
	p.noQuestion()
	p.do("windowfocus", "--sync", p.window("Screen is shared"))
	wide := p.area(banner).Dx()
	p.do("key", "ctrl+alt+Escape")
	eventually(t, "control is taken back", func() bool { return !v.me().Control && v.me().View })
	eventually(t, "the banner has a button less", func() bool { return p.area(banner).Dx() < wide })
	p.click(p.corner(banner, image.Pt(-30, -10)))
	over := ""
	eventually(t, "it is over", func() bool {
		over = p.do("search", "--onlyvisible", "--name", "^PinDesk$")
		return over != "" && p.do("search", "--onlyvisible", "--name", "this screen is shared") == ""
	})
	p.shot("wine-over")
	p.do("windowfocus", "--sync", p.window("^PinDesk$"))
	p.do("key", "Return")
	if code := prog.wait(); code != 0 {
		t.Errorf("the program ended with %d", code)
	}
}
