//go:build linux

package x11

import (
	"context"
	"errors"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/jezek/xgb/xproto"

	"pindesk/internal/platform/xvfb"
	"pindesk/internal/window"
)

// nothing is a guest whose presses bring nothing about.
type nothing struct{}

func (nothing) Stop()                         {}
func (nothing) Quit()                         {}
func (nothing) Begin(bool)                    {}
func (nothing) TakeControl()                  {}
func (nothing) EndView(uint16)                {}
func (nothing) Say(string) error              { return errors.New("there is no connection yet") }
func (nothing) SendFile(string, uint16) error { return nil }
func (nothing) CancelFiles()                  {}

// views are what the window can show, with names as long as the presenter lets them be.
func views() map[string]func(ctx context.Context, m *window.Model) {
	long, wide := "Bartholomäus von Hohenstaufen-Wittelsbac", strings.Repeat("W", 40)
	people := []window.Watcher{{Viewer: 1, Name: long, View: true, Control: true, May: true}, {Viewer: 2, Name: "Eve", Twin: true, View: true}, {Viewer: 3, Name: wide, View: true, May: true}, {Viewer: 4}}
	ask := func(q window.Question) func(context.Context, *window.Model) {
		return func(ctx context.Context, m *window.Model) {
			m.Connected()
			go m.Ask(ctx, q)
		}
	}
	all := map[string]func(ctx context.Context, m *window.Model){
		"connecting": func(context.Context, *window.Model) {},
		"pin":        func(ctx context.Context, m *window.Model) { go m.Enter(ctx, window.PIN, false) },
		"pin-wrong":  func(ctx context.Context, m *window.Model) { go m.Enter(ctx, window.PIN, true) },
		"address":    func(ctx context.Context, m *window.Model) { go m.Enter(ctx, window.Address, false) },
		"waiting":    func(_ context.Context, m *window.Model) { m.Connected() },
		"ask-view":   ask(window.Question{Name: long}),
		"ask-nobody": ask(window.Question{Twin: true}),
		"ask-wide":   ask(window.Question{Name: wide, Control: true, Clip: "both", Twin: true}),
		"ask-hand":   ask(window.Question{Name: "Ann", To: long, ToTwin: true, Hand: true, Control: true, Clip: "in"}),
		"ask-file":   ask(window.Question{Name: "Ann", File: &window.File{Name: strings.Repeat("report-2026_", 12) + ".exe", Size: "12.4 MB", Folder: "/home/ann/Downloads", Program: true}}),
		"ask-give":   ask(window.Question{Name: "Ann", File: &window.File{Give: true}}),
		"ask-broker": ask(window.Question{Broker: "a-rather-long-name.of-some.department.example.com:8443"}),
		"shared": func(_ context.Context, m *window.Model) {
			m.Connected()
			m.Verified("Acme Support GmbH & Co. KG")
			m.People(people)
			m.Heard("Ann", "Guten Tag! Was sehen Sie? "+strings.Repeat("Das steht da. ", 12), false)
			m.Heard("שלום", "日本語 ✓ אבג", true)
			m.Said("OK")
		},
		"shared-one": func(_ context.Context, m *window.Model) {
			m.Connected()
			m.People(people[1:2])
			m.Edit(window.ChatText, "Hallo")
		},
		"files": func(_ context.Context, m *window.Model) {
			m.Connected()
			m.People(people)
			m.Press(window.Files)
		},
		"lost": func(_ context.Context, m *window.Model) {
			m.Connected()
			m.Lost(window.Certificate, "x509: certificate signed by unknown authority", 5*time.Second)
		},
	}
	for _, how := range window.Endings() {
		all["over-"+string(how)] = func(_ context.Context, m *window.Model) {
			m.Over(how, "the broker says: 403 Forbidden ("+strings.Repeat("x", 120)+")")
		}
	}
	return all
}

// Every view, in every language, with the fonts of this system: nothing lies on anything else or outside of the
// window, no word is cut, and a small screen is high enough. PINDESK_LONG does it at 150 % and 200 %, too;
// PINDESK_SHOTS keeps pictures.
func TestEveryView(t *testing.T) {
	display := xvfb.Start(t, "1100x3200")
	p := newProgram(t, display)
	scales := []int{96}
	if os.Getenv("PINDESK_LONG") != "" {
		scales = []int{96, 144, 192}
	}
	for _, dpi := range scales {
		text := fmt.Sprintf("Xft.antialias:\t1\nXft.dpi:\t%d\n", dpi)
		xproto.ChangeProperty(p.x, xproto.PropModeReplace, p.root, xproto.AtomResourceManager, xproto.AtomString, 8, uint32(len(text)), []byte(text))
		p.x.Sync()
		for _, lang := range []string{"en", "de"} {
			w, err := OpenWindow(t.Context(), display, window.New(window.Options{Texts: window.LoadTexts(lang), Do: nothing{}}), slog.New(slog.DiscardHandler))
			if err != nil {
				t.Fatal(err)
			}
			if want := float64(dpi) / 96; w.scale != want {
				t.Fatalf("the scale is %v, want %v", w.scale, want)
			}
			for name, show := range views() {
				ctx, cancel := context.WithCancel(t.Context())
				m := window.New(window.Options{Texts: window.LoadTexts(lang), Do: nothing{}, Sendable: func(string) error { return nil }})
				m.Session("help.example.com", "7W2-97-8570")
				m.PanicKeys("Ctrl+Alt+Esc")
				w.model, w.hands = m, window.Hands{Model: m}
				w.c.screen.HeightInPixels = uint16(w.px(768)) // as on a small laptop
				w.fill(p)
				show(ctx, m)
				if strings.HasPrefix(name, "ask") || name == "address" || strings.HasPrefix(name, "pin") {
					until(t, "the view "+name, func() bool { return m.Scene().Enter != "" && m.Scene().Enter != window.ChatSend })
				}
				w.refresh()
				checkView(t, w, fmt.Sprintf("%s-%s-%d", name, lang, dpi))
				keepView(t, w, fmt.Sprintf("x11-%s-%s-%d", name, lang, dpi))
				cancel()
			}
			w.Close()
		}
	}
}

// fill clears the desktop, so that pictures show what a view draws.
func (w *Window) fill(p *program) {
	p.x.Sync()
	xproto.ClearArea(p.x, false, p.root, 0, 0, 0, 0)
}

func checkView(t *testing.T, w *Window, name string) {
	t.Helper()
	m := measure{w}
	if w.main.h > w.px(768) {
		t.Errorf("%s: %d high", name, w.main.h)
	}
	for i, p := range w.main.placed {
		if !p.At.In(image.Rect(0, 0, w.main.w, w.main.h)) || p.At.Empty() {
			t.Errorf("%s: %q is at %v of %dx%d", name, p.Text, p.At, w.main.w, w.main.h)
		}
		if p.Kind == window.Button && m.Width(window.Button, p.Text) > p.At.Dx()-w.px(8) {
			t.Errorf("%s: the button %q is cut", name, p.Text)
		}
		if !p.Over.Empty() && m.Width(window.Small, p.Label) > p.Over.Dx() {
			t.Errorf("%s: the label %q is cut", name, p.Label)
		}
		for _, line := range p.Lines {
			if m.Width(p.Kind, line) > p.At.Dx() {
				t.Errorf("%s: the line %q is cut", name, line)
			}
		}
		for _, o := range w.main.placed[:i] {
			if p.At.Overlaps(o.At) || p.Over.Overlaps(o.At) || p.At.Overlaps(o.Over) {
				t.Errorf("%s: %q at %v lies on %q at %v", name, p.Text, p.At, o.Text, o.At)
			}
		}
	}
	if s := w.c.screen; w.banner.on && (w.banner.x < 0 || w.banner.x+w.banner.w > int(s.WidthInPixels)) {
		t.Errorf("%s: the banner is %d wide at %d", name, w.banner.w, w.banner.x)
	}
}

// keepView keeps a picture of the desktop where PINDESK_SHOTS says.
func keepView(t *testing.T, w *Window, name string) {
	dir := os.Getenv("PINDESK_SHOTS")
	if dir == "" {
		return
	}
	for what, p := range map[string]*pane{"": &w.main, "-banner": &w.banner} {
		if p == &w.banner && !p.on {
			continue
		}
		r, err := xproto.GetImage(w.c.x, xproto.ImageFormatZPixmap, xproto.Drawable(p.id), 0, 0, uint16(p.w), uint16(p.h), ^uint32(0)).Reply()
		if err != nil {
			t.Errorf("%s%s: %v", name, what, err) // higher than the desktop
			continue
		}
		img := image.NewRGBA(image.Rect(0, 0, p.w, p.h))
		for i := range p.w * p.h {
			img.SetRGBA(i%p.w, i/p.w, color.RGBA{r.Data[4*i+2], r.Data[4*i+1], r.Data[4*i], 255})
		}
		f, err := os.Create(filepath.Join(dir, name+what+".png"))
		if err != nil {
			t.Fatal(err)
		}
		if err := png.Encode(f, img); err != nil {
			t.Error(err)
		}
		f.Close()
	}
}
