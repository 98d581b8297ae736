package e2e

import (
	"slices"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/input"

	"pindesk/internal/presenter"
)

// tab presses Tab, backwards with shift, and tells what has the focus then.
func (p *page) tab(shift bool) string {
	p.t.Helper()
	press := input.DispatchKeyEventParams{Type: input.DispatchKeyEventTypeRawKeyDown, Code: "Tab", Key: "Tab", WindowsVirtualKeyCode: 9}
	if shift {
		press.Modifiers = 8
	}
	release := press
	release.Type = input.DispatchKeyEventTypeKeyUp
	p.do(command(input.DispatchKeyEvent, press), command(input.DispatchKeyEvent, release))
	return p.focused()
}

// focused names what has the focus; with "(unseen)" if nothing shows it.
func (p *page) focused() string {
	p.t.Helper()
	return p.text(`(() => {
		const e = document.activeElement;
		if (!e || e === document.body) return 'body';
		const shows = (el) => { const s = getComputedStyle(el); return parseFloat(s.outlineWidth) > 0 && s.outlineStyle !== 'none' || s.boxShadow !== 'none'; };
		const seen = shows(e) || e.id === 'keys' && shows(document.getElementById('stage'));
		return (e.id || e.className || e.tagName.toLowerCase()) + (seen ? '' : ' (unseen)');
	})()`)
}

// walk presses Tab until what is named has the focus, and tells of all that had it, that included.
func (p *page) walk(to string) (way []string) {
	p.t.Helper()
	for range 40 {
		at := p.tab(false)
		way = append(way, at)
		if at == to {
			return way
		}
	}
	p.t.Errorf("Tab does not reach %s, but %v", to, way)
	return way
}

// toolIDs are the bar's buttons in the order in which they are seen.
func (p *page) toolIDs() []string {
	return eval[[]string](p, `[...document.querySelectorAll('#tools button:enabled')].filter((b) => b.checkVisibility()).map((b) => b.id)`)
}

func wantWay(t *testing.T, what string, got []string, want ...string) {
	t.Helper()
	if !slices.Equal(got, want) {
		t.Errorf("%s: Tab goes to\n  %s, want\n  %s", what, strings.Join(got, ", "), strings.Join(want, ", "))
	}
}

// leave presses Ctrl+Alt+Home.
func (p *page) leave() {
	p.t.Helper()
	const alt, ctrl = 1, 2
	p.press("Home", "Home", "", alt|ctrl)
}

// TestKeyboardOnly walks through the viewer by the Tab key: bar, side panel, remote screen, which
// alone keeps the key, and Ctrl+Alt+Home leads out of it. Whatever has the focus shows it.
func TestKeyboardOnly(t *testing.T) {
	s := newStage(t)
	t.Run("in control", func(t *testing.T) {
		a := s.begin(t, "en-GB")
		a.live(presenter.ControlFree)
		a.v.do(command(input.DispatchMouseEvent, input.DispatchMouseEventParams{Type: input.DispatchMouseEventTypeMouseMoved, X: 600, Y: 500}))
		a.v.click(10, 800) // the keyboard is in the remote screen
		a.v.leave()
		tools := a.v.toolIDs()
		if got := a.v.focused(); got != tools[0] {
			t.Errorf("Ctrl+Alt+Home leads to %s, want %s", got, tools[0])
		}
		wantWay(t, "the bar", a.v.walk("keys"), append(tools[1:], "keys")...)
		for range 2 {
			if got := a.v.tab(false); got != "keys" {
				t.Errorf("the remote screen gives the Tab key away, to %s", got)
			}
		}
		a.v.leave()
		if got := a.v.focused(); got != tools[0] {
			t.Errorf("Ctrl+Alt+Home leads to %s the second time", got)
		}
	})
	t.Run("with the chat", func(t *testing.T) {
		a := s.begin(t, "en-GB")
		guest := a.live(presenter.ControlFree)
		guest.tell(t, "hello", 0)
		a.click("#chat-button")
		a.wait("the line", `document.querySelector('.line')`)
		if got := a.v.focused(); got != "chat-field" {
			t.Errorf("the chat opens with the focus on %s", got)
		}
		wantWay(t, "from the field on", a.v.walk("keys"), "plain", "chat-send", "keys")
		a.v.leave()
		tools := a.v.toolIDs()
		wantWay(t, "the bar and the chat", a.v.walk("chat-field"), append(tools[1:], "chat-tabbutton", "side-close", "lines", "chat-field")...)
		a.v.press("Escape", "Escape", "", 0)
		a.wait("Escape closes the side panel", `document.getElementById('side').hidden`)
		a.wait("and the keyboard is in the remote screen again", `document.activeElement.id === 'keys'`)
	})
	t.Run("watching", func(t *testing.T) {
		a := s.begin(t, "en-GB")
		a.live(presenter.ViewOnly)
		first := a.v.walk("request")
		if len(first) > 3 {
			t.Errorf("the bar comes after %v", first)
		}
		if way := a.v.walk("request"); slices.ContainsFunc(way, func(at string) bool { return strings.Contains(at, "unseen") }) {
			t.Errorf("something has the focus and does not show it: %v", way)
		}
	})
	t.Run("menu", func(t *testing.T) {
		a := s.begin(t, "en-GB")
		a.live(presenter.ControlFree)
		a.v.leave()
		a.click("#screen-button")
		a.wait("the first entry has the focus", `document.activeElement.matches('#menu [role^=menuitem]')`)
		before := a.v.focused()
		a.v.press("ArrowDown", "ArrowDown", "", 0)
		if got := a.v.focused(); got == before {
			t.Errorf("the arrow stays on %s", got)
		}
		a.v.press("Escape", "Escape", "", 0)
		a.wait("Escape closes the menu", `!document.querySelector('#menu [role=menu]')`)
	})
}
