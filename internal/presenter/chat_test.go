package presenter

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"pindesk/internal/wire"
)

func TestTalk(t *testing.T) {
	p := &Presenter{talk: newTalk()}
	for _, text := range []string{"", " \x00\u202e "} {
		if err := p.Tell(text, 0); err == nil {
			t.Errorf("%q can be said", text)
		}
	}
	for i := range maxUnheard {
		if err := p.Tell(fmt.Sprint("line ", i), uint16(i)); err != nil {
			t.Fatal(err)
		}
	}
	if err := p.Tell("one more", 0); err == nil {
		t.Error("the queue has no end")
	}
	first := p.talk.due()
	if len(first) != maxUnheard || first[3].Text != "line 3" || first[3].Viewer != 3 || !wire.ValidChatClient(first[3].Client) {
		t.Fatalf("due %+v", first)
	}
	if n := len(p.talk.due()); n != 0 {
		t.Errorf("%d lines are sent twice on one connection", n)
	}
	// Two come back; the rest is said again after a reconnect, by the same names.
	if show := p.talk.lines([]wire.ChatLine{{ID: 1, Client: first[0].Client, Text: "line 0"}, {ID: 2, Client: first[1].Client, Text: "line 1"}}); len(show) != 0 {
		t.Errorf("the guest's own lines are shown again: %q", show)
	}
	p.talk.connected()
	if again := p.talk.due(); len(again) != maxUnheard-2 || again[0].Client != first[2].Client {
		t.Errorf("due again %+v", again)
	}
	if got := p.talk.unsaid(wire.Control{Client: first[2].Client, Reason: wire.UnsaidFlood}); !strings.Contains(got, "too much at once") {
		t.Errorf("unsaid: %q", got)
	}
	if got := p.talk.unsaid(wire.Control{Client: "somebody else's", Reason: wire.UnsaidFlood}); got != "" {
		t.Errorf("another's unsaid: %q", got)
	}
	p.talk.connected()
	if n := len(p.talk.due()); n != maxUnheard-3 {
		t.Errorf("%d lines are due", n)
	}
}

func TestTalkShows(t *testing.T) {
	talk := newTalk()
	got := talk.lines([]wire.ChatLine{
		{ID: 1, Viewer: 1, Name: "Ann", Text: "hello\nyou"},
		{ID: 2, Viewer: 2, Name: "Eve\x1b[2J\n\u202eroot", Waiting: 2, Text: "let me in\x07\x1b]0;x\x07"},
		{ID: 3, Viewer: 3, Text: "hi"},
		{ID: 4, Text: "from before"},
		{ID: 5, Viewer: 3, Name: strings.Repeat("é", 99), Text: "\u200b"},
	})
	want := []string{"Ann says: hello\n    you", "Eve[2J root (not let in; answer by /tell 2 TEXT) says: let me in]0;x",
		"Somebody without a name says: hi", "This computer said: from before"}
	if !slices.Equal(got, want) {
		t.Errorf("got  %q\nwant %q", got, want)
	}
	// The log after a reconnect brings the same lines.
	if again := talk.lines([]wire.ChatLine{{ID: 4, Text: "x"}, {ID: 6, Viewer: 1, Name: "Ann", Text: "new"}}); !slices.Equal(again, []string{"Ann says: new"}) {
		t.Errorf("again %q", again)
	}
}
