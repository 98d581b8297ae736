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

// Memory is pooled by size, in steps of a third to a half: an ack that is kept must not hold
// the memory of an update, nor a full queue of updates twice their bytes.
const (
	leastBits = 8  // 256 bytes: acks, input, most control messages
	mostBits  = 19 // 512 kB: a rare huge update must not stay in memory for good
	classes   = 2*(mostBits-leastBits) + 1
)

var messages [classes]sync.Pool

// classOf is the least class of memory for n bytes; those from classes on are not pooled.
func classOf(n int) int {
	k := max(bits.Len(uint(max(n, 1)-1)), leastBits)
	class := 2 * (k - leastBits)
	if class > 0 && n <= 3<<(k-2) {
		class--
	}
	return class
}

// sizeOf is the size of a class: powers of two and one and a half times these.
func sizeOf(class int) int { return (2 + class&1) << (class>>1 + leastBits - 1) }

// newMessage has room for n bytes at least, and one reference.
func newMessage(n int) *message {
	m := pooled(n)
	m.refs.Store(1)
	return m
}

func pooled(n int) *message {
	class := classOf(n)
	if class >= classes {
		return &message{b: make([]byte, 0, n)}
	}
	if m, ok := messages[class].Get().(*message); ok {
		return m
	}
	return &message{b: make([]byte, 0, sizeOf(class))}
}

// recycle gives memory of a pooled size back.
func (m *message) recycle() {
	if class := classOf(cap(m.b)); class < classes && cap(m.b) == sizeOf(class) {
		m.b = m.b[:0]
		messages[class].Put(m)
	}
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
