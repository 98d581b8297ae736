package mail

import (
	"regexp"
	"strings"
	"unicode"
)

// maxName is the longest name in a mail, in runes.
const maxName = 40

// linkLike finds what programs that show mails make a link of: there must be none that a
// stranger has written.
var linkLike = regexp.MustCompile(`(?i)[\pL\pN]\.[\pL\pN]|www\b|https?\b`)

// CleanName makes the one free text of a mail, what somebody says to be called, safe to stand
// in it: letters, digits, single spaces and - ' . , ( ) only, at most 40 runes. What looks like
// a link becomes "". CleanName(CleanName(s)) == CleanName(s).
func CleanName(s string) string {
	if len(s) > 4*maxName*4 {
		s = s[:4*maxName*4]
	}
	var b strings.Builder
	runes, marks, space := 0, 0, false
	for _, r := range s {
		switch {
		case unicode.IsSpace(r):
			space = runes > 0
			continue
		case unicode.IsMark(r):
			if runes == 0 || space || marks == 3 || unicode.Is(unicode.Variation_Selector, r) {
				continue
			}
			marks++
		case unicode.IsLetter(r) && !unicode.Is(unicode.Other_Default_Ignorable_Code_Point, r), unicode.IsDigit(r), strings.ContainsRune("-'.,()", r):
			marks = 0
		default:
			continue
		}
		need := 1
		if space {
			need = 2
		}
		if runes+need > maxName {
			break
		}
		if space {
			b.WriteByte(' ')
		}
		b.WriteRune(r)
		runes, space = runes+need, false
	}
	name := b.String()
	if linkLike.MatchString(name) {
		return ""
	}
	return name
}
