package presenter

import (
	"context"
	"log/slog"
	"sync/atomic"
	"time"

	"pindesk/internal/screen"
	"pindesk/internal/wire"
)

// silence is how long a viewer that holds something down may say nothing.
const silence = 2 * time.Second

// inputQueue bounds the events that wait for a slow desktop; more are dropped, and what is
// held down is released by silence at the latest.
const inputQueue = 512

// job is one input message on its way to the desktop.
type job struct {
	viewer uint16
	epoch  uint16
	stream uint8
	layout uint16
	seq    uint32
	events []wire.Event
	clip   string // for the clipboard; "" if there are events
}

// injection is the one goroutine that puts input into the desktop.
type injection struct {
	to     Injector
	grants *grants
	log    *slog.Logger
	jobs   chan job
	kick   chan struct{} // capacity 1: grants have changed
	places places        // of the pictures that input is for
	clips  *clips

	// injected is the newest input that is in the desktop: viewer<<32 | seq.
	injected atomic.Uint64

	// Owned by run.
	holder  uint16              // whose input was injected last
	holding map[heldKey]bool    // down now
	heard   time.Time           // last message of holder
	seen    map[uint16]inputSeq // newest input of each viewer
}

// heldKey is a key by its code, or a button.
type heldKey struct {
	code   string
	button wire.Button
}

// inputSeq is a viewer's counter, which starts anew with each of its sockets; the relay's
// count of those starts anew with the relay, but never within an epoch.
type inputSeq struct {
	epoch  uint16
	attach uint32
	seq    uint32
}

func newInjection(to Injector, clips *clips, g *grants, log *slog.Logger) *injection {
	return &injection{to: to, clips: clips, grants: g, log: log, jobs: make(chan job, inputQueue), kick: make(chan struct{}, 1),
		places: places{of: map[uint8]place{}}, holding: map[heldKey]bool{}, seen: map[uint16]inputSeq{}}
}

// submit takes the events of one message, or a text. It never waits.
func (i *injection) submit(j job) {
	if j.clip != "" && !i.clips.take(j.clip) {
		return
	}
	select {
	case i.jobs <- j:
	default:
		i.clips.in.Add(-int64(len(j.clip)))
		i.log.Warn("the desktop takes input too slowly, some was dropped")
	}
}

// check makes run look whether the holder may still hold what it holds.
func (i *injection) check() {
	select {
	case i.kick <- struct{}{}:
	default:
	}
}

// newest returns the newest injected input of a viewer, 0 if another's was later.
func (i *injection) newest(viewer uint16) uint32 {
	if n := i.injected.Load(); uint16(n>>32) == viewer {
		return uint32(n)
	}
	return 0
}

func (i *injection) run(ctx context.Context) {
	t := time.NewTicker(silence / 4)
	defer t.Stop()
	defer i.release("sharing has ended")
	for {
		select {
		case <-ctx.Done():
			return
		case j := <-i.jobs:
			i.inject(j)
		case <-i.kick:
			if _, ok := i.grants.mayControl(i.holder); !ok {
				i.release("control has ended")
			}
		case now := <-t.C:
			if len(i.holding) > 0 && now.Sub(i.heard) > silence {
				i.release("the viewer is silent")
			}
		}
	}
}

func (i *injection) inject(j job) {
	defer i.clips.in.Add(-int64(len(j.clip)))
	attach, ok := i.grants.mayControl(j.viewer)
	if !ok {
		return
	}
	last := i.seen[j.viewer]
	if last.epoch == j.epoch && last.attach == attach && int32(j.seq-last.seq) <= 0 {
		return // came already, by another path
	}
	i.seen[j.viewer] = inputSeq{j.epoch, attach, j.seq}
	if i.holder != j.viewer {
		i.release("another viewer controls")
		i.holder = j.viewer
	}
	i.clips.passTo(j.viewer)
	i.heard = time.Now()
	if j.clip != "" {
		i.clips.write(j.viewer, j.clip)
	}
	area, present := i.places.find(j.stream, j.layout)
	for _, e := range j.events {
		for more := true; more; {
			var now wire.Event
			now, e, more = cutText(e)
			// A long message must not outlive the right to send it.
			if _, ok := i.grants.mayControl(j.viewer); !ok {
				return
			}
			if err := i.event(now, area, present); err != nil {
				i.log.Warn("input could not be injected", "err", err)
			}
		}
	}
	i.injected.Store(uint64(j.viewer)<<32 | uint64(j.seq))
}

// textPiece is how many characters are typed before the grants are looked at again: a
// desktop may take 15 ms for each.
const textPiece = 32

// cutText returns the first piece of an event, and the rest if there is more of it.
func cutText(e wire.Event) (first, rest wire.Event, more bool) {
	n := 0
	for at := range e.Text {
		if n == textPiece {
			first, rest = e, e
			first.Text, rest.Text = e.Text[:at], e.Text[at:]
			return first, rest, true
		}
		n++
	}
	return e, wire.Event{}, false
}

// event injects one event. area is where the picture that it was made on is; present says that it
// still is, without which pointer input is for something that may be elsewhere now.
func (i *injection) event(e wire.Event, area screen.Rect, present bool) error {
	switch e.Type {
	case wire.EventMove:
		if present {
			return i.to.Move(area.X+min(e.X, area.W-1), area.Y+min(e.Y, area.H-1))
		}
	case wire.EventButton:
		k := heldKey{button: e.Button}
		if e.Down && !present {
			return nil
		}
		if !e.Down && !i.holding[k] {
			return nil // already released
		}
		i.hold(k, e.Down)
		return i.to.Button(e.Button, e.Down)
	case wire.EventWheel:
		if present {
			return i.to.Wheel(e.DX, e.DY)
		}
	case wire.EventKey:
		k := heldKey{code: e.Code}
		if !e.Down && !i.holding[k] {
			return nil
		}
		i.hold(k, e.Down)
		return i.to.Key(e)
	case wire.EventText:
		return i.to.Text(e.Text)
	}
	return nil
}

func (i *injection) hold(k heldKey, down bool) {
	if down {
		i.holding[k] = true
	} else {
		delete(i.holding, k)
	}
}

// release lets go of all keys and buttons.
func (i *injection) release(why string) {
	if len(i.holding) == 0 {
		return
	}
	clear(i.holding)
	i.log.Debug("released what was held down", "why", why)
	if err := i.to.ReleaseAll(); err != nil {
		i.log.Warn("keys could not be released", "err", err)
	}
}
