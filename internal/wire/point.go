package wire

import (
	"encoding/binary"
	"fmt"
)

// MaxPoint is the longest body of a Point.
const MaxPoint = 6

// Point is a place of the shared picture that a viewer points at: a laser pointer. It moves
// nothing and clicks nothing.
type Point struct {
	Layout uint16 // whose coordinates these are
	X, Y   int    // pixels of the header's stream, 0..65535; who shows them checks that they are inside
}

// AppendPoint appends the body of a Point to b; nil: its viewer points no more.
func AppendPoint(b []byte, p *Point) []byte {
	if p == nil {
		return b
	}
	b = binary.LittleEndian.AppendUint16(b, p.Layout)
	b = binary.LittleEndian.AppendUint16(b, uint16(p.X))
	return binary.LittleEndian.AppendUint16(b, uint16(p.Y))
}

// ParsePoint parses the body of a Point; nil for one that says that its viewer points no more.
func ParsePoint(body []byte) (*Point, error) {
	switch len(body) {
	case 0:
		return nil, nil
	case MaxPoint:
		return &Point{Layout: binary.LittleEndian.Uint16(body), X: int(binary.LittleEndian.Uint16(body[2:])),
			Y: int(binary.LittleEndian.Uint16(body[4:]))}, nil
	}
	return nil, fmt.Errorf("%w: point of %d bytes", ErrMalformed, len(body))
}
