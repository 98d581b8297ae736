package relay

import (
	"context"
	"errors"
	"slices"
	"time"

	"pindesk/internal/wire"
)

// Chat keeps what is said in sessions. The relay calls it for one session from one goroutine
// at a time, never while it holds a lock, and gives it chatTimeout for a call.
type Chat interface {
	// Append stores a line and returns it with its ID and Time. What the same party has said
	// before by the same Client is not stored again, but returned as it was stored then.
	// ErrChatFull when the session may hold no more.
	Append(ctx context.Context, s Said) (wire.ChatLine, error)
	// Log returns the newest lines that q lets through, at most q.Limit, oldest first, and
	// whether there are older ones.
	Log(ctx context.Context, q ChatQuery) (lines []wire.ChatLine, more bool, err error)
}

// Said is a line to be stored.
type Said struct {
	Session string
	Party   string // id of the party that says it
	Viewer  uint16 // its number; 0: the presenter
	Name    string
	Waiting uint16 // see wire.ChatLine
	Client  string // valid
	Text    string // clean
}

// ChatQuery says which lines a party may read and wants.
type ChatQuery struct {
	Session string
	Party   string
	Viewer  uint16 // 0: the presenter
	All     bool   // else only lines that are waiting for this viewer
	Before  uint32 // ids below this; 0: no bound
	Limit   int
}

// ErrChatFull is returned by Chat.Append.
var ErrChatFull = errors.New("relay: the session's chat is full")

const (
	chatTimeout = 5 * time.Second // of one call of Chat
	maxChatJobs = 64              // of one session that wait for Chat

	sayBurst, sayEvery = 10, time.Second // of one party
	// Viewers without the view grant share one allowance a session: each new page with the PIN
	// is a new viewer, and would come with a new one.
	knockBurst, knockEvery = 30, 2 * time.Second
)

// allowance lets through so many at once, and then one every so often. Guarded by feed.mu.
type allowance struct {
	spent int
	since time.Time // when spent was last worked out
}

func (a *allowance) take(now time.Time, burst int, every time.Duration) bool {
	if gained := int(min(now.Sub(a.since)/every, time.Duration(burst))); gained > 0 {
		a.spent, a.since = max(0, a.spent-gained), now
	}
	if a.spent >= burst {
		return false
	}
	a.spent++
	return true
}

// reach is what a connection is sent of new lines: nothing before its log has been read, so
// that no line overtakes the log or falls between.
type reach uint8

const (
	reachNone reach = iota
	reachOwn        // lines waiting for this viewer
	reachAll
)

// chatJob is one call of Chat on behalf of a member.
type chatJob struct {
	m      *member
	said   *Said  // nil: its log
	before uint32 // of a log that was asked for; 0: the log after the attach or the grant
}

// sayLocked takes a line of a party. c.Text is clean.
func (f *feed) sayLocked(m *member, c wire.Control) {
	now := time.Now()
	s := &Said{Session: f.session, Party: m.party.ID, Viewer: m.party.Viewer, Name: m.party.Name, Client: c.Client, Text: c.Text}
	if c.Text == "" || !wire.ValidChatClient(c.Client) {
		f.unsaidLocked(m, c.Client, wire.UnsaidEmpty)
		return
	}
	says := &f.says
	if v := m.viewer; v != nil {
		says = &v.says
		if v.blocked {
			f.h.drop(dropBlocked)
			f.unsaidLocked(m, c.Client, wire.UnsaidBlocked)
			return
		}
		if !v.view {
			s.Waiting = v.number
		}
	} else if c.Viewer != 0 {
		to := f.viewers[c.Viewer]
		if to == nil || to.member == nil || to.blocked {
			f.unsaidLocked(m, c.Client, wire.UnsaidAbsent)
			return
		}
		if !to.view { // else it reads what all read
			s.Waiting = to.number
		}
	}
	knock := m.viewer != nil && s.Waiting != 0
	if !says.take(now, sayBurst, sayEvery) || knock && !f.knocks.take(now, knockBurst, knockEvery) || len(f.jobs) >= maxChatJobs {
		f.h.drop(dropFlood)
		f.unsaidLocked(m, c.Client, wire.UnsaidFlood)
		return
	}
	if f.h.chat == nil {
		f.unsaidLocked(m, c.Client, wire.UnsaidFailed)
		return
	}
	f.chatLocked(chatJob{m: m, said: s})
}

func (f *feed) unsaidLocked(m *member, client, why string) {
	if !wire.ValidChatClient(client) {
		client = ""
	}
	f.controlLocked(m, wire.Control{Type: wire.TypeUnsaid, Client: client, Reason: why}, 0)
}

// askLogLocked has the member's log read: of a new connection, of a viewer that was just
// granted the view, or, with before, what it asks for.
func (f *feed) askLogLocked(m *member, before uint32) {
	if f.h.chat == nil || m.viewer != nil && m.viewer.blocked {
		return
	}
	if before != 0 && len(f.jobs) >= maxChatJobs {
		f.h.drop(dropFlood)
		return
	}
	for _, j := range f.jobs { // one is enough, and bounds the queue
		if j.m == m && j.said == nil && j.before == before {
			return
		}
	}
	f.chatLocked(chatJob{m: m, before: before})
}

// chatLocked queues a job, and starts the worker unless it runs.
func (f *feed) chatLocked(j chatJob) {
	f.jobs = append(f.jobs, j)
	if !f.working {
		f.working = true
		f.h.chatting.Go(f.chatWork)
	}
}

// chatWork does the jobs in their order and ends when there are none.
func (f *feed) chatWork() {
	var last error
	for {
		f.mu.Lock()
		if len(f.jobs) == 0 {
			f.working = false
			f.unlock()
			f.h.forget(f)
			return
		}
		j := f.jobs[0]
		f.jobs = slices.Delete(f.jobs, 0, 1)
		f.unlock()
		// After a call that took all its time those that queued behind it fail at once: their
		// senders have waited long enough, and will say it again.
		if j.said != nil && errors.Is(last, context.DeadlineExceeded) {
			f.mu.Lock()
			f.unsaidLocked(j.m, j.said.Client, wire.UnsaidFailed)
			f.unlock()
			continue
		}
		if last = f.chatDo(j); last != nil && !errors.Is(last, ErrChatFull) {
			f.h.log.Error("chat", "session", f.session, "err", last)
		}
	}
}

func (f *feed) chatDo(j chatJob) error {
	ctx, cancel := context.WithTimeout(context.Background(), chatTimeout)
	defer cancel()
	if j.said == nil {
		return f.chatLog(ctx, j)
	}
	line, err := f.h.chat.Append(ctx, *j.said)
	f.mu.Lock()
	defer f.unlock()
	switch {
	case errors.Is(err, ErrChatFull):
		f.unsaidLocked(j.m, j.said.Client, wire.UnsaidFull)
	case err != nil:
		f.unsaidLocked(j.m, j.said.Client, wire.UnsaidFailed)
	default:
		m := ownMessage(wire.AppendControl(nil, f.epoch, 0, wire.Control{Type: wire.TypeChat, Lines: []wire.ChatLine{line}}))
		defer m.release()
		for _, to := range f.membersLocked() {
			if f.mayReadLocked(to, line) {
				f.putLocked(to, m, wire.KindControl, 0)
			}
		}
	}
	return err
}

// mayReadLocked says whether a new line goes to m.
func (f *feed) mayReadLocked(m *member, l wire.ChatLine) bool {
	v := m.viewer
	switch {
	case m.reach == reachNone || v != nil && v.blocked:
		return false
	case v == nil, v.view && m.reach == reachAll:
		return true
	}
	return l.Waiting == v.number
}

func (f *feed) chatLog(ctx context.Context, j chatJob) error {
	m, v := j.m, j.m.viewer
	f.mu.Lock()
	here := f.hereLocked(m)
	all := v == nil || v.view
	f.unlock()
	if !here {
		return nil
	}
	lines, more, err := f.h.chat.Log(ctx, ChatQuery{Session: f.session, Party: m.party.ID, Viewer: m.party.Viewer,
		All: all, Before: j.before, Limit: wire.ChatPage})
	f.mu.Lock()
	defer f.unlock()
	if !f.hereLocked(m) || v != nil && v.blocked {
		return err
	}
	if v != nil && !v.view { // also when its grant ended meanwhile
		lines = slices.DeleteFunc(lines, func(l wire.ChatLine) bool { return l.Waiting != v.number })
		more = more && !all
		all = false
	}
	if j.before == 0 { // new lines follow even if the old ones could not be read
		m.reach = reachOwn
		if all {
			m.reach = reachAll
		}
	}
	if err == nil && (len(lines) > 0 || j.before != 0) {
		f.linesLocked(m, lines, more)
	}
	return err
}

// hereLocked says whether m is still the connection of its party.
func (f *feed) hereLocked(m *member) bool {
	return m.viewer == nil && f.presenter == m || m.viewer != nil && m.viewer.member == m
}

// linesLocked sends lines, in as many messages as they need.
func (f *feed) linesLocked(to *member, lines []wire.ChatLine, more bool) {
	b := wire.AppendControl(nil, f.epoch, 0, wire.Control{Type: wire.TypeChat, Lines: lines, More: more})
	if n := len(lines) / 2; len(b) > wire.HeaderSize+wire.MaxControl && n > 0 {
		f.linesLocked(to, lines[:n], more)
		f.linesLocked(to, lines[n:], true) // the half before
		return
	}
	m := ownMessage(b)
	defer m.release()
	f.putLocked(to, m, wire.KindControl, 0)
}
