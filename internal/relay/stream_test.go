package relay

import (
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"pindesk/internal/wire"
)

var (
	left  = wire.Monitor{Stream: 1, Name: "DP-1", W: 800, H: 600, Primary: true}
	right = wire.Monitor{Stream: 2, Name: "DP-2", X: 800, W: 800, H: 600}
)

func (p *peer) list(m ...wire.Monitor) { p.control(wire.Control{Type: wire.TypeMonitors, Monitors: m}) }
func (p *peer) watch(stream uint8) {
	p.control(wire.Control{Type: wire.TypeWatch, Stream: stream})
	p.stream = stream
}

// on sends an update of a stream.
func (p *peer) on(stream, flags uint8, seq uint32) {
	p.stream = stream
	p.send(wire.KindUpdate, flags, seq, nil)
	p.stream = 0
}

// asked is for which streams a keyframe was asked since the last call.
func (p *peer) asked() (streams []uint8) {
	for _, h := range p.take(wire.KindNeedKey) {
		streams = append(streams, h.Stream)
	}
	return streams
}

// twoMonitors is a presenter of two monitors and two live viewers that see all of them.
func twoMonitors(t *testing.T) (w *world, p, a, b *peer) {
	w = newWorld(t)
	p, a, b = w.presenter(1), w.viewer(1, 1), w.viewer(2, 1)
	p.list(left, right)
	p.grant(1, true, true)
	p.grant(2, true, false)
	p.on(0, keyFrame|wire.FlagDone, 0)
	p.asked()
	for _, v := range []*peer{a, b} {
		v.take(wire.KindUpdate)
		v.ack(0, 1)
	}
	return w, p, a, b
}

// Each viewer gets its own stream, numbered on its own, and notices nothing of the others'.
func TestEachViewerItsOwnMonitor(t *testing.T) {
	bubble(t, func(t *testing.T) {
		w, p, a, b := twoMonitors(t)
		a.watch(2)
		if got := p.asked(); !slices.Equal(got, []uint8{2}) {
			t.Fatalf("a keyframe was asked for of %v, want of 2", got)
		}
		if a.me().Stream != 2 || b.me().Stream != 0 {
			t.Fatalf("told: %+v and %+v", a.me(), b.me())
		}
		p.on(0, 0, 1)
		a.wantSeqs("nothing of what it does not watch")
		b.wantSeqs("the other goes on", 1)
		b.ack(1, 1)
		p.on(2, keyFrame|wire.FlagDone, 40)
		p.on(2, wire.FlagReset, 41)
		b.wantSeqs("nothing of the monitor")
		a.wantSeqs("its monitor", 40, 41)
		a.ack(41, 1)
		if lead := p.said(wire.TypeLead); len(lead) == 0 || lead[len(lead)-1].Stream != 2 || lead[len(lead)-1].Viewer != 1 {
			t.Errorf("the leads are %+v", lead)
		}
		if !a.me().Lead || !b.me().Lead {
			t.Error("each leads its own stream")
		}
		p.take(wire.KindAck)
		a.ack(41, 1)
		if acks := p.take(wire.KindAck); len(acks) != 1 || acks[0].Stream != 2 || acks[0].Seq != 41 {
			t.Errorf("the presenter got acks %+v", acks)
		}
		time.Sleep(tickTime)
		b.watch(2)
		if got := p.asked(); !slices.Equal(got, []uint8{2}) {
			t.Fatalf("for the second a keyframe was asked for of %v", got)
		}
		p.on(2, keyFrame|wire.FlagDone, 41)
		p.on(2, wire.FlagReset, 42)
		a.wantSeqs("another's keyframe costs it nothing", 42)
		b.wantSeqs("comes in step", 41, 42)
		w.wantDrops("lag", 0)
	})
}

func TestMonitorThatVanishes(t *testing.T) {
	bubble(t, func(t *testing.T) {
		w, p, a, b := twoMonitors(t)
		a.watch(2)
		p.on(2, keyFrame|wire.FlagDone, 0)
		a.take(wire.KindUpdate)
		p.asked()
		time.Sleep(2 * tickTime)
		right := right
		right.X, right.W = 100, 1024
		p.list(left, right)
		p.on(2, wire.FlagKey|wire.FlagReset, 1)
		a.wantSeqs("a monitor that moves keeps its stream", 1)
		p.list(left)
		if a.me().Stream != 0 || len(a.state().Presenter.Monitors) != 1 {
			t.Fatalf("told %+v of %+v", a.me(), a.state().Presenter)
		}
		if got := p.asked(); !slices.Equal(got, []uint8{0}) {
			t.Fatalf("a keyframe was asked for of %v, want of 0", got)
		}
		p.on(2, 0, 2)
		w.wantDrops("stream", 1)
		p.on(0, keyFrame|wire.FlagDone, 0)
		a.stream = 0
		a.wantSeqs("all together", 0)
		b.wantSeqs("not disturbed")
		p.list(left, right)
		p.on(2, keyFrame, 0)
		a.wantSeqs("stays where it is")
	})
}

// What is of another stream than its sender's, or of none, does nothing and is counted.
func TestWrongStreams(t *testing.T) {
	bubble(t, func(t *testing.T) {
		w, p, a, b := twoMonitors(t)
		p.on(3, keyFrame, 0)
		w.wantDrops("stream", 1)
		a.watch(3)
		w.wantDrops("stream", 2)
		if a.me().Stream != 0 {
			t.Error("it watches what is not there")
		}
		a.watch(1)
		a.stream = 0
		p.take(wire.KindAck)
		a.ack(0, 1)
		a.send(wire.KindResync, 0, 0, nil)
		w.wantDrops("stream", 4)
		if got := p.take(wire.KindAck); len(got) != 0 {
			t.Errorf("the ack of another stream went on: %+v", got)
		}
		a.send(wire.KindInput, 0, 1, nil)
		if got := p.take(wire.KindInput); len(got) != 1 || got[0].Stream != 0 {
			t.Errorf("input is the presenter's to judge: %+v", got)
		}
		a.list(left)
		b.watch(1)
		a.control(wire.Control{Type: wire.TypeLead, Stream: 1})
		w.wantDrops("direction", 2)
		bad := left
		bad.Stream = 0
		p.list(bad)
		w.wantDrops("malformed", 1)
		if len(a.state().Presenter.Monitors) != 2 {
			t.Error("the list has changed")
		}
	})
}

// Who may not see the screen does not learn what it is made of.
func TestMonitorsAreToldToThoseWhoSee(t *testing.T) {
	bubble(t, func(t *testing.T) {
		w, p, a, _ := twoMonitors(t)
		stranger := w.viewer(3, 1)
		stranger.watch(1)
		if stranger.me().Stream != 0 {
			t.Error("a viewer without the grant has found a monitor")
		}
		told := len(a.said(wire.TypeState))
		p.list(left, right)
		if n := len(a.said(wire.TypeState)) - told; n != 0 {
			t.Errorf("the same list was told %d times", n)
		}
		if got := stranger.state().Presenter.Monitors; got != nil {
			t.Errorf("a viewer without the grant was told %+v", got)
		}
		if got := a.state().Presenter.Monitors; !slices.Equal(got, []wire.Monitor{left, right}) {
			t.Errorf("a viewer was told %+v", got)
		}
		p.grant(1, false, false)
		if got := a.state().Presenter.Monitors; got != nil {
			t.Errorf("after the grant has ended it is told %+v", got)
		}
	})
}

// The choice outlives a drop of the viewer, and of the presenter; not another computer.
func TestChoiceOutlivesADrop(t *testing.T) {
	bubble(t, func(t *testing.T) {
		w, p, a, _ := twoMonitors(t)
		a.watch(2)
		a.c.Close(wire.CloseReconnect, "")
		synctest.Wait()
		a = w.viewer(1, 1)
		if a.me().Stream != 2 {
			t.Errorf("after a drop it watches %d", a.me().Stream)
		}
		p.c.Close(wire.CloseReconnect, "")
		synctest.Wait()
		p = w.join(Party{Epoch: 2, Replaced: true, Resumed: true})
		time.Sleep(2 * tickTime)
		synctest.Wait()
		if got := p.asked(); len(got) != 2 || !slices.Contains(got, 2) || !slices.Contains(got, 0) || a.me().Stream != 2 {
			t.Errorf("after the presenter's drop it watches %d; keyframes of %v", a.me().Stream, got)
		}
		p = w.join(Party{Epoch: 3, Replaced: true})
		p.grant(1, true, false)
		if a.me().Stream != 0 || a.state().Presenter.Monitors != nil {
			t.Errorf("with another computer it watches %d of %+v", a.me().Stream, a.state().Presenter.Monitors)
		}
	})
}

// Who changes from one to the other for ever costs few keyframes, and a viewer that lags does not get
// its keyframe sooner by it.
func TestWatchIsNoWayRoundLimits(t *testing.T) {
	bubble(t, func(t *testing.T) {
		w, p, a, b := twoMonitors(t)
		for i := range 500 {
			a.watch(uint8(i % 3))
			time.Sleep(time.Millisecond)
		}
		if got := p.asked(); len(got) > 2*3 {
			t.Errorf("%d keyframes were asked for in half a second", len(got))
		}
		if w.drops("flood") < 450 {
			t.Errorf("%d wishes were dropped", w.drops("flood"))
		}
		b.send(wire.KindResync, 0, 0, nil)
		p.asked()
		start := time.Now()
		b.watch(2)
		for len(p.asked()) == 0 {
			time.Sleep(tickTime)
			synctest.Wait()
		}
		if took := time.Since(start); took < time.Second-tickTime {
			t.Errorf("a viewer that lags got a keyframe %v after it chose another stream", took)
		}
	})
}
