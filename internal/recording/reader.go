package recording

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/klauspost/compress/zstd"
)

// ErrMalformed is what every error of a recording that is not one wraps.
var ErrMalformed = errors.New("malformed recording")

// Frame is one frame of a recording.
type Frame struct {
	At     time.Duration // since the beginning, in whole ms
	Damage []Rect        // valid until the next call of Next
}

// Reader reads a recording. It takes hostile bytes: besides the picture, whose size is checked
// first, and a decompressor of at most maxWindow, it allocates next to nothing. What it reads
// may still be long: MaxFrames of the largest pictures. It is not safe for concurrent use.
type Reader struct {
	z      *zstd.Decoder
	w, h   int
	pix    []byte // packed, B G R X; X is 0
	row    []byte
	damage []Rect
	last   uint32
	frames int
}

// NewReader reads the head of a recording. The caller closes it; in stays the caller's.
func NewReader(in io.Reader) (*Reader, error) {
	head := make([]byte, headSize)
	if _, err := io.ReadFull(in, head); err != nil {
		return nil, fmt.Errorf("%w: head: %w", ErrMalformed, err)
	}
	if !bytes.HasPrefix(head, []byte(magic)) {
		return nil, fmt.Errorf("%w: it does not begin with %s", ErrMalformed, magic)
	}
	fields := head[len(magic):]
	if v := binary.LittleEndian.Uint16(fields); v != version {
		return nil, fmt.Errorf("%w: version %d, not %d", ErrMalformed, v, version)
	}
	r := &Reader{w: int(binary.LittleEndian.Uint16(fields[2:])), h: int(binary.LittleEndian.Uint16(fields[4:]))}
	if !validSize(r.w, r.h) {
		return nil, fmt.Errorf("%w: a picture of %dx%d", ErrMalformed, r.w, r.h)
	}
	var err error
	r.z, err = zstd.NewReader(in, zstd.WithDecoderConcurrency(1), zstd.WithDecoderLowmem(true), zstd.WithDecoderMaxWindow(maxWindow))
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrMalformed, err)
	}
	r.pix, r.row = make([]byte, 4*r.w*r.h), make([]byte, 3*r.w)
	return r, nil
}

// Size is that of the picture, in pixels.
func (r *Reader) Size() (w, h int) { return r.w, r.h }

// Picture is that after the last frame that Next returned, in memory order B, G, R, X (X is
// 0), its rows 4*w bytes apart. It is black before the first. The next call of Next changes it.
func (r *Reader) Picture() []byte { return r.pix }

// Next brings the picture up to the next frame. The error is io.EOF after the last one; any
// other is final too.
func (r *Reader) Next() (Frame, error) {
	var head [6]byte
	if _, err := io.ReadFull(r.z, head[:]); err != nil {
		if errors.Is(err, io.EOF) && r.frames > 0 {
			return Frame{}, io.EOF
		}
		return Frame{}, malformed(err)
	}
	at, count := binary.LittleEndian.Uint32(head[:]), int(binary.LittleEndian.Uint16(head[4:]))
	if at < r.last || count == 0 || count > MaxDamage || r.frames == MaxFrames {
		return Frame{}, fmt.Errorf("%w: frame %d at %d ms after %d ms, with %d rectangles", ErrMalformed, r.frames, at, r.last, count)
	}
	r.damage = r.damage[:0]
	for range count {
		var b [8]byte
		if _, err := io.ReadFull(r.z, b[:]); err != nil {
			return Frame{}, malformed(err)
		}
		field := func(i int) int { return int(binary.LittleEndian.Uint16(b[2*i:])) }
		rect := Rect{field(0), field(1), field(2), field(3)}
		if !rect.within(r.w, r.h) {
			return Frame{}, fmt.Errorf("%w: frame %d: damage %v outside of %dx%d", ErrMalformed, r.frames, rect, r.w, r.h)
		}
		r.damage = append(r.damage, rect)
	}
	if whole := (Rect{W: r.w, H: r.h}); r.frames == 0 && (count > 1 || r.damage[0] != whole) {
		return Frame{}, fmt.Errorf("%w: the first frame is not the whole picture", ErrMalformed)
	}
	for _, rect := range r.damage {
		if err := r.fill(rect); err != nil {
			return Frame{}, malformed(err)
		}
	}
	r.last = at
	r.frames++
	return Frame{At: time.Duration(at) * time.Millisecond, Damage: r.damage}, nil
}

// fill reads the pixels of rect.
func (r *Reader) fill(rect Rect) error {
	packed := r.row[:3*rect.W]
	for y := rect.Y; y < rect.Y+rect.H; y++ {
		if _, err := io.ReadFull(r.z, packed); err != nil {
			return err
		}
		to := r.pix[4*(y*r.w+rect.X):]
		for i := range rect.W {
			copy(to[4*i:4*i+3], packed[3*i:])
		}
	}
	return nil
}

// malformed is the error of a recording that ends, or stops to make sense, within a frame.
func malformed(err error) error {
	if errors.Is(err, io.EOF) {
		err = io.ErrUnexpectedEOF
	}
	return fmt.Errorf("%w: %w", ErrMalformed, err)
}

// Close frees the decompressor.
func (r *Reader) Close() { r.z.Close() }
