package handout

import (
	"errors"
	"regexp"
	"strconv"
	"strings"
)

// Bearings are what a downloaded file knows of its session.
type Bearings struct {
	PIN   string // as 7W2-97-8570; "": none
	Place Place
}

// prefix begins the names that we make. Names that people make need not have it.
const prefix = "PinDesk"

// Name is the name of a file for a session: PinDesk_7W2-97-8570_us-east-1.exe. ending is that of the
// system's programs, with its dot. ParseName reads it again.
func Name(b Bearings, ending string) string {
	s := prefix + "_" + b.PIN
	if part := b.Place.part(); part != "" {
		s += "_" + part
	}
	return s + ending
}

const maxName = 1024 // bytes; no file system has longer names

var (
	// dashedPIN is a PIN as it is written and said. Some programs make nicer dashes of ours.
	dashedPIN = regexp.MustCompile(`(?i)[0-9A-Z]{3}[-‐‑‒–—−][0-9]{2}[-‐‑‒–—−][0-9]{4}`)
	// barePIN is only believed right after our own prefix: there are too many such words.
	barePIN = regexp.MustCompile(`(?i)` + prefix + `[ _.-]*([0-9A-Z]{3}[0-9]{2}[0-9]{4})`)
	// wholePIN is a PIN and nothing else.
	wholePIN = regexp.MustCompile(`(?i)^[0-9A-Z]{3}-?[0-9]{2}-?[0-9]{4}$`).MatchString
	// place follows the PIN; whatever a copy, a second download or a person has added ends it.
	place = regexp.MustCompile(`(?i)^_([0-9A-Z][0-9A-Z.-]*)(?:\+([0-9]+))?(?:\+(https?)\b)?`)
	// endings of programs, that of a second download by wget (.exe.1) included. Windows hides .exe, so
	// people add another one.
	endings = regexp.MustCompile(`(?i)(\.(exe|bin)(\.[0-9]{1,3})?)+[. ]*$`)
	escaped = regexp.MustCompile(`%[0-9A-Fa-f]{2}`)
)

// ErrManySessions means two PINs in one name: which of them is meant is not for us to guess.
var ErrManySessions = errors.New("the name of this file has more than one session PIN in it")

// ErrPlace means that the part behind the PIN is no place: what it was is not for us to guess.
var ErrPlace = errors.New("the name of this file does not say where the session is: download it again")

// ParseName reads what rides in the name of a program's file, with or without its folder: from anything
// that still has the PIN, whatever browsers, mail programs, copying and people have added. A name without a PIN is
// no error. An error is for the guest, and comes with the PIN where that is beyond doubt.
func ParseName(name string) (Bearings, error) {
	if len(name) > maxName {
		return Bearings{}, nil
	}
	name = name[strings.LastIndexAny(name, `/\`)+1:]
	for range 3 { // mail gateways escape what is escaped
		name = escaped.ReplaceAllStringFunc(name, func(hex string) string {
			b, _ := strconv.ParseUint(hex[1:], 16, 8) // the expression has found nothing else
			return string([]byte{byte(b)})
		})
	}
	name = endings.ReplaceAllString(name, "")
	pin, rest, err := findPIN(name)
	if pin == "" || err != nil {
		return Bearings{}, err
	}
	b := Bearings{PIN: pin}
	if m := place.FindStringSubmatch(rest); m != nil {
		if b.Place, err = parsePart(m[1], m[2], m[3]); err != nil {
			return Bearings{PIN: pin}, ErrPlace
		}
	}
	return b, nil
}

// findPIN finds the one PIN in a name, and what follows it.
func findPIN(name string) (pin, rest string, err error) {
	found := dashedPIN.FindAllStringIndex(name, -1)
	if m := barePIN.FindStringSubmatchIndex(name); m != nil {
		found = append(found, m[2:4])
	}
	for _, at := range found {
		if alnumBefore(name, at[0]) || at[1] < len(name) && alnum(name[at[1]]) {
			continue // a part of a longer word
		}
		one := NormalPIN(name[at[0]:at[1]])
		switch {
		case pin == "":
			pin, rest = one, name[at[1]:]
		case pin != one:
			return "", "", ErrManySessions
		}
	}
	return pin, rest, nil
}

// alnumBefore: our prefix may stand directly before a PIN, nothing else.
func alnumBefore(name string, at int) bool {
	return at > 0 && alnum(name[at-1]) && !(at >= len(prefix) && strings.EqualFold(name[at-len(prefix):at], prefix))
}

func alnum(c byte) bool {
	return '0' <= c && c <= '9' || 'a' <= c|0x20 && c|0x20 <= 'z'
}

// NormalPIN is a PIN in the form 7W2-97-8570, from any case and with any dashes or none; "" if s is none.
func NormalPIN(s string) string {
	s = strings.NewReplacer("‐", "-", "‑", "-", "‒", "-", "–", "-", "—", "-", "−", "-").Replace(s)
	if !wholePIN(s) {
		return ""
	}
	s = strings.ToUpper(strings.ReplaceAll(s, "-", ""))
	return s[:3] + "-" + s[3:5] + "-" + s[5:]
}

// parsePart reads what place has found. number and scheme may be "".
func parsePart(name, number, scheme string) (p Place, err error) {
	name = strings.TrimRight(endings.ReplaceAllString(name, ""), ".-") // a copy's " - 2" may have lost its spaces
	if p.Host, err = host(name); err != nil {
		return Place{}, err
	}
	p.Region = !strings.Contains(p.Host, ".") && p.Host != "localhost"
	if p.Scheme = strings.ToLower(scheme); scheme == "" {
		p.Scheme = usual(p.Host)
	}
	if number != "" {
		n, good := port(number)
		if !good {
			return Place{}, ErrPlace
		}
		p.setPort(n)
	}
	return p, nil
}
