package recording

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
	"time"

	"github.com/klauspost/compress/zstd"
)

// Writer makes a recording. It is not safe for concurrent use.
type Writer struct {
	z      *zstd.Encoder
	w, h   int
	last   uint32
	frames int
	buf    []byte
}

// NewWriter writes the head of a recording of a w x h picture to out, which stays the caller's.
func NewWriter(out io.Writer, w, h int) (*Writer, error) {
	if !validSize(w, h) {
		return nil, fmt.Errorf("recording: a picture of %dx%d", w, h)
	}
	head := append(make([]byte, 0, headSize), magic...)
	for _, v := range []int{version, w, h, 0} {
		head = binary.LittleEndian.AppendUint16(head, uint16(v))
	}
	if _, err := out.Write(head); err != nil {
		return nil, err
	}
	z, err := zstd.NewWriter(out, zstd.WithEncoderLevel(zstd.SpeedBetterCompression), zstd.WithWindowSize(maxWindow))
	if err != nil {
		return nil, err
	}
	return &Writer{z: z, w: w, h: h}, nil
}

// Frame adds what was damaged, at so long after the beginning. pix is the whole picture in
// memory order B, G, R, X, with stride bytes from row to row; it and damage stay the caller's.
func (w *Writer) Frame(at time.Duration, pix []byte, stride int, damage []Rect) error {
	ms := at.Milliseconds()
	switch {
	case w.frames == MaxFrames:
		return fmt.Errorf("recording: more than %d frames", MaxFrames)
	case ms < int64(w.last) || ms > math.MaxUint32:
		return fmt.Errorf("recording: a frame at %v", at)
	case len(damage) == 0 || len(damage) > MaxDamage:
		return fmt.Errorf("recording: a frame of %d rectangles", len(damage))
	case w.frames == 0 && damage[0] != Rect{W: w.w, H: w.h}, w.frames == 0 && len(damage) > 1:
		return errors.New("recording: the first frame is not the whole picture")
	case stride < 4*w.w || len(pix) < stride*(w.h-1)+4*w.w:
		return errors.New("recording: the picture is smaller than it says")
	}
	b := binary.LittleEndian.AppendUint32(w.buf[:0], uint32(ms))
	b = binary.LittleEndian.AppendUint16(b, uint16(len(damage)))
	for _, r := range damage {
		if !r.within(w.w, w.h) {
			return fmt.Errorf("recording: damage %v outside of %dx%d", r, w.w, w.h)
		}
		for _, v := range []int{r.X, r.Y, r.W, r.H} {
			b = binary.LittleEndian.AppendUint16(b, uint16(v))
		}
	}
	for _, r := range damage {
		for y := r.Y; y < r.Y+r.H; y++ {
			row := pix[y*stride+4*r.X:][:4*r.W]
			for ; len(row) > 0; row = row[4:] {
				b = append(b, row[0], row[1], row[2])
			}
		}
	}
	w.buf = b
	w.last = uint32(ms)
	w.frames++
	_, err := w.z.Write(b)
	return err
}

// Close ends the recording; without it the file cannot be read to its end. It does not close
// what the recording is written to.
func (w *Writer) Close() error { return w.z.Close() }
