package e2e

import (
	"bytes"
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/input"
	cdppage "github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"

	"pindesk/internal/platform"
	"pindesk/internal/presenter"
	"pindesk/internal/programs"
	"pindesk/internal/wire"
)

// guide is a person's computer, and a camera: pictures of the whole screen go to the folder that
// PINDESK_GUIDE names, for docs/guest.md.
type guide struct {
	t     *testing.T
	d     *xdesktop
	hands presenter.Injector // a person's mouse and keyboard
	film  *page              // encodes the pictures
	dir   string
}

// picture keeps what is on the screen, once that is still. A person looks as long, also where nothing is kept: questions
// take no answer in their first half second.
func (g *guide) picture(name string) {
	g.t.Helper()
	w, h, rgb := g.d.pixels()
	for since, limit := time.Now(), time.Now().Add(10*time.Second); time.Since(since) < believes && time.Now().Before(limit); {
		if _, _, now := g.d.pixels(); !bytes.Equal(now, rgb) {
			rgb, since = now, time.Now()
		}
		g.film.state() // a round trip to the browser
	}
	if g.dir == "" {
		return
	}
	img := image.NewNRGBA(image.Rect(0, 0, w, h))
	for i := range w * h {
		img.SetNRGBA(i%w, i/w, color.NRGBA{R: rgb[3*i], G: rgb[3*i+1], B: rgb[3*i+2], A: 255})
	}
	var b bytes.Buffer
	if err := png.Encode(&b, img); err != nil {
		g.t.Fatal(err)
	}
	g.keep(name, b.Bytes())
}

// keep writes a picture as WebP, which only a browser can make here.
func (g *guide) keep(name string, png []byte) {
	g.t.Helper()
	if g.dir == "" {
		return
	}
	if dir := os.Getenv("PINDESK_SHOTS"); dir != "" {
		if err := os.WriteFile(filepath.Join(dir, name+".png"), png, 0o644); err != nil {
			g.t.Fatal(err)
		}
	}
	text := eval[string](g.film, fmt.Sprintf(`(async () => {
		const bytes = Uint8Array.from(atob(%q), (c) => c.charCodeAt(0));
		const bitmap = await createImageBitmap(new Blob([bytes]));
		const c = new OffscreenCanvas(bitmap.width, bitmap.height);
		c.getContext('2d').drawImage(bitmap, 0, 0);
		const made = new Uint8Array(await (await c.convertToBlob({ type: 'image/webp', quality: 0.82 })).arrayBuffer());
		let s = '';
		for (const b of made) s += String.fromCharCode(b);
		return btoa(s); })()`, base64.StdEncoding.EncodeToString(png)))
	made, err := base64.StdEncoding.DecodeString(text)
	if err != nil {
		g.t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(g.dir, name+".webp"), made, 0o644); err != nil {
		g.t.Fatal(err)
	}
}

// press clicks with the real mouse on a place of the screen.
func (g *guide) press(x, y int) {
	g.t.Helper()
	for _, err := range []error{g.hands.Move(x, y), g.hands.Button(wire.ButtonLeft, true), g.hands.Button(wire.ButtonLeft, false)} {
		if err != nil {
			g.t.Fatal(err)
		}
	}
}

// pressOn clicks with the real mouse on an element of a page with a window.
func (g *guide) pressOn(p *page, selector string) {
	g.t.Helper()
	var at []float64
	eventually(g.t, selector+" can be clicked on", func() bool {
		at = eval[[]float64](p, fmt.Sprintf(whereIs, selector))
		return len(at) == 2
	})
	edge := eval[[]float64](p, "[screenX + (outerWidth - innerWidth) / 2, screenY + outerHeight - innerHeight - (outerWidth - innerWidth) / 2]")
	g.press(int(at[0]+edge[0]), int(at[1]+edge[1]))
}

// believes is how long a person looks before answering: questions take no answer in their first
// half second, as it may be meant for what was there before.
const believes = time.Second

// types types on the real keyboard, and ends with Enter.
func (g *guide) types(text string) {
	g.t.Helper()
	enter := func(down bool) error {
		return g.hands.Key(wire.Event{Type: wire.EventKey, Down: down, Code: "Enter", Text: "Enter"})
	}
	if err := errors.Join(g.hands.Text(text), enter(true), enter(false)); err != nil {
		g.t.Fatal(err)
	}
}

// choose answers the browser's own dialog as the page says: the picture of the screen, then Share. No
// protocol knows of that dialog, so these are its places in a window at guideX, guideY of this size.
func (g *guide) choose(p *page) {
	g.t.Helper()
	tick := time.NewTicker(believes)
	defer tick.Stop()
	for range 20 {
		<-tick.C
		if p.text("document.documentElement.dataset.state") != "picking" {
			return
		}
		g.press(guideX+365, guideY+308)
		<-tick.C
		g.press(guideX+743, guideY+580)
	}
	g.picture("stuck")
	g.t.Fatal("the browser's dialog does not end")
}

const (
	guideX, guideY          = 300, 60
	guideWidth, guideHeight = 1000, 780
)

// TestGuestGuide does what docs/guest.md tells a guest to do, with mouse and keyboard on a real desktop
// and in the browser's own dialog, and makes its pictures (make guide). The dialog's places are
// those of one version of Chromium, so it is no part of make test.
func TestGuestGuide(t *testing.T) {
	if os.Getenv("PINDESK_GUIDE") == "" && os.Getenv("PINDESK_LONG") == "" {
		t.Skip("clicks at places of one Chromium's own dialog; PINDESK_LONG=1 runs it, make guide makes its pictures")
	}
	b := startBroker(t, "", "--programs", released(t, "127.0.0.1:*"))
	d := believable(t)
	home := homeWithDownloads(t)
	_, hands, err := platform.Open(context.Background(), platform.Config{Display: d.display, Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { hands.Close() })
	v := startChromium(t, 1200, 900)
	g := &guide{t: t, d: d, hands: hands, film: v.profile(t), dir: os.Getenv("PINDESK_GUIDE")}
	pin := b.newPIN()
	v.open(b.url + "/")
	eval[bool](v, `import('/static/shared/stored.js').then((m) => (m.saveName('Sofia (support)'), true))`)
	v.open(b.url + "/view#" + pin)
	v.wantState("waiting no-presenter")

	p := startGuided(t, d, home)
	p.open(b.url + "/#" + pin) // the guest_url
	p.wantHelp("start")
	p.until("somebody waits", "document.querySelector('.pin-card [role=status]').textContent.includes('One person')")
	g.picture("1-link")
	g.pressOn(p, "#share")
	p.wantHelp("picking")
	<-time.After(2 * believes) // its picture of the screen comes late, and never rests
	g.picture("2-dialog")
	g.choose(p)
	p.wantHelp("sharing asked")
	p.until("answers count", "!document.querySelector('#allow').ariaDisabled")
	g.picture("3-question")
	g.pressOn(p, "#allow")
	p.wantHelp("sharing watched")
	v.wantState("live")
	v.do(clicks("#chat-button"))
	v.insert("Hello Anna, I see your letter. Is this the one you mean?")
	v.press("Enter", "Enter", "\r", 0)
	p.until("the line has come", "document.querySelector('.line .text')")
	v.points(input.DispatchMouseEventTypeMousePressed, 150, 120)
	p.until("the place is shown", "document.querySelector('.point')")
	g.picture("4-watched")
	v.points(input.DispatchMouseEventTypeMouseReleased, 150, 120)

	// Up to the program.
	g.pressOn(p, "#download")
	eventually(t, "the program is downloaded", func() bool {
		files, err := filepath.Glob(filepath.Join(home, "Downloads", "PinDesk_"+pin+"_*.bin"))
		return err == nil && len(files) == 1
	})
	g.pressOn(p, "#copy")
	p.until("it is copied", "document.querySelector('#notice-copied')")
	g.picture("5-helper")
	before := d.colour(guideX+600, guideY+700)
	terminal := run(t, append(d.env(), "HOME="+home, "PATH="+bin+":"+os.Getenv("PATH"), "PS1=anna@laptop:~$ "), "xterm", "-u8", "-T", "Terminal", "-geometry", "96x16+560+560",
		"-fa", "DejaVu Sans Mono", "-fs", "12", "-fg", "#dfe7f1", "-bg", "#10151c", "-b", "14", "-e", "bash --norc --noprofile")
	defer terminal.signal(os.Interrupt)
	command := d.clipboard()
	if !strings.Contains(command, "PINDESK_HANDOVER=") {
		t.Fatalf("copied: %q", command)
	}
	eventually(t, "the terminal is there", func() bool { return !bytes.Equal(before, d.colour(guideX+600, guideY+700)) })
	g.press(guideX+700, guideY+760)
	g.types(command)
	p.wantHelp("ended moved")
	v.until("control is offered", "document.getElementById('request')")
	v.do(clicks("#request"))
	v.until("it is asked for", "document.getElementById('request').textContent.includes('Asking')")
	g.picture("6-control")
	g.press(guideX+700, guideY+760)
	g.types("y")
	v.until("it controls", "document.documentElement.dataset.control === 'yes'")

	// And back: sharing here again ends the program.
	g.press(guideX+400, guideY+20)
	p.until("the page says who controls", "document.querySelector('#controlling')?.textContent.includes('Sofia')")
	g.picture("7-moved")
	g.pressOn(p, "#share")
	g.choose(p)
	p.wantHelp("sharing watched") // nobody is asked again
	v.until("control has ended", "document.documentElement.dataset.state === 'live' && document.documentElement.dataset.control === 'no'")
	g.pressOn(p, "#stop")
	p.wantHelp("ended stopped")
	g.picture("8-record")
	g.elsewhere(b.url, pin, v)
}

// released makes an operator's folder with presenters for Linux and Windows that were made for some brokers,
// as make release does.
func released(t *testing.T, brokers string) (dir string) {
	t.Helper()
	dir = t.TempDir()
	for _, made := range []struct{ os, arch, name string }{{"linux", runtime.GOARCH, "presenter-linux-" + runtime.GOARCH}, {"windows", "amd64", "presenter-windows-amd64.exe"}} {
		build := exec.Command("go", "build", "-trimpath", "-ldflags", "-s -w -X main.version=1.0.0 -X main.brokers="+brokers, "-o", filepath.Join(dir, made.name), "pindesk/cmd/presenter")
		build.Env = append(os.Environ(), "CGO_ENABLED=0", "GOOS="+made.os, "GOARCH="+made.arch)
		if out, err := build.CombinedOutput(); err != nil {
			t.Fatalf("%v\n%s", err, out)
		}
	}
	if err := os.WriteFile(filepath.Join(dir, programs.BrokersFile), []byte(brokers+"\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	return dir
}

// homeWithDownloads is a home as desktops make it: with a folder that browsers and xdg-user-dir know.
func homeWithDownloads(t *testing.T) (home string) {
	t.Helper()
	home = t.TempDir()
	for _, err := range []error{
		os.Mkdir(filepath.Join(home, "Downloads"), 0o755), os.Mkdir(filepath.Join(home, ".config"), 0o755),
		os.WriteFile(filepath.Join(home, ".config", "user-dirs.dirs"), []byte(`XDG_DOWNLOAD_DIR="$HOME/Downloads"`+"\n"), 0o644),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
	return home
}

// startGuided runs a browser as people have it, without a word of it being driven.
func startGuided(t *testing.T, d *xdesktop, home string) *page {
	t.Helper()
	opts := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.NoSandbox, chromedp.DisableGPU, chromedp.Flag("headless", false),
		chromedp.Flag("enable-automation", false), chromedp.Flag("test-type", true), chromedp.Flag("hide-scrollbars", false), chromedp.Flag("lang", "en-GB"),
		chromedp.Flag("disable-component-update", true), chromedp.WindowSize(guideWidth, guideHeight), chromedp.Flag("window-position", fmt.Sprintf("%d,%d", guideX, guideY)),
		chromedp.Env(append(append(os.Environ(), d.env()...), "HOME="+home)...), chromedp.WSURLReadTimeout(time.Minute))
	if path := os.Getenv("CHROME"); path != "" {
		opts = append(opts, chromedp.ExecPath(path))
	}
	alloc, cancel := chromedp.NewExecAllocator(context.Background(), opts...)
	t.Cleanup(cancel)
	return newTab(alloc, t)
}

// colour is that of one place of the screen.
func (d *xdesktop) colour(x, y int) []byte {
	d.t.Helper()
	w, _, rgb := d.pixels()
	return rgb[3*(y*w+x):][:3]
}

// clipboard is what was copied on the desktop.
func (d *xdesktop) clipboard() (text string) {
	d.t.Helper()
	eventually(d.t, "something is copied", func() bool {
		cmd := exec.Command("xclip", "-o", "-selection", "clipboard", "-t", "UTF8_STRING")
		cmd.Env = append(os.Environ(), d.env()...)
		got, _ := cmd.Output() // fails while nobody has it
		text = string(got)
		return text != ""
	})
	return text
}

// elsewhere is what the page says where a browser or system cannot, on small screens.
func (g *guide) elsewhere(url, pin string, v *page) {
	g.t.Helper()
	const noCapture = "delete MediaDevices.prototype.getDisplayMedia"
	for _, e := range []struct {
		name, agent, script string
		rendering
	}{
		{"phone", "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X)", noCapture, narrow.in("light")},
		{"phone-dark", "Mozilla/5.0 (Linux; Android 15; Pixel 9)", noCapture, narrow.in("dark")},
		{"mac", "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7)", "", rendering{width: 900, height: 900, ratio: 1, scheme: "light"}},
		{"windows", "Mozilla/5.0 (Windows NT 10.0; Win64; x64)", "", rendering{width: 900, height: 900, ratio: 1, scheme: "light"}},
		{"linux-dark", "Mozilla/5.0 (X11; Linux x86_64)", "", rendering{width: 900, height: 900, ratio: 1, scheme: "dark"}},
		{"insecure", "Mozilla/5.0 (Windows NT 10.0; Win64; x64)", noCapture + "; Object.defineProperty(window, 'isSecureContext', {value: false})", narrow.in("light")},
	} {
		p := v.profile(g.t)
		p.do(command(emulation.SetUserAgentOverride, emulation.SetUserAgentOverrideParams{UserAgent: e.agent, AcceptLanguage: "en-GB", UserAgentMetadata: &emulation.UserAgentMetadata{}}),
			chromedp.Func(func(ctx context.Context, t *chromedp.Target) error {
				_, err := cdp.Call(ctx, t, cdppage.AddScriptToEvaluateOnNewDocument, cdppage.AddScriptToEvaluateOnNewDocumentParams{Source: e.script})
				return err
			}))
		e.touch = false // no scroll bars of a phone
		p.render(e.rendering)
		p.open(url + "/help#" + pin)
		p.wantHelp("start")
		p.until("it is all there", "document.querySelector('.pin-card [role=status]').textContent")
		var png []byte
		p.limited(func(ctx context.Context) (err error) {
			png, err = chromedp.Run(ctx, chromedp.FullScreenshot(100))
			return err
		})
		g.keep(e.name, png)
	}
}
