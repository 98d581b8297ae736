package relay

import (
	"fmt"
	"slices"
	"testing"
	"testing/synctest"

	"pindesk/internal/wire"
)

// TestObserved follows what the observer is told, and that nothing is told twice.
func TestObserved(t *testing.T) {
	bubble(t, func(t *testing.T) {
		w := newWorld(t)
		var got []string
		w.h.observe = func(e Event) { // in the bubble all happens one after the other
			if e.Session == "" || e.At.IsZero() {
				t.Errorf("an event without its session or time: %+v", e)
			}
			got = append(got, fmt.Sprintf("%s %d %s", e.What, e.Viewer, e.Right))
		}
		want := func(what string, list ...string) {
			t.Helper()
			synctest.Wait()
			if !slices.Equal(got, list) {
				t.Errorf("%s: observed %q, want %q", what, got, list)
			}
			got = nil
		}
		p, a, b := w.presenter(1), w.viewer(1, 1), w.viewer(2, 1)
		want("joining is not the relay's to tell")
		a.control(wire.Control{Type: wire.TypeAsk})
		a.control(wire.Control{Type: wire.TypeAsk})
		want("a wish, uttered twice", "asked 1 view")
		p.grant(1, true, false)
		p.grant(1, true, false)
		want("a grant, given twice", "granted 1 view")
		b.control(wire.Control{Type: wire.TypeGrant, Viewer: 2, View: true, Control: true})
		want("a forged grant")
		a.control(wire.Control{Type: wire.TypeAsk, Control: true})
		p.grant(1, true, true)
		want("control", "asked 1 control", "granted 1 control")
		p.grant(2, true, true)
		want("control passed on", "granted 2 view", "granted 2 control", "passed_on 1 control")
		b.control(wire.Control{Type: wire.TypeYield})
		b.control(wire.Control{Type: wire.TypeYield})
		want("given back", "yielded 2 control")
		p.grant(1, true, true)
		p.grant(1, false, false)
		want("revoked", "granted 1 control", "revoked 1 view", "revoked 1 control")
		for range maxDenials {
			p.control(wire.Control{Type: wire.TypeRefuse, Viewer: 1, Control: true})
		}
		want("refused", "refused 1 control", "refused 1 control", "refused 1 control", "blocked 1 ")
		w.join(Party{Epoch: 2, Name: "another computer", Replaced: true})
		want("another presenter voids the grants", "revoked 2 view")
		b.control(wire.Control{Type: wire.TypeContinue, Epoch: 2})
		want("its person goes on", "continued 2 ")
	})
}
