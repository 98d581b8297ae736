package e2e

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"pindesk/internal/platform/xvfb"
	"pindesk/internal/presenter"
	"pindesk/internal/screen"
	"pindesk/internal/wire"
)

// chooses picks an entry of the Screen menu: 0 is all monitors.
func (p *page) chooses(monitor int) {
	p.t.Helper()
	eventually(p.t, "the menu has the monitors", func() bool {
		p.do(clicks("#screen-button"))
		return eval[bool](p, fmt.Sprintf(`document.getElementById('monitor-%d') !== null || (document.querySelector('.shade').dispatchEvent(new PointerEvent('pointerdown', {bubbles: true})), false)`, monitor))
	})
	p.do(clicks(fmt.Sprintf("#monitor-%d", monitor)))
}

// TestEachViewerItsOwnMonitor: two monitors, two technicians in Chromium, each with a choice of its own.
func TestEachViewerItsOwnMonitor(t *testing.T) {
	left, right := screen.Rect{W: 700, H: 600}, screen.Rect{X: 700, Y: 100, W: 500, H: 400}
	b := startBroker(t, "")
	d := startDesktop(t, "1200x600")
	plug := func(name string, r screen.Rect) {
		t.Helper()
		if err := xvfb.SetMonitor(d.display, name, fmt.Sprintf("%dx%d+%d+%d", r.W, r.H, r.X, r.Y)); err != nil {
			t.Fatal(err)
		}
	}
	plug("DP-1", left)
	plug("HDMI-1", right)
	pad := d.clickPad(800, 200, 200, 150)
	typed := d.typewriter() // on the left one
	pin := b.newPIN()
	presentDesktop(t, b, d, pin)
	watcher := b.view(pin, "") // counts what it is sent
	eventually(t, "the first viewer sees all", func() bool { return watcher.shows(d) })
	watcher.watch(1)
	eventually(t, "it watches the left one", func() bool { return watcher.me().Stream == 1 && watcher.showsPart(d, left) })
	watcher.control(wire.Control{Type: wire.TypeYield})

	first := startChromium(t, 1400, 1000)
	first.open(b.url + "/view#" + pin)
	first.wantState("live ")
	first.exact(d)
	first.wantState("live  control=yes")
	second := newTab(first.ctx, t)
	second.open(b.url + "/view?engine=copy#" + pin)
	second.exact(d)

	keys := func() int { watcher.mu.Lock(); defer watcher.mu.Unlock(); return watcher.keys }
	undisturbed := keys()
	first.chooses(2)
	first.exactPart(d, right)
	second.do(clicks("#screen-button"))
	second.screenshot("menu")
	second.do(clicks("#monitor-1"))
	second.exactPart(d, left)
	first.do(clicks("#people-button"))
	first.screenshot("people")
	first.do(clicks("#people-button"))

	// Clicks of the controller land on what it sees, also in the corners of its monitor.
	for _, at := range [][2]int{{100, 100}, {299, 249}, {153, 161}} {
		first.click(at[0], at[1])
		select {
		case got := <-pad.clicks:
			if want := [2]int{at[0] + right.X, at[1] + right.Y}; got != want {
				t.Errorf("a click on %v landed on %v, want %v", at, got, want)
			}
		case <-time.After(waitLimit):
			t.Fatalf("a click on %v did not arrive", at)
		}
	}
	for i := range 5 {
		d.fill(100*i, 50, 90, 400, uint32(0x203040*i))
		d.fill(720+90*i, 400, 80, 90, uint32(0x302010*(i+3)))
		first.exactPart(d, right)
		second.exactPart(d, left)
	}
	// By the keyboard to the left one, where the typewriter is, to all, and back.
	const ctrlAltShift = 2 | 1 | 8
	first.press("Digit1", "!", "", ctrlAltShift)
	first.exactPart(d, left)
	first.click(100, 100)
	first.typeText("left")
	eventually(t, "typing on the left monitor", func() bool { return typed() == "left" })
	first.press("Digit0", "=", "", ctrlAltShift)
	first.exact(d)
	first.press("Digit2", "@", "", ctrlAltShift)
	first.exactPart(d, right)
	if n := keys(); n != undisturbed {
		t.Errorf("while others changed their monitor, a viewer was sent %d keyframes", n-undisturbed)
	}

	// The broker forgets; the pages remember.
	b.prog.signal(killSignal)
	b.prog.wait()
	b.run()
	d.fill(60, 500, 1100, 30, 0x667788) // the pages have not had this before
	first.exactPart(d, right)
	second.exactPart(d, left)

	if err := xvfb.RemoveMonitor(d.display, "HDMI-1"); err != nil {
		t.Fatal(err)
	}
	first.exact(d)
	first.screenshot("gone")
	second.exactPart(d, left)
	d.fill(50, 500, 1100, 50, 0x44aa66)
	first.exact(d)
	second.exactPart(d, left)
}

// TestNothingOfWhatNobodyWatches: a monitor that nobody watches is neither captured nor sent.
func TestNothingOfWhatNobodyWatches(t *testing.T) {
	s := startSite(t, nil)
	pin := s.newPIN()
	desk := newFakeDesktop(1280, 480)
	desk.monitors = []wire.Monitor{{Name: "A", W: 640, H: 480}, {Name: "B", X: 640, W: 640, H: 480}}
	s.present(pin, presenter.Config{Screen: desk, Input: desk, Consent: presenter.ControlFree})
	v, other := s.view(pin, ""), s.view(pin, "")
	for _, v := range []*goViewer{v, other} {
		eventually(t, "a viewer sees all", func() bool { return v.differs(desk) == 0 })
	}
	stream := map[string]uint8{}
	for _, m := range v.monitors() {
		stream[m.Name] = m.Stream
	}
	v.watch(stream["A"])
	other.watch(stream["A"])
	eventually(t, "only the left one is captured", func() bool {
		desk.mu.Lock()
		defer desk.mu.Unlock()
		return slices.Equal(desk.watched, []screen.Rect{{W: 640, H: 480}})
	})
	eventually(t, "the left one is exact", func() bool { return v.differs(desk) == 0 && other.differs(desk) == 0 })
	r := rand.New(rand.NewPCG(5, 5))
	before := s.b.Stats().BytesIn
	noise := func(x int) {
		desk.draw(func(p screen.Picture) screen.Rect {
			for y := range p.H {
				for i := range 4 * 640 {
					p.Pix[y*p.Stride+4*x+i] = byte(r.Uint32())
				}
			}
			return screen.Rect{X: x, W: 640, H: p.H}
		})
	}
	dot := func(i int) { // shows that the presenter has come by
		desk.draw(func(p screen.Picture) screen.Rect {
			p.Pix[4*i] ^= 0xff
			return screen.Rect{X: i, W: 1, H: 1}
		})
		eventually(t, "the left one goes on", func() bool { return v.differs(desk) == 0 && other.differs(desk) == 0 })
	}
	for i := range 10 {
		noise(640) // 1.2 MB, a JPEG of some 400 kB
		dot(i)
	}
	if n := s.b.Stats().BytesIn - before; n > 20<<10 {
		t.Errorf("%d bytes came to the broker for ten dots", n)
	}
	other.watch(stream["B"])
	eventually(t, "the right one is shown", func() bool { return other.me().Stream == stream["B"] && other.differs(desk) == 0 })
	noise(640)
	eventually(t, "and goes on", func() bool { return v.differs(desk) == 0 && other.differs(desk) == 0 })

	// Input is the desktop's by its stream's origin; that of a layout which is gone is not.
	eventually(t, "somebody controls", func() bool { return v.me().Control })
	move := func(stream uint8, layout uint16, x, y int) {
		v.mu.Lock()
		defer v.mu.Unlock()
		v.seq++
		_ = v.ws.WriteMessage(2, append(wire.AppendHeader(nil, wire.Header{Kind: wire.KindInput, Stream: stream, Epoch: v.epoch, Seq: v.seq}),
			wire.AppendInput(nil, layout, wire.Event{Type: wire.EventMove, X: x, Y: y})...))
	}
	other.mu.Lock()
	layout := other.dec.Layout()
	other.mu.Unlock()
	move(stream["B"], layout+1, 1, 1)
	move(stream["B"], layout, 3, 4)
	move(200, layout, 1, 1)
	move(stream["B"], layout, 5000, 4)
	want := []wire.Event{{Type: wire.EventMove, X: 643, Y: 4}, {Type: wire.EventMove, X: 1279, Y: 4}}
	eventually(t, "the moves arrive", func() bool { return len(desk.typed()) >= len(want) })
	if got := desk.typed(); !slices.EqualFunc(got, want, func(a, b wire.Event) bool { return a.X == b.X && a.Y == b.Y }) {
		t.Errorf("the desktop got %+v, want %+v", got, want)
	}
}
