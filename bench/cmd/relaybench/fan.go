package main

import (
	"context"
	"errors"
	"io"
	"runtime"
	"slices"
	"time"

	"pindesk/bench/internal/procstat"
	"pindesk/bench/internal/result"
)

// fanner is an adapter that can give one presenter several viewers.
type fanner interface {
	fan(viewers int) (presenter io.WriteCloser, all []io.ReadCloser, err error)
}

// fanRounds is how often the loads with and without a frozen viewer are run, in turn.
const fanRounds = 3

// fan measures one presenter with many viewers, and what one that reads nothing changes for
// the others.
func (l *loader) fan(ctx context.Context, viewers int) (*result.Fan, error) {
	f, ok := l.adapter.(fanner)
	if !ok {
		return nil, errors.New("this adapter has one viewer a presenter")
	}
	r := &result.Fan{Viewers: viewers, Cores: runtime.NumCPU()}
	var calm, frozen, onTime []float64
	for range fanRounds {
		for _, freeze := range []bool{false, true} {
			if ctx.Err() != nil {
				return nil, context.Cause(ctx)
			}
			procstat.WaitQuiet(l.quiet)
			p99, share, err := l.fanOnce(f, viewers, freeze)
			if err != nil {
				return nil, err
			}
			onTime = append(onTime, share)
			if freeze {
				frozen = append(frozen, p99)
			} else {
				calm = append(calm, p99)
			}
		}
	}
	r.P99, r.P99Frozen, r.OnTime = middle(calm), middle(frozen), slices.Min(onTime)
	return r, nil
}

func middle(list []float64) float64 {
	slices.Sort(list)
	return list[len(list)/2]
}

// fanOnce is one load. The last viewer is the frozen one; its frames are not counted.
func (l *loader) fanOnce(f fanner, viewers int, freeze bool) (p99, onTime float64, err error) {
	presenter, all, err := f.fan(viewers)
	if err != nil {
		return 0, 0, err
	}
	closeFan := func() {
		_ = presenter.Close() // the relay may have closed them before
		for _, v := range all {
			_ = v.Close()
		}
	}
	defer closeFan()
	watching := all
	if freeze {
		watching = all[:len(all)-1]
	}
	g := newGenerator(l.options, len(watching))
	g.due = len(watching) * int((l.length+g.step-1)/g.step) // all show the same frames
	g.start = time.Now().Add(200 * time.Millisecond)
	g.end = g.start.Add(l.length)
	for i, v := range watching {
		g.work.Go(func() { g.view(i, v) })
	}
	g.work.Go(func() { g.present(0, presenter) })
	time.Sleep(time.Until(g.end))
	closeFan()
	g.work.Wait()
	late := g.lateness()
	if len(late) == 0 {
		return 0, 0, errors.New("no frame arrived")
	}
	return result.Round(late[(len(late)-1)*99/100], 2), result.Round(float64(len(late))/float64(g.due), 4), nil
}

// fan opens one session with so many viewers, all of them live.
func (o *ours) fan(viewers int) (io.WriteCloser, []io.ReadCloser, error) {
	pin, err := o.api.Session()
	if err != nil {
		return nil, nil, err
	}
	c, err := o.api.Join(pin, "presenter")
	if err != nil {
		return nil, nil, err
	}
	p := &presenter{c: c, done: make(chan struct{})}
	go p.serve()
	var all []io.ReadCloser
	for range viewers {
		c, err := o.api.Join(pin, "viewer")
		if err == nil {
			v := &viewer{c: c}
			all = append(all, v)
			err = v.untilLive()
		}
		if err != nil {
			_ = p.Close()
			for _, v := range all {
				_ = v.Close()
			}
			return nil, nil, err
		}
	}
	return p, all, nil
}
