package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"pindesk/internal/platform"
	"pindesk/internal/recording"
	"pindesk/internal/screen"
)

type record struct {
	Display string        `help:"X display, such as :0 (default: $DISPLAY)." placeholder:":N"`
	For     time.Duration `help:"How long." default:"20s"`
	FPS     int           `name:"fps" help:"Frames a second at most; 83 is what the presenter captures at most." default:"83"`
	File    string        `arg:"" help:"The recording; it is overwritten."`
}

// Run records with the capturer of the presenter, which is asked in the same way: when it says
// that something has changed, but not too often.
func (c *record) Run(ctx context.Context) (err error) {
	if c.FPS < 1 || c.FPS > 1000 {
		return fmt.Errorf("--fps %d: 1 to 1000", c.FPS)
	}
	capturer, injector, err := platform.Open(ctx, platform.Config{Display: c.Display})
	if err != nil {
		return err
	}
	defer capturer.Close()
	defer injector.Close()
	file, err := os.Create(c.File)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, file.Close()) }()
	out := bufio.NewWriter(file)
	frames, err := c.film(ctx, capturer, out)
	if err := errors.Join(err, out.Flush()); err != nil {
		return err
	}
	info, err := file.Stat()
	if err != nil {
		return err
	}
	w, h := capturer.Size()
	fmt.Printf("%s: %d frames of %dx%d, %d bytes\n", c.File, frames, w, h, info.Size())
	return nil
}

// film writes the recording and counts its frames.
func (c *record) film(ctx context.Context, capturer platform.Capturer, out *bufio.Writer) (frames int, err error) {
	ctx, cancel := context.WithTimeout(ctx, c.For)
	defer cancel()
	begun := time.Now()
	var w *recording.Writer
	var width, height int
	var damage []recording.Rect
	pause := time.NewTicker(time.Second / time.Duration(c.FPS))
	defer pause.Stop()
	for {
		pic, rects, err := capturer.Grab()
		if err != nil {
			return frames, err
		}
		if w == nil {
			width, height = pic.W, pic.H
			if w, err = recording.NewWriter(out, width, height); err != nil {
				return 0, err
			}
		}
		if pic.W != width || pic.H != height {
			fmt.Fprintf(os.Stderr, "screenrec: the screen is %dx%d now: the recording of %dx%d ends here\n", pic.W, pic.H, width, height)
			return frames, w.Close()
		}
		if len(rects) > 0 {
			if err := w.Frame(time.Since(begun), pic.Pix, pic.Stride, rectsOf(damage[:0], rects)); err != nil {
				return frames, err
			}
			frames++
		}
		// As in the presenter, what changes in the pause is captured after it, all at once.
		if !wait(ctx, capturer.Changed()) || !wait(ctx, pause.C) {
			return frames, w.Close()
		}
	}
}

// wait returns false when ctx ends first.
func wait[T any](ctx context.Context, c <-chan T) bool {
	select {
	case <-c:
		return true
	case <-ctx.Done():
		return false
	}
}

func rectsOf(list []recording.Rect, rects []screen.Rect) []recording.Rect {
	for _, r := range rects {
		list = append(list, recording.Rect(r))
	}
	return list
}
