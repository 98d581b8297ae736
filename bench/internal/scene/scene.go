// Package scene draws on an X screen what the viewers must show: a desktop, and over it one
// stimulus or workload. Its pixels are the same in every run. Commands stim and viewbench
// import it; the latter only for its geometry and events.
package scene

import (
	"fmt"
	"image"
	"math/rand/v2"
	"slices"
	"time"

	"pindesk/bench/internal/xdraw"
)

// Width and Height of the screen in pixels.
const (
	Width  = 1920
	Height = 1080
)

// Geometry of the stimuli.
var (
	// Square flips between the two Colours.
	Square  = image.Rect(200, 200, 600, 600)
	Colours = [2]uint32{0xE02020, 0x2040E0} // red, blue

	// Bar is the barcode of frame numbers: Cells cells of CellSize pixels.
	Bar = image.Rect(100, 76, 100+Cells*CellSize, 76+CellSize)

	// Icon is a part of the desktop that shows IconColour: what is looked for to know that a
	// first picture is there.
	Icon       = image.Rect(24, 90, 72, 138)
	IconColour = uint32(0x5AC83C)

	terminal = image.Rect(100, 100, 1060, 740)
	beside   = image.Rect(700, 100, 1660, 740) // the terminal of click, beside Square
	film     = image.Rect(100, 100, 740, 460)
	// dragged is where the dragged window begins; it moves within dragArea.
	dragged  = image.Rect(120, 120, 720, 520)
	dragArea = image.Rect(100, 110, 1900, 1060)
)

// The barcode: ten bits of the frame's number, one of parity, one that is always white.
const (
	Cells    = 12
	CellSize = 16
	// Numbers is how many frames can be told apart.
	Numbers = 1 << 10
)

// Event is one line of what command stim writes. Times are CLOCK_REALTIME in ns, taken after
// the X server has confirmed the drawing: the moment when the pixels exist.
type Event struct {
	Kind   string `json:"ev"`              // ready, flip, input, frame, freeze
	N      int    `json:"n,omitempty"`     // of the flip or frame; with ready: the last frame's
	Colour int    `json:"c,omitempty"`     // flip, input: the index into Colours
	Input  string `json:"input,omitempty"` // input: what came
	Heard  int64  `json:"heard,omitempty"` // input: when it came, before the drawing
	At     int64  `json:"t,omitempty"`     // when the drawing was confirmed
}

// Milliseconds is e's time in ms.
func (e Event) Milliseconds() float64 { return float64(e.At) / 1e6 }

// work is one workload: what it draws, how often, and which part of the screen it changes.
type work struct {
	step time.Duration
	area image.Rectangle
	// prepare draws the beginning and returns what draws each frame.
	prepare func(*canvas) (frame func(i int) error, err error)
}

var works = map[string]work{
	"typing": {time.Second / 12, terminal, typing},
	"scroll": {time.Second / 20, terminal, scroll},
	"video":  {time.Second / 30, film, video},
	"drag":   {time.Second / 30, dragArea, drag},
	"idle":   {time.Second / 2, terminal, idle},
}

// Works lists the workloads.
func Works() []string { return []string{"typing", "scroll", "video", "drag", "idle"} }

// Area is the part of the screen that a workload changes.
func Area(name string) (image.Rectangle, bool) {
	w, ok := works[name]
	return w.area, ok
}

// frames is how many frames a workload of that length draws.
func (w work) frames(length time.Duration) int { return int((length + w.step/2) / w.step) }

// canvas is where a stimulus draws.
type canvas struct {
	*xdraw.Display
	random *rand.Rand
	clock  func() time.Time
}

// Options of Run.
type Options struct {
	Display string
	// Mode is desktop, flip, input, click, or one of Works.
	Mode string
	// Length of a workload.
	Length time.Duration
	// Flips is how often the square changes in mode flip.
	Flips int
	// Log takes the events.
	Log func(Event) error
	// Start is called when all is prepared, and returns when drawing is to begin.
	Start func() error
	// Hold is called after the last drawing, while the windows are still there.
	Hold func() error
}

// Run draws one stimulus. It returns when Hold does, or at the first error.
func Run(o Options) error {
	d, err := xdraw.Open(o.Display)
	if err != nil {
		return err
	}
	defer d.Close()
	if d.W != Width || d.H != Height {
		return fmt.Errorf("the screen has %dx%d pixels, not %dx%d", d.W, d.H, Width, Height)
	}
	c := &canvas{Display: d, random: rand.New(rand.NewPCG(7, 7)), clock: time.Now}
	switch o.Mode {
	case "desktop":
		err = c.desktop(o)
	case "flip":
		err = c.flip(o)
	case "input":
		return c.input(o)
	case "click":
		return c.click(o)
	default:
		w, ok := works[o.Mode]
		if !ok {
			return fmt.Errorf("there is no %q: desktop, flip, input, click or one of %v", o.Mode, Works())
		}
		err = c.work(o, w)
	}
	if err != nil {
		return err
	}
	if err := o.Log(Event{Kind: "freeze", At: time.Now().UnixNano()}); err != nil {
		return err
	}
	return o.Hold()
}

// ready tells that all is drawn, and waits for the start.
func (c *canvas) ready(o Options, frames int) error {
	if err := c.Sync(); err != nil {
		return err
	}
	if err := o.Log(Event{Kind: "ready", N: frames}); err != nil {
		return err
	}
	return o.Start()
}

// work draws a workload's frames at its rate. One that is late is not made up for.
func (c *canvas) work(o Options, w work) error {
	frames := w.frames(o.Length)
	if frames >= Numbers {
		return fmt.Errorf("%d frames: the barcode tells only %d apart", frames, Numbers-1)
	}
	frame, err := w.prepare(c)
	if err != nil {
		return err
	}
	bar, err := c.barcode()
	if err != nil {
		return err
	}
	if err := c.ready(o, frames); err != nil {
		return err
	}
	begun := time.Now()
	for i := range frames {
		time.Sleep(time.Until(begun.Add(time.Duration(i) * w.step)))
		if err := frame(i); err != nil {
			return err
		}
		bar.draw(i + 1)
		if err := c.Sync(); err != nil {
			return err
		}
		if err := o.Log(Event{Kind: "frame", N: i + 1, At: time.Now().UnixNano()}); err != nil {
			return err
		}
	}
	return nil
}

// barcode shows a frame's number, so that the viewer's page can tell which frame it has.
type barcode struct {
	c *canvas
	s xdraw.Surface
}

func (c *canvas) barcode() (*barcode, error) {
	s, err := c.Window(Bar.Min.X, Bar.Min.Y, Bar.Dx(), Bar.Dy(), nil, false)
	if err != nil {
		return nil, err
	}
	b := &barcode{c, s}
	b.draw(0)
	return b, nil
}

// bars are the cells of a number, true for white.
func bars(n int) [Cells]bool {
	var cells [Cells]bool
	for i := range 10 {
		cells[i] = n>>i&1 == 1
		cells[10] = cells[10] != cells[i]
	}
	cells[11] = true
	return cells
}

func (b *barcode) draw(n int) {
	for i, white := range bars(n) {
		colour := uint32(0)
		if white {
			colour = 0xffffff
		}
		b.c.Fill(b.s, colour, i*CellSize, 0, CellSize, CellSize)
	}
}

// Known reports whether there is a mode of that name.
func Known(mode string) bool {
	return slices.Contains(Works(), mode) || slices.Contains([]string{"flip", "input", "click", "desktop"}, mode)
}
