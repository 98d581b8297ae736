package presenter

import "time"

// Figures of the pacing (DESIGN of the stream, "Pacing").
const (
	frame        = 33 * time.Millisecond // of the window: ceil(RTT/frame)+1 updates
	maxWindow    = 16                    // updates
	maxInFlight  = 128 << 10             // unacked bytes beyond which nothing is encoded
	minInterval  = 12 * time.Millisecond // between two updates: no screen shows more than 80/s
	rttMemory    = 10 * time.Second      // the least round trip of this long counts
	refineBudget = 48 << 10              // bytes of refinement an update
	queueDelay   = 80 * time.Millisecond // above the least round trip: a step down
	stepDown     = 300 * time.Millisecond
	stepUp       = 2 * time.Second

	catchUpWindow = 2               // CatchUp messages on their way to the slowest viewer
	catchUpWait   = 2 * time.Second // for a viewer's ack before it counts no more
)

// qualities are the JPEG qualities, best first.
var qualities = [...]int{75, 60, 45, 30}

// pace decides when the loop may encode. It is owned by the loop.
type pace struct {
	lead    uint16
	sent    []sentUpdate // numbered, not acked by the lead, oldest first
	bytes   int          // of sent
	last    time.Time    // when the last update was sent
	leadAck time.Time

	rtt     time.Duration // least of the last rttMemory, 0 = not known
	rttAt   time.Time
	quality int       // index in qualities
	step    time.Time // of the last change of quality, or of the last late ack

	part     uint32               // CatchUp messages so far
	partAt   time.Time            // of the last
	catching map[uint16]catchRank // viewers that catch up
}

type sentUpdate struct {
	seq   uint32
	bytes int
}

type catchRank struct {
	part uint32
	at   time.Time
}

func newPace() *pace { return &pace{catching: map[uint16]catchRank{}} }

// setLead changes whose acks count. What was sent before is given to the new lead as
// acked: its own acks soon say more.
func (p *pace) setLead(viewer uint16) {
	if viewer != p.lead {
		p.lead, p.sent, p.bytes, p.rtt = viewer, p.sent[:0], 0, 0
	}
}

// ack takes an ack of a viewer. trip is the time since the capture of what it painted,
// less what painting took; a trip <= 0 is not a measurement.
func (p *pace) ack(viewer uint16, seq, part uint32, catching bool, trip time.Duration, now time.Time) {
	if catching {
		p.catching[viewer] = catchRank{part, now}
	} else {
		delete(p.catching, viewer)
	}
	if viewer != p.lead {
		return
	}
	p.leadAck = now
	n := 0
	for n < len(p.sent) && int32(p.sent[n].seq-seq) <= 0 {
		p.bytes -= p.sent[n].bytes
		n++
	}
	p.sent = append(p.sent[:0], p.sent[n:]...)
	if trip <= 0 || n == 0 {
		return
	}
	if p.rtt == 0 || trip < p.rtt || now.Sub(p.rttAt) > rttMemory {
		p.rtt, p.rttAt = trip, now
	}
	switch late := trip-p.rtt > queueDelay; {
	case late && p.quality == len(qualities)-1:
		p.step = now
	case late && now.Sub(p.step) > stepDown:
		p.quality, p.step = p.quality+1, now
	case !late && p.quality > 0 && now.Sub(p.step) > stepUp:
		p.quality, p.step = p.quality-1, now
	}
}

// window is how many updates may be on their way.
func (p *pace) window() int {
	return min(int((p.rtt+frame-1)/frame)+1, maxWindow)
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
	return len(p.sent) < p.window() && p.bytes < maxInFlight, 0
}

// spend notes that a numbered update was sent.
func (p *pace) spend(seq uint32, bytes int, now time.Time) {
	p.sent = append(p.sent, sentUpdate{seq, bytes})
	p.bytes += bytes
	p.last = now
}

// spendCatchUp notes that a message with a part was sent.
func (p *pace) spendCatchUp(now time.Time) {
	p.part++
	p.partAt = now
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
		if since := now.Sub(p.partAt); since < catchUpWait {
			return false, catchUpWait - since
		}
	}
	return true, 0
}

// forget removes a viewer that is gone.
func (p *pace) forget(viewer uint16) { delete(p.catching, viewer) }
