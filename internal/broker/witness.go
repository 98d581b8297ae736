package broker

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"pindesk/internal/audit"
	"pindesk/internal/relay"
)

const (
	// witnessQueue is how many happenings of the relay may wait for the database: some seconds
	// of a busy node. Beyond it they are counted, and the count is written.
	witnessQueue = 4096
	witnessBatch = 256
	witnessAgain = time.Second // after a database that failed
)

// witness writes what the relay sees into the sessions' logs. The relay never waits for it.
type witness struct {
	note  func(ctx context.Context, sessionID string, all ...audit.Note) error
	log   *slog.Logger
	clock func() time.Time
	queue chan relay.Event

	mu   sync.Mutex
	lost map[string]int // happenings that found the queue full, by session; guarded by mu
}

func newWitness(note func(context.Context, string, ...audit.Note) error, clock func() time.Time, log *slog.Logger) *witness {
	return &witness{note: note, log: log, clock: clock, queue: make(chan relay.Event, witnessQueue), lost: map[string]int{}}
}

// see is the relay's observer.
func (w *witness) see(e relay.Event) {
	e.At = w.clock() // that of the other events, which may not be this machine's
	select {
	case w.queue <- e:
	default:
		w.mu.Lock()
		w.lost[e.Session]++
		w.mu.Unlock()
	}
}

// run writes until ctx is done and then what is left, for at most workTimeout: end it after the
// relay has ended.
func (w *witness) run(ctx context.Context) {
	for {
		select {
		case e := <-w.queue:
			w.write(ctx, w.batch(e))
		case <-ctx.Done():
			last, cancel := context.WithTimeout(context.WithoutCancel(ctx), workTimeout)
			defer cancel()
			for {
				select {
				case e := <-w.queue:
					w.write(last, w.batch(e))
				default:
					w.write(last, nil)
					return
				}
			}
		}
	}
}

// batch takes what waits behind e, in the order in which it was seen.
func (w *witness) batch(e relay.Event) []relay.Event {
	all := []relay.Event{e}
	for len(all) < witnessBatch {
		select {
		case e := <-w.queue:
			all = append(all, e)
		default:
			return all
		}
	}
	return all
}

// write adds each session's part to its log, and then what was lost meanwhile.
func (w *witness) write(ctx context.Context, all []relay.Event) {
	notes, order := map[string][]audit.Note{}, []string(nil)
	for _, e := range all {
		if notes[e.Session] == nil {
			order = append(order, e.Session)
		}
		notes[e.Session] = append(notes[e.Session], audit.Note{At: e.At, Type: audit.Type(e.What),
			Data: audit.Data{Viewer: e.Viewer, Name: e.Name, Right: e.Right,
				File: e.File, Size: e.Size, Upward: e.Up, Reason: e.Reason}})
	}
	for _, id := range order {
		w.insist(ctx, id, notes[id])
	}
	w.mu.Lock()
	lost := w.lost
	w.lost = map[string]int{}
	w.mu.Unlock()
	for id, n := range lost {
		w.log.Error("happenings came faster than the database took them", "session", id, "lost", n)
		w.insist(ctx, id, []audit.Note{{At: w.clock(), Type: audit.Lost, Data: audit.Data{Count: n}}})
	}
}

// insist writes until it has succeeded; the queue is the patience.
func (w *witness) insist(ctx context.Context, sessionID string, notes []audit.Note) {
	for {
		err := w.note(ctx, sessionID, notes...)
		if err == nil {
			return
		}
		w.log.Error("a session's log could not be written", "session", sessionID, "events", len(notes), "err", err)
		select {
		case <-time.After(witnessAgain):
		case <-ctx.Done():
			return
		}
	}
}
