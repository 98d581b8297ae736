package pixels

import (
	"testing"
	"time"
)

func TestRhythm(t *testing.T) {
	var r Rhythm
	now := time.Now()
	if got := r.Pause(now); got != looksIdle {
		t.Errorf("nobody has grabbed: %v", got)
	}
	r.Look(now, time.Millisecond, true)
	if got := r.Pause(now); got != LooksFast {
		t.Errorf("something changes: %v", got)
	}
	r.changed = now.Add(-2 * calmAfter)
	if got := r.Pause(now); got != looksCalm {
		t.Errorf("nothing changes: %v", got)
	}
	for range 50 {
		r.Look(now, 80*time.Millisecond, true)
	}
	if got := r.Pause(now); got < 3*80*time.Millisecond {
		t.Errorf("a look takes 80 ms, and the next one comes after %v", got)
	}
	if got := r.Pause(now.Add(2 * idleAfter)); got != looksIdle {
		t.Errorf("nobody grabs any more: %v", got)
	}
}
