//go:build linux

package x11

import (
	"bytes"
	"testing"

	"github.com/jezek/xgb/xproto"

	"pindesk/internal/platform/xvfb"
	"pindesk/internal/screen"
	"pindesk/internal/wire"
)

func TestCursorFollowsShape(t *testing.T) {
	display := xvfb.Start(t, "320x240")
	g, i, p := testCapturer(t, display), testInjector(t, display), newProgram(t, display)
	if err := i.Move(100, 100); err != nil {
		t.Fatal(err)
	}
	// A shape of 8x8 black pixels with the hot spot at 3,4, then one without any pixel.
	pixmap := func(fill uint32) xproto.Pixmap {
		id, err := xproto.NewPixmapId(p.x)
		if err != nil {
			t.Fatal(err)
		}
		xproto.CreatePixmap(p.x, 1, id, xproto.Drawable(p.root), 8, 8)
		gc, err := xproto.NewGcontextId(p.x)
		if err != nil {
			t.Fatal(err)
		}
		xproto.CreateGC(p.x, gc, xproto.Drawable(id), xproto.GcForeground, []uint32{fill})
		xproto.PolyFillRectangle(p.x, xproto.Drawable(id), gc, []xproto.Rectangle{{Width: 8, Height: 8}})
		return id
	}
	set := func(source, mask xproto.Pixmap) {
		id, err := xproto.NewCursorId(p.x)
		if err != nil {
			t.Fatal(err)
		}
		if err := xproto.CreateCursorChecked(p.x, id, source, mask, 0, 0, 0, 0, 0, 0, 3, 4).Check(); err != nil {
			t.Fatal(err)
		}
		xproto.ChangeWindowAttributes(p.x, p.root, xproto.CwCursor, []uint32{uint32(id)})
		p.x.Sync()
	}
	ones, zeros := pixmap(1), pixmap(0)
	_, before, err := g.Cursor()
	if err != nil {
		t.Fatal(err)
	}
	await := func(what string, good func(wire.Cursor) bool) {
		t.Helper()
		until(t, what, func() bool {
			<-g.Changed()
			c, serial, err := g.Cursor()
			if err != nil {
				t.Fatal(err)
			}
			if serial == before || !good(c) {
				return false
			}
			before = serial
			return true
		})
	}
	set(ones, ones)
	await("the square", func(c wire.Cursor) bool {
		return c.W >= 8 && c.H >= 8 && c.HotX == 3 && c.HotY == 4 && bytes.Equal(c.RGBA[:4], []byte{0, 0, 0, 255})
	})
	set(zeros, zeros)
	await("the hidden shape", func(c wire.Cursor) bool { return c.W == 0 && c.H == 0 && len(c.RGBA) == 0 })
}

// The pointer must not be in the picture: viewers draw it themselves.
func TestCursorIsNotInThePicture(t *testing.T) {
	display := xvfb.Start(t, "320x240")
	g, i := testCapturer(t, display), testInjector(t, display)
	first, _, err := g.Grab()
	if err != nil {
		t.Fatal(err)
	}
	before := screen.Picture{W: first.W, H: first.H, Stride: first.Stride, Pix: bytes.Clone(first.Pix)}
	if err := i.Move(50, 60); err != nil {
		t.Fatal(err)
	}
	until(t, "the pointer has moved", func() bool {
		x, y, err := g.Pointer()
		return err == nil && x == 50 && y == 60
	})
	pic, damage, err := g.Grab()
	if err != nil || len(damage) != 0 {
		t.Errorf("damage %v, error %v", damage, err)
	}
	assertSame(t, "picture", pic, before)
}

func TestCursorWithoutXFixes(t *testing.T) {
	g := testCapturer(t, xvfb.Start(t, "64x64", "-extension", "XFIXES"))
	c, serial, err := g.Cursor()
	if err != nil || serial == 0 || c.W != 12 || c.H != 17 {
		t.Fatalf("cursor of %dx%d, serial %d, error %v", c.W, c.H, serial, err)
	}
	if _, err := wire.ParseCursor(wire.AppendCursor(nil, c)); err != nil {
		t.Error(err)
	}
}
