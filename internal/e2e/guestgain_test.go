package e2e

import (
	"fmt"
	"slices"
	"testing"

	"pindesk/internal/wire"
)

// Where something that can be clicked on stands on the guest's page.
const (
	always = "also while a program shares, and so within reach of the viewer in control: TestControllerGainsNothingOnThePage clicks on it"
	alone  = "only while this page itself shares, when nobody controls, or where no session is open"
)

// guestControls is everything of the guest's page that can be clicked on. What is new there fails
// TestEveryState until it is entered here: say where it stands, and see that it grants nothing if a viewer in control can click on it.
var guestControls = map[string]string{
	"#share": always, "#stop": always, "#save": always, "#name": always, "#copy": always, "#download": always, "#abuse": always,
	"select": always, "a /": always, "a /docs": always, "a /abuse": always, "a /help": always,

	"#notices button.plain": always, // closes one

	"#allow": alone, "#deny": alone, "button.revoke": alone, "#renew": alone, "#chat-field": alone, "#chat-send": alone, "button.plain": alone,
	"a.button /": alone,
}

// controlsShown are the keys of guestControls that the page shows. self.keyOf is left for finding them again.
const controlsShown = `(() => {
	self.keyOf = (e) => (e.closest('#notices') ? '#notices ' : '') + (e.id ? '#' + e.id : e.localName + (e.classList[0] ? '.' + e.classList[0] : '') + (e.href ? ' ' + new URL(e.href).pathname : ''));
	self.clickable = () => [...document.querySelectorAll('button, a[href], input, textarea, select, summary, [role=button], [contenteditable]')].filter((e) => e.checkVisibility());
	return [...new Set(clickable().map(keyOf))];
})()`

// classified holds that all that can be clicked on is in guestControls, and returns it.
func (p *page) classified() []string {
	p.t.Helper()
	shown := eval[[]string](p, controlsShown)
	for _, key := range shown {
		if guestControls[key] == "" {
			p.t.Errorf("%q is new on the guest's page: enter it in guestControls, so that a viewer in control is seen to gain nothing by it", key)
		}
	}
	return shown
}

// clicksOnAll has the viewer in control click, by remote input, on all that the guest's page shows but one,
// and on one of them last. After each, somebody who was not let in is still not.
func (w *guestSite) clicksOnAll(other *goViewer, but, last string) {
	w.t.Helper()
	g, v := w.g, w.v
	g.until("notices have gone by themselves", "!document.querySelector('#notices .notice')")
	shown := slices.DeleteFunc(g.classified(), func(key string) bool { return key == but || key == last })
	eval[bool](g, `self.hit = '', document.addEventListener('pointerdown', (e) => {
		const at = clickable().find((c) => c.contains(e.target));
		if (at && e.isTrusted) self.hit = keyOf(at);
	}, true), document.addEventListener('click', (e) => { if (e.target.closest('a')) e.preventDefault(); }, true), true`) // where links lead is no matter of this
	for _, name := range append(shown, last) {
		if guestControls[name] != always {
			w.t.Errorf("%q is there while a program shares", name)
		}
		eventually(w.t, name+" is clicked on by the viewer in control", func() bool {
			if !eval[bool](g, fmt.Sprintf(`(() => {
				const e = clickable().find((e) => keyOf(e) === %q);
				document.querySelector('[data-aimed]')?.removeAttribute('data-aimed');
				return Boolean(e && (e.dataset.aimed = 'yes'));
			})()`, name)) {
				return g.text("self.hit") == name // it went with the click
			}
			x, y := w.onScreen("[data-aimed]")
			v.click(x, y)
			return g.text("self.hit") == name
		})
		if name == "select" {
			v.press("Escape", "Escape", "", 0)
		}
		if me := other.me(); me.View || me.Control {
			w.t.Fatalf("a click on %q has let somebody in", name)
		}
	}
}

// TestControllerGainsNothingOnThePage: the guest's page stands on the screen that a program shares, and the
// viewer in control clicks on all that is on it. Nobody is let see or control by that; and once the page
// itself shares nobody controls, so that its questions are out of reach.
func TestControllerGainsNothingOnThePage(t *testing.T) {
	w := newGuestSite(t, nil)
	g, v := w.g, w.v
	guest := newGuest()
	w.program("", guest)
	w.view()
	guest.wantQuestion(t.Fatal)
	guest.answers <- true
	v.wantState("live")
	w.controls(guest)
	other := w.viewAs("other", w.pin, "") // waits for the guest's yes all the time
	guest.wantQuestion(t.Fatal)
	guest.answers <- false
	w.help()
	g.until("the page has heard of the program", "document.querySelector('#stop')")
	w.clicksOnAll(other, "#stop", "#share")

	// The page has taken the program's place; what it asks is the guest's.
	g.wantHelp("sharing")
	v.until("it controls no more", `document.documentElement.dataset.control !== 'yes'`)
	other.meets()
	other.control(wire.Control{Type: wire.TypeAsk})
	g.wantHelp("sharing asked")
	g.until("answers count", "document.querySelector('#allow').ariaDisabled === null")
	v.press("Enter", "Enter", "\r", 0)
	other.input(1, key("y"), wire.Event{Type: wire.EventKey, Down: true, Code: "Enter"})
	other.control(wire.Control{Type: wire.TypeGrant, Viewer: other.me().Viewer, View: true, Control: true})
	never(t, "a viewer has answered the guest's question", func() bool { return other.me().View || g.text("document.querySelector('#allow') !== null") != "true" })
	w.says("#deny")

	// The technician goes on with the page, then with the guest's program; the page is where that has left it.
	v.do(clicks("#panel-actions [data-action=continue]"))
	g.wantHelp("sharing asked")
	w.says("#allow")
	v.wantState("live")
	again := newGuest()
	w.program(w.handover(), again)
	g.wantHelp("ended moved")
	w.controls(again)
	w.clicksOnAll(other, "#share", "#stop")
	g.wantHelp("ended stopped")
	v.wantState("waiting presenter-left")
	if me := other.me(); me.View || me.Control {
		t.Error("somebody was let in")
	}
}
