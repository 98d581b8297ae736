package screen

import (
	"slices"

	"pindesk/internal/wire"
)

// maxCopies bounds the copies of one vector; above it the choice of an order would cost
// more than the copies save.
const maxCopies = 256

// copies looks for moved content among the dirty tiles, writes Copy ops for what it finds
// and makes them in the shadow, marks included. What it could not explain stays dirty.
//
// Who scrolls or drags goes on for a while: the move of the last update is tried at once, and
// only what it leaves is searched.
func (e *Encoder) copies(cur *Picture, now uint32) {
	last := e.lastMove
	e.lastMove = vector{}
	if (last.dx != 0 || last.dy != 0) && e.copyBy(cur, last, now) {
		e.lastMove = last
	}
	if e.searchArea() <= copyMinArea {
		return
	}
	var area Rect
	for _, t := range e.dirty {
		area = area.union(e.boxes[t])
	}
	for _, v := range e.search.find(&e.shadow, cur, area, e.changedAt) {
		if e.copyBy(cur, v, now) && e.lastMove.dx == 0 && e.lastMove.dy == 0 {
			e.lastMove = v
		}
	}
}

// searchArea is the number of pixels in the boxes of tiles that may have moved. Where one JPEG
// follows the other a video plays, of which nothing can be found.
func (e *Encoder) searchArea() (n int) {
	for _, t := range e.dirty {
		if e.restless[t] < playing {
			n += e.boxes[t].area()
		}
	}
	return n
}

// changedAt reports whether the tile at x, y is dirty.
func (e *Encoder) changedAt(x, y int) bool {
	return e.boxes[y/tileSize*e.tilesX+x/tileSize].W != 0
}

// copyBy copies all dirty tiles, or at least their boxes, that stand in the shadow at v's
// distance, merged into rectangles; it reports whether there was any. Tiles that it copied are
// not dirty any more.
func (e *Encoder) copyBy(cur *Picture, v vector, now uint32) bool {
	e.rects = e.rects[:0]
	whole := e.mask(&e.wanted)
	some := false
	for _, t := range e.dirty {
		if e.matches(cur, e.tileRect(int(t)), v) {
			whole[t], some = true, true
		} else if box := e.boxes[t]; len(e.rects) < maxCopies/2 && e.matches(cur, box, v) {
			e.rects = append(e.rects, box)
		}
	}
	if some {
		e.rects = e.appendRuns(e.rects, whole)
	}
	if len(e.rects) == 0 || len(e.rects) > maxCopies {
		return false
	}
	done, moved := false, false
	for n := len(e.rects); n > 0; n-- {
		i, free := nextCopy(e.rects[:n], v)
		r := e.rects[i]
		e.rects[i] = e.rects[n-1]
		// Once a source has been overwritten, only what is still right is sent.
		if e.copyOps >= wire.MaxOps/4 || moved && !e.matches(cur, r, v) {
			continue
		}
		moved = moved || !free
		sx, sy := r.X-v.dx, r.Y-v.dy
		e.moveOps = wire.AppendOpHead(e.moveOps, wire.OpCopy, r.X, r.Y, r.W, r.H)
		e.moveOps = append(e.moveOps, byte(sx), byte(sx>>8), byte(sy), byte(sy>>8))
		e.copyOps++
		e.carry(r, sx, sy, now)
		movePixels(&e.shadow, r, sx, sy)
		e.explained(r)
		done = true
	}
	if done {
		e.dirty = slices.DeleteFunc(e.dirty, func(t int32) bool { return e.boxes[t].W == 0 })
	}
	return done
}

// explained forgets what had changed inside r, a rectangle of whole tiles or one tile's box:
// the shadow now has it. Outside the boxes nothing had changed.
func (e *Encoder) explained(r Rect) {
	for ty := r.Y / tileSize; ty <= (r.Y+r.H-1)/tileSize; ty++ {
		for tx := r.X / tileSize; tx <= (r.X+r.W-1)/tileSize; tx++ {
			t := ty*e.tilesX + tx
			e.boxes[t], e.restless[t] = Rect{}, 0
		}
	}
}

// matches reports whether the shadow, as it is now, holds cur's r at v's distance.
func (e *Encoder) matches(cur *Picture, r Rect, v vector) bool {
	sx, sy := r.X-v.dx, r.Y-v.dy
	return sx >= 0 && sy >= 0 && sx+r.W <= cur.W && sy+r.H <= cur.H && equalRect(cur, r, &e.shadow, sx, sy)
}

// nextCopy picks a copy that overwrites no source of the others, if there is one. Disjoint
// rectangles can nearly always be moved in some such order; whole tiles and boxes are disjoint.
func nextCopy(rects []Rect, v vector) (i int, free bool) {
	for i := len(rects) - 1; i >= 0; i-- {
		free := true
		for j, s := range rects {
			s.X, s.Y = s.X-v.dx, s.Y-v.dy
			if j != i && s.overlaps(rects[i]) {
				free = false
				break
			}
		}
		if free {
			return i, true
		}
	}
	return len(rects) - 1, false
}

// movePixels copies the rectangle at sx, sy onto r as if through a second buffer.
func movePixels(p *Picture, r Rect, sx, sy int) {
	for j := range r.H {
		if sy < r.Y {
			j = r.H - 1 - j
		}
		copy(p.row(r.X, r.Y+j, r.W), p.row(sx, sy+j, r.W))
	}
}
