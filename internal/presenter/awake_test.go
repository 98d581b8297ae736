package presenter

import (
	"testing"
	"time"

	"pindesk/internal/wire"
)

type waker int

func (w *waker) KeepAwake() { *w++ }

// The desktop is kept awake while somebody sees it, not more often than it needs, and not for who waits or has gone.
func TestKeepAwake(t *testing.T) {
	var awake waker
	inRoom(t, Ask, func(r *room) {
		begun := time.Now()
		pump := func(after time.Duration) (wait time.Duration) {
			t.Helper()
			r.s.dirty = false
			wait, err := r.s.pump(begun.Add(after))
			if err != nil {
				t.Fatal(err)
			}
			return wait
		}
		pump(0)
		pump(time.Hour)
		if awake != 0 {
			t.Error("kept awake for nobody")
		}
		r.s.grant(1, rights{view: true})
		if wait := pump(time.Hour); awake != 1 || wait > awakeEvery {
			t.Errorf("somebody sees it: %d times, then after %v", awake, wait)
		}
		if wait := pump(time.Hour + awakeEvery - time.Second); awake != 1 || wait > time.Second {
			t.Errorf("before it is time: %d times, then after %v", awake, wait)
		}
		pump(time.Hour + awakeEvery)
		r.state[1] = wire.ViewerState{Viewer: 1, Name: "A"}
		r.tell()
		pump(2 * time.Hour)
		if awake != 2 {
			t.Errorf("in the end %d times", awake)
		}
	}, func(c *Config) { c.Waker, c.Screen = &awake, stillScreen{} })
}

// stillScreen shows nothing new, ever.
type stillScreen struct{ noScreen }

func (stillScreen) Cursor() (wire.Cursor, uint32, error) { return wire.Cursor{}, 1, nil }
func (stillScreen) Pointer() (x, y int, err error)       { return 0, 0, nil }
