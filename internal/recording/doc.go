// Package recording reads and writes recordings of a screen: what a capturer delivered, in
// files that tests replay and that cmd/screenrec makes. It has rectangles of its own, because
// the tests of package screen read recordings too. Anyone may import it; it imports only
// wire, for its limits, and zstd.
//
// # Format
//
// All integers are little-endian and unsigned. A recording is
//
//	offset 0   8 bytes  "PDSCREEN"
//	       8   u16      version, 1
//	      10   u16      width   of the picture, the same in every frame;
//	      12   u16      height  wire.ValidSize holds
//	      14   u16      reserved, written 0, ignored by readers
//	      16            one zstd frame, with a window of at most 32 MiB, to the end
//
// which decompresses to frames, one after the other to the end:
//
//	u32 at      ms since the recording began; never less than that of the frame before
//	u16 count   of rectangles, 1..MaxDamage
//	count times u16 x, u16 y, u16 w, u16 h: the damage as the platform delivered it, each
//	            at least 1x1 and inside the picture; they may overlap
//	then for each rectangle, in order, its w*h pixels by rows, three bytes b, g, r each
//
// The first frame has one rectangle, the whole picture. Pixels are stored as they are, not as
// differences from the frame before: the compressor's window is several pictures long, and
// finds what has not changed as well as what has only moved, which a difference would hide.
package recording

import "pindesk/internal/wire"

// The limits of a recording. Readers refuse what is beyond them before they allocate.
const (
	MaxDamage = 64       // rectangles a frame
	MaxFrames = 1 << 20  // of a recording: nearly ten hours at 30 a second
	maxWindow = 32 << 20 // bytes of the compressor's window: four pictures of 1080p
)

const (
	magic    = "PDSCREEN"
	version  = 1
	headSize = len(magic) + 8
)

// Rect is a rectangle in pixels, origin top left; it converts to a screen.Rect.
type Rect struct{ X, Y, W, H int }

// within reports whether r has pixels and all of them are in a picture of w x h.
func (r Rect) within(w, h int) bool {
	return r.X >= 0 && r.Y >= 0 && r.W > 0 && r.H > 0 && r.X+r.W <= w && r.Y+r.H <= h
}

// validSize is wire's: whatever cannot be sent need not be recorded.
func validSize(w, h int) bool { return wire.ValidSize(w, h) }
