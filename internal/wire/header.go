package wire

import (
	"encoding/binary"
	"errors"
)

// Protocol is the WebSocket subprotocol of this version.
const Protocol = "pindesk.v1"

// TicketPrefix stands before the ticket in the list of offered subprotocols.
const TicketPrefix = "ticket."

// HeaderSize is the length of every message's header in bytes.
const HeaderSize = 12

// Kind says what a message is.
type Kind uint8

// The kinds; see the package documentation for who sends what.
const (
	KindUpdate  Kind = 1
	KindCursor  Kind = 2
	KindPointer Kind = 3
	KindAck     Kind = 16
	KindInput   Kind = 17
	KindResync  Kind = 18
	KindNeedKey Kind = 19
	KindPoint   Kind = 20
	KindControl Kind = 32
	KindClip    Kind = 33
	KindChunk   Kind = 34
)

// Flags of an update.
const (
	FlagReset   uint8 = 1
	FlagKey     uint8 = 2
	FlagCatchUp uint8 = 4
	FlagDone    uint8 = 8
	FlagExact   uint8 = 16
)

// Caps. Each is checked before anything of that size is allocated.
const (
	MaxSide    = 16384   // pixels, width or height of a picture
	MaxPixels  = 1 << 26 // width*height: 8192x8192
	MaxOps     = 65535
	MaxRaw     = 3*MaxPixels/4 + 1<<20 // decompressed op block; a builder splits what is larger
	MaxUpdate  = 16 << 20              // body of one update in bytes
	MaxKeySize = 128 << 10             // whole message of a catch-up keyframe

	MaxCursorSide = 128
	MaxCursor     = 8 + 4*MaxCursorSide*MaxCursorSide
	PointerSize   = 4
	AckSize       = 12
	MaxInput      = 16 << 10
	MaxControl    = 64 << 10

	// MaxMessage bounds any message; larger ones end the connection.
	MaxMessage = HeaderSize + MaxUpdate
	// MaxViewerMessage bounds what a viewer may send.
	MaxViewerMessage = HeaderSize + MaxClip
)

// ErrMalformed is returned (wrapped) by every Parse function for bytes that break the
// specification. It never carries the bytes themselves.
var ErrMalformed = errors.New("wire: malformed message")

// Header is the fixed start of every message.
type Header struct {
	Kind   Kind
	Flags  uint8
	Stream uint8
	Epoch  uint16
	Viewer uint16
	Seq    uint32
}

// AppendHeader appends h to b.
func AppendHeader(b []byte, h Header) []byte {
	b = append(b, byte(h.Kind), h.Flags, h.Stream, 0)
	b = binary.LittleEndian.AppendUint16(b, h.Epoch)
	b = binary.LittleEndian.AppendUint16(b, h.Viewer)
	return binary.LittleEndian.AppendUint32(b, h.Seq)
}

// ParseHeader splits a message into its header and its body, which aliases msg.
func ParseHeader(msg []byte) (h Header, body []byte, err error) {
	if len(msg) < HeaderSize {
		return Header{}, nil, ErrMalformed
	}
	return Header{
		Kind:   Kind(msg[0]),
		Flags:  msg[1],
		Stream: msg[2],
		Epoch:  binary.LittleEndian.Uint16(msg[4:]),
		Viewer: binary.LittleEndian.Uint16(msg[6:]),
		Seq:    binary.LittleEndian.Uint32(msg[8:]),
	}, msg[HeaderSize:], nil
}

// StampViewer overwrites the viewer field of a message that has a whole header.
func StampViewer(msg []byte, viewer uint16) { binary.LittleEndian.PutUint16(msg[6:], viewer) }

// MaxBody is the largest body that a message of kind k may have, or -1 for no such kind.
func MaxBody(k Kind) int {
	switch k {
	case KindUpdate:
		return MaxUpdate
	case KindCursor:
		return MaxCursor
	case KindPointer:
		return PointerSize
	case KindAck:
		return AckSize
	case KindInput:
		return MaxInput
	case KindResync, KindNeedKey:
		return 0
	case KindPoint:
		return MaxPoint
	case KindControl:
		return MaxControl
	case KindClip:
		return MaxClip
	case KindChunk:
		return MaxChunk
	}
	return -1
}

// Close codes of a WebSocket that mean something to the party that reads them. Codes
// from CloseReplaced on are terminal: the party must not come back by itself.
const (
	CloseReconnect = 4000 // the node is going down or moved: join again, with backoff
	CloseProtocol  = 4001 // the party sent what the protocol does not allow; join again
	CloseSlow      = 4002 // nothing could be written for too long; join again
	CloseReplaced  = 4010 // a newer connection took this party's place
	CloseEnded     = 4011 // the session has ended
	CloseFull      = 4013 // too many viewers are in the session
	CloseBlocked   = 4012 // the guest refused this viewer for good
	CloseMoved     = 4014 // the same person's other program or tab goes on as this presenter
)

// Terminal reports whether a party that was closed with code must stay away.
func Terminal(code int) bool { return code >= CloseReplaced && code < 4100 }
