package main

import (
	"context"
	"errors"
	"image"
	"time"

	"pindesk/bench/internal/party"
	"pindesk/bench/internal/result"
)

const (
	joinTimeout = 20 * time.Second
	// exactTimeout is how long after the last change all viewers may take to be exact.
	exactTimeout = 10 * time.Second
	// motion is what is drawn meanwhile: moves, new text, many colours.
	motion = "scroll,video"
)

// many lets viewers join the session beside the page, draws for a while, and looks whether each
// of them ends live and exact.
func (b *bench) many(ctx context.Context, n int) error {
	pin, err := b.peer.Expand("${PIN}")
	if err != nil {
		return errors.Join(errors.New("only PinDesk's sessions can be joined"), err)
	}
	relay, err := b.peer.Expand(b.peer.Relay)
	if err != nil {
		return err
	}
	client := party.NewClient(relay, n, joinTimeout)
	var all []*party.Watcher
	defer func() {
		for _, w := range all {
			w.Close()
		}
	}()
	for range n {
		w, err := client.Watch(pin)
		if err != nil {
			return err
		}
		all = append(all, w)
	}
	for _, name := range works(motion) {
		if err := b.once(ctx, name); err != nil {
			return err
		}
	}
	still := time.Now()
	r := &result.Many{Viewers: n}
	for {
		screen, err := b.screenshot()
		if err != nil {
			return err
		}
		r.Live, r.Exact, r.Resyncs = count(all, screen)
		if r.Live == n && r.Exact == n || time.Since(still) > exactTimeout || ctx.Err() != nil {
			break
		}
		time.Sleep(100 * time.Millisecond)
	}
	r.Took = result.Round(time.Since(still).Seconds(), 1)
	b.result.Many = r
	return ctx.Err()
}

func count(all []*party.Watcher, screen *image.RGBA) (live, exact, resyncs int) {
	for _, w := range all {
		is, n := w.Live()
		if is {
			live++
		}
		if w.Shows(screen) {
			exact++
		}
		resyncs += n
	}
	return live, exact, resyncs
}
