package screen

// turn keeps updates near a given size: it foresees sizes from those of earlier updates, and
// remembers at which tile the next one begins, so that all that waits gets its turn. The zero
// value has seen nothing.
type turn struct {
	exactAt, manyAt int     // tiles
	shrink          float64 // bytes of packed ops for each one unpacked, lately; 0 = unknown
	perPixel        float64 // bytes of JPEG at DefaultQuality, without its head, lately; 0 = unknown
}

// What is taken for true before anything was seen: text packs that well, a photo takes that much.
const (
	firstShrink   = 0.25
	firstPerPixel = 0.25
	tileShare     = 64 // bytes of a JPEG's head that a tile has to bear
	smallSize     = 1500
)

// sizeOfQuality is about how a JPEG grows with its quality, as a share of that at DefaultQuality.
func sizeOfQuality(q int) float64 { return float64(10+q*6/5) / float64(10+DefaultQuality*6/5) }

func lately(was, is float64) float64 {
	if was == 0 {
		return is
	}
	return was + (is-was)/4
}

func (t *turn) packed(raw, out int) {
	if raw > 256 { // fewer say nothing
		t.shrink = lately(t.shrink, min(max(float64(out)/float64(raw), 0.02), 1))
	}
}

func (t *turn) blob(area, size, quality int) {
	if area >= tileSize*tileSize {
		t.perPixel = lately(t.perPixel, max(float64(size-jpegHead), 1)/float64(area)/sizeOfQuality(quality))
	}
}

// exactSize is how much of an update of that size exact ops may take, and more: of text that
// scrolls, parts that wait are soon nowhere to be copied from, and then cost far more. Only on the
// slowest links is that worse than what it delays.
func exactSize(size int) int { return max(size, 4*(size-smallSize)) }

// rawFor is how many bytes of ops make about size packed ones.
func (t *turn) rawFor(size int) int {
	shrink := t.shrink
	if shrink == 0 {
		shrink = firstShrink
	}
	return int(float64(size) / shrink)
}

// start is the index of the first of the sorted tiles whose turn it is.
func (t *turn) start(tiles []int32) int {
	for i, n := range tiles {
		if int(n) >= t.exactAt {
			return i
		}
	}
	return 0
}

// cut leaves in many, the tiles of many colours, as many as fit into what is left of p.Size,
// from the one whose turn it is, and has the others wait: no JPEG may cover these. At least one
// tile stays.
func (e *Encoder) cut(many, whole []bool, p Params) {
	room := float64(p.Size) - float64(len(e.exactOps))*float64(p.Size)/float64(e.turn.rawFor(p.Size))
	perPixel := e.turn.perPixel
	if perPixel == 0 {
		perPixel = firstPerPixel
	}
	perPixel *= sizeOfQuality(p.quality())
	room = max(room, float64(p.Size)/4) // whatever exact ops took
	n, used, full := len(many), float64(jpegFixed), false
	first := e.turn.manyAt % n
	e.turn.manyAt = 0
	any := false
	for i := range n {
		t := (first + i) % n
		if !many[t] {
			continue
		}
		used += tileShare + perPixel*float64(e.boxes[t].area())
		if full = full || any && used > room; !full {
			any = true
			continue
		}
		if e.turn.manyAt == 0 {
			e.turn.manyAt = t
		}
		many[t], whole[t] = false, false
		e.waiting = append(e.waiting, int32(t))
	}
}
