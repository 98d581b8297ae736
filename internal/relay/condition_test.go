package relay

import (
	"testing"

	"pindesk/internal/wire"
)

// What stands in the way at the presenter is told to all, those that come later included, until it does no
// more or another attach says anew.
func TestCondition(t *testing.T) {
	bubble(t, func(t *testing.T) {
		w := newWorld(t)
		p, v := w.presenter(1), w.viewer(1, 1)
		says := func(c wire.Condition) { p.control(wire.Control{Type: wire.TypeCondition, Condition: c}) }
		want := func(what string, c wire.Condition, all ...*peer) {
			t.Helper()
			for _, v := range all {
				if got := v.state().Presenter.Condition; got != c {
					t.Errorf("%s: %q, want %q", what, got, c)
				}
			}
		}
		want("at first", wire.ConditionFree, v)
		says(wire.ConditionLocked)
		later := w.viewer(2, 1)
		want("locked", wire.ConditionLocked, v, later)
		says("<b>made up</b>")
		want("one that nobody knows", wire.ConditionFree, v, later)
		says(wire.ConditionElevated)
		v.control(wire.Control{Type: wire.TypeCondition, Condition: wire.ConditionSecure})
		want("a viewer's word", wire.ConditionElevated, v, later)
		says(wire.ConditionFree)
		want("over", wire.ConditionFree, v, later)
		says(wire.ConditionSecure)
		w.join(Party{Epoch: 2, Resumed: true})
		want("attached anew", wire.ConditionFree, later)
	})
}
