package e2e

import (
	"context"
	"fmt"
	"html"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/browser"
	"github.com/chromedp/cdproto/input"
	cdppage "github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"
	"github.com/jezek/xgb/xproto"

	"pindesk/internal/brand"
	"pindesk/internal/broker"
	"pindesk/internal/platform"
	"pindesk/internal/presenter"
	"pindesk/internal/transfer"
)

// guestSite is a session with a guest's page in a browser with windows, on the desktop that it shares, and a
// technician's page in another browser. Both pages have a gate of their own on their way to the broker.
type guestSite struct {
	*site
	t      *testing.T
	pin    string
	public *gate // the broker's public address: the guest's way
	way    *gate // the technician's
	d      *xdesktop
	g, v   *page
}

func newGuestSite(t *testing.T, edit func(*broker.Config)) *guestSite {
	t.Helper()
	w := &guestSite{t: t, public: newGate(t), way: newGate(t), d: startDesktop(t, "1280x800")}
	listen := "127.0.0.1:" + freePort(t)
	w.site = startSite(t, func(c *broker.Config) {
		c.Listen, c.PublicURL = listen, w.public.url
		if edit != nil {
			edit(c)
		}
	})
	w.url = "http://" + listen
	w.public.through(w.url, w.public.url)
	w.way.through(w.url, w.public.url)
	w.pin = w.newPIN()
	w.d.managed()
	w.d.fill(0, 0, 1280, 800, backdrop)
	w.g = startHeadful(t, w.d, "Entire screen", chromedp.WindowSize(720, 790), chromedp.Flag("window-position", "0,0"))
	w.v = startChromium(t, 1500, 1000)
	return w
}

// backdrop is the colour of the desktop beside the browser's window.
const backdrop = 0x336699

// help opens the guest's page, and view the technician's.
func (w *guestSite) help() { w.t.Helper(); w.g.open(w.public.url + "/help#" + w.pin) }
func (w *guestSite) view() { w.t.Helper(); w.v.open(w.way.url + "/view#" + w.pin) }

// says has the guest answer the question on their page.
func (w *guestSite) says(button string) {
	w.t.Helper()
	w.g.until("answers count", "document.querySelector('"+button+"').ariaDisabled === null")
	w.g.do(clicks(button))
}

// program shares the same desktop by the native presenter; with what the page gave it, if that is not "".
func (w *guestSite) program(handover string, g *guest) *sharing {
	w.t.Helper()
	capture, inject, err := platform.Open(context.Background(), platform.Config{Display: w.d.display, Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		w.t.Fatal(err)
	}
	w.t.Cleanup(func() { capture.Close(); inject.Close() })
	return w.present(w.pin, presenter.Config{Name: "the program", Screen: capture, Input: inject, Consent: presenter.Ask, Guest: g, Handover: handover,
		Files: transfer.Config{Policy: transfer.Both, Folder: transfer.Dir(w.t.TempDir())}})
}

// handover copies the page's command, as a person would, and takes the secret out of it.
func (w *guestSite) handover() string {
	w.t.Helper()
	w.g.do(clicks("#copy"))
	var secret string
	eventually(w.t, "the command with the secret is copied", func() bool { // in place of one without that was copied before
		copied := exec.Command("xclip", "-o", "-selection", "clipboard")
		copied.Env = append(os.Environ(), w.d.env()...)
		out, err := copied.Output() // an error: nothing is copied yet
		_, after, _ := strings.Cut(string(out), "PINDESK_HANDOVER=")
		secret, _, _ = strings.Cut(after, " ")
		return err == nil && secret != "" && strings.Contains(string(out), w.pin)
	})
	if shown := w.g.text("document.documentElement.textContent"); strings.Contains(shown, secret) {
		w.t.Error("the secret is on the screen that is shared")
	}
	return secret
}

// controls has the technician ask for control, and the program's guest allow it.
func (w *guestSite) controls(g *guest) {
	w.t.Helper()
	w.v.until("control is offered", `document.documentElement.dataset.state === 'live' && document.getElementById('request')`)
	w.v.clickByScript("request")
	if q := g.wantQuestion(w.t.Fatal); !q.Control {
		w.t.Errorf("asked %+v", q)
	}
	g.answers <- true
	w.v.until("it controls", `document.documentElement.dataset.control === 'yes'`)
}

// unmoved holds that the technician's page was never loaded anew and has had one socket only.
func (w *guestSite) unmoved(sockets int) {
	w.t.Helper()
	if n := w.way.sockets(); n != sockets || !eval[bool](w.v, "self.stayed === true") {
		w.t.Errorf("the technician's page has opened %d sockets, want %d, or was loaded anew", n, sockets)
	}
}

// TestGuestsWay goes the whole way of a session that begins in the guest's browser: through a network that
// is gone for a while, through the sleep of the computer, with somebody who points, to the program and back,
// to what is left to keep. The technician's page stays on its one socket all the time.
func TestGuestsWay(t *testing.T) {
	operator := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, _ *http.Request) { _, _ = rw.Write([]byte("reports are read here")) }))
	defer operator.Close()
	w := newGuestSite(t, func(c *broker.Config) {
		b, err := brand.New(brand.Settings{Abuse: operator.URL + "/abuse"})
		if err != nil {
			t.Fatal(err)
		}
		c.Brand = b
	})
	g, v, d := w.g, w.v, w.d
	v.open(w.way.url + "/")
	eval[bool](v, `localStorage.setItem('pindesk.name', 'Sofia'), true`)
	w.view()
	eval[bool](v, `self.stayed = true`)
	w.help()
	g.wantHelp("start")
	g.do(clicks("#share"))
	g.wantHelp("sharing asked")
	w.says("#allow")
	g.wantHelp("sharing watched")
	v.wantState("live")
	v.exactly(g, 20*time.Second)

	// Somebody with a name that tries to be more than that looks for a while.
	const hostile = `</li><img src=x onerror=alert(1)>"&amp;`
	stranger := w.viewAs(hostile, w.pin, "")
	g.wantHelp("sharing asked")
	w.says("#allow")
	eventually(t, "the second one sees", func() bool { return stranger.me().View })
	g.do(clicks(fmt.Sprintf(`li[data-viewer="%d"] .revoke`, stranger.me().Viewer)))
	eventually(t, "it sees no more", func() bool { return !stranger.me().View })

	w.pointsAt(1000, 400)

	// The network goes, and comes back.
	w.public.cut()
	g.wantHelp("sharing reconnecting")
	v.wantState("waiting presenter-away")
	d.fill(800, 100, 200, 100, 0x22aa44)
	w.public.letAgain()
	g.wantHelp("sharing watched") // and nobody was asked
	v.wantState("live")
	v.exactly(g, 20*time.Second)

	// The computer sleeps: its pages stand still, and its network is gone.
	eval[bool](g, `self.slept = 0, document.addEventListener('freeze', () => { self.slept++; }), true`)
	g.lifecycle("frozen")
	w.public.cut()
	v.wantState("waiting presenter-away")
	d.fill(800, 300, 200, 100, 0xaa2244)
	if os.Getenv("PINDESK_LONG") != "" { // longer than a grant outlives its viewer
		<-time.After(70 * time.Second)
	}
	w.public.letAgain()
	g.lifecycle("active")
	g.wantHelp("sharing watched")
	v.wantState("live")
	v.exactly(g, 20*time.Second)
	// Chromium hides what it freezes, so that the page has woken hidden; now its window is looked at again.
	eventually(t, "the page is seen", func() bool {
		g.window(browser.WindowStateMinimized)
		g.window(browser.WindowStateNormal)
		return !eval[bool](g, "document.hidden")
	})
	if n := eval[int](g, "self.slept"); n != 1 {
		t.Errorf("the page has slept %d times: this proves nothing", n)
	}
	w.unmoved(1)

	// To the program, and control. Those who see stay, and nobody is asked again.
	guest := newGuest()
	program := w.program(w.handover(), guest)
	g.wantHelp("ended moved")
	v.exact(d)
	if len(guest.asked) > 0 {
		t.Error("the guest was asked again")
	}
	w.controls(guest)
	x, y := v.at(1100, 20)
	v.do(command(input.DispatchMouseEvent, input.DispatchMouseEventParams{Type: input.DispatchMouseEventTypeMouseMoved, X: x, Y: y}))
	eventually(t, "the pointer follows", func() bool {
		p, err := xproto.QueryPointer(d.c, d.root).Reply()
		return err == nil && p.RootX == 1100 && p.RootY == 20
	})
	g.until("the page says who watches and who controls", `document.querySelector('#watching')?.textContent.includes('Sofia') && document.querySelector('#controlling').textContent.includes('Sofia')`)
	w.sendsFile(guest)
	g.screenshot("moved")
	w.unmoved(1)

	// The program leaves: the page notices, and shares again.
	if err := program.stop(); err != nil {
		t.Error(err)
	}
	v.wantState("waiting presenter-left")
	g.wantHelp("ended left")
	g.screenshot("left")
	g.do(clicks("#share"))
	g.wantHelp("sharing watched")
	v.until("it sees on, and controls no more", `document.documentElement.dataset.state === 'live' && document.documentElement.dataset.control === 'no' &&
		!document.getElementById('request') && document.getElementById('point')`)
	v.exactly(g, 20*time.Second)
	w.unmoved(1)

	g.do(clicks("#stop"))
	g.wantHelp("ended stopped")
	v.wantState("waiting presenter-left")
	w.kept(hostile, operator.URL+"/abuse")
	w.unmoved(1)
}

// sendsFile has the technician send a file to the program's guest, who takes it.
func (w *guestSite) sendsFile(g *guest) {
	w.t.Helper()
	path := filepath.Join(w.t.TempDir(), "report <1>.txt")
	if err := os.WriteFile(path, []byte("four thousand"), 0o600); err != nil {
		w.t.Fatal(err)
	}
	w.v.clickByScript("files-button")
	w.v.until("files can be chosen", "document.getElementById('files-choose')")
	w.v.do(chromedp.SetUploadFiles("#files-choose", []string{path}))
	g.wantQuestion(w.t.Fatal)
	g.answers <- true
	w.g.until("the page knows of the file", "document.querySelector('.ended dl').textContent.includes('report ')")
}

// lifecycle freezes the page as a sleeping computer does, or wakes it ("active").
func (p *page) lifecycle(state cdppage.SetWebLifecycleStateState) {
	p.t.Helper()
	p.do(command(cdppage.SetWebLifecycleState, cdppage.SetWebLifecycleStateParams{State: state}))
}

// pointsAt has the technician point at a pixel where the desktop is bare, and holds that the guest is shown
// that place: in the page's picture, and as a dot on the real screen.
func (w *guestSite) pointsAt(x, y int) {
	w.t.Helper()
	w.v.points(input.DispatchMouseEventTypeMousePressed, x, y)
	w.g.until("the page shows the place", fmt.Sprintf(`(() => { const c = document.querySelector('.point circle'); return c.cx.baseVal.value === %d && c.cy.baseVal.value === %d; })()`, x, y))
	if name := w.g.text("document.querySelector('.point text').textContent"); name != "Sofia" {
		w.t.Errorf("%q points", name)
	}
	// Where that is for a person: the middle of the dot, in pixels of the picture behind it, which keeps its shape.
	at := eval[[2]float64](w.g, `(() => {
		document.querySelector('.frame').scrollIntoView({block: 'center'});
		const v = document.querySelector('.frame video'), f = v.getBoundingClientRect(), c = document.querySelector('.point circle').getBoundingClientRect();
		const scale = Math.min(f.width / v.videoWidth, f.height / v.videoHeight);
		return [c.left + c.width / 2 - f.left - (f.width - v.videoWidth * scale) / 2, c.top + c.height / 2 - f.top - (f.height - v.videoHeight * scale) / 2].map((n) => n / scale);
	})()`)
	if dx, dy := at[0]-float64(x), at[1]-float64(y); dx*dx+dy*dy > 9 {
		w.t.Errorf("a place at %d,%d is shown at %v", x, y, at)
	}
	// On the screen: the dot's colour (255 40 40, 55 %) over the backdrop.
	want := [3]int{255*55/100 + 0x33*45/100, 40*55/100 + 0x66*45/100, 40*55/100 + 0x99*45/100}
	var got [3]int
	eventually(w.t, "the dot is on the screen", func() bool {
		w.v.points(input.DispatchMouseEventTypeMouseMoved, x, y) // it goes on pointing
		cx, cy := w.onScreen(".point circle")
		width, _, rgb := w.d.pixels()
		i := 3 * (cy*width + cx)
		got = [3]int{int(rgb[i]), int(rgb[i+1]), int(rgb[i+2])}
		far := 0
		for c := range got {
			far = max(far, got[c]-want[c], want[c]-got[c])
		}
		return far <= 12
	})
	w.g.screenshot("pointing")
	w.v.points(input.DispatchMouseEventTypeMouseReleased, x, y)
	w.g.until("it goes", "!document.querySelector('.point')")
}

// onScreen is where on the desktop the middle of an element of the guest's page is, scrolled into view.
func (w *guestSite) onScreen(selector string) (x, y int) {
	w.t.Helper()
	at := eval[[2]float64](w.g, fmt.Sprintf(`(() => {
		const e = document.querySelector(%q);
		if (!(e instanceof SVGElement)) e.scrollIntoView({ block: 'center' });
		const r = e.getBoundingClientRect(), side = (outerWidth - innerWidth) / 2;
		return [screenX + side + r.left + r.width / 2, screenY + outerHeight - innerHeight - side + r.top + r.height / 2];
	})()`, selector))
	return int(at[0]), int(at[1])
}

// kept saves what was done, and holds what is in the file: who, when, control, files, and where to turn to.
func (w *guestSite) kept(hostile, abuse string) {
	w.t.Helper()
	dir := w.g.downloads()
	w.g.clickByScript("save") // its place moves while the page learns the last of what was done
	file := savedFile(w.t, dir, ".html")
	for _, want := range []string{"Sofia", "Session " + w.pin, abuse, "report _1_.txt", "to this computer"} {
		if !strings.Contains(html.UnescapeString(file), want) {
			w.t.Errorf("the saved page does not say %q", want)
		}
	}
	if strings.Contains(file, "<img") || strings.Contains(file, "<script") {
		w.t.Error("the saved page has what a viewer called itself as a part of it")
	}
	saved := newTab(w.v.ctx, w.t)
	saved.do(chromedp.Navigate("about:blank"))
	saved.limited(func(ctx context.Context) error {
		_, err := chromedp.Run(ctx, chromedp.Evaluate[bool](fmt.Sprintf(`(document.open(), document.write(%q), document.close(), true)`, file)))
		return err
	})
	lists := eval[[]string](saved, `[...document.querySelectorAll('ul')].map((u) => [...u.children].map((l) => l.textContent).join('\n'))`)
	if len(lists) < 2 {
		w.t.Fatalf("the saved page has the lists %q", lists)
	}
	year := fmt.Sprint(time.Now().Year())
	if n := strings.Count(lists[0], year); n < 2 { // shared twice
		w.t.Errorf("the saved page says of when: %q", lists[0])
	}
	if !strings.Contains(lists[1], hostile) || strings.Count(lists[1], "Sofia") < 2 || strings.Count(lists[1], year) < 3 {
		w.t.Errorf("the saved page says of who: %q", lists[1])
	}
	if len(lists) < 4 || !strings.Contains(lists[2], "Sofia") || strings.Contains(lists[2], hostile) || !strings.Contains(lists[2], year) || strings.Contains(lists[2], "since") {
		w.t.Errorf("the saved page says of control, and of files: %q", lists)
	}
	w.g.do(clicks("#abuse"))
	w.g.until("the operator is asked", "location.href === '"+abuse+"' && document.body.textContent.includes('read here')")
}
