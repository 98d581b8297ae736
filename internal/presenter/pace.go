package presenter

import "time"

// Figures of the pacing (DESIGN of the stream, "Pacing").
const (
	frame       = 33 * time.Millisecond // of the window: ceil(RTT/frame)+1 updates
	maxWindow   = 16                    // updates
	minInterval = 12 * time.Millisecond // between two updates: no screen shows more than 80/s
	stepDown    = 300 * time.Millisecond
	stepUp      = 2 * time.Second

	refineBudget = 48 << 10 // bytes of refinement an update, and of a CatchUp, at most
	// While the screen moves, refinement goes at this rate: what was exact may move or be covered
	// a moment later. But a film in a corner must not keep the rest of the screen blurred.
	movingRate  = 96 << 10 // bytes a second, or a movingShare-th of the link if that is less
	movingShare = 8
	movingLeast = 3 << 10 // bytes worth an update: about a tile
	movingMost  = 8 << 10 // that may be saved up

	catchUpWindow = 2                      // CatchUp messages on their way to the slowest viewer
	catchUpWait   = 2 * time.Second        // for a viewer's next ack before it counts no more
	keyWait       = 10 * time.Second       // for the first: what the relay gives a keyframe, too
	catchUpSlow   = 200 * time.Millisecond // later than the quickest: messages are halved
	catchUpQuick  = 80 * time.Millisecond  // not later: they grow
	catchUpLeast  = 2 << 10                // bytes
	keyTime       = time.Second            // that a keyframe may take on a link that is known
	keyLeast      = 16 << 10               // bytes of a keyframe, if it must be small
)

// qualities are the JPEG qualities, best first.
var qualities = [...]int{75, 60, 45, 30}

// pace decides when the loop may encode, and how much. It is owned by the loop.
type pace struct {
	lead uint16
	flow flow
	last time.Time // when the last update was sent

	quality  int       // index in qualities
	step     time.Time // of the last change of quality, or of the last late ack
	squeezed time.Time // since when not all fits into an update; zero while it does

	tokens   float64 // bytes of refinement saved up while the screen moves
	tokensAt time.Time

	first    sentUpdate           // newest message that a viewer without a picture could begin with
	part     uint32               // CatchUp messages so far, keyframes included
	key      uint32               // of them, the newest keyframe
	parts    []sentUpdate         // the newest of them
	budget   int                  // bytes of a CatchUp message
	catching map[uint16]catchRank // viewers that catch up
	heard    map[uint16]bool      // viewers that have acked something
}

// catchRank is how far a viewer has caught up.
type catchRank struct {
	part  uint32
	at    time.Time
	quick time.Duration // least round trip of a part
}

func newPace() *pace {
	return &pace{catching: map[uint16]catchRank{}, heard: map[uint16]bool{}, budget: refineBudget}
}

// setLead changes whose acks count. What was sent before is given to the new lead as
// acked: its own acks soon say more. But for a keyframe that it still waits for.
func (p *pace) setLead(viewer uint16, now time.Time) {
	if viewer == p.lead {
		return
	}
	p.lead = viewer
	p.flow.restart()
	if viewer != 0 && !p.heard[viewer] && now.Sub(p.first.at) < lostAfter {
		p.flow.add(p.first)
	}
}

// ack takes an ack of a viewer. took is the time that decoding and painting did.
func (p *pace) ack(viewer uint16, seq, part uint32, catching bool, took time.Duration, now time.Time) {
	p.heard[viewer] = true
	if catching {
		p.ackPart(viewer, part, now)
	} else {
		delete(p.catching, viewer)
	}
	if viewer != p.lead {
		return
	}
	late, ok := p.flow.acked(seq, part, took, now)
	if !ok {
		return
	}
	late = late || !p.squeezed.IsZero() && now.Sub(p.squeezed) > stepDown
	switch {
	case late && p.quality == len(qualities)-1:
		p.step = now
	case late && now.Sub(p.step) > stepDown:
		p.quality, p.step = p.quality+1, now
	case !late && p.quality > 0 && now.Sub(p.step) > stepUp:
		p.quality, p.step = p.quality-1, now
	}
}

// ackPart sizes CatchUp messages by how late they arrive.
func (p *pace) ackPart(viewer uint16, part uint32, now time.Time) {
	c, known := p.catching[viewer]
	news := !known || int32(part-c.part) > 0
	c.part, c.at = part, now
	for _, u := range p.parts {
		if !news || u.part != part {
			continue
		}
		trip := now.Sub(u.at)
		if c.quick == 0 || trip < c.quick {
			c.quick = trip
		}
		switch {
		case trip > c.quick+catchUpSlow:
			p.budget = max(p.budget/2, catchUpLeast)
		case trip < c.quick+catchUpQuick:
			p.budget = min(p.budget*3/2, refineBudget)
		}
	}
	p.catching[viewer] = c
}

// window is how many updates may be on their way.
func (p *pace) window() int {
	return min(int((p.flow.rtt+frame-1)/frame)+1, maxWindow)
}

// credit says whether an update may be encoded now; if not, wait is when to look again,
// 0 if only an ack can bring credit.
func (p *pace) credit(now time.Time) (ok bool, wait time.Duration) {
	if p.lead == 0 {
		return false, 0
	}
	if gap := now.Sub(p.last); gap < minInterval {
		return false, minInterval - gap
	}
	if p.flow.room(now) && p.flow.numbered() < p.window() {
		return true, 0
	}
	return false, p.flow.expiry(now)
}

// spend notes that a numbered update was sent; waiting says that not all fitted into it.
func (p *pace) spend(seq uint32, bytes int, waiting bool, now time.Time) {
	p.flow.add(sentUpdate{seq: seq, bytes: bytes, at: now})
	p.last = now
	switch {
	case !waiting:
		p.squeezed = time.Time{}
	case p.squeezed.IsZero():
		p.squeezed = now
	}
}

// refinement is how many bytes of it an update may have; if it is 0, wait is when there will
// be some.
func (p *pace) refinement(moving bool, now time.Time) (budget int, wait time.Duration) {
	if !moving {
		p.tokens, p.tokensAt = 0, now
		return refineBudget, 0
	}
	rate := float64(movingRate)
	if p.flow.rate > 0 {
		rate = min(rate, p.flow.rate/movingShare)
	}
	p.tokens = min(p.tokens+rate*now.Sub(p.tokensAt).Seconds(), movingMost)
	p.tokensAt = now
	if p.tokens < movingLeast {
		return 0, time.Duration((movingLeast - p.tokens) / rate * float64(time.Second))
	}
	return int(p.tokens), 0
}

// refined notes how many bytes of refinement were sent.
func (p *pace) refined(bytes int) { p.tokens -= float64(bytes) }

// keySize is how many bytes a keyframe may take; 0 = as many as any.
func (p *pace) keySize() int {
	if p.flow.rate == 0 {
		return 0
	}
	return max(int(p.flow.rate*keyTime.Seconds()), keyLeast)
}

// spendKey notes that a keyframe was sent. It is not on the lead's way: the relay gives it to
// viewers without a picture, and none of these leads before it has one (see setLead).
func (p *pace) spendKey(bytes int, now time.Time) {
	p.notePart(bytes, now)
	p.key = p.part
}

// spendFirst notes that a keyframe with a number was sent to all viewers, whatever they held.
func (p *pace) spendFirst(seq uint32, bytes int, now time.Time) {
	p.parts = p.parts[:0] // nobody catches up any more
	p.spend(seq, bytes, false, now)
	p.first = sentUpdate{seq: seq, bytes: bytes, at: now}
}

// spendCatchUp notes that a CatchUp message was sent.
func (p *pace) spendCatchUp(bytes int, now time.Time) {
	u := p.notePart(bytes, now)
	if _, ok := p.catching[p.lead]; ok { // it gets this one, too
		p.flow.add(u)
	}
}

func (p *pace) notePart(bytes int, now time.Time) sentUpdate {
	p.part++
	u := sentUpdate{part: p.part, bytes: bytes, at: now}
	if len(p.parts) == 2*catchUpWindow {
		p.parts = append(p.parts[:0], p.parts[1:]...)
	}
	p.parts = append(p.parts, u)
	p.first = u
	return u
}

// catchUpCredit says whether a CatchUp message may be sent. The slowest viewer that still
// acks decides; before the first ack of a keyframe nothing is sent for a while.
func (p *pace) catchUpCredit(now time.Time) (ok bool, wait time.Duration) {
	heard := false
	for viewer, c := range p.catching {
		if now.Sub(c.at) >= catchUpWait { // at its very end the wait would be 0: for ever
			delete(p.catching, viewer)
			continue
		}
		heard = true
		if p.part-c.part >= catchUpWindow {
			return false, catchUpWait - now.Sub(c.at)
		}
	}
	if !heard {
		if n := len(p.parts); n > 0 {
			patience := catchUpWait
			if p.parts[n-1].part == p.key {
				patience = keyWait
			}
			if since := now.Sub(p.parts[n-1].at); since < patience {
				return false, patience - since
			}
		}
	}
	if _, shared := p.catching[p.lead]; shared && !p.flow.room(now) {
		return false, 0 // the lead's own ack brings it
	}
	return true, 0
}

// forget removes a viewer that is gone.
func (p *pace) forget(viewer uint16) {
	delete(p.catching, viewer)
	delete(p.heard, viewer)
}
