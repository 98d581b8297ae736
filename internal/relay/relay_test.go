package relay

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	"pindesk/internal/wire"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// fakeConn is a connection whose peer is the test. Writes wait while it is frozen.
type fakeConn struct {
	in chan []byte

	mu     sync.Mutex
	thaw   *sync.Cond
	frozen bool
	got    [][]byte
	code   int
	closed chan struct{}
}

func newFakeConn() *fakeConn {
	c := &fakeConn{in: make(chan []byte, 4096), closed: make(chan struct{})}
	c.thaw = sync.NewCond(&c.mu)
	return c
}

func (c *fakeConn) Read(b []byte) ([]byte, error) {
	select {
	case msg := <-c.in:
		return append(b, msg...), nil
	case <-c.closed:
		return nil, io.EOF
	}
}

func (c *fakeConn) Write(msg []byte) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	for c.frozen && c.code == 0 {
		c.thaw.Wait()
	}
	if c.code != 0 {
		return errors.New("closed")
	}
	c.got = append(c.got, append([]byte(nil), msg...))
	return nil
}

func (c *fakeConn) RTT() time.Duration { return 0 }

func (c *fakeConn) Close(code int, _ string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.code == 0 {
		c.code = code
		close(c.closed)
		c.thaw.Broadcast()
	}
}

func (c *fakeConn) freeze(on bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.frozen = on
	c.thaw.Broadcast()
}

// peer is a party of the test.
type peer struct {
	t      *testing.T
	c      *fakeConn
	epoch  uint16
	number uint16
}

type world struct {
	t   *testing.T
	h   *Hub
	all sync.WaitGroup
}

func newWorld(t *testing.T) *world {
	w := &world{t: t, h: New(Config{})}
	t.Cleanup(func() { w.h.Drain(); w.all.Wait() })
	return w
}

func (w *world) join(p Party) *peer {
	p.Session = "s"
	q := &peer{t: w.t, c: newFakeConn(), epoch: p.Epoch, number: p.Viewer}
	w.all.Go(func() { w.h.Serve(context.Background(), p, q.c) })
	synctest.Wait()
	return q
}

func (w *world) presenter(epoch uint16) *peer { return w.join(Party{Epoch: epoch, Name: "desk"}) }
func (w *world) viewer(n, epoch uint16) *peer {
	p := w.join(Party{Viewer: n, Name: "eve"})
	p.epoch = epoch
	return p
}

func (p *peer) send(k wire.Kind, flags uint8, seq uint32, body []byte) {
	p.c.in <- append(wire.AppendHeader(nil, wire.Header{Kind: k, Flags: flags, Epoch: p.epoch, Viewer: 99, Seq: seq}), body...)
	synctest.Wait()
}

func (p *peer) control(c wire.Control) {
	b, _ := json.Marshal(c)
	p.send(wire.KindControl, 0, 0, b)
}

func (p *peer) grant(viewer uint16, view, control bool) {
	p.control(wire.Control{Type: wire.TypeGrant, Viewer: viewer, View: view, Control: control})
}

func (p *peer) ack(seq, part uint32) {
	p.send(wire.KindAck, 0, seq, wire.AppendAck(nil, wire.Ack{Part: part}))
}

// take returns the messages of the given kinds since the last call with them.
func (p *peer) take(kinds ...wire.Kind) []wire.Header {
	p.c.mu.Lock()
	defer p.c.mu.Unlock()
	var out []wire.Header
	var rest [][]byte
	for _, m := range p.c.got {
		h, _, _ := wire.ParseHeader(m)
		hit := false
		for _, k := range kinds {
			hit = hit || h.Kind == k
		}
		if hit {
			out = append(out, h)
		} else {
			rest = append(rest, m)
		}
	}
	p.c.got = rest
	return out
}

// said returns the control messages of type t, all there ever were.
func (p *peer) said(t string) (out []wire.Control) {
	p.c.mu.Lock()
	defer p.c.mu.Unlock()
	for _, m := range p.c.got {
		h, body, _ := wire.ParseHeader(m)
		if h.Kind != wire.KindControl {
			continue
		}
		if c, err := wire.ParseControl(body); err == nil && c.Type == t {
			out = append(out, c)
		}
	}
	return out
}

func (p *peer) state() wire.Control {
	all := p.said(wire.TypeState)
	if len(all) == 0 {
		p.t.Fatal("no state was sent")
	}
	return all[len(all)-1]
}

func (p *peer) me() wire.ViewerState {
	for _, v := range p.state().Viewers {
		if v.Viewer == p.number {
			return v
		}
	}
	p.t.Fatalf("viewer %d is not in the state", p.number)
	return wire.ViewerState{}
}

func (p *peer) wantSeqs(what string, want ...uint32) {
	p.t.Helper()
	got := p.take(wire.KindUpdate)
	if len(got) != len(want) {
		p.t.Fatalf("%s: got %d updates %v, want %v", what, len(got), got, want)
	}
	for i := range got {
		if got[i].Seq != want[i] {
			p.t.Fatalf("%s: update %d has seq %d, want %d", what, i, got[i].Seq, want[i])
		}
	}
}

func (w *world) drops(reason string) uint64 { return w.h.Stats().Drops[reason] }

func (w *world) wantDrops(reason string, want uint64) {
	w.t.Helper()
	if got := w.drops(reason); got != want {
		w.t.Errorf("%d drops for %q, want %d", got, reason, want)
	}
}

const keyFrame = wire.FlagKey | wire.FlagCatchUp

func bubble(t *testing.T, f func(t *testing.T)) { t.Helper(); synctest.Test(t, f) }

func TestNothingPassesBeforeTheGrant(t *testing.T) {
	bubble(t, func(t *testing.T) {
		w := newWorld(t)
		p, v := w.presenter(1), w.viewer(1, 1)
		p.send(wire.KindUpdate, keyFrame, 0, nil)
		p.send(wire.KindUpdate, 0, 1, nil)
		p.send(wire.KindCursor, 0, 1, make([]byte, 8))
		p.send(wire.KindPointer, 0, 0, make([]byte, 4))
		v.send(wire.KindInput, 0, 1, wire.AppendInput(nil, 0))
		if got := v.take(wire.KindUpdate, wire.KindCursor, wire.KindPointer); len(got) != 0 {
			t.Errorf("pixels before the grant: %v", got)
		}
		if got := p.take(wire.KindInput); len(got) != 0 {
			t.Errorf("input before the grant: %v", got)
		}
		w.wantDrops("no_control", 1)

		p.take(wire.KindNeedKey)
		p.grant(1, true, false)
		if got := p.take(wire.KindNeedKey); len(got) != 1 {
			t.Fatalf("the grant asked for %d keyframes, want 1 at once", len(got))
		}
		if got := v.take(wire.KindCursor, wire.KindPointer); len(got) != 2 {
			t.Errorf("cursor and pointer are kept for later viewers, got %v", got)
		}
		p.send(wire.KindUpdate, 0, 2, nil)
		v.wantSeqs("before the keyframe")
		p.send(wire.KindUpdate, keyFrame, 2, nil)
		p.send(wire.KindUpdate, wire.FlagReset, 3, nil)
		v.wantSeqs("after the keyframe", 2, 3)
		v.send(wire.KindInput, 0, 2, wire.AppendInput(nil, 0))
		w.wantDrops("no_control", 2)
		p.grant(1, true, true)
		v.send(wire.KindInput, 0, 3, wire.AppendInput(nil, 0))
		got := p.take(wire.KindInput)
		if len(got) != 1 || got[0].Viewer != 1 || got[0].Seq != 3 {
			t.Errorf("input with the grant: %v, want one stamped with viewer 1", got)
		}

		v.c.freeze(true)
		p.send(wire.KindUpdate, 0, 4, nil) // in the writer's hands
		p.send(wire.KindUpdate, 0, 5, nil) // queued
		p.grant(1, false, false)
		v.c.freeze(false)
		synctest.Wait()
		p.send(wire.KindUpdate, 0, 6, nil)
		v.wantSeqs("after revoking, but for what was being written", 4)
	})
}

func TestForgery(t *testing.T) {
	bubble(t, func(t *testing.T) {
		w := newWorld(t)
		p, v := w.presenter(7), w.viewer(3, 7)
		v.grant(3, true, true)
		if v.me().View || v.me().Control {
			t.Error("a viewer granted itself")
		}
		w.wantDrops("direction", 1)
		v.control(wire.Control{Type: wire.TypeQuestion, Open: true})
		v.send(wire.KindUpdate, keyFrame, 0, nil)
		w.wantDrops("direction", 3)

		p.grant(3, true, true)
		p.send(wire.KindUpdate, keyFrame|wire.FlagDone, 0, nil)
		p.take(wire.KindAck)
		v.ack(1, 0)
		w.wantDrops("forged_ack", 1)
		v.ack(0, 2)
		w.wantDrops("forged_ack", 2)
		v.epoch = 6
		v.ack(0, 1)
		v.send(wire.KindInput, 0, 1, wire.AppendInput(nil, 0))
		w.wantDrops("epoch", 2)
		if got := p.take(wire.KindAck, wire.KindInput); len(got) != 0 {
			t.Errorf("forged or old messages reached the presenter: %v", got)
		}
		v.epoch = 7
		v.ack(0, 1)
		if got := p.take(wire.KindAck); len(got) != 1 || got[0].Viewer != 3 {
			t.Errorf("a true ack did not come through stamped: %v", got)
		}
		p.epoch = 6
		p.send(wire.KindUpdate, 0, 1, nil)
		v.take(wire.KindUpdate)
		w.wantDrops("epoch", 3)
		p.send(200, 0, 0, nil)
		p.send(wire.KindResync, 0, 0, []byte{1})
		w.wantDrops("unknown", 2)
	})
}

func TestGarbageEndsTheConnection(t *testing.T) {
	bubble(t, func(t *testing.T) {
		w := newWorld(t)
		v := w.viewer(1, 0)
		v.c.in <- []byte{1, 2, 3}
		synctest.Wait()
		if v.c.code != wire.CloseProtocol {
			t.Errorf("closed with %d, want %d", v.c.code, wire.CloseProtocol)
		}
	})
}

// The first test to write for a relay: who does not read must not delay anybody.
func TestFrozenViewerDelaysNobody(t *testing.T) {
	bubble(t, func(t *testing.T) {
		w := newWorld(t)
		p, good, frozen := w.presenter(1), w.viewer(1, 1), w.viewer(2, 1)
		p.grant(1, true, true)
		p.grant(2, true, false)
		p.send(wire.KindUpdate, keyFrame|wire.FlagDone, 0, nil)
		good.take(wire.KindUpdate)
		good.ack(0, 1)
		frozen.c.freeze(true)
		body := make([]byte, 16<<10)
		for i := uint32(1); i <= 40; i++ {
			p.send(wire.KindUpdate, 0, i, body)
			good.wantSeqs("the other viewer", i)
			good.ack(i, 1)
		}
		if w.drops("lag") == 0 {
			t.Fatal("the frozen viewer's queue was never dropped")
		}
		p.take(wire.KindNeedKey)
		time.Sleep(20 * time.Second) // the bubble's clock
		synctest.Wait()
		if got := p.take(wire.KindNeedKey); len(got) != 0 {
			t.Errorf("%d keyframes were asked for while the viewer is frozen", len(got))
		}
		frozen.c.freeze(false)
		synctest.Wait()
		seen := frozen.take(wire.KindUpdate)
		last := seen[len(seen)-1].Seq
		if last >= 40 {
			t.Fatalf("the dropped queue arrived all the same: %v", seen)
		}
		frozen.ack(last, 1)
		time.Sleep(time.Second)
		synctest.Wait()
		if got := p.take(wire.KindNeedKey); len(got) != 1 {
			t.Fatalf("%d keyframes asked for after the thaw, want 1", len(got))
		}
		p.send(wire.KindUpdate, keyFrame, 40, nil)
		good.wantSeqs("a keyframe for another costs this one nothing")
		p.send(wire.KindUpdate, wire.FlagReset, 41, nil)
		p.send(wire.KindUpdate, wire.FlagCatchUp|wire.FlagDone, 41, nil)
		p.send(wire.KindUpdate, 0, 42, nil)
		good.wantSeqs("goes on", 41, 42)
		frozen.wantSeqs("catches up", 40, 41, 41, 42)
	})
}

func TestBackoffOfALaggingViewer(t *testing.T) {
	bubble(t, func(t *testing.T) {
		w := newWorld(t)
		p, v := w.presenter(1), w.viewer(1, 1)
		p.grant(1, true, true)
		p.take(wire.KindNeedKey)
		for i, want := range []time.Duration{1, 2, 4, 8, 8} {
			p.send(wire.KindUpdate, keyFrame|wire.FlagDone, 0, nil)
			start := time.Now()
			v.send(wire.KindResync, 0, 0, nil)
			for len(p.take(wire.KindNeedKey)) == 0 {
				time.Sleep(tickTime)
				synctest.Wait()
				if time.Since(start) > time.Minute {
					t.Fatalf("round %d: no keyframe was asked for", i)
				}
			}
			if d := time.Since(start); d < want*time.Second || d > want*time.Second+2*tickTime {
				t.Errorf("round %d: keyframe asked for after %v, want %v s", i, d, int(want))
			}
		}
	})
}

func TestKeyframeRequestsAreCoalesced(t *testing.T) {
	bubble(t, func(t *testing.T) {
		w := newWorld(t)
		p := w.presenter(1)
		for n := range uint16(5) {
			w.viewer(n+1, 1)
			p.grant(n+1, true, false)
		}
		if got := p.take(wire.KindNeedKey); len(got) != 1 {
			t.Errorf("%d requests at once, want 1", len(got))
		}
		time.Sleep(2 * tickTime)
		synctest.Wait()
		if got := p.take(wire.KindNeedKey); len(got) != 0 {
			t.Errorf("%d requests while the first may still be answered", len(got))
		}
		p.send(wire.KindUpdate, keyFrame, 0, nil)
		w.viewer(6, 1)
		p.grant(6, true, false)
		if got := p.take(wire.KindNeedKey); len(got) != 1 {
			t.Errorf("%d requests for the late viewer, want 1", len(got))
		}
		time.Sleep(keyPatience + tickTime)
		synctest.Wait()
		if got := p.take(wire.KindNeedKey); len(got) != 1 {
			t.Errorf("%d requests when the keyframe did not come, want 1 more", len(got))
		}
	})
}

func TestResizeEmptiesQueues(t *testing.T) {
	bubble(t, func(t *testing.T) {
		w := newWorld(t)
		p, v := w.presenter(1), w.viewer(1, 1)
		p.grant(1, true, false)
		p.send(wire.KindUpdate, keyFrame, 0, nil)
		v.take(wire.KindUpdate)
		v.c.freeze(true)
		for i := uint32(1); i <= 4; i++ {
			p.send(wire.KindUpdate, 0, i, nil)
		}
		p.send(wire.KindUpdate, wire.FlagKey|wire.FlagReset, 5, nil)
		v.c.freeze(false)
		synctest.Wait()
		v.wantSeqs("what was being written, then the resize", 1, 5)
		w.wantDrops("resize", 3)
	})
}

func TestLead(t *testing.T) {
	bubble(t, func(t *testing.T) {
		w := newWorld(t)
		p, a, b := w.presenter(1), w.viewer(1, 1), w.viewer(2, 1)
		lead := func() uint16 {
			all := p.said(wire.TypeLead)
			if len(all) == 0 {
				return 0
			}
			return all[len(all)-1].Viewer
		}
		p.grant(1, true, false)
		p.grant(2, true, false)
		p.send(wire.KindUpdate, keyFrame|wire.FlagDone, 0, nil)
		if lead() != 1 {
			t.Fatalf("lead %d, want the viewer that is here longest", lead())
		}
		a.ack(0, 1)
		b.ack(0, 1)
		p.grant(2, true, true)
		if lead() != 2 {
			t.Fatalf("lead %d, want the controller", lead())
		}
		p.take(wire.KindAck)
		p.send(wire.KindUpdate, 0, 1, nil)
		a.ack(1, 1)
		b.ack(1, 1)
		if got := p.take(wire.KindAck); len(got) != 1 || got[0].Viewer != 2 {
			t.Errorf("acks at once: %v, want only the lead's", got)
		}
		time.Sleep(quietAcks + tickTime)
		synctest.Wait()
		if got := p.take(wire.KindAck); len(got) != 1 || got[0].Viewer != 1 {
			t.Errorf("acks after a second: %v, want the other's", got)
		}
		// The lead falls silent: it loses the lead, and gets it back after good acks.
		p.send(wire.KindUpdate, 0, 2, nil)
		a.ack(2, 1)
		time.Sleep(leadAge + 2*tickTime)
		synctest.Wait()
		if lead() != 1 {
			t.Fatalf("lead %d, want 1 when 2 is silent", lead())
		}
		b.ack(2, 1)
		if lead() != 1 {
			t.Fatal("the lead came back before 2 s of good acks")
		}
		time.Sleep(leadTrust + 2*tickTime)
		synctest.Wait()
		if lead() != 2 {
			t.Fatalf("lead %d, want 2 again", lead())
		}
		b.send(wire.KindAck, 0, 2, wire.AppendAck(nil, wire.Ack{Part: 1, Hidden: true}))
		if lead() != 1 {
			t.Fatalf("lead %d, want 1 when 2 is hidden", lead())
		}
		a.c.Close(1000, "")
		synctest.Wait()
		if lead() != 2 {
			t.Fatalf("lead %d, want the hidden one when nobody else is here", lead())
		}
	})
}

func TestOneController(t *testing.T) {
	bubble(t, func(t *testing.T) {
		w := newWorld(t)
		p, a, b := w.presenter(1), w.viewer(1, 1), w.viewer(2, 1)
		p.grant(1, true, true)
		p.grant(2, true, true)
		if a.me().Control || !b.me().Control {
			t.Errorf("controllers: %v %v, want only the second", a.me().Control, b.me().Control)
		}
		b.control(wire.Control{Type: wire.TypeYield})
		if b.me().Control || !b.me().View {
			t.Error("yield must give back control and keep view")
		}
		if got := p.said(wire.TypeYield); len(got) != 1 {
			t.Errorf("the presenter was told %d times of the yield", len(got))
		}
	})
}

func TestQuestionStopsInput(t *testing.T) {
	bubble(t, func(t *testing.T) {
		w := newWorld(t)
		p, a, b := w.presenter(1), w.viewer(1, 1), w.viewer(2, 1)
		p.grant(1, true, true)
		b.control(wire.Control{Type: wire.TypeAsk})
		if got := p.said(wire.TypeAsk); len(got) != 1 || p.state().Viewers[1].Asking != "view" {
			t.Fatalf("the wish did not arrive: %v", got)
		}
		p.control(wire.Control{Type: wire.TypeQuestion, Open: true})
		if !a.state().Question {
			t.Error("viewers were not told that the guest is being asked")
		}
		a.send(wire.KindInput, 0, 1, wire.AppendInput(nil, 0, wire.Event{Type: wire.EventText, Text: "y\n"}))
		if got := p.take(wire.KindInput); len(got) != 0 {
			t.Error("input answered the guest's question")
		}
		w.wantDrops("question", 1)
		p.control(wire.Control{Type: wire.TypeQuestion})
		a.send(wire.KindInput, 0, 2, wire.AppendInput(nil, 0))
		if got := p.take(wire.KindInput); len(got) != 1 {
			t.Error("input does not flow after the question")
		}
	})
}

func TestThreeDenialsBlock(t *testing.T) {
	bubble(t, func(t *testing.T) {
		w := newWorld(t)
		p, v := w.presenter(1), w.viewer(1, 1)
		for range maxDenials {
			if v.c.code != 0 {
				t.Fatal("closed too early")
			}
			v.control(wire.Control{Type: wire.TypeAsk})
			p.control(wire.Control{Type: wire.TypeRefuse, Viewer: 1})
		}
		got := v.said(wire.TypeRefused)
		if len(got) != maxDenials || !got[2].Blocked || got[1].Blocked {
			t.Errorf("refusals: %+v", got)
		}
		synctest.Wait()
		if v.c.code != wire.CloseBlocked {
			t.Errorf("closed with %d, want %d", v.c.code, wire.CloseBlocked)
		}
		again := w.join(Party{Viewer: 1, Resumed: true})
		again.epoch = 1
		again.control(wire.Control{Type: wire.TypeAsk})
		if len(p.said(wire.TypeAsk)) != maxDenials {
			t.Error("a blocked viewer's wish reached the guest")
		}
		w.wantDrops("blocked", 1)
	})
}

func TestStrangersPresenterVoidsGrants(t *testing.T) {
	bubble(t, func(t *testing.T) {
		w := newWorld(t)
		p, v := w.presenter(1), w.viewer(1, 1)
		p.grant(1, true, true)
		p.send(wire.KindUpdate, keyFrame, 0, nil)
		v.take(wire.KindUpdate)
		other := w.join(Party{Epoch: 2, Name: "stranger"})
		if p.c.code != wire.CloseReplaced {
			t.Errorf("the old presenter was closed with %d", p.c.code)
		}
		s := v.state()
		if !s.Presenter.Changed || s.Presenter.Name != "stranger" || v.me().View || v.me().Control || !v.me().Held {
			t.Fatalf("the viewer was told %+v %+v", s.Presenter, v.me())
		}
		other.grant(1, true, true)
		v.epoch = 2
		v.send(wire.KindInput, 0, 1, wire.AppendInput(nil, 0))
		w.wantDrops("held", 1)
		v.control(wire.Control{Type: wire.TypeContinue, Epoch: 1})
		if !v.me().Held {
			t.Error("continuing with the old computer counted for the new one")
		}
		v.control(wire.Control{Type: wire.TypeContinue, Epoch: 2})
		v.send(wire.KindInput, 0, 2, wire.AppendInput(nil, 0))
		if got := other.take(wire.KindInput); len(got) != 1 {
			t.Error("no input after continuing")
		}
	})
}

func TestResumedPresenterKeepsGrants(t *testing.T) {
	bubble(t, func(t *testing.T) {
		w := newWorld(t)
		p, v := w.presenter(1), w.viewer(1, 1)
		p.grant(1, true, true)
		p.send(wire.KindUpdate, keyFrame, 5, nil)
		v.take(wire.KindUpdate)
		p.c.Close(1006, "")
		synctest.Wait()
		if v.state().Presenter.Attached {
			t.Error("viewers were not told that the presenter is away")
		}
		q := w.join(Party{Epoch: 2, Resumed: true})
		if !v.me().Control || v.state().Presenter.Changed {
			t.Fatal("grants were lost over a resume")
		}
		if got := q.take(wire.KindNeedKey); len(got) != 1 {
			t.Errorf("%d keyframes asked for, want 1", len(got))
		}
		q.send(wire.KindUpdate, keyFrame, 0, nil)
		v.wantSeqs("new epoch", 0)
	})
}

func TestViewerGrantsOutliveAShortDrop(t *testing.T) {
	bubble(t, func(t *testing.T) {
		for _, c := range []struct {
			away time.Duration
			keep bool
		}{{59 * time.Second, true}, {61 * time.Second, false}} {
			w := newWorld(t)
			p, v := w.presenter(1), w.viewer(1, 1)
			p.grant(1, true, true)
			v.c.Close(1006, "")
			time.Sleep(c.away)
			again := w.join(Party{Viewer: 1, Resumed: true})
			if got := again.me().Control; got != c.keep {
				t.Errorf("away for %v: control %v, want %v", c.away, got, c.keep)
			}
		}
	})
}

func TestGrantsNamedAfterARestart(t *testing.T) {
	bubble(t, func(t *testing.T) {
		w := newWorld(t) // a new broker process: it remembers nothing
		p := w.join(Party{Epoch: 4, Resumed: true})
		p.epoch = 4
		p.grant(9, true, true)
		v := w.join(Party{Viewer: 9, Resumed: true})
		if !v.me().View || !v.me().Control || v.me().Held {
			t.Errorf("got %+v", v.me())
		}
		if got := p.take(wire.KindNeedKey); len(got) == 0 {
			t.Error("no keyframe was asked for")
		}
	})
}

func TestEndAndDrain(t *testing.T) {
	bubble(t, func(t *testing.T) {
		w := newWorld(t)
		p, v := w.presenter(1), w.viewer(1, 1)
		w.h.End("s", "expired")
		synctest.Wait()
		for _, q := range []*peer{p, v} {
			if q.c.code != wire.CloseEnded || len(q.said(wire.TypeEnded)) != 1 {
				t.Errorf("closed with %d after %v", q.c.code, q.said(wire.TypeEnded))
			}
		}
		if w.h.Stats().Feeds != 0 {
			t.Error("an ended feed stays in memory")
		}
		if late := w.viewer(2, 1); late.c.code != wire.CloseEnded {
			t.Errorf("a party whose ticket was spent just before the end was closed with %d", late.c.code)
		}
	})
	bubble(t, func(t *testing.T) {
		w := newWorld(t)
		p := w.presenter(2)
		w.h.Drain()
		synctest.Wait()
		if p.c.code != wire.CloseReconnect {
			t.Errorf("drained with %d", p.c.code)
		}
		late := w.viewer(2, 2)
		if late.c.code != wire.CloseReconnect {
			t.Errorf("a party that came while draining was closed with %d", late.c.code)
		}
	})
}

func TestTooManyViewers(t *testing.T) {
	bubble(t, func(t *testing.T) {
		w := newWorld(t)
		for n := range uint16(32) {
			w.viewer(n+1, 1)
		}
		if v := w.viewer(33, 1); v.c.code == 0 {
			t.Error("viewer 33 was let in")
		}
	})
}

// FuzzAnyMessages throws random messages of both roles at a feed: nothing may panic, at
// most one viewer holds control, and no queue grows beyond its cap.
func FuzzAnyMessages(f *testing.F) {
	grant, _ := json.Marshal(wire.Control{Type: wire.TypeGrant, Viewer: 2, View: true, Control: true})
	f.Add([]byte{0, byte(wire.KindControl), 0, byte(len(grant))}, grant)
	f.Add([]byte{0, byte(wire.KindUpdate), 6, 0, 0, byte(wire.KindUpdate), 1, 9, 2, byte(wire.KindAck), 0, 12}, make([]byte, 64))
	f.Fuzz(func(t *testing.T, script, body []byte) {
		h := New(Config{})
		fd := newFeed(h, "s")
		var members []*member
		for n := range uint16(4) {
			m, err := fd.attach(Party{Session: "s", Viewer: n, Epoch: 1}, newFakeConn())
			if err != nil {
				t.Fatal(err)
			}
			members = append(members, m)
		}
		for ; len(script) >= 4; script = script[4:] {
			n := min(int(script[3]), len(body))
			msg := ownMessage(append(wire.AppendHeader(nil, wire.Header{Kind: wire.Kind(script[1]), Flags: script[2], Epoch: 1, Seq: uint32(script[3])}), body[:n]...))
			head, b, _ := wire.ParseHeader(msg.b)
			if m := members[script[0]%4]; m.viewer == nil {
				fd.fromPresenter(m, head, b, msg)
			} else {
				fd.fromViewer(m, head, b, msg)
			}
			msg.release()
			controllers := 0
			for _, v := range fd.viewers {
				if v.control {
					controllers++
				}
				if v.control && !v.view || v.pic != noGrant && !v.view {
					t.Fatalf("viewer %+v sees or controls without the grant", v)
				}
				if v.unacked < 0 || v.unacked > MaxUnacked+len(msg.b) {
					t.Fatalf("viewer has %d bytes unacked", v.unacked)
				}
			}
			if controllers > 1 {
				t.Fatalf("%d viewers hold control", controllers)
			}
		}
	})
}
