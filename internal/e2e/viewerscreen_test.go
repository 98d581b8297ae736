package e2e

import (
	"bytes"
	"fmt"
	"image/png"
	"testing"
	"time"

	"github.com/chromedp/cdproto/input"
	"github.com/chromedp/chromedp"
)

// screenMenu clicks on an entry of the Screen menu.
func (p *page) screenMenu(entry string) {
	p.t.Helper()
	p.do(clicks("#screen-button"), clicks("#"+entry))
	if p.text(`document.querySelector('.menu') === null`) != "true" {
		p.press("Escape", "Escape", "", 0)
	}
}

// TestZoomAndPan: at every zoom a click arrives at its pixel, wherever the picture was moved to;
// whole factors only from 1 on; and a screenshot is the screen, pixel for pixel.
func TestZoomAndPan(t *testing.T) {
	b := startBroker(t, "")
	d := startDesktop(t, "1024x768")
	d.fill(10, 10, 300, 200, 0xaa5522)
	pad := d.clickPad(500, 400, 300, 200)
	pin := b.newPIN()
	presentDesktop(t, b, d, pin)
	v := startChromium(t, 900, 700)
	dir := v.downloads()
	v.open(b.url + "/view#" + pin)
	v.wantState("live  control=yes")
	v.exactWithin(d, stillness)
	zoom := func() float64 {
		return eval[float64](v, `document.getElementById('screen').getBoundingClientRect().width * devicePixelRatio / document.getElementById('screen').width`)
	}
	wheel := func(x, y int, dy float64, modifiers int64) {
		px, py := v.at(x, y)
		v.do(command(input.DispatchMouseEvent, input.DispatchMouseEventParams{Type: input.DispatchMouseEventTypeMouseWheel, X: px, Y: py, DeltaX: 0.01, DeltaY: dy, Modifiers: modifiers}))
	}
	wantClick := func(x, y int) {
		t.Helper()
		v.click(x, y)
		select {
		case got := <-pad.clicks:
			if got != [2]int{x, y} {
				t.Errorf("at zoom %.2f a click on %d,%d landed on %v", zoom(), x, y, got)
			}
		case <-time.After(waitLimit):
			t.Fatalf("at zoom %.2f a click on %d,%d did not arrive", zoom(), x, y)
		}
	}
	if z := zoom(); z >= 1 {
		t.Fatalf("the picture is not fitted: %v", z)
	}
	wantClick(650, 500)
	v.screenMenu("screen-exact")
	if z := zoom(); z != 1 {
		t.Errorf("the original size is %v", z)
	}
	v.screenshot("original")
	wantClick(650, 500)

	// What is under the pointer stays under it. The modifiers are Ctrl and Alt: the viewer controls.
	beforeX, beforeY := v.at(650, 500)
	for n := range 3 {
		wheel(650, 500, -150, 1|2)
		eventually(t, "a larger picture", func() bool { return zoom() > float64(n)+1 })
	}
	if x, y := v.at(650, 500); max(x-beforeX, beforeX-x, y-beforeY, beforeY-y) > 4 {
		t.Errorf("the pixel under the pointer moved from %.1f,%.1f to %.1f,%.1f", beforeX, beforeY, x, y)
	}
	if z := zoom(); z != float64(int(z)) {
		t.Errorf("the zoom is %v, no whole factor", z)
	}
	wantClick(650, 500)
	wantClick(655, 503)
	v.screenshot("zoomed")

	// At the edge the picture moves by itself, until it ends.
	v.do(chromedp.MouseEvent(input.DispatchMouseEventTypeMouseMoved, 895, 400))
	eventually(t, "the right end of the picture", func() bool {
		return eval[bool](v, `(s => s.scrollLeft + s.clientWidth >= s.scrollWidth - 1)(document.getElementById('stage'))`)
	})
	v.do(chromedp.MouseEvent(input.DispatchMouseEventTypeMouseMoved, 450, 400))
	v.screenMenu("screen-fit")
	wantClick(502, 402)

	v.exactWithin(d, stillness)
	v.screenMenu("snapshot-save")
	img, err := png.Decode(bytes.NewReader([]byte(savedFile(t, dir, ".png"))))
	if err != nil {
		t.Fatal(err)
	}
	w, h, rgb := d.pixels()
	if img.Bounds().Dx() != w || img.Bounds().Dy() != h {
		t.Fatalf("the screenshot has %v, the screen %dx%d", img.Bounds(), w, h)
	}
	for i := 0; i < len(rgb); i += 3 {
		r, g, b, _ := img.At(i/3%w, i/3/w).RGBA()
		if byte(r>>8) != rgb[i] || byte(g>>8) != rgb[i+1] || byte(b>>8) != rgb[i+2] {
			t.Fatalf("the screenshot differs at %d,%d", i/3%w, i/3/w)
		}
	}
}

// TestBarGetsOutOfTheWay: in full screen the bar slides away, and comes at the top edge, by its
// handle, which can be dragged aside, and by Ctrl+Alt+Home; pinned, it stays.
func TestBarGetsOutOfTheWay(t *testing.T) {
	b := startBroker(t, "")
	d := startDesktop(t, "800x600")
	pin := b.newPIN()
	presentDesktop(t, b, d, pin)
	v := startChromium(t, 1000, 700)
	v.open(b.url + "/view#" + pin)
	v.wantState("live  control=yes")
	seen := func() bool {
		return eval[bool](v, `(r => r.bottom > 0 && getComputedStyle(document.getElementById('bar')).visibility === 'visible')(document.getElementById('bar').getBoundingClientRect())`)
	}
	move := func(x, y float64) { v.do(chromedp.MouseEvent(input.DispatchMouseEventTypeMouseMoved, x, y)) }
	wantSeen := func(want bool, what string) {
		t.Helper()
		eventually(t, what, func() bool { return seen() == want })
	}
	v.do(clicks("#fullscreen"))
	eventually(t, "full screen", func() bool { return eval[bool](v, `document.fullscreenElement !== null`) })
	move(500, 400)
	wantSeen(false, "the bar goes")
	if top := eval[float64](v, `document.getElementById('stage').getBoundingClientRect().top`); top != 0 {
		t.Errorf("the stage begins at %v", top)
	}
	v.screenshot("away")
	move(300, 0)
	wantSeen(true, "the bar comes at the top edge")
	v.screenshot("back")
	move(300, 400)
	wantSeen(false, "the bar goes again")

	v.key(input.DispatchKeyEventTypeRawKeyDown, "Home", "Home", "", 1|2)
	v.key(input.DispatchKeyEventTypeKeyUp, "Home", "Home", "", 1|2)
	wantSeen(true, "the bar comes by Ctrl+Alt+Home")
	eventually(t, "the focus is in the bar", func() bool { return eval[bool](v, `document.getElementById('bar').contains(document.activeElement)`) })
	v.press("Escape", "Escape", "", 0)
	wantSeen(false, "the bar goes when the keyboard is back at the screen")

	// The handle: aside by a drag, and the bar by a tap.
	x := eval[float64](v, `(r => r.left + r.width / 2)(document.getElementById('bar-handle').getBoundingClientRect())`)
	for i, e := range []input.DispatchMouseEventType{input.DispatchMouseEventTypeMousePressed, input.DispatchMouseEventTypeMouseMoved, input.DispatchMouseEventTypeMouseReleased} {
		at := []float64{x, 200, 200}[i]
		v.do(command(input.DispatchMouseEvent, input.DispatchMouseEventParams{Type: e, X: at, Y: 5, Button: input.MouseButtonLeft, Buttons: 1, ClickCount: 1}))
	}
	if got := v.text(fmt.Sprintf(`Math.abs(document.getElementById('bar-handle').offsetLeft - 200) < 5 && %t`, !seen())); got != "true" {
		t.Error("the handle was not dragged aside, or the drag showed the bar")
	}
	v.do(chromedp.MouseClickXY(200, 5))
	wantSeen(true, "the bar comes by its handle")
	v.do(clicks("#pin-bar"))
	move(500, 400)
	never(t, "the pinned bar goes", func() bool { return !seen() })
	v.screenshot("pinned")
}
