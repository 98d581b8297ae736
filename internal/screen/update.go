package screen

import "pindesk/internal/wire"

// Numbers of the choice between exact ops and JPEG for tiles of many colours.
const (
	deltaAtOnce    = 2 * tileSize * tileSize // pixels of one patch that go exactly at once
	deltaAtOnceAll = 8 * tileSize * tileSize // and of all such patches of one update
	deltaMoving    = tileSize * tileSize / 4 // of all while the screen moves: where a JPEG's head weighs more
	nearlyWhole    = tileSize * tileSize * 3 / 4
	playing        = 3 // times in a row that a tile had too many colours, and its like is not looked for elsewhere
)

// encode writes the ops of the dirty tiles, which are in order, and brings the shadow up to
// cur in all that it wrote. Tiles that do not fit are put on the waiting list.
func (e *Encoder) encode(cur *Picture, p Params) {
	many := e.mask(&e.wanted)
	whole := e.mask(&e.whole) // tiles that a JPEG may cover, too: an exact op comes after it
	some := false
	e.fills.reset()
	most := e.limits.raw
	if p.Size > 0 {
		most = min(most, e.turn.rawFor(exactSize(p.Size)))
	}
	first := e.turn.start(e.dirty)
	e.turn.exactAt = 0
	for i := range e.dirty {
		t32 := e.dirty[(first+i)%len(e.dirty)]
		t := int(t32)
		if len(e.exactOps) > most || e.ops+len(e.fills.rects) >= e.limits.ops {
			if e.waiting = append(e.waiting, t32); e.turn.exactAt == 0 {
				e.turn.exactAt = t
			}
			continue
		}
		r, ok := e.choose(cur, t)
		if !ok {
			e.restless[t] = min(e.restless[t]+1, playing)
			many[t], whole[t], some = true, true, true
			continue
		}
		e.restless[t] = 0
		whole[t] = r == e.tileRect(t)
		if e.palette.n == 1 {
			e.fills.add(r, e.palette.colours[0])
		} else {
			e.exactOps = e.appendPalette(e.exactOps, r)
			e.ops++
		}
		e.took(cur, r, exact, p.Captured)
	}
	var n int
	e.exactOps, n = e.fills.append(e.exactOps)
	e.ops += n
	if some {
		if p.Size > 0 {
			e.cut(many, whole, p)
		}
		e.encodeMany(cur, many, whole, p)
	}
}

// choose builds the palette of tile t's box, or of the whole tile where that is worth it: it
// rids a lossy tile of its mark, joins fills, and costs little where most has changed. It
// returns the rectangle, or false if there are too many colours.
func (e *Encoder) choose(cur *Picture, t int) (Rect, bool) {
	box, tile := e.boxes[t], e.tileRect(t)
	if e.restless[t] > 0 && e.palette.crowded(cur, box) {
		return box, false
	}
	if e.palette.build(cur, box, 1) {
		if !e.palette.build(cur, tile, 1) && e.marks.tile[t] == exact {
			e.palette.build(cur, box, 1)
			return box, true
		}
	}
	if e.marks.tile[t] != exact || box.area() >= nearlyWhole {
		if e.palette.build(cur, tile, maxColours) {
			return tile, true
		}
		if box == tile {
			return box, false
		}
	}
	// With a colour for every other pixel it is grain, which is cheaper in a JPEG. Small boxes have
	// no more than maxColours of anything.
	return box, e.palette.build(cur, box, maxColours) && (2*e.palette.n <= box.area() || e.palette.n < sharedFrom)
}

// took brings the shadow up to cur in r, which all viewers get in this update.
func (e *Encoder) took(cur *Picture, r Rect, how mark, now uint32) {
	e.shadow.copyRect(cur, r)
	e.drawn(r, how, now)
}

// encodeMany writes the tiles of many colours: small patches exactly, others as JPEGs of
// merged rectangles, which may lie over tiles of whole.
func (e *Encoder) encodeMany(cur *Picture, many, whole []bool, p Params) {
	e.rects = e.mergeCheap(e.appendRuns(e.rects[:0], many), whole)
	defer e.motion.note(p.Captured)
	atOnce, atOnceAll := deltaAtOnce, deltaAtOnceAll
	if e.Moving(p.Captured) {
		atOnce, atOnceAll = deltaMoving, deltaMoving
	}
	small, full := 0, false
	for _, r := range e.rects {
		// Long rectangles in pieces of whole rows of tiles, so that each piece fits for sure.
		rows := max(jpegPiece/r.W/tileSize, 1) * tileSize
		for y := r.Y; y < r.Y+r.H; y += rows {
			piece := Rect{r.X, y, r.W, min(rows, r.Y+r.H-y)}
			box := e.boxOf(piece, many)
			if box.empty() {
				continue
			}
			if a := box.area(); a <= atOnce && small+a <= atOnceAll {
				small += a
				e.deltas(cur, piece, many, p.Captured)
				continue
			}
			n := len(e.jpeg.out)
			if full = full || e.ops >= e.limits.ops; !full {
				size := e.jpeg.encode(cur, box, 1, p.quality())
				e.turn.blob(box.area(), size, p.quality())
				if full = n > 0 && n+size > e.limits.blobs; !full {
					e.jpegOps = appendJPEG(e.jpegOps, box, size)
					e.ops++
					e.tookLossy(cur, box, whole, many, p.Captured)
					continue
				}
				e.jpeg.out = e.jpeg.out[:n]
			}
			e.wait(piece, many)
		}
	}
}

// tookLossy is took for a JPEG: tiles that an exact op of the same update covers whole
// afterwards stay exact.
func (e *Encoder) tookLossy(cur *Picture, r Rect, whole, many []bool, now uint32) {
	e.shadow.copyRect(cur, r)
	for ty := r.Y / tileSize; ty <= (r.Y+r.H-1)/tileSize; ty++ {
		for tx := r.X / tileSize; tx <= (r.X+r.W-1)/tileSize; tx++ {
			if t := ty*e.tilesX + tx; !whole[t] || many[t] {
				e.marks.set(t, lossyAll)
				e.marks.changed[t] = now
			}
		}
	}
}

// boxOf is the rectangle around the boxes of the tiles of which inside r, a rectangle of
// whole tiles.
func (e *Encoder) boxOf(r Rect, which []bool) (box Rect) {
	for y := r.Y; y < r.Y+r.H; y += tileSize {
		for x := r.X; x < r.X+r.W; x += tileSize {
			if t := y/tileSize*e.tilesX + x/tileSize; which[t] {
				box = box.union(e.boxes[t])
			}
		}
	}
	return box
}

// deltas writes the boxes of the tiles of which inside r exactly.
func (e *Encoder) deltas(cur *Picture, r Rect, which []bool, now uint32) {
	for y := r.Y; y < r.Y+r.H; y += tileSize {
		for x := r.X; x < r.X+r.W; x += tileSize {
			if t := y/tileSize*e.tilesX + x/tileSize; which[t] {
				e.exactOps = appendDelta(e.exactOps, cur, e.boxes[t])
				e.ops++
				e.took(cur, e.boxes[t], exact, now)
			}
		}
	}
}

// wait leaves the tiles of which inside r for the next update.
func (e *Encoder) wait(r Rect, which []bool) {
	for y := r.Y; y < r.Y+r.H; y += tileSize {
		for x := r.X; x < r.X+r.W; x += tileSize {
			if t := y/tileSize*e.tilesX + x/tileSize; which[t] {
				e.waiting = append(e.waiting, int32(t))
			}
		}
	}
}

func appendJPEG(ops []byte, r Rect, size int) []byte {
	ops = wire.AppendOpHead(ops, wire.OpJPEG, r.X, r.Y, r.W, r.H)
	return append(ops, byte(size), byte(size>>8), byte(size>>16), byte(size>>24))
}

// nextQuiet is the first tile from refineAt on that is lossy for all and quiet, or -1.
func (e *Encoder) nextQuiet(now uint32) int {
	if e.marks.count[lossyAll] == 0 {
		return -1
	}
	n := len(e.marks.tile)
	for i := range n {
		t := (e.refineAt + i) % n
		if e.marks.tile[t] != lossyAll {
			continue
		}
		if ok, _ := e.marks.quiet(t, now); ok {
			return t
		}
	}
	return -1
}

// refine adds exact ops for quiet tiles that are lossy for all to the update in hand.
func (e *Encoder) refine(p Params) {
	e.rebuild(&e.packer, p.Budget, func() int {
		t := e.nextQuiet(p.Captured)
		e.refineAt = max(t, 0)
		return t
	})
}

// rebuild adds whole exact tiles of the shadow to pk until next returns -1 or budget bytes of
// output are spent; it writes at least one. It fills what is left of the budget with as much
// as fits for sure, sees how far that was compressed, and goes on with half of what would fit
// if the rest is like that: by what fits for sure alone, a small budget would always be one tile.
func (e *Encoder) rebuild(pk *packer, budget int, next func() int) {
	start, raw := len(pk.out), 0
	for first := true; ; first = false {
		out := len(pk.out) - start
		left := min(budget-out, e.limits.rebuilt-raw)
		if !first && left > 0 {
			left = min(max(left, int(int64(left)*int64(raw)/int64(2*max(out, 1)))), e.limits.rebuilt-raw)
		}
		e.chunk = e.chunk[:0]
		for first && len(e.chunk) == 0 || len(e.chunk) < left {
			t := -1
			if e.ops < wire.MaxOps-1 {
				t = next()
			}
			if t < 0 {
				break
			}
			before := len(e.chunk)
			e.chunk = e.appendTile(e.chunk, t)
			if len(e.chunk) > left && !(first && before == 0) {
				e.chunk = e.chunk[:before] // t keeps its mark and is the next one's first
				break
			}
			e.ops++
			e.marks.set(t, exact)
		}
		if len(e.chunk) == 0 {
			return
		}
		raw += len(e.chunk)
		pk.add(e.chunk)
		pk.flush()
	}
}

// appendTile writes the exact op of a whole tile of the shadow.
func (e *Encoder) appendTile(ops []byte, t int) []byte {
	r := e.tileRect(t)
	if e.palette.build(&e.shadow, r, maxColours) {
		return e.appendPalette(ops, r)
	}
	return appendDelta(ops, &e.shadow, r)
}
