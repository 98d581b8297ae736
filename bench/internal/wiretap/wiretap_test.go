package wiretap

import (
	"encoding/binary"
	"math/rand/v2"
	"slices"
	"testing"

	"pindesk/internal/wire"
)

// frames is a message in so many frames, masked or not, with a ping between them.
func frames(msg []byte, parts int, masked bool) (out []byte) {
	one := func(first byte, data []byte) {
		bit := byte(0)
		if masked {
			bit = 0x80
		}
		switch n := len(data); {
		case n < 126:
			out = append(out, first, bit|byte(n))
		case n < 1<<16:
			out = binary.BigEndian.AppendUint16(append(out, first, bit|126), uint16(n))
		default:
			out = binary.BigEndian.AppendUint64(append(out, first, bit|127), uint64(n))
		}
		mask := []byte{0, 0, 0, 0}
		if masked {
			mask = []byte{7, 99, 200, 31}
			out = append(out, mask...)
		}
		for i, c := range data {
			out = append(out, c^mask[i%4])
		}
	}
	for i := range parts {
		first := byte(0)
		if i == 0 {
			first = 2
		}
		part := msg[len(msg)*i/parts : len(msg)*(i+1)/parts]
		if i == parts-1 {
			first |= 0x80
		}
		one(first, part)
		one(0x89, []byte("ping"))
	}
	return out
}

func message(k wire.Kind, seq uint32, body int) []byte {
	msg := wire.AppendHeader(nil, wire.Header{Kind: k, Seq: seq})
	if k == wire.KindAck {
		return wire.AppendAck(msg, wire.Ack{Took: 31})
	}
	return append(msg, make([]byte, body)...)
}

const upgrade = "GET /api/v1/relay HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\n\r\n"

// TestPieces: however a stream is cut, its messages are the same.
func TestPieces(t *testing.T) {
	rnd := rand.New(rand.NewPCG(3, 3))
	bytes := slices.Concat([]byte(upgrade),
		frames(message(wire.KindUpdate, 1, 50), 1, true),
		frames(message(wire.KindAck, 2, 0), 3, true),
		frames(message(wire.KindControl, 0, 40), 1, false),
		frames(message(wire.KindUpdate, 3, 300), 2, false),
		frames(message(wire.KindUpdate, 4, 70_000), 1, true),
		frames(nil, 1, true),
		frames(message(wire.KindAck, 5, 0), 1, true))
	for range 200 {
		var tap Tap
		take := tap.Stream()
		for rest := bytes; len(rest) > 0; {
			n := min(1+rnd.IntN(1<<rnd.IntN(17)), len(rest))
			take(rest[:n])
			rest = rest[n:]
		}
		var seqs []uint32
		for _, m := range tap.Messages(wire.KindUpdate) {
			seqs = append(seqs, m.Head.Seq)
		}
		acks := tap.Messages(wire.KindAck)
		if !slices.Equal(seqs, []uint32{1, 3, 4}) || len(acks) != 2 || acks[1].Head.Seq != 5 || acks[0].Ack.Took != 31 {
			t.Fatalf("updates %v, acks %+v", seqs, acks)
		}
	}
}

func TestOtherConnections(t *testing.T) {
	for _, text := range []string{"GET / HTTP/1.1\r\n\r\n" + string(frames(message(wire.KindAck, 1, 0), 1, true)), string(make([]byte, 1<<18))} {
		var tap Tap
		tap.Stream()([]byte(text))
		if n := len(tap.Messages(wire.KindAck)); n > 0 {
			t.Errorf("%d messages", n)
		}
	}
}

func FuzzStream(f *testing.F) {
	f.Add([]byte(upgrade), frames(message(wire.KindAck, 2, 0), 2, true))
	f.Add([]byte(upgrade), []byte("\x82\x7f\xff\xff\xff\xff\xff\xff\xff\xff"))
	f.Fuzz(func(t *testing.T, a, b []byte) {
		var tap Tap
		take := tap.Stream()
		take(a)
		take(b)
		if n := len(tap.all); n > (len(a)+len(b))/(2+wire.HeaderSize) {
			t.Fatalf("%d messages in %d bytes", n, len(a)+len(b))
		}
	})
}
