package e2e

import (
	"encoding/binary"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"

	"github.com/jezek/xgb"
	"github.com/jezek/xgb/xproto"

	"pindesk/internal/platform/xvfb"
)

// xdesktop is a real X server with real programs.
type xdesktop struct {
	t       *testing.T
	display string
	c       *xgb.Conn // the test's own
	root    xproto.Window
}

func startDesktop(t *testing.T, size string) *xdesktop {
	t.Helper()
	d := &xdesktop{t: t, display: xvfb.Start(t, size)}
	c, err := xgb.NewConnDisplay(d.display)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	d.c, d.root = c, xproto.Setup(c).DefaultScreen(c).Root
	return d
}

func (d *xdesktop) env() []string { return []string{"DISPLAY=" + d.display} }

// pixels is a screenshot as r, g, b bytes, taken without any code of ours.
func (d *xdesktop) pixels() (w, h int, rgb []byte) {
	d.t.Helper()
	g, err := xproto.GetGeometry(d.c, xproto.Drawable(d.root)).Reply()
	if err != nil {
		d.t.Fatal(err)
	}
	img, err := xproto.GetImage(d.c, xproto.ImageFormatZPixmap, xproto.Drawable(d.root), 0, 0, g.Width, g.Height, 0xffffffff).Reply()
	if err != nil {
		d.t.Fatal(err)
	}
	rgb = make([]byte, 0, len(img.Data)/4*3)
	for i := 0; i+3 < len(img.Data); i += 4 {
		rgb = append(rgb, img.Data[i+2], img.Data[i+1], img.Data[i])
	}
	return int(g.Width), int(g.Height), rgb
}

// parkPointer has the display's own pointer in the last corner. A browser with windows looks where it is
// when a button is pressed, and takes a click of DevTools for a drag that left its element, when the two
// are not at one place and the pointer is over the window.
func (d *xdesktop) parkPointer() {
	d.t.Helper()
	if err := xproto.WarpPointerChecked(d.c, 0, d.root, 0, 0, 0, 0, 32767, 32767).Check(); err != nil {
		d.t.Fatal(err)
	}
}

// managed gives the desktop a window manager, and returns when it runs: one that starts does not list a
// window that comes at the same time, and Chromium offers to share only those that are listed.
func (d *xdesktop) managed() {
	d.t.Helper()
	file := filepath.Join(d.t.TempDir(), "managed")
	run(d.t, d.env(), "openbox", "--sm-disable", "--startup", "touch "+file)
	eventually(d.t, "the window manager runs", func() bool { _, err := os.Stat(file); return err == nil })
}

// listed waits until the window manager lists n windows.
func (d *xdesktop) listed(n uint32) {
	d.t.Helper()
	const list = "_NET_CLIENT_LIST"
	eventually(d.t, "the window is there", func() bool {
		atom, err := xproto.InternAtom(d.c, false, uint16(len(list)), list).Reply()
		if err != nil {
			return false
		}
		all, err := xproto.GetProperty(d.c, false, d.root, atom.Atom, xproto.AtomWindow, 0, 16).Reply()
		return err == nil && all.ValueLen >= n
	})
}

// typewriter is an xterm whose program writes every byte that is typed into a file.
func (d *xdesktop) typewriter() (typed func() string) {
	d.t.Helper()
	file := filepath.Join(d.t.TempDir(), "typed")
	run(d.t, d.env(), "xterm", "-u8", "-fa", "DejaVu Sans Mono", "-fs", "12", "-geometry", "60x15+20+20", "-e",
		"stty raw -echo; exec tee "+file)
	typed = func() string {
		b, _ := os.ReadFile(file) // not there yet
		return string(b)
	}
	eventually(d.t, "the xterm runs", func() bool { _, err := os.Stat(file); return err == nil })
	return typed
}

// clickPad is a window at a known place that notes where it was clicked.
type clickPad struct {
	clicks chan [2]int // root coordinates
}

func (d *xdesktop) clickPad(x, y, w, h int) *clickPad {
	d.t.Helper()
	id, err := xproto.NewWindowId(d.c)
	if err != nil {
		d.t.Fatal(err)
	}
	screen := xproto.Setup(d.c).DefaultScreen(d.c)
	xproto.CreateWindow(d.c, screen.RootDepth, id, d.root, int16(x), int16(y), uint16(w), uint16(h), 0, xproto.WindowClassInputOutput, screen.RootVisual,
		xproto.CwBackPixel|xproto.CwOverrideRedirect|xproto.CwEventMask, []uint32{0x3366cc, 1, xproto.EventMaskButtonPress})
	if err := xproto.MapWindowChecked(d.c, id).Check(); err != nil {
		d.t.Fatal(err)
	}
	p := &clickPad{clicks: make(chan [2]int, 16)}
	go func() {
		for {
			e, err := d.c.WaitForEvent()
			if e == nil && err == nil {
				return // closed
			}
			if b, ok := e.(xproto.ButtonPressEvent); ok {
				p.clicks <- [2]int{int(b.RootX), int(b.RootY)}
			}
		}
	}()
	return p
}

// fill draws a rectangle of one colour on the root window.
func (d *xdesktop) fill(x, y, w, h int, colour uint32) {
	d.t.Helper()
	gc, err := xproto.NewGcontextId(d.c)
	if err != nil {
		d.t.Fatal(err)
	}
	xproto.CreateGC(d.c, gc, xproto.Drawable(d.root), xproto.GcForeground|xproto.GcSubwindowMode, []uint32{colour, xproto.SubwindowModeIncludeInferiors})
	xproto.PolyFillRectangle(d.c, xproto.Drawable(d.root), gc, []xproto.Rectangle{{X: int16(x), Y: int16(y), Width: uint16(w), Height: uint16(h)}})
	if err := xproto.FreeGCChecked(d.c, gc).Check(); err != nil {
		d.t.Fatal(err)
	}
}

// noise returns a function that draws w x h random pixels in the middle of the screen.
func (d *xdesktop) noise(t *testing.T) func(w, h int) {
	t.Helper()
	gc, err := xproto.NewGcontextId(d.c)
	if err != nil {
		t.Fatal(err)
	}
	xproto.CreateGC(d.c, gc, xproto.Drawable(d.root), xproto.GcSubwindowMode, []uint32{xproto.SubwindowModeIncludeInferiors})
	depth := xproto.Setup(d.c).DefaultScreen(d.c).RootDepth
	return func(w, h int) {
		t.Helper()
		const rows = 32 // an X request is at most 256 kB
		for y := 0; y < h; y += rows {
			n := min(rows, h-y)
			data := make([]byte, 4*w*n)
			for i := 0; i < len(data); i += 4 {
				binary.LittleEndian.PutUint32(data[i:], rand.Uint32())
			}
			if err := xproto.PutImageChecked(d.c, xproto.ImageFormatZPixmap, xproto.Drawable(d.root), gc, uint16(w), uint16(n), 200, int16(150+y), 0, depth, data).Check(); err != nil {
				t.Fatal(err)
			}
		}
	}
}
