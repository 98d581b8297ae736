package wire

import (
	"encoding/binary"
	"fmt"
)

// Cursor is the shape of the presenter's mouse pointer.
type Cursor struct {
	HotX, HotY int
	W, H       int
	// RGBA has 4*W*H bytes with straight alpha; empty when the pointer is hidden.
	RGBA []byte
}

// AppendCursor appends c's body to b. It panics if c is larger than MaxCursorSide or its
// pixels do not match its size: a capturer must have shrunk or dropped such a shape.
func AppendCursor(b []byte, c Cursor) []byte {
	if c.W > MaxCursorSide || c.H > MaxCursorSide || len(c.RGBA) != 4*c.W*c.H {
		panic("wire: cursor shape out of range")
	}
	le := binary.LittleEndian
	b = le.AppendUint16(b, uint16(c.HotX))
	b = le.AppendUint16(b, uint16(c.HotY))
	b = le.AppendUint16(b, uint16(c.W))
	b = le.AppendUint16(b, uint16(c.H))
	return append(b, c.RGBA...)
}

// ParseCursor parses a cursor's body; RGBA aliases it.
func ParseCursor(body []byte) (Cursor, error) {
	if len(body) < 8 {
		return Cursor{}, fmt.Errorf("%w: cursor cut short", ErrMalformed)
	}
	le := binary.LittleEndian
	c := Cursor{
		HotX: int(le.Uint16(body)), HotY: int(le.Uint16(body[2:])),
		W: int(le.Uint16(body[4:])), H: int(le.Uint16(body[6:])), RGBA: body[8:],
	}
	if c.W > MaxCursorSide || c.H > MaxCursorSide || (c.W == 0) != (c.H == 0) || len(c.RGBA) != 4*c.W*c.H ||
		(c.W > 0 && (c.HotX >= c.W || c.HotY >= c.H)) {
		return Cursor{}, fmt.Errorf("%w: cursor of %dx%d", ErrMalformed, c.W, c.H)
	}
	return c, nil
}

// AppendPointer appends the body of a pointer's place.
func AppendPointer(b []byte, x, y int) []byte {
	b = binary.LittleEndian.AppendUint16(b, uint16(x))
	return binary.LittleEndian.AppendUint16(b, uint16(y))
}

// ParsePointer parses the body of a pointer's place.
func ParsePointer(body []byte) (x, y int, err error) {
	if len(body) != PointerSize {
		return 0, 0, fmt.Errorf("%w: pointer of %d bytes", ErrMalformed, len(body))
	}
	return int(binary.LittleEndian.Uint16(body)), int(binary.LittleEndian.Uint16(body[2:])), nil
}
