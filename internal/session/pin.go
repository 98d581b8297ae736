package session

import (
	"fmt"
	"io"
	"strings"

	"pindesk/internal/fault"
)

const (
	pinLetters = 3 // [0-9A-Z], of the first group
	pinDigits  = 6 // [0-9], of the second and third group
	pinAlnum   = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"

	// maxPINInput bounds what ParsePIN looks at, in bytes: a PIN is 11, and the rest is room
	// for spaces and for dashes that a mail program made longer than one byte.
	maxPINInput = 64
)

// NewPIN makes a PIN such as "7W2-97-8570" from r, which must be a source of secure random
// bytes. All 36^3 * 10^6 (about 4.7e10) PINs are equally likely. It fails only if r does.
func NewPIN(r io.Reader) (string, error) {
	var b [pinLetters + pinDigits]byte
	for i := range b {
		n := len(pinAlnum)
		if i >= pinLetters {
			n = 10
		}
		c, err := below(r, n)
		if err != nil {
			return "", err
		}
		b[i] = pinAlnum[c]
	}
	return formatPIN(b), nil
}

// below reads an unbiased number in [0, n) from r, 1 <= n <= 256. Bytes in the last,
// incomplete run of n are thrown away: taking them modulo n would favour small numbers.
func below(r io.Reader, n int) (int, error) {
	var b [1]byte
	for {
		if _, err := io.ReadFull(r, b[:]); err != nil {
			return 0, fmt.Errorf("read random bytes: %w", err)
		}
		if int(b[0]) < 256-256%n {
			return int(b[0]) % n, nil
		}
	}
}

// ParsePIN brings a PIN as a person typed or pasted it to its one written form: any case,
// with or without dashes and spaces. Anything else gives the fault of an unknown session,
// so that a caller cannot tell malformed PINs from others. It never repeats the input.
func ParsePIN(s string) (string, error) {
	if len(s) > maxPINInput {
		return "", unknown()
	}
	var b [pinLetters + pinDigits]byte
	n := 0
	for _, r := range s {
		if isPINSeparator(r) {
			continue
		}
		if 'a' <= r && r <= 'z' { // not unicode.ToUpper: it turns foreign letters into ours
			r -= 'a' - 'A'
		}
		digit := '0' <= r && r <= '9'
		letter := 'A' <= r && r <= 'Z' && n < pinLetters
		if n == len(b) || !digit && !letter {
			return "", unknown()
		}
		b[n] = byte(r)
		n++
	}
	if n != len(b) {
		return "", unknown()
	}
	return formatPIN(b), nil
}

// isPINSeparator is true for spaces and for the dashes that keyboards and mail programs make.
func isPINSeparator(r rune) bool {
	return strings.ContainsRune(" \t\r\n\u00a0\u202f-\u2010\u2011\u2012\u2013\u2014\u2212", r)
}

func formatPIN(b [pinLetters + pinDigits]byte) string {
	return string(b[:3]) + "-" + string(b[3:5]) + "-" + string(b[5:])
}

// unknown is the one answer to an unknown, malformed, expired or ended PIN.
func unknown() error {
	return fault.New(fault.UnknownSession,
		"There is no session with this PIN. Check the PIN (it looks like 7W2-97-8570), or make a new session: a PIN ends with its session.")
}
