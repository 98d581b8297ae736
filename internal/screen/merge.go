package screen

// mask returns a cleared bool for every tile in the memory of *buf.
func (e *Encoder) mask(buf *[]bool) []bool {
	n := e.tilesX * e.tilesY
	if cap(*buf) < n {
		*buf = make([]bool, n)
	}
	*buf = (*buf)[:n]
	clear(*buf)
	return *buf
}

// appendRuns appends disjoint rectangles, in pixels, that cover exactly the tiles in want:
// runs of tiles in a row, and equal runs of adjacent rows as one.
func (e *Encoder) appendRuns(dst []Rect, want []bool) []Rect {
	open := len(dst) // rectangles before it end above the row in hand
	for ty := range e.tilesY {
		row := want[ty*e.tilesX : (ty+1)*e.tilesX]
		next := len(dst)
		i := open
		for tx := 0; tx < e.tilesX; {
			if !row[tx] {
				tx++
				continue
			}
			x0 := tx
			for tx < e.tilesX && row[tx] {
				tx++
			}
			r := Rect{x0 * tileSize, ty * tileSize, min(tx*tileSize, e.shadow.W) - x0*tileSize, 0}
			r.H = min(tileSize, e.shadow.H-r.Y)
			for i < next && dst[i].X < r.X {
				i++
			}
			if i < next && dst[i].X == r.X && dst[i].W == r.W && dst[i].Y+dst[i].H == r.Y {
				r.Y, r.H = dst[i].Y, dst[i].H+r.H
				dst[i].H = 0 // grows into the one appended below, so that rows stay in order
			}
			dst = append(dst, r)
		}
		open = next
	}
	n := 0
	for _, r := range dst {
		if r.H > 0 {
			dst[n] = r
			n++
		}
	}
	return dst[:n]
}

// Costs of a JPEG in bytes, to weigh one large against several small ones: each has its own
// Huffman and quantisation tables, and a pixel of a photo at quality 75 takes about a fifth of
// a byte.
const (
	jpegHead      = 300 // bytes of a JPEG before its first pixel, about
	jpegFixed     = 380 // and with the op and what a new start costs
	jpegPixelsPer = 5
	mergeAtOnce   = 192 // rectangles; with more only runs are merged
)

// mergeCheap joins rectangles in place where one around both costs less than the two, as
// long as it lies inside the tiles of may (nil: anywhere), and returns the rest.
func (e *Encoder) mergeCheap(rects []Rect, may []bool) []Rect {
	if len(rects) > mergeAtOnce {
		return rects
	}
	cost := func(r Rect) int { return jpegFixed + r.area()/jpegPixelsPer }
	for again := true; again; {
		again = false
		for i := 0; i < len(rects); i++ {
			for j := i + 1; j < len(rects); j++ {
				u := rects[i].union(rects[j])
				if cost(u) >= cost(rects[i])+cost(rects[j]) || !e.inside(u, may) {
					continue
				}
				rects[i] = u
				rects[j] = rects[len(rects)-1]
				rects = rects[:len(rects)-1]
				j, again = i, true
			}
		}
	}
	return rects
}

// inside reports whether all tiles that r overlaps are in may.
func (e *Encoder) inside(r Rect, may []bool) bool {
	if may == nil {
		return true
	}
	for ty := r.Y / tileSize; ty <= (r.Y+r.H-1)/tileSize; ty++ {
		for tx := r.X / tileSize; tx <= (r.X+r.W-1)/tileSize; tx++ {
			if !may[ty*e.tilesX+tx] {
				return false
			}
		}
	}
	return true
}
