package screen

import (
	"encoding/binary"

	"pindesk/internal/wire"
)

// maxColours is the largest palette that a changed tile gets; with more, its indices
// compress hardly better than the deltas of neighbouring pixels.
const maxColours = 192

// palette counts the colours of a rectangle of at most one tile.
type palette struct {
	n       int
	colours [256]uint32
	indices [tileSize * tileSize]uint8

	// Open hash from colour to index; a slot counts only if its round is the present one.
	round uint32
	slots [1024]struct {
		round, colour uint32
		index         uint8
	}
}

// find returns the slot of colour c, or the free one that it would take.
func (p *palette) find(c uint32) (slot uint32, ok bool) {
	h := c * 2654435761 >> 22
	for p.slots[h].round == p.round {
		if p.slots[h].colour == c {
			return h, true
		}
		h = (h + 1) & 1023
	}
	return h, false
}

// enter makes c the next colour; slot is where find wants it.
func (p *palette) enter(slot, c uint32) {
	s := &p.slots[slot]
	s.round, s.colour, s.index = p.round, c, uint8(p.n)
	p.colours[p.n] = c
	p.n++
}

// build collects the colours of r and the pixels' indices; false if there are more than
// limit (at most 256) of them.
func (p *palette) build(pic *Picture, r Rect, limit int) bool {
	p.round++
	p.n = 0
	last, index := ^uint32(0), uint8(0)
	k := 0
	for j := range r.H {
		row := pic.row(r.X, r.Y+j, r.W)
		for i := 0; i < len(row); i += 4 {
			c := binary.LittleEndian.Uint32(row[i:]) & 0xffffff
			if c != last {
				slot, ok := p.find(c)
				if !ok {
					if p.n == limit {
						return false
					}
					p.enter(slot, c)
				}
				last, index = c, p.slots[slot].index
			}
			p.indices[k] = index
			k++
		}
	}
	return true
}

// crowded guesses from a few pixels whether r has too many colours for a palette. It is asked
// only of tiles which had too many the last time, and can only take a picture for one
// that is not exact for a while.
func (p *palette) crowded(pic *Picture, r Rect) bool {
	const step = 5 // prime to tileSize: each row is looked at in other columns
	if r.area() < tileSize*tileSize/2 {
		return false
	}
	p.round++
	p.n = 0
	seen, x := 0, 0
	for y := r.Y; y < r.Y+r.H; y += 3 {
		for ; x < r.W; x += step {
			c := binary.LittleEndian.Uint32(pic.row(r.X+x, y, 1)) & 0xffffff
			if slot, ok := p.find(c); !ok {
				p.enter(slot, c)
			}
			seen++
		}
		x -= r.W
	}
	return p.n > seen*3/4
}

// appendPalette writes the Palette or Fill op of r, of which e.palette was built.
func (e *Encoder) appendPalette(ops []byte, r Rect) []byte {
	p := &e.palette
	if p.n == 1 {
		return appendFill(ops, r, p.colours[0])
	}
	if p.n >= sharedFrom {
		e.shared.apply(p)
	}
	ops = wire.AppendOpHead(ops, wire.OpPalette, r.X, r.Y, r.W, r.H)
	ops = append(ops, byte(p.n-1))
	for _, c := range p.colours[:p.n] {
		ops = append(ops, byte(c), byte(c>>8), byte(c>>16))
	}
	bits := wire.IndexBits(p.n)
	if bits == 8 {
		return append(ops, p.indices[:r.W*r.H]...)
	}
	for j := range r.H {
		acc, have := uint(0), 0
		for _, v := range p.indices[j*r.W : (j+1)*r.W] {
			acc = acc<<bits | uint(v)
			if have += bits; have == 8 {
				ops = append(ops, byte(acc))
				have = 0
			}
		}
		if have > 0 {
			ops = append(ops, byte(acc<<(8-have)))
		}
	}
	return ops
}

func appendFill(ops []byte, r Rect, c uint32) []byte {
	ops = wire.AppendOpHead(ops, wire.OpFill, r.X, r.Y, r.W, r.H)
	return append(ops, byte(c), byte(c>>8), byte(c>>16))
}

// appendDelta writes the Delta op of r.
func appendDelta(ops []byte, pic *Picture, r Rect) []byte {
	ops = wire.AppendOpHead(ops, wire.OpDelta, r.X, r.Y, r.W, r.H)
	n := r.W * r.H
	at := len(ops)
	ops = grow(ops, 3*n)
	g, rg, bg := ops[at:at+n], ops[at+n:at+2*n], ops[at+2*n:at+3*n]
	k := 0
	var above []byte
	for j := range r.H {
		row := pic.row(r.X, r.Y+j, r.W)
		var lg, lr, lb byte // left neighbour
		for i := 0; i < len(row); i += 4 {
			vg := row[i+1]
			vr, vb := row[i+2]-vg, row[i]-vg
			pg, pr, pb := lg, lr, lb
			if j > 0 {
				ug := above[i+1]
				ur, ub := above[i+2]-ug, above[i]-ug
				if i == 0 {
					pg, pr, pb = ug, ur, ub
				} else {
					pg, pr, pb = meanUnsigned(lg, ug), meanSigned(lr, ur), meanSigned(lb, ub)
				}
			}
			g[k], rg[k], bg[k] = vg-pg, vr-pr, vb-pb
			lg, lr, lb = vg, vr, vb
			k++
		}
		above = row
	}
	return ops
}

// meanUnsigned and meanSigned are the predictions of Delta, rounded down.
func meanUnsigned(a, b byte) byte { return byte((uint(a) + uint(b)) >> 1) }
func meanSigned(a, b byte) byte   { return byte((int(int8(a)) + int(int8(b))) >> 1) }

// grow lengthens b by n bytes of any content.
func grow(b []byte, n int) []byte {
	if len(b)+n <= cap(b) {
		return b[:len(b)+n]
	}
	bigger := make([]byte, len(b)+n, 2*cap(b)+n)
	copy(bigger, b)
	return bigger
}

// fills collects one-coloured rectangles and joins those that go on to the right of or below
// an earlier one. They must come in the order of rows, then columns, of their tiles.
type fills struct {
	rects   []Rect
	colours []uint32
	row     int // y of the tiles in hand
	open    int // rects before it were done more than one row of tiles ago
	last    int // first of the row in hand
}

func (f *fills) reset() {
	f.rects, f.colours, f.row, f.open, f.last = f.rects[:0], f.colours[:0], -1, 0, 0
}

// add notes that r has colour c.
func (f *fills) add(r Rect, c uint32) {
	if ty := r.Y / tileSize; ty != f.row {
		f.endRow()
		f.row = ty
	}
	if n := len(f.rects); n > f.last {
		if p := &f.rects[n-1]; f.colours[n-1] == c && p.Y == r.Y && p.H == r.H && p.X+p.W == r.X {
			p.W += r.W
			return
		}
	}
	f.rects, f.colours = append(f.rects, r), append(f.colours, c)
}

// endRow joins the row in hand with equally wide rectangles that end above it.
func (f *fills) endRow() {
	i, n := f.open, f.last
	for k := f.last; k < len(f.rects); k++ {
		r, c := f.rects[k], f.colours[k]
		for i < f.last && f.rects[i].X < r.X {
			i++
		}
		if i < f.last {
			if p := &f.rects[i]; f.colours[i] == c && p.X == r.X && p.W == r.W && p.Y+p.H == r.Y {
				// The older one goes on as part of the newer, so that rows stay in order.
				r.Y, r.H = p.Y, p.H+r.H
				p.H = 0
			}
		}
		f.rects[n], f.colours[n] = r, c
		n++
	}
	f.rects, f.colours = f.rects[:n], f.colours[:n]
	f.open, f.last = f.last, n
}

// append writes the ops of all and returns how many.
func (f *fills) append(ops []byte) ([]byte, int) {
	f.endRow()
	n := 0
	for i, r := range f.rects {
		if r.H > 0 {
			ops = appendFill(ops, r, f.colours[i])
			n++
		}
	}
	return ops, n
}
