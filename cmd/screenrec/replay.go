package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"runtime"
	"runtime/pprof"
	"time"

	"pindesk/internal/recording"
	"pindesk/internal/screen"
)

type replay struct {
	Repeat     int    `help:"How often the recording is run; figures are of all runs." default:"1"`
	Paced      bool   `help:"In real time instead of as fast as it goes."`
	Quality    int    `help:"JPEG quality, 1 to 100." default:"75"`
	Budget     int    `help:"Bytes of refinement an update; 0 for none, and then nothing is exact that went as JPEG." default:"49152"`
	CPUProfile string `name:"cpuprofile" help:"File for a CPU profile: go tool pprof -tagfocus=part=encode FILE." placeholder:"FILE"`
	MemProfile string `name:"memprofile" help:"File for a profile of allocations." placeholder:"FILE"`
	File       string `arg:"" help:"The recording."`
}

// minInterval is the presenter's between two updates, in ms.
const minInterval = 12

// Run replays the file, once more than asked for: the last time allocations are counted, which
// stops the program at every update and would spoil the times.
func (c *replay) Run(ctx context.Context) (err error) {
	if c.Repeat < 1 {
		return errors.New("--repeat: at least 1")
	}
	stop, err := c.profile()
	if err != nil {
		return err
	}
	var f figures
	for n := range c.Repeat + 1 {
		p := newPass(ctx, c, &f, n == c.Repeat)
		if n == c.Repeat {
			if err := stop(); err != nil {
				return err
			}
			p.paced = false
		}
		if err := p.run(); err != nil {
			return fmt.Errorf("%s: %w", c.File, err)
		}
	}
	f.print(os.Stdout, c.Repeat)
	if c.MemProfile != "" {
		return writeTo(c.MemProfile, func(w io.Writer) error { return pprof.Lookup("allocs").WriteTo(w, 0) })
	}
	return nil
}

// profile begins the CPU profile that was asked for; stop ends it.
func (c *replay) profile() (stop func() error, err error) {
	if c.CPUProfile == "" {
		return func() error { return nil }, nil
	}
	file, err := os.Create(c.CPUProfile)
	if err != nil {
		return nil, err
	}
	if err := pprof.StartCPUProfile(file); err != nil {
		return nil, errors.Join(err, file.Close())
	}
	return func() error {
		pprof.StopCPUProfile()
		return file.Close()
	}, nil
}

func writeTo(path string, write func(io.Writer) error) error {
	file, err := os.Create(path)
	if err != nil {
		return err
	}
	return errors.Join(write(file), file.Close())
}

// pass is one run of a recording through an encoder and a decoder of its own. It behaves as
// the presenter with a viewer that acks at once: a frame is encoded when it was captured, and
// in the quiet times after it what is lossy is refined. Unless it is paced, these times pass
// in no time.
type pass struct {
	*replay
	ctx     context.Context // with the profile's labels for what is not measured
	paced   bool
	allocs  bool // count allocations instead of time
	figures *figures

	encoder *screen.Encoder
	decoder *screen.Decoder
	ops     opCounter
	picture screen.Picture
	begun   time.Time
	clock   uint32 // ms of the recording
	buf     []byte
	before  []byte // the picture before the frame that was read last

	encoding, decoding context.Context // with their labels
}

func newPass(ctx context.Context, c *replay, f *figures, allocs bool) *pass {
	label := func(part string) context.Context { return pprof.WithLabels(ctx, pprof.Labels("part", part)) }
	return &pass{replay: c, ctx: ctx, paced: c.Paced, allocs: allocs, figures: f, encoder: screen.NewEncoder(0), decoder: screen.NewDecoder(),
		begun: time.Now(), encoding: label("encode"), decoding: label("decode")}
}

func (p *pass) run() error {
	file, err := os.Open(p.File)
	if err != nil {
		return err
	}
	defer file.Close() // it was only read
	r, err := recording.NewReader(bufio.NewReader(file))
	if err != nil {
		return err
	}
	defer r.Close()
	w, h := r.Size()
	p.picture = screen.Picture{W: w, H: h, Stride: 4 * w, Pix: r.Picture()}
	p.encoder.Begin(1)
	p.decoder.Begin(1)
	for n := 0; ; n++ {
		before := p.picture
		if n > 0 && p.lossy() {
			p.before = append(p.before[:0], p.picture.Pix...) // r changes it; refinement is of what was
			before.Pix = p.before
		}
		frame, err := r.Next()
		if errors.Is(err, io.EOF) {
			return p.finish()
		}
		if err != nil {
			return err
		}
		at := uint32(frame.At.Milliseconds())
		if err := p.refine(before, at); err != nil {
			return err
		}
		if err := p.frame(n, at, frame.Damage); err != nil {
			return err
		}
	}
}

// lossy reports whether there may be something to refine before the next frame.
func (p *pass) lossy() bool {
	_, refine, _ := p.encoder.Pending(p.clock)
	return refine && p.Budget > 0
}

// frame encodes one captured frame, the first one as the presenter does for a new viewer.
func (p *pass) frame(n int, at uint32, damage []recording.Rect) error {
	if err := p.await(max(at, p.clock)); err != nil {
		return err
	}
	rects := make([]screen.Rect, len(damage))
	for i, r := range damage {
		rects[i] = screen.Rect(r)
	}
	if n > 0 {
		return p.update(&p.figures.frames, p.picture, rects)
	}
	p.encoder.Sync(p.picture, rects)
	if err := p.message(&p.figures.first, func(buf []byte) ([]byte, bool) { return p.encoder.Keyframe(buf, p.params()), true }); err != nil {
		return err
	}
	for {
		if catchUp, _, _ := p.encoder.Pending(p.clock); !catchUp {
			return nil
		}
		if err := p.message(&p.figures.first, func(buf []byte) ([]byte, bool) { return p.encoder.CatchUp(buf, p.params()) }); err != nil {
			return err
		}
	}
}

// refine makes the updates that the presenter would send before the next frame, of end.
func (p *pass) refine(pic screen.Picture, end uint32) error {
	for p.Budget > 0 {
		_, refine, quietIn := p.encoder.Pending(p.clock)
		next := p.clock + max(quietIn, minInterval)
		if !refine || next >= end {
			return nil
		}
		if err := p.await(next); err != nil {
			return err
		}
		if err := p.update(&p.figures.refined, pic, nil); err != nil {
			return err
		}
	}
	return nil
}

// finish lets the picture become exact and looks whether it has.
func (p *pass) finish() error {
	if err := p.refine(p.picture, ^uint32(0)); err != nil {
		return err
	}
	if p.Budget == 0 {
		return nil
	}
	shown := p.decoder.Picture()
	for i := range p.picture.W * p.picture.H {
		if [3]byte(shown.Pix[4*i:]) != [3]byte(p.picture.Pix[4*i:]) {
			return fmt.Errorf("in the end pixel %d,%d is not exact", i%shown.W, i/shown.W)
		}
	}
	return nil
}

// await sets the clock to at, and waits for that time if the pass is paced.
func (p *pass) await(at uint32) error {
	p.clock = at
	if !p.paced {
		return p.ctx.Err()
	}
	select {
	case <-time.After(time.Until(p.begun.Add(time.Duration(at) * time.Millisecond))):
		return nil
	case <-p.ctx.Done():
		return p.ctx.Err()
	}
}

func (p *pass) params() screen.Params {
	return screen.Params{Captured: p.clock, Quality: p.Quality, Budget: p.Budget}
}

func (p *pass) update(f *messages, pic screen.Picture, damage []screen.Rect) error {
	return p.message(f, func(buf []byte) ([]byte, bool) { return p.encoder.Update(buf, pic, damage, p.params()) })
}

// message measures the making of one message, has it shown, and counts it.
func (p *pass) message(f *messages, encode func([]byte) ([]byte, bool)) error {
	var before, after runtime.MemStats
	if p.allocs {
		runtime.ReadMemStats(&before)
	}
	pprof.SetGoroutineLabels(p.encoding)
	begun := time.Now()
	msg, ok := encode(p.buf[:0])
	encoded := time.Now()
	pprof.SetGoroutineLabels(p.ctx)
	if p.allocs {
		runtime.ReadMemStats(&after)
		f.allocs = append(f.allocs, float64(after.Mallocs-before.Mallocs))
	} else {
		f.encode = append(f.encode, encoded.Sub(begun))
	}
	p.buf = msg
	if !ok {
		return nil
	}
	pprof.SetGoroutineLabels(p.decoding)
	begun = time.Now()
	res, err := p.decoder.Apply(msg)
	decoded := time.Now()
	pprof.SetGoroutineLabels(p.ctx)
	if err != nil || res.Verdict != screen.Applied {
		return fmt.Errorf("a viewer does not take update %d: verdict %d, %w", p.encoder.Seq(), res.Verdict, err)
	}
	if p.allocs {
		return p.ops.count(msg, f)
	}
	f.decode = append(f.decode, decoded.Sub(begun))
	return nil
}
