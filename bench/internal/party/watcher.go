package party

import (
	"image"
	"io"
	"sync"

	"pindesk/bench/internal/ws"
	"pindesk/internal/screen"
	"pindesk/internal/wire"
)

// Watcher is a viewer that decodes and acks like the page, and shows nothing.
type Watcher struct {
	c    *ws.Conn
	done chan struct{}

	mu      sync.Mutex
	decoder *screen.Decoder // guarded by mu, as all below
	epoch   uint16
	resync  bool // was sent, and no key has come since
	resyncs int
	err     error // why the connection has ended
}

// Watch joins as a viewer and asks to see. The caller closes it.
func (c *Client) Watch(pin string) (*Watcher, error) {
	conn, err := c.Join(pin, "viewer")
	if err != nil {
		return nil, err
	}
	w := &Watcher{c: conn, done: make(chan struct{}), decoder: screen.NewDecoder()}
	go w.run()
	return w, nil
}

// Close ends the connection and its goroutine.
func (w *Watcher) Close() {
	_ = w.c.Close() // the relay may have closed it before
	<-w.done
}

// Live reports whether it is connected and has caught up, and how often it had to begin anew.
func (w *Watcher) Live() (live bool, resyncs int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.err == nil && !w.resync && w.decoder.Done(), w.resyncs
}

// Shows reports whether its picture is img on every pixel.
func (w *Watcher) Shows(img *image.RGBA) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	p := w.decoder.Picture()
	if p.W != img.Rect.Dx() || p.H != img.Rect.Dy() {
		return false
	}
	for y := range p.H {
		have, want := p.Pix[y*p.Stride:], img.Pix[y*img.Stride:]
		for x := 0; x < 4*p.W; x += 4 {
			if have[x] != want[x+2] || have[x+1] != want[x+1] || have[x+2] != want[x] {
				return false
			}
		}
	}
	return true
}

func (w *Watcher) run() {
	defer close(w.done)
	defer w.c.Close()
	for {
		n, err := w.c.Next()
		if err == nil && n > wire.HeaderSize+wire.MaxUpdate {
			err = wire.ErrMalformed
		}
		msg := make([]byte, max(n, 0))
		if err == nil {
			_, err = io.ReadFull(w.c, msg)
		}
		if err == nil {
			err = w.take(msg)
		}
		if err != nil {
			w.mu.Lock()
			w.err = err
			w.mu.Unlock()
			return
		}
	}
}

func (w *Watcher) take(msg []byte) error {
	h, body, err := wire.ParseHeader(msg)
	if err != nil {
		return err
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	switch h.Kind {
	case wire.KindControl:
		return w.control(body)
	case wire.KindUpdate:
		return w.update(h, body, msg)
	}
	return nil
}

func (w *Watcher) control(body []byte) error {
	c, err := wire.ParseControl(body)
	if err != nil {
		return err
	}
	if (c.Type == wire.TypeWelcome || c.Type == wire.TypeState) && c.Epoch != w.epoch {
		w.epoch, w.resync = c.Epoch, false
		w.decoder.Begin(c.Epoch)
	}
	if c.Type == wire.TypeWelcome {
		_, err = w.c.Write(wire.AppendControl(nil, c.Epoch, 0, wire.Control{Type: wire.TypeAsk}))
	}
	return err
}

func (w *Watcher) update(h wire.Header, body, msg []byte) error {
	r, _ := w.decoder.Apply(msg) // the verdict says what to do
	switch {
	case r.Verdict == screen.NeedResync && !w.resync:
		w.resync = true
		w.resyncs++
		return w.send(wire.KindResync, nil)
	case r.Verdict != screen.Applied:
		return nil
	case h.Flags&wire.FlagKey != 0:
		w.resync = false
	}
	u, _, _, err := wire.ParseUpdate(body)
	if err != nil {
		return err
	}
	return w.send(wire.KindAck, wire.AppendAck(nil, wire.Ack{Captured: u.Captured, Part: w.decoder.Part()}))
}

func (w *Watcher) send(k wire.Kind, body []byte) error {
	_, err := w.c.Write(append(wire.AppendHeader(nil, wire.Header{Kind: k, Epoch: w.epoch, Seq: w.decoder.Seq()}), body...))
	return err
}
