package screen

import "pindesk/internal/wire"

// maxCopies bounds the copies of one vector; above it the choice of an order would cost
// more than the copies save.
const maxCopies = 256

// copies looks for moved content among the dirty tiles, writes Copy ops for what it finds
// and makes them in the shadow, marks included. What it could not explain stays dirty.
func (e *Encoder) copies(cur *Picture, now uint32) {
	if e.dirtyArea() <= copyMinArea {
		return
	}
	var area Rect
	for _, t := range e.dirty {
		area = area.union(e.boxes[t])
	}
	found := e.search.find(&e.shadow, cur, area, e.changedAt)
	for _, v := range found {
		if e.copyBy(cur, v.dx, v.dy, now) {
			e.recheck(cur)
		}
	}
}

// changedAt reports whether the tile at x, y is dirty.
func (e *Encoder) changedAt(x, y int) bool {
	return e.boxes[y/tileSize*e.tilesX+x/tileSize].W != 0
}

// copyBy copies all dirty tiles, or at least their boxes, that stand in the shadow dx, dy
// away, merged into rectangles; it reports whether there was any.
func (e *Encoder) copyBy(cur *Picture, dx, dy int, now uint32) bool {
	e.rects = e.rects[:0]
	whole := e.mask(&e.wanted)
	some := false
	for _, t := range e.dirty {
		if e.matches(cur, e.tileRect(int(t)), dx, dy) {
			whole[t], some = true, true
		} else if box := e.boxes[t]; len(e.rects) < maxCopies/2 && e.matches(cur, box, dx, dy) {
			e.rects = append(e.rects, box)
		}
	}
	if some {
		e.rects = e.appendRuns(e.rects, whole)
	}
	if len(e.rects) == 0 || len(e.rects) > maxCopies {
		return false
	}
	done := false
	for n := len(e.rects); n > 0; n-- {
		i := nextCopy(e.rects[:n], dx, dy)
		r := e.rects[i]
		e.rects[i] = e.rects[n-1]
		// The shadow has moved since the first look: only what is still right is sent.
		if e.copyOps >= wire.MaxOps/4 || !e.matches(cur, r, dx, dy) {
			continue
		}
		e.moveOps = wire.AppendOpHead(e.moveOps, wire.OpCopy, r.X, r.Y, r.W, r.H)
		e.moveOps = append(e.moveOps, byte(r.X-dx), byte((r.X-dx)>>8), byte(r.Y-dy), byte((r.Y-dy)>>8))
		e.copyOps++
		e.carry(r, r.X-dx, r.Y-dy, now)
		movePixels(&e.shadow, r, r.X-dx, r.Y-dy)
		done = true
	}
	return done
}

// matches reports whether the shadow, as it is now, holds cur's r at dx, dy away.
func (e *Encoder) matches(cur *Picture, r Rect, dx, dy int) bool {
	sx, sy := r.X-dx, r.Y-dy
	return sx >= 0 && sy >= 0 && sx+r.W <= cur.W && sy+r.H <= cur.H && equalRect(cur, r, &e.shadow, sx, sy)
}

// nextCopy picks a copy that overwrites no source of the others. Disjoint rectangles can
// always be moved in some such order; whole tiles and boxes are disjoint.
func nextCopy(rects []Rect, dx, dy int) int {
	for i := len(rects) - 1; i >= 0; i-- {
		free := true
		for j, s := range rects {
			s.X, s.Y = s.X-dx, s.Y-dy
			if j != i && s.overlaps(rects[i]) {
				free = false
				break
			}
		}
		if free {
			return i
		}
	}
	return len(rects) - 1
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
