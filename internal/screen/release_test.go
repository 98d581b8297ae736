package screen

import (
	"testing"

	"pindesk/internal/wire"
)

// TestRelease: after it nothing is remembered but the numbers, and a viewer that goes on notices a
// keyframe and nothing else.
func TestRelease(t *testing.T) {
	s, e, d := plain(t, 300, 200)
	s.noise(Rect{10, 10, 100, 100})
	seq, layout := e.Seq(), e.Layout()
	e.Release()
	if e.Seq() != seq || e.Layout() != layout || cap(e.shadow.Pix)+cap(e.boxes)+cap(e.marks.tile) > 0 || e.packer.z != nil {
		t.Fatalf("seq %d, layout %d, %d bytes of the picture", e.Seq(), e.Layout(), cap(e.shadow.Pix))
	}
	if catchUp, refine, _ := e.Pending(1000); catchUp || refine {
		t.Error("it wants to send something")
	}
	msg, ok := e.Update(nil, s.pic, nil, Params{Captured: 1000})
	h, _, _ := wire.ParseHeader(msg)
	if !ok || h.Flags != wire.FlagKey|wire.FlagReset || h.Seq != seq+1 || e.Layout() == layout {
		t.Fatalf("the next update is %+v, layout %d", h, e.Layout())
	}
	mustApply(t, d, msg)
	for now := uint32(2000); ; now += 1000 {
		msg, ok := e.Update(nil, s.pic, nil, Params{Captured: now, Budget: 1e6})
		if !ok {
			break
		}
		mustApply(t, d, msg)
	}
	if got := d.Picture(); !samePixels(&got, &s.pic, Rect{W: 300, H: 200}) {
		t.Error("the viewer's picture is not exact")
	}
	e.Release()
	e.Sync(s.pic, nil)
	if h, _, _ := wire.ParseHeader(e.Keyframe(nil, Params{})); h.Seq != e.Seq() {
		t.Errorf("a keyframe after it is %+v", h)
	}
}
