package screen

import (
	"bufio"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"pindesk/internal/recording"
)

// film lets a recorded screen be the scene of a world.
type film struct {
	w     *world
	r     *recording.Reader
	left  int           // frames that may still be shown
	at    time.Duration // of the frame shown last
	ended bool
}

// openFilm goes to frame first of a recording and lets frames follow. The world's scene gets the
// recording's size.
func openFilm(w *world, path string, first, frames int) *film {
	w.t.Helper()
	file, err := os.Open(path)
	if err != nil {
		w.t.Fatal(err)
	}
	r, err := recording.NewReader(bufio.NewReader(file))
	if err != nil {
		w.t.Fatalf("%s: %v", path, err)
	}
	w.t.Cleanup(func() {
		r.Close()
		if err := file.Close(); err != nil {
			w.t.Error(err)
		}
	})
	f := &film{w: w, r: r, left: first + 1 + frames}
	width, height := r.Size()
	w.scene = &scene{rnd: w.rnd}
	w.scene.pic.resize(width, height)
	for range first + 1 {
		f.next()
	}
	if f.ended {
		w.t.Fatalf("%s has no %d frames", path, first+1)
	}
	w.change = f.next
	return f
}

// next shows the next frame, as the capturer delivered it: its damage may be wider than what has
// changed. The world's clock moves as it did then, but never by long.
func (f *film) next() {
	frame, err := f.r.Next()
	if f.left--; f.left < 0 || errors.Is(err, io.EOF) {
		f.ended = true
		return
	}
	if err != nil {
		f.w.t.Fatal(err)
	}
	const longest = 300 * time.Millisecond // lossy tiles are quiet long before
	f.w.clock += uint32(min(frame.At-f.at, longest).Milliseconds())
	f.at = frame.At
	s := f.w.scene
	shown := Picture{W: s.pic.W, H: s.pic.H, Stride: 4 * s.pic.W, Pix: f.r.Picture()}
	for _, d := range frame.Damage {
		r := Rect(d)
		s.pic.copyRect(&shown, r)
		for y := r.Y; y < r.Y+r.H; y++ { // capturers leave anything in X
			s.pic.row(r.X, y, r.W)[3] = byte(s.rnd.Uint32())
		}
		s.damage = append(s.damage, r)
	}
}

// play lets all that can happen to viewers happen while the film is shown, with some times in
// which nothing changes and all must become exact.
func (f *film) play() {
	for !f.ended {
		for n := 5 + f.w.rnd.IntN(60); n > 0 && !f.ended; n-- {
			f.w.step()
		}
		f.w.still()
	}
}

// TestEveryViewerIsExactOnRecordedScreens is TestEveryViewerIsExact on what real programs have
// drawn: a part of each recording, or with PINDESK_LONG all of it, several times. The recordings
// follow each other in one world, so that the picture's size changes in between.
func TestEveryViewerIsExactOnRecordedScreens(t *testing.T) {
	files, err := filepath.Glob("testdata/recorded/*.rec")
	if err != nil || len(files) < 4 {
		t.Fatalf("recordings: %v, %v", files, err)
	}
	seeds, frames := uint64(1), 5
	if testLong {
		seeds, frames = 12, 1<<20
	}
	copies, catchUps := 0, 0
	seed := uint64(1)
	if *seedFlag != 0 {
		seed, seeds = *seedFlag, *seedFlag
	}
	for ; seed <= seeds; seed++ {
		t.Run(strconv.FormatUint(seed, 10), func(t *testing.T) {
			w := emptyWorld(t, seed)
			w.budget = 40_000 // these pictures are large
			for i, path := range files {
				first := 0
				if !testLong {
					first = w.rnd.IntN(25)
				}
				f := openFilm(w, path, first, frames)
				if i == 0 {
					w.populate()
				}
				f.play()
			}
			copies += w.copies
			catchUps += w.catchUps
		})
	}
	if copies == 0 || catchUps == 0 {
		t.Errorf("%d copies and %d catch-up messages: the recordings are too tame", copies, catchUps)
	}
}
