package presenter

import (
	"context"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"pindesk/internal/wire"
)

// ClipboardUse says which way the clipboard's text goes.
type ClipboardUse string

// The ways.
const (
	ClipboardBoth ClipboardUse = "both" // to the desktop, and from it to who controls
	ClipboardIn   ClipboardUse = "in"   // only to the desktop
	ClipboardOff  ClipboardUse = "off"
)

// Times of the clipboard.
const (
	clipWait  = 3 * time.Second        // for what the desktop and its programs have to say
	clipEvery = 200 * time.Millisecond // least time between two texts that are sent
)

// maxClipsIn bounds the bytes of texts that wait for a desktop that is slow; more are dropped.
const maxClipsIn = 4 * wire.MaxClipText

// clips brings texts from the desktop's clipboard to the viewer that holds control, and from it.
//
// What is sent was put there by another program while that viewer held control, and it holds it
// still: texts from before, and what a viewer has put there itself, are never sent.
type clips struct {
	desk   Clipboard // nil: nothing is shared
	way    ClipboardUse
	grants *grants
	log    *slog.Logger
	ready  chan struct{} // capacity 1: there is something to send
	in     atomic.Int64  // bytes that wait for the desktop

	mu      sync.Mutex
	written string // the newest text that a viewer has put there; guarded by mu
	removed string // that of the viewer before, which a history may bring back later; guarded by mu
	next    string // to be sent; "" if it is too long; guarded by mu
	of      turn   // in which next was copied; no viewer: there is none; guarded by mu

	// Owned by the injecting goroutine.
	writer uint16 // whose text was written last; 0: none
}

func newClips(desk Clipboard, way ClipboardUse, g *grants, log *slog.Logger) *clips {
	if desk == nil {
		way = ClipboardOff
	}
	return &clips{desk: desk, way: way, grants: g, log: log, ready: make(chan struct{}, 1)}
}

// run waits for texts that other programs copy, until ctx is done. Each turn has a count of
// copies at its begin; only what was copied later is read.
func (c *clips) run(ctx context.Context) {
	if c.way != ClipboardBoth {
		return
	}
	now := c.grants.turn()
	before, known := c.count(ctx, now)
	for {
		select {
		case <-ctx.Done():
			return
		case <-now.ended:
			now = c.grants.turn()
			before, known = c.count(ctx, now)
			continue
		case <-c.desk.Changed():
		}
		if now.viewer == 0 {
			continue
		}
		copies, ok := c.count(ctx, now)
		if !known || !ok || copies == before {
			before, known = copies, ok
			continue
		}
		before = copies
		switch text, fits, err := c.read(ctx, now); {
		case err != nil:
			c.log.Debug("the clipboard could not be read", "err", err)
		case !fits, text != "":
			c.put(text, now)
		}
		select { // a program that copies without end is not read without end
		case <-ctx.Done():
		case <-now.ended:
		case <-time.After(clipEvery):
		}
	}
}

// count asks the desktop how often was copied; without a viewer nobody wants to know.
func (c *clips) count(ctx context.Context, now turn) (copies uint64, ok bool) {
	if now.viewer == 0 {
		return 0, false
	}
	ctx, cancel := context.WithTimeout(ctx, clipWait)
	defer cancel()
	copies, err := c.desk.Copies(ctx)
	return copies, err == nil
}

// read reads the text, unless the turn ends meanwhile; "" when a viewer has put it there itself, this one
// or the one before: programs that keep the clipboard's history put it there again in their own name.
func (c *clips) read(ctx context.Context, now turn) (text string, fits bool, err error) {
	ctx, cancel := context.WithTimeout(ctx, clipWait)
	defer cancel()
	over := make(chan struct{})
	defer close(over)
	go func() {
		select {
		case <-now.ended:
			cancel()
		case <-over:
		}
	}()
	if text, fits, err = c.desk.Read(ctx, wire.MaxClipText); err != nil || !fits {
		return "", fits, err
	}
	text = wire.CleanClip(text)
	if len(text) > wire.MaxClipText { // bytes that are no text have become longer
		return "", false, nil
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if text == c.written || text == c.removed {
		return "", true, nil
	}
	return text, true, nil
}

// put has the loop send a text to the viewer of a turn, if that lasts.
func (c *clips) put(text string, of turn) {
	c.mu.Lock()
	c.next, c.of = text, of
	c.mu.Unlock()
	select {
	case c.ready <- struct{}{}:
	default:
	}
}

// due returns the text that is to be sent now, and to whom; 0 when there is none.
func (c *clips) due() (text string, viewer uint16) {
	c.mu.Lock()
	defer c.mu.Unlock()
	text, of := c.next, c.of
	c.next, c.of = "", turn{}
	if of.viewer == 0 || c.grants.turn().number != of.number {
		return "", 0
	}
	return text, of.viewer
}

// take reserves the memory that a text needs until it has been written, or refuses it.
func (c *clips) take(text string) bool {
	if c.way == ClipboardOff {
		return false
	}
	if c.in.Add(int64(len(text))) > maxClipsIn {
		c.in.Add(-int64(len(text)))
		c.log.Warn("the desktop takes the clipboard's text too slowly, one was dropped")
		return false
	}
	return true
}

// write puts a viewer's text into the desktop's clipboard. Only the injecting goroutine calls it.
func (c *clips) write(viewer uint16, text string) {
	c.mu.Lock()
	c.written = text
	c.mu.Unlock()
	c.writer = viewer
	if err := c.desk.Write(text); err != nil {
		c.log.Warn("the clipboard could not be set", "err", err)
	}
}

// passTo takes away what another viewer has put there, before viewer could paste it. Only the
// injecting goroutine calls it.
func (c *clips) passTo(viewer uint16) {
	if c.writer == 0 || c.writer == viewer {
		return
	}
	c.writer = 0
	c.mu.Lock()
	c.removed = c.written
	c.mu.Unlock()
	if err := c.desk.Write(""); err != nil {
		c.log.Warn("the clipboard could not be emptied", "err", err)
	}
}

// clipMost is how many large messages may wait for the writer before the next clip.
const clipMost = 8

// clipsReady is clips.ready, or nil while the link is behind: then look again after at most wait. A
// program that copies without end would fill the link's queue, which ends the connection; so the
// newest text waits where it is replaced.
func (s *sharing) clipsReady(wait time.Duration) (<-chan struct{}, time.Duration) {
	if len(s.link.out) >= clipMost {
		return nil, min(wait, clipEvery)
	}
	return s.p.clips.ready, wait
}

// tellClipboard tells the relay which way the clipboard is shared.
func (s *sharing) tellClipboard() error {
	if s.p.clips.way == ClipboardOff {
		return nil
	}
	return s.tell(wire.Control{Type: wire.TypeClipboard, Clipboard: string(s.p.clips.way)})
}

// sendClip sends what was copied.
func (s *sharing) sendClip() error {
	text, viewer := s.p.clips.due()
	if viewer == 0 {
		return nil
	}
	return s.link.send(wire.AppendClip(wire.AppendHeader(s.link.buffer(), wire.Header{Kind: wire.KindClip, Epoch: s.epoch, Viewer: viewer}), text))
}
