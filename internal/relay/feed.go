package relay

import (
	"slices"
	"sync"
	"time"

	"pindesk/internal/wire"
)

// Times and sizes of a feed. Sources: DESIGN of the stream (pacing, relay).
const (
	tellTime    = 10 * time.Second       // at least so often everybody hears the state: a page cannot see pings
	tickTime    = 250 * time.Millisecond // coalesces keyframe requests and looks for lag
	keyPatience = 3 * time.Second        // before a keyframe that did not come is asked for again
	graceTime   = 60 * time.Second       // a viewer's grants outlive its absence for this long

	// MaxUnacked is how many bytes may be queued for or on their way to one viewer, beside the
	// newest update, before one more is refused.
	MaxUnacked = 256 << 10
	// leadUnacked is the same for the lead: an honest presenter sends it a keyframe, one update
	// of any size and a little more, and then waits.
	leadUnacked = wire.MaxMessage + MaxUnacked

	lagBytes = 64 << 10
	lagAge   = 300 * time.Millisecond
	keyAge   = 10 * time.Second // a 128 kB keyframe at 100 kbit/s

	leadAge   = time.Second     // oldest unacked update of a lead, at least
	leadTrust = 2 * time.Second // of good acks before a viewer can lead again
	quietAcks = time.Second     // how often acks of others than the lead are passed on

	maxBackoff = 8 * time.Second
	calmTime   = 10 * time.Second // without lag, after which the backoff starts anew
	maxDenials = 3
	maxRecords = 128 // viewers remembered in one feed: all of them fit into one state

	wishBurst = 20 // of a viewer at once, and then
	wishEvery = 250 * time.Millisecond
)

// feed is the live fan-out of one session.
type feed struct {
	h       *Hub
	session string

	mu         sync.Mutex         // see unlock
	flush      *queue             // queues that this holder of mu has claimed; guarded by mu
	presenter  *member            // attached presenter or nil; guarded by mu, as all below
	name       string             // the last presenter's
	left       bool               // the last presenter said goodbye
	changed    bool               // the present presenter is another computer than before
	epoch      uint16             // of the last attach
	all        stream             // all monitors together
	monitors   []*stream          // each of them, as the presenter has listed them
	question   bool               // the guest is being asked
	clipboard  string             // what the presenter's is there for: a constant wire.Clipboard, or ""
	condition  wire.Condition     // what stands in the way at the presenter
	privileges wire.Privileges    // what rights the presenter's program has on its computer
	elevating  uint16             // whose wish for more of them was open when it attached, until it has said; 0: nobody's
	viewOnly   bool               // the presenter is a browser: nobody controls
	viewers    map[uint16]*viewer // by number, also away ones within graceTime
	cursor     *message           // newest shape and place, for later viewers
	pointer    *message
	told       time.Time // last state
	ended      bool

	jobs    []chatJob // that wait for Chat
	working bool      // one goroutine does the jobs
	says    allowance // of presenters
	offers  allowance // of files, of presenters
	knocks  allowance // of viewers without the view grant, together
}

// member is one connection. Static but for what its queue guards.
type member struct {
	party  Party
	conn   Conn
	out    *queue
	viewer *viewer // nil for the presenter
	reach  reach   // guarded by feed.mu
}

func newFeed(h *Hub, session string) *feed {
	return &feed{h: h, session: session, viewers: map[uint16]*viewer{}}
}

// unlock is the only way to unlock mu: after it, what was queued meanwhile is written.
func (f *feed) unlock() {
	q := f.flush
	f.flush = nil
	f.mu.Unlock()
	for q != nil {
		next := q.next
		q.next = nil
		q.flush()
		q = next
	}
}

// putLocked queues a message for a member.
func (f *feed) putLocked(to *member, msg *message, k wire.Kind, sub uint8) {
	if to.out.put(msg, k, sub) {
		f.flushLocked(to.out)
	}
}

// flushLocked has unlock flush a queue that was just claimed.
func (f *feed) flushLocked(q *queue) { q.next, f.flush = f.flush, q }

// tick does what time alone brings about. It reports whether the feed may be empty.
func (f *feed) tick(now time.Time) (empty bool) {
	f.mu.Lock()
	defer f.unlock()
	f.tickLocked(now)
	return f.emptyLocked(false)
}

// emptyLocked says whether nothing is left to keep; in the end grants need not be kept.
func (f *feed) emptyLocked(final bool) bool {
	if f.presenter != nil || f.working {
		return false
	}
	for _, v := range f.viewers {
		if v.member != nil {
			return false
		}
	}
	return final || f.ended || len(f.viewers) == 0
}

// attachLocked enters a party.
func (f *feed) attachLocked(p Party, c Conn) (*member, error) {
	m := &member{party: p, conn: c, out: newQueue(f.h, c)}
	if p.Viewer == 0 {
		if f.presenter != nil && int16(p.Epoch-f.epoch) < 0 {
			return nil, errOlder
		}
		f.attachPresenterLocked(m)
	} else if err := f.attachViewerLocked(m); err != nil {
		return nil, err
	}
	f.stateLocked()
	f.askLogLocked(m, 0)
	if m.viewer == nil {
		for _, v := range f.viewers { // wishes from before this presenter came
			if v.yielded { // it may be about to name the grant that it remembers
				v.yielded = false
				f.controlLocked(m, wire.Control{Type: wire.TypeYield}, v.number)
			}
			if v.asking != "" && v.member != nil {
				f.askPresenterLocked(v)
			}
		}
	}
	return m, nil
}

func (f *feed) welcomeLocked(m *member) {
	role := "viewer"
	if m.viewer == nil {
		role = "presenter"
	}
	f.controlLocked(m, wire.Control{Type: wire.TypeWelcome, Role: role, Viewer: m.party.Viewer, Epoch: f.epoch,
		Resume: m.party.Resume, Handover: m.party.Handover, Resumed: m.party.Resumed, Organisation: m.party.Organisation}, 0)
}

func (f *feed) attachPresenterLocked(m *member) {
	if old := f.presenter; old != nil {
		if m.party.Resumed { // or its own earlier socket, which nobody reads any more
			f.sayGoodbyeLocked(old, wire.CloseMoved, "the same person shares by another program now")
		} else {
			f.sayGoodbyeLocked(old, wire.CloseReplaced, "another presenter has taken over")
		}
	}
	// A presenter that is not the session's first and could not show the resume secret is
	// another computer, whatever this node remembers. It stays that for who has not gone on
	// with it, also when it resumes or the broker has restarted.
	changed := m.party.Replaced && !m.party.Resumed
	f.changed = m.party.Replaced
	f.presenter, f.name, f.epoch, f.left = m, m.party.Name, m.party.Epoch, false
	f.question, f.clipboard, f.viewOnly, f.condition = false, "", false, wire.ConditionFree
	f.successionLocked()
	if !m.party.Resumed {
		f.dropMonitorsLocked()
	}
	f.eachStreamLocked((*stream).begin)
	f.dropCursorLocked()
	f.welcomeLocked(m)
	for n, v := range f.viewers {
		if changed {
			view, control := v.view, v.control
			v.view, v.control, v.may, v.denials, v.blocked = false, false, false, 0, false
			f.observeChangeLocked(v, view, control)
			v.held, v.yielded = true, false
			v.asking, v.to, v.why = "", 0, ""
			v.files = nil
			if v.member == nil {
				delete(f.viewers, n)
				continue
			}
		}
		f.restartLocked(v)
	}
}

func (f *feed) attachViewerLocked(m *member) error {
	p := m.party
	v := f.viewers[p.Viewer]
	if v != nil && v.member != nil && p.Order < v.member.party.Order {
		return errOlder
	}
	if v == nil || v.member == nil {
		online := 0
		for _, o := range f.viewers {
			if o.member != nil {
				online++
			}
		}
		if online >= f.h.maxViewers || v == nil && len(f.viewers) >= maxRecords {
			return ErrFull
		}
	}
	if v == nil {
		// A viewer that was here before this node knew of it may have seen another computer.
		v = &viewer{number: p.Viewer, stream: &f.all, held: p.Resumed && f.changed}
		f.viewers[p.Viewer] = v
	}
	if v.member != nil {
		f.sayGoodbyeLocked(v.member, wire.CloseReplaced, "this viewer is open in another place")
	}
	v.member, v.name = m, p.Name
	v.attach++
	v.since = time.Now()
	m.viewer = v
	f.welcomeLocked(m)
	f.restartLocked(v)
	return nil
}

// sayGoodbyeLocked ends a member's connection after what is queued for it.
func (f *feed) sayGoodbyeLocked(m *member, code int, reason string) {
	if m.out.finish(func() { m.conn.Close(code, reason) }) {
		f.flushLocked(m.out)
	}
}

// detach is called once by each Serve.
func (f *feed) detach(m *member) {
	f.mu.Lock()
	switch {
	case m.viewer == nil && f.presenter == m:
		f.presenter, f.question = nil, false
		f.eachStreamLocked(func(st *stream) { st.lead = 0 })
		for _, v := range f.viewers {
			f.restartLocked(v)
		}
		f.stateLocked()
	case m.viewer != nil && m.viewer.member == m:
		v := m.viewer
		v.member, v.left = nil, time.Now()
		v.asking, v.to = "", 0
		f.restartLocked(v)
		if f.ended || !v.view && v.denials == 0 { // a new page does not make refusals undone
			delete(f.viewers, v.number)
		}
		f.leadLocked(v.stream, time.Now())
		f.stateLocked()
	}
	f.unlock()
	f.h.forget(f)
}

// tickLocked does what time alone brings about.
func (f *feed) tickLocked(now time.Time) {
	changed := false
	for n, v := range f.viewers {
		switch {
		case v.member == nil && now.Sub(v.left) > graceTime && !(v.blocked && f.presenter != nil):
			delete(f.viewers, n)
			changed = true
		case v.member != nil:
			f.checkLagLocked(v, false, now)
			f.forwardAckLocked(v, now, false)
		}
	}
	f.eachStreamLocked(func(st *stream) {
		f.leadLocked(st, now)
		f.askKeyLocked(st, now)
	})
	if changed || now.Sub(f.told) >= tellTime {
		f.stateLocked()
	}
}

// fromPresenter takes one message of a presenter's connection.
func (f *feed) fromPresenter(m *member, h wire.Header, body []byte, msg *message) {
	c, ok := f.controlOf(h, body)
	if !ok {
		return
	}
	f.mu.Lock()
	defer f.unlock()
	if f.presenter != m {
		f.h.drop(dropEpoch)
		return
	}
	if h.Epoch != f.epoch {
		f.h.drop(dropEpoch)
		return
	}
	switch h.Kind {
	case wire.KindUpdate:
		st := f.streamLocked(h.Stream)
		if st == nil {
			f.h.drop(dropStream)
			return
		}
		f.updateLocked(st, h, msg)
	case wire.KindCursor:
		f.keepLocked(&f.cursor, msg)
		f.spreadLocked(msg, h.Kind, subCursor)
	case wire.KindPointer:
		f.keepLocked(&f.pointer, msg)
		f.spreadLocked(msg, h.Kind, subPointer)
	case wire.KindClip:
		f.clipOutLocked(h, msg)
	case wire.KindControl:
		f.presenterControlLocked(c)
	case wire.KindChunk:
		f.chunkLocked(f.viewers[h.Viewer], false, h, body, msg)
	default:
		f.h.drop(dropDirection)
	}
}

func (f *feed) keepLocked(place **message, msg *message) {
	if *place != nil {
		(*place).release()
	}
	*place = msg.retain()
}

func (f *feed) dropCursorLocked() {
	for _, place := range []**message{&f.cursor, &f.pointer} {
		if *place != nil {
			(*place).release()
			*place = nil
		}
	}
}

// spreadLocked queues a message for every viewer that has the view grant.
func (f *feed) spreadLocked(msg *message, k wire.Kind, sub uint8) {
	for _, v := range f.viewers {
		if v.view && v.member != nil {
			f.putLocked(v.member, msg, k, sub)
		}
	}
}

// fromViewer takes one message of a viewer's connection.
func (f *feed) fromViewer(m *member, h wire.Header, body []byte, msg *message) {
	c, ok := f.controlOf(h, body)
	if !ok {
		return
	}
	f.mu.Lock()
	defer f.unlock()
	v := m.viewer
	if v.member != m {
		f.h.drop(dropAbsent)
		return
	}
	wire.StampViewer(msg.b, v.number) // never trusted from the viewer
	if h.Kind != wire.KindControl && h.Epoch != f.epoch {
		f.h.drop(dropEpoch)
		return
	}
	if (h.Kind == wire.KindAck || h.Kind == wire.KindResync) && h.Stream != v.stream.number() {
		f.h.drop(dropStream) // sent before it knew of its new stream
		return
	}
	switch h.Kind {
	case wire.KindAck:
		f.ackLocked(v, h, body, msg)
	case wire.KindInput:
		f.inputLocked(v, msg)
	case wire.KindClip:
		f.clipInLocked(v, msg)
	case wire.KindResync:
		f.lagLocked(v, time.Now(), dropLag)
		v.sent, v.unacked = v.sent[:0], 0 // it applies nothing of what is on its way
		f.askKeyLocked(v.stream, time.Now())
	case wire.KindControl:
		f.viewerControlLocked(v, c, msg)
	case wire.KindPoint:
		f.pointLocked(v, h, body, msg)
	case wire.KindChunk:
		f.chunkLocked(v, true, h, body, msg)
	default:
		f.h.drop(dropDirection)
	}
}

func (f *feed) inputLocked(v *viewer, msg *message) {
	if why, ok := f.mayInputLocked(v); !ok {
		f.h.drop(why)
		return
	}
	f.putLocked(f.presenter, msg, wire.KindInput, 0)
}

// mayInputLocked says whether what a viewer does to the computer counts now, and if not why.
func (f *feed) mayInputLocked(v *viewer) (why dropReason, ok bool) {
	switch {
	case !v.control:
		return dropNoControl, false
	case v.held:
		return dropHeld, false
	case f.question:
		return dropQuestion, false
	case f.presenter == nil:
		return dropAbsent, false
	}
	return 0, true
}

// end tells everybody that the session has ended.
func (f *feed) end(reason string) {
	f.mu.Lock()
	defer f.unlock()
	f.ended = true
	for _, m := range f.membersLocked() {
		f.controlLocked(m, wire.Control{Type: wire.TypeEnded, Reason: reason}, 0)
		f.sayGoodbyeLocked(m, wire.CloseEnded, reason)
	}
}

func (f *feed) closeAll(code int, reason string) {
	f.mu.Lock()
	defer f.unlock()
	for _, m := range f.membersLocked() {
		f.sayGoodbyeLocked(m, code, reason)
	}
}

func (f *feed) membersLocked() []*member {
	var all []*member
	if f.presenter != nil {
		all = append(all, f.presenter)
	}
	for _, v := range f.viewers {
		if v.member != nil {
			all = append(all, v.member)
		}
	}
	return all
}

func (f *feed) attached(party string) bool {
	f.mu.Lock()
	defer f.unlock()
	return slices.ContainsFunc(f.membersLocked(), func(m *member) bool { return m.party.ID == party })
}

func (f *feed) parties(ids []string) []string {
	f.mu.Lock()
	defer f.unlock()
	for _, m := range f.membersLocked() {
		ids = append(ids, m.party.ID)
	}
	return ids
}
