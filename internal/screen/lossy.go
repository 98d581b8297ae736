package screen

// mark says for whom a tile may differ from the shadow. A larger one includes the smaller:
// what is lossy for all is rebuilt by numbered updates, which catch-up viewers get too. So
// the two maps of the design, "all" and "catch-up", are one map of three values.
type mark uint8

const (
	exact    mark = iota
	lossyNew      // for viewers that are catching up; rebuilt by CatchUp messages
	lossyAll      // for every viewer; rebuilt by refinement
)

// quietAfter is the time in ms without a change after which a lossy tile is rebuilt: four
// frames at 30 a second.
const quietAfter = 133

// refineWorth is what must be left of an update's size before refinement is added: a tile of
// grain takes so many bytes, and at least one is written.
const refineWorth = 2 << 10

// motion tells a picture that moves from one that has changed. The zero value is at rest.
type motion struct {
	last   uint32 // presenter's ms clock at the last change of tiles of many colours
	moving bool   // and it came within quietAfter of the one before
	any    bool   // there was one
}

func (m *motion) note(now uint32) {
	m.moving = m.any && now-m.last < quietAfter
	m.last, m.any = now, true
}

// Moving reports whether tiles of many colours change again and again: a film, or a window
// dragged over a photo. What is sent of them exactly is in vain as long as that lasts.
func (e *Encoder) Moving(now uint32) bool {
	return e.motion.moving && now-e.motion.last < quietAfter
}

// marks is the map. The zero value is for a picture without tiles.
type marks struct {
	tile    []mark
	changed []uint32 // per tile: presenter's ms clock at its last change
	count   [3]int   // tiles of each mark
	carried []mark   // scratch of carry
}

// reset makes the map one of n exact tiles.
func (m *marks) reset(n int) {
	if cap(m.tile) < n {
		m.tile, m.changed = make([]mark, n), make([]uint32, n)
	}
	m.tile, m.changed = m.tile[:n], m.changed[:n]
	clear(m.tile)
	clear(m.changed)
	m.count = [3]int{exact: n}
}

func (m *marks) set(t int, to mark) {
	m.count[m.tile[t]]--
	m.count[to]++
	m.tile[t] = to
}

// quiet reports whether tile t has not changed for long enough, and else for how many ms
// it must still stay so.
func (m *marks) quiet(t int, now uint32) (bool, uint32) {
	if since := now - m.changed[t]; since < quietAfter {
		return false, quietAfter - since
	}
	return true, 0
}

// worst is the largest mark among the tiles that r overlaps.
func (e *Encoder) worst(r Rect) (w mark) {
	for ty := r.Y / tileSize; ty <= (r.Y+r.H-1)/tileSize; ty++ {
		for tx := r.X / tileSize; tx <= (r.X+r.W-1)/tileSize; tx++ {
			w = max(w, e.marks.tile[ty*e.tilesX+tx])
		}
	}
	return w
}

// drawn notes that all viewers got the pixels of r at time now, exactly or not: a tile that
// is covered whole gets rid of its mark, one that is covered in part keeps it.
func (e *Encoder) drawn(r Rect, how mark, now uint32) {
	for ty := r.Y / tileSize; ty <= (r.Y+r.H-1)/tileSize; ty++ {
		for tx := r.X / tileSize; tx <= (r.X+r.W-1)/tileSize; tx++ {
			t := ty*e.tilesX + tx
			e.marks.changed[t] = now
			switch {
			case r.contains(e.tileRect(t)):
				e.marks.set(t, how)
			case e.marks.tile[t] < how:
				e.marks.set(t, how)
			}
		}
	}
}

// carry moves the marks with a copy into r from sx, sy: each destination tile gets the worst
// mark of all source tiles from which a pixel came, and keeps its own unless all of it was
// overwritten. The marks are read before any is written, as the pixels are.
func (e *Encoder) carry(r Rect, sx, sy int, now uint32) {
	m := &e.marks
	m.carried = m.carried[:0]
	ty0, ty1 := r.Y/tileSize, (r.Y+r.H-1)/tileSize
	tx0, tx1 := r.X/tileSize, (r.X+r.W-1)/tileSize
	for ty := ty0; ty <= ty1; ty++ {
		for tx := tx0; tx <= tx1; tx++ {
			t := ty*e.tilesX + tx
			tile := e.tileRect(t)
			x0, y0 := max(tile.X, r.X), max(tile.Y, r.Y)
			x1, y1 := min(tile.X+tile.W, r.X+r.W), min(tile.Y+tile.H, r.Y+r.H)
			to := e.worst(Rect{x0 - r.X + sx, y0 - r.Y + sy, x1 - x0, y1 - y0})
			if !r.contains(tile) {
				to = max(to, m.tile[t])
			}
			m.carried = append(m.carried, to)
		}
	}
	i := 0
	for ty := ty0; ty <= ty1; ty++ {
		for tx := tx0; tx <= tx1; tx++ {
			t := ty*e.tilesX + tx
			m.set(t, m.carried[i])
			m.changed[t] = now
			i++
		}
	}
}
