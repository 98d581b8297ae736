package presenter

import (
	"fmt"
	"runtime/debug"
	"slices"
	"testing"
	"time"

	"pindesk/internal/screen"
)

func median(d []time.Duration) time.Duration {
	if len(d) == 0 {
		return time.Hour
	}
	s := slices.Sorted(slices.Values(d))
	return s[len(s)/2]
}

// raced: the race detector, which makes pixels ten times as slow, is on. It has nothing to find
// here: a simulation is one goroutine.
var raced = func() bool {
	info, _ := debug.ReadBuildInfo()
	return info != nil && slices.Contains(info.Settings, debug.BuildSetting{Key: "-race", Value: "true"})
}()

func TestSlowLinks(t *testing.T) {
	cases := []struct {
		kbit, ms int
		loss     float64
		film     bool
		beyond   time.Duration // what a click may take beyond the round trip
		updates  int           // a second, at least
	}{
		{100_000, 2, 0, true, 80 * time.Millisecond, 25},
		{10_000, 50, 0, false, 120 * time.Millisecond, 19},
		{10_000, 50, 0, true, 120 * time.Millisecond, 15},
		{2_000, 150, 0.01, false, 200 * time.Millisecond, 15},
		{2_000, 150, 0.01, true, 200 * time.Millisecond, 8},
		{1_000, 300, 0, true, 200 * time.Millisecond, 8},
		{300, 80, 0, true, 200 * time.Millisecond, 8},
		{100, 80, 0, false, 600 * time.Millisecond, 3},
	}
	if raced {
		cases = cases[len(cases)-1:]
	}
	for _, c := range cases {
		name := fmt.Sprintf("%d kbit/s, %d ms, loss %v", c.kbit, c.ms, c.loss)
		if c.film {
			name += ", film"
		}
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			rtt := time.Duration(c.ms) * time.Millisecond
			m, v := simulate(t, float64(c.kbit)*125, rtt, c.loss)
			for began := m.now; v.catching || v.applied == 0 || !v.exact(m.desk); m.steps(10) {
				if took := m.now.Sub(began); took > 2*time.Second+time.Duration(6e9/c.kbit)*time.Microsecond {
					t.Fatalf("not exact %v after the join", took)
				}
			}
			m.run(2*time.Second+10*rtt, c.film, true, true) // it finds out what the link carries
			m.waits, v.slowest, v.applied = nil, 0, 0
			m.run(4*time.Second, c.film, true, true)
			first, slowest := m.waits, v.slowest
			m.waits = nil
			m.run(4*time.Second, c.film, true, true)
			slowest = max(slowest, v.slowest)
			rate := m.s.p.streams[0].pace.flow.rate
			t.Logf("clicks %v, then %v; slowest message %v; %d updates/s; rate %.0f of %.0f bytes/s, rtt %v, quality %d",
				median(first), median(m.waits), slowest, v.applied/8, rate, m.down.rate, m.s.p.streams[0].pace.flow.rtt, qualities[m.s.p.streams[0].pace.quality])
			limit := rtt + c.beyond
			if median(first) > limit || median(m.waits) > limit {
				t.Errorf("a click is seen after %v, later after %v; want %v", median(first), median(m.waits), limit)
			}
			if median(m.waits) > median(first)+100*time.Millisecond {
				t.Errorf("latency grows: %v, then %v", median(first), median(m.waits))
			}
			if v.applied/8 < c.updates {
				t.Errorf("%d updates a second, want %d", v.applied/8, c.updates)
			}
			for still := m.now; !v.exact(m.desk); m.steps(10) {
				if took := m.now.Sub(still); took > time.Second+time.Duration(6e9/c.kbit)*time.Microsecond {
					t.Fatalf("not exact %v after the end", took)
				}
			}
		})
	}
}

// TestAfterTyping: what was measured while hardly anything was sent, or while the page was busy,
// must not keep what then changes from becoming exact soon.
func TestAfterTyping(t *testing.T) {
	changes := map[string]func(*desk){
		"text": func(d *desk) {
			d.each(screen.Rect{W: 800, H: 600}, func(int, int) uint32 { return uint32(d.rnd.IntN(4)/3) * 0xffffff })
		},
		"photo":  func(d *desk) { d.each(screen.Rect{W: 800, H: 600}, d.grain(5)) },
		"resize": (*desk).resize,
	}
	cases := []struct {
		kbit, ms int
		busy     time.Duration // of the page
		limit    time.Duration
	}{
		{1_000_000, 0, 0, time.Second},
		{1_000_000, 0, 250 * time.Millisecond, time.Second},
		{100_000, 20, 0, time.Second},
		{100_000, 20, 250 * time.Millisecond, time.Second},
		{20_000, 80, 0, time.Second},
		{300, 80, 0, 12 * time.Second},
	}
	minutes := 3
	if raced {
		cases, minutes = cases[1:2], 1
	}
	for _, c := range cases {
		for name, change := range changes {
			t.Run(fmt.Sprintf("%s, %d kbit/s, %d ms, busy for %v", name, c.kbit, c.ms, c.busy), func(t *testing.T) {
				t.Parallel()
				m, v := simulate(t, float64(c.kbit)*125, time.Duration(c.ms)*time.Millisecond, 0)
				for v.catching || v.applied == 0 || !v.exact(m.desk) {
					m.steps(10)
				}
				v.busy = c.busy
				for i := range minutes * 600 {
					m.desk.typing(i)
					m.steps(100)
				}
				before, began, applied := m.s.p.streams[0].pace.flow.rate, m.now, v.applied
				change(m.desk)
				for m.steps(2); m.now.Sub(began) < c.limit && !v.exact(m.desk); {
					m.steps(5)
				}
				t.Logf("rate %.0f, %v later %.0f; %d updates", before, m.now.Sub(began), m.s.p.streams[0].pace.flow.rate, v.applied-applied)
				if !v.exact(m.desk) {
					t.Errorf("not exact %v after the change", c.limit)
				}
			})
		}
	}
}
