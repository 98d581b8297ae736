package pixels

import (
	"bytes"
	"slices"
	"sync"

	"pindesk/internal/screen"
)

// mergeWaste is how many pixels may be read in vain to save reading one more rectangle. A
// request costs as much as reading 28000 (11 us, by BenchmarkGrab), but whoever encodes
// the picture must look at them too, and a real screen reads slower.
const mergeWaste = 4096

// firstCell is the side in pixels of the grid that many rectangles are first laid on.
const firstCell = 32

// Clip cuts r to a picture of w x h; a rectangle outside becomes empty.
func Clip(r screen.Rect, w, h int) screen.Rect {
	x0, y0 := max(r.X, 0), max(r.Y, 0)
	x1, y1 := min(r.X+r.W, w), min(r.Y+r.H, h)
	if x1 <= x0 || y1 <= y0 {
		return screen.Rect{}
	}
	return screen.Rect{X: x0, Y: y0, W: x1 - x0, H: y1 - y0}
}

// Intersection is what a and b share; it may be empty.
func Intersection(a, b screen.Rect) screen.Rect {
	r := Clip(screen.Rect{X: a.X - b.X, Y: a.Y - b.Y, W: a.W, H: a.H}, b.W, b.H)
	if r.W > 0 {
		r.X, r.Y = r.X+b.X, r.Y+b.Y
	}
	return r
}

// Union is the least rectangle around a and b.
func Union(a, b screen.Rect) screen.Rect {
	x0, y0 := min(a.X, b.X), min(a.Y, b.Y)
	return screen.Rect{X: x0, Y: y0, W: max(a.X+a.W, b.X+b.W) - x0, H: max(a.Y+a.H, b.Y+b.H) - y0}
}

// Merge makes of rects, none of them empty and none with a negative place, at most limit
// rectangles that cover the same and a little more, within the same bounds. It works in
// place as far as possible.
func Merge(rects []screen.Rect, limit int) []screen.Rect {
	for cell := firstCell; len(rects) > limit; cell *= 2 {
		rects = onGrid(rects, cell)
	}
	for again := true; again; {
		again = false
		for i := 0; i < len(rects); i++ {
			for j := i + 1; j < len(rects); {
				u := Union(rects[i], rects[j])
				if u.W*u.H > rects[i].W*rects[i].H+rects[j].W*rects[j].H+mergeWaste {
					j++
					continue
				}
				rects[i] = u
				rects[j] = rects[len(rects)-1]
				rects = rects[:len(rects)-1]
				again = true
			}
		}
	}
	return rects
}

// grids are for onGrid, which is needed again and again while much changes.
var grids = sync.Pool{New: func() any { return new([]bool) }}

// onGrid covers rects by whole cells of a grid, joined to runs and these to blocks.
func onGrid(rects []screen.Rect, cell int) []screen.Rect {
	bounds := rects[0]
	for _, r := range rects[1:] {
		bounds = Union(bounds, r)
	}
	right, bottom := bounds.X+bounds.W, bounds.Y+bounds.H
	cols, rows := (right+cell-1)/cell, (bottom+cell-1)/cell
	grid := grids.Get().(*[]bool)
	defer grids.Put(grid)
	*grid = slices.Grow((*grid)[:0], cols*rows)
	touched := (*grid)[:cols*rows]
	clear(touched)
	for _, r := range rects {
		for y := r.Y / cell; y <= (r.Y+r.H-1)/cell; y++ {
			row := touched[y*cols:]
			for x := r.X / cell; x <= (r.X+r.W-1)/cell; x++ {
				row[x] = true
			}
		}
	}
	rects = rects[:0]
	above := 0 // rects[above:] reach down to the row that is being looked at
	for y := range rows {
		row := touched[y*cols : (y+1)*cols]
		begun := len(rects)
		for x := 0; x < cols; x++ {
			if !row[x] {
				continue
			}
			x0 := x
			for x < cols && row[x] {
				x++
			}
			run := screen.Rect{X: x0 * cell, Y: y * cell, W: (x - x0) * cell, H: cell}
			if !extend(rects[above:begun], run) {
				rects = append(rects, run)
			}
		}
		for above < len(rects) && rects[above].Y+rects[above].H < (y+1)*cell {
			above++
		}
	}
	for i := range rects {
		r := Clip(rects[i], right, bottom)
		r.W, r.X = r.W-max(bounds.X-r.X, 0), max(r.X, bounds.X)
		r.H, r.Y = r.H-max(bounds.Y-r.Y, 0), max(r.Y, bounds.Y)
		rects[i] = r
	}
	return rects
}

// extend lengthens the block that stands just above run and is as wide.
func extend(blocks []screen.Rect, run screen.Rect) bool {
	for i := range blocks {
		b := &blocks[i]
		if b.X == run.X && b.W == run.W && b.Y+b.H == run.Y {
			b.H += run.H
			return true
		}
	}
	return false
}

// Sides in pixels of the tiles in which a screen is compared that does not tell of its damage.
const (
	TileW = 64
	TileH = 32
)

// Differ compares new pixels with a picture, takes over what differs and notes it.
type Differ struct {
	Pic   screen.Picture
	Rects []screen.Rect // what differed, of tiles
}

// Take compares a block of pixels whose rows begin stride bytes apart.
func (d *Differ) Take(r screen.Rect, block []byte, stride int) {
	for y := 0; y < r.H; y += TileH {
		h := min(TileH, r.H-y)
		for x := 0; x < r.W; x += TileW {
			w := min(TileW, r.W-x)
			first, last := -1, 0
			for row := y; row < y+h; row++ {
				from := block[row*stride+4*x:][:4*w]
				to := d.Pic.Pix[(r.Y+row)*d.Pic.Stride+4*(r.X+x):][:4*w]
				if !bytes.Equal(from, to) {
					copy(to, from)
					if first < 0 {
						first = row
					}
					last = row
				}
			}
			if first >= 0 {
				d.Rects = append(d.Rects, screen.Rect{X: r.X + x, Y: r.Y + first, W: w, H: last - first + 1})
			}
		}
	}
}
