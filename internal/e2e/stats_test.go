package e2e

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/input"
)

// statistics is what the tests read of the overlay's data-json.
type statistics struct {
	FPS          *float64           `json:"fps"`
	Bytes        map[string]float64 `json:"bytes"`
	Rate         map[string]float64 `json:"rate"`
	Work         *float64           `json:"work"`
	RTT          *float64           `json:"rtt"`
	Queue        *float64           `json:"queue"`
	ClickToPixel struct {
		Newest, Median *float64
		Count          int
	} `json:"clickToPixel"`
	Sharp *bool `json:"sharp"`
}

// statistics reads the overlay; ok is false while it is closed.
func (p *page) statistics() (s statistics, ok bool) {
	p.t.Helper()
	text := eval[string](p, `(el => el.hidden ? '' : el.dataset.json ?? '')(document.getElementById('stats'))`)
	if text == "" {
		return s, false
	}
	if err := json.Unmarshal([]byte(text), &s); err != nil {
		p.t.Fatalf("%v in %s", err, text)
	}
	return s, true
}

func positive(f *float64) bool { return f != nil && *f > 0 }

// TestStatistics: the overlay says of a real desktop what the stream does, its shortcut is
// not typed into the remote screen, and it stays open when the page is loaded again.
func TestStatistics(t *testing.T) {
	b := startBroker(t, "")
	d := startDesktop(t, "1024x768")
	typed := d.typewriter()
	pin := b.newPIN()
	v := startChromium(t, 1200, 900)
	v.open(b.url + "/view#" + pin)
	v.wantState("waiting")
	presentDesktop(t, b, d, pin)
	v.wantState("live  control=yes")
	v.exact(d)
	if _, open := v.statistics(); open {
		t.Error("the overlay is open before anyone asked for it")
	}
	v.click(100, 100) // the X focus follows the pointer
	want := typed()
	toggle := func() {
		const alt, ctrl, shift = 1, 2, 8 // bits of Input.dispatchKeyEvent
		down, up := input.DispatchKeyEventTypeRawKeyDown, input.DispatchKeyEventTypeKeyUp
		v.key(down, "ControlLeft", "Control", "", ctrl)
		v.key(down, "AltLeft", "Alt", "", ctrl|alt)
		v.key(down, "ShiftLeft", "Shift", "", ctrl|alt|shift)
		v.press("KeyS", "S", "", ctrl|alt|shift)
		v.key(up, "ShiftLeft", "Shift", "", ctrl|alt)
		v.key(up, "AltLeft", "Alt", "", ctrl)
		v.key(up, "ControlLeft", "Control", "", 0)
	}
	toggle()

	var s statistics
	within(t, 30*time.Second, "figures of typing", func() bool {
		v.typeText("m")
		want += "m"
		s, _ = v.statistics()
		return positive(s.FPS) && positive(s.ClickToPixel.Newest) && s.Rate["palette"] > 0 && positive(s.RTT)
	})
	eventually(t, "typed without the shortcut's key", func() bool { return typed() == want })
	v.screenshot("open")
	if !eval[bool](v, `(() => { // clicks go through it, so it is asked what would take them
		const el = document.getElementById('stats'), r = el.getBoundingClientRect(), x = r.left + r.width / 2, y = r.top + r.height / 2;
		const through = document.elementFromPoint(x, y);
		el.style.pointerEvents = 'auto';
		const top = document.elementFromPoint(x, y);
		el.style.pointerEvents = '';
		return el.contains(top) && !el.contains(through); })()`) {
		t.Error("the overlay is not on top of the picture, or takes the mouse")
	}
	eventually(t, "sharp", func() bool { s, _ = v.statistics(); return s.Sharp != nil && *s.Sharp })
	if !positive(s.Work) || s.Queue == nil || *s.ClickToPixel.Median > 2000 || s.ClickToPixel.Count == 0 {
		t.Errorf("statistics: %+v", s)
	}
	sum := 0.0
	for kind, n := range s.Bytes {
		if kind != "total" {
			sum += n
		}
	}
	if s.Bytes["palette"] == 0 || s.Bytes["key"] == 0 || sum < s.Bytes["total"]-1 || sum > s.Bytes["total"]+1 {
		t.Errorf("bytes by kind: %v", s.Bytes)
	}
	t.Logf("click to pixel %.1f ms, decode and paint %.2f ms, round trip %.2f ms", *s.ClickToPixel.Median, *s.Work, *s.RTT)

	v.do(command(emulation.SetDeviceMetricsOverride, emulation.SetDeviceMetricsOverrideParams{Width: 390, Height: 700, DeviceScaleFactor: 1}))
	if rows := eval[int](v, `new Set(Array.from(document.querySelectorAll('#tools button')).flatMap(b => Array.from(b.getClientRects(), r => r.top))).size`); rows != 1 {
		t.Errorf("the buttons take %d rows on a phone", rows)
	}
	v.screenshot("phone")

	v.open("about:blank")
	v.open(b.url + "/view#" + pin)
	v.wantState("live")
	eventually(t, "open again after a reload", func() bool {
		s, ok := v.statistics()
		return ok && positive(s.RTT)
	})
	v.clickByScript("stats-button")
	if _, open := v.statistics(); open || v.text(`document.getElementById('stats-button').getAttribute('aria-pressed')`) != "false" {
		t.Error("the button does not close the overlay")
	}
}
