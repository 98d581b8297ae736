package window

import (
	"fmt"
	"strings"
	"unicode"
)

// pinLength is how many letters and digits a PIN has.
const pinLength = 9

// readPIN makes 7W2-97-8570 of what a person types, with spaces, dashes and dots anywhere. what is a
// key of the catalogue, with its gaps, when it can be none.
func readPIN(typed string) (pin, what string, gaps []string) {
	var b strings.Builder
	for _, r := range typed {
		switch {
		case unicode.IsSpace(r), unicode.Is(unicode.Pd, r), r == '.', r == '_', r == '\u2212', r == '\u200b', r == '\ufeff':
			continue
		case r >= 'a' && r <= 'z':
			r -= 'a' - 'A'
		case r >= 'A' && r <= 'Z', r >= '0' && r <= '9':
		default:
			return "", "pin.sign", []string{"sign", string(r)}
		}
		b.WriteRune(r)
	}
	s := b.String()
	switch {
	case s == "":
		return "", "pin.empty", nil
	case len(s) != pinLength:
		return "", "pin.length", []string{"n", fmt.Sprint(len(s))}
	case strings.Trim(s[3:], "0123456789") != "":
		return "", "pin.digits", nil
	}
	return s[:3] + "-" + s[3:5] + "-" + s[5:], "", nil
}
