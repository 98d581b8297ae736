package relay

import "pindesk/internal/wire"

// How much goes to a connection at once. What is on its way cannot be dropped any more when
// the viewer lags, so only small messages share a write; a larger one goes alone.
const (
	batchMost  = 16
	batchBytes = 16 << 10
)

// flushRounds bounds what one party's reader writes for another.
const flushRounds = 4

// flush writes what is queued. Only for who has claimed the queue, and without locks.
//
// A queue has no goroutine of its own: whoever puts the first message into it writes it, too,
// as far as that goes without waiting. Only what a connection does not take at once gets a
// goroutine, until the queue is empty. So a message for somebody who keeps up costs no change
// of goroutines (measured: a third of all the relay's time), and who is idle has one
// goroutine, its reader.
func (q *queue) flush() {
	more := false
	for n := 0; !more && n < flushRounds; n++ {
		if !q.take() {
			return
		}
		more = q.write()
	}
	go q.drain(more)
}

// drain is flush for who may wait. It ends when the queue is empty or its connection fails.
func (q *queue) drain(more bool) {
	for {
		if more {
			q.written(q.conn.Flush())
		}
		if !q.take() {
			return
		}
		more = q.write()
	}
}

// take moves the oldest items into flight. If there are none it gives the claim back and
// returns false.
func (q *queue) take() bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	bytes := 0
	for q.head < len(q.items) && len(q.flight) < batchMost {
		it := &q.items[q.head]
		if bytes += len(it.msg.b); bytes > batchBytes && len(q.flight) > 0 {
			break
		}
		q.flight, q.parts = append(q.flight, it.msg), append(q.parts, it.msg.b)
		q.bytes -= len(it.msg.b)
		if it.kind == wire.KindUpdate {
			q.news--
		}
		*it = item{}
		q.head++
	}
	if q.head == len(q.items) {
		q.items, q.head = q.items[:0], 0
	}
	if len(q.flight) == 0 {
		if m := q.nextChunkLocked(); m != nil { // one, so that what comes meanwhile waits for no more
			q.flight, q.parts = append(q.flight, m), append(q.parts, m.b)
		}
	}
	if len(q.flight) > 0 {
		return true
	}
	if q.last != nil && !q.closed {
		q.closed = true
		go q.last() // it closes the connection, which may wait a little
	}
	q.busy = false
	if q.gone != nil {
		close(q.gone)
		q.gone = nil
	}
	return false
}

// write gives what is in flight to the connection. If it returns true, some of it is left for
// the connection's Flush.
func (q *queue) write() (more bool) {
	more, err := q.conn.Write(q.parts)
	if more && err == nil {
		return true
	}
	q.written(err)
	return false
}

// written forgets what was in flight. An error ends the connection.
func (q *queue) written(err error) {
	for i, m := range q.flight {
		q.h.bytesOut.Add(uint64(len(m.b)))
		m.release()
		q.flight[i], q.parts[i] = nil, nil
	}
	q.flight, q.parts = q.flight[:0], q.parts[:0]
	if err != nil {
		q.close()
		q.conn.Close(wire.CloseSlow, "nothing could be written")
	}
}

// wait returns when nobody writes to the connection of a closed queue any more.
func (q *queue) wait() {
	q.mu.Lock()
	if !q.busy {
		q.mu.Unlock()
		return
	}
	gone := make(chan struct{})
	q.gone = gone
	q.mu.Unlock()
	<-gone
}
