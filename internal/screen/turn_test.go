package screen

import (
	"math/rand/v2"
	"testing"
)

// A film at the top, of which no update can take a whole frame, must not keep what is below it
// from its turn; and when it stops all becomes exact.
func TestEverythingGetsItsTurn(t *testing.T) {
	s := newScene(rand.New(rand.NewPCG(4, 1)), 640, 480)
	film, below := Rect{0, 0, 640, 256}, Rect{0, 416, 640, 64}
	e, d := NewEncoder(0), NewDecoder()
	e.Begin(1)
	d.Begin(1)
	e.Sync(s.pic, s.take())
	mustApply(t, d, e.Keyframe(nil, Params{}))
	for {
		msg, ok := e.CatchUp(nil, Params{Budget: 1 << 20})
		if !ok {
			break
		}
		mustApply(t, d, msg)
	}
	const size = 6000
	now, largest := uint32(1000), 0
	step := func(budget int) bool {
		now += 33
		msg, ok := e.Update(nil, s.pic, s.take(), Params{Captured: now, Quality: 30, Budget: budget, Size: size})
		if ok {
			largest = max(largest, len(msg))
			mustApply(t, d, msg)
		}
		return ok
	}
	for range 30 {
		s.noise(film)
		step(0)
	}
	largest = 0 // by now it knows what noise takes
	s.text(below)
	s.noise(Rect{0, 320, 640, 64})
	for range 60 {
		s.noise(film)
		step(0)
	}
	if largest > 2*size {
		t.Errorf("an update of %d bytes where %d were wanted", largest, size)
	}
	shown := d.Picture()
	if !samePixels(&s.pic, &shown, below) {
		t.Error("text below the film was not shown")
	}
	if samePixels(&s.pic, &shown, film) {
		t.Error("the film went exactly: there was nothing to wait for")
	}
	for range 3000 {
		step(4000)
	}
	shown = d.Picture()
	if diff := firstDifference(&s.pic, &shown); diff != "" {
		t.Errorf("in the end %s", diff)
	}
}

// While the screen moves small patches go as JPEGs; the first change goes exactly, and so does
// what comes after a pause.
func TestMoving(t *testing.T) {
	s := newScene(rand.New(rand.NewPCG(4, 1)), 320, 320)
	e := NewEncoder(0)
	e.Begin(1)
	e.Sync(s.pic, s.take())
	patch := Rect{32, 32, 40, 40}
	for _, c := range []struct {
		after  uint32
		moving bool
	}{{1000, false}, {33, true}, {33, true}, {quietAfter + 1, false}, {quietAfter - 1, true}} {
		now := e.motion.last + c.after
		s.noise(patch)
		if _, ok := e.Update(nil, s.pic, s.take(), Params{Captured: now}); !ok {
			t.Fatal("a change gave no update")
		}
		if got := e.Moving(now); got != c.moving {
			t.Errorf("%d ms after the change before: moving %v", c.after, got)
		}
		if e.Moving(now + quietAfter) {
			t.Error("it moves although nothing has changed for long")
		}
	}
}

// A keyframe for a slow link is as small as is wished, where that is possible.
func TestKeyframeOfASize(t *testing.T) {
	s := newScene(rand.New(rand.NewPCG(4, 1)), 1280, 800)
	s.noise(Rect{0, 0, 900, 800})
	e := NewEncoder(0)
	e.Begin(1)
	e.Sync(s.pic, s.take())
	for _, size := range []int{0, 64 << 10, 16 << 10} {
		msg := e.Keyframe(nil, Params{Size: size})
		if size > 0 && len(msg) > size {
			t.Errorf("%d bytes, want %d", len(msg), size)
		}
		d := NewDecoder()
		d.Begin(1)
		mustApply(t, d, msg)
	}
}
