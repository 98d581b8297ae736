// Package browser runs a Chromium with one page: a headless one, in which two probes read the viewer's
// picture (first.js and probe.js), or one with a window, which shares a screen.
package browser

import (
	"bytes"
	"context"
	_ "embed"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"image"
	"image/draw"
	"image/png"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/remote"

	"pindesk/bench/internal/group"
	"pindesk/bench/internal/scene"
)

var (
	//go:embed probe.js
	probeJS string
	//go:embed first.js
	firstJS string
	//go:embed frame.js
	frameJS string
)

// The page's size in pixels: it holds the whole picture and what a viewer has around it.
const (
	pageWidth  = 1980
	pageHeight = 1200
)

const (
	callTimeout = 30 * time.Second
	pollEvery   = 100 * time.Millisecond
)

// names of Chromium, as distributions have them.
var names = []string{"chromium", "chromium-browser", "google-chrome", "google-chrome-stable"}

// Find returns the browser's path: the environment variable CHROME, or what is in PATH.
func Find() (string, error) {
	list := names
	if own := os.Getenv("CHROME"); own != "" {
		list = []string{own}
	}
	for _, n := range list {
		if path, err := exec.LookPath(n); err == nil {
			return path, nil
		}
	}
	return "", fmt.Errorf("no browser: none of %s was found", strings.Join(list, ", "))
}

// Browser is a running Chromium with one page. Not safe for concurrent use.
type Browser struct {
	proc   *group.Process
	ctx    context.Context // of the page; chromedp wants it kept
	cancel []context.CancelFunc
	dir    string
}

// Options of Open.
type Options struct {
	Path string // the program
	Log  string // file for what it says
	// Prefix is put before the command: what runs it at a link's near side.
	Prefix []string
	// Display is an X display on which it has a window; "" is none. More are its further flags.
	Display string
	More    []string
	// Reach returns an address here at which what listens at a loopback address of the
	// browser's can be reached; nil: at the same one.
	Reach func(addr string) (string, error)
}

// Open starts a browser. The caller closes it.
func Open(ctx context.Context, o Options) (*Browser, error) {
	dir, err := os.MkdirTemp("", "pindesk-bench-chromium-")
	if err != nil {
		return nil, err
	}
	b := &Browser{dir: dir}
	if err := b.open(ctx, o); err != nil {
		b.Close()
		return nil, fmt.Errorf("browser: %w", err)
	}
	return b, nil
}

func (b *Browser) open(ctx context.Context, o Options) error {
	args := []string{o.Path, "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
		"--disable-component-update", "--disable-sync", "--ignore-certificate-errors", "--remote-debugging-port=0",
		"--user-data-dir=" + b.dir}
	var env []string
	if o.Display == "" {
		args = append(args, "--headless=new", "--window-size=2000,1300")
	} else {
		env = []string{"DISPLAY=" + o.Display, "WAYLAND_DISPLAY="}
	}
	args = append(args, o.More...)
	if os.Geteuid() == 0 {
		args = append(args, "--no-sandbox") // it refuses to run as root with one
	}
	var err error
	if b.proc, err = group.Start(group.Command{Args: slices.Concat(o.Prefix, args, []string{"about:blank"}), Env: env, Log: o.Log}); err != nil {
		return err
	}
	var addr, target string
	ready, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	if err := b.proc.Until(ready, "it listened for DevTools", func() bool {
		text, _ := os.ReadFile(filepath.Join(b.dir, "DevToolsActivePort")) // not there yet
		port, path, ok := strings.Cut(strings.TrimSpace(string(text)), "\n")
		addr, target = "127.0.0.1:"+port, path
		return ok
	}); err != nil {
		return err
	}
	if o.Reach != nil {
		if addr, err = o.Reach(addr); err != nil {
			return err
		}
	}
	allocator, c1 := remote.NewAllocator(ctx, "ws://"+addr+target, remote.NoModifyURL)
	tab, c2 := chromedp.NewContext(allocator)
	b.ctx, b.cancel = tab, []context.CancelFunc{c2, c1}
	// Without a limit of its own: the connection lives as long as the context of its first call.
	if o.Display != "" {
		return chromedp.Do(tab, chromedp.Navigate("about:blank"))
	}
	_, err = chromedp.Call(tab, emulation.SetDeviceMetricsOverride,
		emulation.SetDeviceMetricsOverrideParams{Width: pageWidth, Height: pageHeight, DeviceScaleFactor: 1})
	return err
}

// Pid is the root of the browser's process tree.
func (b *Browser) Pid() int { return b.proc.Pid() }

// Close ends the browser and removes its profile.
func (b *Browser) Close() {
	for _, c := range b.cancel {
		c()
	}
	if b.proc != nil {
		b.proc.Stop()
	}
	_ = os.RemoveAll(b.dir) // a temporary folder
}

// Call sends a command of the DevTools protocol to the page.
func Call[P, R any](b *Browser, c cdp.Command[P, R], params P) (R, error) {
	ctx, cancel := context.WithTimeout(b.ctx, callTimeout)
	defer cancel()
	return chromedp.Call(ctx, c, params)
}

// Eval evaluates an expression.
func Eval[T any](b *Browser, js string) (T, error) {
	ctx, cancel := context.WithTimeout(b.ctx, callTimeout)
	defer cancel()
	return chromedp.Run(ctx, chromedp.Evaluate[T](js))
}

// Run evaluates an expression whose value does not matter.
func (b *Browser) Run(js string) error {
	_, err := Eval[chromedp.Void](b, js)
	return err
}

// Open shows a page.
func (b *Browser) Open(url string) error {
	ctx, cancel := context.WithTimeout(b.ctx, callTimeout)
	defer cancel()
	return chromedp.Do(ctx, chromedp.Navigate(url))
}

// Click clicks on an element, as a person does: what a page may do only then it may do now.
func (b *Browser) Click(selector string) error {
	ctx, cancel := context.WithTimeout(b.ctx, callTimeout)
	defer cancel()
	return chromedp.Do(ctx, chromedp.Click(selector))
}

// Until polls an expression until it is true.
func (b *Browser) Until(js string, patience time.Duration) error {
	var last error
	for end := time.Now().Add(patience); time.Now().Before(end); time.Sleep(pollEvery) {
		ok, err := Eval[bool](b, "!!("+js+")")
		if err == nil && ok {
			return nil
		}
		last = err
	}
	return errors.Join(fmt.Errorf("in %v it never became true: %s", patience, js), last)
}

// Navigate opens a page in which first.js notes its way to the first picture. Canvas and
// grant are expressions of the product's description.
func (b *Browser) Navigate(url, canvas, grant string) error {
	if grant == "" {
		grant = "null"
	}
	script := call(firstJS, canvas, grant)
	if _, err := Call(b, page.AddScriptToEvaluateOnNewDocument, page.AddScriptToEvaluateOnNewDocumentParams{Source: script}); err != nil {
		return err
	}
	return b.Open(url)
}

// Probe injects probe.js.
func (b *Browser) Probe(canvas string) error {
	return b.Run(call(probeJS, canvas))
}

// call is a JavaScript expression that calls a probe.
func call(probe, canvas string, more ...string) string {
	args := append([]string{geometry(), "() => (" + canvas + ")", expression(frameJS)}, more...)
	return fmt.Sprintf("%s(%s)", expression(probe), strings.Join(args, ", "))
}

// expression is a script that is one parenthesised function.
func expression(script string) string { return strings.TrimSpace(script) }

// geometry is what the probes need to know of the scene, as a JavaScript expression.
func geometry() string {
	type m = map[string]any
	spot, icon := scene.Square.Min.Add(scene.Square.Max).Div(2), scene.Icon.Min.Add(scene.Icon.Max).Div(2)
	b, err := json.Marshal(m{
		"width": scene.Width, "height": scene.Height,
		"spot": m{"x": spot.X, "y": spot.Y},
		"bar":  m{"x": scene.Bar.Min.X, "y": scene.Bar.Min.Y, "w": scene.Bar.Dx(), "h": scene.Bar.Dy(), "cell": scene.CellSize},
		"icon": m{"x": icon.X, "y": icon.Y, "r": scene.IconColour >> 16, "g": scene.IconColour >> 8 & 255, "b": scene.IconColour & 255},
	})
	if err != nil { // numbers can be marshalled
		panic(err)
	}
	return string(b)
}

// Clock compares the page's clock with ours: the offset in ms of the quickest of some tries,
// and its error, half of that try's round trip.
func (b *Browser) Clock() (offset, uncertain float64, err error) {
	uncertain = callTimeout.Seconds() * 1e3
	for range 20 {
		before := float64(time.Now().UnixNano()) / 1e6
		theirs, err := Eval[float64](b, "__probe.now()")
		if err != nil {
			return 0, 0, err
		}
		after := float64(time.Now().UnixNano()) / 1e6
		if half := (after - before) / 2; half < uncertain {
			offset, uncertain = theirs-(before+after)/2, half
		}
	}
	return offset, uncertain, nil
}

// Place is where the picture is in the page.
type Place struct {
	Width       float64 `json:"width"` // of the picture itself
	Height      float64 `json:"height"`
	Left        float64 `json:"left"` // in the page
	Top         float64 `json:"top"`
	ShownWidth  float64 `json:"shown_width"`
	ShownHeight float64 `json:"shown_height"`
	Tag         string  `json:"tag"`
}

// Place asks for it.
func (b *Browser) Place() (Place, error) { return Eval[Place](b, "__probe.place()") }

// Notes is what the probe noted since it was started. Times are ms by the page's clock.
type Notes struct {
	Flips  [][2]float64 `json:"flips"`  // colour, time
	Frames [][2]float64 `json:"frames"` // number, time
	Inputs [][2]any     `json:"inputs"` // kind, time
	Ticks  int          `json:"ticks"`  // animation frames
	Unread int          `json:"unread"`
	MS     float64      `json:"ms"` // since the start
}

// FramesPerSecond is how often the page could paint.
func (n Notes) FramesPerSecond() float64 {
	if n.MS <= 0 {
		return 0
	}
	return float64(n.Ticks) / n.MS * 1e3
}

// Notes takes them.
func (b *Browser) Notes() (Notes, error) { return Eval[Notes](b, "__probe.take()") }

// Picture reads the viewer's picture: that of the last frame if the probe kept it, else the
// present one.
func (b *Browser) Picture() (*image.RGBA, error) {
	text, err := Eval[string](b, "__probe.png()")
	if err != nil {
		return nil, err
	}
	raw, err := base64.StdEncoding.DecodeString(text)
	if err != nil {
		return nil, err
	}
	decoded, err := png.Decode(bytes.NewReader(raw))
	if err != nil {
		return nil, err
	}
	img := image.NewRGBA(decoded.Bounds())
	draw.Draw(img, img.Bounds(), decoded, image.Point{}, draw.Src)
	return img, nil
}

// Screenshot stores what the page looks like.
func (b *Browser) Screenshot(path string) error {
	shot, err := Call(b, page.CaptureScreenshot, page.CaptureScreenshotParams{})
	if err != nil {
		return err
	}
	return os.WriteFile(path, shot.Data, 0o644)
}
