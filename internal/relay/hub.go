package relay

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"pindesk/internal/wire"
)

// Conn is one party's connection. Read is called by one goroutine, Write by another, and
// Close by any; Close makes both return.
type Conn interface {
	// Read returns the next message, in b's memory where it fits. It fails for messages of
	// more than the connection's limit and when the peer is silent for too long.
	Read(b []byte) ([]byte, error)
	// Write sends one message before its deadline, or fails. It does not keep msg.
	Write(msg []byte) error
	// RTT is the newest measured round trip, 0 when there is none yet.
	RTT() time.Duration
	// Close ends the connection with a code of package wire, without waiting for the peer.
	Close(code int, reason string)
}

// Party is who is at a connection, as its ticket said.
type Party struct {
	Session string // key of the feed
	ID      string // reported by Parties
	Viewer  uint16 // 0 for the presenter
	Name    string // self-declared, cleaned
	Resumed bool   // the same party as before
	Resume  string // the new resume secret, handed over in welcome
	Epoch   uint16 // of this attach, for a presenter; never 0
	// Replaced says of a presenter that the session has had another one before.
	Replaced bool
}

// Config of a Hub. Zero values mean the defaults.
type Config struct {
	Log        *slog.Logger
	MaxViewers int  // at one session at a time, default 32
	Chat       Chat // nil: nobody can say anything
	// Observe is told what happens between guests and viewers. It is called with a feed's lock
	// held: it must not wait for anything, nor call the Hub. nil: nobody wants to know.
	Observe func(Event)
}

// Hub is all feeds of a node.
type Hub struct {
	log        *slog.Logger
	maxViewers int
	chat       Chat
	observe    func(Event)
	chatting   sync.WaitGroup // feeds' chat workers
	drops      [dropReasons]atomic.Uint64
	bytesIn    atomic.Uint64
	bytesOut   atomic.Uint64

	mu       sync.Mutex
	feeds    map[string]*feed     // guarded by mu
	draining bool                 // guarded by mu
	ended    map[string]time.Time // sessions that ended lately; guarded by mu
}

// New makes a Hub. It owns no goroutine until Serve is called.
func New(c Config) *Hub {
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	if c.MaxViewers == 0 {
		c.MaxViewers = 32
	}
	return &Hub{log: c.Log, maxViewers: c.MaxViewers, chat: c.Chat, observe: c.Observe, feeds: map[string]*feed{}, ended: map[string]time.Time{}}
}

// endedMemory is how long a hub refuses parties of a session that End was called for: such a
// party spent its ticket just before.
const endedMemory = time.Minute

// Errors of Serve that are not the connection's own.
var (
	ErrDraining = errors.New("relay: the node is going down")
	ErrFull     = errors.New("relay: too many viewers")
	ErrEnded    = errors.New("relay: the session has ended")
	ErrProtocol = errors.New("relay: the party broke the protocol")
	errOlder    = errors.New("relay: a newer presenter is attached")
)

// Serve attaches a party and moves its messages until the connection ends, ctx is done,
// or the hub ends it. It closes c and returns after its writer has ended.
func (h *Hub) Serve(ctx context.Context, p Party, c Conn) error {
	f, m, err := h.attach(p, c)
	if err != nil {
		switch {
		case errors.Is(err, ErrDraining):
			c.Close(wire.CloseReconnect, "going down, join again")
		case errors.Is(err, errOlder):
			c.Close(wire.CloseReplaced, "a newer connection is here already")
		case errors.Is(err, ErrEnded):
			c.Close(wire.CloseEnded, "the session has ended")
		default:
			c.Close(wire.CloseFull, "too many viewers are here")
		}
		return err
	}
	stop := context.AfterFunc(ctx, func() { c.Close(wire.CloseReconnect, "going down, join again") })
	written := make(chan struct{})
	go func() {
		defer close(written)
		m.out.run(c, &h.bytesOut)
	}()
	err = h.read(f, m, c)
	f.detach(m)
	m.out.close()
	code, reason := closeOf(err)
	c.Close(code, reason)
	<-written
	stop()
	return err
}

func closeOf(err error) (int, string) {
	if errors.Is(err, ErrProtocol) {
		return wire.CloseProtocol, "protocol error"
	}
	return wire.CloseReconnect, "connection lost"
}

func (h *Hub) read(f *feed, m *member, c Conn) error {
	msg := newMessage()
	defer func() { msg.release() }()
	for {
		b, err := c.Read(msg.b[:0])
		if err != nil {
			return err
		}
		msg.b = b
		h.bytesIn.Add(uint64(len(b)))
		head, body, err := wire.ParseHeader(b)
		if err != nil {
			return ErrProtocol
		}
		if limit := wire.MaxBody(head.Kind); limit < 0 || len(body) > limit {
			h.drop(dropUnknown)
			continue
		}
		if m.viewer == nil {
			f.fromPresenter(m, head, body, msg)
		} else {
			f.fromViewer(m, head, body, msg)
		}
		if msg.shared() { // someone's queue holds it now
			msg.release()
			msg = newMessage()
		}
	}
}

// attach finds or makes the session's feed and enters the party in it.
func (h *Hub) attach(p Party, c Conn) (*feed, *member, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.draining {
		return nil, nil, ErrDraining
	}
	if _, ended := h.ended[p.Session]; ended {
		return nil, nil, ErrEnded
	}
	f := h.feeds[p.Session]
	if f == nil {
		f = newFeed(h, p.Session)
		h.feeds[p.Session] = f
		go f.run()
	}
	m, err := f.attach(p, c)
	return f, m, err
}

// forget removes a feed that has nobody and nothing left. It reports whether it did.
func (h *Hub) forget(f *feed) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	f.mu.Lock()
	defer f.mu.Unlock()
	if !f.emptyLocked(h.draining) {
		return false
	}
	if h.feeds[f.session] == f {
		delete(h.feeds, f.session)
	}
	return true
}

// End tells a session's parties that it has ended, and closes them for good.
func (h *Hub) End(session, reason string) {
	now := time.Now()
	h.mu.Lock()
	f := h.feeds[session]
	for s, at := range h.ended {
		if now.Sub(at) > endedMemory {
			delete(h.ended, s)
		}
	}
	h.ended[session] = now
	h.mu.Unlock()
	if f != nil {
		f.end(reason)
	}
}

// Drain refuses new parties and tells those that are here to reconnect elsewhere. Serve
// calls return soon after.
func (h *Hub) Drain() {
	h.mu.Lock()
	h.draining = true
	feeds := make([]*feed, 0, len(h.feeds))
	for _, f := range h.feeds {
		feeds = append(feeds, f)
	}
	h.mu.Unlock()
	for _, f := range feeds {
		f.closeAll(wire.CloseReconnect, "going down, join again")
	}
}

// Wait returns when all that was said has been stored or given up. Call it after all calls of
// Serve have returned.
func (h *Hub) Wait() { h.chatting.Wait() }

// Attached reports whether a party of a session has a connection here, be it a newer one than
// the one that has just ended.
func (h *Hub) Attached(session, party string) bool {
	h.mu.Lock()
	f := h.feeds[session]
	h.mu.Unlock()
	return f != nil && f.attached(party)
}

// Parties appends the ids of all attached parties to ids.
func (h *Hub) Parties(ids []string) []string {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, f := range h.feeds {
		ids = f.parties(ids)
	}
	return ids
}

// Stats is what a Hub has done and holds.
type Stats struct {
	Feeds    int
	BytesIn  uint64
	BytesOut uint64
	Drops    map[string]uint64 // by reason; reasons that never happened are absent
}

// Stats returns the present figures.
func (h *Hub) Stats() Stats {
	h.mu.Lock()
	s := Stats{Feeds: len(h.feeds), BytesIn: h.bytesIn.Load(), BytesOut: h.bytesOut.Load(), Drops: map[string]uint64{}}
	h.mu.Unlock()
	for i := range h.drops {
		if n := h.drops[i].Load(); n > 0 {
			s.Drops[dropReason(i).String()] = n
		}
	}
	return s
}

func (h *Hub) drop(r dropReason) { h.drops[r].Add(1) }

// dropReason names why a message was not passed on.
type dropReason int

const (
	dropUnknown    dropReason = iota // kind that does not exist, or too long for its kind
	dropDirection                    // kind that this role may not send
	dropMalformed                    // body that does not parse
	dropEpoch                        // of another presenter attach
	dropNoControl                    // input of a viewer without control
	dropHeld                         // input of a viewer whose person has not continued
	dropQuestion                     // input while the guest is being asked
	dropAbsent                       // for a presenter that is not there
	dropForgedAck                    // ack of what was never sent
	dropBlocked                      // wish of a viewer that was refused too often
	dropFlood                        // wish of a viewer that has uttered too many
	dropBadGrant                     // grant for a viewer that cannot exist
	dropLag                          // queued updates of a viewer that cannot keep up
	dropRevoked                      // queued updates of a viewer whose grant ended
	dropResize                       // queued updates overtaken by a resize
	dropSuperseded                   // state, cursor, pointer or ack overtaken by a newer one
	dropFull                         // for a party that has read nothing for long
	dropReasons
)

func (r dropReason) String() string {
	return [...]string{"unknown", "direction", "malformed", "epoch", "no_control", "held", "question", "absent",
		"forged_ack", "blocked", "flood", "bad_grant", "lag", "revoked", "resize", "superseded", "full"}[r]
}
