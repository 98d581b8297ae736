package relay

import (
	"slices"
	"strings"
	"testing"
	"testing/synctest"

	"pindesk/internal/wire"
)

// clip sends a text; to is for a presenter.
func (p *peer) clip(to uint16, text string) {
	b := wire.AppendHeader(nil, wire.Header{Kind: wire.KindClip, Epoch: p.epoch, Viewer: to, Seq: 1})
	p.c.in <- wire.AppendClip(b, text)
	synctest.Wait()
}

// clips are the texts that came, all there ever were.
func (p *peer) clips() (all []string) {
	p.c.mu.Lock()
	defer p.c.mu.Unlock()
	for _, m := range p.c.got {
		if h, body, _ := wire.ParseHeader(m); h.Kind == wire.KindClip {
			text, err := wire.ParseClip(body)
			if err != nil {
				p.t.Error(err)
			}
			all = append(all, text)
		}
	}
	return all
}

func (p *peer) wantClips(what string, want ...string) {
	p.t.Helper()
	if got := p.clips(); !slices.Equal(got, want) {
		p.t.Errorf("%s: got %q, want %q", what, got, want)
	}
}

func (p *peer) shares(clipboard string) {
	p.control(wire.Control{Type: wire.TypeClipboard, Clipboard: clipboard})
}

// What one viewer copies, or what is copied for it, never gets to another one: not by a
// presenter that names the wrong one, nor because control has changed meanwhile.
func TestClipboardOfOneViewerNeverReachesAnother(t *testing.T) {
	bubble(t, func(t *testing.T) {
		w := newWorld(t)
		p, a, b, c := w.presenter(1), w.viewer(1, 1), w.viewer(2, 1), w.viewer(3, 1)
		p.shares(wire.ClipboardBoth)
		p.grant(1, true, true)
		p.grant(2, true, false)
		p.may(3)
		a.clip(0, "from A")
		p.wantClips("the presenter", "from A")
		p.clip(1, "for A")
		p.clip(2, "for A, to B by mistake")
		p.clip(3, "for A, to C by mistake")
		w.wantDrops("no_control", 2)
		p.clip(0, "for nobody")
		p.clip(99, "for nobody")
		w.wantDrops("absent", 2)
		a.wantClips("A", "for A")

		// What waits for A when B gets control is gone.
		a.c.freeze(true)
		p.clip(1, "for A, on its way") // in the writer's hands
		p.clip(1, "for A, waits")
		p.grant(2, true, true)
		p.clip(1, "for A, too late")
		a.c.freeze(false)
		synctest.Wait()
		w.wantDrops("revoked", 1)
		a.wantClips("A after control has gone", "for A", "for A, on its way")
		b.wantClips("B")
		c.wantClips("C")
		p.clip(2, "for B")
		b.wantClips("B", "for B")
		a.clip(0, "from A without control")
		c.clip(0, "from C, which only may")
		p.wantClips("the presenter", "from A")
	})
}

// A viewer sets the clipboard on the same conditions as it puts input in.
func TestClipboardIn(t *testing.T) {
	for name, c := range map[string]struct {
		before func(p, v *peer)
		reason string // "": it is passed on
	}{
		"in control":            {func(p, _ *peer) {}, ""},
		"only in":               {func(p, _ *peer) { p.shares(wire.ClipboardIn) }, ""},
		"not shared":            {func(p, _ *peer) { p.shares("") }, "no_clipboard"},
		"shared in another way": {func(p, _ *peer) { p.shares("sideways") }, "no_clipboard"},
		"without control":       {func(p, _ *peer) { p.grant(1, true, false) }, "no_control"},
		"while the guest is asked": {func(p, _ *peer) {
			p.control(wire.Control{Type: wire.TypeQuestion, Open: true})
		}, "question"},
		"of another epoch":       {func(_, v *peer) { v.epoch = 9 }, "epoch"},
		"without a presenter":    {func(p, _ *peer) { p.c.Close(1006, ""); synctest.Wait() }, "absent"},
		"after giving it back":   {func(_, v *peer) { v.control(wire.Control{Type: wire.TypeYield}) }, "no_control"},
		"after control was lost": {func(p, _ *peer) { p.grant(2, true, true) }, "no_control"},
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				w := newWorld(t)
				p, v := w.presenter(1), w.viewer(1, 1)
				w.viewer(2, 1)
				p.shares(wire.ClipboardBoth)
				p.grant(1, true, true)
				c.before(p, v)
				v.clip(0, "text")
				if c.reason == "" {
					p.wantClips("the presenter", "text")
					return
				}
				p.wantClips("the presenter")
				w.wantDrops(c.reason, 1)
			})
		})
	}
}

func TestClipboardOut(t *testing.T) {
	bubble(t, func(t *testing.T) {
		w := newWorld(t)
		p, v := w.presenter(1), w.viewer(1, 1)
		p.grant(1, true, true)
		p.clip(1, "nothing was said of the clipboard")
		p.shares(wire.ClipboardIn)
		p.clip(1, "only in")
		w.wantDrops("no_clipboard", 2)
		p.shares(wire.ClipboardBoth)
		if got := v.state().Presenter.Clipboard; got != wire.ClipboardBoth {
			t.Errorf("the viewer was told %q", got)
		}
		long := strings.Repeat("😀", wire.MaxClipText/4)
		p.clip(1, long)
		v.wantClips("the viewer", long)
		p.clip(1, long+"x")
		w.wantDrops("unknown", 1)

		// Only the newest text matters to a viewer that is slow.
		v.c.freeze(true)
		for _, s := range []string{"in the writer's hands", "1", "2", "3"} {
			p.clip(1, s)
		}
		v.c.freeze(false)
		synctest.Wait()
		v.wantClips("the slow viewer", long, "in the writer's hands", "3")

		// Another attach has to say anew what it shares.
		q := w.join(Party{Epoch: 2, Resumed: true})
		q.epoch = 2
		q.clip(1, "said by nobody")
		w.wantDrops("no_clipboard", 3)
		other := w.join(Party{Epoch: 3, Replaced: true})
		other.epoch = 3
		other.shares(wire.ClipboardBoth)
		other.grant(1, true, true)
		other.clip(1, "of another computer")
		w.wantDrops("held", 1)
	})
}

// The log has that the clipboard was used, once for each time that a viewer controls.
func TestClipboardIsObserved(t *testing.T) {
	bubble(t, func(t *testing.T) {
		var seen []string
		w := newWorld(t)
		w.h = New(Config{Observe: func(e Event) {
			if e.What == ClipIn || e.What == ClipOut {
				seen = append(seen, string(e.What)+e.Right)
			}
		}})
		p, v := w.presenter(1), w.viewer(1, 1)
		p.shares(wire.ClipboardBoth)
		for range 2 {
			p.grant(1, true, true)
			for range 3 {
				p.clip(1, "secret")
				v.clip(0, "secret")
			}
			p.grant(1, true, false)
		}
		if want := []string{"clipboard_out", "clipboard_in", "clipboard_out", "clipboard_in"}; !slices.Equal(seen, want) {
			t.Errorf("observed %q, want %q", seen, want)
		}
	})
}
