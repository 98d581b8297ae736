package screen

import (
	"errors"
	"fmt"
	"io"

	"github.com/klauspost/compress/zstd"

	"pindesk/internal/wire"
)

const (
	frameHeadSize = 6       // magic, descriptor, window
	maxWindow     = 0x50    // window descriptor of 1 MiB
	maxBlock      = 1 << 17 // the most that one zstd block decompresses to
	blockHeadSize = 3
)

// packer is one compressor whose output of one message collects in out.
type packer struct {
	z   *zstd.Encoder
	out []byte
	raw int // bytes put in since begin, the preamble included
}

// Write takes the compressor's output.
func (p *packer) Write(b []byte) (int, error) {
	p.out = append(p.out, b...)
	return len(b), nil
}

// begin starts a message; fresh also starts a new frame with its preamble.
func (p *packer) begin(fresh bool) {
	p.out, p.raw = p.out[:0], 0
	if !fresh {
		return
	}
	if p.z == nil {
		z, err := zstd.NewWriter(p, zstd.WithEncoderLevel(zstd.SpeedFastest), zstd.WithEncoderConcurrency(1),
			zstd.WithWindowSize(1<<20), zstd.WithEncoderCRC(false), zstd.WithLowerEncoderMem(true))
		if err != nil {
			panic("screen: zstd options: " + err.Error()) // constants, so never
		}
		p.z = z
	} else {
		p.z.Reset(p)
	}
	p.preamble()
}

func (p *packer) preamble() { p.add(preamble) }

var preamble = []byte(wire.Preamble)

// add compresses ops; its output may come later.
func (p *packer) add(ops []byte) {
	p.raw += len(ops)
	if _, err := p.z.Write(ops); err != nil {
		panic("screen: zstd: " + err.Error()) // Write above never fails
	}
}

// flush brings all that was added into out, at a block boundary.
func (p *packer) flush() {
	if err := p.z.Flush(); err != nil {
		panic("screen: zstd: " + err.Error())
	}
}

// end closes the frame.
func (p *packer) end() {
	p.flush() // first: closing an empty encoder at once would write another kind of header
	if err := p.z.Close(); err != nil {
		panic("screen: zstd: " + err.Error())
	}
}

// unpacker is one decompressor that is fed a message at a time.
type unpacker struct {
	z   *zstd.Decoder
	in  []byte // what is left of the message's packed bytes
	out []byte
}

// Read gives the decompressor its input.
func (u *unpacker) Read(b []byte) (int, error) {
	if len(u.in) == 0 {
		return 0, io.EOF
	}
	n := copy(b, u.in)
	u.in = u.in[n:]
	return n, nil
}

// unpack decompresses packed, which must give exactly raw bytes. fresh: it begins a frame,
// whose header and preamble are checked and left out of the result; whole: and ends it. The
// result is valid until the next call. After an error only a fresh one may follow.
func (u *unpacker) unpack(packed []byte, raw int, fresh, whole bool) ([]byte, error) {
	blocks := packed
	if fresh {
		if len(packed) < frameHeadSize || string(packed[:5]) != "\x28\xb5\x2f\xfd\x00" || packed[5] > maxWindow {
			return nil, fmt.Errorf("%w: frame header", wire.ErrMalformed)
		}
		blocks = packed[frameHeadSize:]
	}
	n, ok := countBlocks(blocks, whole)
	if !ok || raw > n*maxBlock {
		return nil, fmt.Errorf("%w: blocks of the frame", wire.ErrMalformed)
	}
	u.in = packed
	if fresh {
		if err := u.restart(); err != nil {
			return nil, err
		}
	}
	if cap(u.out) < raw+1 {
		u.out = make([]byte, raw+1)
	}
	// The one byte more shows whether there is more, and makes Read stop after each block.
	buf := u.out[:raw+1]
	got := 0
	for got < raw {
		n, err := u.z.Read(buf[got:])
		got += n
		if err != nil && got < raw {
			return nil, fmt.Errorf("%w: decompressor: %v", wire.ErrMalformed, err)
		}
	}
	if whole {
		if n, err := u.z.Read(buf[got:]); n != 0 || !errors.Is(err, io.EOF) {
			return nil, fmt.Errorf("%w: frame goes on", wire.ErrMalformed)
		}
	}
	if got != raw || len(u.in) != 0 {
		return nil, fmt.Errorf("%w: op block is longer than it says", wire.ErrMalformed)
	}
	buf = buf[:raw]
	if fresh {
		if len(buf) < len(wire.Preamble) || string(buf[:len(wire.Preamble)]) != wire.Preamble {
			return nil, fmt.Errorf("%w: preamble", wire.ErrMalformed)
		}
		buf = buf[len(wire.Preamble):]
	}
	return buf, nil
}

func (u *unpacker) restart() (err error) {
	if u.z != nil {
		return u.z.Reset(u)
	}
	u.z, err = zstd.NewReader(u, zstd.WithDecoderConcurrency(1), zstd.WithDecoderLowmem(true),
		zstd.WithDecoderMaxWindow(1<<20), zstd.WithDecoderMaxMemory(wire.MaxRaw))
	return err
}

// countBlocks walks the headers of zstd blocks, which must fill b exactly, and returns their
// number. The last one ends the frame if whole, and else none does.
func countBlocks(b []byte, whole bool) (n int, ok bool) {
	for len(b) > 0 {
		if len(b) < blockHeadSize {
			return 0, false
		}
		head := int(b[0]) | int(b[1])<<8 | int(b[2])<<16
		last, kind, size := head&1 == 1, head>>1&3, head>>3
		if size > maxBlock || kind == 3 {
			return 0, false
		}
		if kind == 1 { // a run: one byte stands for size
			size = 1
		}
		b = b[blockHeadSize:]
		if size > len(b) {
			return 0, false
		}
		b = b[size:]
		n++
		if last {
			return n, whole && len(b) == 0
		}
	}
	return n, !whole
}
