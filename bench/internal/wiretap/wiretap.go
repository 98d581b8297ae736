// Package wiretap notes when messages of PinDesk's protocol pass a proxy: it reads the
// WebSocket framing and the heads of messages, and nothing else. It is for measuring where
// the time goes; it trusts what it reads only as far as not to break.
package wiretap

import (
	"bytes"
	"encoding/binary"
	"slices"
	"sync"
	"time"

	"pindesk/internal/wire"
)

// Message is one that passed.
type Message struct {
	At   time.Time // of its last byte
	Head wire.Header
	Ack  wire.Ack // of an ack
}

// Tap collects the updates and acks of all streams that it was given. It is safe for concurrent use.
type Tap struct {
	mu  sync.Mutex
	all []Message
}

// Messages are those of one kind so far, in order.
func (t *Tap) Messages(k wire.Kind) []Message {
	t.mu.Lock()
	defer t.mu.Unlock()
	return slices.DeleteFunc(slices.Clone(t.all), func(m Message) bool { return m.Head.Kind != k })
}

// Add notes messages that have passed.
func (t *Tap) Add(m ...Message) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.all = append(t.all, m...)
}

// Stream returns what takes the bytes of one direction of a new connection, in pieces of any
// size. It is called from one goroutine.
func (t *Tap) Stream() func([]byte) {
	s := &stream{tap: t}
	return s.take
}

// stream is one direction of a connection.
type stream struct {
	tap   *Tap
	phase phase
	head  []byte // of HTTP, or of a frame, as far as it has come

	// Of the frame: what of its payload is still to come, its mask and where that is.
	left   uint64
	mask   [4]byte
	masked int
	final  bool
	data   bool   // a part of a message, no control frame
	begun  []byte // the first bytes of the message
}

type phase int

const (
	http    phase = iota // the head of a request or an answer
	frame                // the head of a frame
	payload              // of a frame
	deaf                 // no WebSocket
)

// maxHTTP bounds the head of a request or an answer.
const maxHTTP = 64 << 10

// enough is as much of a message as is looked at.
const enough = wire.HeaderSize + wire.AckSize

func (s *stream) take(b []byte) {
	now := time.Now()
	for len(b) > 0 {
		switch s.phase {
		case http:
			b = s.http(b)
		case frame:
			b = s.frame(b)
			if s.phase == payload && s.left == 0 {
				s.ended(now)
			}
		case payload:
			b = s.payload(b)
			if s.left == 0 {
				s.ended(now)
			}
		default:
			return
		}
	}
}

func (s *stream) http(b []byte) []byte {
	before := len(s.head)
	s.head = append(s.head, b...)
	end := bytes.Index(s.head, []byte("\r\n\r\n"))
	switch {
	case end < 0 && len(s.head) > maxHTTP:
		s.phase = deaf
		return nil
	case end < 0:
		return nil
	}
	rest := b[end+4-before:]
	s.phase = frame
	if !bytes.Contains(bytes.ToLower(s.head[:end]), []byte("upgrade: websocket")) {
		s.phase = deaf
	}
	s.head = nil
	return rest
}

// frame reads the head of a frame byte by byte: RFC 6455, section 5.2.
func (s *stream) frame(b []byte) []byte {
	for i, c := range b {
		s.head = append(s.head, c)
		if len(s.head) < 2 {
			continue
		}
		size, extended := uint64(s.head[1]&0x7f), 0
		switch size {
		case 126:
			extended = 2
		case 127:
			extended = 8
		}
		need := 2 + extended
		isMasked := s.head[1]&0x80 != 0
		if isMasked {
			need += 4
		}
		if len(s.head) < need {
			continue
		}
		switch extended {
		case 2:
			size = uint64(binary.BigEndian.Uint16(s.head[2:]))
		case 8:
			size = binary.BigEndian.Uint64(s.head[2:])
		}
		s.mask, s.masked = [4]byte{}, 0
		if isMasked {
			s.mask = [4]byte(s.head[need-4:])
		}
		s.left, s.final, s.data = size, s.head[0]&0x80 != 0, s.head[0]&0x08 == 0
		s.head, s.phase = s.head[:0], payload
		return b[i+1:]
	}
	return nil
}

func (s *stream) payload(b []byte) []byte {
	n := int(min(uint64(len(b)), s.left))
	if s.data {
		for _, c := range b[:min(n, enough-len(s.begun))] {
			s.begun = append(s.begun, c^s.mask[s.masked%4])
			s.masked++
		}
	}
	s.left -= uint64(n)
	return b[n:]
}

// ended takes the message if the frame that has ended is its last one.
func (s *stream) ended(now time.Time) {
	s.phase = frame
	if !s.data || !s.final {
		return
	}
	h, body, err := wire.ParseHeader(s.begun)
	s.begun = s.begun[:0]
	m := Message{At: now, Head: h}
	if err == nil && h.Kind == wire.KindAck {
		m.Ack, err = wire.ParseAck(body)
	}
	if err != nil || h.Kind != wire.KindAck && h.Kind != wire.KindUpdate {
		return
	}
	s.tap.Add(m)
}
