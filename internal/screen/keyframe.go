package screen

import "pindesk/internal/wire"

// keySpace is what a keyframe may hold beside its fixed parts.
const keySpace = wire.MaxKeySize - wire.HeaderSize - wire.UpdateHeadSize

// A keyStage is one way to make a keyframe: tiles of up to maxColours colours are exact as long
// as they take at most so many bytes, and all others come as JPEGs.
type keyStage struct {
	exact  int
	levels []keyLevel
}

// keyLevel: JPEGs of one scale-th of the sides.
type keyLevel struct{ scale, quality int }

// keyStages from the best to the smallest. The last level is at most 128x128 pixels, 80 kB by
// the worst that JPEG's Huffman tables can do, so that it always fits.
var keyStages = [...]keyStage{
	{keySpace, []keyLevel{{1, 75}, {1, 50}, {1, 30}, {2, 60}, {2, 40}, {4, 50}}},
	{keySpace / 2, []keyLevel{{2, 50}, {4, 60}, {4, 40}, {8, 40}}},
	{0, []keyLevel{{4, 40}, {8, 40}, {16, 35}, {32, 30}, {64, 30}, {128, 30}}},
}

// Keyframe appends a catch-up keyframe of the shadow to dst: it takes no number, stands alone
// and is at most wire.MaxKeySize long, and p.Size if that is not 0 and possible. Tiles that are not exact in it are lossy for viewers that
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
	space := keySpace
	if p.Size > 0 {
		space = min(p.Size, space)
	}
	for _, stage := range keyStages {
		lossy = e.splitKey(pk, int(int64(stage.exact)*int64(space)/keySpace))
		room := space - e.packKey(pk, nil)
		base := e.sampleJPEG(e.rects)
		for _, level := range stage.levels {
			level.quality = min(level.quality, p.quality())
			if e.guess(base, level) <= room+room/8 && e.tryKey(pk, level, room) {
				return lossy
			}
		}
	}
	// Only guesses were in the way of the last level, or a wish for fewer bytes.
	last := keyStages[len(keyStages)-1].levels
	if !e.tryKey(pk, last[len(last)-1], keySpace) {
		panic("screen: the smallest keyframe does not fit") // see keyStages
	}
	return lossy
}

// splitKey writes exact ops of tiles, from the top, as long as they take at most space bytes
// in pk, and finds the rectangles that JPEGs must cover. As the exact ops come after them,
// these may cover anything.
func (e *Encoder) splitKey(pk *packer, space int) (lossy []bool) {
	lossy = e.mask(&e.wanted)
	e.exactOps, e.ops = e.exactOps[:0], 0
	e.fills.reset()
	pk.begin(true)
	packed, some := 0, false
	for t := range lossy {
		if t%e.tilesX == 0 && space > 0 {
			if len(e.exactOps)-packed > measureEvery {
				pk.add(e.exactOps[packed:])
				pk.flush()
				packed = len(e.exactOps)
			}
			if len(pk.out) > space-len(pk.out)/16 || len(e.exactOps) > maxKeyRaw {
				space = 0
			}
		}
		r := e.tileRect(t)
		if space == 0 || e.ops+len(e.fills.rects)+maxKeyJPEGs >= wire.MaxOps || !e.palette.build(&e.shadow, r, maxColours) {
			lossy[t], some = true, true
			continue
		}
		if e.palette.n == 1 {
			e.fills.add(r, e.palette.colours[0])
			continue
		}
		e.exactOps = e.appendPalette(e.exactOps, r)
		e.ops++
	}
	var n int
	e.exactOps, n = e.fills.append(e.exactOps)
	e.ops += n
	e.rects = e.rects[:0]
	if some {
		e.rects = e.mergeCheap(e.appendRuns(e.rects, lossy), nil)
	}
	if len(e.rects) > maxKeyJPEGs {
		all := Rect{}
		for _, r := range e.rects {
			all = all.union(r)
		}
		e.rects = append(e.rects[:0], all)
	}
	return lossy
}

// packKey compresses the given ops and the exact ones into a new frame of pk and returns its
// length, with that of the frame's end.
func (e *Encoder) packKey(pk *packer, before []byte) int {
	pk.begin(true)
	pk.add(before)
	pk.add(e.exactOps)
	pk.flush()
	return len(pk.out) + blockHeadSize
}

// tryKey makes the JPEGs of the rectangles at a level and puts their ops before the exact
// ones; false if they need more than room or all is longer than keySpace.
func (e *Encoder) tryKey(pk *packer, level keyLevel, room int) bool {
	if !e.jpegKey(level, room) || e.packKey(pk, e.jpegOps)+len(e.jpeg.out) > keySpace {
		return false
	}
	e.ops += len(e.rects)
	return true
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
	measureEvery = 8 << 10 // bytes of exact ops after which their compressed size is looked at
	maxKeyJPEGs  = 48      // above it one JPEG around all
	maxKeyRaw    = 8 << 20 // what compresses worse than 64 times does not fit anyway
	sampleRows   = 16      // together: a row of JPEG's blocks
	sampleStep   = 128     // rows from one sample to the next, at least
	sampleMost   = 1 << 19 // pixels of all samples, about
	sampleArea   = 1 << 18 // pixels below which simply trying is as quick
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
	step := max(sampleStep, sampleRows*(area/sampleMost)) // about sampleMost pixels
	size, sampled := 0, 0
	e.jpeg.out = e.jpeg.out[:0]
	for _, r := range rects {
		for y := r.Y; y < r.Y+r.H; y += step {
			strip := Rect{r.X, y, r.W, min(sampleRows, r.Y+r.H-y)}
			size += e.jpeg.encode(&e.shadow, strip, 1, DefaultQuality) - jpegHead
			sampled += strip.area()
		}
	}
	return int(int64(size) * int64(area) / int64(sampled))
}

// guess scales what sampleJPEG found to a level: a scale of 2 leaves a quarter of the pixels, and
// the size grows about linearly with the quality.
func (e *Encoder) guess(base int, level keyLevel) int {
	for s := level.scale; s > 1; s /= 2 {
		base /= 4
	}
	return base*(10+level.quality*6/5)/100 + len(e.rects)*jpegHead
}
