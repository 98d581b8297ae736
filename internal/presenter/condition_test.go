package presenter

import (
	"testing"
	"testing/synctest"

	"pindesk/internal/wire"
)

// The relay is told what stands in the way when it changes, and not twice; the next one, in its welcome.
func TestCondition(t *testing.T) {
	inRoom(t, Ask, func(r *room) {
		for _, c := range []wire.Condition{wire.ConditionLocked, wire.ConditionFree, wire.ConditionElevated} {
			if err := r.s.conditionIs(c); err != nil {
				t.Fatal(err)
			}
			synctest.Wait()
			if got := r.last(wire.TypeCondition); got.Type != wire.TypeCondition || got.Condition != c {
				t.Errorf("told %+v, want %q", got, c)
			}
		}
	})
}
