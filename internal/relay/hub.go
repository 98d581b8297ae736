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

// Conn is one party's connection. Wait and Read are called by one goroutine, in turn; Write
// and Flush by one at a time; Close by any, and it makes all the others return.
type Conn interface {
	// Wait returns when a message begins to arrive. It fails when the peer is silent for too
	// long. It is apart from Read so that who waits holds no memory.
	Wait() error
	// Read returns the message that Wait has announced: in b's memory if it fits, else in what
	// grow gives for it, which begins with the same bytes. It fails for messages of more than the
	// connection's limit.
	Read(b []byte, grow func([]byte) []byte) ([]byte, error)
	// Write sends messages as far as that goes without waiting. If more is true, some of their
	// bytes are left: msgs stay as they are until Flush, which comes next, has returned.
	Write(msgs [][]byte) (more bool, err error)
	// Flush sends what is left before its deadline, or fails.
	Flush() error
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
	// Organisation made the session by an API key; "" if it was made without.
	Organisation string
	Resumed      bool   // the same party as before
	Resume       string // the new resume secret, handed over in welcome
	Handover     string // of a presenter, likewise: see wire.Control
	Epoch        uint16 // of this attach, for a presenter; never 0
	// Order grows with each ticket that this node has taken: of two sockets of one viewer the
	// later one has the resume secret that counts, in whatever order they get here.
	Order uint64
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
	quit     chan struct{}        // ends clock; nil without feeds; guarded by mu
	ended    map[string]time.Time // sessions that ended lately; guarded by mu
}

// New makes a Hub. It owns a goroutine only while there are feeds.
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
// or the hub ends it. It closes c and returns when nobody writes to it any more.
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
	err = h.read(f, m, c)
	f.detach(m)
	m.out.close()
	code, reason := closeOf(err)
	c.Close(code, reason)
	m.out.wait()
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
	last := 0 // size of the last message: the next one's is often alike
	for {
		if err := c.Wait(); err != nil {
			return err
		}
		msg := newMessage(last)
		b, err := c.Read(msg.b[:0], grow)
		if err != nil {
			return err // what Read has left of the memory is not known
		}
		msg.b, last = b, len(b)
		h.bytesIn.Add(uint64(len(b)))
		head, body, err := wire.ParseHeader(b)
		if err != nil {
			msg.release()
			return ErrProtocol
		}
		if limit := wire.MaxBody(head.Kind); limit < 0 || len(body) > limit {
			h.drop(dropUnknown)
		} else if m.viewer == nil {
			f.fromPresenter(m, head, body, msg)
		} else {
			f.fromViewer(m, head, body, msg)
		}
		msg.release()
	}
}

// attach finds or makes the session's feed and enters the party in it.
func (h *Hub) attach(p Party, c Conn) (*feed, *member, error) {
	f, err := h.feed(p.Session)
	if err != nil {
		return nil, nil, err
	}
	defer f.unlock()
	m, err := f.attachLocked(p, c)
	return f, m, err
}

// feed finds or makes a session's feed and locks it, so that it is not forgotten meanwhile.
func (h *Hub) feed(session string) (*feed, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.draining {
		return nil, ErrDraining
	}
	if _, ended := h.ended[session]; ended {
		return nil, ErrEnded
	}
	f := h.feeds[session]
	if f == nil {
		f = newFeed(h, session)
		h.feeds[session] = f
	}
	if h.quit == nil {
		h.quit = make(chan struct{})
		go h.clock(h.quit)
	}
	f.mu.Lock()
	return f, nil
}

// clock ticks for all feeds, until quit is closed. A goroutine and a timer for each feed would
// make thousands of idle sessions cost a good part of a core.
func (h *Hub) clock(quit <-chan struct{}) {
	t := time.NewTicker(tickTime)
	defer t.Stop()
	var feeds []*feed
	for {
		select {
		case <-t.C:
		case <-quit:
			return
		}
		h.mu.Lock()
		for _, f := range h.feeds {
			feeds = append(feeds, f)
		}
		h.mu.Unlock()
		now := time.Now()
		for _, f := range feeds {
			if f.tick(now) {
				h.forget(f)
			}
		}
		clear(feeds) // what is forgotten meanwhile must not be held until the next tick
		feeds = feeds[:0]
	}
}

// forget removes a feed that has nobody and nothing left.
func (h *Hub) forget(f *feed) {
	h.mu.Lock()
	defer h.mu.Unlock()
	f.mu.Lock()
	defer f.unlock()
	if f.emptyLocked(h.draining) && h.feeds[f.session] == f {
		delete(h.feeds, f.session)
	}
	if len(h.feeds) == 0 && h.quit != nil {
		close(h.quit)
		h.quit = nil
	}
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
		h.forget(f) // one that only keeps grants
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
	dropUnknown     dropReason = iota // kind that does not exist, or too long for its kind
	dropDirection                     // kind that this role may not send
	dropMalformed                     // body that does not parse
	dropEpoch                         // of another presenter attach
	dropNoControl                     // input of a viewer without control
	dropHeld                          // input of a viewer whose person has not continued
	dropQuestion                      // input while the guest is being asked
	dropAbsent                        // for a presenter that is not there
	dropForgedAck                     // ack of what was never sent
	dropBlocked                       // wish of a viewer that was refused too often
	dropFlood                         // wish of a viewer that has uttered too many
	dropBadGrant                      // grant for a viewer that cannot exist
	dropNoClipboard                   // clipboard that the presenter does not share, or not this way
	dropBadHand                       // control handed to who cannot take it, or twice
	dropNoOffer                       // wish for what the presenter does not offer, or twice
	dropStream                        // of a stream that is not listed, or not its viewer's
	dropLag                           // queued updates of a viewer that cannot keep up
	dropRevoked                       // queued updates of a viewer whose grant ended
	dropResize                        // queued updates overtaken by a resize
	dropSuperseded                    // state, cursor, pointer or ack overtaken by a newer one
	dropFull                          // for a party that has read nothing for long
	dropNoView                        // of files, for or from a viewer that may not see the screen
	dropForgedFile                    // of a file: what its sender may not say or send now
	dropChunk                         // part of a file that found the queue's share full
	dropReasons
)

func (r dropReason) String() string {
	return [...]string{"unknown", "direction", "malformed", "epoch", "no_control", "held", "question", "absent",
		"forged_ack", "blocked", "flood", "bad_grant", "no_clipboard", "bad_hand", "no_offer", "stream", "lag", "revoked", "resize", "superseded", "full", "no_view", "forged_file", "chunk"}[r]
}
