package session

import (
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"
)

func TestCleanName(t *testing.T) {
	for in, want := range map[string]string{
		"":                              "",
		"Ann":                           "Ann",
		"  Ann \t\r\n of\u00a0 IT  ":    "Ann of IT",
		"Åsa O'Neil-Żak 本 😀":            "Åsa O'Neil-Żak 本 😀",
		"\u202eknaB ruoY\u202c":         "knaB ruoY",                    // bidi override
		"\u2066a\u2069\u200e\u061c":     "a",                            // bidi isolates and marks
		"Ann\x00\x1b[31m\x7f\u0085":     "Ann[31m",                      // controls
		"A\u200bn\u2060n\ufeff":         "Ann",                          // zero width
		"A\u00adn\U000e0041n":           "Ann",                          // soft hyphen, tag
		"\u3164\u115f\uffa0\u2800":      "",                             // letters and symbols without a glyph
		"A\ue000\U0010ffff\ufffdn":      "An",                           // private, unassigned, replacement
		"A\xff\xfen":                    "An",                           // broken UTF-8
		"❤\ufe0f":                       "❤",                            // variation selector
		"e\u0301":                       "e\u0301",                      // a combining mark stays
		"\u0301Ann \u0301":              "Ann",                          // with nothing to stand on
		"Z\u0334\u0335\u0336\u0337o":    "Z\u0334\u0335\u0336o",         // a tower of them
		strings.Repeat("本", 41):         strings.Repeat("本", 40),        // cut by runes
		strings.Repeat("a", 39) + " b":  strings.Repeat("a", 39),        // no space at the cut
		"\n" + strings.Repeat("a ", 60): strings.Repeat("a ", 19) + "a", // the 40th would be a space
	} {
		if got := CleanName(in); got != want {
			t.Errorf("CleanName(%q) = %q, want %q", in, got, want)
		}
	}
}

func FuzzCleanName(f *testing.F) {
	for _, s := range []string{"Ann", "\u202eAnn", "e\u0301\u0301\u0301\u0301", " \u00a0a\xff b", strings.Repeat("a ", 30), "\u3164"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, in string) {
		name := CleanName(in)
		if utf8.RuneCountInString(name) > MaxName || !utf8.ValidString(name) || strings.TrimSpace(name) != name {
			t.Fatalf("CleanName(%q) = %q", in, name)
		}
		for _, r := range name {
			if !unicode.IsPrint(r) || unicode.Is(unicode.Cf, r) || unicode.Is(unicode.Bidi_Control, r) {
				t.Fatalf("CleanName(%q) = %q holds %U", in, name, r)
			}
		}
		if again := CleanName(name); again != name {
			t.Fatalf("%q becomes %q", name, again)
		}
	})
}
