package screen

import (
	"slices"

	"pindesk/internal/wire"
)

// Params of one call.
type Params struct {
	Captured uint32 // presenter's ms clock; also the encoder's only clock (wraps)
	Input    uint32 // copied into the update
	Quality  int    // JPEG quality 1..100; 0 means DefaultQuality
	Budget   int    // bytes that refinement may add to this update; 0 = none
	// Size is how many bytes the update may take, about: the rest of what has changed waits,
	// and gets its turn before what comes after it. 0 = as many as it needs.
	Size int
}

// DefaultQuality of JPEGs.
const DefaultQuality = 75

func (p Params) quality() int {
	if p.Quality <= 0 {
		return DefaultQuality
	}
	return min(p.Quality, 100)
}

// Encoder builds the updates of one stream. It holds the shadow: the picture that every
// viewer has, but for tiles that are marked lossy. It is not safe for concurrent use. Large
// JPEGs it makes on several cores; no goroutine outlives the call that started it. All else runs on one:
// comparing a whole screen takes 0.3 ms, and the palettes and the compressor of an update go on from
// tile to tile.
//
// One update is bounded well below wire.MaxUpdate. What does not fit waits: those tiles stay
// as they were in the shadow, Pending reports them as refinement that is due now, and the
// next Update compares them again, whatever damage it is given.
type Encoder struct {
	stream uint8
	epoch  uint16
	seq    uint32
	layout uint16
	part   uint32 // CatchUp messages of this epoch
	fresh  bool   // the next numbered update begins a compressor frame
	behind bool   // a keyframe was given out and Done not yet said

	shadow         Picture
	tilesX, tilesY int
	marks          marks
	boxes          []Rect  // per tile: what changed; W == 0 for none
	dirty          []int32 // the tiles with a box
	waiting        []int32 // tiles that did not fit into the last update
	restless       []uint8 // per tile: how often in a row it was sent as JPEG, at most playing
	lastMove       vector  // of the last update's copies; zero if there were none
	motion         motion
	turn           turn
	refined        int // bytes of refinement in the last update
	refineAt       int // tile at which the next refinement begins
	catchUpAt      int

	search  copySearch
	palette palette
	shared  sharedPalettes
	fills   fills
	jpeg    jpegCoder
	packer  packer // of the numbered updates
	alone   packer // of CatchUp messages, a frame each

	// Ops of the update in hand, in the order in which they are sent.
	moveOps, jpegOps, exactOps []byte
	copyOps, ops               int

	// Scratch, kept for its memory.
	rects         []Rect
	wanted, whole []bool
	chunk         []byte

	limits limits
}

// limits keep an update below the caps of wire; tests lower them. Together, and with what one
// tile or piece may be over, they stay below wire.MaxUpdate even when nothing compresses.
type limits struct {
	raw     int // bytes of exact ops
	blobs   int // bytes of JPEGs
	rebuilt int // bytes of ops of refinement or of a CatchUp message
	ops     int // but for refinement
}

var defaultLimits = limits{raw: 5 << 20, blobs: 6 << 20, rebuilt: 4 << 20, ops: wire.MaxOps / 2}

// jpegPiece is the largest JPEG in pixels. It takes at most 26 bits for each of its 1.5 million
// samples, 5 MB, so that at least one fits into limits.blobs.
const jpegPiece = 1 << 20

// NewEncoder returns an encoder of the given stream; call Begin before anything else.
func NewEncoder(stream uint8) *Encoder {
	return &Encoder{stream: stream, fresh: true, limits: defaultLimits}
}

// Prepare takes the memory that a picture of w x h needs, by a keyframe of grain that nobody
// gets: the first picture of a stream then waits for no memory (measured: 40 ms less on a small
// virtual machine, whose pages come slowly). Call Begin after it. It takes some 50 ms.
func (e *Encoder) Prepare(w, h int) {
	if !wire.ValidSize(w, h) {
		return
	}
	p := Picture{W: w, H: h, Stride: 4 * w, Pix: make([]byte, 4*w*h)}
	grain := uint32(1)
	for i := range p.Pix {
		grain = grain*1664525 + 1013904223 // Numerical Recipes' generator: any grain will do
		p.Pix[i] = byte(grain >> 28)
	}
	e.Sync(p, nil)
	e.Keyframe(nil, Params{})
}

// Begin starts a new attach: the sequence is at 0, no viewer holds anything, the shadow is
// forgotten, and the next numbered update begins a compressor frame.
func (e *Encoder) Begin(epoch uint16) {
	e.epoch, e.seq, e.part = epoch, 0, 0
	e.Forget()
}

// Forget drops the picture, and keeps numbers and memory: the next Sync takes all of its picture,
// and the next Update is a numbered keyframe, each with a new layout.
func (e *Encoder) Forget() {
	e.fresh, e.behind = true, false
	e.shadow.W, e.shadow.H = 0, 0
	e.tilesX, e.tilesY = 0, 0
	e.marks.reset(0)
	e.motion = motion{}
	e.waiting = e.waiting[:0]
}

// Release is Forget that gives back all memory.
func (e *Encoder) Release() {
	*e = Encoder{stream: e.stream, epoch: e.epoch, seq: e.seq, layout: e.layout, part: e.part, fresh: true, limits: e.limits}
}

// Seq is the number of the last numbered update, 0 before the first of an epoch.
func (e *Encoder) Seq() uint32 { return e.seq }

// Layout changes with each size of the picture; 0 before the first.
func (e *Encoder) Layout() uint16 { return e.layout }

// Sync makes the shadow equal to cur within damage without emitting anything. It may be
// called only while no viewer holds the stream: all marks are forgotten. At another size than
// before, or for the first time, all of cur is taken and the layout is a new one. A size that
// wire does not allow is ignored.
func (e *Encoder) Sync(cur Picture, damage []Rect) {
	if !wire.ValidSize(cur.W, cur.H) {
		return
	}
	e.behind = false
	if cur.W != e.shadow.W || cur.H != e.shadow.H {
		e.adopt(&cur)
		return
	}
	e.marks.reset(len(e.boxes))
	for _, t := range e.waiting {
		e.shadow.copyRect(&cur, e.tileRect(int(t)))
	}
	e.waiting = e.waiting[:0]
	for _, r := range damage {
		e.shadow.copyRect(&cur, r.clip(cur.W, cur.H))
	}
}

// adopt makes cur, of a new size, the shadow.
func (e *Encoder) adopt(cur *Picture) {
	if e.layout++; e.layout == 0 {
		e.layout = 1
	}
	e.shadow.resize(cur.W, cur.H)
	e.shadow.copyRect(cur, Rect{0, 0, cur.W, cur.H})
	e.tilesX, e.tilesY = (cur.W+tileSize-1)/tileSize, (cur.H+tileSize-1)/tileSize
	n := e.tilesX * e.tilesY
	e.marks.reset(n)
	if cap(e.boxes) < n {
		e.boxes, e.restless = make([]Rect, n), make([]uint8, n)
	}
	e.boxes, e.restless = e.boxes[:n], e.restless[:n]
	clear(e.boxes)
	clear(e.restless)
	e.dirty, e.waiting = e.dirty[:0], e.waiting[:0]
	e.refineAt, e.catchUpAt = 0, 0
	e.turn = turn{}
}

// Update appends one whole numbered message to dst for what differs between cur and the
// shadow inside damage, and for quiet tiles that are lossy for all as far as p.Budget goes (at
// least one, if it is not 0). ok is false, and dst unchanged, if there is nothing to say. If
// cur has another size than the shadow the message is a numbered keyframe with a new layout,
// at most wire.MaxKeySize long, whose lossy tiles are lossy for all. Outside of damage, too, cur
// must be a picture of the screen, of now or of an earlier call.
func (e *Encoder) Update(dst []byte, cur Picture, damage []Rect, p Params) (msg []byte, ok bool) {
	if !wire.ValidSize(cur.W, cur.H) {
		return dst, false
	}
	if cur.W != e.shadow.W || cur.H != e.shadow.H {
		e.adopt(&cur)
		return e.resized(dst, p), true
	}
	for _, t := range e.waiting {
		e.compare(&cur, e.tileRect(int(t)))
	}
	e.waiting = e.waiting[:0]
	for _, r := range damage {
		e.compare(&cur, r)
	}
	e.moveOps, e.jpegOps, e.exactOps = e.moveOps[:0], e.jpegOps[:0], e.exactOps[:0]
	e.jpeg.out = e.jpeg.out[:0]
	e.copyOps, e.ops = 0, 0
	if len(e.dirty) > 0 {
		e.copies(&cur, p.Captured)
		e.ops = e.copyOps
		slices.Sort(e.dirty)
		e.encode(&cur, p)
		for _, t := range e.dirty {
			e.boxes[t] = Rect{}
		}
		e.dirty = e.dirty[:0]
	}
	e.refined = 0
	refine := p.Budget > 0 && e.nextQuiet(p.Captured) >= 0
	if e.ops == 0 && !refine {
		return dst, false
	}
	flags := uint8(0)
	if e.fresh {
		flags = wire.FlagReset
	}
	e.packer.begin(e.fresh)
	e.fresh = false
	e.packer.add(e.moveOps)
	e.packer.add(e.jpegOps)
	e.packer.add(e.exactOps)
	e.packer.flush()
	if p.Size > 0 {
		e.turn.packed(e.packer.raw, len(e.packer.out))
		left := p.Size - len(e.packer.out) - len(e.jpeg.out)
		p.Budget, refine = min(p.Budget, left), refine && (left > refineWorth || e.ops == 0)
	}
	if refine {
		before := len(e.packer.out)
		e.refine(p)
		e.refined = len(e.packer.out) - before
	}
	e.seq++
	return e.appendMessage(dst, &e.packer, flags, 0, p), true
}

// Refined is how many bytes of the last Update were refinement.
func (e *Encoder) Refined() int { return e.refined }

// Waiting reports whether something that has changed did not fit into the last Update.
func (e *Encoder) Waiting() bool { return len(e.waiting) > 0 }

// appendMessage puts a message together from what the packer, the counts and the JPEGs hold.
func (e *Encoder) appendMessage(dst []byte, pk *packer, flags uint8, part uint32, p Params) []byte {
	if len(e.waiting) == 0 && e.marks.count[lossyAll] == 0 {
		flags |= wire.FlagExact
	}
	dst = wire.AppendHeader(dst, wire.Header{
		Kind: wire.KindUpdate, Flags: flags, Stream: e.stream, Epoch: e.epoch, Seq: e.seq,
	})
	dst = wire.AppendUpdateHead(dst, wire.UpdateHead{
		Layout: e.layout, Width: uint16(e.shadow.W), Height: uint16(e.shadow.H), Ops: uint16(e.ops),
		Captured: p.Captured, Input: p.Input, Part: part,
		Raw: uint32(pk.raw), Packed: uint32(len(pk.out)),
	})
	dst = append(dst, pk.out...)
	return append(dst, e.jpeg.out...)
}

// Pending says what a call would find to do at time now. catchUp: CatchUp has something to
// say. refine: there are tiles that are lossy for all, and in quietIn ms (0 = now) the first
// of them has been quiet for long enough that Update rebuilds it.
func (e *Encoder) Pending(now uint32) (catchUp, refine bool, quietIn uint32) {
	catchUp = e.behind
	if len(e.waiting) > 0 {
		return catchUp, true, 0
	}
	if e.marks.count[lossyAll] == 0 {
		return catchUp, false, 0
	}
	quietIn = quietAfter
	for t, m := range e.marks.tile {
		if m != lossyAll {
			continue
		}
		ok, left := e.marks.quiet(t, now)
		if ok {
			return catchUp, true, 0
		}
		quietIn = min(quietIn, left)
	}
	return catchUp, true, quietIn
}
