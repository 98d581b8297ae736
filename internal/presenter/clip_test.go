package presenter

import (
	"context"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"pindesk/internal/wire"
)

// board is a clipboard, and the desktop that what happens to it is noted with.
type board struct {
	*recorder
	changed chan struct{}

	mu     sync.Mutex
	text   string
	own    bool // by Write
	copies uint64
	reads  int
	slow   time.Duration // what Read takes
}

func newBoard() *board { return &board{recorder: &recorder{}, changed: make(chan struct{}, 1)} }

// copied is what another program does.
func (d *board) copied(text string) {
	d.mu.Lock()
	d.text, d.own = text, false
	d.copies++
	d.mu.Unlock()
	select {
	case d.changed <- struct{}{}:
	default:
	}
}

func (d *board) Changed() <-chan struct{} { return d.changed }

func (d *board) Copies(context.Context) (uint64, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.copies, nil
}

func (d *board) Read(ctx context.Context, limit int) (string, bool, error) {
	d.mu.Lock()
	d.reads++
	text, own, slow := d.text, d.own, d.slow
	d.mu.Unlock()
	select {
	case <-time.After(slow):
	case <-ctx.Done():
		return "", false, ctx.Err()
	}
	switch {
	case own:
		return "", true, nil
	case len(text) > limit:
		return "", false, nil
	}
	return text, true, nil
}

func (d *board) Write(text string) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if text != "" || d.own {
		d.text, d.own = text, true
	}
	return d.note("clip %s", text)
}

// withBoard runs f in a room where the clipboard is shared and viewer 1 controls.
func withBoard(t *testing.T, way ClipboardUse, f func(r *room, d *board)) {
	t.Helper()
	var d *board
	inRoom(t, Ask, func(r *room) {
		ctx, cancel := context.WithCancel(context.Background())
		var running sync.WaitGroup
		running.Go(func() { r.p.clips.run(ctx) })
		running.Go(func() { r.p.inject.run(ctx) })
		defer running.Wait()
		defer cancel()
		r.gives(1)
		f(r, d)
	}, func(c *Config) {
		d = newBoard() // inside the bubble
		c.Input, c.Clipboard, c.Share = d.recorder, d, way
	})
}

// gives gives a viewer control, and waits until all have taken notice.
func (r *room) gives(viewer uint16) {
	r.t.Helper()
	if err := r.s.grant(viewer, rights{control: true}); err != nil {
		r.t.Fatal(err)
	}
	synctest.Wait()
}

// sent are the texts that the relay got since the last call.
func (r *room) sent() (all []clipTo) {
	r.t.Helper()
	time.Sleep(2 * clipEvery) // the bubble's clock
	synctest.Wait()
	for len(r.p.clips.ready) > 0 {
		<-r.p.clips.ready
		if err := r.s.sendClip(); err != nil {
			r.t.Fatal(err)
		}
		synctest.Wait()
	}
	for len(r.clips) > 0 {
		all = append(all, <-r.clips)
	}
	return all
}

func (r *room) wantSent(what string, want ...clipTo) {
	r.t.Helper()
	if got := r.sent(); !slices.Equal(got, want) {
		r.t.Errorf("%s: sent %v, want %v", what, got, want)
	}
}

// pastes is what a viewer does: a text, then the keys.
func (r *room) pastes(viewer uint16, seq uint32, text string) {
	r.t.Helper()
	r.p.inject.submit(job{viewer: viewer, epoch: 1, seq: seq, clip: text})
	r.p.inject.submit(job{viewer: viewer, epoch: 1, seq: seq + 1, events: []wire.Event{{Type: wire.EventText, Text: "V"}}})
	synctest.Wait()
}

func TestOnlyWhatIsCopiedUnderControlIsSent(t *testing.T) {
	withBoard(t, ClipboardBoth, func(r *room, d *board) {
		r.says(1, wire.Control{Type: wire.TypeYield})
		d.copied("before anybody controls")
		r.wantSent("before control")
		if d.reads != 0 {
			t.Errorf("the clipboard was read %d times for nobody", d.reads)
		}
		r.gives(1)
		r.wantSent("what was there when control began")
		d.copied("for 1")
		r.wantSent("copied under control", clipTo{1, "for 1"})
		d.copied("for 1")
		r.wantSent("the same again: the viewer's own may be another by now", clipTo{1, "for 1"})
		r.gives(2)
		r.wantSent("what 1 was sent is not for 2")
		d.copied("for 2")
		r.wantSent("after the hand-over", clipTo{2, "for 2"})
		r.online(2, false)
		d.copied("while it is away")
		r.online(2, true)
		r.wantSent("of its absence")
		d.copied("back")
		r.wantSent("after its absence", clipTo{2, "back"})
		if err := r.p.TakeControl(); err != nil {
			t.Fatal(err)
		}
		d.copied("after the guest took control back")
		r.wantSent("taken back")
		d.copied("\x00\r\na\x1b[0m\r\n")
		r.gives(1)
		d.copied("\x00\r\na\x1b[0m\r\n")
		r.wantSent("cleaned", clipTo{1, "\na[0m\n"})
		d.copied(strings.Repeat("x", wire.MaxClipText+1))
		r.wantSent("too long", clipTo{1, ""})
		d.copied(strings.Repeat("\xffa", wire.MaxClipText/2))
		r.wantSent("too long as text", clipTo{1, ""})
	})
}

// A program that answers late must not answer for the next one who controls, and what is copied meanwhile
// is nobody's.
func TestSlowCopyOfAnEarlierTurn(t *testing.T) {
	withBoard(t, ClipboardBoth, func(r *room, d *board) {
		d.slow = time.Second
		d.copied("for 1")
		synctest.Wait()
		r.gives(2)
		time.Sleep(2 * time.Second)
		r.wantSent("after the hand-over")
		d.slow = 0
		d.copied("for 2")
		r.wantSent("the next one", clipTo{2, "for 2"})
		// Read in time, but control goes before the loop sends it.
		d.copied("for 2 again")
		time.Sleep(time.Second)
		synctest.Wait()
		r.gives(1)
		r.wantSent("not sent in time")
		// The same viewer's next turn is another one.
		d.copied("for 1's turn")
		time.Sleep(time.Second)
		synctest.Wait()
		r.gives(2)
		r.gives(1)
		r.wantSent("of the turn before the last")
	})
}

// A viewer's text is put there in order with its keys, and never comes back: not even when a program
// that keeps a history puts it there again.
func TestClipsInOrderAndWithoutEcho(t *testing.T) {
	withBoard(t, ClipboardBoth, func(r *room, d *board) {
		r.pastes(1, 1, "one")
		r.pastes(1, 3, "two")
		if want := []string{"clip one", "text V", "clip two", "text V"}; !slices.Equal(d.taken(), want) {
			t.Errorf("the desktop got %q, want %q", d.taken(), want)
		}
		d.copied("two")
		r.wantSent("put there again by another program")
		d.copied("three")
		r.wantSent("another text", clipTo{1, "three"})
		r.pastes(1, 3, "came already")
		if n := len(d.taken()); n != 4 {
			t.Errorf("a text that came already was put there again: %q", d.taken())
		}
	})
}

// What one viewer has put there is gone before another one can paste it.
func TestAnotherViewerCannotPasteIt(t *testing.T) {
	withBoard(t, ClipboardBoth, func(r *room, d *board) {
		r.pastes(1, 1, "secret of 1")
		r.gives(2)
		r.p.inject.submit(job{viewer: 2, epoch: 1, seq: 1, events: []wire.Event{{Type: wire.EventText, Text: "V"}}})
		synctest.Wait()
		if want := []string{"clip secret of 1", "text V", "clip ", "text V"}; !slices.Equal(d.taken(), want) || d.text != "" {
			t.Errorf("the desktop got %q, want %q; the clipboard has %q", d.taken(), want, d.text)
		}
		d.copied("secret of 1") // by a program that keeps a history
		r.wantSent("put there again by another program")
		r.pastes(2, 2, "text of 2")
		d.copied("secret of 1")
		r.wantSent("put there again after a text of another viewer")
		d.copied("text of 2")
		r.wantSent("the newest one")
		d.copied("something else")
		r.wantSent("what is of no viewer", clipTo{2, "something else"})
	})
}

func TestWhoMaySetTheClipboard(t *testing.T) {
	for name, c := range map[string]struct {
		way    ClipboardUse
		before func(r *room)
		viewer uint16
		ok     bool
	}{
		"who controls":             {viewer: 1, ok: true},
		"only in":                  {way: ClipboardIn, viewer: 1, ok: true},
		"not shared":               {way: ClipboardOff, viewer: 1},
		"who does not control":     {viewer: 2},
		"nobody":                   {viewer: 77},
		"while the guest is asked": {before: func(r *room) { r.says(3, wire.Control{Type: wire.TypeAsk}); r.question() }, viewer: 1},
		"after it was taken back":  {before: func(r *room) { r.p.TakeControl() }, viewer: 1},
		"another computer": {before: func(r *room) {
			v := r.state[1]
			v.Held = true
			r.state[1] = v
			r.tell()
		}, viewer: 1},
	} {
		t.Run(name, func(t *testing.T) {
			way := c.way
			if way == "" {
				way = ClipboardBoth
			}
			withBoard(t, way, func(r *room, d *board) {
				if c.before != nil {
					c.before(r)
				}
				r.p.inject.submit(job{viewer: c.viewer, epoch: 1, seq: 1, clip: "text"})
				synctest.Wait()
				if got := len(d.taken()) > 0; got != c.ok {
					t.Errorf("the desktop got %q", d.taken())
				}
				if n := r.p.clips.in.Load(); n != 0 {
					t.Errorf("%d bytes are still counted as waiting", n)
				}
			})
		})
	}
}

func TestWaysOfTheClipboard(t *testing.T) {
	for way, c := range map[ClipboardUse]struct {
		told string
		out  []clipTo
	}{
		ClipboardBoth: {wire.ClipboardBoth, []clipTo{{1, "copied"}}},
		ClipboardIn:   {wire.ClipboardIn, nil},
		ClipboardOff:  {"", nil},
	} {
		withBoard(t, way, func(r *room, d *board) {
			if got := r.last(wire.TypeClipboard).Clipboard; got != c.told {
				t.Errorf("%s: the relay was told %q, want %q", way, got, c.told)
			}
			d.copied("copied")
			r.wantSent(string(way), c.out...)
			r.says(2, wire.Control{Type: wire.TypeAsk, Control: true})
			if q := r.question(); q.Share != way {
				t.Errorf("%s: the guest is told %q", way, q.Share)
			}
			r.answer(false)
		})
	}
	if _, err := New(Config{Broker: "http://x", Consent: ControlFree, Input: &recorder{}, Screen: noScreen{}, Share: "sideways"}); err == nil {
		t.Error("a way that does not exist")
	}
	p, err := New(Config{Broker: "http://x", Consent: ControlFree, Input: &recorder{}, Screen: noScreen{}, Share: ClipboardBoth})
	if err != nil || p.clips.way != ClipboardOff {
		t.Errorf("a desktop without a clipboard: %v, %v", p, err)
	}
}

// Texts for a desktop that hangs cost no more memory than a few of them.
// On a slow link texts do not queue: the newest one waits.
func TestTextsWaitForASlowLink(t *testing.T) {
	s := &sharing{p: &Presenter{clips: newClips(newBoard(), ClipboardBoth, newGrants(), nil)}, link: &link{out: make(chan []byte, linkQueue)}}
	for range clipMost {
		if ready, wait := s.clipsReady(time.Minute); ready == nil || wait != time.Minute {
			t.Fatal("a text waits though the link is not behind")
		}
		s.link.out <- nil
	}
	if ready, wait := s.clipsReady(time.Minute); ready != nil || wait > time.Second {
		t.Errorf("a text is sent, or nobody looks again before %v", wait)
	}
	<-s.link.out
	if ready, _ := s.clipsReady(time.Minute); ready == nil {
		t.Error("a text waits for ever")
	}
}

func TestTextsThatWait(t *testing.T) {
	c := newClips(newBoard(), ClipboardBoth, newGrants(), slog.New(slog.DiscardHandler))
	text := strings.Repeat("x", wire.MaxClipText)
	n := 0
	for range 100 {
		if c.take(text) {
			n++
		}
	}
	if n != maxClipsIn/wire.MaxClipText {
		t.Errorf("%d texts wait", n)
	}
}

// taken is all that the desktop got.
func (d *board) taken() []string {
	d.recorder.mu.Lock()
	defer d.recorder.mu.Unlock()
	return slices.Clone(d.got)
}
