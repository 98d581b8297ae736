package e2e

// Where something that can be clicked on stands on the guest's page.
const (
	always = "also while a program shares, and so within reach of the viewer in control: it must grant nothing"
	alone  = "only while this page itself shares, when nobody controls, or where no session is open"
)

// guestControls is everything of the guest's page that can be clicked on. What is new there fails
// TestEveryState until it is entered here: say where it stands, and see that it grants nothing if a viewer in control can click on it.
var guestControls = map[string]string{
	"#share": always, "#stop": always, "#save": always, "#name": always, "#copy": always, "#download": always, "#abuse": always,
	"select": always, "a /": always, "a /docs": always, "a /abuse": always, "a /help": always,

	"#allow": alone, "#deny": alone, "button.revoke": alone, "#renew": alone, "#chat-field": alone, "#chat-send": alone, "button.plain": alone,
	"a.button /": alone,
}

// controlsShown are the keys of guestControls that the page shows. self.keyOf is left for finding them again.
const controlsShown = `(() => {
	self.keyOf = (e) => e.id ? '#' + e.id : e.localName + (e.classList[0] ? '.' + e.classList[0] : '') + (e.href ? ' ' + new URL(e.href).pathname : '');
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
