package relay

import (
	"slices"
	"testing"
	"testing/synctest"

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

// Of two sockets of one viewer the one with the later ticket stays, also if it came first.
func TestLaterTicketStays(t *testing.T) {
	bubble(t, func(t *testing.T) {
		w := newWorld(t)
		later := w.join(Party{Viewer: 1, Name: "eve", Order: 2})
		older := w.join(Party{Viewer: 1, Name: "eve", Order: 1})
		if older.c.code != wire.CloseReplaced || later.c.code != 0 {
			t.Errorf("the older socket ended with %d, the later one with %d", older.c.code, later.c.code)
		}
		newest := w.join(Party{Viewer: 1, Name: "eve", Order: 3})
		if later.c.code != wire.CloseReplaced || newest.c.code != 0 {
			t.Errorf("the earlier socket ended with %d, the newest with %d", later.c.code, newest.c.code)
		}
	})
}

// The cursor does not wait behind the updates that are queued, but stays behind what was said
// before them.
func TestCursorOvertakesPixels(t *testing.T) {
	bubble(t, func(t *testing.T) {
		w := newWorld(t)
		p, v := w.presenter(1), w.viewer(1, 1)
		p.grant(1, true, true)
		v.c.freeze(true)
		p.send(wire.KindUpdate, keyFrame|wire.FlagDone, 0, nil) // this one is on its way
		p.send(wire.KindUpdate, wire.FlagReset, 1, nil)
		p.send(wire.KindUpdate, 0, 2, nil)
		p.send(wire.KindPointer, 0, 0, wire.AppendPointer(nil, 3, 4))
		v.c.freeze(false)
		synctest.Wait()
		var order []wire.Kind
		for _, h := range v.take(wire.KindUpdate, wire.KindPointer) {
			order = append(order, h.Kind)
		}
		if want := []wire.Kind{wire.KindUpdate, wire.KindPointer, wire.KindUpdate, wire.KindUpdate}; !slices.Equal(order, want) {
			t.Errorf("the viewer got %v, want %v", order, want)
		}
	})
}
