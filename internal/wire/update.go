package wire

import (
	"encoding/binary"
	"fmt"
)

// Preamble is what every compressor frame decompresses to first.
const Preamble = "PinDesk stream 1"

// UpdateHeadSize is the length of the fixed part of an update's body.
const UpdateHeadSize = 28

// UpdateHead is the fixed part of an update's body.
type UpdateHead struct {
	Layout        uint16
	Width, Height uint16
	Ops           uint16
	Captured      uint32
	Input         uint32
	Part          uint32
	Raw           uint32
	Packed        uint32
}

// AppendUpdateHead appends u to b.
func AppendUpdateHead(b []byte, u UpdateHead) []byte {
	le := binary.LittleEndian
	b = le.AppendUint16(b, u.Layout)
	b = le.AppendUint16(b, u.Width)
	b = le.AppendUint16(b, u.Height)
	b = le.AppendUint16(b, u.Ops)
	b = le.AppendUint32(b, u.Captured)
	b = le.AppendUint32(b, u.Input)
	b = le.AppendUint32(b, u.Part)
	b = le.AppendUint32(b, u.Raw)
	return le.AppendUint32(b, u.Packed)
}

// ParseUpdate splits an update's body into its fixed part, the compressed op block and
// the JPEG blobs; both slices alias body. All caps of the specification are checked.
func ParseUpdate(body []byte) (u UpdateHead, packed, blobs []byte, err error) {
	if len(body) < UpdateHeadSize || len(body) > MaxUpdate {
		return u, nil, nil, fmt.Errorf("%w: update of %d bytes", ErrMalformed, len(body))
	}
	le := binary.LittleEndian
	u = UpdateHead{
		Layout: le.Uint16(body), Width: le.Uint16(body[2:]), Height: le.Uint16(body[4:]), Ops: le.Uint16(body[6:]),
		Captured: le.Uint32(body[8:]), Input: le.Uint32(body[12:]), Part: le.Uint32(body[16:]),
		Raw: le.Uint32(body[20:]), Packed: le.Uint32(body[24:]),
	}
	rest := body[UpdateHeadSize:]
	switch {
	case !ValidSize(int(u.Width), int(u.Height)):
		err = fmt.Errorf("%w: picture of %dx%d", ErrMalformed, u.Width, u.Height)
	case u.Raw > MaxRaw:
		err = fmt.Errorf("%w: op block of %d bytes", ErrMalformed, u.Raw)
	case uint64(u.Packed) > uint64(len(rest)), (u.Raw == 0) != (u.Packed == 0), u.Raw == 0 && u.Ops != 0:
		err = fmt.Errorf("%w: op block lengths", ErrMalformed)
	}
	if err != nil {
		return UpdateHead{}, nil, nil, err
	}
	return u, rest[:u.Packed], rest[u.Packed:], nil
}

// ValidSize reports whether a picture may have this size.
func ValidSize(w, h int) bool {
	return w >= 1 && h >= 1 && w <= MaxSide && h <= MaxSide && w*h <= MaxPixels
}

// OpCode names an op.
type OpCode uint8

// The ops.
const (
	OpFill    OpCode = 1
	OpCopy    OpCode = 2
	OpPalette OpCode = 3
	OpDelta   OpCode = 4
	OpJPEG    OpCode = 5
)

// OpHeadSize is the length of an op's code and rectangle.
const OpHeadSize = 9

// Op is one op of a decompressed op block. X, Y, W, H is the rectangle that it changes.
type Op struct {
	Code       OpCode
	X, Y, W, H int
	// SX, SY is the source of a Copy.
	SX, SY int
	// Colours are n*3 bytes b, g, r: one of a Fill, 2..256 of a Palette.
	Colours []byte
	// Data are the packed indices of a Palette or the planes of a Delta.
	Data []byte
	// Blob is the length of a JPEG's blob.
	Blob int
}

// AppendOpHead appends an op's code and rectangle to b.
func AppendOpHead(b []byte, c OpCode, x, y, w, h int) []byte {
	return append(b, byte(c), byte(x), byte(x>>8), byte(y), byte(y>>8), byte(w), byte(w>>8), byte(h), byte(h>>8))
}

// IndexBits is the number of bits of a palette index among n colours.
func IndexBits(n int) int {
	switch {
	case n <= 2:
		return 1
	case n <= 4:
		return 2
	case n <= 16:
		return 4
	}
	return 8
}

// NextOp parses the op at the start of ops for a picture of width x height and returns
// what follows it. The op's slices alias ops.
func NextOp(ops []byte, width, height int) (op Op, rest []byte, err error) {
	bad := func(what string) (Op, []byte, error) {
		return Op{}, nil, fmt.Errorf("%w: op: %s", ErrMalformed, what)
	}
	if len(ops) < OpHeadSize {
		return bad("cut short")
	}
	le := binary.LittleEndian
	op = Op{
		Code: OpCode(ops[0]),
		X:    int(le.Uint16(ops[1:])), Y: int(le.Uint16(ops[3:])),
		W: int(le.Uint16(ops[5:])), H: int(le.Uint16(ops[7:])),
	}
	if op.W < 1 || op.H < 1 || op.X+op.W > width || op.Y+op.H > height {
		return bad("rectangle outside the picture")
	}
	rest = ops[OpHeadSize:]
	take := func(n int) []byte {
		if n > len(rest) {
			return nil
		}
		part := rest[:n:n]
		rest = rest[n:]
		return part
	}
	switch op.Code {
	case OpFill:
		if op.Colours = take(3); op.Colours == nil {
			return bad("cut short")
		}
	case OpCopy:
		p := take(4)
		if p == nil {
			return bad("cut short")
		}
		op.SX, op.SY = int(le.Uint16(p)), int(le.Uint16(p[2:]))
		if op.SX+op.W > width || op.SY+op.H > height {
			return bad("copy from outside the picture")
		}
	case OpPalette:
		p := take(1)
		if p == nil {
			return bad("cut short")
		}
		n := int(p[0]) + 1
		if n < 2 {
			return bad("palette of one colour")
		}
		if op.Colours = take(3 * n); op.Colours == nil {
			return bad("cut short")
		}
		if op.Data = take((op.W*IndexBits(n) + 7) / 8 * op.H); op.Data == nil {
			return bad("cut short")
		}
	case OpDelta:
		if op.Data = take(3 * op.W * op.H); op.Data == nil {
			return bad("cut short")
		}
	case OpJPEG:
		p := take(4)
		if p == nil {
			return bad("cut short")
		}
		n := le.Uint32(p)
		if n == 0 || n > MaxUpdate {
			return bad("blob length")
		}
		op.Blob = int(n)
	default:
		return bad("unknown code")
	}
	return op, rest, nil
}
