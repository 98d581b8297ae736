package wire

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// Caps of the chat. With them the newest line alone always fits into one control message.
const (
	MaxChatRunes  = 2000    // of a text, after CleanChat
	MaxChatBytes  = 4 << 10 // of a text; texts of four-byte runes end here
	MaxChatLines  = 40      // line breaks and one
	MaxChatClient = 36      // of ChatLine.Client: a UUID fits
	// ChatPage is how many lines a party is sent at most at once, be it unasked or on request.
	ChatPage = 50

	maxChatMarks = 4 // combining marks in a row; more only paint over the lines around
)

// ChatLine is one stored line of a session's chat.
type ChatLine struct {
	// ID counts the session's lines from 1 without gaps. A party may be sent a line more than
	// once, and knows it by this.
	ID     uint32 `json:"id"`
	Time   int64  `json:"time"`             // Unix milliseconds, by the broker's clock
	Text   string `json:"text"`             // as CleanChat leaves it, never empty
	Viewer uint16 `json:"viewer,omitempty"` // who said it; 0: the presenter
	Name   string `json:"name,omitempty"`   // of who said it, self-declared
	// Waiting is the viewer without the view grant that this line is from or for. Besides the
	// presenter only that viewer and those with the grant are sent it. 0: a line among those
	// who have the grant, and the presenter.
	Waiting uint16 `json:"waiting,omitempty"`
	Client  string `json:"client,omitempty"` // what its sender called it
}

// Reasons of TypeUnsaid.
const (
	UnsaidFlood   = "flood"   // too many lines at once: say it again in some seconds
	UnsaidFull    = "full"    // the session holds as many lines as it may: no more are taken
	UnsaidBlocked = "blocked" // the guest refused this viewer for good
	UnsaidAbsent  = "absent"  // the viewer that it is for is not here
	UnsaidEmpty   = "empty"   // nothing is left of the text, or client is not a fit name
	UnsaidFailed  = "failed"  // it could not be stored: say it again with the same client id
)

// CleanChat makes a text fit to be stored and shown: valid UTF-8, line breaks as "\n", at
// most MaxChatLines lines, MaxChatRunes runes and MaxChatBytes bytes, without white space at
// its ends or at the ends of its lines, and without control, bidirectional and private
// characters, because those let a text look like another one or like our own words. The
// joiners that scripts and emoji need stay. The result may be "".
// CleanChat(CleanChat(s)) == CleanChat(s).
func CleanChat(s string) string {
	if len(s) > 4*MaxControl { // bounds the work for one hostile text
		s = s[:4*MaxControl]
	}
	s = strings.ReplaceAll(s, "\r\n", "\n")
	var b strings.Builder
	runes, lines, marks, spaces, breaks := 0, 1, 0, 0, 0
	for _, r := range s {
		switch {
		case r == '\n' || r == '\r' || r == '\u2028' || r == '\u2029' || r == '\v' || r == '\f' || r == '\u0085':
			if b.Len() > 0 {
				breaks++
			}
			spaces, marks = 0, 0
			continue
		case unicode.IsSpace(r):
			if b.Len() > 0 {
				spaces++
			}
			marks = 0
			continue
		case !shownInChat(r):
			continue
		case unicode.IsMark(r), joiner(r):
			if b.Len() == 0 || breaks > 0 || spaces > 0 || marks == maxChatMarks {
				continue // nothing to stand on, or a tower
			}
			marks++
		default:
			marks = 0
		}
		if lines+breaks > MaxChatLines || runes+breaks+spaces+1 > MaxChatRunes ||
			b.Len()+breaks+spaces+utf8.RuneLen(r) > MaxChatBytes {
			break
		}
		for range breaks {
			b.WriteByte('\n')
		}
		for range spaces {
			b.WriteByte(' ')
		}
		b.WriteRune(r)
		lines, runes = lines+breaks, runes+breaks+spaces+1
		breaks, spaces = 0, 0
	}
	return b.String()
}

func joiner(r rune) bool { return r == '\u200c' || r == '\u200d' }

// shownInChat is true for runes that put something on the screen, and for what they need.
// unicode.IsPrint leaves out control, format (with all bidi characters), private and
// unassigned runes; of the rest some are drawn as nothing.
func shownInChat(r rune) bool {
	switch {
	case joiner(r):
		return true
	case r == utf8.RuneError, // also what a broken byte decodes to
		r == '\u2800', // braille pattern blank
		unicode.Is(unicode.Other_Default_Ignorable_Code_Point, r):
		return false
	}
	return unicode.IsPrint(r)
}

// ValidChatClient reports whether s may be a sender's own name of a line: 1 to MaxChatClient
// bytes of [0-9A-Za-z_-].
func ValidChatClient(s string) bool {
	if s == "" || len(s) > MaxChatClient {
		return false
	}
	for i := range len(s) {
		c := s[i]
		if c != '_' && c != '-' && (c < '0' || c > '9') && (c < 'A' || c > 'Z') && (c < 'a' || c > 'z') {
			return false
		}
	}
	return true
}
