package pixels

import "time"

// How often the desktop is looked at, where the system does not say when something was drawn.
const (
	LooksFast  = 25 * time.Millisecond  // while something changes
	looksCalm  = 60 * time.Millisecond  // after calmAfter without a change
	looksIdle  = 250 * time.Millisecond // while nobody grabs
	calmAfter  = 2 * time.Second
	idleAfter  = time.Second
	looksShare = 4 // a look may take one part in so many of the time
)

// Rhythm decides when to look again.
type Rhythm struct {
	changed time.Time     // something had
	grabbed time.Time     // last
	cost    time.Duration // of a look, smoothed
}

// Look notes one.
func (r *Rhythm) Look(now time.Time, took time.Duration, changed bool) {
	r.grabbed = now
	if changed {
		r.changed = now
	}
	r.cost += (took - r.cost) / 4
}

// Pause is how long to wait before the next one.
func (r *Rhythm) Pause(now time.Time) time.Duration {
	switch {
	case now.Sub(r.grabbed) > idleAfter:
		return looksIdle
	case now.Sub(r.changed) > calmAfter:
		return max(looksCalm, looksShare*r.cost)
	}
	return max(LooksFast, looksShare*r.cost)
}
