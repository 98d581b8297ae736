package main

import (
	"context"
	"fmt"
	"image"
	"image/png"
	"os"
	"path/filepath"
	"time"

	"pindesk/bench/internal/browser"
	"pindesk/bench/internal/fidelity"
	"pindesk/bench/internal/result"
	"pindesk/bench/internal/scene"
	"pindesk/bench/internal/xdraw"
)

// workload measures one of scene.Works: bytes, CPU, the frames that the page showed, and how
// right its picture was when the last one showed, and 3 s later.
func (b *bench) workload(ctx context.Context, name string) error {
	s, err := b.stimulus(ctx, name, "-dur", b.length.String())
	if err != nil {
		return err
	}
	defer s.end()
	time.Sleep(settle)
	mode := "bar"
	if !b.pixels {
		mode = "off"
	}
	if err := b.browser.Run(fmt.Sprintf("__probe.start('%s', %d)", mode, s.frames%scene.Numbers)); err != nil {
		return err
	}
	time.Sleep(300 * time.Millisecond)
	m := b.meter(s)
	down, up := b.proxy.Down.Load(), b.proxy.Up.Load()
	if err := s.begin(); err != nil {
		return err
	}
	_, drawn, err := s.until("freeze", b.length+prepareTimeout)
	if err != nil {
		return err
	}
	w := result.Work{Load: m.Stop(), Drawn: len(drawn)}
	w.Down = result.Round(float64(b.proxy.Down.Load()-down)/w.Load.Seconds, 0)
	w.Up = result.Round(float64(b.proxy.Up.Load()-up)/w.Load.Seconds, 0)
	notes, err := b.pictures(name, &w)
	if err != nil {
		return err
	}
	frames(drawn, notes, b.correction(), &w)
	if b.trace != nil && len(drawn) > 0 {
		w.Sharp = result.Round(b.trace.sharp(drawn[len(drawn)-1].Milliseconds()), 1)
	}
	b.result.Works[name] = w
	return nil
}

// pictures compares the page's picture with the screen, as delivered and 3 s later.
func (b *bench) pictures(name string, w *result.Work) (notes browser.Notes, err error) {
	if b.pixels {
		_ = b.browser.Until("__probe.isKept()", settle) // else the picture is that after 3 s
	}
	if notes, err = b.browser.Notes(); err != nil {
		return notes, err
	}
	frozen, err := b.browser.Picture()
	if err != nil {
		return notes, err
	}
	if err := b.browser.Run("__probe.start('off')"); err != nil {
		return notes, err
	}
	time.Sleep(settle)
	settled, err := b.browser.Picture()
	if err != nil {
		return notes, err
	}
	screen, err := b.screenshot()
	if err != nil {
		return notes, err
	}
	area, _ := scene.Area(name)
	w.Frozen = fidelity.Compare(screen, frozen, area)
	w.Settled = fidelity.Compare(screen, settled, area)
	w.Screen = fidelity.Compare(screen, settled, screen.Bounds())
	for what, img := range map[string]image.Image{"screen": screen, "frozen": frozen, "settled": settled} {
		if err := store(filepath.Join(b.work, name+"-"+what+".png"), img); err != nil {
			return notes, err
		}
	}
	return notes, nil
}

func (b *bench) screenshot() (*image.RGBA, error) {
	d, err := xdraw.Open(b.peer.Display())
	if err != nil {
		return nil, err
	}
	defer d.Close()
	return d.Screenshot()
}

func store(path string, img image.Image) error {
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	defer f.Close()
	encoder := png.Encoder{CompressionLevel: png.BestSpeed}
	return encoder.Encode(f, img)
}

// frames counts the frames that the page showed and takes how late each was.
func frames(drawn []scene.Event, notes browser.Notes, correction float64, w *result.Work) {
	at := map[int]float64{}
	for _, e := range drawn {
		at[e.N%scene.Numbers] = e.Milliseconds()
	}
	var late []float64
	for _, f := range notes.Frames {
		if t, ok := at[int(f[0])]; ok {
			late = append(late, f[1]-correction-t)
			delete(at, int(f[0])) // a frame is seen once
		}
	}
	w.Seen = len(late)
	w.SeenPerS = result.Round(float64(w.Seen)/w.Load.Seconds, 1)
	w.Latency = result.Sum(late, w.Drawn-w.Seen)
	w.Frames = result.Round(notes.FramesPerSecond(), 1)
	w.Unread = notes.Unread
}
