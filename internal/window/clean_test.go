package window

import (
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"
)

func TestClean(t *testing.T) {
	for written, want := range map[string]string{
		"Eve": "Eve", " Jörg \t Müller\r\n": "Jörg Müller", "日本語 עברית": "日本語 עברית", "e\u0301": "e\u0301",
		"fix\u202egnp.exe": "fixgnp.exe", "\u2066a\u2069\u200e\u200f\u061c\u202a": "a", "a\x00\x1b[31mb\x7f\u0085c": "a[31mb c",
		"a\u200b\u200d\u2060\ufeff\u00adb": "ab", "\u3164\u115f\uffa0": "", "\u2800 x \u2800": "x", "Eve\u2028You: yes\u2029": "Eve You: yes",
		"\U000e0041a\ufe0f": "a", "\xff\xfea": "a", "a" + strings.Repeat("\u0301", 50) + "b\u0301": "a\u0301\u0301\u0301b\u0301", "": "",
	} {
		if got := clean(written); got != want {
			t.Errorf("%q: %q, want %q", written, got, want)
		}
	}
}

func FuzzClean(f *testing.F) {
	for _, s := range []string{"Eve", "a\u202eb\n", "\xff\u0301\u0301\u0301\u0301"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		got := short(s)
		if clean(got) != got || len(clean(s)) > len(s) || !utf8.ValidString(got) || utf8.RuneCountInString(got) > maxReceived {
			t.Fatalf("%q: %q", s, got)
		}
		for _, r := range got {
			if unicode.Is(unicode.Cc, r) || unicode.Is(unicode.Cf, r) || unicode.Is(unicode.Bidi_Control, r) {
				t.Fatalf("%q: %q has %U", s, got, r)
			}
		}
	})
}

// Whatever others write, no control character is in any text of any view.
func TestViewsAreClean(t *testing.T) {
	const bad = "\u202eA\nB\u2066\x00"
	s := newStage()
	s.m.o.Texts = LoadTexts("en")
	s.m.Session("h"+bad, "7W2-97-8570")
	look := func(what string) {
		t.Helper()
		s.Refresh()
		b, _ := s.m.Banner()
		items := append(b.Buttons, Item{Text: b.Text})
		for _, i := range append(items, s.Scene.Items...) {
			for _, r := range i.Text + i.Label {
				if unicode.Is(unicode.Cf, r) || unicode.Is(unicode.Cc, r) && r != '\n' {
					t.Errorf("%s: %q has %U", what, i.Text, r)
				}
			}
		}
	}
	s.m.Verified(bad)
	s.m.People([]Watcher{{Viewer: 1, Name: bad, View: true, Control: true, Twin: true}})
	s.m.Heard(bad, bad, true)
	s.m.Note(bad)
	look("the main view")
	if log, _ := s.Scene.Item(Log); strings.Count(log.Text, "\n") != 1 {
		t.Errorf("two lines are %q", log.Text)
	}
	s.m.Lost(Busy, bad, 0)
	look("lost")
	for _, q := range []Question{{Name: bad}, {Hand: true, Name: bad, To: bad}, {Broker: bad}, {File: &File{Name: bad, Folder: bad, Size: "1 kB"}}} {
		s.ask(t, q)
		look("a question")
	}
	for _, how := range Endings() {
		s.m.Over(how, bad)
		look(string(how))
	}
}
