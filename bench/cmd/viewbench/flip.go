package main

import (
	"context"
	"math"
	"strconv"
	"time"

	"pindesk/bench/internal/result"
	"pindesk/bench/internal/scene"
)

// flip measures glass to glass: from a change in the X server to the page's own picture.
func (b *bench) flip(ctx context.Context) error {
	s, err := b.stimulus(ctx, "flip", "-n", strconv.Itoa(b.samples))
	if err != nil {
		return err
	}
	defer s.end()
	time.Sleep(settle / 2)
	if err := b.browser.Run("__probe.start('flip')"); err != nil {
		return err
	}
	time.Sleep(300 * time.Millisecond)
	m := b.meter(s)
	if err := s.begin(); err != nil {
		return err
	}
	_, drawn, err := s.until("freeze", time.Duration(b.samples)*time.Second+prepareTimeout)
	if err != nil {
		return err
	}
	load := m.Stop()
	time.Sleep(500 * time.Millisecond)
	notes, err := b.browser.Notes()
	if err != nil {
		return err
	}
	seen := match(drawn, notes.Flips, b.correction())
	var late []float64
	lost := 0
	for i, at := range seen {
		if math.IsNaN(at) {
			lost++
			continue
		}
		late = append(late, at-drawn[i].Milliseconds())
	}
	b.result.Flip = &result.Flip{Latency: result.Sum(late, lost), Frames: result.Round(notes.FramesPerSecond(), 1), Load: load}
	if b.trace != nil {
		if b.result.Flip.Stages, err = b.stages(drawn, seen); err != nil {
			return err
		}
	}
	return b.browser.Run("__probe.start('off')")
}

// early is how much before a drawing was confirmed it may be seen, in ms: the confirmation
// takes its time, and the clocks are not quite the same.
const early = 3

// match finds for each drawn flip when the page first showed its colour, before the next flip
// to the same colour was drawn. NaN: never, it is lost. Times are ms; correction is what the
// page's clock is ahead.
func match(drawn []scene.Event, shown [][2]float64, correction float64) []float64 {
	at := make([]float64, len(drawn))
	next := 0 // of shown
	for i, d := range drawn {
		at[i] = math.NaN()
		limit := math.Inf(1)
		if i+2 < len(drawn) {
			limit = drawn[i+2].Milliseconds()
		}
		for k := next; k < len(shown); k++ {
			t := shown[k][1] - correction
			if t >= limit {
				break
			}
			if int(shown[k][0]) == d.Colour && t >= d.Milliseconds()-early {
				at[i], next = t, k+1
				break
			}
		}
	}
	return at
}
