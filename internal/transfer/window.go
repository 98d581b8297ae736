package transfer

import "time"

// Figures of a Window. web/viewer/filewindow.js has the same.
const (
	target      = 60 * time.Millisecond // of waiting that chunks may cause
	firstWindow = 4 << 10
	leastWindow = 2 << 10
	mostWindow  = 960 << 10 // a little less than a queue's share in the relay
	leastChunk  = 1 << 10
	basePeriod  = 60 * time.Second // the least round trip of this one and the one before counts
	lately      = 4                // round trips of which the least counts: a busy page makes some long
)

// Window says how many bytes may be on their way: as many as make the round trip target longer
// than its least, in the manner of LEDBAT (RFC 6817), with the faster retreat of LEDBAT++. The zero value is ready.
type Window struct {
	size    float64
	growing bool // slow start: until there is a first sign of a queue
	base    [2]time.Duration
	period  time.Time
	drain   bool // nothing goes until all has arrived: else base would take the own queue for the way
	recent  [lately]time.Duration
	count   int
	cut     time.Time
	rtt     time.Duration // newest of recent's least
}

// Restart forgets the way: there is another connection.
func (w *Window) Restart() { *w = Window{size: firstWindow, growing: true} }

// Size is how many bytes may be on their way.
func (w *Window) Size() int {
	if w.size == 0 {
		w.Restart()
	}
	return int(w.size)
}

// Chunk is how large a chunk should be: a quarter of the window, so that one alone is no long wait.
func (w *Window) Chunk(most int) int { return min(max(w.Size()/4, leastChunk), most) }

// Room is how many bytes may follow when so many are on their way.
func (w *Window) Room(flight int) int {
	if w.drain {
		if flight > 0 {
			return 0
		}
		w.drain = false
	}
	return w.Size() - flight
}

// RTT is the newest round trip, 0 when there is none yet.
func (w *Window) RTT() time.Duration { return w.rtt }

// Acked takes the round trip of a chunk of so many bytes, with which flight bytes were on their way.
func (w *Window) Acked(bytes, flight int, trip time.Duration, now time.Time) {
	w.Size()
	trip = max(trip, time.Microsecond)
	w.measure(trip, now)
	w.recent[w.count%lately] = trip
	w.count++
	w.rtt = trip
	for _, t := range w.recent[:min(w.count, lately)] {
		w.rtt = min(w.rtt, t)
	}
	queue := w.rtt - w.least()
	off := max(1-float64(queue)/float64(target), -1)
	share := float64(bytes) / w.size
	switch {
	case off < 0: // at most half a window a round trip
		w.size += off / 2 * float64(bytes)
		w.growing = false
	case 2*flight < int(w.size): // it was not the window that held it back
	case w.growing && trip-w.least() < target/4: // the newest: by the time that there is a queue it has doubled
		w.size += float64(bytes)
	default:
		w.growing = false
		w.size += off * share * float64(w.Chunk(32<<10))
	}
	w.clamp()
}

func (w *Window) clamp() { w.size = min(max(w.size, leastWindow), mostWindow) }

// Lost halves the window, once a round trip.
func (w *Window) Lost(now time.Time) {
	if now.Sub(w.cut) < max(w.rtt, 10*time.Millisecond) {
		return
	}
	w.cut, w.growing = now, false
	w.size /= 2
	w.clamp()
}

func (w *Window) least() time.Duration {
	if w.base[1] == 0 {
		return w.base[0]
	}
	return min(w.base[0], w.base[1])
}

func (w *Window) measure(trip time.Duration, now time.Time) {
	if w.period.IsZero() {
		w.period = now
	}
	if now.Sub(w.period) > basePeriod {
		w.base[1], w.base[0], w.period, w.drain = w.base[0], 0, now, true
	}
	if w.base[0] == 0 || trip < w.base[0] {
		w.base[0] = trip
	}
}
