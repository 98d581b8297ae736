package wire

import (
	"encoding/binary"
	"fmt"
	"unicode/utf8"
)

// Caps of one input message.
const (
	MaxInputEvents = 256
	MaxCode        = 24   // bytes of a KeyboardEvent.code
	MaxKeyText     = 16   // bytes of the text of one key
	MaxText        = 4096 // bytes of a Text event
)

// Ack tells the presenter what a viewer has painted.
type Ack struct {
	Captured uint32
	Part     uint32
	Took     uint16 // 0.1 ms
	Hidden   bool
}

// AppendAck appends a's body to b.
func AppendAck(b []byte, a Ack) []byte {
	le := binary.LittleEndian
	b = le.AppendUint32(b, a.Captured)
	b = le.AppendUint32(b, a.Part)
	b = le.AppendUint16(b, a.Took)
	var state byte
	if a.Hidden {
		state = 1
	}
	return append(b, state, 0)
}

// ParseAck parses an ack's body.
func ParseAck(body []byte) (Ack, error) {
	if len(body) != AckSize {
		return Ack{}, fmt.Errorf("%w: ack of %d bytes", ErrMalformed, len(body))
	}
	le := binary.LittleEndian
	return Ack{
		Captured: le.Uint32(body), Part: le.Uint32(body[4:]), Took: le.Uint16(body[8:]), Hidden: body[10]&1 != 0,
	}, nil
}

// Button is a mouse button by its X11 number.
type Button uint8

// The buttons.
const (
	ButtonLeft    Button = 1
	ButtonMiddle  Button = 2
	ButtonRight   Button = 3
	ButtonBack    Button = 8
	ButtonForward Button = 9
)

func (b Button) valid() bool {
	return b >= ButtonLeft && b <= ButtonRight || b == ButtonBack || b == ButtonForward
}

// EventType names an input event.
type EventType uint8

// The events.
const (
	EventMove   EventType = 1
	EventButton EventType = 2
	EventWheel  EventType = 3
	EventKey    EventType = 4
	EventText   EventType = 5
)

// Flags of a Key event.
const (
	KeyDown   uint8 = 1
	KeyIsText uint8 = 2
	KeyRepeat uint8 = 4
)

// Event is one thing that a viewer's person did. Which fields count depends on Type.
type Event struct {
	Type   EventType
	X, Y   int    // Move
	Button Button // Button
	Down   bool   // Button, Key
	DX, DY int    // Wheel, in 1/120 of a notch, -32768..32767
	IsText bool   // Key: Text is meant as that character, not as a shortcut
	Repeat bool   // Key
	Code   string // Key: KeyboardEvent.code
	Text   string // Key, Text: valid UTF-8 without NUL
}

// AppendInput appends the body of an input message to b. The events must be valid.
func AppendInput(b []byte, layout uint16, events ...Event) []byte {
	le := binary.LittleEndian
	b = le.AppendUint16(b, layout)
	for _, e := range events {
		b = append(b, byte(e.Type))
		switch e.Type {
		case EventMove:
			b = le.AppendUint16(b, uint16(e.X))
			b = le.AppendUint16(b, uint16(e.Y))
		case EventButton:
			b = append(b, byte(e.Button), bitIf(e.Down, 1))
		case EventWheel:
			b = le.AppendUint16(b, uint16(int16(e.DX)))
			b = le.AppendUint16(b, uint16(int16(e.DY)))
		case EventKey:
			b = append(b, bitIf(e.Down, KeyDown)|bitIf(e.IsText, KeyIsText)|bitIf(e.Repeat, KeyRepeat))
			b = append(append(b, byte(len(e.Code))), e.Code...)
			b = append(append(b, byte(len(e.Text))), e.Text...)
		case EventText:
			b = le.AppendUint16(b, uint16(len(e.Text)))
			b = append(b, e.Text...)
		}
	}
	return b
}

func bitIf(on bool, bit uint8) uint8 {
	if on {
		return bit
	}
	return 0
}

// ParseInput parses the body of an input message and appends its events to into.
// On an error nothing of the message may be used.
func ParseInput(body []byte, into []Event) (layout uint16, events []Event, err error) {
	bad := func(what string) (uint16, []Event, error) {
		return 0, nil, fmt.Errorf("%w: input: %s", ErrMalformed, what)
	}
	if len(body) < 2 || len(body) > MaxInput {
		return bad("length")
	}
	le := binary.LittleEndian
	layout, b := le.Uint16(body), body[2:]
	short := false
	take := func(n int) []byte {
		if n > len(b) {
			short, n = true, 0
		}
		p := b[:n]
		b = b[n:]
		return p
	}
	byteOf := func() uint8 {
		if p := take(1); len(p) == 1 {
			return p[0]
		}
		return 0
	}
	u16 := func() uint16 {
		if p := take(2); len(p) == 2 {
			return le.Uint16(p)
		}
		return 0
	}
	events = into
	for n := 0; len(b) > 0; n++ {
		if n == MaxInputEvents {
			return bad("too many events")
		}
		e := Event{Type: EventType(byteOf())}
		switch e.Type {
		case EventMove:
			e.X, e.Y = int(u16()), int(u16())
		case EventButton:
			e.Button, e.Down = Button(byteOf()), byteOf() != 0
			if !short && !e.Button.valid() {
				return bad("button")
			}
		case EventWheel:
			e.DX, e.DY = int(int16(u16())), int(int16(u16()))
		case EventKey:
			f := byteOf()
			e.Down, e.IsText, e.Repeat = f&KeyDown != 0, f&KeyIsText != 0, f&KeyRepeat != 0
			code := take(int(byteOf()))
			text := take(int(byteOf()))
			if len(code) > MaxCode || !isCode(code) {
				return bad("key code")
			}
			if len(text) > MaxKeyText || !isText(text) {
				return bad("key text")
			}
			e.Code, e.Text = string(code), string(text)
		case EventText:
			text := take(int(u16()))
			if len(text) > MaxText || !isText(text) {
				return bad("text")
			}
			e.Text = string(text)
		default:
			return bad("unknown event")
		}
		if short {
			return bad("cut short")
		}
		events = append(events, e)
	}
	return layout, events, nil
}

func isCode(b []byte) bool {
	for _, c := range b {
		if !(c >= '0' && c <= '9' || c >= 'A' && c <= 'Z' || c >= 'a' && c <= 'z') {
			return false
		}
	}
	return true
}

// isText allows any valid UTF-8 but NUL, which no keyboard types.
func isText(b []byte) bool {
	for _, c := range b {
		if c == 0 {
			return false
		}
	}
	return utf8.Valid(b)
}
