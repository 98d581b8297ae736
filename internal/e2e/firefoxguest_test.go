package e2e

import (
	"strings"
	"testing"
	"time"

	"pindesk/internal/e2e/bidi"
)

// wantHelp waits until the guest's page is in a state, "STATE DETAIL".
func (p *firefoxPage) wantHelp(want string) {
	p.t.Helper()
	p.until("the guest's page is "+want, "`${document.documentElement.dataset.state} ${document.documentElement.dataset.detail}`.startsWith('"+want+"')")
}

func (p *firefoxPage) until(what, js string) {
	p.t.Helper()
	within(p.t, 60*time.Second, what, func() bool { return bidi.Eval[bool](p.Page, "!!("+js+")") })
}

// TestFirefoxGuest shares a real screen from Firefox by the guest's page: there frames come from a
// <video>, one after the other, as Firefox has no stream of them. Firefox's own question is answered by a
// preference, with the first screen.
func TestFirefoxGuest(t *testing.T) {
	b := startBroker(t, "")
	d := startDesktop(t, "1400x1000")
	d.fill(0, 0, 1400, 1000, 0x336699)
	pin := b.newPIN()
	v := startChromium(t, 1200, 900)
	v.open(b.url + "/view#" + pin)
	v.wantState("waiting no-presenter")
	g := &firefoxPage{bidi.StartOn(t, d.display, map[string]any{
		"media.navigator.permission.disabled": true,
		"media.getdisplaymedia.enabled":       true,
	}).NewPage(900, 700), t}
	g.Open(b.url + "/help#" + pin)
	g.wantHelp("start")
	t.Log("Firefox", bidi.Eval[string](g.Page, "navigator.userAgent"))
	g.screenshot("start")
	g.ClickOn("#share")
	g.wantHelp("sharing asked")
	g.until("answers count", "!document.querySelector('#allow').ariaDisabled")
	g.ClickOn("#allow")
	g.wantHelp("sharing watched")
	v.wantState("live")
	size, _ := v.canvasHash()
	if size != "1400x1000" {
		t.Errorf("the picture is %s", size)
	}
	d.fill(1100, 750, 200, 200, 0x22aa44)
	v.until("what is drawn is seen", `(() => { const c = document.getElementById('screen'), o = new OffscreenCanvas(1, 1).getContext('2d');
		o.drawImage(c, 1200, 850, 1, 1, 0, 0, 1, 1); const [r, g, b] = o.getImageData(0, 0, 1, 1).data;
		return Math.abs(r - 0x22) < 8 && Math.abs(g - 0xaa) < 8 && Math.abs(b - 0x44) < 8; })()`)
	v.screenshot("seen")
	g.screenshot("watched")
	g.ClickOn("#stop")
	g.wantHelp("ended stopped")
	v.wantState("waiting presenter-left")
	if text := bidi.Eval[string](g.Page, "document.querySelector('dl').textContent"); !strings.Contains(text, "Viewer 1") {
		t.Errorf("what was done: %s", text)
	}
}
