package e2e

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/accessibility"
	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"
)

// rendering is how a page is shown: on what screen, in which colours.
type rendering struct {
	screen        string
	width, height int64 // CSS pixels
	ratio         float64
	touch         bool
	scheme        string // "dark" or "light"
	forced        bool   // high contrast colours of the system
}

func (r rendering) name() string { return r.screen + "-" + r.scheme }

var (
	phone  = rendering{screen: "phone", width: 390, height: 844, ratio: 3, touch: true}
	narrow = rendering{screen: "narrow", width: 360, height: 640, ratio: 1, touch: true}
	laptop = rendering{screen: "laptop", width: 1440, height: 900, ratio: 1}
	large  = rendering{screen: "4k", width: 1920, height: 1080, ratio: 2}
	vast   = rendering{screen: "4k-wide", width: 3840, height: 2160, ratio: 1}
)

// in returns r in a colour scheme.
func (r rendering) in(scheme string) rendering { r.scheme = scheme; return r }

// checked are the renderings in which every scene must fit, and what axe runs there: both widths and
// both schemes. make test has axe look once, and leaves out what differs in colours only; that is for make test-long.
var checked = []struct {
	rendering
	run, long string // axe's runOnly; "" = nothing
	always    bool
}{
	{laptop.in("light"), allRules, allRules, true}, {narrow.in("dark"), "", allRules, true}, {laptop.in("dark"), "", colourRules, false}, {narrow.in("light"), "", colourRules, false},
}

const (
	allRules    = `{type: 'tag', values: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice']}`
	colourRules = `{type: 'rule', values: ['color-contrast', 'link-in-text-block']}`
)

// render shows the page on another screen.
func (p *page) render(r rendering) {
	p.t.Helper()
	// Without animations a picture is the same each time; that they are absent then is checked by it.
	features := []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: r.scheme}, {Name: "prefers-reduced-motion", Value: "reduce"}}
	if r.forced {
		features = append(features, &emulation.MediaFeature{Name: "forced-colors", Value: "active"})
	}
	p.do(
		command(emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Features: features}),
		command(emulation.SetDeviceMetricsOverride, emulation.SetDeviceMetricsOverrideParams{Width: r.width, Height: r.height, DeviceScaleFactor: r.ratio, Mobile: r.touch}),
		command(emulation.SetTouchEmulationEnabled, emulation.SetTouchEmulationEnabledParams{Enabled: r.touch}),
	)
	// Two frames: the first may still be of the size before.
	eval[bool](p, `new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(() => done(true))))`)
}

// axeScript is the checker that npm ci has put there.
func axeScript(t *testing.T) string {
	t.Helper()
	js, err := os.ReadFile("../../web/test/node_modules/axe-core/axe.min.js")
	if err != nil {
		t.Fatalf("%v\naxe-core is missing: run  npm ci --prefix web/test  (make test does)", err)
	}
	return string(js)
}

// runAxe is told what axe has found, one line a violation and element; %s is what it runs.
const runAxe = `axe.run(document, {runOnly: %s, resultTypes: ['violations']}).then((r) =>
	r.violations.flatMap((v) => v.nodes.map((n) => v.id + ': ' + n.target.join(' ') + ': ' + n.failureSummary.replace(/\s+/g, ' '))))`

// overflowing tells of what does not fit: a page that scrolls sideways, a button or heading whose
// text is cut off, one that is outside the window. What scrolls by itself is no fault, nor is what
// lies in a box that does, nor a badge on the edge of its button.
const overflowing = `(() => {
	const faults = [], root = document.documentElement;
	if (root.scrollWidth > innerWidth) faults.push('the page is ' + root.scrollWidth + ' px wide in a window of ' + innerWidth);
	const scrolls = (el) => { for (let e = el.parentElement; e && e !== root; e = e.parentElement) if (/auto|scroll/.test(getComputedStyle(e).overflow)) return true; return false; };
	for (const el of document.querySelectorAll('button, a, h1, h2, h3, label, summary, [role=tab], [role=menuitem]')) {
		if (!el.checkVisibility({visibilityProperty: true, opacityProperty: true})) continue;
		const r = el.getBoundingClientRect(), what = el.tagName.toLowerCase() + (el.id && '#' + el.id) + ' "' + el.textContent.trim().slice(0, 40) + '"';
		if (r.width <= 1 || r.height <= 1) continue; // for screen readers only
		if (el.scrollWidth > el.clientWidth + 1 && getComputedStyle(el).display !== 'inline' && !el.querySelector('.badge')) faults.push(what + ' is cut off: ' + el.scrollWidth + ' px in ' + el.clientWidth);
		if ((r.left < -1 || r.right > innerWidth + 1) && !scrolls(el)) faults.push(what + ' is outside the window: ' + Math.round(r.left) + ' to ' + Math.round(r.right));
	}
	return faults;
})()`

// named roles are worth nothing to a screen reader without a name.
var namedRoles = []string{"button", "link", "textbox", "searchbox", "checkbox", "radio", "switch", "slider", "combobox", "listbox", "menuitem",
	"menuitemradio", "menuitemcheckbox", "menu", "tab", "tabpanel", "dialog", "alertdialog", "toolbar", "progressbar", "image", "canvas", "heading"}

// nameless lists what a screen reader would call by its role only.
func (p *page) nameless() (all []string) {
	p.t.Helper()
	p.limited(func(ctx context.Context) error {
		return chromedp.Do(ctx, chromedp.Func(func(ctx context.Context, t *chromedp.Target) error {
			tree, err := cdp.Call(ctx, t, accessibility.GetFullAXTree, accessibility.GetFullAXTreeParams{})
			if err != nil {
				return err
			}
			for _, n := range tree.Nodes {
				role, name := axText(n.Role), axText(n.Name)
				if !n.Ignored && slices.Contains(namedRoles, role) && strings.TrimSpace(name) == "" {
					all = append(all, role+" without a name")
				}
			}
			return nil
		}))
	})
	return all
}

func axText(v *accessibility.Value) (s string) {
	if v != nil {
		_ = json.Unmarshal(v.Value, &s)
	}
	return s
}

// TestEveryState shows every page in every state and holds that axe finds nothing, that everything
// fits, also in a narrow window and with German words, and that everything has a name. It fails
// for a state of the viewer that no scene shows. With PINDESK_SCREENSHOTS=folder it makes pictures.
func TestEveryState(t *testing.T) {
	s, axe := newStage(t), axeScript(t)
	shots := newContactSheet(t, os.Getenv("PINDESK_SCREENSHOTS"))
	states := s.states(t)
	for _, sc := range scenes {
		if sc.shows != "" && !slices.Contains(states, sc.shows) {
			t.Errorf("%s shows a state %q that STATES of web/viewer/state.js does not have", sc.name, sc.shows)
		}
	}
	for _, state := range states {
		if !slices.ContainsFunc(scenes, func(sc scene) bool { return sc.shows == state }) {
			t.Errorf("no scene shows the viewer in state %q: add one to scenes", state)
		}
	}
	t.Run("scene", func(t *testing.T) {
		for _, sc := range scenes {
			t.Run(sc.name, func(t *testing.T) {
				t.Parallel()
				a := s.begin(t, "de-DE")
				a.play(sc)
				a.check(axe)
				shots.take(t, a, sc)
			})
		}
	})
}

// states are those of the viewer's page, "STATE DETAIL".
func (s *stage) states(t *testing.T) []string {
	a := s.begin(t, "en-GB")
	a.open("/")
	return eval[[]string](a.v, `import('/static/viewer/state.js').then((m) => Object.entries(m.STATES).flatMap(([s, all]) => all.map((d) => s + ' ' + d)))`)
}

// check holds what is said at TestEveryState of the page as it stands.
func (a *act) check(axe string) {
	a.t.Helper()
	eval[int](a.v, axe+";0")
	long := os.Getenv("PINDESK_LONG") != ""
	for _, r := range checked {
		if !r.always && !long {
			continue
		}
		a.v.render(r.rendering)
		faults, run := eval[[]string](a.v, overflowing), r.run
		if long {
			run = r.long
		}
		if run != "" {
			faults = append(faults, eval[[]string](a.v, fmt.Sprintf(runAxe, run))...)
		}
		for _, fault := range faults {
			a.t.Errorf("%s: %s", r.name(), fault)
		}
	}
	for _, fault := range a.v.nameless() {
		a.t.Error(fault)
	}
}

// play plays a scene and waits until the page shows it.
func (a *act) play(sc scene) {
	a.t.Helper()
	sc.play(a)
	if sc.shows != "" {
		a.v.wantState(sc.shows)
	}
}
