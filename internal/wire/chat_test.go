package wire

import (
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"
)

func TestCleanChat(t *testing.T) {
	long := strings.Repeat("é", MaxChatRunes)
	for _, c := range []struct{ name, in, want string }{
		{"plain", "Hello, world.", "Hello, world."},
		{"empty", "", ""},
		{"white space only", " \t\r\n\u00a0\u2028 ", ""},
		{"ends of lines", "  a  \n  b\t\n\n", "a\n  b"},
		{"every kind of break", "a\r\nb\rc\u0085d\u2028e\vf", "a\nb\nc\nd\ne\nf"},
		{"control characters", "a\x00b\x1b[31mc\x7f\u009bd", "ab[31mcd"},
		{"bidi", "ab\u202egnp.exe\u2066x\u200e\u061c", "abgnp.exex"},
		{"not UTF-8", "a\xff\xc0b\xed\xa0\x80", "ab"},
		{"private, unassigned, tag", "a\ue000b\U000e0041c\ufff8", "abc"},
		{"drawn as nothing", "a\u3164\u115f\u2800\u200b\ufeff\u00adb", "ab"},
		{"emoji with joiners", "👩\u200d💻 ❤\ufe0f", "👩\u200d💻 ❤\ufe0f"},
		{"persian", "می\u200cخواهم", "می\u200cخواهم"},
		{"joiner alone", "\u200d\u200c", ""},
		{"mark without a letter", "\u0301a \u0301b", "a b"},
		{"tower", "a" + strings.Repeat("\u0301", 50) + "b", "a" + strings.Repeat("\u0301", maxChatMarks) + "b"},
		{"runes", long + "x", long},
		{"spaces at the cut", long[:len(long)-2] + " x", long[:len(long)-2]},
		{"lines", strings.Repeat("a\n", MaxChatLines+9), strings.TrimSuffix(strings.Repeat("a\n", MaxChatLines), "\n")},
		{"bytes", strings.Repeat("😀", MaxChatBytes), strings.Repeat("😀", MaxChatBytes/4)},
		{"far too long", strings.Repeat("\x00", 5*MaxControl) + "a", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := CleanChat(c.in); got != c.want {
				t.Errorf("got %.80q, want %.80q", got, c.want)
			}
		})
	}
}

func TestValidChatClient(t *testing.T) {
	for s, want := range map[string]bool{"": false, "a": true, "0-_Zz": true, "a b": false, "é": false, "a\n": false,
		strings.Repeat("a", MaxChatClient): true, strings.Repeat("a", MaxChatClient+1): false} {
		if ValidChatClient(s) != want {
			t.Errorf("ValidChatClient(%q) = %v", s, !want)
		}
	}
}

// TestChatLineFits: a line at every cap, in the worst spelling of JSON, fits into a message.
func TestChatLineFits(t *testing.T) {
	l := ChatLine{ID: 1<<32 - 1, Time: 1 << 50, Viewer: 65535, Waiting: 65535, Name: strings.Repeat("<", 4*40),
		Client: strings.Repeat("a", MaxChatClient), Text: strings.Repeat("<", MaxChatBytes)}
	if n := len(AppendControl(nil, 1, 0, Control{Type: TypeChat, More: true, Lines: []ChatLine{l}})); n > HeaderSize+MaxControl {
		t.Errorf("%d bytes, at most %d fit", n, MaxControl)
	}
}

// FuzzCleanChat holds what the rest of the program relies on, whatever a party sends.
func FuzzCleanChat(f *testing.F) {
	for _, s := range []string{"", "a", " a\n\n b ", "\u202ea\u200d\u200d", "a\u0301\u0301\u0301\u0301\u0301", "\xff", "😀\r\n"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		got := CleanChat(s)
		if again := CleanChat(got); again != got {
			t.Errorf("%q became %q and then %q", s, got, again)
		}
		if !utf8.ValidString(got) || len(got) > MaxChatBytes || utf8.RuneCountInString(got) > MaxChatRunes ||
			strings.Count(got, "\n") >= MaxChatLines || got != strings.TrimSpace(got) {
			t.Errorf("%q became %q", s, got)
		}
		for _, r := range got {
			if r != '\n' && (unicode.IsControl(r) || unicode.Is(unicode.Bidi_Control, r) || unicode.Is(unicode.Co, r)) {
				t.Errorf("%q became %q, which has %U", s, got, r)
			}
		}
	})
}
