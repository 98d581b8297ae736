package e2e

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/browser"
	"github.com/chromedp/cdproto/input"
	"github.com/chromedp/chromedp"
)

// TestNothingStaysHeld lets a technician hold keys while something takes the keyboard away: the
// X server must say that nothing is down any more, and no key may go on.
func TestNothingStaysHeld(t *testing.T) {
	s := startSite(t, nil)
	g := startGuest(t, s, "us")
	v := startChromium(t, 1000, 800)
	v.open(s.url + "/view#" + g.pin)
	v.wantState("live  control=yes")
	v.click(100, 100)
	const down, shift = input.DispatchKeyEventTypeRawKeyDown, 8
	// What takes the keyboard away has happened before the next keys are pressed: they would be let
	// go as well, and rightly.
	fullscreen := func() {
		eval[bool](v, `new Promise((done) => {
			document.addEventListener('fullscreenchange', () => done(true), { once: true });
			document.getElementById('fullscreen').click();
		})`)
	}
	window := func(state browser.WindowState, visibility string) {
		v.window(state)
		eventually(t, visibility, func() bool { return v.text("document.visibilityState") == visibility })
	}
	for _, c := range []struct {
		name       string
		away, back func()
	}{
		{"a menu opens", func() { v.clickByScript("keys-button") }, func() { v.press("Escape", "Escape", "", 0) }},
		{"the window is hidden", func() { window(browser.WindowStateMinimized, "hidden") }, func() { window(browser.WindowStateNormal, "visible") }},
		{"full screen", fullscreen, fullscreen},
		{"the person goes to the bar", func() { v.press("Home", "Home", "", 1|2) }, func() {}},
		{"another key says so", func() { v.press("KeyX", "x", "x", 0); v.key(input.DispatchKeyEventTypeKeyUp, "F8", "F8", "", 0) }, func() {}},
		{"control ends", func() { v.clickByScript("request") }, func() { v.clickByScript("request"); v.wantState("live  control=yes") }},
		{"the page is left", func() { v.open("about:blank") }, func() {}},
	} {
		eval[bool](v, "document.getElementById('keys').focus(), true")
		v.key(down, "ShiftLeft", "Shift", "", shift)
		v.key(down, "F8", "F8", "", shift)
		eventually(t, c.name+": the keys are held", func() bool { return len(g.d.held()) == 2 })
		c.away()
		// Shorter than the 2 s after which the presenter lets go by itself.
		within(t, 1500*time.Millisecond, c.name+": nothing is held", func() bool { return len(g.d.held()) == 0 })
		c.back()
	}
}

// noClipboard keeps the clipboard from the page, as a person or a browser may.
const noClipboard = `Object.defineProperty(navigator.clipboard ?? (navigator.clipboard = {}), 'readText', { value: () => Promise.reject(new Error('no')) }), true`

// TestSpecialKeys sends keys that a browser keeps, by the menu and by keys on the page, and
// types a text as keystrokes, which stops when control ends.
func TestSpecialKeys(t *testing.T) {
	s := startSite(t, nil)
	g := startGuest(t, s, "us")
	v := startChromium(t, 1000, 800)
	v.open(s.url + "/view#" + g.pin)
	v.wantState("live  control=yes")
	v.click(100, 100)
	arrives := func(what, want string) {
		t.Helper()
		defer func() { t.Logf("%s: %d bytes", what, len(g.typed())) }()
		eventually(t, what, func() bool { return strings.HasSuffix(g.typed(), want) })
	}
	v.menu("keys", "key-altf4")
	arrives("Alt+F4", "\x1b[1;3S")
	v.menu("keys", "key-cad")
	arrives("Ctrl+Alt+Del", "\x1b[3;7~")
	v.clickByScript("keys-button")
	v.screenshot("menu")
	v.clickByScript("keys-strip")
	v.clickByScript("strip-ctrl")
	v.screenshot("strip")
	v.press("KeyC", "c", "c", 0)
	arrives("Ctrl on the page, then C", "\x03")
	v.press("KeyC", "c", "c", 0)
	arrives("Ctrl was for one key", "\x03c")
	v.clickByScript("strip-F5")
	arrives("F5 on the page", "\x1b[15~")
	if held := g.d.held(); len(held) > 0 {
		t.Errorf("keys %v stay held", held)
	}

	eval[bool](v, noClipboard)
	typeText := func(text string) {
		v.menu("keys", "keys-type")
		v.do(chromedp.WaitVisible("#typing-text"))
		v.screenshot("typing")
		eval[bool](v, fmt.Sprintf("document.getElementById('typing-text').value = %q, document.getElementById('typing-go').click(), true", text))
	}
	text := strings.Repeat("Passwörter, 日本 & more;", 8) + "\n"
	typeText(text)
	arrives("a text as keystrokes", strings.ReplaceAll(text, "\n", "\r"))
	before := len(g.typed())
	typeText(strings.Repeat("x", 5000))
	eventually(t, "typing goes on", func() bool { return len(g.typed()) > before+50 })
	v.screenshot("typing-on")
	v.clickByScript("request")
	v.wantState("live  control=no")
	eventually(t, "the page says that it was stopped", func() bool {
		return strings.Contains(v.text("document.getElementById('notices').textContent"), "stopped")
	})
	if n := len(g.typed()); n > before+4000 {
		t.Errorf("%d characters were typed after all", n-before)
	}
}
