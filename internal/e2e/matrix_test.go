package e2e

import (
	"context"
	"flag"
	"fmt"
	"log/slog"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/input"
	"github.com/chromedp/chromedp"

	"pindesk/internal/platform"
	"pindesk/internal/presenter"
)

var update = flag.Bool("update", false, "rewrite the tables of docs/keyboard.md; with PINDESK_LONG=1")

// startTechnician runs a browser with a window, on a desktop of its own, so that it makes of real
// keys what it makes of a person's.
func startTechnician(t *testing.T, layout string) (*xdesktop, *page) {
	t.Helper()
	d := startDesktop(t, "1300x900")
	d.setLayout(layout)
	d.managed()
	d.typewriter() // another window to go to
	opts := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.Flag("headless", false), chromedp.NoSandbox, chromedp.DisableGPU, chromedp.WindowSize(1280, 860),
		chromedp.Flag("disable-component-update", true), chromedp.Env(append(d.env(), "LANG=C.UTF-8")...), chromedp.WSURLReadTimeout(time.Minute))
	if path := os.Getenv("CHROME"); path != "" {
		opts = append(opts, chromedp.ExecPath(path))
	}
	alloc, cancel := chromedp.NewExecAllocator(context.Background(), opts...)
	t.Cleanup(cancel)
	return d, newTab(alloc, t)
}

// struck is one line of the matrix: what a technician does, and what must arrive in the guest's
// terminal on every layout.
type struck struct {
	what, keys, arrives string
	guestLock           string        // a lock that is on at the guest
	by                  func(v *page) // instead of keys
	hold                string        // a key that is held until it has repeated
}

// Characters of each layout's own keys. Every line is typed on that layout's keys.
var ownKeys = map[string][]struck{
	"us": {
		{what: "letters", keys: "Sphinx of black quartz"},
		{what: "digits, signs", keys: "1234567890 !@#$%^&*()_+-={}[]|\\:;\"',./?`~<less>"},
	},
	"de": {
		{what: "letters", keys: "Zwölf Boxkämpfer grüßen ÄÖÜ"},
		{what: "digits, signs", keys: "1234567890 !\"§$%&/()=?#'-_.:,;*°<less><plus>"},
		{what: "AltGr", keys: "@{[]}\\~|€µ"},
		{what: "dead keys", keys: "<circumflex>e<acute>a<grave>e<circumflex> <acute>E", arrives: "êáè^É"},
		{what: "dead key without a partner", keys: "<circumflex>x", arrives: "^x"},
	},
	"fr": {
		{what: "letters", keys: "Voix azertyuiop qsdfghjklm éèçàù"},
		{what: "digits, signs", keys: "1234567890 &\"'(-_)=$*!:;,?./§%£°<less><plus>"},
		{what: "AltGr", keys: "@{[]}\\~#|€"},
		{what: "dead keys", keys: "<circumflex>e<diaeresis>i<circumflex>A<diaeresis>U", arrives: "êïÂÜ"},
	},
	"ru": {
		{what: "letters", keys: "Съешь ещё этих мягких булок хъэё ХЪЭЁ"},
		{what: "digits, signs", keys: "1234567890 !\"№;%:?*()_-=.,/\\"},
	},
	"jp": {
		{what: "letters", keys: "Sphinx of black quartz"},
		{what: "digits, signs", keys: "1234567890 !\"#$%&'()=-~^|@`{[*:;}],./?_\\<less><plus>"},
		{what: "the keys \u00a5 and \u308d", keys: "<yen>_", arrives: "\\_"},
	},
}

// latin are the keys of A, B, C, T and Z: a layout without Latin letters means them by place.
var latin = map[string]map[string]string{"ru": {"a": "ф", "b": "и", "c": "с", "t": "е", "z": "я"}}

// lines are all that is typed on a layout.
func lines(layout string) []struck {
	all := append([]struck(nil), ownKeys[layout]...)
	key := func(letter string) string {
		if other, ok := latin[layout][letter]; ok {
			return other
		}
		return letter
	}
	letters := key("a") + key("b")
	capitals := strings.ToUpper(letters)
	all = append(all,
		struck{what: "input method", arrives: "日本語", by: func(v *page) {
			for _, text := range []string{"に", "にほんg", "日本語"} {
				end := int64(len([]rune(text)))
				v.do(command(input.ImeSetComposition, input.ImeSetCompositionParams{Text: text, SelectionStart: end, SelectionEnd: end}))
			}
			v.insert("日本語")
		}},
		struck{what: "kana, emoji", arrives: "ろ゛ん😀", by: func(v *page) { v.insert("ろ゛ん😀") }},
		struck{what: "Backspace, Tab, Enter, Escape", keys: "<BackSpace><Tab><Return><Escape>", arrives: "\x7f\t\r\x1b"},
		struck{what: "arrows, Home, End, Delete", keys: "<Up><Down><Right><Left><Home><End><Delete>", arrives: "\x1b[A\x1b[B\x1b[C\x1b[D\x1b[H\x1b[F\x1b[3~"},
		struck{what: "Ctrl+C, Ctrl+Z, Ctrl+A", keys: "<Control+" + key("c") + "><Control+" + key("z") + "><Control+" + key("a") + ">", arrives: "\x03\x1a\x01"},
		struck{what: "Ctrl+Shift+T, Ctrl+Shift+F5", keys: "<Control+Shift+" + key("t") + "><Control+Shift+F5>", arrives: "\x14\x1b[15;6~"},
		struck{what: "Alt+F4, F5", keys: "<Alt+F4><F5>", arrives: "\x1b[1;3S\x1b[15~"},
		struck{what: "CapsLock here", keys: "<CapsLock>" + letters + capitals + "1<CapsLock>" + letters, arrives: capitals + letters + "1" + letters},
		struck{what: "CapsLock there", keys: letters + capitals + "1", arrives: letters + capitals + "1", guestLock: "CapsLock"},
		struck{what: "keypad, NumLock here", keys: "<NumLock><KP7><KP4><KPAdd><NumLock><KP4>", arrives: "74+\x1b[D"},
		struck{what: "keypad, NumLock there", keys: "<KP4><NumLock><KP4><NumLock>", arrives: "\x1b[D4", guestLock: "NumLock"},
		struck{what: "held key", hold: key("a")},
	)
	if layout == "fr" { // its digits are on the Shift level, which CapsLock may choose
		for n := range all {
			if strings.HasPrefix(all[n].what, "CapsLock") {
				all[n].keys, all[n].arrives = strings.ReplaceAll(all[n].keys, "1", ""), strings.ReplaceAll(all[n].arrives, "1", "")
			}
		}
	}
	for n := range all {
		if all[n].arrives == "" && all[n].hold == "" {
			all[n].arrives = strings.NewReplacer("<less>", "<", "<plus>", "+").Replace(all[n].keys)
		}
	}
	return all
}

// matrixLayouts are the layouts of both sides.
var matrixLayouts = []string{"us", "de", "fr", "ru", "jp"}

// TestKeyboardMatrix types on real keys of one layout into a terminal of another: what the
// technician means must arrive. A few pairs that were hard to get right, or all of them.
func TestKeyboardMatrix(t *testing.T) {
	pairs := map[string][]string{"de": {"fr", "ru"}, "fr": {"us"}, "ru": {"de", "ru"}}
	if os.Getenv("PINDESK_LONG") != "" {
		pairs = map[string][]string{}
		for _, l := range matrixLayouts {
			pairs[l] = matrixLayouts
		}
	}
	s := startSite(t, nil)
	desk, v := startTechnician(t, "us")
	results := map[cell]string{}
	for _, own := range matrixLayouts {
		if len(pairs[own]) == 0 {
			continue
		}
		desk.setLayout(own)
		k := desk.keyboard()
		for _, theirs := range pairs[own] {
			t.Run(own+" to "+theirs, func(t *testing.T) {
				g := startGuest(t, s, theirs)
				v.t = t
				v.open(s.url + "/view#" + g.pin)
				v.wantState("live  control=yes")
				v.click(100, 100) // the X focus follows the pointer
				v.do(clicks("#fullscreen"))
				eventually(t, "full screen", func() bool { return eval[bool](v, "document.fullscreenElement !== null") })
				eval[bool](v, `window.seen = [], window.addEventListener('keydown', e => seen.push(e.code + ':' + e.key), true), true`)
				defer v.screenshot("end")
				for _, l := range lines(own) {
					eval[bool](v, `seen.length = 0, true`)
					got, want := g.strike(v, k, l)
					result := "yes"
					if got != want {
						result = fmt.Sprintf("%q", got)
						t.Errorf("%s: typed %q, arrived %q; the page saw %s", l.what, want, got, v.text("seen.join(' ')"))
					}
					results[cell{own, l.what, theirs}] = result
					eventually(t, "nothing is held after "+l.what, func() bool { return len(g.d.held()) == 0 })
				}
				v.open("about:blank")
			})
		}
	}
	altTabAway(t, s, desk, v)
	if *update && len(pairs) == len(matrixLayouts) {
		writeMatrix(t, results)
	}
}

// altTabAway lets the technician's own system take Alt+Tab: the page hears of Alt, then loses the
// keyboard and hears of no end. Alt must not stay held at the guest.
func altTabAway(t *testing.T, s *site, desk *xdesktop, v *page) {
	t.Helper()
	desk.setLayout("us") // long before the keys: the window manager grabs Alt+Tab anew for each layout
	g := startGuest(t, s, "us")
	v.t = t
	v.open(s.url + "/view#" + g.pin)
	v.wantState("live  control=yes")
	v.click(100, 100)
	k := desk.keyboard()
	k.press("<+Alt>")
	eventually(t, "Alt is held", func() bool { return len(g.d.held()) == 1 })
	k.press("<Tab>")
	k.up("Alt")
	eventually(t, "nothing is held after Alt+Tab", func() bool { return len(g.d.held()) == 0 })
	if typed := g.typed(); typed != "" {
		t.Errorf("the guest's terminal got %q", typed)
	}
}

// cell is a place in the tables: whose keys, what is typed on them, and where it arrives.
type cell struct{ own, what, theirs string }

// writeMatrix puts the results into docs/keyboard.md, between its two marks.
func writeMatrix(t *testing.T, results map[cell]string) {
	t.Helper()
	const file, begin, end = "../../docs/keyboard.md", "<!-- the matrix, written by its test -->\n", "<!-- end of the matrix -->\n"
	b, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	head, rest, ok1 := strings.Cut(string(b), begin)
	_, tail, ok2 := strings.Cut(rest, end)
	if !ok1 || !ok2 {
		t.Fatalf("%s lacks its marks", file)
	}
	var s strings.Builder
	// In code, and so that it stays one cell of a table.
	quote := strings.NewReplacer("|", "\\|", "<less>", "<", "<plus>", "+")
	for _, own := range matrixLayouts {
		fmt.Fprintf(&s, "\n### Typed on `%s`, arrives on\n\n| what | keys | %s |\n|---|---|%s\n", own, strings.Join(matrixLayouts, " | "), strings.Repeat("---|", len(matrixLayouts)))
		for _, l := range lines(own) {
			keys := quote.Replace(l.keys)
			switch {
			case l.by != nil:
				keys = l.arrives
			case l.hold != "":
				keys = l.hold + ", until it has repeated"
			}
			fmt.Fprintf(&s, "| %s | `` %s `` |", l.what, keys)
			for _, theirs := range matrixLayouts {
				fmt.Fprintf(&s, " %s |", quote.Replace(results[cell{own, l.what, theirs}]))
			}
			s.WriteString("\n")
		}
	}
	if err := os.WriteFile(file, []byte(head+begin+s.String()+"\n"+end+tail), 0o644); err != nil {
		t.Fatal(err)
	}
}

// guestDesk is a guest with a terminal, shared with free control.
type guestDesk struct {
	t     *testing.T
	d     *xdesktop
	keys  *keyboard // the guest's own
	typed func() string
	pin   string
}

func startGuest(t *testing.T, s *site, layout string) *guestDesk {
	t.Helper()
	g := &guestDesk{t: t, d: startDesktop(t, "800x600"), pin: s.newPIN()}
	g.d.setLayout(layout)
	g.keys = g.d.keyboard()
	g.typed = g.d.typewriter()
	s.shareDesktop(t, g.d, g.pin)
	return g
}

// shareDesktop shares a real desktop by a presenter in this process, with free control.
func (s *site) shareDesktop(t *testing.T, d *xdesktop, pin string) *sharing {
	t.Helper()
	capture, inject, err := platform.Open(context.Background(), platform.Config{Display: d.display, Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { capture.Close(); inject.Close() })
	return s.present(pin, presenter.Config{Screen: capture, Input: inject, Consent: presenter.ControlFree})
}

// strike does one line and returns what has arrived when it is all there, or nothing more
// comes for a while.
func (g *guestDesk) strike(v *page, k *keyboard, l struck) (got, want string) {
	g.t.Helper()
	before := len(g.typed())
	arrived := func() string { return g.typed()[before:] }
	if l.guestLock != "" {
		g.keys.press("<" + l.guestLock + ">")
		defer g.keys.press("<" + l.guestLock + ">")
	}
	want = l.arrives
	switch {
	case l.by != nil:
		l.by(v)
	case l.hold != "":
		k.press("<+" + l.hold + ">")
		eventually(g.t, "the held key repeats", func() bool { return len(arrived()) >= 4*len(l.hold) })
		k.up(l.hold)
		eventually(g.t, "the held key is let go", func() bool { return len(g.d.held()) == 0 })
		want = strings.Repeat(l.hold, len(arrived())/len(l.hold))
	default:
		k.press(l.keys)
	}
	quiet := time.Now()
	for last := ""; time.Since(quiet) < 2*time.Second; {
		got = arrived()
		if got == want {
			break
		}
		if got != last {
			last, quiet = got, time.Now()
		}
		v.state() // a round trip to the browser
	}
	return arrived(), want
}
