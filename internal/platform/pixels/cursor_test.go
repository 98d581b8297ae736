package pixels

import (
	"bytes"
	"testing"

	"pindesk/internal/wire"
)

func TestShape(t *testing.T) {
	half := uint32(0x80400020) // half transparent; straight: 0x80, 0, 0x40
	for _, c := range []struct {
		name       string
		w, h       int
		hotX, hotY int
		fill       uint32
		want       wire.Cursor
	}{
		{"opaque", 2, 1, 1, 0, 0xff102030, wire.Cursor{W: 2, H: 1, HotX: 1, RGBA: bytes.Repeat([]byte{0x10, 0x20, 0x30, 255}, 2)}},
		{"half", 1, 1, 0, 0, half, wire.Cursor{W: 1, H: 1, RGBA: []byte{0x80, 0, 0x40, 0x80}}},
		{"brighter than its alpha", 1, 1, 0, 0, 0x10ffffff, wire.Cursor{W: 1, H: 1, RGBA: []byte{255, 255, 255, 0x10}}},
		{"invisible", 16, 16, 3, 3, 0, wire.Cursor{}},
		{"none", 0, 0, 0, 0, 0, wire.Cursor{}},
		{"hot outside", 1, 1, 9, 9, 0xff000000, wire.Cursor{W: 1, H: 1, RGBA: []byte{0, 0, 0, 255}}},
		{"largest", 128, 128, 127, 127, 0xffffffff, wire.Cursor{W: 128, H: 128, HotX: 127, HotY: 127, RGBA: bytes.Repeat([]byte{255}, 4*128*128)}},
		{"too large", 129, 20, 100, 10, 0xffffffff, wire.Cursor{W: 65, H: 10, HotX: 50, HotY: 5, RGBA: bytes.Repeat([]byte{255}, 4*65*10)}},
		{"much too large", 512, 512, 256, 511, 0xffffffff, wire.Cursor{W: 128, H: 128, HotX: 64, HotY: 127, RGBA: bytes.Repeat([]byte{255}, 4*128*128)}},
	} {
		t.Run(c.name, func(t *testing.T) {
			argb := make([]uint32, c.w*c.h)
			for i := range argb {
				argb[i] = c.fill
			}
			got := Shape(c.w, c.h, c.hotX, c.hotY, argb)
			if got.W != c.want.W || got.H != c.want.H || got.HotX != c.want.HotX || got.HotY != c.want.HotY || !bytes.Equal(got.RGBA, c.want.RGBA) {
				t.Errorf("got %+v", got)
			}
			if _, err := wire.ParseCursor(wire.AppendCursor(nil, got)); err != nil {
				t.Error(err)
			}
		})
	}
}
