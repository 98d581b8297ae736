package e2e

import (
	"context"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/input"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"

	"pindesk/internal/platform/xvfb"
)

// startHeadful runs a browser with windows on a display, which picks what to share by itself:
// the whole screen, or the window or tab whose title begins with source.
func startHeadful(t *testing.T, d *xdesktop, source string, more ...chromedp.ExecAllocatorOption) *page {
	t.Helper()
	d.parkPointer()
	opts := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.NoSandbox, chromedp.DisableGPU, chromedp.WindowSize(500, 400),
		chromedp.Flag("headless", false), chromedp.Flag("disable-quic", true), chromedp.Flag("disable-component-update", true),
		chromedp.Flag("hide-scrollbars", false), chromedp.Flag("auto-select-desktop-capture-source", source),
		chromedp.Env(append(os.Environ(), d.env()...)...), chromedp.WSURLReadTimeout(time.Minute))
	if path := os.Getenv("CHROME"); path != "" {
		opts = append(opts, chromedp.ExecPath(path))
	}
	alloc, cancel := chromedp.NewExecAllocator(context.Background(), append(opts, more...)...)
	t.Cleanup(cancel)
	return newTab(alloc, t)
}

// share makes a page of the broker share what the browser picks, by the given way, and lets
// everybody see.
func (p *page) share(url, pin, way string) {
	p.t.Helper()
	p.open(url + "/")
	p.limited(func(ctx context.Context) error {
		_, err := chromedp.Run(ctx, chromedp.Evaluate[bool](fmt.Sprintf(`(async () => {
			const { pick, Share } = await import('/static/guest/share.js');
			const said = self.said = { page: null, figures: null, other: [] };
			self.share = new Share(await pick(), { pin: %q, name: 'the browser', kept: JSON.parse(sessionStorage.kept ?? 'null'), consent: 'view' }, (m) => {
				if (m.type === 'page') said.page = m.page; else if (m.type === 'figures') said.figures = m.figures;
				else if (m.type === 'keep') sessionStorage.kept = JSON.stringify(m.kept); else said.other.push(m);
			}, %q || null);
			return true; })()`, pin, way), func(e *runtime.EvaluateParams) {
			yes := true
			e.AwaitPromise, e.UserGesture = &yes, &yes
		}))
		return err
	})
}

// figures are those of the sharing worker.
func (p *page) figures() string {
	p.t.Helper()
	return eval[string](p, `(async () => { if (!self.share?.track) return 'the guest\'s page'; said.figures = null; share.post({ type: 'figures' });
		while (!said.figures) await new Promise(f => setTimeout(f, 20));
		return share.way + ' ' + JSON.stringify(said.figures) + ' ' + JSON.stringify(said.other.filter(m => m.type === 'failed')); })()`)
}

// captured is the size of the newest frame that the page's browser captures, and the hash of its
// colours, read without the code of ours. (They are not quite those of the X server: Chromium
// captures as I420, which halves the resolution of the colours.)
func (p *page) captured() string {
	p.t.Helper()
	return eval[string](p, `(async () => {
		const track = self.share?.track ?? document.querySelector('.frame video').srcObject.getVideoTracks()[0]; // of a test's share, or the guest's page
		if (self.probed !== track) {
			self.probed = track;
			self.probe = new MediaStreamTrackProcessor({ track: track.clone(), maxBufferSize: 1 }).readable.getReader();
		}
		let frame;
		for (let i = 0; i < 2; i++) { // the first may have waited for us
			frame?.close();
			frame = (await self.probe.read()).value;
		}
		const a = new Uint8Array(frame.allocationSize({ format: 'RGBA' }));
		await frame.copyTo(a, { format: 'RGBA' });
		const size = frame.displayWidth + 'x' + frame.displayHeight;
		frame.close();
		const b = new Uint8Array(a.length / 4 * 3);
		for (let i = 0, j = 0; i < a.length; i += 4) { b[j++] = a[i]; b[j++] = a[i+1]; b[j++] = a[i+2]; }
		const h = await crypto.subtle.digest('SHA-256', b);
		return size + ' ' + Array.from(new Uint8Array(h), (b) => b.toString(16).padStart(2, '0')).join(''); })()`)
}

// exactly waits until the viewer shows just what the sharing page's browser captures.
func (p *page) exactly(g *page, limit time.Duration) {
	p.t.Helper()
	start := time.Now()
	for {
		size, hash := p.canvasHash()
		if g.captured() == size+" "+hash {
			p.t.Logf("exact after %v", time.Since(start).Round(time.Millisecond))
			return
		}
		if time.Since(start) > limit {
			p.screenshot("not-exact")
			p.t.Fatalf("not exact after %v: %s", limit, g.figures())
		}
	}
}

// TestSharingFromABrowser: a tab of Chromium shares a real screen, by each way that its frames
// can take, and a real viewer page shows it, exact once it is still. A second viewer comes late.
func TestSharingFromABrowser(t *testing.T) {
	b := startBroker(t, "")
	d := startDesktop(t, "1024x768")
	d.fill(0, 0, 1024, 768, 0x336699)
	pin := b.newPIN()
	v := startChromium(t, 1200, 900)
	v.open(b.url + "/view#" + pin)
	v.wantState("waiting")
	g := startHeadful(t, d, "Entire screen")
	noise := d.noise(t)
	for _, way := range []string{"stream", "video"} {
		g.share(b.url, pin, way)
		v.wantState("live")
		v.exactly(g, 5*time.Second)
		for i := range 5 {
			d.fill(500+20*i, 500, 100, 90, uint32(0x123456*(i+1)))
		}
		d.fill(300, 400, 600, 368, 0x77aa22) // to the bottom edge
		noise(300, 200)                      // JPEG first
		v.exactly(g, 5*time.Second)
		v.screenshot(way)
		if f := g.figures(); !strings.Contains(f, `"way":"copy"`) {
			t.Error("pixels are read the slow way:", f)
		}
		if way == "stream" {
			late := newTab(v.ctx, t)
			late.open(b.url + "/view#" + pin)
			late.wantState("live")
			late.exactly(g, 5*time.Second)
			eval[bool](g, `share.stop(), true`)
			v.wantState("waiting presenter-left")
		}
	}
	if err := xvfb.Resize(d.display, "800x600"); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the viewer's picture has the new size", func() bool { size, _ := v.canvasHash(); return size == "800x600" })
	v.exactly(g, 5*time.Second)
}

// TestSharingAWindow: only that window leaves the computer, from the guest's page, and is exact.
func TestSharingAWindow(t *testing.T) {
	b := startBroker(t, "")
	d := startDesktop(t, "1024x768")
	d.managed()
	run(t, d.env(), "xterm", "-T", "Guest window", "-geometry", "60x20+500+100")
	d.listed(1)
	pin := b.newPIN()
	v := startChromium(t, 800, 600)
	v.open(b.url + "/view#" + pin)
	g := startHeadful(t, d, "Guest window")
	g.open(b.url + "/help#" + pin)
	g.wantHelp("start")
	g.do(clicks("#share"))
	g.wantHelp("sharing asked")
	g.until("answers count", "document.querySelector('#allow').ariaDisabled === null")
	g.do(clicks("#allow"))
	v.wantState("live")
	v.exactly(g, 20*time.Second)
	if what := eval[string](g, `document.querySelector('.frame video').srcObject.getVideoTracks()[0].getSettings().displaySurface`); what != "window" {
		t.Errorf("a %s is shared", what)
	}
	if size, _ := v.canvasHash(); size == "1024x768" {
		t.Error("the whole screen is shared")
	}
}

// points has the mouse go over a place of the picture, with the button pressed or let go.
func (p *page) points(kind input.DispatchMouseEventType, x, y int) {
	p.t.Helper()
	px, py := p.at(x, y)
	p.do(command(input.DispatchMouseEvent, input.DispatchMouseEventParams{Type: kind, X: px, Y: py, Button: "left", Buttons: 1, ClickCount: 1}))
}

// TestPointingAtABrowser: who sees what a tab shares points at it, and the guest's page is told
// where; control is not offered, and what asks for it all the same blocks nobody.
func TestPointingAtABrowser(t *testing.T) {
	b := startBroker(t, "")
	d := startDesktop(t, "800x600")
	d.fill(0, 0, 800, 600, 0x336699)
	pin := b.newPIN()
	v := startChromium(t, 1200, 900)
	v.open(b.url + "/view#" + pin)
	g := startHeadful(t, d, "Entire screen")
	g.share(b.url, pin, "")
	v.wantState("live")
	v.until("control is not offered, and why", `!document.getElementById('request') && !document.getElementById('files-button') &&
		document.getElementById('who').textContent === 'Shared from a browser: you can see and point'`)
	told := func(want string) {
		t.Helper()
		g.until("the guest's page is told "+want, `(() => { const p = said.other.filter((m) => m.type === 'point').at(-1);
			return p && (p.at ? p.at.x + ',' + p.at.y : 'no more') === '`+want+`'; })()`)
	}
	v.points(input.DispatchMouseEventTypeMousePressed, 100, 50)
	told("100,50")
	v.points(input.DispatchMouseEventTypeMouseMoved, 400, 300)
	told("400,300")
	v.screenshot("pointing")
	if eval[bool](v, `document.getElementById('laser').hidden`) {
		t.Error("the viewer does not see where it points")
	}
	v.points(input.DispatchMouseEventTypeMouseReleased, 400, 300)
	told("no more")
	v.clickByScript("point") // without a pressed button, too
	v.do(command(input.DispatchMouseEvent, input.DispatchMouseEventParams{Type: input.DispatchMouseEventTypeMouseMoved, X: 600, Y: 450}))
	g.until("the guest's page is told a place", `said.other.filter((m) => m.type === 'point').at(-1).at !== null`)
	eval[bool](g, `share.post({ type: 'revoke', viewer: said.page.people[0].viewer }), true`)
	told("no more")
}
