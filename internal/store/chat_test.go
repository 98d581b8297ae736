package store_test

import (
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"pindesk/internal/audit"
	"pindesk/internal/chat"
	"pindesk/internal/session"
	"pindesk/internal/wire"
)

func (b *bench) chat(t *testing.T, keep time.Duration) *chat.Service {
	t.Helper()
	c, err := chat.New(b.store, keep, b.clock.Now)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func texts(lines []wire.ChatLine) (all []string) {
	for _, l := range lines {
		all = append(all, fmt.Sprint(l.ID, l.Text))
	}
	return all
}

func TestChatLines(t *testing.T) {
	onBoth(t, func(t *testing.T, b *bench) {
		s, c := b.create(t), b.chat(t, time.Hour)
		say := func(party string, viewer, waiting uint16, client, text string) wire.ChatLine {
			t.Helper()
			b.clock.pass(time.Second)
			l, err := c.Append(t.Context(), chat.Said{Session: s.ID, Party: party, Viewer: viewer, Name: "Ann 😀", Waiting: waiting, Client: client, Text: text})
			if err != nil {
				t.Fatal(err)
			}
			return l
		}
		first := say("p", 0, 0, "x", "a\nb ? 'é' 😀")
		want := wire.ChatLine{ID: 1, Time: b.clock.Now().UnixMilli(), Name: "Ann 😀", Client: "x", Text: "a\nb ? 'é' 😀"}
		if first != want {
			t.Errorf("stored %+v, want %+v", first, want)
		}
		say("v", 65535, 65535, "x", "B")
		say("w", 2, 2, "x", "C")
		if again := say("p", 0, 0, "x", "another text"); again != first {
			t.Errorf("said again: %+v, want %+v", again, first)
		}
		say("p", 0, 2, "y", "D")
		for _, q := range []struct {
			name string
			chat.Query
			want []string
			more bool
		}{
			{"presenter", chat.Query{Limit: 9}, []string{"1a\nb ? 'é' 😀", "2B", "3C", "4D"}, false},
			{"the newest", chat.Query{Viewer: 1, All: true, Limit: 2}, []string{"3C", "4D"}, true},
			{"the ones before", chat.Query{Viewer: 1, All: true, Before: 3, Limit: 2}, []string{"1a\nb ? 'é' 😀", "2B"}, false},
			{"before more than there can be", chat.Query{Viewer: 1, All: true, Before: 1<<32 - 1, Limit: 1}, []string{"4D"}, true},
			{"a waiting viewer", chat.Query{Viewer: 2, Limit: 9}, []string{"3C", "4D"}, false},
			{"a waiting viewer's before", chat.Query{Viewer: 2, Before: 4, Limit: 9}, []string{"3C"}, false},
			{"a stranger", chat.Query{Viewer: 7, Limit: 9}, nil, false},
		} {
			q.Session = s.ID
			lines, more, err := c.Log(t.Context(), q.Query)
			if err != nil || !slices.Equal(texts(lines), q.want) || more != q.more {
				t.Errorf("%s reads %q (more %v, %v), want %q (more %v)", q.name, texts(lines), more, err, q.want, q.more)
			}
		}
		// The log has that something was said, and not what.
		events, _, _, err := b.store.Events(t.Context(), s.ID, 0, 99)
		if err != nil {
			t.Fatal(err)
		}
		events = slices.DeleteFunc(events, func(e audit.Event) bool { return e.Type != audit.ChatLine })
		if len(events) != 4 || string(events[1].Data) != `{"viewer":65535,"name":"Ann 😀","line":2}` {
			t.Errorf("events %+v", events)
		}
		if err := b.store.VerifyEvents(t.Context(), s.ID); err != nil {
			t.Error(err)
		}
	})
}

// TestChatOfAnotherComputer: who took the presenter's place with nothing but the PIN is not told
// what was said before.
func TestChatOfAnotherComputer(t *testing.T) {
	onBoth(t, func(t *testing.T, b *bench) {
		s, c := b.create(t), b.chat(t, time.Hour)
		say := func(party, text string) {
			t.Helper()
			b.clock.pass(time.Second)
			if _, err := c.Append(t.Context(), chat.Said{Session: s.ID, Party: party, Client: text, Text: text}); err != nil {
				t.Fatal(err)
			}
			b.clock.pass(time.Second)
		}
		reads := func(a session.Admission, want ...string) {
			t.Helper()
			lines, _, err := c.Log(t.Context(), chat.Query{Session: s.ID, Party: a.Party, Limit: 9})
			if err != nil || !slices.Equal(texts(lines), want) {
				t.Errorf("reads %q (%v), want %q", texts(lines), err, want)
			}
		}
		say("v", "A")
		first := b.admit(t, s.PIN, session.Presenter, "")
		say(first.Party, "B")
		reads(first, "1A", "2B")
		again := b.admit(t, s.PIN, session.Presenter, first.Resume)
		reads(again, "1A", "2B")
		other := b.admit(t, s.PIN, session.Presenter, "")
		reads(other)
		say(other.Party, "C")
		reads(b.admit(t, s.PIN, session.Presenter, other.Resume), "3C")
	})
}

func TestChatCaps(t *testing.T) {
	onBoth(t, func(t *testing.T, b *bench) {
		s := b.create(t)
		add := func(waiting uint16, client string) error {
			_, err := b.store.AddLine(t.Context(), chat.Said{Session: s.ID, Party: "p", Viewer: waiting, Waiting: waiting, Client: client, Text: "x"}, 5, 2, b.clock.Now())
			return err
		}
		for i, c := range []struct {
			waiting uint16
			client  string
			want    error
		}{
			{1, "1", nil}, {2, "2", nil}, {1, "3", chat.ErrFull}, {0, "3", nil}, {0, "4", nil}, {0, "5", nil},
			{0, "6", chat.ErrFull}, {0, "5", nil}, // the last one is there already
		} {
			if err := add(c.waiting, c.client); !errors.Is(err, c.want) {
				t.Errorf("line %d: %v, want %v", i, err, c.want)
			}
		}
		if _, err := b.End(t.Context(), s.PIN); err != nil {
			t.Fatal(err)
		}
		if err := add(0, "7"); !errors.Is(err, chat.ErrGone) {
			t.Errorf("in an ended session: %v", err)
		}
	})
}

// TestChatFromManyAtOnce: numbers have no gaps and nothing is stored twice, from whatever node.
func TestChatFromManyAtOnce(t *testing.T) {
	onBoth(t, func(t *testing.T, b *bench) {
		s, c := b.create(t), b.chat(t, time.Hour)
		var all sync.WaitGroup
		for i := range 40 {
			all.Go(func() {
				if _, err := c.Append(t.Context(), chat.Said{Session: s.ID, Party: "p", Client: fmt.Sprint(i % 20), Text: "x"}); err != nil {
					t.Error(err)
				}
			})
		}
		all.Wait()
		lines, err := c.Transcript(t.Context(), s.ID)
		if err != nil || len(lines) != 20 {
			t.Fatalf("%d lines, %v", len(lines), err)
		}
		for i, l := range lines {
			if l.ID != uint32(i+1) {
				t.Errorf("line %d has number %d", i+1, l.ID)
			}
		}
	})
}

func TestChatIsKept(t *testing.T) {
	onBoth(t, func(t *testing.T, b *bench) {
		c := b.chat(t, 48*time.Hour)
		ended, lives := b.create(t), b.create(t)
		for _, id := range []string{ended.ID, lives.ID} {
			if _, err := c.Append(t.Context(), chat.Said{Session: id, Party: "p", Client: "1", Text: "x"}); err != nil {
				t.Fatal(err)
			}
		}
		if _, err := b.End(t.Context(), ended.PIN); err != nil {
			t.Fatal(err)
		}
		for _, want := range []int{1, 0} {
			b.clock.pass(47 * time.Hour)
			if err := c.Sweep(t.Context()); err != nil {
				t.Fatal(err)
			}
			if lines, err := c.Transcript(t.Context(), ended.ID); err != nil || len(lines) != want {
				t.Errorf("%d lines of the ended session, want %d (%v)", len(lines), want, err)
			}
		}
		if lines, err := c.Transcript(t.Context(), lives.ID); err != nil || len(lines) != 1 {
			t.Errorf("%d lines of the living session (%v)", len(lines), err)
		}
	})
}
