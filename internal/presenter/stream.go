package presenter

import (
	"time"

	"pindesk/internal/screen"
)

// stream is one picture that viewers are sent: the whole desktop (number 0) or one monitor. It
// is owned by the loop. While nobody watches it, it costs nothing.
type stream struct {
	number  uint8
	area    screen.Rect // of the desktop; empty before the first Grab for the whole of it
	viewers int         // that are here, may see, and watch it
	enc     *screen.Encoder
	pace    *pace
	wantKey bool
	held    bool          // some viewer holds the picture
	stray   bool          // not held, but a keyframe of this epoch may still reach a viewer: see sendKeyframe
	shown   screen.Rect   // area as it was in the last update
	damage  []screen.Rect // of the picture, not encoded yet
}

// maxDamage is how many rectangles may wait to be encoded; more become one around all.
const maxDamage = 128

func newStream(number uint8, enc *screen.Encoder) *stream {
	return &stream{number: number, enc: enc, pace: newPace()}
}

// empty forgets what viewers hold, since none is left: the next one gets a picture of its own
// time. The memory goes too, but for the whole desktop, which the next viewer sees first.
func (st *stream) empty() {
	st.stray = st.stray || st.held
	st.held = false
	if st.number == 0 {
		st.enc.Forget()
		return
	}
	st.enc.Release()
	st.pace, st.damage = newPace(), nil
}

// place makes area the stream's. All of it is new then.
func (st *stream) place(area screen.Rect) {
	if area != st.area {
		st.area = area
		st.damage = append(st.damage[:0], screen.Rect{W: area.W, H: area.H})
	}
}

// damaged notes what has changed on the desktop, as far as it is of this picture.
func (st *stream) damaged(rects []screen.Rect) {
	for _, r := range rects {
		x0, y0 := max(r.X, st.area.X), max(r.Y, st.area.Y)
		x1, y1 := min(r.X+r.W, st.area.X+st.area.W), min(r.Y+r.H, st.area.Y+st.area.H)
		if x0 < x1 && y0 < y1 {
			st.damage = append(st.damage, screen.Rect{X: x0 - st.area.X, Y: y0 - st.area.Y, W: x1 - x0, H: y1 - y0})
		}
	}
	if len(st.damage) > maxDamage {
		all := st.damage[0]
		for _, r := range st.damage[1:] {
			x1, y1 := max(all.X+all.W, r.X+r.W), max(all.Y+all.H, r.Y+r.H)
			all.X, all.Y = min(all.X, r.X), min(all.Y, r.Y)
			all.W, all.H = x1-all.X, y1-all.Y
		}
		st.damage = append(st.damage[:0], all)
	}
}

// picture is the stream's part of the desktop's picture.
func (st *stream) picture(desktop screen.Picture) screen.Picture {
	return screen.Picture{W: st.area.W, H: st.area.H, Stride: desktop.Stride, Pix: desktop.Pix[st.area.Y*desktop.Stride+4*st.area.X:]}
}

// begins reports whether a first picture is due: a viewer needs it, or holds a stray one.
func (st *stream) begins() bool { return !st.held && (st.wantKey || st.stray && st.pace.lead != 0) }

// ready reports whether new pixels could be encoded now.
func (st *stream) ready(now time.Time) bool {
	if st.viewers == 0 || !st.held {
		return st.viewers > 0 && st.begins()
	}
	ok, _ := st.pace.credit(now)
	return ok
}

// sendStream sends a keyframe, an update and a CatchUp of a stream, each if it is due, and
// returns when to look again, 0 if only an event can bring something.
func (s *sharing) sendStream(st *stream, now time.Time) (wait time.Duration, err error) {
	soonest := func(d time.Duration) {
		if d > 0 && (wait == 0 || d < wait) {
			wait = d
		}
	}
	params := screen.Params{Captured: s.clock(now), Quality: qualities[st.pace.quality]}
	if st.wantKey || st.begins() {
		if err := s.sendKeyframe(st, now, params); err != nil {
			return 0, err
		}
	}
	if !st.held {
		return 0, nil
	}
	budget, more := st.pace.refinement(st.enc.Moving(params.Captured), now)
	ok, later := st.pace.credit(now)
	if ok {
		params.Budget = budget
		if err := s.sendUpdate(st, now, params); err != nil {
			return 0, err
		}
	} else if s.dirty || len(st.damage) > 0 {
		soonest(later)
	}
	catchUp, refine, quietIn := st.enc.Pending(params.Captured)
	if refine && (ok || later > 0) { // else an ack brings credit and the loop comes here again
		quiet := time.Duration(quietIn) * time.Millisecond
		if !st.enc.Waiting() {
			quiet = max(quiet, more)
		}
		soonest(max(quiet, later, minInterval))
	}
	if catchUp {
		later, err := s.sendCatchUp(st, now, params)
		if err != nil {
			return 0, err
		}
		soonest(later)
	}
	return wait, nil
}

// sendKeyframe sends what viewers hold to those that need it; at first, what is on the screen.
//
// A viewer that looks elsewhere and comes back may be given the keyframe that it asked for at first,
// if that was still on its way: the relay cannot tell it from a later one. Here, everybody had left
// meanwhile, and what was sent is forgotten. So the first picture after that goes to everybody,
// whatever they hold.
func (s *sharing) sendKeyframe(st *stream, now time.Time, params screen.Params) error {
	st.wantKey = false
	params.Size = st.pace.keySize()
	if !st.held && st.stray {
		msg, _ := st.enc.Update(s.link.buffer(), st.picture(s.desktop), nil, params)
		st.encoded(s.p.inject)
		st.held, st.stray = true, false
		st.pace.spendFirst(st.enc.Seq(), len(msg), now)
		return s.link.send(msg)
	}
	if !st.held {
		st.enc.Sync(st.picture(s.desktop), st.damage)
		st.encoded(s.p.inject)
		st.held = true
	}
	msg := st.enc.Keyframe(s.link.buffer(), params)
	st.pace.spendKey(len(msg), now)
	return s.link.send(msg)
}

// sendUpdate sends what is new in the newest pixels, with refinement of what is quiet.
func (s *sharing) sendUpdate(st *stream, now time.Time, params screen.Params) error {
	// Read after the capture: an input shows in the picture sooner than its injection returns.
	params.Input = s.p.inject.newest(st.pace.lead)
	params.Size = st.pace.flow.size()
	if st.area != st.shown { // it becomes a keyframe, and in an update's size that would be a blur
		params.Size = st.pace.keySize()
		if st.area.W == st.shown.W && st.area.H == st.shown.H {
			st.enc.Forget() // of another place: a click on the old picture must not count in the new one
		}
	}
	msg, some := st.enc.Update(s.link.buffer(), st.picture(s.desktop), st.damage, params)
	st.encoded(s.p.inject)
	if !some {
		s.link.recycle(msg)
		return nil
	}
	st.pace.spend(st.enc.Seq(), len(msg), st.enc.Waiting(), now)
	st.pace.refined(st.enc.Refined())
	return s.link.send(msg)
}

// sendCatchUp sends what viewers lack that are catching up, and returns when the next of it is due.
func (s *sharing) sendCatchUp(st *stream, now time.Time, params screen.Params) (wait time.Duration, err error) {
	ok, later := st.pace.catchUpCredit(now)
	if !ok {
		return later, nil
	}
	params.Budget = st.pace.budget
	msg, some := st.enc.CatchUp(s.link.buffer(), params)
	if !some {
		s.link.recycle(msg)
		return minInterval, nil
	}
	st.pace.spendCatchUp(len(msg), now)
	return minInterval, s.link.send(msg)
}

// encoded notes that the encoder has taken the picture as it is.
func (st *stream) encoded(input *injection) {
	st.damage, st.shown = st.damage[:0], st.area
	input.places.set(st.number, place{layout: st.enc.Layout(), area: st.area})
}
