package relay

import (
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"pindesk/internal/wire"
)

// A viewer that reads nothing but acks what still waits for it would make its queue grow
// without end, and the relay take updates away that are not there.
func TestAckOfWhatWasNotWritten(t *testing.T) {
	bubble(t, func(t *testing.T) {
		w := newWorld(t)
		p, lead, v := w.presenter(1), w.viewer(2, 1), w.viewer(1, 1)
		p.grant(2, true, true)
		p.grant(1, true, false)
		p.send(wire.KindUpdate, keyFrame|wire.FlagDone, 0, nil)
		lead.ack(0, 1)
		v.ack(0, 1)
		v.c.freeze(true)
		body := make([]byte, 16<<10)
		for i := uint32(1); i <= 10; i++ {
			p.send(wire.KindUpdate, 0, i, body)
			lead.ack(i, 1)
		}
		v.ack(10, 1)
		w.wantDrops("forged_ack", 1)
		v.ack(1, 1) // is in the writer's hands: cannot be told from one that was painted
		w.wantDrops("forged_ack", 1)
		for i := uint32(11); i <= 100; i++ {
			p.send(wire.KindUpdate, 0, i, body)
			lead.ack(i, 1)
			v.ack(i, 1)
		}
		if n := queuedBytes(w, 1); n > MaxUnacked {
			t.Errorf("%d bytes are queued for a viewer that reads nothing", n)
		}
		time.Sleep(time.Second) // the bubble's clock: the feed looks for lag
		synctest.Wait()
		if w.drops("lag") == 0 {
			t.Error("the queue was never dropped")
		}
		v.c.freeze(false)
		synctest.Wait()
	})
}

// queuedBytes is what waits for a viewer's writer.
func queuedBytes(w *world, viewer uint16) int {
	w.h.mu.Lock()
	f := w.h.feeds["s"]
	w.h.mu.Unlock()
	f.mu.Lock()
	q := f.viewers[viewer].member.out
	f.mu.Unlock()
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.bytes
}

// Pointer and cursor show something of the screen, too.
func TestRevokingEmptiesTheWholeQueue(t *testing.T) {
	bubble(t, func(t *testing.T) {
		w := newWorld(t)
		p, v := w.presenter(1), w.viewer(1, 1)
		p.grant(1, true, false)
		v.c.freeze(true)
		p.send(wire.KindCursor, 0, 1, make([]byte, 8)) // in the writer's hands
		p.send(wire.KindCursor, 0, 2, make([]byte, 8))
		p.send(wire.KindPointer, 0, 0, make([]byte, 4))
		p.grant(1, false, false)
		v.c.freeze(false)
		synctest.Wait()
		if got := v.take(wire.KindCursor, wire.KindPointer); len(got) != 1 {
			t.Errorf("after revoking came %v, want only what was being written", got)
		}
	})
}

// A cursor of a new epoch must not come before the state that names this epoch.
func TestCursorOfANewEpochComesAfterIt(t *testing.T) {
	bubble(t, func(t *testing.T) {
		w := newWorld(t)
		p, v := w.presenter(1), w.viewer(1, 1)
		p.grant(1, true, false)
		v.c.freeze(true)
		p.send(wire.KindCursor, 0, 1, make([]byte, 8))
		p.send(wire.KindCursor, 0, 2, make([]byte, 8))
		q := w.join(Party{Epoch: 2, Resumed: true})
		q.send(wire.KindCursor, 0, 3, make([]byte, 8))
		v.c.freeze(false)
		synctest.Wait()
		epoch := uint16(1)
		v.c.mu.Lock()
		defer v.c.mu.Unlock()
		for _, m := range v.c.got {
			h, body, _ := wire.ParseHeader(m)
			if h.Kind == wire.KindControl {
				if c, _ := wire.ParseControl(body); c.Type == wire.TypeState {
					epoch = c.Epoch
				}
			}
			if h.Kind == wire.KindCursor && h.Epoch != epoch {
				t.Errorf("a cursor of epoch %d came while the viewer was told %d", h.Epoch, epoch)
			}
		}
	})
}

// A queue that is never empty keeps no place for what is gone.
func TestQueueThatIsNeverEmptyStaysSmall(t *testing.T) {
	q := newQueue(New(Config{}), newFakeConn())
	m := ownMessage(make([]byte, batchBytes)) // too large to share a write
	defer m.release()
	q.put(m, wire.KindInput, 0)
	for range 100_000 {
		q.put(m, wire.KindInput, 0)
		if !q.take() || len(q.flight) != 1 {
			t.Fatalf("%d messages are on their way", len(q.flight))
		}
		q.written(nil)
	}
	if n := cap(q.items); n > 100 {
		t.Errorf("room for %d items where 2 are queued", n)
	}
	q.close()
	if m.refs.Load() != 1 {
		t.Errorf("%d references to the message, want the test's", m.refs.Load())
	}
}

// A stranger's presenter must not get rid of "another computer" by coming back with its own
// resume secret.
func TestResumeOfAStrangerKeepsViewersHeld(t *testing.T) {
	bubble(t, func(t *testing.T) {
		w := newWorld(t)
		p, v := w.presenter(1), w.viewer(1, 1)
		p.grant(1, true, true)
		w.viewer(2, 1) // stays
		v.c.Close(1006, "")
		synctest.Wait()
		w.join(Party{Epoch: 2, Replaced: true, Name: "stranger"}).c.Close(1006, "")
		synctest.Wait()
		q := w.join(Party{Epoch: 3, Replaced: true, Name: "stranger", Resumed: true})
		q.epoch = 3
		again := w.join(Party{Viewer: 1, Resumed: true})
		again.epoch = 3
		if !again.me().Held || !again.state().Presenter.Changed {
			t.Errorf("held %v, changed %v", again.me().Held, again.state().Presenter.Changed)
		}
		q.grant(1, true, true)
		again.send(wire.KindInput, 0, 1, wire.AppendInput(nil, 0))
		if got := q.take(wire.KindInput); len(got) != 0 {
			t.Error("input reached another computer before its person went on")
		}
	})
}

// The presenter's older socket may come to the relay after its newer one.
func TestLateOlderPresenterDoesNotReplaceTheNewer(t *testing.T) {
	bubble(t, func(t *testing.T) {
		w := newWorld(t)
		w.presenter(1).c.Close(1006, "")
		synctest.Wait()
		newer := w.join(Party{Epoch: 3, Resumed: true})
		older := w.join(Party{Epoch: 2, Resumed: true})
		if newer.c.code != 0 || older.c.code != wire.CloseReplaced {
			t.Errorf("the newer was closed with %d, the older with %d", newer.c.code, older.c.code)
		}
	})
}

// Reloading the page does not make refusals undone.
func TestDenialsOutliveAReconnect(t *testing.T) {
	bubble(t, func(t *testing.T) {
		w := newWorld(t)
		p := w.presenter(1)
		for range maxDenials {
			v := w.join(Party{Viewer: 1, Resumed: true})
			v.epoch = 1
			v.control(wire.Control{Type: wire.TypeAsk})
			p.control(wire.Control{Type: wire.TypeRefuse, Viewer: 1})
			v.c.Close(1006, "")
			synctest.Wait()
		}
		v := w.join(Party{Viewer: 1, Resumed: true})
		v.epoch = 1
		v.control(wire.Control{Type: wire.TypeAsk})
		if n := len(p.said(wire.TypeAsk)); n != maxDenials {
			t.Errorf("the guest was asked %d times, want %d", n, maxDenials)
		}
	})
}

// A viewer without any grant must not make everybody's links carry its wishes.
func TestFloodOfWishes(t *testing.T) {
	bubble(t, func(t *testing.T) {
		w := newWorld(t)
		p, other, v := w.presenter(1), w.viewer(1, 1), w.viewer(2, 1)
		told := len(other.said(wire.TypeState))
		for i := range 500 {
			v.control(wire.Control{Type: wire.TypeAsk, Control: i%2 == 0})
			v.control(wire.Control{Type: wire.TypeYield})
		}
		if n := len(p.said(wire.TypeAsk)); n > 50 {
			t.Errorf("the presenter was asked %d times", n)
		}
		if n := len(other.said(wire.TypeState)) - told; n > 50 {
			t.Errorf("another viewer was told %d times", n)
		}
		if w.drops("flood") == 0 {
			t.Error("no drop was counted")
		}
		time.Sleep(10 * time.Second)
		asked := len(p.said(wire.TypeAsk))
		v.control(wire.Control{Type: wire.TypeAsk, Control: true})
		v.control(wire.Control{Type: wire.TypeAsk})
		if len(p.said(wire.TypeAsk)) == asked {
			t.Error("a wish after a quiet time was dropped")
		}
	})
}

// Everybody must be able to read the state, whoever is in it.
func TestLargestStateFits(t *testing.T) {
	f := newFeed(New(Config{}), "s")
	f.presenter = &member{out: newQueue(f.h, newFakeConn())}
	for n := range uint8(wire.MaxMonitors) {
		f.monitors = append(f.monitors, &stream{monitor: wire.Monitor{Stream: 255 - n, Name: strings.Repeat("<", wire.MaxMonitorName),
			X: wire.MaxSide - 1000, Y: wire.MaxSide - 1000, W: 1000, H: 1000, Primary: true}})
	}
	for n := range uint16(maxRecords) {
		v := &viewer{number: 65000 + n, name: strings.Repeat("<", 40), attach: 1 << 31, view: true, control: true, held: true, asking: "control", stream: f.monitors[0]}
		v.member = &member{out: newQueue(f.h, newFakeConn()), viewer: v}
		f.viewers[v.number] = v // the name is escaped by JSON
	}
	f.mu.Lock()
	f.stateLocked()
	f.mu.Unlock()
	f.presenter.out.take()
	if n := len(f.presenter.out.parts[0]); n > wire.HeaderSize+wire.MaxControl || n < maxRecords*40 {
		t.Errorf("a state of %d bytes", n)
	}
}

// Viewers that come back with their grants count, too.
func TestTooManyViewersComeBack(t *testing.T) {
	bubble(t, func(t *testing.T) {
		w := newWorld(t)
		p := w.presenter(1)
		for n := range uint16(40) {
			p.grant(n+1, true, false)
		}
		online := 0
		for n := range uint16(40) {
			if v := w.join(Party{Viewer: n + 1, Resumed: true}); v.c.code == 0 {
				online++
			}
		}
		if online != 32 {
			t.Errorf("%d viewers were let in, want 32", online)
		}
	})
}
