// Package handout is about the one program that every guest gets, the same bytes for everybody:
// what rides in its file's name and in Windows' mark of a download (a session's PIN and where its broker
// is), and which brokers a released program may talk to.
//
// Nothing here is a secret or a proof. Whoever gives a guest a file chooses its name, so a name is read
// as a stranger's word: it decides nothing but what is asked for next. A released program talks to the
// brokers that were compiled into it and to no others; one without such a list asks its guest.
//
// The broker makes names and the presenter reads them; both, and the release, may import this package. It does no I/O.
package handout

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"regexp"
	"strconv"
	"strings"
)

// Place is where a broker is. The zero value is nowhere.
type Place struct {
	Host   string // in lower case, without a dot at its end; an IPv6 address without brackets
	Port   uint16 // 0: the scheme's own
	Scheme string // https or http
	// Region: Host is the one word of a file's name, which a list of brokers makes a host of. See Brokers.At.
	Region bool
}

const maxHost = 253 // bytes, by the rules of DNS

// label is one part of a host's name. No host needs an underscore, and what is not ASCII is refused: a
// host that only looks like another one is written xn--..., so that it looks like what it is.
var label = regexp.MustCompile(`^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$`).MatchString

// numeric finds what resolvers take for a part of an IPv4 address, some of them in odd ways: 127.1, 0x7f000001.
var numeric = regexp.MustCompile(`^([0-9]+|0x[0-9a-f]*)$`).MatchString

// host is s as hosts are compared.
func host(s string) (string, error) {
	for _, c := range []byte(s) {
		if c >= 0x80 {
			return "", errors.New("a host's name with letters beyond a to z is written as xn--...")
		}
	}
	s = strings.TrimSuffix(strings.ToLower(s), ".")
	if ip, err := netip.ParseAddr(s); err == nil {
		if ip.Zone() != "" {
			return "", errors.New("an address with a zone is no place for others")
		}
		return ip.Unmap().String(), nil
	}
	labels := strings.Split(s, ".")
	if len(s) > maxHost || numeric(labels[len(labels)-1]) {
		return "", errors.New("this is no name of a host")
	}
	for _, l := range labels {
		if !label(l) {
			return "", errors.New("this is no name of a host")
		}
	}
	return s, nil
}

// port is s as a port, 1 to 65535, without zeros in front.
func port(s string) (uint16, bool) {
	n, err := strconv.ParseUint(s, 10, 16)
	return uint16(n), err == nil && n != 0 && s[0] != '0' && s[0] != '+'
}

// loopback: only programs of the same computer are there.
func loopback(host string) bool {
	ip, err := netip.ParseAddr(host)
	return host == "localhost" || err == nil && ip.IsLoopback()
}

// usual is the scheme of a place that says none.
func usual(host string) string {
	if loopback(host) {
		return "http" // a broker on this computer, for trying things out
	}
	return "https"
}

// Address reads a broker's address as a person writes it: https://help.example.com:8443, or only its host.
func Address(s string) (Place, error) {
	bad := func(err error) (Place, error) {
		return Place{}, fmt.Errorf("the broker's address must look like https://help.example.com: %w", err)
	}
	schemeless := !strings.Contains(s, "://")
	if schemeless {
		s = "https://" + s
	}
	u, err := url.Parse(s)
	if err != nil || u.Scheme != "https" && u.Scheme != "http" || u.User != nil || u.Opaque != "" ||
		strings.Trim(u.Path, "/") != "" || u.RawQuery != "" || u.Fragment != "" {
		return bad(errors.New("it has no other parts than scheme, host and port"))
	}
	p, err := placeOf(u)
	if err != nil {
		return bad(err)
	}
	if schemeless {
		p.Scheme = usual(p.Host)
	}
	return p, nil
}

// placeOf is where u leads, whatever its path.
func placeOf(u *url.URL) (p Place, err error) {
	if p.Host, err = host(u.Hostname()); err != nil {
		return Place{}, err
	}
	p.Scheme = u.Scheme
	if u.Port() != "" {
		n, good := port(u.Port())
		if !good {
			return Place{}, errors.New("a port is a number from 1 to 65535")
		}
		p.setPort(n)
	} else if strings.HasSuffix(u.Host, ":") {
		return Place{}, errors.New("the port is missing")
	}
	return p, nil
}

func (p *Place) setPort(n uint16) {
	if p.Port = n; n == schemePort(p.Scheme) {
		p.Port = 0
	}
}

func schemePort(scheme string) uint16 {
	if scheme == "http" {
		return 80
	}
	return 443
}

// URL is the origin of p: https://help.example.com:8443.
func (p Place) URL() string {
	u := url.URL{Scheme: p.Scheme, Host: p.Host}
	switch {
	case p.Port != 0:
		u.Host = net.JoinHostPort(p.Host, strconv.Itoa(int(p.Port)))
	case strings.Contains(p.Host, ":"):
		u.Host = "[" + p.Host + "]"
	}
	return u.String()
}

// String is p as a person is asked about it: the host, and what is not usual.
func (p Place) String() string {
	if p.Host == "" || p.Scheme == usual(p.Host) {
		return strings.TrimPrefix(p.URL(), p.Scheme+"://")
	}
	return p.URL()
}

// part is p as a file's name has it, "" if it cannot have it: an IPv6 address has colons.
func (p Place) part() string {
	if p.Host == "" || strings.Contains(p.Host, ":") {
		return ""
	}
	s := p.Host
	if p.Port != 0 {
		s += "+" + strconv.Itoa(int(p.Port))
	}
	if p.Scheme != usual(p.Host) {
		s += "+" + p.Scheme
	}
	return s
}
