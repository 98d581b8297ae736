package handout

import (
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"
)

// Brokers are those that a released program may talk to. The zero value is that of a build that was not
// released: it knows none, and its guest is asked.
type Brokers struct{ list []pattern }

// pattern is one broker, or those of one domain.
type pattern struct {
	host string // without "*."
	any  bool   // any one label before host
	port int    // 0: the scheme's own; anyPort
}

const anyPort = -1

// maxBrokers bounds a list. It is looked at by people.
const maxBrokers = 64

// ParseBrokers reads a list such as "support.example.com, *.example.com, help.example.org:8443".
//
//	support.example.com        that host at https's own port
//	support.example.com:8443   that host at that port only; :* is any port
//	*.example.com              one word more, as certificates have it: not example.com, not a.b.example.com
//
// Other schemes than https are for brokers on the guest's own computer (localhost, 127.0.0.1) only. An empty list
// is the zero value; anything that is not understood is an error.
func ParseBrokers(list string) (Brokers, error) {
	var b Brokers
	if strings.TrimSpace(list) == "" {
		return b, nil
	}
	for text := range strings.SplitSeq(list, ",") {
		p, err := parsePattern(strings.TrimSpace(text))
		if err != nil {
			return Brokers{}, fmt.Errorf("%q in the list of brokers: %w", strings.TrimSpace(text), err)
		}
		if !slices.Contains(b.list, p) {
			b.list = append(b.list, p)
		}
	}
	if len(b.list) > maxBrokers {
		return Brokers{}, fmt.Errorf("the list of brokers has more than %d", maxBrokers)
	}
	return b, nil
}

func parsePattern(s string) (p pattern, err error) {
	name := s
	if at := strings.LastIndexByte(s, ':'); at >= 0 && !strings.HasSuffix(s, "]") {
		name = s[:at]
		n, good := port(s[at+1:])
		switch {
		case s[at+1:] == "*":
			p.port = anyPort
		case good:
			p.port = int(n)
		default:
			return p, errors.New("a port is a number from 1 to 65535, or * for any")
		}
	}
	if len(name) > 2 && name[0] == '[' && name[len(name)-1] == ']' {
		name = name[1 : len(name)-1]
		if !strings.Contains(name, ":") {
			return p, errors.New("only IPv6 addresses have brackets")
		}
	} else if strings.Contains(name, ":") {
		return p, errors.New("write host, host:port, or an IPv6 address in brackets, without https://")
	}
	name, p.any = strings.CutPrefix(name, "*.")
	if p.host, err = host(name); err != nil {
		return p, err
	}
	_, ip := netip.ParseAddr(p.host)
	if p.any && (ip == nil || !strings.Contains(p.host, ".")) {
		return p, errors.New("* stands for one word before a domain of your own, such as *.example.com")
	}
	return p, nil
}

// None reports whether there is no list.
func (b Brokers) None() bool { return len(b.list) == 0 }

// String is the list again.
func (b Brokers) String() string {
	var all []string
	for _, p := range b.list {
		s := p.host
		if strings.Contains(s, ":") {
			s = "[" + s + "]"
		}
		if p.any {
			s = "*." + s
		}
		switch p.port {
		case 0:
		case anyPort:
			s += ":*"
		default:
			s += fmt.Sprintf(":%d", p.port)
		}
		all = append(all, s)
	}
	return strings.Join(all, ",")
}

// Allow reports whether p is one of b, which must not be empty: an empty one allows nothing.
func (b Brokers) Allow(p Place) bool {
	return !p.Region && slices.ContainsFunc(b.list, func(x pattern) bool { return x.allows(p) })
}

func (x pattern) allows(p Place) bool {
	if p.Scheme != "https" && !(p.Scheme == "http" && loopback(p.Host)) {
		return false
	}
	switch x.port {
	case anyPort:
	case 0:
		if p.Port != 0 {
			return false
		}
	default:
		if n := int(p.Port); n != x.port && (n != 0 || int(schemePort(p.Scheme)) != x.port) {
			return false
		}
	}
	if !x.any {
		return p.Host == x.host
	}
	first, rest, _ := strings.Cut(p.Host, ".")
	return rest == x.host && first != ""
}

// ForeignError is a broker that this program was not made for.
type ForeignError struct{ Place Place }

func (e *ForeignError) Error() string {
	return fmt.Sprintf("this program was not made for %s, so it does not connect to it: somebody may have renamed the file; download it again from the page of those who help you", e.Place)
}

// At is the place that p stands for: that of a region, or p itself. The error, a *ForeignError, says that p
// is none of these brokers. A region is the first word of a host's name: that of one broker of the list,
// else a word before the list's one domain, else the list's only broker. Of two that could be meant it is none.
func (b Brokers) At(p Place) (Place, error) {
	at := p
	if p.Region {
		at = b.region(p)
	}
	if !b.Allow(at) {
		return Place{}, &ForeignError{p}
	}
	return at, nil
}

// region is the place of a region, or nowhere.
func (b Brokers) region(p Place) Place {
	var named, below, exact []pattern
	for _, x := range b.list {
		first, _, _ := strings.Cut(x.host, ".")
		switch {
		case x.any:
			below = append(below, x)
		case first == p.Host:
			named = append(named, x)
			fallthrough
		default:
			exact = append(exact, x)
		}
	}
	for _, some := range [][]pattern{named, below, exact} {
		if len(some) == 0 {
			continue
		}
		if len(some) > 1 {
			return Place{} // which one is not for us to guess
		}
		return some[0].place(p)
	}
	return Place{}
}

// place is where p, a region, is by x.
func (x pattern) place(p Place) Place {
	q := Place{Host: x.host, Port: p.Port}
	if x.any {
		q.Host = p.Host + "." + x.host
	}
	q.Scheme = usual(q.Host)
	if q.Port == 0 && x.port > 0 {
		q.setPort(uint16(x.port))
	}
	return q
}

// Only is the one broker of a list that has no other, and needs no port to be known.
func (b Brokers) Only() (Place, bool) {
	if len(b.list) != 1 || b.list[0].any || b.list[0].port == anyPort {
		return Place{}, false
	}
	return b.list[0].place(Place{}), true
}

// Short is p as a file's name should have it: its region where b makes p of that again, else p.
func (b Brokers) Short(p Place) Place {
	if _, err := netip.ParseAddr(p.Host); err == nil || b.None() {
		return p
	}
	first, _, _ := strings.Cut(p.Host, ".")
	short := Place{Host: first, Port: p.Port, Scheme: "https", Region: true}
	if at, err := b.At(short); err == nil && at == p && first != "localhost" {
		return short
	}
	return p
}
