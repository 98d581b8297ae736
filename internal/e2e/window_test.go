package e2e

import (
	"fmt"
	"image"
	"image/color"
	"image/png"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/jezek/xgb/xproto"

	"pindesk/internal/wire"
)

// person is somebody at a desktop with a window manager: mouse and keyboard from outside of our programs.
type person struct{ d *xdesktop }

// do runs xdotool and returns what it prints; "" when it fails, such as when there is no such window.
func (p person) do(args ...string) string {
	p.d.t.Helper()
	cmd := exec.Command("xdotool", args...)
	cmd.Env = append(os.Environ(), p.d.env()...)
	out, err := cmd.Output()
	if _, failed := err.(*exec.ExitError); err != nil && !failed {
		p.d.t.Fatalf("xdotool: %v (is the package installed? see make test)", err)
	}
	return strings.TrimSpace(string(out))
}

// window waits for a window whose name has a text, and returns its number.
func (p person) window(name string) (id string) {
	p.d.t.Helper()
	eventually(p.d.t, "a window "+name, func() bool {
		id, _, _ = strings.Cut(p.do("search", "--onlyvisible", "--name", name), "\n")
		return id != ""
	})
	return id
}

// area is where a window is, without its frame; empty when it is gone.
func (p person) area(id string) image.Rectangle {
	n, err := strconv.ParseUint(id, 10, 32)
	if err != nil {
		return image.Rectangle{}
	}
	g, err := xproto.GetGeometry(p.d.c, xproto.Drawable(n)).Reply()
	if err != nil {
		return image.Rectangle{}
	}
	at, err := xproto.TranslateCoordinates(p.d.c, xproto.Window(n), p.d.root, 0, 0).Reply()
	if err != nil {
		return image.Rectangle{}
	}
	return image.Rect(0, 0, int(g.Width), int(g.Height)).Add(image.Pt(int(at.DstX), int(at.DstY)))
}

// Colours of buttons in the light window (x11/windowdraw.go).
var (
	plainButton = [3]byte{0xe3, 0xe5, 0xea}
	stopButton  = [3]byte{0xb3, 0x26, 0x1e}
	primeButton = [3]byte{0x1a, 0x56, 0xb8}
)

// button waits for a button of a colour in a window, and returns a place near its left edge, where it has no text.
func (p person) button(id string, colour [3]byte) (at image.Point) {
	p.d.t.Helper()
	eventually(p.d.t, "the button", func() bool {
		in := p.area(id)
		w, h, rgb := p.d.pixels()
		in = in.Intersect(image.Rect(0, 0, w, h))
		for y := in.Min.Y; y < in.Max.Y; y++ {
			for x := in.Min.X; x < in.Max.X-8; x++ {
				run := 0
				for run < 8 && [3]byte(rgb[3*(y*w+x+run):][:3]) == colour {
					run++
				}
				if run == 8 {
					at = image.Pt(x+5, y+5)
					return true
				}
			}
		}
		return false
	})
	return at
}

// allow waits for the Allow of a question that listens: what the window showed before has plain buttons, too, but
// no other one has Deny.
func (p person) allow(id string) image.Point {
	p.d.t.Helper()
	p.button(id, primeButton)
	return p.button(id, plainButton)
}

func (p person) click(at image.Point) {
	p.do("mousemove", fmt.Sprint(at.X), fmt.Sprint(at.Y), "click", "1")
}

// shot keeps a picture of the desktop where PINDESK_SHOTS says, to be looked at.
func (p person) shot(name string) {
	dir := os.Getenv("PINDESK_SHOTS")
	if dir == "" {
		return
	}
	w, h, rgb := p.d.pixels()
	img := image.NewRGBA(image.Rect(0, 0, w, h))
	for i := range w * h {
		img.Set(i%w, i/w, color.RGBA{rgb[3*i], rgb[3*i+1], rgb[3*i+2], 255})
	}
	f, err := os.Create(filepath.Join(dir, "window-"+name+".png"))
	if err != nil {
		p.d.t.Fatal(err)
	}
	defer f.Close()
	if err := png.Encode(f, img); err != nil {
		p.d.t.Error(err)
	}
}

// press is a click of a viewer.
func (v *goViewer) press(at image.Point) {
	v.mu.Lock()
	layout := v.dec.Layout()
	v.mu.Unlock()
	v.input(layout, wire.Event{Type: wire.EventMove, X: at.X, Y: at.Y},
		wire.Event{Type: wire.EventButton, Button: wire.ButtonLeft, Down: true}, wire.Event{Type: wire.EventButton, Button: wire.ButtonLeft})
}

// TestTheWindow is a whole session with the presenter's window: the PIN is typed, a person at the computer
// answers by keyboard and mouse, and the viewer in control cannot.
func TestTheWindow(t *testing.T) {
	b := startBroker(t, "")
	d := startDesktop(t, "1024x768")
	d.managed()
	p, pin := person{d}, b.newPIN()
	began := time.Now()
	prog := run(t, d.env(), filepath.Join(bin, "presenter"), "--window", "--broker", b.url)
	main := p.window("^PinDesk$")
	t.Logf("from start to window: %v", time.Since(began).Round(time.Millisecond))
	p.button(main, primeButton)
	p.shot("pin")
	p.do("windowfocus", "--sync", main)
	p.do("type", strings.ReplaceAll(strings.ToLower(pin), "-", " "))
	p.do("key", "Return")
	eventually(t, "the presenter is there", func() bool { return strings.Contains(b.prog.out.String(), "party joined") })

	// Enter, Esc and closing the window deny.
	for _, c := range []struct {
		name string
		do   func(id string)
	}{
		{"Enter", func(id string) { p.do("windowfocus", "--sync", id); p.do("key", "Return") }},
		{"Esc", func(id string) { p.do("windowfocus", "--sync", id); p.do("key", "Escape") }},
		{"close", func(id string) { p.do("windowfocus", "--sync", id); p.do("key", "alt+F4") }}, // openbox's key
	} {
		v := b.viewAs(c.name, pin, "")
		id := p.window("Somebody asks you")
		p.allow(id) // listens, and so Deny does
		if c.name == "Enter" {
			p.shot("question")
		}
		c.do(id)
		eventually(t, c.name+" denies", func() bool {
			v.mu.Lock()
			defer v.mu.Unlock()
			return len(v.refused) > 0
		})
		if v.me().View {
			t.Errorf("%s allows", c.name)
		}
		v.close()
	}

	// A click of the person allows.
	v := b.viewAs("Eve", pin, "")
	p.click(p.allow(p.window("Somebody asks you")))
	eventually(t, "the picture is exact", func() bool { return v.me().View && v.shows(d) })
	p.shot("shared")
	v.control(wire.Control{Type: wire.TypeAsk, Control: true})
	id := p.window("Somebody asks you")
	at := p.allow(id)
	p.shot("question-control")
	p.click(at)
	eventually(t, "control", func() bool { return v.me().Control })
	eventually(t, "the picture is exact", func() bool { return v.shows(d) })
	p.shot("controlled")

	pad := d.clickPad(20, 700, 40, 40)
	v.press(image.Pt(30, 710))
	select {
	case <-pad.clicks: // elsewhere its clicks count
	case <-time.After(waitLimit):
		t.Fatal("a click of the viewer did not arrive")
	}

	// The chat, typed by the person; what the viewer in control types or presses there does not arrive, nor do the
	// keys that take control back: they are the guest's.
	p.do("windowfocus", "--sync", main)
	p.do("type", "hello from here")
	p.do("key", "Return")
	eventually(t, "the viewer reads it", func() bool { return slices.Contains(v.hears(), "hello from here") })
	v.control(wire.Control{Type: wire.TypeChat, Client: "1", Text: "hello\nYou: yes"})
	p.do("type", "mine")
	v.mu.Lock()
	layout := v.dec.Layout()
	v.mu.Unlock()
	for _, code := range []string{"KeyX", "Enter"} {
		v.input(layout, wire.Event{Type: wire.EventKey, Code: code, Down: true}, wire.Event{Type: wire.EventKey, Code: code})
	}
	for _, down := range []bool{true, false} {
		for _, code := range []string{"ControlLeft", "AltLeft", "Escape"} {
			v.input(layout, wire.Event{Type: wire.EventKey, Code: code, Down: down})
		}
	}
	never(t, "the viewer has typed into the guest's chat, or taken control from itself", func() bool {
		return len(v.hears()) > 2 || !v.me().Control
	})
	p.shot("chat")
	p.do("key", "Return")
	eventually(t, "the viewer reads what the person typed", func() bool { return slices.Contains(v.hears(), "mine") })

	// The viewer in control presses Stop, in the window and in the banner, and answers a question: nothing comes of it.
	banner := p.window("this screen is shared")
	for _, id := range []string{p.window("Screen is shared"), banner} {
		v.press(p.button(id, stopButton))
	}
	other := b.viewAs("Bob", pin, "")
	id = p.window("Somebody asks you")
	at = p.allow(id)
	v.press(at)
	never(t, "the viewer in control has pressed a button of the guest's", func() bool {
		return other.me().View || !v.me().View || !v.me().Control || strings.Contains(b.prog.out.String(), `"viewer":0,"why"`)
	})
	p.click(p.button(id, primeButton)) // Deny
	eventually(t, "the answer is no", func() bool {
		other.mu.Lock()
		defer other.mu.Unlock()
		return len(other.refused) > 0
	})
	v.press(p.button(banner, stopButton))
	never(t, "the viewer has stopped it", func() bool { return !v.me().Control })

	// The keys that take control back, wherever the keyboard is; then Stop, by a click of the person.
	p.do("key", "ctrl+alt+Escape")
	eventually(t, "control is taken back", func() bool { return !v.me().Control && v.me().View })
	p.click(p.button(banner, stopButton))
	eventually(t, "it is over", func() bool { return p.do("search", "--onlyvisible", "--name", "this screen is shared") == "" })
	p.button(p.window("^PinDesk$"), primeButton)
	p.shot("over")
	p.do("windowfocus", "--sync", p.window("^PinDesk$"))
	p.do("key", "Return")
	if code := prog.wait(); code != 0 {
		t.Errorf("the presenter ended with %d", code)
	}
}

// A PIN that does not work is said, and another one can be entered, by a click and keys.
func TestAnotherPIN(t *testing.T) {
	b := startBroker(t, "")
	d := startDesktop(t, "1024x768")
	d.managed()
	p := person{d}
	prog := run(t, append(d.env(), "LC_ALL=de_DE.UTF-8"), filepath.Join(bin, "presenter"), "--window", "--broker", b.url, "--pin", "ZZZ-00-0000")
	main := p.window("^PinDesk$")
	p.button(main, plainButton)
	at := p.button(main, primeButton) // Andere PIN eingeben
	p.shot("nosession")
	p.click(at)
	eventually(t, "the PIN's entry", func() bool { // its one button of the kind stands elsewhere
		return p.button(main, primeButton) != at
	})
	p.do("windowfocus", "--sync", main)
	p.do("type", "ZZZ000001")
	p.do("key", "Return")
	eventually(t, "two refusals", func() bool { return strings.Count(b.prog.out.String(), `"route":"/api/v1/join","status":404`) == 2 })
	p.button(main, primeButton)
	p.shot("refused")
	p.do("key", "--repeat", "9", "BackSpace")
	p.do("type", b.newPIN())
	p.do("key", "Return")
	eventually(t, "the presenter is there", func() bool { return strings.Contains(b.prog.out.String(), "party joined") })
	p.do("windowfocus", "--sync", main)
	p.do("key", "alt+F4")
	if code := prog.wait(); code != 0 {
		t.Errorf("the presenter ended with %d", code)
	}
}
