// Package proxy decides by Windows' own settings through which proxy an address is reached: what stands in "Internet
// options", or what a script has answered. It is pure, so that it is tested on any system; package windows reads the
// settings. Only platform and windows import it.
package proxy

import (
	"net"
	"net/netip"
	"net/url"
	"strings"
)

// Bounds of settings, which are written by people and scripts.
const (
	maxText  = 64 << 10
	maxRules = 2000
)

// Settings say which proxy is for what, and what is reached without one.
type Settings struct {
	servers map[string]*url.URL // by scheme, "socks" and "" (all others) among them
	bypass  []rule
	loop    bool // also loopback addresses go through it
}

// rule is one entry of what is reached without a proxy.
type rule struct {
	local        bool // names without a dot
	scheme, port string
	host         string // with any number of *
}

// Parse reads settings as Windows keeps them: server as "host:port" or "http=host:port;https=host:port;socks=host:port",
// override as "<local>;*.corp.example;10.*". What cannot be read is left out.
func Parse(server, override string) Settings {
	s := Settings{servers: map[string]*url.URL{}}
	for _, entry := range split(server) {
		scheme, at, named := strings.Cut(entry, "=")
		if !named {
			scheme, at = "", entry
		}
		scheme = strings.ToLower(strings.TrimSpace(scheme))
		if u := address(at, scheme); u != nil && s.servers[scheme] == nil { // the first one counts: others are for when it fails
			s.servers[scheme] = u
		}
	}
	for _, entry := range split(override) {
		switch entry = strings.ToLower(entry); entry {
		case "<local>":
			s.bypass = append(s.bypass, rule{local: true})
		case "<-loopback>":
			s.loop = true
		default:
			s.bypass = append(s.bypass, parseRule(entry))
		}
	}
	return s
}

// split takes a list apart, of which people write the separators as they please.
func split(list string) []string {
	if len(list) > maxText {
		return nil
	}
	all := strings.FieldsFunc(list, func(r rune) bool { return r == ';' || r == ',' || r == ' ' || r == '\t' || r == '\r' || r == '\n' })
	return all[:min(len(all), maxRules)]
}

// address reads a proxy's; nil if it is none. Proxies that are reached by TLS themselves are not used.
func address(s, kind string) *url.URL {
	scheme, rest, has := strings.Cut(strings.TrimSpace(s), "://")
	if !has {
		scheme, rest = "http", scheme
		if kind == "socks" {
			scheme = "socks5"
		}
	}
	switch scheme = strings.ToLower(scheme); scheme {
	case "socks":
		scheme = "socks5"
	case "http", "socks5":
	default:
		return nil
	}
	u, err := url.Parse(scheme + "://" + strings.TrimRight(rest, "/"))
	if err != nil || u.Hostname() == "" || u.Path != "" || u.RawQuery != "" || u.Fragment != "" || strings.ContainsAny(u.Hostname(), "*<>=") {
		return nil
	}
	if u.Port() == "" {
		port := "80"
		if scheme == "socks5" {
			port = "1080"
		}
		u.Host = net.JoinHostPort(u.Hostname(), port)
	}
	return u
}

func parseRule(entry string) (r rule) {
	if scheme, rest, has := strings.Cut(entry, "://"); has {
		r.scheme, entry = scheme, rest
	}
	r.host = entry
	if i := strings.LastIndexByte(entry, ':'); i >= 0 && strings.Count(entry, ":") == 1 || i > 0 && entry[i-1] == ']' {
		r.host, r.port = entry[:i], entry[i+1:]
	}
	r.host = strings.Trim(r.host, "[]")
	if strings.HasPrefix(r.host, ".") { // .example.com: as others mean it
		r.host = "*" + r.host
	}
	return r
}

// For returns the proxy for an address; nil: it is reached without one.
func (s Settings) For(u *url.URL) *url.URL {
	scheme := map[string]string{"ws": "http", "wss": "https"}[u.Scheme]
	if scheme == "" {
		scheme = u.Scheme
	}
	host := strings.ToLower(strings.TrimSuffix(u.Hostname(), "."))
	if host == "" || !s.loop && loopback(host) {
		return nil
	}
	port := u.Port()
	if port == "" {
		port = map[string]string{"http": "80", "https": "443"}[scheme]
	}
	for _, r := range s.bypass {
		if r.covers(scheme, host, port) {
			return nil
		}
	}
	for _, kind := range []string{scheme, "", "socks"} {
		if at := s.servers[kind]; at != nil {
			return at
		}
	}
	return nil
}

func (r rule) covers(scheme, host, port string) bool {
	if r.local {
		_, err := netip.ParseAddr(host)
		return err != nil && !strings.Contains(host, ".")
	}
	return (r.scheme == "" || r.scheme == scheme) && (r.port == "" || r.port == port) && match(r.host, host)
}

// match compares a host with a pattern; * stands for anything.
func match(pattern, s string) bool {
	parts := strings.Split(pattern, "*")
	if len(parts) == 1 {
		return pattern == s
	}
	first, last := parts[0], parts[len(parts)-1]
	if len(s) < len(first)+len(last) || !strings.HasPrefix(s, first) || !strings.HasSuffix(s, last) {
		return false
	}
	s = s[len(first) : len(s)-len(last)]
	for _, part := range parts[1 : len(parts)-1] {
		i := strings.Index(s, part)
		if i < 0 {
			return false
		}
		s = s[i+len(part):]
	}
	return true
}

func loopback(host string) bool {
	if host == "localhost" || strings.HasSuffix(host, ".localhost") {
		return true
	}
	a, err := netip.ParseAddr(host)
	return err == nil && a.IsLoopback()
}
