package e2e

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode"

	"github.com/chromedp/cdproto/browser"
	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/input"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"

	"pindesk/internal/screen"
)

// page is one tab of a real Chromium with a viewer in it.
type page struct {
	t   *testing.T
	ctx context.Context
}

// startChromium runs a browser of its own and opens one empty tab.
func startChromium(t *testing.T, width, height int) *page {
	t.Helper()
	opts := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.NoSandbox, chromedp.DisableGPU, chromedp.WindowSize(width, height),
		chromedp.Flag("disable-quic", true), chromedp.Flag("disable-component-update", true), chromedp.WSURLReadTimeout(time.Minute))
	if path := os.Getenv("CHROME"); path != "" {
		opts = append(opts, chromedp.ExecPath(path))
	}
	alloc, cancel := chromedp.NewExecAllocator(context.Background(), opts...)
	t.Cleanup(cancel)
	return newTab(alloc, t)
}

func newTab(parent context.Context, t *testing.T) *page {
	t.Helper()
	ctx, cancel := chromedp.NewContext(parent, chromedp.WithNewWindow(true), chromedp.WithListener(noThrow(t)))
	t.Cleanup(cancel)
	// Without a limit of its own: the browser lives as long as the context of its first action.
	if err := chromedp.Do(ctx, chromedp.Navigate("about:blank")); err != nil {
		t.Fatal(err)
	}
	return &page{t: t, ctx: ctx}
}

// profile opens a tab that shares nothing with p's browser's other tabs: no storage, no cache.
func (p *page) profile(t *testing.T) *page {
	t.Helper()
	ctx, cancel := chromedp.NewContext(p.ctx, chromedp.WithNewBrowserContext(), chromedp.WithListener(noThrow(t)))
	t.Cleanup(cancel)
	if err := chromedp.Do(ctx, chromedp.Navigate("about:blank")); err != nil {
		t.Fatal(err)
	}
	return &page{t: t, ctx: ctx}
}

// noThrow is a listener that fails the test when a page throws.
func noThrow(t *testing.T) func(any) {
	return func(ev any) {
		if e, ok := ev.(*runtime.EventExceptionThrown); ok {
			t.Errorf("the page threw: %s %+v", e.ExceptionDetails.Text, e.ExceptionDetails.Exception)
		}
	}
}

// action is one step that returns nothing.
type action = chromedp.Action[chromedp.Void]

// command is a command of the DevTools protocol as an action.
func command[P any](c cdp.Command[P, cdp.Empty], params P) action {
	return chromedp.Func(func(ctx context.Context, t *chromedp.Target) error {
		_, err := cdp.Call(ctx, t, c, params)
		return err
	})
}

// whereIs gives the middle of an element, scrolled into view, or nothing while it is not there, may not
// be used, or is covered there.
const whereIs = `((e) => {
  if (!e || e.disabled) return [];
  e.scrollIntoView({ block: 'nearest', inline: 'nearest' });
  const r = e.getBoundingClientRect(), x = r.x + r.width / 2, y = r.y + r.height / 2;
  const top = document.elementFromPoint(x, y);
  return top && (e.contains(top) || top.closest('label')?.control === e) ? [x, y] : [];
})(document.querySelector(%q))`

// clicks clicks on the first element that a selector finds, as soon as a person could: once it stays
// where it is. (chromedp's own Click fails when the page draws the element anew between finding and
// clicking. And the place may move: by a picture that loads, by the bar of the browser that shares.)
func clicks(selector string) action {
	return chromedp.Func(func(ctx context.Context, _ *chromedp.Target) error {
		tick := time.NewTicker(10 * time.Millisecond)
		defer tick.Stop()
		for before := []float64(nil); ; {
			at, err := chromedp.Run(ctx, chromedp.Evaluate[[]float64](fmt.Sprintf(whereIs, selector)))
			if err != nil {
				return fmt.Errorf("click on %s: %w", selector, err)
			}
			if len(at) == 2 && slices.Equal(at, before) {
				return chromedp.Do(ctx, chromedp.MouseClickXY(at[0], at[1]))
			}
			before = at
			select {
			case <-tick.C:
			case <-ctx.Done():
				return fmt.Errorf("%s cannot be clicked on: %w", selector, ctx.Err())
			}
		}
	})
}

// clickByScript clicks an element as a script would, not a person (as clicks does): at once, and where
// it stands, or what covers it, does not matter. No pointer moves, and the focus stays where it is.
func (p *page) clickByScript(id string) {
	p.t.Helper()
	eval[bool](p, fmt.Sprintf("document.getElementById(%q).click(), true", id))
}

// limited runs f with the time that one action may take.
func (p *page) limited(f func(context.Context) error) {
	p.t.Helper()
	ctx, cancel := context.WithTimeout(p.ctx, 60*time.Second)
	defer cancel()
	if err := f(ctx); err != nil {
		p.t.Fatal(err)
	}
}

func (p *page) do(steps ...action) {
	p.t.Helper()
	p.limited(func(ctx context.Context) error { return chromedp.Do(ctx, steps...) })
}

// eval evaluates JavaScript, awaiting a promise.
func eval[T any](p *page, js string) (value T) {
	p.t.Helper()
	p.limited(func(ctx context.Context) (err error) {
		await := true
		value, err = chromedp.Run(ctx, chromedp.Evaluate[T](js, func(e *runtime.EvaluateParams) { e.AwaitPromise = &await }))
		return err
	})
	return value
}

// peek is eval for who asks again until an answer pleases: while the page goes to another one, there
// is none.
func peek[T any](p *page, js string) (value T, ok bool) {
	p.t.Helper()
	ctx, cancel := context.WithTimeout(p.ctx, waitLimit)
	defer cancel()
	value, err := chromedp.Run(ctx, chromedp.Evaluate[T](js))
	if err != nil && !strings.Contains(err.Error(), "Inspected target navigated or closed") {
		p.t.Fatal(err)
	}
	return value, err == nil
}

func (p *page) text(js string) string {
	p.t.Helper()
	return eval[string](p, "String("+js+")")
}

func (p *page) open(url string) {
	p.t.Helper()
	p.do(chromedp.Navigate(url))
}

func (p *page) state() string {
	p.t.Helper()
	// While a page loads there is no element for a moment.
	state, _ := peek[string](p, `(({ dataset: d }) => d.state + " " + d.detail + " control=" + d.control)(document.documentElement ?? { dataset: {} })`)
	return state
}

func (p *page) wantState(prefix string) {
	p.t.Helper()
	var got string
	deadline := time.Now().Add(30 * time.Second)
	for tick := time.NewTicker(20 * time.Millisecond); ; <-tick.C {
		if got = p.state(); strings.HasPrefix(got, prefix) {
			return
		}
		if time.Now().After(deadline) {
			p.screenshot("wrong-state")
			p.t.Fatalf("the page is in state %q, want %q", got, prefix)
		}
	}
}

// screenshot is kept where PINDESK_SHOTS says, to be looked at.
func (p *page) screenshot(name string) {
	dir := os.Getenv("PINDESK_SHOTS")
	if dir == "" {
		return
	}
	var png []byte
	p.limited(func(ctx context.Context) (err error) {
		png, err = chromedp.Run(ctx, chromedp.CaptureScreenshot())
		return err
	})
	if err := os.WriteFile(dir+"/"+strings.ReplaceAll(p.t.Name(), "/", "-")+"-"+name+".png", png, 0o644); err != nil {
		p.t.Error(err)
	}
}

// readCanvas copies the picture by drawImage, as a user of the canvas would.
const readCanvas = `(() => {
  const c = document.getElementById('screen');
  const d = new OffscreenCanvas(c.width, c.height);
  const g = d.getContext('2d', {willReadFrequently: true});
  g.drawImage(c, 0, 0);
  const a = g.getImageData(0, 0, c.width, c.height).data, b = new Uint8Array(a.length / 4 * 3);
  for (let i = 0, j = 0; i < a.length; i += 4) { b[j++] = a[i]; b[j++] = a[i+1]; b[j++] = a[i+2]; }
  return b;
})()`

// canvasDigest is the picture's size and hash, "WxH SHA256".
const canvasDigest = `crypto.subtle.digest('SHA-256', ` + readCanvas + `).then(h => document.getElementById('screen').width + 'x' + document.getElementById('screen').height + ' ' +
	Array.from(new Uint8Array(h), b => b.toString(16).padStart(2, '0')).join(''))`

func (p *page) canvasHash() (size, hash string) {
	p.t.Helper()
	size, hash, _ = strings.Cut(eval[string](p, canvasDigest), " ")
	return size, hash
}

// exact waits until the canvas equals the X screenshot on every pixel.
func (p *page) exact(d *xdesktop) {
	p.t.Helper()
	p.exactWithin(d, waitLimit)
}

// exactWithin is exact where the time is part of what the test asserts.
func (p *page) exactWithin(d *xdesktop, limit time.Duration) {
	p.t.Helper()
	p.showsWithin(d, screen.Rect{}, limit)
}

// exactPart is exact for a part of the desktop.
func (p *page) exactPart(d *xdesktop, part screen.Rect) {
	p.t.Helper()
	p.showsWithin(d, part, waitLimit)
}

// showsWithin waits until the canvas equals a part of the X screenshot; an empty one means all of it.
func (p *page) showsWithin(d *xdesktop, part screen.Rect, limit time.Duration) {
	p.t.Helper()
	start := time.Now()
	for tick := time.NewTicker(20 * time.Millisecond); ; <-tick.C {
		w, h, rgb := d.pixels()
		if part.W > 0 {
			rgb = cutRGB(rgb, w, part)
			w, h = part.W, part.H
		}
		sum := sha256.Sum256(rgb)
		size, hash := p.canvasHash()
		if size == fmt.Sprintf("%dx%d", w, h) && hash == hex.EncodeToString(sum[:]) {
			p.t.Logf("exact after %v", time.Since(start).Round(time.Millisecond))
			return
		}
		if time.Since(start) > limit {
			p.screenshot("not-exact")
			p.t.Fatalf("not exact after %v: %s", limit, p.difference(w, h, rgb))
		}
	}
}

// cutRGB is a part of a picture that is w pixels wide.
func cutRGB(rgb []byte, w int, part screen.Rect) []byte {
	cut := make([]byte, 0, 3*part.W*part.H)
	for y := part.Y; y < part.Y+part.H; y++ {
		cut = append(cut, rgb[3*(y*w+part.X):][:3*part.W]...)
	}
	return cut
}

func (p *page) difference(w, h int, want []byte) string {
	b64 := eval[string](p, `(() => { const b = `+readCanvas+`; let s = ''; for (let i = 0; i < b.length; i += 8192) s += String.fromCharCode(...b.subarray(i, i + 8192)); return btoa(s); })()`)
	got, err := base64.StdEncoding.DecodeString(b64)
	if err != nil || len(got) != len(want) {
		return fmt.Sprintf("%d bytes, want %dx%d", len(got), w, h)
	}
	n, x0, y0, x1, y1 := 0, w, h, 0, 0
	for i := 0; i < len(want); i += 3 {
		if got[i] != want[i] || got[i+1] != want[i+1] || got[i+2] != want[i+2] {
			x, y := i/3%w, i/3/w
			n, x0, y0, x1, y1 = n+1, min(x0, x), min(y0, y), max(x1, x), max(y1, y)
		}
	}
	return fmt.Sprintf("%d pixels differ, within %d,%d..%d,%d", n, x0, y0, x1, y1)
}

// placeOfPixel is where in the window the middle of a picture's pixel %d, %d is.
const placeOfPixel = `(() => { const c = document.getElementById('screen'), r = c.getBoundingClientRect();
	return [r.left + (%d + 0.5) * r.width / c.width, r.top + (%d + 0.5) * r.height / c.height]; })()`

// at returns the page's coordinates of the middle of a picture's pixel.
func (p *page) at(x, y int) (float64, float64) {
	p.t.Helper()
	r := eval[[2]float64](p, fmt.Sprintf(placeOfPixel, x, y))
	return r[0], r[1]
}

func (p *page) click(x, y int) {
	p.t.Helper()
	px, py := p.at(x, y)
	p.do(chromedp.MouseClickXY(px, py))
}

// key is one event of a keyboard with some layout.
func (p *page) key(kind input.DispatchKeyEventType, code, key, text string, modifiers int64) {
	p.t.Helper()
	p.do(command(input.DispatchKeyEvent, input.DispatchKeyEventParams{Type: kind, Code: code, Key: key, Text: text, Modifiers: modifiers}))
}

// press presses and releases a key.
func (p *page) press(code, key, text string, modifiers int64) {
	p.t.Helper()
	down := input.DispatchKeyEventTypeKeyDown
	if text == "" {
		down = input.DispatchKeyEventTypeRawKeyDown
	}
	p.key(down, code, key, text, modifiers)
	p.key(input.DispatchKeyEventTypeKeyUp, code, key, "", modifiers)
}

// typeText presses a key for each character, as a layout that has them all would.
// (chromedp.KeyEvent sends a "char" of its own after each key, which no keyboard does.)
func (p *page) typeText(text string) {
	p.t.Helper()
	for _, r := range text {
		code := ""
		if r < 0x80 && unicode.IsLetter(r) {
			code = "Key" + strings.ToUpper(string(r))
		}
		p.press(code, string(r), string(r), 0)
	}
}

// insert types text as a keyboard on glass or an input method does.
func (p *page) insert(text string) {
	p.t.Helper()
	p.do(command(input.InsertText, input.InsertTextParams{Text: text}))
}

// altGr presses a key together with AltGr, which DevTools cannot: the events are made in
// the page, just as Windows' Chromium sends them.
func (p *page) altGr(code, key string) {
	p.t.Helper()
	eval[bool](p, fmt.Sprintf(`(() => {
		const f = document.activeElement, fire = (type, init) => f.dispatchEvent(new KeyboardEvent(type, {bubbles: true, cancelable: true, ...init}));
		const mods = {ctrlKey: true, altKey: true, modifierAltGraph: true};
		fire('keydown', {code: 'ControlLeft', key: 'Control', ctrlKey: true});
		fire('keydown', {code: 'AltRight', key: 'AltGraph', ...mods});
		fire('keydown', {code: %q, key: %q, ...mods}); fire('keyup', {code: %q, key: %q, ...mods});
		fire('keyup', {code: 'AltRight', key: 'AltGraph', ctrlKey: true});
		fire('keyup', {code: 'ControlLeft', key: 'Control'});
		return true; })()`, code, key, code, key))
}

// window minimizes the tab's window, which hides the page, or brings it back.
func (p *page) window(state browser.WindowState) {
	p.t.Helper()
	p.do(chromedp.Func(func(ctx context.Context, t *chromedp.Target) error {
		w, err := cdp.Call(ctx, t, browser.GetWindowForTarget, browser.GetWindowForTargetParams{})
		if err != nil {
			return err
		}
		_, err = cdp.Call(ctx, t, browser.SetWindowBounds, browser.SetWindowBoundsParams{WindowID: w.WindowID,
			Bounds: &browser.Bounds{WindowState: state}})
		return err
	}))
}

// savedFile waits for the one file with an ending in a folder of downloads, and returns what is in it.
func savedFile(t *testing.T, dir, ext string) string {
	t.Helper()
	var text []byte
	eventually(t, "a saved file "+ext, func() bool {
		files, _ := filepath.Glob(filepath.Join(dir, "*"+ext))
		if len(files) == 1 {
			text, _ = os.ReadFile(files[0])
		}
		return len(text) > 0
	})
	return string(text)
}
