package mail

import (
	"net/netip"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/net/idna"

	"pindesk/internal/fault"
)

// Longest parts of an address in bytes: RFC 5321, 4.5.3.1.
const (
	maxAddress = 254
	maxLocal   = 64
)

// Address is one mailbox: exactly one recipient, and nothing that a mail server would read as
// more than that. Its zero value is no address.
type Address struct {
	local  string // a dot-atom, maybe with letters beyond ASCII
	domain string // lower case, in its ASCII form
}

// String is the address as it goes into a mail.
func (a Address) String() string { return a.local + "@" + a.domain }

// Domain is the part after the @, in ASCII.
func (a Address) Domain() string { return a.domain }

// atext are the ASCII characters of a mailbox's name beside letters and digits. Of RFC 5322's
// they lack ! % | and `, which old servers take as routes or commands.
const atext = "#$&'*+-/=?^_{}~."

// ParseAddress reads an address such as ann@example.com. Less is taken than RFC 5322 allows: no
// display name, comment, quotes, IP address or domain without a dot. A domain with letters
// beyond ASCII becomes what the DNS has (xn--…); such a mailbox name stays as it is, and needs
// a mail server that knows SMTPUTF8. The error is fault.BadAddress and does not repeat the
// address.
func ParseAddress(s string) (Address, error) {
	bad := fault.New(fault.BadAddress, "This is no mail address that we send to: it must be one address such as ann@example.com, "+
		"without a name, quotes, spaces or an IP address.")
	at := strings.LastIndexByte(s, '@')
	if at < 1 || len(s) > maxAddress || !utf8.ValidString(s) || !goodLocal(s[:at]) {
		return Address{}, bad
	}
	domain, err := idna.Lookup.ToASCII(s[at+1:])
	if err != nil || !goodDomain(domain) || at+1+len(domain) > maxAddress {
		return Address{}, bad
	}
	return Address{s[:at], domain}, nil
}

func goodLocal(s string) bool {
	if len(s) > maxLocal || s[0] == '-' || s[0] == '.' || s[len(s)-1] == '.' || strings.Contains(s, "..") {
		return false // a leading - would be an option to a program that is given the address
	}
	for i, r := range s {
		switch {
		case r < utf8.RuneSelf:
			if (r < '0' || r > '9') && (r < 'A' || r > 'Z') && (r < 'a' || r > 'z') && !strings.ContainsRune(atext, r) {
				return false
			}
		case unicode.IsMark(r) && i > 0, unicode.IsLetter(r), unicode.IsDigit(r):
			if unicode.Is(unicode.Other_Default_Ignorable_Code_Point, r) || unicode.Is(unicode.Variation_Selector, r) {
				return false
			}
		default:
			return false
		}
	}
	return true
}

// goodDomain judges a domain in its ASCII form.
func goodDomain(s string) bool {
	labels := strings.Split(s, ".")
	if len(labels) < 2 || len(s) > 253 {
		return false
	}
	for _, l := range labels {
		if l == "" || len(l) > 63 || l[0] == '-' || l[len(l)-1] == '-' ||
			strings.ContainsFunc(l, func(r rune) bool { return (r < '0' || r > '9') && (r < 'a' || r > 'z') && r != '-' }) {
			return false
		}
	}
	last := labels[len(labels)-1]
	if strings.Trim(last, "0123456789") == "" {
		return false
	}
	_, err := netip.ParseAddr(s)
	return err != nil
}
