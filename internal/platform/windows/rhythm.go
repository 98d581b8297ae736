package windows

import "time"

// How often the desktop is looked at: Windows does not say when something was drawn.
const (
	looksFast  = 25 * time.Millisecond  // while something changes
	looksCalm  = 60 * time.Millisecond  // after calmAfter without a change
	looksIdle  = 250 * time.Millisecond // while nobody grabs
	calmAfter  = 2 * time.Second
	idleAfter  = time.Second
	looksShare = 4 // a look may take one part in so many of the time
)

// rhythm decides when to look again.
type rhythm struct {
	changed time.Time     // something had
	grabbed time.Time     // last
	cost    time.Duration // of a look, smoothed
}

// look notes one.
func (r *rhythm) look(now time.Time, took time.Duration, changed bool) {
	r.grabbed = now
	if changed {
		r.changed = now
	}
	r.cost += (took - r.cost) / 4
}

// pause is how long to wait before the next one.
func (r *rhythm) pause(now time.Time) time.Duration {
	switch {
	case now.Sub(r.grabbed) > idleAfter:
		return looksIdle
	case now.Sub(r.changed) > calmAfter:
		return max(looksCalm, looksShare*r.cost)
	}
	return max(looksFast, looksShare*r.cost)
}
