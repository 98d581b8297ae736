package relay

import (
	"context"
	"io"
	"runtime"
	"testing"
	"time"

	"pindesk/internal/wire"
)

// pipe is a connection that hands each written message to the test.
type pipe struct {
	in     chan []byte
	next   []byte
	out    chan int
	closed chan struct{}
}

func newPipe() *pipe {
	return &pipe{in: make(chan []byte, 64), out: make(chan int, 64), closed: make(chan struct{})}
}

func (p *pipe) Wait() error {
	select {
	case p.next = <-p.in:
		return nil
	case <-p.closed:
		return io.EOF
	}
}

func (p *pipe) Read(b []byte, grow func([]byte) []byte) ([]byte, error) {
	for cap(b) < len(p.next) {
		b = grow(b)
	}
	return append(b, p.next...), nil
}

func (p *pipe) Write(msgs [][]byte) (bool, error) {
	for _, msg := range msgs {
		select {
		case p.out <- len(msg):
		case <-p.closed:
			return false, io.EOF
		}
	}
	return false, nil
}

func (p *pipe) Flush() error { return nil }

func (p *pipe) RTT() time.Duration { return 0 }

func (p *pipe) Close(int, string) {
	select {
	case <-p.closed:
	default:
		close(p.closed)
	}
}

// BenchmarkUpdate is the relay's work for one update of 20 kB and its ack, for some viewers.
func BenchmarkUpdate(b *testing.B) {
	for name, viewers := range map[string]int{"1 viewer": 1, "5 viewers": 5} {
		b.Run(name, func(b *testing.B) {
			h := New(Config{})
			presenter := newPipe()
			ended := make(chan struct{}, viewers+1)
			serve := func(p Party, c Conn) {
				p.Session = "s"
				go func() { _ = h.Serve(context.Background(), p, c); ended <- struct{}{} }()
			}
			serve(Party{Epoch: 1}, presenter)
			<-presenter.out // welcome
			msg := func(k wire.Kind, flags uint8, seq uint32, body []byte) []byte {
				return append(wire.AppendHeader(nil, wire.Header{Kind: k, Flags: flags, Epoch: 1, Seq: seq}), body...)
			}
			update := func(flags uint8, seq uint32) []byte { return msg(wire.KindUpdate, flags, seq, make([]byte, 20<<10)) }
			size := len(update(0, 0))
			var views []*pipe
			wait := func(v *pipe) {
				for n := range v.out {
					if n == size {
						return
					}
				}
			}
			drain := func() { // what the presenter is told
				for {
					select {
					case <-presenter.out:
					default:
						return
					}
				}
			}
			for n := range viewers {
				v := newPipe()
				views = append(views, v)
				serve(Party{Viewer: uint16(n + 1)}, v)
				<-v.out // welcome
				presenter.in <- wire.AppendControl(nil, 1, 0, wire.Control{Type: wire.TypeGrant, Viewer: uint16(n + 1), View: true})
				presenter.in <- update(wire.FlagKey|wire.FlagCatchUp|wire.FlagDone, 0)
				wait(v)
				drain()
			}
			// Messages are reused round robin: all queues are far shorter.
			next, acks := make([][]byte, 64), make([][][]byte, 64)
			for slot := range next {
				next[slot] = update(0, 0)
				for n := range viewers { // each has seen its own keyframe only
					acks[slot] = append(acks[slot], msg(wire.KindAck, 0, 0, wire.AppendAck(nil, wire.Ack{Part: uint32(n + 1)})))
				}
			}
			b.SetBytes(int64(size * viewers))
			b.ReportAllocs()
			b.ResetTimer()
			for i := range b.N {
				seq, slot := uint32(i+1), i%len(next)
				wire.AppendHeader(next[slot][:0], wire.Header{Kind: wire.KindUpdate, Epoch: 1, Seq: seq})
				presenter.in <- next[slot]
				for n, v := range views {
					wait(v)
					wire.AppendHeader(acks[slot][n][:0], wire.Header{Kind: wire.KindAck, Epoch: 1, Seq: seq})
					v.in <- acks[slot][n]
				}
				for _, v := range views { // a viewer whose acks wait would lag
					for len(v.in) > 0 {
						runtime.Gosched()
					}
				}
				drain()
			}
			b.StopTimer()
			h.Drain()
			presenter.Close(0, "")
			for _, v := range views {
				v.Close(0, "")
			}
			for range viewers + 1 {
				<-ended
			}
		})
	}
}
