package screen

import "pindesk/internal/wire"

// keySpace is what a keyframe may hold beside its fixed parts.
const keySpace = wire.MaxKeySize - wire.HeaderSize - wire.UpdateHeadSize

// keyLevel is one way to make a keyframe: tiles of up to colours colours are exact, the
// others come as JPEGs of a scale-th of their sides.
type keyLevel struct{ colours, scale, quality int }

// keyLevels from the best to the smallest. The last one is at most 128x128 pixels, 80 kB by
// the worst that JPEG's Huffman tables can do, so that it always fits.
var keyLevels = [...]keyLevel{
	{maxColours, 1, 75}, {maxColours, 1, 50}, {maxColours, 1, 30}, {maxColours, 2, 50}, {maxColours, 4, 50},
	{32, 2, 50}, {32, 4, 45}, {4, 4, 45}, {4, 8, 40}, {1, 4, 45}, {1, 8, 40},
	{0, 8, 40}, {0, 16, 35}, {0, 32, 30}, {0, 64, 30}, {0, 128, 30},
}

// Keyframe appends a catch-up keyframe of the shadow to dst: it takes no number, stands alone
// and is at most wire.MaxKeySize long. Tiles that are not exact in it are lossy for viewers that
// catch up. The next numbered update begins a compressor frame. Before the first picture of
// an epoch there is nothing to say and dst comes back as it is.
func (e *Encoder) Keyframe(dst []byte, p Params) []byte {
	if e.shadow.W == 0 {
		return dst
	}
	lossy := e.buildKey(&e.alone, p)
	e.alone.end()
	for t, is := range lossy {
		if is && e.marks.tile[t] == exact {
			e.marks.set(t, lossyNew)
		}
	}
	e.part++
	e.fresh = true
	flags := wire.FlagKey | wire.FlagCatchUp
	// A keyframe goes only to those that need it: who was behind before must hear Done too,
	// from CatchUp.
	if e.behind = e.behind || e.marks.count[lossyNew] > 0; !e.behind {
		flags |= wire.FlagDone
	}
	return e.appendMessage(dst, &e.alone, flags, e.part, p)
}

// resized appends the numbered keyframe that follows adopt.
func (e *Encoder) resized(dst []byte, p Params) []byte {
	lossy := e.buildKey(&e.packer, p)
	for t, is := range lossy {
		e.marks.changed[t] = p.Captured
		if is {
			e.marks.set(t, lossyAll)
		}
	}
	e.fresh = false
	e.seq++
	return e.appendMessage(dst, &e.packer, wire.FlagKey|wire.FlagReset, 0, p)
}

// buildKey writes the ops of the whole shadow as a frame of pk, which with the JPEGs stays
// within keySpace bytes, and returns which tiles are not exact. The frame is flushed, not
// ended.
func (e *Encoder) buildKey(pk *packer, p Params) (lossy []bool) {
	e.countColours()
	exactFor, room, base := -1, 0, 0
	for i, level := range keyLevels {
		level.quality = min(level.quality, p.quality())
		lossy = e.mask(&e.wanted)
		if level.colours != exactFor {
			exactFor = level.colours
			e.splitKey(lossy, level.colours)
			room = keySpace - e.packKey(pk, nil)
			base = e.sampleJPEG(e.rects)
		} else {
			e.markAbove(lossy, level.colours)
		}
		last := i == len(keyLevels)-1
		if room < 0 || !last && e.guess(base, level) > room+room/8 {
			continue
		}
		if e.jpegKey(level, room) && e.packKey(pk, e.jpegOps)+len(e.jpeg.out) <= keySpace {
			e.ops += len(e.rects)
			return lossy
		}
	}
	panic("screen: the smallest keyframe does not fit") // see keyLevels
}

// markAbove marks the tiles of more than colours colours and reports whether there is one.
func (e *Encoder) markAbove(lossy []bool, colours int) (some bool) {
	for t, n := range e.colours {
		lossy[t] = int(n) > colours
		some = some || lossy[t]
	}
	return some
}

// splitKey writes the exact ops of all tiles of up to colours colours and finds the
// rectangles that JPEGs must cover. As the exact ops come after them, they may cover anything.
func (e *Encoder) splitKey(lossy []bool, colours int) {
	e.rects = e.rects[:0]
	if e.markAbove(lossy, colours) {
		e.rects = e.mergeCheap(e.appendRuns(e.rects, lossy), nil)
		if len(e.rects) > maxKeyJPEGs {
			all := Rect{}
			for _, r := range e.rects {
				all = all.union(r)
			}
			e.rects = append(e.rects[:0], all)
		}
	}
	e.exactOps, e.ops = e.exactOps[:0], 0
	e.fills.reset()
	for t, is := range lossy {
		if is {
			continue
		}
		if len(e.exactOps) > maxKeyRaw {
			return // packKey refuses it
		}
		r := e.tileRect(t)
		e.palette.build(&e.shadow, r, maxColours)
		if e.palette.n == 1 {
			e.fills.add(r, e.palette.colours[0])
			continue
		}
		e.exactOps = e.palette.append(e.exactOps, r)
		e.ops++
	}
	var n int
	e.exactOps, n = e.fills.append(e.exactOps)
	e.ops += n
}

// packKey compresses the exact ops after the given ones into a new frame of pk and returns
// its length, blockHeadSize for the frame's end included; far above keySpace if it is too long.
func (e *Encoder) packKey(pk *packer, before []byte) int {
	const tooLong = 2 * keySpace
	if len(e.exactOps) > maxKeyRaw || e.ops+maxKeyJPEGs > wire.MaxOps {
		return tooLong
	}
	pk.begin(true)
	pk.add(before)
	for rest := e.exactOps; len(rest) > 0; {
		n := min(len(rest), maxBlock)
		pk.add(rest[:n])
		rest = rest[n:]
		if len(pk.out) > keySpace {
			return tooLong
		}
	}
	pk.flush()
	return len(pk.out) + blockHeadSize
}

// jpegKey makes the JPEGs of the rectangles at a level; false if they need more than room.
func (e *Encoder) jpegKey(level keyLevel, room int) bool {
	e.jpeg.out, e.jpegOps = e.jpeg.out[:0], e.jpegOps[:0]
	for _, r := range e.rects {
		e.jpegOps = appendJPEG(e.jpegOps, r, e.jpeg.encode(&e.shadow, r, level.scale, level.quality))
		if len(e.jpeg.out) > room {
			return false
		}
	}
	return true
}

const (
	maxKeyJPEGs = 48      // above it one JPEG around all
	maxKeyRaw   = 8 << 20 // what compresses worse than 64 times does not fit anyway
	sampleRows  = 16      // of every sampleStep rows: rows of JPEG's blocks
	sampleStep  = 128
	sampleArea  = 1 << 18 // pixels below which simply trying is as quick
)

// sampleJPEG estimates from some of their rows how many bytes the rectangles take as JPEGs at
// full size and quality 75; 0 when they are small.
func (e *Encoder) sampleJPEG(rects []Rect) int {
	area := 0
	for _, r := range rects {
		area += r.area()
	}
	if area < sampleArea {
		return 0
	}
	size, sampled := 0, 0
	e.jpeg.out = e.jpeg.out[:0]
	for _, r := range rects {
		for y := r.Y; y < r.Y+r.H; y += sampleStep {
			strip := Rect{r.X, y, r.W, min(sampleRows, r.Y+r.H-y)}
			size += e.jpeg.encode(&e.shadow, strip, 1, DefaultQuality) - jpegHead
			sampled += strip.area()
		}
	}
	return int(int64(size) * int64(area) / int64(sampled))
}

// guess scales what sampleJPEG found to a level: measured, a scale of 2 saves two thirds, and
// the size grows about linearly with the quality.
func (e *Encoder) guess(base int, level keyLevel) int {
	for s := level.scale; s > 1; s /= 2 {
		base /= 3
	}
	return base*(10+level.quality*6/5)/100 + len(e.rects)*jpegHead
}

// countColours notes for each tile how many colours it has, maxColours+1 for more.
func (e *Encoder) countColours() {
	n := e.tilesX * e.tilesY
	if cap(e.colours) < n {
		e.colours = make([]uint8, n)
	}
	e.colours = e.colours[:n]
	for t := range e.colours {
		e.colours[t] = maxColours + 1
		if e.palette.build(&e.shadow, e.tileRect(t), maxColours) {
			e.colours[t] = uint8(e.palette.n)
		}
	}
}
