package window

import (
	"slices"
	"strings"
	"testing"
	"time"
)

// Each ending has a heading, what happened and what to do, in each language, and its buttons; Esc and
// closing the window never begin anything anew.
func TestEndings(t *testing.T) {
	want := map[Ending][]ID{
		Stopped: {Close}, Replaced: {Close}, Moved: {Close}, Spent: {Close},
		Ended: {Close, Another}, NoSession: {Close, Another}, Foreign: {Close, Another}, BadFile: {Close, Another},
		Unsaid: {Close, Again}, Desktop: {Close, Again}, Wayland: {Close, Again},
		Refused: {Close, Another, Again}, Failed: {Close, Another, Again},
	}
	if len(want) != len(ways) {
		t.Errorf("%d endings are known, %d are tested", len(ways), len(want))
	}
	for _, tag := range []string{"en", "de"} {
		for how, buttons := range want {
			s := newStage()
			s.m.o.Texts = LoadTexts(tag)
			s.m.Over(how, "EOF")
			s.Refresh()
			var kinds []Kind
			var got []ID
			for _, i := range s.Scene.Items {
				if i.Kind == Button {
					got = append(got, i.ID)
					continue
				}
				kinds = append(kinds, i.Kind)
				if strings.HasPrefix(i.Text, "over.") || strings.ContainsAny(i.Text, "{}") {
					t.Errorf("%s %s: a text is missing: %q", tag, how, i.Text)
				}
			}
			if !slices.Equal(got, buttons) {
				t.Errorf("%s: buttons %v, want %v", how, got, buttons)
			}
			if said := []Kind{Heading, Text, Text}; !slices.Equal(kinds[:3], said) || (len(kinds) == 4) != ways[how].detail {
				t.Errorf("%s: shows %v", how, kinds)
			}
			s.Press(Escape, "")
			s.m.Press(s.Scene.Shut)
			if !slices.Equal(s.did.got, []string{"quit", "quit"}) {
				t.Errorf("%s: Esc and closing did %q", how, s.did.got)
			}
		}
	}
}

func TestBeginAnew(t *testing.T) {
	for id, want := range map[ID]string{Again: "again", Another: "another"} {
		s := newStage()
		s.m.Over(Refused, "not today")
		s.Refresh()
		s.Click(id)
		s.m.Press(id) // it is not there any more
		if !slices.Equal(s.did.got, []string{want}) {
			t.Errorf("%s did %q", id, s.did.got)
		}
		s.m.Connected()
		s.Refresh()
		if !strings.Contains(s.all(), "Connected. Nobody sees this screen.") {
			t.Errorf("after %s: %s", id, s.all())
		}
	}
	s := newStage()
	s.m.Over("unheard of", "")
	s.Refresh()
	if !strings.Contains(s.all(), "Sharing did not work") {
		t.Error(s.all())
	}
}

func TestTroubles(t *testing.T) {
	for _, tag := range []string{"en", "de"} {
		seen := map[string]bool{}
		for _, how := range append([]Trouble{"unheard of"}, troubles...) {
			s := newStage()
			s.m.o.Texts = LoadTexts(tag)
			s.m.Lost(how, "EOF", 3*time.Second)
			s.Refresh()
			if strings.Contains(s.all(), "lost.") || strings.ContainsAny(s.all(), "{}") || !strings.Contains(s.all(), " 3 s.") {
				t.Errorf("%s %s: %s", tag, how, s.all())
			}
			seen[s.Scene.Items[0].Text] = true
		}
		if len(seen) != len(troubles) {
			t.Errorf("%s: %d headings for %d troubles", tag, len(seen), len(troubles))
		}
	}
}
