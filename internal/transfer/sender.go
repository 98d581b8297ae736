package transfer

import "time"

// Figures of a Sender that hears nothing.
const (
	leastTimeout = time.Second
	mostTimeout  = 10 * time.Second
	maxTimeouts  = 8 // in a row: about a minute
)

// Sender decides which bytes of one file go when. It is pure: the time is given to it.
type Sender struct {
	size    int64
	acked   int64 // all before has arrived
	next    int64 // of what goes next
	sent    []sentChunk
	win     *Window
	moving  bool // accepted on the present connection
	heard   time.Time
	timeout time.Duration
	missed  int       // timeouts since the last ack that brought something
	rewound time.Time // what was sent before says nothing new of what is missing
}

// sentChunk is on its way.
type sentChunk struct {
	end    int64
	at     time.Time
	flight int // bytes on their way, with it
}

// NewSender sends size bytes through a window that it may share with senders before it.
func NewSender(size int64, w *Window) *Sender { return &Sender{size: size, win: w} }

// Begin starts, or goes on, at what the other side has.
func (s *Sender) Begin(offset int64, now time.Time) {
	s.acked, s.next, s.sent, s.moving = offset, offset, s.sent[:0], true
	s.heard, s.timeout, s.missed, s.rewound = now, leastTimeout, 0, now
}

// Pause stops until Begin: nothing is on its way any more.
func (s *Sender) Pause() { s.moving, s.sent = false, s.sent[:0] }

// Done reports whether all has arrived.
func (s *Sender) Done() bool { return s.moving && s.acked == s.size }

// At is how much has arrived.
func (s *Sender) At() int64 { return s.acked }

// Next is what may go now; n is 0 if nothing may.
func (s *Sender) Next(most int) (offset int64, n int) {
	if !s.moving || s.next >= s.size {
		return 0, 0
	}
	n = int(min(int64(s.win.Chunk(most)), s.size-s.next))
	if flight := int(s.next - s.acked); flight > 0 && s.win.Room(flight) < n || s.win.Room(flight) <= 0 {
		return 0, 0
	}
	return s.next, n
}

// Sent notes that what Next gave is on its way.
func (s *Sender) Sent(n int, now time.Time) {
	if len(s.sent) == 0 {
		s.heard = now
	}
	s.next += int64(n)
	s.sent = append(s.sent, sentChunk{s.next, now, int(s.next - s.acked)})
}

// Acked takes an ack: all before offset has arrived; again: something behind it was lost.
func (s *Sender) Acked(offset int64, again bool, now time.Time) {
	if !s.moving || offset > s.next || offset < s.acked {
		return
	}
	n, bytes := 0, int(offset-s.acked)
	for n < len(s.sent) && s.sent[n].end <= offset {
		n++
	}
	if n > 0 {
		newest := s.sent[n-1]
		s.win.Acked(bytes, newest.flight, now.Sub(newest.at), now)
		s.sent = append(s.sent[:0], s.sent[n:]...)
	}
	if bytes > 0 {
		s.acked, s.heard, s.timeout, s.missed = offset, now, leastTimeout, 0
	}
	if again && len(s.sent) > 0 && now.Sub(s.rewound) > s.win.RTT() {
		s.win.Lost(now)
		s.rewind(now)
	}
}

func (s *Sender) rewind(now time.Time) {
	s.next, s.sent, s.rewound = s.acked, s.sent[:0], now
}

// Lost reports whether the other side has been silent for too long.
func (s *Sender) Lost() bool { return s.missed >= maxTimeouts }

// Expire goes back to the newest ack if none came for long, and returns when to look again;
// 0: not before something is sent.
func (s *Sender) Expire(now time.Time) time.Duration {
	if !s.moving || len(s.sent) == 0 {
		return 0
	}
	limit := max(s.timeout, 4*s.win.RTT())
	if left := limit - now.Sub(s.heard); left > 0 {
		return left
	}
	s.timeout = min(2*limit, mostTimeout)
	s.win.Lost(now)
	s.rewind(now)
	s.heard = now
	s.missed++
	return 0
}

// Receiver decides which bytes are taken.
type Receiver struct {
	size, at int64
}

// NewReceiver takes size bytes.
func NewReceiver(size int64) *Receiver { return &Receiver{size: size} }

// Take reports whether n bytes from offset are those that come next; again: something before
// them is missing.
func (r *Receiver) Take(offset int64, n int) (take, again bool) {
	switch {
	case n <= 0 || offset < r.at || offset > r.size-int64(n):
		return false, false
	case offset > r.at:
		return false, true
	}
	r.at += int64(n)
	return true, false
}

// At is how much has been taken.
func (r *Receiver) At() int64 { return r.at }

// Done reports whether that is all.
func (r *Receiver) Done() bool { return r.at == r.size }
