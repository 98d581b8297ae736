package e2e

import (
	"fmt"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/input"
	"github.com/jezek/xgb/xproto"
)

// handPad is a window over the whole screen that notes what the pointer does.
type handPad struct {
	mu   sync.Mutex
	seen []string // "+1@x,y", "-1@x,y", "@x,y", "key38"
}

func (d *xdesktop) handPad() *handPad {
	d.t.Helper()
	id, err := xproto.NewWindowId(d.c)
	if err != nil {
		d.t.Fatal(err)
	}
	screen := xproto.Setup(d.c).DefaultScreen(d.c)
	xproto.CreateWindow(d.c, screen.RootDepth, id, d.root, 0, 0, screen.WidthInPixels, screen.HeightInPixels, 0, xproto.WindowClassInputOutput, screen.RootVisual,
		xproto.CwBackPixel|xproto.CwOverrideRedirect|xproto.CwEventMask,
		[]uint32{0x225588, 1, xproto.EventMaskButtonPress | xproto.EventMaskButtonRelease | xproto.EventMaskPointerMotion | xproto.EventMaskKeyPress})
	if err := xproto.MapWindowChecked(d.c, id).Check(); err != nil {
		d.t.Fatal(err)
	}
	p := &handPad{}
	go func() {
		for {
			event, err := d.c.WaitForEvent()
			if event == nil && err == nil {
				return // closed
			}
			line := ""
			switch e := event.(type) {
			case xproto.ButtonPressEvent:
				line = fmt.Sprintf("+%d@%d,%d", e.Detail, e.RootX, e.RootY)
			case xproto.ButtonReleaseEvent:
				line = fmt.Sprintf("-%d@%d,%d", e.Detail, e.RootX, e.RootY)
			case xproto.KeyPressEvent:
				line = fmt.Sprintf("key%d", e.Detail)
			case xproto.MotionNotifyEvent:
				line = fmt.Sprintf("@%d,%d", e.RootX, e.RootY)
			}
			p.mu.Lock()
			p.seen = append(p.seen, line)
			p.mu.Unlock()
		}
	}()
	return p
}

// take returns what was seen since the last take.
func (p *handPad) take() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	s := strings.Join(p.seen, " ")
	p.seen = nil
	return s
}

// wait waits until all of the parts were seen, in this order, and takes everything.
func (p *handPad) wait(t *testing.T, what string, parts ...string) {
	t.Helper()
	var all string
	for deadline := time.Now().Add(waitLimit); ; {
		all += " " + p.take() + " "
		rest, missing := all, ""
		for _, part := range parts {
			_, after, ok := strings.Cut(rest, " "+part)
			if !ok {
				missing = part
				break
			}
			rest = after
		}
		if missing == "" {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("%s: the desktop saw %q, want %q in it", what, all, missing)
		}
		<-time.After(5 * time.Millisecond)
	}
}

// phone makes the tab one of a phone.
func (p *page) phone(width, height int64) {
	p.t.Helper()
	p.do(command(emulation.SetDeviceMetricsOverride, emulation.SetDeviceMetricsOverrideParams{Width: width, Height: height, DeviceScaleFactor: 2, Mobile: true}),
		command(emulation.SetTouchEmulationEnabled, emulation.SetTouchEmulationEnabledParams{Enabled: true, MaxTouchPoints: 5}))
}

// touch puts fingers on places of the picture; none lifts all.
func (p *page) touch(kind input.DispatchTouchEventType, at ...[2]int) {
	p.t.Helper()
	points := []*input.TouchPoint{}
	for n, a := range at {
		x, y := p.at(a[0], a[1])
		id := float64(n)
		points = append(points, &input.TouchPoint{X: x, Y: y, ID: &id})
	}
	p.do(command(input.DispatchTouchEvent, input.DispatchTouchEventParams{Type: kind, TouchPoints: points}))
}

const start, move, end = input.DispatchTouchEventTypeTouchStart, input.DispatchTouchEventTypeTouchMove, input.DispatchTouchEventTypeTouchEnd

// menu opens a menu of the bar and takes one of its entries.
func (p *page) menu(menu, entry string) {
	p.t.Helper()
	eval[bool](p, fmt.Sprintf("document.getElementById('%s-button').click(), document.getElementById('%s').click(), true", menu, entry))
}

// twoFingersApart enlarges the picture, and one finger moves it then.
func twoFingersApart(t *testing.T, v *page) {
	t.Helper()
	v.touch(start, [2]int{350, 300}, [2]int{450, 300})
	for apart := 60; apart <= 200; apart += 20 {
		v.touch(move, [2]int{400 - apart, 300}, [2]int{400 + apart, 300})
	}
	v.touch(end)
	if zoom := eval[float64](v, "document.getElementById('screen').getBoundingClientRect().width / innerWidth"); zoom < 1.3 {
		t.Errorf("two fingers apart: the picture is %.2f times as wide as the page", zoom)
	}
	v.screenshot("zoomed")
	scrolled := func() float64 { return eval[float64](v, "document.getElementById('stage').scrollLeft") }
	before := scrolled()
	x, y := v.at(400, 300)
	for n, kind := range []input.DispatchTouchEventType{start, move, move, move} {
		id := 0.0
		v.do(command(input.DispatchTouchEvent, input.DispatchTouchEventParams{Type: kind, TouchPoints: []*input.TouchPoint{{X: x - 20*float64(n), Y: y, ID: &id}}}))
	}
	v.touch(end)
	if now := scrolled(); now <= before {
		t.Errorf("one finger moves the enlarged view from %v to %v", before, now)
	}
	v.menu("screen", "screen-fit")
}

// trackpad moves the pointer from where it is, and clicks there.
func trackpad(t *testing.T, v *page, pad *handPad) {
	t.Helper()
	v.menu("keys", "touch-trackpad")
	pad.take()
	v.touch(start, [2]int{600, 500})
	v.touch(move, [2]int{660, 500})
	v.touch(move, [2]int{600, 400})
	v.touch(end)
	v.touch(start, [2]int{10, 10})
	v.touch(end)
	click := regexp.MustCompile(`\+1@(\d+),`)
	seen := ""
	eventually(t, "a trackpad's click", func() bool {
		seen += pad.take()
		return click.MatchString(seen)
	})
	if click.FindStringSubmatch(seen)[1] == "10" {
		t.Errorf("a trackpad clicks where it is touched: %s", seen)
	}
	v.menu("keys", "touch-direct")
}

// TestTouch holds that fingers on a phone do on a real desktop what they mean.
func TestTouch(t *testing.T) {
	s := startSite(t, nil)
	d := startDesktop(t, "800x600")
	pad := d.handPad()
	pin := s.newPIN()
	s.shareDesktop(t, d, pin)
	v := startChromium(t, 500, 900)
	v.phone(412, 800)
	v.open(s.url + "/view#" + pin)
	v.wantState("live  control=yes")
	v.exact(d)
	v.screenshot("phone")
	v.touch(start, [2]int{200, 150})
	v.touch(end)
	pad.wait(t, "a tap", "+1@200,150", "-1@200,150")

	for range 2 {
		v.touch(start, [2]int{400, 300})
		v.touch(end)
	}
	pad.wait(t, "a double tap", "+1@400,300", "-1@400,300", "+1@400,300", "-1@400,300")

	v.touch(start, [2]int{100, 400})
	eventually(t, "the held touch shows", func() bool { return eval[bool](v, "!document.getElementById('ring').hidden") })
	v.screenshot("held")
	v.touch(end)
	pad.wait(t, "a held touch", "+3@100,400", "-3@100,400")

	v.touch(start, [2]int{300, 300}, [2]int{500, 300})
	for y := 320; y <= 560; y += 40 {
		v.touch(move, [2]int{300, y}, [2]int{500, y})
	}
	v.touch(end)
	pad.wait(t, "two fingers down", "+4@400,300", "-4@400,300")

	v.touch(start, [2]int{300, 300}, [2]int{340, 300})
	v.touch(end)
	pad.wait(t, "two fingers tapped", "+3@", "-3@")

	// The keyboard on glass composes a word: it is there letter by letter, corrections as well.
	v.clickByScript("glass")
	v.screenshot("glass")
	for _, word := range []string{"t", "te", "teh"} { //nolint:misspell // on purpose
		end := int64(len(word))
		v.do(command(input.ImeSetComposition, input.ImeSetCompositionParams{Text: word, SelectionStart: end, SelectionEnd: end}))
	}
	pad.wait(t, "a word while it is composed", "key28", "key26", "key43")
	v.insert("the")
	pad.wait(t, "the word, corrected", "key22", "key22", "key43", "key26")
	v.clickByScript("glass")
	v.clickByScript("strip-close")
	eval[bool](v, "new Promise(done => requestAnimationFrame(() => requestAnimationFrame(() => done(true))))") // the picture has more room

	twoFingersApart(t, v)
	trackpad(t, v, pad)

	v.touch(start, [2]int{200, 200})
	eventually(t, "the held touch shows", func() bool { return eval[bool](v, "!document.getElementById('ring').hidden") })
	for x := 220; x <= 400; x += 60 {
		v.touch(move, [2]int{x, 220})
	}
	pad.wait(t, "a drag", "+1@200,200", "@280,220", "@400,220")
	// Control that ends in the middle of a drag leaves no button down.
	v.clickByScript("request")
	pad.wait(t, "the drag ends with control", "-1@")
	v.touch(input.DispatchTouchEventTypeTouchCancel)
}
