package e2e

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"pindesk/internal/e2e/bidi"
)

// firefoxPage is a tab of a real Firefox with a viewer in it.
type firefoxPage struct {
	*bidi.Page
	t *testing.T
}

func (p *firefoxPage) wantState(prefix string) {
	p.t.Helper()
	var got string
	within(p.t, 60*time.Second, "state "+prefix, func() bool {
		got = bidi.Eval[string](p.Page, `(({ dataset: d }) => d.state + " " + d.detail + " control=" + d.control)(document.documentElement)`)
		return strings.HasPrefix(got, prefix)
	})
}

// exact waits until the canvas equals the X screenshot on every pixel.
func (p *firefoxPage) exact(d *xdesktop) {
	p.t.Helper()
	eventually(p.t, "the canvas is exact", func() bool {
		w, h, rgb := d.pixels()
		sum := sha256.Sum256(rgb)
		return bidi.Eval[string](p.Page, canvasDigest) == fmt.Sprintf("%dx%d %s", w, h, hex.EncodeToString(sum[:]))
	})
}

// at returns the page's coordinates of the middle of a picture's pixel.
func (p *firefoxPage) at(x, y int) (float64, float64) {
	p.t.Helper()
	at := bidi.Eval[[2]float64](p.Page, fmt.Sprintf(placeOfPixel, x, y))
	return at[0], at[1]
}

func (p *firefoxPage) screenshot(name string) {
	p.t.Helper()
	if dir := os.Getenv("PINDESK_SHOTS"); dir != "" {
		if err := os.WriteFile(dir+"/"+p.t.Name()+"-"+name+".png", p.Screenshot(), 0o644); err != nil {
			p.t.Error(err)
		}
	}
}

// TestFirefox is the main job in Firefox: join, see every pixel, control, click, type.
func TestFirefox(t *testing.T) {
	b := startBroker(t, "")
	d := startDesktop(t, "1024x768")
	typed := d.typewriter()
	pad := d.clickPad(700, 500, 200, 150)
	pin := b.newPIN()
	v := &firefoxPage{bidi.Start(t).NewPage(1200, 900), t}
	v.Open(b.url + "/view#" + pin)
	v.wantState("waiting no-presenter")
	presentDesktop(t, b, d, pin)
	v.wantState("live  control=yes")
	v.exact(d)
	v.screenshot("live")
	for what, js := range map[string]string{
		"the engine runs in a worker":     `performance.getEntriesByType('resource').some((e) => e.name.endsWith('viewer/worker.js'))`,
		"its pixels are in shared memory": `crossOriginIsolated && typeof SharedArrayBuffer === 'function'`,
	} {
		if !bidi.Eval[bool](v.Page, js) {
			t.Errorf("not so: %s", what)
		}
	}

	for _, want := range [][2]int{{700, 500}, {899, 649}, {753, 561}} {
		v.Click(v.at(want[0], want[1]))
		select {
		case got := <-pad.clicks:
			if got != want {
				t.Errorf("a click on %v landed on %v", want, got)
			}
		case <-time.After(waitLimit):
			t.Fatalf("a click on %v did not arrive", want)
		}
	}
	v.Click(v.at(100, 100)) // the X focus follows the pointer
	text := "Hi, you_2! äß€ñ"
	v.Type(text)
	v.Chord(bidi.Enter)
	v.Chord(bidi.Control, 'c')
	want := text + "\r\x03"
	eventually(t, "typed text arrives", func() bool { return typed() == want })
	v.exact(d)
	v.screenshot("typed")

	firefoxClipboard(t, d, v)

	// The chat, from the page and back to it after a reload.
	v.ClickOn("#chat-button")
	v.Type("works in Firefox")
	v.Chord(bidi.Enter)
	said := func() string {
		return bidi.Eval[string](v.Page, `[...document.querySelectorAll('.line:not([data-unheard]) .text')].map((e) => e.textContent).join('|')`)
	}
	eventually(t, "the line is said", func() bool { return said() == "works in Firefox" })
	if got := typed(); got != want+"\x16" {
		t.Errorf("what is said in the chat was typed into the desktop: %q", got)
	}
	v.Open("about:blank")
	v.Open(b.url + "/view#" + pin)
	v.wantState("live  control=yes")
	v.ClickOn("#chat-button")
	eventually(t, "the chat is there after a reload", func() bool { return said() == "works in Firefox" })
	v.exact(d)
	v.screenshot("chat")
}

// firefoxClipboard pastes into the remote screen, and copies from it.
func firefoxClipboard(t *testing.T, d *xdesktop, v *firefoxPage) {
	t.Helper()
	there := "from here: ✓ äöü"
	bidi.Eval[int](v.Page, fmt.Sprintf(`navigator.clipboard.writeText(%q).then(() => 0)`, there))
	v.Chord(bidi.Control, 'v')
	eventually(t, "what is pasted is on the remote clipboard", func() bool {
		cmd := exec.Command("xclip", "-o", "-selection", "clipboard", "-t", "UTF8_STRING")
		cmd.Env = append(os.Environ(), d.env()...)
		got, _ := cmd.Output() // fails while nobody has it
		return string(got) == there
	})
	here := "from there: ★"
	cmd := exec.Command("xclip", "-i", "-selection", "clipboard")
	cmd.Env = append(os.Environ(), d.env()...)
	cmd.Stdin = strings.NewReader(here)
	if err := cmd.Run(); err != nil {
		t.Fatal(err)
	}
	// Within seconds of a key or a click the page may copy by itself, else by the notice's button.
	eventually(t, "a notice", func() bool {
		return bidi.Eval[bool](v.Page, `(() => { document.querySelector('#notice-clipboard .act')?.click(); return document.getElementById('notice-clipboard-copied') !== null; })()`)
	})
	v.screenshot("clipboard")
	v.ClickOn("#chat-button")
	v.Chord(bidi.Control, 'v')
	eventually(t, "what was copied is on the technician's clipboard", func() bool {
		return bidi.Eval[string](v.Page, `document.getElementById('chat-field').value`) == here
	})
	bidi.Eval[bool](v.Page, `((field) => { field.value = ''; return field.dispatchEvent(new Event('input', {bubbles: true})); })(document.getElementById('chat-field'))`)
	v.ClickOn("#side-close")
}
