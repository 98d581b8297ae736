package presenter

import (
	"fmt"
	"math"
	"testing"
	"time"

	"pindesk/internal/screen"
	"pindesk/internal/wire"
)

// halves is a desk of two monitors side by side.
type halves struct{ *desk }

func (h halves) Monitors() []wire.Monitor {
	return []wire.Monitor{{Name: "left", W: 400, H: 600}, {Name: "right", X: 400, W: 400, H: 600}}
}

// gather has a viewer of each half, behind one uplink; their ways back are free.
func gather(t *testing.T, rate float64, rtt time.Duration) *simulation {
	t.Helper()
	d := newDesk()
	m := newSimulation(t, d, halves{d}, rate, rtt, 0)
	m.up.rate = math.Inf(1)
	var all []*watcher
	for _, half := range m.s.p.monitors.list {
		all = append(all, &watcher{stream: half.Stream, area: screen.Rect{X: half.X, Y: half.Y, W: half.W, H: half.H}})
	}
	m.join(all...)
	return m
}

func (m *simulation) untilExact(limit time.Duration, what string) {
	m.t.Helper()
	a, b := m.watchers[0], m.watchers[1]
	for began := m.now; !a.exact(m.desk) || !b.exact(m.desk); {
		if m.now.Sub(began) > limit {
			m.t.Fatalf("not exact %v after %s: %v, %v", limit, what, a.exact(m.desk), b.exact(m.desk))
		}
		m.steps(10)
	}
}

// TestStreamsShareTheUplink: films on both monitors, each of which could fill the way alone, do not
// make clicks slow.
func TestStreamsShareTheUplink(t *testing.T) {
	cases := []struct{ kbit, ms int }{{1_000, 100}, {400, 80}}
	steps := 8000
	if raced {
		cases, steps = cases[1:], 4000
	}
	for _, c := range cases {
		t.Run(fmt.Sprintf("%d kbit/s, %d ms", c.kbit, c.ms), func(t *testing.T) {
			t.Parallel()
			rtt := time.Duration(c.ms) * time.Millisecond
			m := gather(t, float64(c.kbit)*125, rtt)
			left, right := m.watchers[0], m.watchers[1]
			m.untilExact(3*time.Second+time.Duration(8e9/c.kbit)*time.Microsecond, "the join")
			var waits []time.Duration
			var clicked time.Time
			seen := left.applied
			leftFilm, rightFilm := screen.Rect{Y: 160, W: 200, H: 120}, screen.Rect{X: 420, Y: 40, W: 120, H: 120}
			for i := range steps {
				if i%40 == 0 {
					m.desk.each(leftFilm, m.desk.grain(i))
					m.desk.each(rightFilm, m.desk.grain(i))
				}
				if clicked.IsZero() && i%500 == 0 {
					m.desk.click()
					clicked = m.now
				}
				m.step()
				if !clicked.IsZero() && right.square() == m.desk.square {
					if i > steps/3 {
						waits = append(waits, m.now.Sub(clicked))
					}
					clicked = time.Time{}
				}
			}
			t.Logf("a click is seen after %v; the film at %d updates/s", median(waits), 1000*(left.applied-seen)/steps)
			if len(waits) < 4 || median(waits) > rtt/2+150*time.Millisecond {
				t.Errorf("%d clicks were seen, in the median after %v; want %v", len(waits), median(waits), rtt/2+150*time.Millisecond)
			}
			if 1000*(left.applied-seen) < 3*steps {
				t.Errorf("the film's viewer got %d updates in %d ms", left.applied-seen, steps)
			}
			m.untilExact(time.Second+time.Duration(8e9/c.kbit)*time.Microsecond, "the end")
		})
	}
}
