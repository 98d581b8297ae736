package session

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

const (
	// MaxName is the longest name of a party, in runes.
	MaxName = 40

	// maxMarks is how many combining marks may follow one another. Written languages need
	// at most three; more only paint over the lines around the name.
	maxMarks = 3

	// maxNameInput bounds the work for one hostile name, in bytes.
	maxNameInput = 4096
)

// CleanName makes a self-declared name fit to be shown: at most MaxName runes, one line,
// trimmed, runs of white space made one space, and without control characters,
// bidirectional overrides, or anything else that is invisible or has no glyph, because those
// let a name look like another one or like our own words. The result may be "".
// CleanName(CleanName(s)) == CleanName(s).
func CleanName(s string) string {
	if len(s) > maxNameInput {
		s = s[:maxNameInput]
	}
	var b strings.Builder
	runes, marks, space := 0, 0, false
	for _, r := range s {
		if unicode.IsSpace(r) {
			space = runes > 0
			continue
		}
		if !visible(r) {
			continue
		}
		if unicode.IsMark(r) {
			if runes == 0 || space || marks == maxMarks {
				continue // nothing to stand on, or a tower
			}
			marks++
		} else {
			marks = 0
		}
		need := 1
		if space {
			need = 2
		}
		if runes+need > MaxName {
			break
		}
		if space {
			b.WriteByte(' ')
			space = false
		}
		b.WriteRune(r)
		runes += need
	}
	return b.String()
}

// visible is true for runes that put something on the screen. unicode.IsPrint leaves out
// control, format (with all bidi characters), private and unassigned ones; the rest are
// letters, marks and symbols that are drawn as nothing.
func visible(r rune) bool {
	switch {
	case r == utf8.RuneError, // also what a broken byte decodes to
		r == '\u2800', // braille pattern blank
		unicode.Is(unicode.Other_Default_Ignorable_Code_Point, r),
		unicode.Is(unicode.Variation_Selector, r):
		return false
	}
	return unicode.IsPrint(r)
}
