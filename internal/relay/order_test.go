package relay

import (
	"testing"

	"pindesk/internal/wire"
)

// A viewer that waits for the presenter is known to it by name before its wish comes: the
// guest is asked about somebody.
func TestPresenterLearnsWhoWaitsBeforeTheWish(t *testing.T) {
	bubble(t, func(t *testing.T) {
		w := newWorld(t)
		v := w.viewer(1, 0)
		v.control(wire.Control{Type: wire.TypeAsk})
		p := w.presenter(1)
		var order []string
		p.c.mu.Lock()
		for _, m := range p.c.got {
			if h, body, _ := wire.ParseHeader(m); h.Kind == wire.KindControl {
				c, _ := wire.ParseControl(body)
				order = append(order, c.Type)
			}
		}
		p.c.mu.Unlock()
		if len(order) != 3 || order[0] != wire.TypeWelcome || order[1] != wire.TypeState || order[2] != wire.TypeAsk {
			t.Errorf("the presenter was told %q, want welcome, state, ask", order)
		}
	})
}
