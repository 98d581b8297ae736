package wire

import (
	"fmt"
	"strings"
	"unicode/utf8"
)

// MaxClipText is the longest text of the clipboard in bytes of UTF-8.
const MaxClipText = 256 << 10

// MaxClip is the longest body of a Clip.
const MaxClip = 1 + MaxClipText

// Formats of a Clip.
const (
	clipTooLong = 0 // a text was copied, but it is too long to be sent; nothing follows
	clipText    = 1
)

// What a presenter's clipboard is there for: Control.Clipboard and PresenterState.Clipboard.
const (
	ClipboardBoth = "both" // what the controller copies comes to the presenter, and the other way
	ClipboardIn   = "in"   // only to the presenter
)

// CleanClip makes a text fit for a Clip, of any length: valid UTF-8, line ends as "\n", and no
// control characters but those and tabs, for pasted into a terminal they would be commands of
// whoever has made the text. CleanClip(CleanClip(s)) == CleanClip(s). The result may be "", and
// longer than MaxClipText: whoever has a text that is too long says so, and cuts nothing.
func CleanClip(s string) string {
	if cleanClip(s) {
		return s
	}
	s = strings.ReplaceAll(strings.ToValidUTF8(s, "\ufffd"), "\r\n", "\n")
	return strings.Map(func(r rune) rune {
		switch {
		case r == '\r':
			return '\n'
		case !shownInClip(r):
			return -1
		}
		return r
	}, s)
}

func cleanClip(s string) bool {
	return utf8.ValidString(s) && strings.IndexFunc(s, func(r rune) bool { return !shownInClip(r) }) < 0
}

func shownInClip(r rune) bool {
	return r == '\n' || r == '\t' || r >= ' ' && (r < 0x7f || r > 0x9f)
}

// AppendClip appends the body of a Clip to b: a text of 1..MaxClipText bytes, as CleanClip
// leaves it, or "" for one that is too long to be sent.
func AppendClip(b []byte, text string) []byte {
	if text == "" {
		return append(b, clipTooLong)
	}
	return append(append(b, clipText), text...)
}

// ParseClip parses the body of a Clip. The text is "" for one that was too long to be sent.
func ParseClip(body []byte) (text string, err error) {
	switch {
	case len(body) == 1 && body[0] == clipTooLong:
		return "", nil
	case len(body) < 2 || len(body) > MaxClip:
		return "", fmt.Errorf("%w: clip of %d bytes", ErrMalformed, len(body))
	case body[0] != clipText:
		return "", fmt.Errorf("%w: clip of format %d", ErrMalformed, body[0])
	}
	if text = string(body[1:]); !cleanClip(text) {
		return "", fmt.Errorf("%w: clip is no clean text", ErrMalformed)
	}
	return text, nil
}
