package screen

import (
	"bytes"
	"encoding/binary"
	"math/bits"
)

// tileSize is the side of a tile in pixels: 32 beat 64 by a quarter on scrolling and by
// half on typing, and 16 saved little more.
const tileSize = 32

// colourMask keeps the B, G, R bytes of two pixels read as one little-endian word.
const colourMask = 0x00ffffff00ffffff

// equalPixels compares two runs of whole pixels without their X bytes.
func equalPixels(a, b []byte) bool {
	if bytes.Equal(a, b) {
		return true
	}
	first, _ := diffSpan(a, b)
	return first < 0
}

// diffSpan returns the first and the last pixel in which a and b, runs of whole pixels of
// the same length, differ in colour; -1, -1 if they do not.
func diffSpan(a, b []byte) (first, last int) {
	n := len(a)
	b = b[:n]
	le := binary.LittleEndian
	i := 0
	for ; i+8 <= n; i += 8 {
		if d := (le.Uint64(a[i:]) ^ le.Uint64(b[i:])) & colourMask; d != 0 {
			first = i/4 + bits.TrailingZeros64(d)/32
			goto found
		}
	}
	if i < n && (le.Uint32(a[i:])^le.Uint32(b[i:]))&(colourMask>>32) != 0 {
		return i / 4, i / 4
	}
	return -1, -1
found:
	for i = n; i >= 8; i -= 8 {
		if d := (le.Uint64(a[i-8:]) ^ le.Uint64(b[i-8:])) & colourMask; d != 0 {
			return first, i/4 - 2 + (63-bits.LeadingZeros64(d))/32
		}
	}
	return first, 0 // only a pixel before the last whole pair is left: the very first
}

// equalRect compares the r of a with the rectangle of the same size at sx, sy of b.
func equalRect(a *Picture, r Rect, b *Picture, sx, sy int) bool {
	for j := range r.H {
		if !equalPixels(a.row(r.X, r.Y+j, r.W), b.row(sx, sy+j, r.W)) {
			return false
		}
	}
	return true
}

// tileRect is the rectangle of tile t, cut at the picture's edge.
func (e *Encoder) tileRect(t int) Rect {
	x, y := t%e.tilesX*tileSize, t/e.tilesX*tileSize
	return Rect{x, y, min(tileSize, e.shadow.W-x), min(tileSize, e.shadow.H-y)}
}

// compare finds where cur differs from the shadow inside r, grows the boxes of the tiles
// concerned and lists them as dirty. Where two pixels differ in X only the shadow takes
// cur's bytes, so that the next comparison is a plain one again.
func (e *Encoder) compare(cur *Picture, r Rect) {
	r = r.clip(cur.W, cur.H)
	if r.empty() {
		return
	}
	end := r.X + r.W
	for y := r.Y; y < r.Y+r.H; y++ {
		if bytes.Equal(cur.row(r.X, y, r.W), e.shadow.row(r.X, y, r.W)) {
			continue
		}
		t := y/tileSize*e.tilesX + r.X/tileSize
		for x := r.X; x < end; t++ {
			n := min(x/tileSize*tileSize+tileSize, end) - x
			a, b := cur.row(x, y, n), e.shadow.row(x, y, n)
			if !bytes.Equal(a, b) {
				if first, last := diffSpan(a, b); first >= 0 {
					e.touch(t, Rect{x + first, y, last - first + 1, 1})
				} else {
					copy(b, a)
				}
			}
			x += n
		}
	}
}

// touch adds r to what has changed in tile t.
func (e *Encoder) touch(t int, r Rect) {
	if e.boxes[t].W == 0 {
		e.dirty = append(e.dirty, int32(t))
		e.boxes[t] = r
		return
	}
	e.boxes[t] = e.boxes[t].union(r)
}
