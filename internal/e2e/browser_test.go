package e2e

import (
	"context"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/chromedp/cdproto/browser"
	"github.com/chromedp/cdproto/input"
	"github.com/gorilla/websocket"

	"pindesk/internal/platform"
	"pindesk/internal/platform/xvfb"
	"pindesk/internal/presenter"
	"pindesk/internal/store/pgtest"
)

// stillness is how soon after the last change the picture must be exact.
const stillness = time.Second

// killSignal ends a program without giving it a chance.
const killSignal = syscall.SIGKILL

func closeCode(err error) int {
	if e, ok := err.(*websocket.CloseError); ok {
		return e.Code
	}
	return -1
}

// presentDesktop shares a real desktop by the real program, with free control.
func presentDesktop(t *testing.T, b *brokerProgram, d *xdesktop, pin string) *program {
	t.Helper()
	return run(t, d.env(), filepath.Join(bin, "presenter"), "--broker", b.url, "--pin", pin, "--consent", "control", "--name", "the desktop")
}

// TestTheMainJob is what PinDesk is for: a technician in Chromium sees a Linux desktop,
// exact to the pixel, and types and clicks in it; on both databases.
func TestTheMainJob(t *testing.T) {
	for name, database := range map[string]func() string{"SQLite": func() string { return "" }, "Postgres": func() string { return pgtest.Start(t) }} {
		t.Run(name, func(t *testing.T) {
			b := startBroker(t, database())
			d := startDesktop(t, "1024x768")
			typed := d.typewriter()
			pad := d.clickPad(700, 500, 200, 150)
			pin := b.newPIN()
			v := startChromium(t, 1400, 1000)
			v.open(b.url + "/view#" + pin)
			v.wantState("waiting")
			v.screenshot("waiting")
			sharing := presentDesktop(t, b, d, pin)
			v.wantState("live  control=yes")
			v.exactWithin(d, stillness)
			v.screenshot("live")

			if urls := eval[string](v, `performance.getEntriesByType('resource').map(e => e.name).join(' ') + document.referrer`); strings.Contains(urls, pin) ||
				!strings.Contains(urls, "viewer/worker.js") {
				t.Errorf("the PIN is in a URL, or nothing was fetched: %s", urls)
			}
			clickAndType(t, d, v, pad, typed)

			if err := xvfb.Resize(d.display, "800x600"); err != nil {
				t.Fatal(err)
			}
			v.exact(d)
			v.wantState("live")
			v.screenshot("resized")
			if err := xvfb.Resize(d.display, "1024x768"); err != nil {
				t.Fatal(err)
			}
			v.exact(d)

			b.prog.signal(killSignal)
			b.prog.wait()
			b.first = b.prog.out
			v.wantState("joining reconnecting")
			v.screenshot("reconnecting")
			d.fill(100, 400, 300, 200, 0x22aa44)
			b.run()
			v.wantState("live  control=yes")
			v.exactWithin(d, stillness)
			before := typed()
			v.click(100, 100)
			v.press("KeyZ", "z", "z", 0)
			eventually(t, "typing after the restart", func() bool { return typed() == before+"z" })

			sharing.signal(os.Interrupt)
			if code := sharing.wait(); code != 0 {
				t.Errorf("the presenter ended with %d", code)
			}
			v.wantState("waiting presenter-left")
			v.screenshot("presenter-left")
			b.call("DELETE", "/api/v1/session?session_pin="+pin, nil)
			v.wantState("ended")
			v.screenshot("ended")
			for _, said := range []string{b.prog.out.String(), b.first.String()} {
				if strings.Contains(said, pin) || !strings.Contains(said, "party joined") {
					t.Error("the broker's log has the PIN, or nothing")
				}
			}
		})
	}
}

// clickAndType holds that clicks land on their pixel and typing gives the meant characters.
func clickAndType(t *testing.T, d *xdesktop, v *page, pad *clickPad, typed func() string) {
	t.Helper()
	for _, at := range [][2]int{{700, 500}, {899, 649}, {753, 561}} {
		v.click(at[0], at[1])
		select {
		case got := <-pad.clicks:
			if got != at {
				t.Errorf("a click on %v landed on %v", at, got)
			}
		case <-time.After(waitLimit):
			t.Fatalf("a click on %v did not arrive", at)
		}
	}
	v.click(100, 100) // the X focus follows the pointer
	want := ""
	for _, step := range []struct {
		name, adds string
		do         func()
	}{
		{"ASCII, Shift", "Hi, you_2! ", func() { v.typeText("Hi, you_2! ") }},
		{"a German layout's keys", "äß", func() { v.press("Quote", "ä", "ä", 0); v.press("Minus", "ß", "ß", 0) }},
		{"AltGr", "€@\\", func() { v.altGr("KeyE", "€"); v.altGr("KeyQ", "@"); v.altGr("Minus", "\\") }},
		{"an input method", "本", func() {
			for _, text := range []string{"ほ", "ほん"} {
				end := int64(len([]rune(text)))
				v.do(command(input.ImeSetComposition, input.ImeSetCompositionParams{Text: text, SelectionStart: end, SelectionEnd: end}))
			}
			v.insert("本")
		}},
		{"an emoji", "😀", func() { v.insert("😀") }},
		{"the whole string", "äß€ 本 😀", func() { v.typeText("äß€ 本 😀") }},
		{"Enter, Tab, Escape, Backspace", "\r\t\x1b\x7f", func() {
			v.press("Enter", "Enter", "\r", 0)
			v.press("Tab", "Tab", "", 0)
			v.press("Escape", "Escape", "", 0)
			v.press("Backspace", "Backspace", "", 0)
		}},
		{"shortcuts", "\x03\x12", func() { shortcut(v, "KeyC", "c"); shortcut(v, "KeyR", "r") }},
	} {
		step.do()
		want += step.adds
		for deadline := time.Now().Add(waitLimit); typed() != want; {
			if time.Now().After(deadline) {
				t.Fatalf("%s: typed %q, arrived %q", step.name, want, typed())
			}
			v.state() // a round trip to the browser
		}
	}
	v.exactWithin(d, stillness)
	v.screenshot("typed")
}

func shortcut(v *page, code, key string) {
	const ctrl = 2 // of DevTools' modifiers
	v.key(input.DispatchKeyEventTypeRawKeyDown, "ControlLeft", "Control", "", ctrl)
	v.press(code, key, "", ctrl)
	v.key(input.DispatchKeyEventTypeKeyUp, "ControlLeft", "Control", "", 0)
}

// TestGrantsSurviveTheBroker kills the broker under a presenter that asks its guest: after
// the restart the guest is not asked again.
func TestGrantsSurviveTheBroker(t *testing.T) {
	b := startBroker(t, "")
	d := startDesktop(t, "640x480")
	d.fill(10, 10, 300, 200, 0xaa5522)
	pin, g := b.newPIN(), newGuest()
	capture, inject, err := platform.Open(context.Background(), platform.Config{Display: d.display, Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { capture.Close(); inject.Close() })
	b.present(pin, presenter.Config{Screen: capture, Input: inject, Guest: g, Consent: presenter.Ask})
	v := startChromium(t, 1000, 800)
	v.open(b.url + "/view#" + pin)
	g.wantQuestion(t.Fatal)
	v.wantState("waiting asking")
	v.screenshot("asking")
	g.answers <- true
	v.wantState("live")
	v.do(clicks("#request"))
	if q := g.wantQuestion(t.Fatal); !q.Control {
		t.Fatalf("the guest was asked %+v", q)
	}
	v.screenshot("asking-for-control")
	g.answers <- true
	v.wantState("live  control=yes")
	v.exactWithin(d, stillness)
	for range 2 {
		b.prog.signal(killSignal)
		b.prog.wait()
		d.fill(200, 100, 200, 200, 0x3344ff)
		b.run()
		v.wantState("live  control=yes")
		v.exactWithin(d, stillness)
	}
	if len(g.asked) > 0 {
		t.Error("the guest was asked again after a restart of the broker")
	}
	v.open("about:blank")
	v.open(b.url + "/view#" + pin)
	v.wantState("live  control=yes")
	if len(g.asked) > 0 {
		t.Error("the guest was asked again after a reload of the page")
	}
}

// TestDeniedViewer shows a technician what a no looks like, and what the third does; that a
// reload does not undo it.
func TestDeniedViewer(t *testing.T) {
	s := startSite(t, nil)
	pin, desk, g := s.newPIN(), newFakeDesktop(320, 200), newGuest()
	s.present(pin, presenter.Config{Screen: desk, Input: desk, Guest: g, Consent: presenter.Ask})
	v := startChromium(t, 1000, 800)
	v.open(s.url + "/view#" + pin)
	for n := range 3 {
		g.wantQuestion(t.Fatal)
		v.wantState("waiting asking") // else the denial that is waited for below may be the one before
		g.answers <- false
		if n == 2 {
			break
		}
		v.wantState("waiting denied")
		v.screenshot("denied")
		v.do(clicks("#panel-actions button"))
	}
	eventually(t, "the page ends", func() bool { st := v.state(); return st[:5] == "ended" || st[:5] == "error" })
	v.screenshot("blocked")
	for range 3 {
		v.open("about:blank")
		v.open(s.url + "/view#" + pin)
		v.wantState("waiting denied")
		if text := v.text(`document.getElementById('panel-text').textContent`); !strings.Contains(text, "not heard") {
			t.Errorf("after a reload the page says %q", text)
		}
	}
	never(t, "the guest is asked again", func() bool { return len(g.asked) > 0 })
	if desk.grabs > 0 {
		t.Error("the screen was captured although nobody was let in")
	}
}

// TestOthersDoNotSlowTheTechnician lets one viewer freeze and another be hidden, and
// compares how soon the technician's page is exact with how soon it was alone.
func TestOthersDoNotSlowTheTechnician(t *testing.T) {
	b := startBroker(t, "")
	d := startDesktop(t, "1024x768")
	pin := b.newPIN()
	presentDesktop(t, b, d, pin)
	v := startChromium(t, 1200, 900)
	v.open(b.url + "/view#" + pin)
	v.wantState("live  control=yes")
	v.exactWithin(d, stillness)
	round := func() time.Duration {
		var all []time.Duration
		for i := range 9 {
			start := time.Now()
			d.fill(50+40*i, 60, 300, 400, uint32(start.UnixNano())&0xffffff)
			v.exactWithin(d, stillness)
			all = append(all, time.Since(start))
		}
		slices.Sort(all)
		return all[len(all)/2]
	}
	alone := round()

	hidden := newTab(v.ctx, t)
	hidden.open(b.url + "/view#" + pin)
	hidden.wantState("live")
	hidden.window(browser.WindowStateMinimized)
	eventually(t, "the page is hidden", func() bool { return hidden.text("document.visibilityState") == "hidden" })
	frozen := b.view(pin, "")
	eventually(t, "the third viewer is live", func() bool { n, _ := frozen.got(); return n > 0 })
	frozen.freeze(true)
	noise := d.noise(t)
	for range 12 { // 4 MB, far more than a frozen viewer may have waiting
		noise(400, 300)
		v.exactWithin(d, 5*time.Second)
	}
	together := round()
	t.Logf("exact after a change, median: %v alone, %v beside a frozen and a hidden viewer", alone, together)
	hidden.window(browser.WindowStateNormal)
	hidden.exact(d) // if it lagged behind the noise it waits for its next keyframe
	frozen.freeze(false)
	start := time.Now()
	late := b.view(pin, "")
	within(t, 2*time.Second, "the late viewer is exact", func() bool { return late.shows(d) })
	t.Logf("the late viewer was exact after %v", time.Since(start).Round(time.Millisecond))
	eventually(t, "the thawed viewer is exact", func() bool { return frozen.shows(d) })
	t.Logf("the thawed viewer was exact after %v", time.Since(start).Round(time.Millisecond))
}
