// Package xdraw is the little that the stimuli need of X11: windows, filled rectangles,
// copies, uploads of pictures, a screenshot. Core protocol only, on TrueColor screens of 24
// bits, as Xvfb and Xvnc make them. Only the measuring programs import it.
package xdraw

import (
	"fmt"
	"image"
	"io"

	"github.com/jezek/xgb"
	"github.com/jezek/xgb/xproto"
)

// chunk is the most pixel data of one request in bytes: the core protocol ends at 256 KiB.
const chunk = 200_000

// Display is a connection to an X server. Drawing is asynchronous; Sync tells whether the
// server did it. Not safe for concurrent use, but for Events.
type Display struct {
	conn *xgb.Conn
	root xproto.Window
	// depth and visual are those of the root window.
	depth  byte
	visual xproto.Visualid
	// W and H are the screen's size in pixels.
	W, H int
}

// Surface is what can be drawn on: a window, or a pixmap in the server's memory.
type Surface struct {
	id xproto.Drawable
	gc xproto.Gcontext
}

// Open connects to the X server of a name such as ":7". The caller closes it.
func Open(name string) (*Display, error) {
	xgb.Logger.SetOutput(io.Discard) // it talks about a missing .Xauthority
	c, err := xgb.NewConnDisplay(name)
	if err != nil {
		return nil, fmt.Errorf("X display %s: %w", name, err)
	}
	s := xproto.Setup(c).DefaultScreen(c)
	d := &Display{conn: c, root: s.Root, depth: s.RootDepth, visual: s.RootVisual, W: int(s.WidthInPixels), H: int(s.HeightInPixels)}
	if d.depth != 24 {
		c.Close()
		return nil, fmt.Errorf("X display %s has a depth of %d bits, not 24", name, d.depth)
	}
	return d, nil
}

// Close ends the connection; the server removes what was made on it.
func (d *Display) Close() { d.conn.Close() }

// Sync returns when the server has carried out all that was sent so far.
func (d *Display) Sync() error {
	_, err := xproto.GetInputFocus(d.conn).Reply()
	return err
}

// Input names a key or button that went down.
type Input string

// The inputs that NextInput reports.
const (
	Button Input = "button"
	Key    Input = "key"
)

// NextInput waits for the next key or button press. It fails when the connection has ended.
func (d *Display) NextInput() (Input, error) {
	for {
		ev, err := d.conn.WaitForEvent()
		if ev == nil && err == nil {
			return "", io.EOF
		}
		switch ev.(type) {
		case xproto.ButtonPressEvent:
			return Button, nil
		case xproto.KeyPressEvent:
			return Key, nil
		}
	}
}

// surface gives a drawable a graphics context of its own.
func (d *Display) surface(id xproto.Drawable) (Surface, error) {
	gc, err := xproto.NewGcontextId(d.conn)
	if err != nil {
		return Surface{}, err
	}
	xproto.CreateGC(d.conn, gc, id, xproto.GcGraphicsExposures, []uint32{0})
	return Surface{id, gc}, nil
}

// Window makes and maps an override-redirect window, which needs no window manager. A
// background, if there is one, is what the server paints where the window comes to light.
func (d *Display) Window(x, y, w, h int, background *Surface, inputs bool) (Surface, error) {
	id, err := xproto.NewWindowId(d.conn)
	if err != nil {
		return Surface{}, err
	}
	mask, values := uint32(xproto.CwBackPixel), []uint32{0}
	if background != nil {
		mask, values = xproto.CwBackPixmap, []uint32{uint32(background.id)}
	}
	events := uint32(0)
	if inputs {
		events = xproto.EventMaskButtonPress | xproto.EventMaskKeyPress
	}
	xproto.CreateWindow(d.conn, d.depth, id, d.root, int16(x), int16(y), uint16(w), uint16(h), 0,
		xproto.WindowClassInputOutput, d.visual, mask|xproto.CwOverrideRedirect|xproto.CwEventMask, append(values, 1, events))
	xproto.MapWindow(d.conn, id)
	return d.surface(xproto.Drawable(id))
}

// Focus gives a window the keyboard.
func (d *Display) Focus(s Surface) {
	xproto.SetInputFocus(d.conn, xproto.InputFocusPointerRoot, xproto.Window(s.id), xproto.TimeCurrentTime)
}

// Move puts a window elsewhere on the screen.
func (d *Display) Move(s Surface, x, y int) {
	xproto.ConfigureWindow(d.conn, xproto.Window(s.id), xproto.ConfigWindowX|xproto.ConfigWindowY,
		[]uint32{uint32(int32(x)), uint32(int32(y))})
}

// Pixmap uploads a picture into the server's memory.
func (d *Display) Pixmap(img *image.RGBA) (Surface, error) {
	id, err := xproto.NewPixmapId(d.conn)
	if err != nil {
		return Surface{}, err
	}
	size := img.Bounds().Size()
	xproto.CreatePixmap(d.conn, d.depth, id, xproto.Drawable(d.root), uint16(size.X), uint16(size.Y))
	s, err := d.surface(xproto.Drawable(id))
	if err == nil {
		d.Put(s, img, 0, 0)
	}
	return s, err
}

// Put draws a picture with its top left corner at x, y.
func (d *Display) Put(s Surface, img *image.RGBA, x, y int) {
	b := img.Bounds()
	w := b.Dx()
	rows := max(1, chunk/(w*4))
	buf := make([]byte, 0, rows*w*4)
	for y0 := 0; y0 < b.Dy(); y0 += rows {
		n := min(rows, b.Dy()-y0)
		buf = buf[:0]
		for j := range n {
			row := img.Pix[img.PixOffset(b.Min.X, b.Min.Y+y0+j):]
			for i := 0; i < 4*w; i += 4 {
				buf = append(buf, row[i+2], row[i+1], row[i], 0)
			}
		}
		xproto.PutImage(d.conn, xproto.ImageFormatZPixmap, s.id, s.gc, uint16(w), uint16(n), int16(x), int16(y+y0), 0, d.depth, buf)
	}
}

// Fill draws a rectangle of one colour, 0xRRGGBB.
func (d *Display) Fill(s Surface, rgb uint32, x, y, w, h int) {
	xproto.ChangeGC(d.conn, s.gc, xproto.GcForeground, []uint32{rgb})
	xproto.PolyFillRectangle(d.conn, s.id, s.gc, []xproto.Rectangle{{X: int16(x), Y: int16(y), Width: uint16(w), Height: uint16(h)}})
}

// Copy moves a rectangle from one surface to another one, or within one.
func (d *Display) Copy(from, to Surface, sx, sy, dx, dy, w, h int) {
	xproto.CopyArea(d.conn, from.id, to.id, to.gc, int16(sx), int16(sy), int16(dx), int16(dy), uint16(w), uint16(h))
}

// Screenshot reads the whole screen, without the pointer.
func (d *Display) Screenshot() (*image.RGBA, error) {
	img := image.NewRGBA(image.Rect(0, 0, d.W, d.H))
	const band = 120 // rows in one answer
	for y := 0; y < d.H; y += band {
		h := min(band, d.H-y)
		r, err := xproto.GetImage(d.conn, xproto.ImageFormatZPixmap, xproto.Drawable(d.root), 0, int16(y), uint16(d.W), uint16(h), 0xffffffff).Reply()
		if err != nil {
			return nil, fmt.Errorf("screenshot: %w", err)
		}
		if len(r.Data) < d.W*h*4 {
			return nil, fmt.Errorf("screenshot: %d bytes instead of %d", len(r.Data), d.W*h*4)
		}
		out := img.Pix[img.PixOffset(0, y):]
		for i := 0; i < d.W*h*4; i += 4 {
			out[i], out[i+1], out[i+2], out[i+3] = r.Data[i+2], r.Data[i+1], r.Data[i], 255
		}
	}
	return img, nil
}
