package presenter

import "time"

// Figures of the estimate of the lead's link.
const (
	sizeTime   = 40 * time.Millisecond   // of the link that one update may take
	queueTime  = 40 * time.Millisecond   // that may wait before the next update: see most
	lateness   = 120 * time.Millisecond  // beyond the least round trip: more waits somewhere than is meant to
	rttPeriod  = 5 * time.Second         // the least round trip of this one and the one before counts
	leastSpan  = 10 * time.Millisecond   // of a measurement: an ack waits for the page's frame
	leastBytes = 2 << 10                 // of the first: fewer say more of the round trip than of the rate
	cutAfter   = 400 * time.Millisecond  // of late acks only: a lost packet makes some late, too
	cutAlways  = 1500 * time.Millisecond // of them, however little was on its way
	cutTo      = 0.5                     // of the rate, at least
	lostAfter  = 5 * time.Second         // for what was sent to a viewer that may not have got it
	minUpdate  = 1500                    // bytes of an update; less would be mostly heads
	pushSize   = 3                       // times as large while the rate seems too low: see flow.push
	firstMost  = 128 << 10               // bytes on their way while nothing is known
	flightMost = 256 << 10               // in any case
)

// flow estimates, from what the lead has acked, what the way to it carries and how long it is,
// in the manner of BBR (Cardwell and others, "BBR: congestion-based congestion control", ACM
// Queue 14/5, 2016): the round trip is the least one lately, and the rate is what was delivered
// between two acks. Unlike there the rate does not expire, as most of the time there is little
// to send: only acks that are late lower it, where much was on its way (else a packet was lost). It is owned by the loop.
type flow struct {
	sent  []sentUpdate // not acked, oldest first
	bytes int          // of sent

	rtt, rttNow time.Duration // least of two periods, and of the present one; 0 = not known
	period      time.Time     // begin of the present one
	alone       bool          // an update of this period met no other one on its way
	push        bool          // the newest that met a full way did not wait there: the rate is too low, and more goes
	probe       bool          // nothing goes until all has arrived: else only queues would be measured

	rate      float64   // bytes a second; 0 = not known
	best      float64   // largest measurement since timely
	timely    time.Time // newest ack that was not late, or cut
	delivered int64
	base      mark // of what is sent next
	share     int  // of so many streams that use the uplink this is one; 0 and 1: the only one
}

// sentUpdate is a numbered update, or one with a part, on its way.
type sentUpdate struct {
	seq, part uint32
	bytes     int
	at        time.Time
	base      mark
	alone     bool
	full      bool          // it met so much on its way that a wrong rate may be why it is late
	brim      bool          // and so much that it has to wait there, if the rate is right
	worst     time.Duration // that it and what it met may wait on a link that is just good enough
}

// mark is how much had been delivered at a moment.
type mark struct {
	delivered int64
	at        time.Time
}

// restart forgets the way: there is another lead.
func (f *flow) restart() { *f = flow{sent: f.sent[:0], share: f.share} }

// add notes that an update was sent.
func (f *flow) add(u sentUpdate) {
	if u.alone = len(f.sent) == 0; u.alone {
		f.base = mark{f.delivered, u.at.Add(f.rtt)} // the way is empty: nothing can come before
		f.probe = false
	}
	f.bytes += u.bytes
	u.base, u.full = f.base, 2*f.bytes > f.most()
	u.worst = time.Duration(f.bytes) * time.Second / slowest
	u.brim = f.rate > 0 && float64(f.bytes) >= f.rate*(f.rtt+queueTime/2).Seconds()
	f.sent = append(f.sent, u)
}

// acked frees what an ack covers, and measures. took is what decoding and painting did.
// It reports whether the newest of it was late; ok is false if nothing was freed.
func (f *flow) acked(seq, part uint32, took time.Duration, now time.Time) (late, ok bool) {
	n := 0
	for i, u := range f.sent {
		if u.part > 0 && int32(u.part-part) <= 0 || u.part == 0 && int32(u.seq-seq) <= 0 {
			n = i + 1 // and all before it
		}
	}
	if n == 0 {
		return false, false
	}
	newest := f.sent[n-1]
	f.drop(n)
	trip := now.Sub(newest.at) - took
	if trip <= 0 {
		f.base = mark{f.delivered, now}
		return false, true
	}
	span := now.Sub(newest.base.at)
	span = max(span, trip/4) // all of it is of what was sent, if the round trip is right, and it may not be
	if f.rtt == 0 {
		span = trip
	}
	way := trip
	if newest.alone && f.rate > 0 {
		// Less what its own bytes took, were the rate twice what it seems: a round trip that seems too
		// short makes acks seem late, and the rate low.
		way -= min(time.Duration(float64(newest.bytes)/(2*f.rate)*float64(time.Second)), trip/4)
	}
	f.measureTrip(way, newest.alone, now)
	late = f.measureRate(f.delivered-newest.base.delivered, max(span, leastSpan), trip, newest, now)
	switch wait := trip - f.rtt; {
	case wait >= queueTime/2:
		f.push = false
	case newest.brim:
		f.push = true
	}
	f.base = mark{f.delivered, now}
	return late, true
}

// drop takes the oldest n off what is on its way, as delivered.
func (f *flow) drop(n int) {
	for _, u := range f.sent[:n] {
		f.bytes -= u.bytes
		f.delivered += int64(u.bytes)
	}
	f.sent = append(f.sent[:0], f.sent[n:]...)
}

// numbered is how many updates with a number are on their way.
func (f *flow) numbered() (n int) {
	for _, u := range f.sent {
		if u.part == 0 {
			n++
		}
	}
	return n
}

func (f *flow) measureTrip(trip time.Duration, alone bool, now time.Time) {
	if now.Sub(f.period) > rttPeriod {
		if f.rttNow > 0 {
			f.rtt = f.rttNow
		}
		f.probe = !f.alone && f.rtt > 0
		f.rttNow, f.alone, f.period = 0, false, now
	}
	if f.alone = f.alone || alone; f.rttNow == 0 || trip < f.rttNow {
		f.rttNow = trip
	}
	if f.rtt == 0 || trip < f.rtt {
		f.rtt = trip
	}
}

func (f *flow) measureRate(bytes int64, span, trip time.Duration, newest sentUpdate, now time.Time) (late bool) {
	rate := float64(bytes) / span.Seconds()
	// What is later than its bytes can explain waited for a busy page, or for others' bytes: to send
	// less would not help, and while little is sent the rate would fall and fall.
	late = trip-f.rtt > lateness && trip-f.rtt <= newest.worst
	if !late || f.rate == 0 {
		f.best, f.timely = 0, now
	}
	f.best = max(f.best, rate)
	switch {
	case f.rate == 0:
		if bytes >= leastBytes {
			f.rate = rate
		}
	case rate > f.rate:
		f.rate += (rate - f.rate) / 2 // half: the page's frames make measurements uneven
	case late && (newest.full && now.Sub(f.timely) > cutAfter || now.Sub(f.timely) > cutAlways):
		f.rate = max(cutTo*f.rate, min(f.best, f.rate))
		f.best, f.timely = 0, now
	}
	return late
}

// room reports whether one more update may go now.
func (f *flow) room(now time.Time) bool {
	for len(f.sent) > 0 && f.sent[0].part > 0 && now.Sub(f.sent[0].at) >= lostAfter {
		f.drop(1)
	}
	if f.probe {
		return len(f.sent) == 0
	}
	return f.bytes < f.most()
}

// expiry is how long until room gives up the oldest of what is on its way; 0 = never.
func (f *flow) expiry(now time.Time) time.Duration {
	if len(f.sent) == 0 || f.sent[0].part == 0 {
		return 0
	}
	return lostAfter - now.Sub(f.sent[0].at)
}

// most is how many bytes may be on their way before one more update.
func (f *flow) most() int {
	share := max(f.share, 1)
	if f.rate == 0 {
		return firstMost / share
	}
	way := f.rtt + queueTime
	if f.push {
		way += f.rtt
	}
	return int(max(min(f.rate*way.Seconds(), flightMost)/float64(share), minUpdate))
}

// size is how many bytes one update may take.
func (f *flow) size() int {
	share := max(f.share, 1)
	if f.rate == 0 { // with a new lead: its link may be slow
		return firstMost / share
	}
	size := max(f.rate*sizeTime.Seconds()/float64(share), minUpdate)
	if f.push { // where updates are smallest it is their number that keeps the rate low
		size *= pushSize
	}
	return int(size)
}
