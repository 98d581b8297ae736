package main

import (
	"cmp"
	"fmt"
	"io"
	"math"
	"slices"
	"time"

	"github.com/klauspost/compress/zstd"

	"pindesk/internal/wire"
)

// figures is what replaying came to.
type figures struct {
	first   messages // the keyframe, and what makes it exact
	frames  messages // one for each captured frame but the first
	refined messages // in quiet times
}

// messages are the figures of messages of one sort. Times are of all runs, everything else
// is of the last.
type messages struct {
	encode, decode []time.Duration
	allocs         []float64 // of each message
	bytes          []int     // of those that said something
	ops            [wire.OpJPEG + 1]kind
}

// kind is what ops of one kind came to.
type kind struct {
	ops, raw, blobs int
}

// opCounter reads the ops of messages, as a viewer gets them.
type opCounter struct {
	stream, alone *zstd.Decoder
	in            []byte // what is left of a message
}

// Read gives the decompressor its input.
func (c *opCounter) Read(b []byte) (int, error) {
	if len(c.in) == 0 {
		return 0, io.EOF
	}
	n := copy(b, c.in)
	c.in = c.in[n:]
	return n, nil
}

// count adds a message, which a decoder has taken, to f.
func (c *opCounter) count(msg []byte, f *messages) error {
	f.bytes = append(f.bytes, len(msg))
	h, body, err := wire.ParseHeader(msg)
	if err != nil {
		return err
	}
	u, packed, _, err := wire.ParseUpdate(body)
	if err != nil || u.Raw == 0 {
		return err
	}
	z, fresh := &c.stream, h.Flags&wire.FlagReset != 0
	if h.Flags&wire.FlagCatchUp != 0 {
		z, fresh = &c.alone, true
	}
	c.in = packed
	raw := make([]byte, u.Raw)
	if err := c.unpack(z, fresh, raw); err != nil {
		return err
	}
	if fresh {
		raw = raw[len(wire.Preamble):]
	}
	for range u.Ops {
		op, rest, err := wire.NextOp(raw, int(u.Width), int(u.Height))
		if err != nil {
			return err
		}
		k := &f.ops[op.Code]
		k.ops++
		k.raw += len(raw) - len(rest)
		k.blobs += op.Blob
		raw = rest
	}
	return nil
}

func (c *opCounter) unpack(z **zstd.Decoder, fresh bool, raw []byte) (err error) {
	switch {
	case *z == nil:
		*z, err = zstd.NewReader(c, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxWindow(1<<20))
	case fresh:
		err = (*z).Reset(c)
	}
	if err == nil {
		_, err = io.ReadFull(*z, raw) // exactly: the decompressor must not look for more
	}
	return err
}

var kindNames = [...]string{wire.OpFill: "fill", wire.OpCopy: "copy", wire.OpPalette: "palette", wire.OpDelta: "delta", wire.OpJPEG: "JPEG"}

func (f *figures) print(w io.Writer, repeat int) {
	fmt.Fprintf(w, "%-12s %8s %10s %8s %8s %8s   %8s %8s   %8s %8s\n", "", "messages", "bytes",
		"enc. ms", "p95", "max", "dec. ms", "p95", "allocs", "p95")
	for _, part := range []struct {
		name string
		m    *messages
	}{{"first", &f.first}, {"frames", &f.frames}, {"refinement", &f.refined}} {
		m := part.m
		total := 0
		for _, n := range m.bytes {
			total += n
		}
		fmt.Fprintf(w, "%-12s %8d %10d %8.3f %8.3f %8.3f   %8.3f %8.3f   %8.0f %8.0f\n", part.name, len(m.bytes), total,
			ms(rank(m.encode, 0.5)), ms(rank(m.encode, 0.95)), ms(rank(m.encode, 1)),
			ms(rank(m.decode, 0.5)), ms(rank(m.decode, 0.95)), rank(m.allocs, 0.5), rank(m.allocs, 0.95))
	}
	fmt.Fprintf(w, "\n%-12s %8s %12s %12s\n", "op", "ops", "unpacked", "JPEG bytes")
	for code, name := range kindNames {
		if name == "" {
			continue
		}
		var k kind
		for _, m := range []*messages{&f.first, &f.frames, &f.refined} {
			k.ops += m.ops[code].ops
			k.raw += m.ops[code].raw
			k.blobs += m.ops[code].blobs
		}
		fmt.Fprintf(w, "%-12s %8d %12d %12d\n", name, k.ops, k.raw, k.blobs)
	}
	var busy time.Duration
	for _, m := range []*messages{&f.first, &f.frames, &f.refined} {
		for _, d := range m.encode {
			busy += d
		}
	}
	fmt.Fprintf(w, "\nencoder: %.1f ms a run\n", ms(busy)/float64(repeat))
}

func ms(d time.Duration) float64 { return float64(d) / 1e6 }

// rank is the nearest rank of a percentile, 0 of nothing.
func rank[T cmp.Ordered](list []T, p float64) (v T) {
	if len(list) == 0 {
		return v
	}
	sorted := slices.Sorted(slices.Values(list))
	return sorted[max(0, int(math.Ceil(p*float64(len(sorted))))-1)]
}
