// Package brand is what an operator's service looks like: its name, colour and logo, and where
// people turn to. What the operator sets is judged once, at the start: a mistake is an error that
// says what to do, and whatever New returns is safe to show to anybody. Only the broker's wiring
// and the adapters that show it (httpapi, mail) import it.
package brand

import (
	"errors"
	"fmt"
	"net/mail"
	"net/url"
	"strings"
	"unicode"
	"unicode/utf8"
)

// DefaultName is what the service is called when its operator does not say.
const DefaultName = "PinDesk"

// MaxName bounds the name, in runes: it stands in a phone's title bar.
const MaxName = 40

// Settings are what an operator says. Everything may be "".
type Settings struct {
	Name    string // of the service
	Colour  string // of buttons and links, as #rrggbb or #rgb
	Logo    string // a file: SVG or PNG
	Support string // where people get help: a mail address, or a URL (https, http, tel)
	Abuse   string // where they report misuse, likewise
}

// Brand is what people see. It does not change after New.
type Brand struct {
	Name    string
	Colours *Colours // nil: the pages' own
	Logo    *Logo    // nil: ours
	Support string   // a URL that may stand in a link (https, http, mailto, tel); "" for none
	Abuse   string   // likewise
}

// Default is the brand of an operator who sets nothing.
func Default() *Brand { return &Brand{Name: DefaultName} }

// New judges settings, and reads the logo's file. Its errors begin with the setting that is wrong:
// name, colour, logo, support or abuse.
func New(s Settings) (*Brand, error) {
	b := Default()
	var err error
	if s.Name != "" {
		if b.Name, err = name(s.Name); err != nil {
			return nil, fmt.Errorf("name: %w", err)
		}
	}
	if s.Colour != "" {
		c, err := ParseColour(s.Colour)
		if err != nil {
			return nil, fmt.Errorf("colour: %w", err)
		}
		b.Colours = coloursOf(c)
	}
	if s.Logo != "" {
		if b.Logo, err = readLogo(s.Logo); err != nil {
			return nil, fmt.Errorf("logo: %s: %w", s.Logo, err)
		}
	}
	if b.Support, err = contact(s.Support); err != nil {
		return nil, fmt.Errorf("support: %w", err)
	}
	if b.Abuse, err = contact(s.Abuse); err != nil {
		return nil, fmt.Errorf("abuse: %w", err)
	}
	return b, nil
}

// name refuses what could make a page or a mail read as something else than it is.
func name(s string) (string, error) {
	if s = strings.TrimSpace(s); s == "" || !utf8.ValidString(s) || utf8.RuneCountInString(s) > MaxName {
		return "", fmt.Errorf("it must have 1 to %d characters", MaxName)
	}
	for _, r := range s {
		if unicode.IsControl(r) || unicode.Is(unicode.Bidi_Control, r) || unicode.Is(unicode.Zl, r) || unicode.Is(unicode.Zp, r) ||
			unicode.Is(unicode.Other_Default_Ignorable_Code_Point, r) || r == '\u200b' || r == '\ufeff' {
			return "", fmt.Errorf("it has the character %U, which people cannot see", r)
		}
	}
	return s, nil
}

// contact makes an address into a URL that may stand in a link.
func contact(s string) (string, error) {
	if s == "" {
		return "", nil
	}
	if a, err := mail.ParseAddress(s); err == nil && a.Name == "" && a.Address == s {
		return (&url.URL{Scheme: "mailto", Opaque: url.PathEscape(s)}).String(), nil
	}
	bad := errors.New("it must be a mail address such as help@example.com, or a URL with https, http or tel")
	u, err := url.Parse(s)
	if err != nil || u.User != nil || strings.ContainsFunc(s, func(r rune) bool { return r <= ' ' || strings.ContainsRune("\x7f\"<>\\", r) }) {
		return "", bad
	}
	switch {
	case (u.Scheme == "https" || u.Scheme == "http") && u.Host != "":
	case u.Scheme == "tel" && u.Opaque != "" && strings.Trim(u.Opaque, "+0123456789-.()") == "":
	default:
		return "", bad
	}
	return u.String(), nil
}
