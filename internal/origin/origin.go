// Package origin holds the one rule for which web pages may call the broker: only its own.
// A browser tells in the header Origin which site a request comes from, and a WebSocket is
// bound by no other same-origin rule, so every call that acts for a person asks Allowed
// first. Any package of the broker may import origin; it imports only the standard library.
package origin

import (
	"errors"
	"fmt"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strconv"
	"strings"
)

// ErrNotOrigin is returned (wrapped) for a URL that is no http or https origin.
var ErrNotOrigin = errors.New("origin: not the origin of a web site, such as https://help.example.com")

// Origins are the web origins whose pages may call the broker. The zero value allows none
// of them. It does not change after it was made and is safe for concurrent use.
type Origins struct {
	// serialized are origins exactly as browsers write them; the public one is first.
	serialized []string
}

// New returns the origin of public and no other. Public must be an absolute http or https
// URL with nothing after the host but an optional port and "/". Its host is ASCII (an
// international name in its xn-- form), since that is what browsers send.
func New(public *url.URL) (Origins, error) {
	if public == nil {
		return Origins{}, fmt.Errorf("%w: no URL", ErrNotOrigin)
	}
	s, err := serialize(public)
	if err != nil {
		return Origins{}, err
	}
	return Origins{serialized: []string{s}}, nil
}

// NewLoopback is New for a public URL that nobody chose, but that was made from a loopback
// listen address: localhost, 127.0.0.1 and [::1] with the same scheme and port all reach
// that listener, and people type any of them. It fails for a host that is none of the three.
func NewLoopback(public *url.URL) (Origins, error) {
	o, err := New(public)
	if err != nil {
		return Origins{}, err
	}
	names := []string{"localhost", "127.0.0.1", "[::1]"}
	own, _ := url.Parse(o.serialized[0]) // cannot fail: serialize wrote it
	port := ""
	if p := own.Port(); p != "" {
		port = ":" + p
	}
	if !slices.Contains(names, strings.TrimSuffix(own.Host, port)) {
		return o, nil
	}
	for _, name := range names {
		if s := own.Scheme + "://" + name + port; s != o.serialized[0] {
			o.serialized = append(o.serialized, s)
		}
	}
	return o, nil
}

// List returns the allowed origins as browsers write them, without a trailing slash; the
// public one is first. The slice is the caller's own.
func (o Origins) List() []string { return slices.Clone(o.serialized) }

// Allowed reports whether r may act for the person before it: it has no header Origin (a
// program, or a page's plain GET, whose answer no foreign page can read), or exactly one
// that equals an allowed origin byte for byte. Browsers write origins in one way only, so
// nothing is folded: another case, a trailing dot, a default port or user information is
// never a browser at one of our pages. "null" (sandboxed frames, local files) is foreign.
func (o Origins) Allowed(r *http.Request) bool {
	got, present := r.Header["Origin"]
	return !present || len(got) == 1 && slices.Contains(o.serialized, got[0])
}

// serialize writes u's origin as the URL standard's "ASCII serialization of an origin".
func serialize(u *url.URL) (string, error) {
	bad := func(why string) (string, error) { return "", fmt.Errorf("%w: %s", ErrNotOrigin, why) }
	scheme := strings.ToLower(u.Scheme)
	switch {
	case scheme != "http" && scheme != "https":
		return bad("the scheme must be http or https")
	case u.User != nil:
		return bad("user information does not belong here")
	case u.Path != "" && u.Path != "/", u.RawQuery != "", u.ForceQuery, u.Fragment != "":
		return bad("nothing may follow the host and port")
	}
	host := strings.ToLower(u.Hostname())
	switch addr, err := netip.ParseAddr(host); {
	case err == nil && (addr.Zone() != "" || addr.Is4In6()):
		return bad("this form of an IPv6 address cannot stand in a page's URL")
	case err == nil && addr.Is6():
		host = "[" + addr.String() + "]"
	case err == nil:
		host = addr.String()
	case !isName(host):
		return bad("the host is neither a name nor an address")
	}
	if port := u.Port(); port != "" {
		n, err := strconv.ParseUint(port, 10, 16)
		if err != nil || n == 0 {
			return bad("the port is not in 1..65535")
		}
		if scheme == "http" && n != 80 || scheme == "https" && n != 443 {
			host += ":" + strconv.FormatUint(n, 10)
		}
	}
	return scheme + "://" + host, nil
}

// isName reports whether host can be a DNS name. A last label that begins with a digit is
// refused: browsers would read "127.1" or "0x7f.1" as an address and write it otherwise.
func isName(host string) bool {
	labels := strings.Split(strings.TrimSuffix(host, "."), ".")
	for _, label := range labels {
		if label == "" || len(label) > 63 {
			return false
		}
		for _, c := range []byte(label) {
			if !(c >= 'a' && c <= 'z' || c >= '0' && c <= '9' || c == '-' || c == '_') {
				return false
			}
		}
	}
	last := labels[len(labels)-1]
	return len(host) <= 254 && !(last[0] >= '0' && last[0] <= '9')
}
