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

// fakeConn is a connection whose peer is the test. While it is frozen it takes nothing.
type fakeConn struct {
	in   chan []byte
	next []byte   // of Wait for Read
	left [][]byte // of Write for Flush

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

func (c *fakeConn) Wait() error {
	select {
	case c.next = <-c.in:
		return nil
	case <-c.closed:
		return io.EOF
	}
}

func (c *fakeConn) Read(b []byte, grow func([]byte) []byte) ([]byte, error) {
	for cap(b) < len(c.next) {
		b = grow(b)
	}
	return append(b, c.next...), nil
}

func (c *fakeConn) Write(msgs [][]byte) (more bool, err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.frozen && c.code == 0 {
		c.left = msgs
		return true, nil
	}
	return false, c.takeLocked(msgs)
}

func (c *fakeConn) Flush() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	for c.frozen && c.code == 0 {
		c.thaw.Wait()
	}
	return c.takeLocked(c.left)
}

func (c *fakeConn) takeLocked(msgs [][]byte) error {
	if c.code != 0 {
		return errors.New("closed")
	}
	for _, msg := range msgs {
		c.got = append(c.got, append([]byte(nil), msg...))
	}
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
	stream uint8 // in the header of what it sends
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
	p.c.in <- append(wire.AppendHeader(nil, wire.Header{Kind: k, Flags: flags, Stream: p.stream, Epoch: p.epoch, Viewer: 99, Seq: seq}), body...)
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
