package main

import (
	"context"
	"time"

	"pindesk/bench/internal/fidelity"
	"pindesk/bench/internal/procstat"
	"pindesk/bench/internal/result"
	"pindesk/bench/internal/scene"
)

// soak puts a product through all workloads, one after the other, for a long time, and takes
// its memory after each turn. In the end its picture must be right.
func (b *bench) soak(ctx context.Context) error {
	s := &result.Soak{}
	begun := time.Now()
	for time.Since(begun) < b.soakLength {
		for _, name := range scene.Works() {
			if err := b.once(ctx, name); err != nil {
				return err
			}
			if err := b.peer.Alive(); err != nil {
				return err
			}
		}
		turn := result.Turn{At: result.Round(time.Since(begun).Seconds(), 0), MB: map[string]float64{}}
		roles := b.peer.Roles()
		roles["browser"] = []int{b.browser.Pid()}
		for role, pids := range roles {
			turn.MB[role] = result.Round(float64(procstat.Tree(pids...).PSS)/(1<<20), 1)
		}
		s.Turns = append(s.Turns, turn)
	}
	time.Sleep(settle)
	picture, err := b.browser.Picture()
	if err != nil {
		return err
	}
	screen, err := b.screenshot()
	if err != nil {
		return err
	}
	s.Screen = fidelity.Compare(screen, picture, screen.Bounds())
	b.result.Soak = s
	return nil
}

// once draws one workload without measuring it.
func (b *bench) once(ctx context.Context, name string) error {
	s, err := b.stimulus(ctx, name, "-dur", b.length.String())
	if err != nil {
		return err
	}
	defer s.end()
	if err := s.begin(); err != nil {
		return err
	}
	_, _, err = s.until("freeze", b.length+prepareTimeout)
	return err
}
