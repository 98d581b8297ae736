package relay

import (
	"math/bits"
	"sync"
	"sync/atomic"
)

// message is one received message in pooled memory. Every queue that holds it has a
// reference; the last release gives the memory back.
type message struct {
	b    []byte
	refs atomic.Int32
}

// Memory is pooled by size, each class twice the one before: an ack that is kept must not
// hold the memory of an update.
const (
	leastBits = 8  // 256 bytes: acks, input, most control messages
	mostBits  = 19 // 512 kB: a rare huge update must not stay in memory for good
)

var messages [mostBits - leastBits + 1]sync.Pool

// newMessage has room for n bytes at least, and one reference.
func newMessage(n int) *message {
	m := pooled(n)
	m.refs.Store(1)
	return m
}

func pooled(n int) *message {
	class := max(bits.Len(uint(max(n, 1)-1)), leastBits) - leastBits
	if class >= len(messages) {
		return &message{b: make([]byte, 0, n)}
	}
	if m, ok := messages[class].Get().(*message); ok {
		return m
	}
	return &message{b: make([]byte, 0, 1<<(class+leastBits))}
}

// recycle gives memory of a pooled size back.
func (m *message) recycle() {
	class := bits.Len(uint(cap(m.b))) - 1 - leastBits
	if class < 0 || class >= len(messages) {
		return
	}
	m.b = m.b[:0]
	messages[class].Put(m)
}

// grow returns pooled memory of four times b's size that begins with b's bytes. It takes b's
// memory back: nothing else may hold it.
func grow(b []byte) []byte {
	m := pooled(4 * cap(b))
	larger := append(m.b[:0], b...)
	m.b = b
	m.recycle()
	return larger
}

func ownMessage(b []byte) *message {
	m := newMessage(len(b))
	m.b = append(m.b[:0], b...)
	return m
}

func (m *message) retain() *message { m.refs.Add(1); return m }

func (m *message) release() {
	if m.refs.Add(-1) == 0 {
		m.recycle()
	}
}
