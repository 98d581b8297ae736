package relay

import (
	"bytes"
	"slices"
	"sync"

	"pindesk/internal/wire"
)

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
	subClip
	subAck     // of one viewer: told apart by the message's viewer field
	subPoint   // likewise
	subFileAck // of one transfer: told apart by viewer and seq
)

// maxQueued bounds what is not an update (those are bounded by the lag rule). Only a party
// that reads nothing for seconds gets there, and its write deadline ends it soon.
const maxQueued = 1 << 20

// queue is what waits for one connection. It has a lock of its own, taken after feed.mu,
// because who writes must not wait for a busy feed. See flush for who that is.
type queue struct {
	h    *Hub
	conn Conn

	mu     sync.Mutex
	items  []item        // guarded by mu; items[:head] are gone
	chunks []*message    // of files: go when there are no items; guarded by mu
	spare  int           // bytes of chunks; guarded by mu
	head   int           // guarded by mu
	bytes  int           // queued; guarded by mu
	news   int           // updates among items; guarded by mu
	closed bool          // nothing is written any more; guarded by mu
	last   func()        // called once all is written; guarded by mu
	busy   bool          // claimed by one goroutine, see claim; guarded by mu
	gone   chan struct{} // closed when a closed queue is not busy any more; guarded by mu

	// Of who has claimed the queue:
	flight []*message // on their way
	parts  [][]byte   // their bytes
	next   *queue     // in a feed's list of queues to flush
}

func newQueue(h *Hub, c Conn) *queue { return &queue{h: h, conn: c} }

// put queues a message and takes a reference of its own. When it returns true, the caller has
// claimed the queue and must flush it once it holds no lock.
func (q *queue) put(m *message, kind wire.Kind, sub uint8) (claimed bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.closed || q.last != nil {
		return false
	}
	if kind == wire.KindChunk {
		return q.putChunkLocked(m)
	}
	if sub != 0 && q.supersedeLocked(m, sub) {
		return false
	}
	if kind != wire.KindUpdate && q.bytes > maxQueued {
		q.h.drop(dropFull)
		return false
	}
	if len(q.items) == cap(q.items) && q.head > len(q.items)/2 { // else a queue that is never empty grows for ever
		q.items, q.head = slices.Delete(q.items, 0, q.head), 0
	}
	q.items = append(q.items, item{m.retain(), kind, sub})
	q.bytes += len(m.b)
	switch kind {
	case wire.KindUpdate:
		q.news++
	case wire.KindCursor, wire.KindPointer:
		q.overtakeLocked()
	}
	return q.claimLocked()
}

// putChunkLocked is put for a chunk of a file. What does not fit is lost: its sender notices.
func (q *queue) putChunkLocked(m *message) (claimed bool) {
	if q.spare+len(m.b) > maxChunks {
		q.h.drop(dropChunk)
		return false
	}
	q.chunks = append(q.chunks, m.retain())
	q.spare += len(m.b)
	return q.claimLocked()
}

// nextChunkLocked takes the oldest chunk; nil if there is none.
func (q *queue) nextChunkLocked() *message {
	if len(q.chunks) == 0 {
		return nil
	}
	m := q.chunks[0]
	q.chunks[0] = nil
	q.chunks = q.chunks[1:]
	q.spare -= len(m.b)
	if len(q.chunks) == 0 {
		q.chunks = nil // who gets no file holds no memory for it
	}
	return m
}

// dropChunks removes all parts of files that are not on their way yet.
func (q *queue) dropChunks(why dropReason) {
	q.mu.Lock()
	defer q.mu.Unlock()
	for _, m := range q.chunks {
		m.release()
		q.h.drop(why)
	}
	q.chunks, q.spare = nil, 0
}

// overtakeLocked brings the newest item before the updates that wait just before it: the cursor
// never waits behind pixels.
func (q *queue) overtakeLocked() {
	i := len(q.items) - 1
	for ; i > q.head && q.items[i-1].kind == wire.KindUpdate; i-- {
		q.items[i], q.items[i-1] = q.items[i-1], q.items[i]
	}
}

// claimLocked makes the caller the one who writes, unless there is one already.
func (q *queue) claimLocked() bool {
	if q.busy {
		return false
	}
	q.busy = true
	return true
}

// supersedeLocked puts m in the place of an older one of its sub, if one still waits. The
// place stays: what was queued behind the older one may rest on it.
func (q *queue) supersedeLocked(m *message, sub uint8) bool {
	for i := q.head; i < len(q.items); i++ {
		it := &q.items[i]
		if it.sub == sub && (sub != subAck && sub != subPoint || sameViewer(it.msg.b, m.b)) && (sub != subFileAck || bytes.Equal(it.msg.b[6:12], m.b[6:12])) {
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

// dropClips removes what was copied and is not on its way yet.
func (q *queue) dropClips(why dropReason) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.removeLocked(func(it item) bool { return it.kind == wire.KindClip }, why)
}

// updates is how many updates are not on their way yet.
func (q *queue) updates() int {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.news
}

// finish has what is queued written and then last called once; nothing can be queued any
// more. Like put it may claim the queue for the caller.
func (q *queue) finish(last func()) (claimed bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.closed || q.last != nil {
		return false
	}
	q.last = last
	return q.claimLocked()
}

// close drops what is queued: nothing more is begun to be written.
func (q *queue) close() {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.closed = true
	for m := q.nextChunkLocked(); m != nil; m = q.nextChunkLocked() {
		m.release()
	}
	for _, it := range q.items[q.head:] {
		it.msg.release()
	}
	q.items, q.head, q.bytes, q.news = nil, 0, 0, 0
}
