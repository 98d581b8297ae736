package window

import (
	"strings"
	"unicode"
)

// maxMarks is how many accents a letter may have on it: more of them grow over the lines above and below.
const maxMarks = 3

// clean makes one line of what others have written, with nothing in it that cannot be seen or that changes how the
// rest is shown: no control characters, none of those that turn the direction of writing (a system that draws
// them would show “exe.txt” for what ends in .exe, or another question than the one that is asked), none that are
// invisible, no heaps of accents. Joiners go, too: what they join is then shown side by side.
func clean(s string) string {
	var b strings.Builder
	marks, gap := 0, false
	for _, r := range s {
		switch {
		case unicode.IsSpace(r), unicode.Is(unicode.Z, r), r == '\u2800': // a Braille sign without dots
			gap = b.Len() > 0
			continue
		case r == unicode.ReplacementChar, !unicode.IsGraphic(r), unicode.Is(unicode.Other_Default_Ignorable_Code_Point, r), unicode.Is(unicode.Variation_Selector, r):
			continue
		case unicode.Is(unicode.M, r):
			if marks++; marks > maxMarks {
				continue
			}
		default:
			marks = 0
		}
		if gap {
			b.WriteByte(' ')
			gap, marks = false, 0
		}
		b.WriteRune(r)
	}
	return b.String()
}

// short is clean, and not long.
func short(s string) string { return strings.TrimRight(cut(clean(s), maxReceived), " ") }

func cut(s string, most int) string {
	n := 0
	for i := range s {
		if n++; n > most {
			return s[:i]
		}
	}
	return s
}
