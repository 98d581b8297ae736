package wsconn

import (
	"context"
	"encoding/binary"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"
	"time"

	"pindesk/internal/relay"
	"pindesk/internal/wire"
)

// relayed is a presenter and a live viewer at a relay, over real WebSockets. The parties'
// ends are bare sockets, so that what is measured is ours.
type relayed struct {
	presenter, viewer net.Conn
	update, ack       []byte // frames, masked with zeros
	seq               uint32
	answer            []byte
}

const (
	frameHead  = 8 // of a masked frame of up to 64 kB
	updateSize = 20 << 10
)

func newRelayed(tb testing.TB) *relayed {
	tb.Helper()
	hub := relay.New(relay.Config{})
	var parties atomic.Int32
	h := &Handler{
		Allowed: func(*http.Request) bool { return true },
		Admit: func(context.Context, string) (relay.Party, error) {
			if parties.Add(1) == 1 {
				return relay.Party{Session: "s", ID: "p", Epoch: 1}, nil
			}
			return relay.Party{Session: "s", ID: "v", Viewer: 1}, nil
		},
		Serve: hub.Serve,
		Log:   slog.New(slog.DiscardHandler),
	}
	s := httptest.NewServer(h)
	p := &relayed{answer: make([]byte, updateSize+64)}
	tb.Cleanup(func() {
		hub.Drain()
		_, _ = p.presenter.Close(), p.viewer.Close()
		s.Close()
		h.Wait()
	})
	p.presenter = dial(tb, s.URL).NetConn()
	p.send(tb, p.presenter, wire.AppendControl(nil, 1, 0, wire.Control{Type: wire.TypeGrant, Viewer: 1, View: true}))
	p.await(tb, p.presenter, wire.KindControl)
	p.viewer = dial(tb, s.URL).NetConn()
	p.await(tb, p.presenter, wire.KindNeedKey)
	head := wire.Header{Kind: wire.KindUpdate, Flags: wire.FlagKey | wire.FlagCatchUp | wire.FlagDone, Epoch: 1}
	p.send(tb, p.presenter, wire.AppendHeader(nil, head))
	p.await(tb, p.viewer, wire.KindUpdate)
	p.update = frame(append(wire.AppendHeader(nil, wire.Header{Kind: wire.KindUpdate, Epoch: 1}), make([]byte, updateSize)...))
	p.ack = frame(wire.AppendAck(wire.AppendHeader(nil, wire.Header{Kind: wire.KindAck, Epoch: 1}), wire.Ack{Part: 1}))
	return p
}

// frame is a party's frame with a mask of zeros; its head is padded to one length.
func frame(msg []byte) []byte {
	b := make([]byte, frameHead, frameHead+len(msg))
	b[0], b[1] = binaryFrame, 0x80|126
	binary.BigEndian.PutUint16(b[2:], uint16(len(msg)))
	return append(b, msg...)
}

func (p *relayed) send(tb testing.TB, to net.Conn, msg []byte) {
	tb.Helper()
	if _, err := to.Write(frame(msg)); err != nil {
		tb.Fatal(err)
	}
}

// await reads until a message of a kind has come as a whole.
func (p *relayed) await(tb testing.TB, from net.Conn, kind wire.Kind) {
	tb.Helper()
	_ = from.SetReadDeadline(time.Now().Add(10 * time.Second))
	for {
		b := p.answer[:2]
		if _, err := io.ReadFull(from, b); err != nil {
			tb.Fatal(err)
		}
		op, n := b[0], int(b[1])
		if n == 126 {
			if _, err := io.ReadFull(from, b); err != nil {
				tb.Fatal(err)
			}
			n = int(binary.BigEndian.Uint16(b))
		}
		b = p.answer[:n]
		if _, err := io.ReadFull(from, b); err != nil {
			tb.Fatal(err)
		}
		if op == binaryFrame && wire.Kind(b[0]) == kind {
			return
		}
	}
}

// once sends an update to the viewer, and its ack to the presenter.
func (p *relayed) once(tb testing.TB) {
	p.seq++
	wire.AppendHeader(p.update[frameHead:frameHead], wire.Header{Kind: wire.KindUpdate, Epoch: 1, Seq: p.seq})
	if _, err := p.presenter.Write(p.update); err != nil {
		tb.Fatal(err)
	}
	p.await(tb, p.viewer, wire.KindUpdate)
	wire.AppendHeader(p.ack[frameHead:frameHead], wire.Header{Kind: wire.KindAck, Epoch: 1, Seq: p.seq})
	if _, err := p.viewer.Write(p.ack); err != nil {
		tb.Fatal(err)
	}
	p.await(tb, p.presenter, wire.KindAck)
}
