package relay

import (
	"slices"
	"time"

	"pindesk/internal/wire"
)

// stream is one picture of the presenter's: all monitors together, or one of them. A viewer is sent
// one of these at a time. All of it is guarded by feed.mu.
type stream struct {
	monitor  wire.Monitor // zero but for the number of stream 0, which is no single monitor
	seq      uint32       // of the last numbered update of this epoch
	part     uint32       // CatchUp updates of this epoch so far
	lead     uint16       // told to the presenter; 0 = none
	askedKey time.Time    // last NeedKey
	awaitKey bool         // and no keyframe came since
}

func (st *stream) number() uint8 { return st.monitor.Stream }

// begin forgets an attach of the presenter.
func (st *stream) begin() { *st = stream{monitor: st.monitor} }

// streamLocked finds a stream by its number; nil if there is none.
func (f *feed) streamLocked(number uint8) *stream {
	if number == 0 {
		return &f.all
	}
	for _, st := range f.monitors {
		if st.number() == number {
			return st
		}
	}
	return nil
}

// eachStreamLocked calls do for every stream.
func (f *feed) eachStreamLocked(do func(*stream)) {
	do(&f.all)
	for _, st := range f.monitors {
		do(st)
	}
}

// monitorsLocked takes the presenter's list of monitors. Who watches one that is gone is put back
// on all of them together.
func (f *feed) monitorsLocked(list []wire.Monitor) {
	list, ok := wire.CleanMonitors(list)
	if !ok {
		f.h.drop(dropMalformed)
		return
	}
	if slices.Equal(list, f.monitorListLocked()) {
		return // all know
	}
	streams := make([]*stream, len(list))
	for i, m := range list {
		st := f.streamLocked(m.Stream)
		if st == nil {
			st = &stream{}
		}
		st.monitor = m
		streams[i] = st
	}
	f.monitors = streams
	now := time.Now()
	for _, v := range f.viewers {
		if v.stream != &f.all && !slices.Contains(streams, v.stream) {
			f.turnLocked(v, &f.all, now)
		}
	}
	f.stateLocked()
}

// dropMonitorsLocked forgets another computer's monitors.
func (f *feed) dropMonitorsLocked() {
	f.monitors = nil
	for _, v := range f.viewers {
		v.stream = &f.all
	}
}

// watchLocked gives a viewer the picture that it wants to see.
func (f *feed) watchLocked(v *viewer, number uint8) {
	st := f.streamLocked(number)
	if st == nil || !v.view { // gone meanwhile, and the state that says so is on its way; or none of its business
		f.h.drop(dropStream)
		return
	}
	if st == v.stream {
		return
	}
	f.turnLocked(v, st, time.Now())
	f.stateLocked()
}

// turnLocked begins a viewer's picture anew with another stream. A viewer that lags waits for
// that one's keyframe as it would have waited for this one's.
func (f *feed) turnLocked(v *viewer, st *stream, now time.Time) {
	left := v.stream
	v.stream = st
	backoff, keyFrom, lagged := v.backoff, v.keyFrom, v.lagged
	f.forgetPictureLocked(v)
	v.backoff, v.keyFrom, v.lagged = backoff, keyFrom, lagged
	f.askKeyLocked(st, now)
	f.leadLocked(left, now)
	f.leadLocked(st, now)
}

// monitorListLocked is the list as it was last told.
func (f *feed) monitorListLocked() []wire.Monitor {
	list := make([]wire.Monitor, len(f.monitors))
	for i, st := range f.monitors {
		list[i] = st.monitor
	}
	return list
}

// askKeyLocked asks the presenter for one keyframe of a stream for all that wait for one and are
// ready; not while an earlier request may still be answered.
func (f *feed) askKeyLocked(st *stream, now time.Time) {
	since := now.Sub(st.askedKey)
	if f.presenter == nil || since < tickTime || st.awaitKey && since < keyPatience {
		return
	}
	for _, v := range f.viewers {
		if v.stream == st && v.pic == needKey && v.readyForKey(now) {
			st.askedKey, st.awaitKey = now, true
			m := ownMessage(wire.AppendHeader(nil, wire.Header{Kind: wire.KindNeedKey, Stream: st.number(), Epoch: f.epoch}))
			f.putLocked(f.presenter, m, wire.KindNeedKey, 0)
			m.release()
			return
		}
	}
}

// leadLocked names the viewer whose acks pace a stream: the controller if it is good,
// else the good viewer that has been here longest, else whoever acked last, but not another
// one with each ack.
func (f *feed) leadLocked(st *stream, now time.Time) {
	if f.presenter == nil {
		st.lead = 0
		return
	}
	var best *viewer
	better := func(a, b *viewer) bool {
		goodA, goodB := !now.Before(a.badUntil), !now.Before(b.badUntil)
		switch {
		case goodA != goodB:
			return goodA
		case !goodA && a.number == st.lead:
			return b.acked.Sub(a.acked) <= leadTrust
		case !goodA && b.number == st.lead:
			return a.acked.Sub(b.acked) > leadTrust
		case !goodA:
			return a.acked.After(b.acked)
		case a.control != b.control:
			return a.control
		}
		return a.since.Before(b.since) || a.since.Equal(b.since) && a.number < b.number
	}
	for _, v := range f.viewers {
		if v.stream != st || v.member == nil || v.pic != catchUp && v.pic != live {
			continue
		}
		if v.hidden || len(v.sent) > 0 && now.Sub(v.sent[0].at) > max(leadAge, 4*v.rtt()) {
			v.badUntil = now.Add(leadTrust)
		}
		if best == nil || better(v, best) {
			best = v
		}
	}
	number := uint16(0)
	if best != nil {
		number = best.number
	}
	if number == st.lead {
		return
	}
	st.lead = number
	f.controlLocked(f.presenter, wire.Control{Type: wire.TypeLead, Stream: st.number(), Viewer: number}, 0)
	if best != nil && best.lastAck != nil {
		best.ackNews = true
		f.forwardAckLocked(best, now, true)
	}
	f.stateLocked()
}
