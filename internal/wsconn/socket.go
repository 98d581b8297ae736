package wsconn

import (
	"encoding/binary"
	"errors"
	"io"
	"net"
	"sync"
	"syscall"
	"time"
)

const (
	// aheadSize is how much is read at once: most updates in one call, with the next frame's
	// header. Measured at 20 kB a message: one call and a copy cost less than two calls.
	aheadSize = 32 << 10
	// maxControl bounds what waits of pings, pongs and close frames: a peer that reads nothing
	// gets no pongs.
	maxControl = 1 << 10
	// binaryFrame is FIN and the opcode, closeFrame the same of a close (RFC 6455, 5.2).
	binaryFrame, closeFrame = 0x82, 0x88
)

// chunk is memory to read into.
type chunk [aheadSize]byte

var chunks = sync.Pool{New: func() any { return new(chunk) }}

var errClosed = errors.New("wsconn: closed")

// socket is the network connection below gorilla's. Read borrows memory only while something
// is there to be read: who waits holds none. Write never waits: what the network does not take
// at once is left for flush, or goes with the next Write. Messages go out by send, past
// gorilla, which would copy the first part of each and always wait.
//
// gorilla's own calls of Write are control frames, and before these the answer to the
// handshake.
type socket struct {
	net.Conn
	raw syscall.RawConn // nil if the network connection hides its descriptor (TLS) or has none, and without rawCalls

	// Of the reader:
	ahead *chunk
	rest  []byte // of ahead, not read yet
	fill  func(fd uintptr) bool
	err   error // of fill

	wire chan struct{} // a token that who may wait in a write has taken; before mu

	mu      sync.Mutex
	out     net.Buffers // whole frames, the first one maybe begun; guarded by mu, as all below
	list    net.Buffers // memory of out, from its beginning
	heads   []byte      // memory of frame headers in out
	control int         // bytes of control frames in out
	waiting bool        // flush writes, or is about to
	broken  error       // why nothing more can be sent
	last    time.Time   // see hurry; zero until then
	push    func(fd uintptr) bool
	patient func(until time.Time) // see setPatient
}

func newSocket(nc net.Conn) *socket {
	s := &socket{Conn: nc, wire: make(chan struct{}, 1)}
	s.fill, s.push = s.fillFrom, s.pushTo
	if sc, ok := nc.(syscall.Conn); ok && rawCalls {
		s.raw, _ = sc.SyscallConn() // an error leaves nil
	}
	if s.raw != nil {
		_ = s.raw.Control(func(fd uintptr) { // without it only lag is noticed later
			setNotSent(fd)
		})
	}
	return s
}

// Read implements net.Conn.
func (s *socket) Read(p []byte) (int, error) {
	if len(s.rest) == 0 {
		if s.raw == nil || len(p) >= aheadSize { // TLS reads ahead by itself
			return s.Conn.Read(p)
		}
		if err := s.readAhead(); err != nil {
			return 0, err
		}
	}
	n := copy(p, s.rest)
	if s.rest = s.rest[n:]; len(s.rest) == 0 {
		s.giveBack()
	}
	return n, nil
}

func (s *socket) giveBack() {
	chunks.Put(s.ahead)
	s.ahead, s.rest = nil, nil
}

func (s *socket) readAhead() error {
	if err := s.raw.Read(s.fill); err != nil { // the deadline, or closed
		return err
	}
	return s.err
}

// fillFrom is called when something may be there; false means that nothing was.
func (s *socket) fillFrom(fd uintptr) bool {
	s.ahead = chunks.Get().(*chunk)
	n, err := readNow(fd, s.ahead[:])
	s.err = nil
	switch {
	case n > 0:
		s.rest = s.ahead[:n]
		return true
	case err == nil:
		s.err = io.EOF
	case !errors.Is(err, errNotNow):
		s.err = err
	}
	s.giveBack()
	return s.err != nil
}

// Write implements net.Conn, for gorilla's control frames.
func (s *socket) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case s.broken != nil:
		return 0, s.broken
	case len(s.out) > 0 && s.control > maxControl:
		return len(p), nil
	}
	s.appendLocked(append([]byte(nil), p...))
	s.control += len(p)
	if err := s.startLocked(); err != nil {
		return 0, err
	}
	last := p[0] == closeFrame
	if last {
		s.broken = errClosed // what is in out still goes
	}
	if len(s.out) > 0 && !s.waiting && (last || s.raw == nil) {
		s.waiting = true
		go func() { _ = s.flush() }() // an error stays in broken
	}
	return len(p), nil
}

// SetDeadline sets the reader's: see SetWriteDeadline.
func (s *socket) SetDeadline(t time.Time) error { return s.SetReadDeadline(t) }

// SetWriteDeadline does nothing: Write does not wait, and flush has a deadline of its own,
// which a ping's must not shorten.
func (s *socket) SetWriteDeadline(time.Time) error { return nil }

// send writes each of msgs as a frame, as far as that goes without waiting. If more is true,
// flush must come next, and msgs stay as they are until then.
func (s *socket) send(msgs [][]byte) (more bool, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.broken != nil {
		return false, s.broken
	}
	for _, msg := range msgs {
		from := len(s.heads)
		s.heads = appendFrameHead(s.heads, len(msg))
		s.appendLocked(s.heads[from:len(s.heads):len(s.heads)])
		s.appendLocked(msg)
	}
	if err := s.startLocked(); err != nil {
		return false, err
	}
	more = len(s.out) > 0
	s.waiting = s.waiting || more
	return more, nil
}

func (s *socket) appendLocked(p []byte) {
	if len(s.out) == 0 {
		s.out = s.list[:0]
	}
	room := cap(s.out)
	if s.out = append(s.out, p); cap(s.out) > room {
		s.list = s.out
	}
}

// appendFrameHead appends the head of a whole binary frame of n bytes from a server.
func appendFrameHead(b []byte, n int) []byte {
	switch {
	case n < 126:
		return append(b, binaryFrame, byte(n))
	case n < 1<<16:
		return binary.BigEndian.AppendUint16(append(b, binaryFrame, 126), uint16(n))
	}
	return binary.BigEndian.AppendUint64(append(b, binaryFrame, 127), uint64(n))
}

// startLocked writes what goes without waiting.
func (s *socket) startLocked() error {
	if s.raw == nil || s.waiting {
		return nil
	}
	if err := s.raw.Write(s.push); err != nil && s.broken == nil {
		s.breakLocked(err)
	}
	return s.broken
}

// pushTo writes of out what the network takes at once.
func (s *socket) pushTo(fd uintptr) bool {
	n, err := writeNow(fd, s.out)
	switch {
	case err == nil:
		s.skipLocked(n)
	case !errors.Is(err, errNotNow):
		s.breakLocked(err)
	}
	return true
}

// breakLocked ends all sending; the memory of messages is not used any more.
func (s *socket) breakLocked(err error) {
	s.broken, s.out, s.list = err, nil, nil
}

// skipLocked forgets the first n bytes of out.
func (s *socket) skipLocked(n int) {
	for n > 0 {
		if n < len(s.out[0]) {
			s.out[0] = s.out[0][n:]
			return
		}
		n -= len(s.out[0])
		s.out[0] = nil // a message's memory may go
		s.out = s.out[1:]
	}
	if len(s.out) == 0 {
		s.heads, s.control = s.heads[:0], 0
	}
}

// flush writes all that is left, also what comes meanwhile, or fails after writeTimeout and
// what a slow link needs more.
func (s *socket) flush() error {
	s.wire <- struct{}{}
	defer func() { <-s.wire }()
	for {
		s.mu.Lock()
		out, patient := s.out, s.patient
		if len(out) == 0 {
			s.waiting = false
			_ = s.Conn.SetWriteDeadline(time.Time{}) // send has none
			defer s.mu.Unlock()
			return s.broken
		}
		s.out, s.list, s.heads, s.control = nil, nil, nil, 0
		size := 0
		for _, p := range out {
			size += len(p)
		}
		until := time.Now().Add(writeTimeout + time.Duration(size)*time.Second/slowest)
		if !s.last.IsZero() && s.last.Before(until) {
			until = s.last
		}
		_ = s.Conn.SetWriteDeadline(until)
		s.mu.Unlock()

		if patient != nil {
			patient(until)
		}
		if _, err := out.WriteTo(s.Conn); err != nil {
			s.mu.Lock()
			s.breakLocked(err)
			s.mu.Unlock()
		}
	}
}

// setPatient has f told how long a flush may take, before it begins.
func (s *socket) setPatient(f func(until time.Time)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.patient = f
}

// hurry has flush end before the deadline, also one that has not begun.
func (s *socket) hurry(until time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.last = until
	_ = s.Conn.SetWriteDeadline(until)
}
