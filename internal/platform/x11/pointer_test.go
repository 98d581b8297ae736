//go:build linux

package x11

import (
	"bufio"
	"bytes"
	"context"
	"io"
	"log/slog"
	"testing"
	"time"

	"pindesk/internal/platform/xvfb"
)

// TestMotion: a move of the pointer is told of by an event while these are asked for, and all
// goes on after one: its length is not what xgb takes it for.
func TestMotion(t *testing.T) {
	display := xvfb.Start(t, "320x240")
	c, err := connect(context.Background(), display, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	defer c.close()
	g := &Capturer{c: c, changed: make(chan struct{}, 1), motion: make(chan struct{}, 1)}
	if err := g.findMotion(); err != nil || !g.hasMotion {
		t.Fatalf("motion %v, error %v", g.hasMotion, err)
	}
	c.listen(g.handle, g.signal)
	i := testInjector(t, display)
	for step := 1; step <= 20; step++ {
		g.selectMotion(true)
		if _, err := g.look(); err != nil { // after it the server knows
			t.Fatal(err)
		}
		if err := i.Move(step*10, step*7); err != nil {
			t.Fatal(err)
		}
		select {
		case <-g.motion:
		case <-time.After(patience):
			t.Fatalf("no event of move %d", step)
		}
		g.selectMotion(false)
		until(t, "the pointer has moved", func() bool {
			moved, err := g.look()
			return err == nil && moved
		})
		for len(g.motion) > 0 {
			<-g.motion
		}
	}
}

// TestLinkCutsGenericEvents reads a stream in pieces of every size.
func TestLinkCutsGenericEvents(t *testing.T) {
	message := func(kind byte, more int) []byte {
		b := bytes.Repeat([]byte{kind + 100}, messageHead+4*more)
		b[0] = kind
		b[4], b[5], b[6], b[7] = byte(more), byte(more>>8), 0, 0
		return b
	}
	var stream, want []byte
	for _, m := range []struct {
		kind byte
		more int
		long bool // xgb takes its length for more
	}{{12, 900, false}, {genericEvent, 0, false}, {1, 0, true}, {genericEvent, 7, false}, {genericEvent | 128, 300, false}, {1, 300, true}, {0, 0, false}, {genericEvent, 1, false}} {
		b := message(m.kind, m.more)
		if m.kind == 12 { // of an event these four bytes are anything
			b = b[:messageHead]
		}
		stream = append(stream, b...)
		if !m.long {
			b = b[:messageHead]
		}
		want = append(want, b...)
	}
	for size := 1; size < 100; size++ {
		l := &link{in: bufio.NewReaderSize(bytes.NewReader(stream), 64)}
		got, buf := []byte(nil), make([]byte, size)
		for {
			n, err := l.Read(buf)
			got = append(got, buf[:n]...)
			if err != nil {
				if err != io.EOF {
					t.Fatal(err)
				}
				break
			}
		}
		if !bytes.Equal(got, want) {
			t.Fatalf("in pieces of %d: %d bytes, not %d", size, len(got), len(want))
		}
	}
}
