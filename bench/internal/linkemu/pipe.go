// Package linkemu is one direction of an emulated network link, as pure arithmetic: packets go in at a time, wait in a bounded
// queue, are sent at a rate, are lost by chance, travel for a delay, and come out in order at a computed time. It knows no
// clock, socket or goroutine: the caller says what time it is. cmd/link drives two Pipes between two TUN devices.
//
// Times are exact to a nanosecond a packet, however late the caller looks: packets that became due meanwhile come out at once,
// with the times computed for them, and the ones behind them are not delayed by that.
package linkemu

import (
	"math/rand/v2"
	"time"
)

// MaxHeld is the number of packets that a Pipe holds, queued and travelling. More are dropped and counted as Overflow: it
// bounds memory at about 100 MB of full packets, and is reached only by high rates with long delays (1 Gbit/s over 0.78 s).
const MaxHeld = 1 << 16

// firstSlots is the ring's size at the start; a power of two, as is every later size.
const firstSlots = 1 << 8

// Never is the Next of an empty Pipe.
const Never = time.Duration(1<<63 - 1)

// Stats counts since the Pipe was made. Of Entered, each packet is in just one of the other counts, or still inside.
type Stats struct {
	Entered        int64 `json:"entered"`         // packets pushed
	EnteredBytes   int64 `json:"entered_bytes"`   // their bytes
	Delivered      int64 `json:"delivered"`       // packets popped
	DeliveredBytes int64 `json:"delivered_bytes"` // their bytes
	QueueDrops     int64 `json:"queue_drops"`     // the queue was full
	LossDrops      int64 `json:"loss_drops"`      // lost by chance
	CutDrops       int64 `json:"cut_drops"`       // the link was cut
	Overflow       int64 `json:"overflow"`        // more than MaxHeld: not a property of the link, so the run does not count

	MaxQueueBytes int64         `json:"max_queue_bytes"` // most that waited for the wire, with the packet being sent
	MaxQueueTime  time.Duration `json:"max_queue_ns"`    // longest from Push to the end of sending
	MaxLate       time.Duration `json:"max_late_ns"`     // longest from a packet's computed time to its Pop: the machine's fault
	Late          int64         `json:"late"`            // packets popped more than LateLimit after their computed time
}

// LateLimit is what a Pop may be late without counting as Late: two milliseconds are not seen beside a real link's changes.
const LateLimit = 2 * time.Millisecond

// Pipe is one direction of a link. It is for one goroutine, or for several that share a lock. `now` is the time since any fixed
// moment of the caller's choice; it must never go back.
type Pipe struct {
	par  Params
	cut  bool
	loss *rand.Rand // one draw a packet sent, whatever the other properties: the same seed loses the same packets
	jit  *rand.Rand

	// Packets live in a ring from head to tail, oldest first: [head, mid) travel, [mid, tail) wait for the wire, and the one at
	// mid is being sent when sending is set. The counters only grow; slot() maps them into the ring.
	slots           []slot
	head, mid, tail uint64

	sending bool
	sendEnd time.Duration // when the packet at mid leaves the wire, if sending
	free    time.Duration // when the wire was last given free
	latest  time.Duration // arrival of the newest packet that travels or travelled
	waiting int64         // bytes in [mid, tail)
	stats   Stats
}

type slot struct {
	pushed time.Duration
	due    time.Duration // arrival, once it travels
	lost   bool          // holds its place until it would have arrived
	data   []byte        // the buffer stays with the slot and is used again
}

// New makes a direction with properties that Validate accepts. The same seed gives the same losses and jitter.
func New(par Params, seed uint64) *Pipe {
	return &Pipe{
		par:   par,
		loss:  rand.New(rand.NewPCG(seed, 'l')),
		jit:   rand.New(rand.NewPCG(seed, 'j')),
		slots: make([]slot, firstSlots),
	}
}

func (p *Pipe) slot(i uint64) *slot { return &p.slots[i&uint64(len(p.slots)-1)] }

// Push brings a packet to the entry and copies it. It reports whether the packet was taken; a reason is counted if not.
func (p *Pipe) Push(now time.Duration, packet []byte) bool {
	p.advance(now)
	size := int64(len(packet))
	p.stats.Entered++
	p.stats.EnteredBytes += size
	switch {
	case p.cut:
		p.stats.CutDrops++
		return false
	case p.waiting > 0 && p.waiting+size > p.par.room() && p.par.Rate != 0:
		p.stats.QueueDrops++
		return false
	case p.tail-p.head >= MaxHeld:
		p.stats.Overflow++
		return false
	case p.tail-p.head == uint64(len(p.slots)):
		p.grow()
	}
	s := p.slot(p.tail)
	s.pushed, s.lost = now, false
	s.data = append(s.data[:0], packet...)
	p.tail++
	p.waiting += size
	p.stats.MaxQueueBytes = max(p.stats.MaxQueueBytes, p.waiting)
	p.advance(now)
	return true
}

// grow doubles the ring; the buffers move with their packets.
func (p *Pipe) grow() {
	old := p.slots
	p.slots = make([]slot, 2*len(old))
	for i := p.head; i != p.tail; i++ {
		*p.slot(i) = old[i&uint64(len(old)-1)]
	}
}

// advance sends what the wire had time for until now.
func (p *Pipe) advance(now time.Duration) {
	for p.mid != p.tail {
		s := p.slot(p.mid)
		if !p.sending {
			p.sending = true
			p.sendEnd = max(s.pushed, p.free) + p.par.sending(len(s.data))
		}
		if p.sendEnd > now {
			return
		}
		p.sending = false
		p.free = p.sendEnd
		p.mid++
		p.waiting -= int64(len(s.data))
		p.stats.MaxQueueTime = max(p.stats.MaxQueueTime, p.free-s.pushed)
		s.lost = p.loss.Float64() < p.par.Loss
		travel := p.par.Delay
		if p.par.Jitter > 0 {
			travel += time.Duration(p.jit.Int64N(int64(2*p.par.Jitter)+1)) - p.par.Jitter
		}
		s.due = p.free + travel
		if s.lost {
			p.stats.LossDrops++
			continue // what does not arrive holds up nobody
		}
		s.due = max(s.due, p.latest)
		p.latest = s.due
	}
}

// Pop takes the next packet that has arrived by now; ok is false if there is none. The bytes are valid until the next Push.
func (p *Pipe) Pop(now time.Duration) (packet []byte, ok bool) {
	p.advance(now)
	for p.head != p.mid {
		s := p.slot(p.head)
		if s.lost {
			p.head++
			continue
		}
		if s.due > now {
			return nil, false
		}
		p.head++
		p.stats.Delivered++
		p.stats.DeliveredBytes += int64(len(s.data))
		late := now - s.due
		p.stats.MaxLate = max(p.stats.MaxLate, late)
		if late > LateLimit {
			p.stats.Late++
		}
		return s.data, true
	}
	return nil, false
}

// Next is the time at which Pop should be called next, or Never: no packet arrives before it. Call it after Pop has said false.
func (p *Pipe) Next() time.Duration {
	switch {
	case p.head != p.mid:
		return p.slot(p.head).due
	case p.sending: // its jitter is not drawn yet
		return max(p.latest, p.sendEnd+p.par.Delay-p.par.Jitter)
	}
	return Never
}

// Set changes the properties from now on. What travels keeps its arrival, what waits is sent at the new rate, the rest of the
// packet being sent too. A queue that is now too full is not shortened; it takes nothing until it has room.
func (p *Pipe) Set(now time.Duration, par Params) {
	p.advance(now)
	if p.sending {
		left := p.sendEnd - now
		switch {
		case par.Rate == 0:
			left = 0
		default:
			left = time.Duration(float64(left) * float64(p.par.Rate) / float64(par.Rate))
		}
		p.sendEnd = now + left
	}
	p.par = par
	p.advance(now)
}

// Params are the properties in force.
func (p *Pipe) Params() Params { return p.par }

// Cut severs the link: what is inside is lost, and what comes is, until Mend.
func (p *Pipe) Cut(now time.Duration) {
	p.advance(now)
	for ; p.head != p.tail; p.head++ {
		if s := p.slot(p.head); p.head >= p.mid || !s.lost {
			p.stats.CutDrops++
		}
	}
	p.mid, p.waiting, p.sending = p.tail, 0, false
	p.free, p.latest = min(p.free, now), min(p.latest, now)
	p.cut = true
}

// Mend ends a Cut.
func (p *Pipe) Mend() { p.cut = false }

// Severed says whether the link is cut.
func (p *Pipe) Severed() bool { return p.cut }

// Stats is a copy of the counts at now, with everything sent that the wire had time for.
func (p *Pipe) Stats(now time.Duration) Stats {
	p.advance(now)
	return p.stats
}
