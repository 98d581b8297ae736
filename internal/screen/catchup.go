package screen

import "pindesk/internal/wire"

// CatchUp appends one message that rebuilds exactly, from the shadow, tiles that are lossy
// only for viewers which are catching up: about p.Budget bytes, at least one tile. It takes no
// number and stands alone. The last one, when they hold the same exactness as all others, is
// flagged Done; it is an empty message when other updates have rebuilt the rest. ok is
// false, and dst unchanged, when no viewer is behind.
func (e *Encoder) CatchUp(dst []byte, p Params) (msg []byte, ok bool) {
	if !e.behind {
		return dst, false
	}
	e.ops = 0
	e.jpeg.out = e.jpeg.out[:0]
	if e.marks.count[lossyNew] > 0 {
		e.alone.begin(true)
		e.rebuild(&e.alone, p.Budget, e.nextNew)
		e.alone.end()
	} else {
		e.alone.out, e.alone.raw = e.alone.out[:0], 0
	}
	flags := wire.FlagCatchUp
	if e.behind = e.marks.count[lossyNew] > 0; !e.behind {
		flags |= wire.FlagDone
	}
	e.part++
	return e.appendMessage(dst, &e.alone, flags, e.part, p), true
}

// nextNew is the next tile that is lossy for viewers which are catching up only, or -1.
func (e *Encoder) nextNew() int {
	if e.marks.count[lossyNew] == 0 {
		return -1
	}
	n := len(e.marks.tile)
	for e.marks.tile[e.catchUpAt%n] != lossyNew {
		e.catchUpAt++
	}
	e.catchUpAt %= n
	return e.catchUpAt
}
