package e2e

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/browser"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/input"

	"pindesk/internal/presenter"
	"pindesk/internal/wire"
)

// xclip runs the program of that name on the desktop: what it pastes, "" if there is nothing.
func (d *xdesktop) xclip() string {
	d.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	cmd := exec.CommandContext(ctx, "xclip", "-display", d.display, "-selection", "clipboard", "-o")
	out, _ := cmd.Output() // it fails when nobody owns the clipboard
	return string(out)
}

// copies has a program on the desktop copy a text.
func (d *xdesktop) copies(text string) {
	d.t.Helper()
	file := filepath.Join(d.t.TempDir(), "copied")
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		d.t.Fatal(err)
	}
	run(d.t, nil, "xclip", "-display", d.display, "-selection", "clipboard", "-i", "-quiet", file)
	eventually(d.t, "xclip owns the clipboard", func() bool { return d.xclip() == text })
}

// pastepad is an xterm that pastes the clipboard by Shift+Insert, and writes what it gets into a file.
func (d *xdesktop) pastepad() (typed func() string) {
	d.t.Helper()
	file := filepath.Join(d.t.TempDir(), "pasted")
	run(d.t, d.env(), "xterm", "-u8", "-fa", "DejaVu Sans Mono", "-fs", "12", "-geometry", "60x15+20+20", "-xrm", "*selectToClipboard: true", "-e",
		"stty raw -echo; exec tee "+file)
	eventually(d.t, "the xterm runs", func() bool { _, err := os.Stat(file); return err == nil })
	return func() string {
		b, _ := os.ReadFile(file)
		return string(b)
	}
}

// paste presses a shortcut of the browser's own that pastes.
func (p *page) paste(code, key string, vk, modifiers int64) {
	p.t.Helper()
	modifier := "ControlLeft"
	if key == "Insert" {
		modifier = "ShiftLeft"
	}
	name := strings.TrimSuffix(modifier, "Left")
	p.key(input.DispatchKeyEventTypeRawKeyDown, modifier, name, "", modifiers)
	p.do(command(input.DispatchKeyEvent, input.DispatchKeyEventParams{Type: input.DispatchKeyEventTypeRawKeyDown, Code: code, Key: key,
		WindowsVirtualKeyCode: vk, Modifiers: modifiers, Commands: []string{"paste"}}))
	p.key(input.DispatchKeyEventTypeKeyUp, code, key, "", modifiers)
	p.key(input.DispatchKeyEventTypeKeyUp, modifier, name, "", 0)
}

// DevTools' modifiers and the codes of keys that paste.
const (
	withCtrl, withShift = 2, 8
	vkV, vkInsert       = 0x56, 0x2d
)

func (p *page) clipboard() string {
	p.t.Helper()
	return eval[string](p, `navigator.clipboard.readText()`)
}

func (p *page) setClipboard(text string) {
	p.t.Helper()
	eval[bool](p, `navigator.clipboard.writeText(`+strconv.Quote(text)+`).then(() => true)`)
}

// TestClipboard is text between a technician's browser and programs of a real desktop, both ways: of
// 200 kB and in any script, only while it controls, and to nobody else.
func TestClipboard(t *testing.T) {
	s, d := startSite(t, nil), startDesktop(t, "800x600")
	pasted := d.pastepad()
	pin := s.newPIN()
	d.copies("from before control")
	v := startChromium(t, 1200, 900)
	for _, name := range []string{"clipboard-read", "clipboard-write"} {
		v.do(command(browser.SetPermission, browser.SetPermissionParams{Origin: s.url, Permission: &browser.PermissionDescriptor{Name: name}, Setting: browser.PermissionSettingGranted}))
	}
	v.do(command(emulation.SetFocusEmulationEnabled, emulation.SetFocusEmulationEnabledParams{Enabled: true})) // as a window in front
	v.open(s.url + "/view#" + pin)
	run(t, d.env(), filepath.Join(bin, "presenter"), "--broker", s.url, "--pin", pin, "--consent", "control")
	v.wantState("live  control=yes")
	v.setClipboard("the technician's own")
	other := s.view(pin, "")
	eventually(t, "the other sees, and may control", func() bool { return other.me().View && other.me().May })

	unicode := "tab\tand\nline, emoji 👩‍💻, right to left שלום مرحبا, marks e\u0301, 中文"
	long := strings.Repeat("0123456789 ünicode 😀\n", 200<<10/25)
	for _, text := range []string{"short", unicode, long, "short"} {
		d.copies(text)
		eventually(t, fmt.Sprintf("%d bytes on the technician's clipboard", len(text)), func() bool { return v.clipboard() == text })
	}
	v.screenshot("clipboard-copied")

	v.click(100, 100) // into the xterm: the X focus follows the pointer
	for i, text := range []string{"Short.", strings.ReplaceAll(unicode, "\n", ""), long} {
		v.setClipboard(text)
		v.paste("KeyV", "v", vkV, withCtrl)
		eventually(t, "the key of the paste", func() bool { return strings.Count(pasted(), "\x16") == i+1 })
		if got := d.xclip(); got != text { // the key comes behind the text
			t.Fatalf("pasted %d bytes, on the desktop are %d", len(text), len(got))
		}
	}
	before := pasted()
	v.setClipboard("by Shift+Insert: ü 😀")
	v.paste("Insert", "Insert", vkInsert, withShift)
	eventually(t, "the text in the xterm", func() bool { return strings.TrimPrefix(pasted(), before) == "by Shift+Insert: ü 😀" })

	// A key that pastes waits a moment for its text; the keyboard may be gone by then.
	before = pasted()
	eval[bool](v, `(document.getElementById('keys').focus(),
		document.activeElement.dispatchEvent(new KeyboardEvent('keydown', { code: 'KeyV', key: 'v', ctrlKey: true, bubbles: true })),
		window.dispatchEvent(new Event('blur')), new Promise((done) => setTimeout(() => done(true), 200)))`)
	v.press("KeyZ", "z", "z", 0)
	eventually(t, "the next key", func() bool { return strings.HasSuffix(pasted(), "z") })
	if got := strings.TrimPrefix(pasted(), before); got != "z" {
		t.Errorf("typed %.200q", got)
	}
	eventually(t, "nothing is held", func() bool { return len(d.held()) == 0 })

	v.setClipboard(strings.Repeat("x", wire.MaxClipText+1))
	v.paste("KeyV", "v", vkV, withCtrl)
	eventually(t, "it says that this is too long", func() bool {
		return strings.Contains(eval[string](v, `document.body.innerText`), "256 kB")
	})
	v.screenshot("clipboard-too-long")
	if got := d.xclip(); got != "by Shift+Insert: ü 😀" {
		t.Errorf("after a text that is too long %d bytes are on the desktop", len(got))
	}

	// The other takes control over: what the technician has pasted is not there for it, and what is copied
	// from now on is not for the technician.
	v.setClipboard("the technician's own again")
	other.control(wire.Control{Type: wire.TypeAsk, Control: true})
	eventually(t, "the other controls", func() bool { return other.me().Control })
	other.input(0)
	eventually(t, "the technician's text is gone", func() bool { return d.xclip() == "" })
	d.copies("for the other")
	eventually(t, "the text at the other", func() bool { return len(other.copied()) > 0 })
	if got := other.copied(); !slices.Equal(got, []string{"for the other"}) {
		t.Errorf("the other got %.200q", got)
	}
	v.wantState("live  control=no")
	if got := v.clipboard(); got != "the technician's own again" {
		t.Errorf("the technician's clipboard has %.100q", got)
	}
}

// copied is what this viewer was sent of the clipboard.
func (v *goViewer) copied() []string {
	v.mu.Lock()
	defer v.mu.Unlock()
	return slices.Clone(v.clips)
}

// clip sets the presenter's clipboard.
func (v *goViewer) clip(text string) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.seq++
	v.sendLocked(wire.KindClip, v.seq, wire.AppendClip(nil, text))
}

// The guest chooses which way the clipboard is shared.
func TestClipboardOneWayAndOff(t *testing.T) {
	s, d := startSite(t, nil), startDesktop(t, "320x240")
	for _, way := range []string{"in", "off"} {
		pin := s.newPIN()
		sharing := run(t, d.env(), filepath.Join(bin, "presenter"), "--broker", s.url, "--pin", pin, "--consent", "control", "--clipboard", way)
		v := s.view(pin, "")
		eventually(t, "control", func() bool { return v.me().Control })
		d.copies("secret of the guest, " + way)
		v.clip("pasted, " + way)
		if way == "in" {
			eventually(t, "the pasted text", func() bool { return d.xclip() == "pasted, in" })
		}
		v.input(0, wire.Event{Type: wire.EventMove, X: 1, Y: 1})
		v.control(wire.Control{Type: wire.TypeBye}) // all that was before it has been taken
		if code := func() int { sharing.signal(os.Interrupt); return sharing.wait() }(); code != 0 {
			t.Errorf("the presenter ended with %d", code)
		}
		if got := v.copied(); len(got) > 0 {
			t.Errorf("%s: %q was sent", way, got)
		}
		if got := d.xclip(); way == "off" && got != "secret of the guest, off" {
			t.Errorf("off: the desktop has %q", got)
		}
	}
}

// TestControlIsHandedOver: control goes from one technician to another with the guest's yes, back
// without a question, and to the guest when that one wants it; everybody learns why.
func TestControlIsHandedOver(t *testing.T) {
	s, d, g := startSite(t, nil), newFakeDesktop(320, 240), newGuest()
	pin := s.newPIN()
	p := s.present(pin, presenter.Config{Screen: d, Input: d, Guest: g, Consent: presenter.ViewOnly})
	a, b := s.viewAs("Ann", pin, ""), s.viewAs("Ben", pin, "")
	eventually(t, "both see", func() bool { return a.me().View && b.me().View })

	a.control(wire.Control{Type: wire.TypeAsk, Control: true})
	if q := g.wantQuestion(t.Fatal); q.Name != "Ann" || !q.Control || q.Hand {
		t.Errorf("asked %+v", q)
	}
	g.answers <- true
	eventually(t, "Ann controls", func() bool { return a.me().Control && a.me().May })

	b.control(wire.Control{Type: wire.TypeHand, Viewer: b.number}) // forged: dropped
	a.control(wire.Control{Type: wire.TypeHand, Viewer: b.number})
	if q := g.wantQuestion(t.Fatal); q.Name != "Ann" || q.To != "Ben" || !q.Hand {
		t.Errorf("asked %+v", q)
	}
	eventually(t, "Ann sees that the guest is asked, and still controls", func() bool {
		me := a.me()
		return me.Asking == "hand" && me.To == b.number && me.Control
	})
	g.answers <- true
	eventually(t, "Ben controls", func() bool { return b.me().Control })
	eventually(t, "Ann knows that it was handed over", func() bool { me := a.me(); return !me.Control && me.May && me.Why == wire.WhyHanded })
	b.input(0, wire.Event{Type: wire.EventText, Text: "by Ben"})
	eventually(t, "Ben's input", func() bool { return len(d.typed()) == 1 })

	a.control(wire.Control{Type: wire.TypeAsk, Control: true})
	eventually(t, "Ann controls again, without a question", func() bool { return a.me().Control && b.me().Why == wire.WhyTaken })
	if err := p.TakeControl(); err != nil {
		t.Error(err)
	}
	eventually(t, "the guest has control back", func() bool {
		one, two := a.me(), b.me()
		return !one.Control && !one.May && one.View && one.Why == wire.WhyGuest && !two.May
	})
	a.input(0, wire.Event{Type: wire.EventText, Text: "by Ann, too late"})
	if err := p.EndView(b.number); err != nil {
		t.Error(err)
	}
	eventually(t, "Ben sees no more", func() bool { return !b.me().View && b.me().Why == wire.WhyGuest })
	b.control(wire.Control{Type: wire.TypeAsk})
	if q := g.wantQuestion(t.Fatal); q.Name != "Ben" || q.Control {
		t.Errorf("asked %+v", q)
	}
	g.answers <- false
	eventually(t, "Ben is refused", func() bool { b.mu.Lock(); defer b.mu.Unlock(); return len(b.refused) == 1 })
	for _, e := range d.typed() {
		if strings.Contains(e.Text, "too late") {
			t.Error("input after the guest took control back reached the desktop")
		}
	}
}
