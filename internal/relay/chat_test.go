package relay

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"pindesk/internal/wire"
)

// fakeChat keeps lines in memory. Its calls wait while it is stopped.
type fakeChat struct {
	mu      sync.Mutex
	lines   []wire.ChatLine
	by      map[string]uint32 // party and client: id
	full    bool
	fail    error
	stopped chan struct{} // calls wait for its close; nil: they do not
	queries []ChatQuery
}

func (c *fakeChat) wait(ctx context.Context) error {
	c.mu.Lock()
	stopped := c.stopped
	c.mu.Unlock()
	if stopped == nil {
		return nil
	}
	select {
	case <-stopped:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (c *fakeChat) Append(ctx context.Context, s Said) (wire.ChatLine, error) {
	if err := c.wait(ctx); err != nil {
		return wire.ChatLine{}, err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	key := s.Party + "/" + s.Client
	switch id, known := c.by[key]; {
	case known:
		return c.lines[id-1], nil
	case c.full:
		return wire.ChatLine{}, ErrChatFull
	case c.fail != nil:
		return wire.ChatLine{}, c.fail
	}
	l := wire.ChatLine{ID: uint32(len(c.lines) + 1), Time: time.Now().UnixMilli(), Viewer: s.Viewer, Name: s.Name, Waiting: s.Waiting, Client: s.Client, Text: s.Text}
	c.lines, c.by[key] = append(c.lines, l), l.ID
	return l, nil
}

func (c *fakeChat) Log(ctx context.Context, q ChatQuery) (lines []wire.ChatLine, more bool, err error) {
	if err := c.wait(ctx); err != nil {
		return nil, false, err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.queries = append(c.queries, q)
	if c.fail != nil {
		return nil, false, c.fail
	}
	for _, l := range slices.Backward(c.lines) {
		if q.Before != 0 && l.ID >= q.Before || !q.All && l.Waiting != q.Viewer {
			continue
		}
		if len(lines) == q.Limit {
			return lines, true, nil
		}
		lines = slices.Insert(lines, 0, l)
	}
	return lines, false, nil
}

func (c *fakeChat) set(f func()) {
	c.mu.Lock()
	f()
	c.mu.Unlock()
	synctest.Wait()
}

func chatWorld(t *testing.T) (*world, *fakeChat) {
	c := &fakeChat{by: map[string]uint32{}}
	w := &world{t: t, h: New(Config{Chat: c})}
	t.Cleanup(func() { w.h.Drain(); w.all.Wait(); w.h.Wait() })
	return w, c
}

func (w *world) party(id string, p Party) *peer {
	p.ID, p.Name = id, id
	q := w.join(p)
	if p.Viewer != 0 {
		q.epoch = 1
	}
	return q
}

func (p *peer) say(client, text string) {
	p.control(wire.Control{Type: wire.TypeChat, Client: client, Text: text})
}

// read is every line that the peer was sent, as "id text", in the order of its coming.
func (p *peer) read() (all []string) {
	for _, c := range p.said(wire.TypeChat) {
		for _, l := range c.Lines {
			all = append(all, fmt.Sprint(l.ID, " ", l.Text))
		}
	}
	return all
}

func (p *peer) wantLines(what string, want ...string) {
	p.t.Helper()
	if got := p.read(); !slices.Equal(got, want) {
		p.t.Errorf("%s was sent %q, want %q", what, got, want)
	}
}

// wantUnsaid wants the reasons of all lines that were not stored.
func (p *peer) wantUnsaid(want ...string) {
	p.t.Helper()
	var got []string
	for _, c := range p.said(wire.TypeUnsaid) {
		got = append(got, c.Reason)
	}
	if !slices.Equal(got, want) {
		p.t.Errorf("unsaid %q, want %q", got, want)
	}
}

func TestChatGoesToAllWhoMayRead(t *testing.T) {
	bubble(t, func(t *testing.T) {
		w, chat := chatWorld(t)
		guest := w.party("guest", Party{Epoch: 1})
		eve, bob := w.party("eve", Party{Viewer: 1}), w.party("bob", Party{Viewer: 2})
		guest.grant(1, true, false)
		eve.say("e1", "hello\u202e\x00")
		guest.say("g1", "my password is swordfish")
		bob.say("b1", "let me in")
		guest.control(wire.Control{Type: wire.TypeChat, Client: "g2", Text: "who are you?", Viewer: 2})
		guest.control(wire.Control{Type: wire.TypeChat, Client: "g3", Text: "anybody?", Viewer: 9})
		all := []string{"1 hello", "2 my password is swordfish", "3 let me in", "4 who are you?"}
		guest.wantLines("the guest", all...)
		eve.wantLines("an approved viewer", all...)
		bob.wantLines("a waiting viewer", "3 let me in", "4 who are you?")
		guest.wantUnsaid(wire.UnsaidAbsent)
		want := wire.ChatLine{ID: 3, Time: time.Now().UnixMilli(), Viewer: 2, Name: "bob", Waiting: 2, Client: "b1", Text: "let me in"}
		if got := chat.lines[2]; got != want {
			t.Errorf("stored %+v, want %+v", got, want)
		}
		guest.grant(2, true, false)
		bob.wantLines("a viewer that was let in", append([]string{"3 let me in", "4 who are you?"}, all...)...)
		bob.say("b2", "thanks")
		if l := chat.lines[4]; l.Waiting != 0 {
			t.Errorf("an approved viewer's line is marked as waiting: %+v", l)
		}
	})
}

func TestChatEndsWithTheGrant(t *testing.T) {
	bubble(t, func(t *testing.T) {
		w, chat := chatWorld(t)
		guest, eve := w.party("guest", Party{Epoch: 1}), w.party("eve", Party{Viewer: 1})
		guest.grant(1, true, false)
		guest.say("1", "for those who see")
		guest.grant(1, false, false)
		guest.say("2", "for those who see now")
		eve.control(wire.Control{Type: wire.TypeChatLog})
		eve.wantLines("a viewer whose grant ended", "1 for those who see")

		// The grant ends while its log is being read.
		stop := make(chan struct{})
		chat.set(func() { chat.stopped = stop })
		guest.grant(1, true, false)
		guest.grant(1, false, false)
		chat.set(func() { chat.stopped = nil; close(stop) })
		if q := chat.queries[len(chat.queries)-1]; !q.All {
			t.Fatalf("the log was not read with the grant: %+v", q)
		}
		eve.wantLines("a viewer whose grant ended meanwhile", "1 for those who see")
	})
}

func TestChatLateJoiners(t *testing.T) {
	bubble(t, func(t *testing.T) {
		w, chat := chatWorld(t)
		guest := w.party("guest", Party{Epoch: 1})
		for i := range wire.ChatPage + 10 {
			guest.say(fmt.Sprint(i), strings.Repeat("<", wire.MaxChatRunes)) // at its longest in JSON
			time.Sleep(sayEvery)
		}
		eve := w.party("eve", Party{Viewer: 1})
		eve.wantLines("a waiting viewer")
		guest.grant(1, true, false)
		page := func() (first, last uint32, n int, more bool) {
			for i, c := range eve.said(wire.TypeChat) {
				if i == 0 {
					first, more = c.Lines[0].ID, c.More
				}
				for _, l := range c.Lines {
					n, last = n+1, l.ID
				}
			}
			eve.take(wire.KindControl)
			return first, last, n, more
		}
		if first, last, n, more := page(); first != 11 || last != 60 || n != wire.ChatPage || !more {
			t.Errorf("the log is %d..%d in %d lines, more %v", first, last, n, more)
		}
		eve.control(wire.Control{Type: wire.TypeChatLog, Before: 11})
		if first, last, n, more := page(); first != 1 || last != 10 || n != 10 || more {
			t.Errorf("the rest is %d..%d in %d lines, more %v", first, last, n, more)
		}
		eve.control(wire.Control{Type: wire.TypeChatLog, Before: 1})
		if end := eve.said(wire.TypeChat); len(end) != 1 || len(end[0].Lines) != 0 || end[0].More {
			t.Errorf("before the first line: %+v", end)
		}
		if q := chat.queries[len(chat.queries)-1]; q != (ChatQuery{Session: "s", Party: "eve", Viewer: 1, All: true, Before: 1, Limit: wire.ChatPage}) {
			t.Errorf("the query was %+v", q)
		}
	})
}

// TestChatSaidAgain: a line that is said again after a dropped socket is stored once.
func TestChatSaidAgain(t *testing.T) {
	bubble(t, func(t *testing.T) {
		w, chat := chatWorld(t)
		guest := w.party("guest", Party{Epoch: 1})
		eve := w.party("eve", Party{Viewer: 1})
		eve.say("e1", "once")
		eve.c.Close(1006, "")
		synctest.Wait()
		eve = w.party("eve", Party{Viewer: 1, Resumed: true})
		eve.say("e1", "once")
		if len(chat.lines) != 1 {
			t.Errorf("stored %d times", len(chat.lines))
		}
		eve.wantLines("who said it", "1 once", "1 once") // the log, and the answer
		guest.wantLines("the guest", "1 once", "1 once")
	})
}

// TestChatDoesNotHoldUpTheReader: with a database that hangs, pictures and input go on; lines
// keep their order, and fail after a time.
func TestChatDoesNotHoldUpTheReader(t *testing.T) {
	bubble(t, func(t *testing.T) {
		w, chat := chatWorld(t)
		guest, eve := w.party("guest", Party{Epoch: 1}), w.party("eve", Party{Viewer: 1})
		guest.grant(1, true, true)
		stop := make(chan struct{})
		chat.set(func() { chat.stopped = stop })
		for i := range 5 {
			guest.say(fmt.Sprint(i), fmt.Sprint("line ", i))
		}
		guest.send(wire.KindUpdate, keyFrame, 1, nil)
		eve.wantSeqs("while chat hangs", 1)
		eve.send(wire.KindInput, 0, 1, []byte{0, 0})
		if n := len(guest.take(wire.KindInput)); n != 1 {
			t.Errorf("%d inputs arrived while chat hangs", n)
		}
		chat.set(func() { chat.stopped = nil; close(stop) })
		eve.wantLines("a viewer", "1 line 0", "2 line 1", "3 line 2", "4 line 3", "5 line 4")

		time.Sleep(time.Minute)
		chat.set(func() { chat.stopped = make(chan struct{}) })
		for i := range 5 {
			guest.say(fmt.Sprint("x", i), "lost")
		}
		time.Sleep(chatTimeout + time.Millisecond)
		synctest.Wait()
		guest.wantUnsaid(slices.Repeat([]string{wire.UnsaidFailed}, 5)...)
	})
}

func TestChatRefused(t *testing.T) {
	bubble(t, func(t *testing.T) {
		w, chat := chatWorld(t)
		guest, eve := w.party("guest", Party{Epoch: 1}), w.party("eve", Party{Viewer: 1})
		eve.say("a b", "bad client")
		eve.say("1", "\u200b \x00")
		eve.wantUnsaid(wire.UnsaidEmpty, wire.UnsaidEmpty)
		chat.set(func() { chat.full = true })
		eve.say("2", "full")
		chat.set(func() { chat.full, chat.fail = false, errors.New("no database") })
		eve.say("3", "fails")
		eve.wantUnsaid(wire.UnsaidEmpty, wire.UnsaidEmpty, wire.UnsaidFull, wire.UnsaidFailed)
		chat.set(func() { chat.fail = nil })
		eve.wantLines("who said it")
		guest.grant(1, true, false) // a blocked viewer stays only if it may see
		for range maxDenials {
			guest.control(wire.Control{Type: wire.TypeRefuse, Viewer: 1, Control: true})
		}
		eve.take(wire.KindControl)
		eve.say("4", "blocked")
		guest.say("1", "not for the blocked")
		eve.control(wire.Control{Type: wire.TypeChatLog})
		eve.wantUnsaid(wire.UnsaidBlocked)
		eve.wantLines("a blocked viewer")
		guest.wantLines("the guest", "1 not for the blocked")
		w.wantDrops("blocked", 1)
	})
}

func TestChatFlood(t *testing.T) {
	bubble(t, func(t *testing.T) {
		w, chat := chatWorld(t)
		guest := w.party("guest", Party{Epoch: 1})
		for i := range sayBurst + 3 {
			guest.say(fmt.Sprint(i), "x")
		}
		guest.wantUnsaid(wire.UnsaidFlood, wire.UnsaidFlood, wire.UnsaidFlood)
		time.Sleep(sayEvery)
		guest.say("later", "x")
		if n := len(chat.lines); n != sayBurst+1 {
			t.Errorf("%d lines stored, want %d", n, sayBurst+1)
		}
		// A stranger gets no more by coming as many.
		time.Sleep(time.Minute)
		before := len(chat.lines)
		for n := range uint16(8) {
			p := w.party(fmt.Sprint("v", n), Party{Viewer: n + 1})
			for i := range sayBurst {
				p.say(fmt.Sprint(i), "knock")
			}
			p.c.Close(1006, "")
			synctest.Wait()
		}
		if n := len(chat.lines) - before; n != knockBurst {
			t.Errorf("strangers got %d lines through, want %d", n, knockBurst)
		}
	})
}

func TestChatNeedsAStore(t *testing.T) {
	bubble(t, func(t *testing.T) {
		w := newWorld(t)
		guest := w.presenter(1)
		guest.say("1", "hello?")
		guest.control(wire.Control{Type: wire.TypeChatLog, Before: 2})
		guest.wantUnsaid(wire.UnsaidFailed)
		guest.wantLines("the guest")
	})
}

// TestChatSurvivesItsFeed: what was said just before the last party left is stored, and Wait
// waits for it.
func TestChatSurvivesItsFeed(t *testing.T) {
	bubble(t, func(t *testing.T) {
		w, chat := chatWorld(t)
		guest := w.party("guest", Party{Epoch: 1})
		stop := make(chan struct{})
		chat.set(func() { chat.stopped = stop })
		guest.say("1", "goodbye")
		guest.c.Close(1006, "")
		w.all.Wait()
		time.AfterFunc(time.Second, func() { close(stop) })
		w.h.Wait()
		if len(chat.lines) != 1 {
			t.Errorf("%d lines stored", len(chat.lines))
		}
		synctest.Wait()
		if n := w.h.Stats().Feeds; n != 0 {
			t.Errorf("%d feeds are left", n)
		}
	})
}
