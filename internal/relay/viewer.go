package relay

import (
	"time"

	"pindesk/internal/wire"
)

// picture is where a viewer stands with the stream; see the package documentation.
type picture uint8

const (
	noGrant picture = iota
	needKey
	catchUp
	live
)

// viewer is what a feed knows of one viewer, present or away. All of it is guarded by
// feed.mu.
type viewer struct {
	number uint16
	name   string
	member *member   // nil while away
	attach uint32    // sockets so far
	since  time.Time // of the present socket
	left   time.Time // when it went away

	view, control bool
	may           bool   // gets control by asking
	why           string // wire.Why of the right that it lost last
	yielded       bool   // and the presenter, which was away, was not told
	clipIn        bool   // it has set the clipboard since it controls, and that was observed
	clipOut       bool   // likewise: it was sent what was copied
	held          bool   // its person has not continued with another computer
	asking        string // "", "view", "control", "hand" or asksElevate
	to            uint16 // to whom, while asking is "hand"
	denials       int
	blocked       bool
	wishes        int       // that it may still utter at wishAt
	wishAt        time.Time // when wishes was counted
	says          allowance // of the chat
	offers        allowance // of files
	points        allowance
	files         map[uint32]*transfer

	stream   *stream       // never nil
	pic      picture       // of stream
	sent     []sentUpdate  // queued or on their way, oldest first
	unacked  int           // bytes of sent
	backoff  time.Duration // before the next keyframe; 0 = never lagged
	keyFrom  time.Time     // no keyframe before
	lagged   time.Time     // when it last lagged
	keySent  bool          // sent begins with a keyframe that is not acked
	badUntil time.Time     // cannot lead before
	hidden   bool
	acked    time.Time // last ack

	lastAck   *message // newest ack, for the presenter
	ackNews   bool     // lastAck was not passed on yet
	ackPassed time.Time
}

// sentUpdate is one update that a viewer has not acked. A CatchUp update has a part.
type sentUpdate struct {
	seq, part uint32
	bytes     int
	at        time.Time
}

// mayWish counts a message of which everybody or the guest is told: each costs as many as there
// are parties, so a viewer gets only so many.
func (v *viewer) mayWish(now time.Time) bool {
	gained := int(min(now.Sub(v.wishAt)/wishEvery, wishBurst))
	if gained > 0 {
		v.wishes, v.wishAt = min(v.wishes+gained, wishBurst), now
	}
	if v.wishes == 0 {
		return false
	}
	v.wishes--
	return true
}

// restartLocked forgets what a viewer holds: its queue goes, and with a grant it needs a
// keyframe. Called at a new epoch, a new socket, a new or ended grant.
func (f *feed) restartLocked(v *viewer) {
	f.forgetPictureLocked(v)
	f.askKeyLocked(v.stream, time.Now())
}

// forgetPictureLocked is restartLocked without asking for the keyframe.
func (f *feed) forgetPictureLocked(v *viewer) {
	v.sent, v.unacked, v.keySent = v.sent[:0], 0, false
	v.backoff, v.keyFrom, v.lagged = 0, time.Time{}, time.Time{}
	v.badUntil, v.hidden = time.Time{}, false
	v.acked = time.Now()
	if v.lastAck != nil {
		v.lastAck.release()
		v.lastAck, v.ackNews = nil, false
	}
	if v.member == nil {
		v.pic = noGrant
		return
	}
	v.member.out.dropPicture(dropRevoked)
	if !v.view {
		v.pic = noGrant
		v.member.out.dropChunks(dropRevoked)
		return
	}
	v.pic = needKey
	for _, m := range []struct {
		msg *message
		k   wire.Kind
		sub uint8
	}{{f.cursor, wire.KindCursor, subCursor}, {f.pointer, wire.KindPointer, subPointer}} {
		if m.msg != nil {
			f.putLocked(v.member, m.msg, m.k, m.sub)
		}
	}
}

// readyForKey says whether a keyframe for v may be asked for: its backoff is over and all
// that was on its way has arrived, so that it fits and is not wasted on a frozen page.
func (v *viewer) readyForKey(now time.Time) bool { return len(v.sent) == 0 && !now.Before(v.keyFrom) }

// updateLocked hands an update of a stream to its viewers that can use it.
func (f *feed) updateLocked(st *stream, h wire.Header, msg *message) {
	now := time.Now()
	key, extra := h.Flags&wire.FlagKey != 0, h.Flags&wire.FlagCatchUp != 0
	part := uint32(0)
	if key {
		st.awaitKey = false
	}
	if extra {
		st.part++
		part = st.part
	} else {
		st.seq = h.Seq
	}
	for _, v := range f.viewers {
		if v.stream != st || v.member == nil {
			continue
		}
		switch {
		case key && extra:
			if v.pic != needKey || !v.readyForKey(now) {
				continue
			}
			v.pic, v.keySent = catchUp, true
		case extra:
			if v.pic != catchUp {
				continue
			}
		case key: // a resize: everything queued is of a picture that is gone
			if v.pic == noGrant {
				continue
			}
			v.member.out.dropUpdates(dropResize)
			v.sent, v.unacked, v.keySent = v.sent[:0], 0, true
			v.pic = live
		case v.pic != catchUp && v.pic != live:
			continue
		}
		if f.checkLagLocked(v, true, now) {
			continue
		}
		v.sent = append(v.sent, sentUpdate{h.Seq, part, len(msg.b), now})
		v.unacked += len(msg.b)
		f.putLocked(v.member, msg, wire.KindUpdate, 0)
	}
	if h.Flags&wire.FlagDone != 0 {
		for _, v := range f.viewers {
			if v.stream == st && v.pic == catchUp {
				v.pic = live
			}
		}
	}
	f.leadLocked(st, now)
}

// checkLagLocked finds out whether v has too much before it, or is to take one more and has too
// much for that, and if so drops its queue.
func (f *feed) checkLagLocked(v *viewer, more bool, now time.Time) bool {
	if len(v.sent) == 0 {
		if v.backoff > 0 && v.pic == live && now.Sub(v.lagged) > calmTime {
			v.backoff = 0
		}
		return false
	}
	age, limit, most := now.Sub(v.sent[0].at), lagAge+v.rtt(), MaxUnacked
	if v.keySent || v.pic == catchUp { // CatchUp messages are paced by its own acks
		limit = keyAge
	}
	// The newest does not count: its size is not the viewer's doing, and one frame of a film may
	// be larger than most. It would lag whenever its ack comes a little later than the lead's.
	older := v.unacked - v.sent[len(v.sent)-1].bytes
	if v.number == v.stream.lead { // the stream waits for it, whatever the size of the last update
		limit, most = age, leadUnacked
	}
	if (!more || older <= most) && (v.unacked <= lagBytes || age <= limit) {
		return false
	}
	f.lagLocked(v, now, dropLag)
	return true
}

// lagLocked takes a viewer out of the stream until its next keyframe. What the writer has
// taken stays in v.sent: only its acks show that the viewer is alive.
func (f *feed) lagLocked(v *viewer, now time.Time, why dropReason) {
	if v.member == nil || (v.pic != catchUp && v.pic != live) {
		return
	}
	v.pic, v.keySent = needKey, false
	gone := v.sent[len(v.sent)-v.member.out.dropUpdates(why):]
	for _, s := range gone {
		v.unacked -= s.bytes
	}
	v.sent = v.sent[:len(v.sent)-len(gone)]
	v.lagged = now
	v.backoff = min(max(2*v.backoff, time.Second), maxBackoff)
	v.keyFrom = now.Add(v.backoff)
	f.leadLocked(v.stream, now)
}

func (v *viewer) rtt() time.Duration {
	if v.member == nil {
		return 0
	}
	return v.member.conn.RTT()
}

// ackLocked takes a viewer's ack: it frees what the ack covers and goes to the presenter,
// at once if the viewer leads or catches up, else once a second.
func (f *feed) ackLocked(v *viewer, h wire.Header, body []byte, msg *message) {
	ack, err := wire.ParseAck(body)
	if err != nil {
		f.h.drop(dropMalformed)
		return
	}
	if h.Seq > v.stream.seq || ack.Part > v.stream.part {
		f.h.drop(dropForgedAck)
		return
	}
	if !v.view {
		f.h.drop(dropNoControl)
		return
	}
	n := 0
	for n < len(v.sent) {
		s := v.sent[n]
		if s.part > 0 && s.part > ack.Part || s.part == 0 && s.seq > h.Seq {
			break
		}
		n++
	}
	// The newest of sent still wait for the writer: who acks these makes the queue grow unseen.
	if n > len(v.sent)-v.member.out.updates() {
		f.h.drop(dropForgedAck)
		return
	}
	now := time.Now()
	v.acked, v.hidden = now, ack.Hidden
	if n > 0 {
		for _, s := range v.sent[:n] {
			v.unacked -= s.bytes
		}
		v.sent = append(v.sent[:0], v.sent[n:]...)
		v.keySent = false
	}
	if v.lastAck != nil {
		v.lastAck.release()
	}
	v.lastAck, v.ackNews = msg.retain(), true
	msg.b[1] = 0
	if v.pic == catchUp {
		msg.b[1] = wire.FlagCatchUp
	}
	f.forwardAckLocked(v, now, v.number == v.stream.lead || v.pic == catchUp)
	f.askKeyLocked(v.stream, now)
	f.leadLocked(v.stream, now)
}

func (f *feed) forwardAckLocked(v *viewer, now time.Time, atOnce bool) {
	if v.lastAck == nil || !v.ackNews || f.presenter == nil || (!atOnce && now.Sub(v.ackPassed) < quietAcks) {
		return
	}
	v.ackNews, v.ackPassed = false, now
	f.putLocked(f.presenter, v.lastAck, wire.KindAck, subAck)
}
