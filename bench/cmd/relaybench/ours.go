package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"sync"
	"time"

	"pindesk/bench/internal/group"
	"pindesk/bench/internal/party"
	"pindesk/bench/internal/ws"
	"pindesk/internal/wire"
)

// sessionsPerMinute lets one address make all the sessions; a broker's default is 60. It is
// the only limit that the load needs raised.
const sessionsPerMinute = "1000000"

// ours is PinDesk's broker. Both ends join by the API with tickets and speak the protocol:
// the presenter grants the view, answers the request for a keyframe, and sends each frame as
// the body of a numbered update, which the relay does not read; the viewer acks each update,
// as a page does after painting. Frames are sent when they are due, whatever the acks say.
type ours struct {
	process
	bin string
	api *party.Client
}

func (o *ours) start(ctx context.Context) ([]int, error) {
	port, err := group.FreePort()
	if err != nil {
		return nil, err
	}
	addr := fmt.Sprintf("127.0.0.1:%d", port)
	o.api = party.NewClient(addr, openers, pairTimeout)
	data := filepath.Join(o.work, fmt.Sprintf("broker-data-%d", port))
	return o.run(ctx, "", addr, filepath.Join(o.bin, "broker"), "serve", "--listen", addr, "--data", data,
		"--region", "bench", "--sessions-per-min", sessionsPerMinute)
}

func (o *ours) pair(int) (io.WriteCloser, io.ReadCloser, error) {
	p, all, err := o.fan(1)
	if err != nil {
		return nil, nil, err
	}
	return p, all[0], nil
}

// presenter is the sending end. Its goroutine answers the relay until the connection ends.
type presenter struct {
	c    *ws.Conn
	done chan struct{}

	mu    sync.Mutex
	epoch uint16 // guarded by mu, as all below
	seq   uint32
	part  uint32
	reset bool // the next update follows a keyframe
	head  []byte
}

// Close ends the connection and waits for the goroutine.
func (p *presenter) Close() error {
	err := p.c.Close()
	<-p.done
	return err
}

// Write sends a frame as the body of the next numbered update.
func (p *presenter) Write(frame []byte) (int, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.seq++
	h := wire.Header{Kind: wire.KindUpdate, Epoch: p.epoch, Seq: p.seq}
	if p.reset {
		h.Flags, p.reset = wire.FlagReset, false
	}
	p.head = wire.AppendHeader(p.head[:0], h)
	return len(frame), p.c.WriteParts(p.head, frame)
}

func (p *presenter) serve() {
	defer close(p.done)
	defer p.c.Close()
	for {
		h, err := readHeader(p.c)
		if err != nil {
			return
		}
		switch h.Kind {
		case wire.KindNeedKey:
			err = p.key()
		case wire.KindControl:
			err = p.control(h)
		}
		if err != nil {
			return
		}
	}
}

// key sends the smallest keyframe there is: a picture of one pixel, and nothing more to come.
func (p *presenter) key() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.part++
	p.reset = true
	msg := wire.AppendHeader(nil, wire.Header{Kind: wire.KindUpdate, Flags: wire.FlagKey | wire.FlagCatchUp | wire.FlagDone, Epoch: p.epoch, Seq: p.seq})
	_, err := p.c.Write(wire.AppendUpdateHead(msg, wire.UpdateHead{Layout: 1, Width: 1, Height: 1, Part: p.part}))
	return err
}

// control takes the epoch from welcome, and grants the view to whoever asks.
func (p *presenter) control(h wire.Header) error {
	c, err := readControl(p.c)
	if err != nil {
		return err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	switch {
	case c.Type == wire.TypeWelcome:
		p.epoch = c.Epoch
	case c.Type == wire.TypeAsk && !c.Control:
		_, err = p.c.Write(wire.AppendControl(nil, p.epoch, 0, wire.Control{Type: wire.TypeGrant, Viewer: h.Viewer, View: true}))
	}
	return err
}

// viewer is the receiving end.
type viewer struct {
	c    *ws.Conn
	now  wire.Header // of the update that is being read
	part uint32
	ack  []byte
}

// Close ends the connection.
func (v *viewer) Close() error { return v.c.Close() }

// untilLive asks for the view once it is welcome, and waits for the keyframe.
func (v *viewer) untilLive() error {
	late := time.AfterFunc(pairTimeout, func() { _ = v.c.Close() })
	defer late.Stop()
	for {
		h, err := readHeader(v.c)
		if err != nil {
			return fmt.Errorf("no picture within %v: %w", pairTimeout, err)
		}
		switch {
		case h.Kind == wire.KindControl:
			c, err := readControl(v.c)
			if err != nil {
				return err
			}
			if c.Type == wire.TypeWelcome {
				if _, err := v.c.Write(wire.AppendControl(nil, c.Epoch, 0, wire.Control{Type: wire.TypeAsk})); err != nil {
					return err
				}
			}
		case h.Kind == wire.KindUpdate && h.Flags&wire.FlagKey != 0:
			return v.takeKey(h)
		}
	}
}

// takeKey acks a keyframe.
func (v *viewer) takeKey(h wire.Header) error {
	body := make([]byte, v.c.Left())
	if _, err := io.ReadFull(v.c, body); err != nil {
		return err
	}
	u, _, _, err := wire.ParseUpdate(body)
	if err != nil {
		return err
	}
	v.part = u.Part
	return v.sendAck(h)
}

func (v *viewer) sendAck(h wire.Header) error {
	v.ack = wire.AppendHeader(v.ack[:0], wire.Header{Kind: wire.KindAck, Epoch: h.Epoch, Seq: h.Seq})
	v.ack = wire.AppendAck(v.ack, wire.Ack{Part: v.part})
	_, err := v.c.Write(v.ack)
	return err
}

// Read gives the bodies of numbered updates as one stream, and acks each at its end.
func (v *viewer) Read(p []byte) (int, error) {
	for v.c.Left() == 0 {
		h, err := readHeader(v.c)
		if err != nil {
			return 0, err
		}
		switch {
		case h.Kind == wire.KindUpdate && h.Flags&wire.FlagCatchUp != 0:
			if err := v.takeKey(h); err != nil {
				return 0, err
			}
		case h.Kind == wire.KindUpdate:
			v.now = h
		default:
			if _, err := io.CopyN(io.Discard, v.c, int64(v.c.Left())); err != nil {
				return 0, err
			}
		}
	}
	n, err := v.c.Read(p)
	if err == nil && v.c.Left() == 0 {
		err = v.sendAck(v.now)
	}
	return n, err
}

// readHeader begins the next message.
func readHeader(c *ws.Conn) (wire.Header, error) {
	n, err := c.Next()
	if err != nil {
		return wire.Header{}, err
	}
	if n < wire.HeaderSize {
		return wire.Header{}, wire.ErrMalformed
	}
	var b [wire.HeaderSize]byte
	if _, err := io.ReadFull(c, b[:]); err != nil {
		return wire.Header{}, err
	}
	h, _, err := wire.ParseHeader(b[:])
	return h, err
}

func readControl(c *ws.Conn) (wire.Control, error) {
	if c.Left() > wire.MaxControl {
		return wire.Control{}, errors.New("a control message that is too long")
	}
	body := make([]byte, c.Left())
	if _, err := io.ReadFull(c, body); err != nil {
		return wire.Control{}, err
	}
	return wire.ParseControl(body)
}
