package screen

import (
	"bytes"
	"testing"
)

// TestPrepareLeavesNothing: after Prepare and Begin an encoder says what a new one does, but
// for the number of the layout.
func TestPrepareLeavesNothing(t *testing.T) {
	s, _, _ := plain(t, 300, 200)
	s.noise(Rect{10, 10, 100, 100})
	first := func(prepare bool) []byte {
		e := NewEncoder(0)
		if prepare {
			e.Prepare(300, 200)
			e.layout = 0
		}
		e.Begin(7)
		e.Sync(s.pic, nil)
		msg := e.Keyframe(nil, Params{Captured: 5})
		msg, _ = e.Update(msg, s.pic, nil, Params{Captured: 500, Budget: 1e6})
		return msg
	}
	if !bytes.Equal(first(true), first(false)) {
		t.Error("the messages differ")
	}
	NewEncoder(0).Prepare(0, 0) // a size that is not known
}
