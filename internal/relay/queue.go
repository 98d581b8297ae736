package relay

import (
	"slices"
	"sync"
	"sync/atomic"

	"pindesk/internal/wire"
)

// message is one received message in pooled memory. Every queue that holds it has a
// reference; the last release gives the memory back.
type message struct {
	b    []byte
	refs atomic.Int32
}

// maxPooled is the largest buffer that goes back to the pool: a rare huge update must
// not stay in memory for good.
const maxPooled = 512 << 10

var messages = sync.Pool{New: func() any { return &message{b: make([]byte, 0, 4096)} }}

func newMessage() *message {
	m := messages.Get().(*message)
	m.refs.Store(1)
	return m
}

func ownMessage(b []byte) *message {
	m := newMessage()
	m.b = append(m.b[:0], b...)
	return m
}

func (m *message) retain() *message { m.refs.Add(1); return m }
func (m *message) shared() bool     { return m.refs.Load() > 1 }

func (m *message) release() {
	if m.refs.Add(-1) == 0 && cap(m.b) <= maxPooled {
		m.b = m.b[:0]
		messages.Put(m)
	}
}

// item is one queued message. Updates carry their number so that acks find them.
type item struct {
	msg  *message
	kind wire.Kind
	sub  uint8 // what supersedes what: see supersede
}

// Items of the same sub (not 0) supersede each other: only the newest matters. It takes the
// place of the older one.
const (
	subState uint8 = 1 + iota
	subCursor
	subPointer
	subAck // of one viewer: told apart by the message's viewer field
)

// maxQueued bounds what is not an update (those are bounded by the lag rule). Only a party
// that reads nothing for seconds gets there, and its write deadline ends it soon.
const maxQueued = 1 << 20

// queue is what waits for one connection's writer. It has a lock of its own, taken after
// feed.mu, because the writer must not wait for a busy feed.
type queue struct {
	h *Hub

	mu     sync.Mutex
	items  []item        // guarded by mu; items[:head] are gone
	head   int           // guarded by mu
	bytes  int           // queued; guarded by mu
	news   int           // updates among items; guarded by mu
	closed bool          // nothing is written any more; guarded by mu
	last   func()        // called once all is written; guarded by mu
	wake   chan struct{} // capacity 1
}

func newQueue(h *Hub) *queue { return &queue{h: h, wake: make(chan struct{}, 1)} }

// put queues a message and takes a reference of its own.
func (q *queue) put(m *message, kind wire.Kind, sub uint8) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.closed || q.last != nil {
		return
	}
	if sub != 0 && q.supersedeLocked(m, sub) {
		return
	}
	if kind != wire.KindUpdate && q.bytes > maxQueued {
		q.h.drop(dropFull)
		return
	}
	if len(q.items) == cap(q.items) && q.head > len(q.items)/2 { // else a queue that is never empty grows for ever
		q.items, q.head = slices.Delete(q.items, 0, q.head), 0
	}
	q.items = append(q.items, item{m.retain(), kind, sub})
	q.bytes += len(m.b)
	if kind == wire.KindUpdate {
		q.news++
	}
	q.signal()
}

// supersedeLocked puts m in the place of an older one of its sub, if one still waits. The
// place stays: what was queued behind the older one may rest on it.
func (q *queue) supersedeLocked(m *message, sub uint8) bool {
	for i := q.head; i < len(q.items); i++ {
		it := &q.items[i]
		if it.sub == sub && (sub != subAck || sameViewer(it.msg.b, m.b)) {
			q.bytes += len(m.b) - len(it.msg.b)
			it.msg.release()
			it.msg = m.retain()
			q.h.drop(dropSuperseded)
			return true
		}
	}
	return false
}

func sameViewer(a, b []byte) bool { return a[6] == b[6] && a[7] == b[7] }

func (q *queue) signal() {
	select {
	case q.wake <- struct{}{}:
	default:
	}
}

func (q *queue) removeLocked(gone func(item) bool, why dropReason) (n int) {
	kept := q.items[:q.head]
	for _, it := range q.items[q.head:] {
		if !gone(it) {
			kept = append(kept, it)
			continue
		}
		n++
		q.bytes -= len(it.msg.b)
		if it.kind == wire.KindUpdate {
			q.news--
		}
		it.msg.release()
		q.h.drop(why)
	}
	clear(q.items[len(kept):])
	q.items = kept
	return n
}

// dropUpdates removes all updates that are not on their way yet and returns how many.
func (q *queue) dropUpdates(why dropReason) int {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.removeLocked(func(it item) bool { return it.kind == wire.KindUpdate }, why)
}

// dropPicture removes all that shows something of the screen and is not on its way yet.
func (q *queue) dropPicture(why dropReason) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.removeLocked(func(it item) bool {
		return it.kind == wire.KindUpdate || it.kind == wire.KindCursor || it.kind == wire.KindPointer
	}, why)
}

// updates is how many updates the writer has not taken yet.
func (q *queue) updates() int {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.news
}

// finish lets the writer write what is queued and then calls last once; nothing can be
// queued any more.
func (q *queue) finish(last func()) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if !q.closed && q.last == nil {
		q.last = last
		q.signal()
	}
}

// close drops what is queued and ends the writer.
func (q *queue) close() {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.closed = true
	for _, it := range q.items[q.head:] {
		it.msg.release()
	}
	q.items, q.head, q.bytes, q.news = nil, 0, 0, 0
	q.signal()
}

// next takes the oldest item. wait says that there is none yet, done that there will be none.
func (q *queue) next() (it item, wait, done bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.closed {
		return item{}, false, true
	}
	if q.head == len(q.items) {
		q.items, q.head = q.items[:0], 0
		if q.last != nil {
			q.closed = true
			go q.last() // it closes the connection, which may wait for this writer
			return item{}, false, true
		}
		return item{}, true, false
	}
	it = q.items[q.head]
	q.items[q.head] = item{}
	q.head++
	q.bytes -= len(it.msg.b)
	if it.kind == wire.KindUpdate {
		q.news--
	}
	return it, false, false
}

// run is the writer. It ends when the queue is closed or the connection fails.
func (q *queue) run(c Conn, sent *atomic.Uint64) {
	for {
		it, wait, done := q.next()
		switch {
		case done:
			return
		case wait:
			<-q.wake
			continue
		}
		err := c.Write(it.msg.b)
		sent.Add(uint64(len(it.msg.b)))
		it.msg.release()
		if err != nil {
			q.close()
			c.Close(wire.CloseSlow, "nothing could be written")
			return
		}
	}
}
