// Package outbound posts to URLs that strangers have named, without letting them reach what only
// this machine or its network can. It looks at the address at the moment of the connection, after
// all resolving, so that no name, redirect or changing answer of a name server gets around it.
// Only the broker's wiring imports it.
//
// Refused are all addresses that are not globally reachable by the IANA registries (loopback,
// private, link-local with the clouds' metadata services, unique local, IPv4 in any IPv6
// clothing, multicast, documentation ...) and the ports below 1024 but 80 and 443: they are
// other services than web servers. Refused as well are this machine's own public addresses but for
// these two ports, because a packet to oneself passes no firewall, and Azure's platform service,
// whose address is public and answers only from inside. Redirects are not followed, no proxy of
// the environment is used, nothing that was answered is kept but its status, and everything has
// a deadline.
package outbound

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"

	"code.dny.dev/ssrf"

	"pindesk/internal/jobs"
)

const (
	// Timeout bounds one post as a whole.
	Timeout = 15 * time.Second

	// perHost is how many posts to one host may be under way: a host that never answers must not
	// keep the others waiting.
	perHost = 8

	// perAddress is how many connections to one address (or IPv6 /64) may be open for posts, which
	// is half of what the broker sends at a time: one machine can have many names. It is more
	// than perHost because some services share addresses.
	perAddress = 16

	// busyPause is how long a post waits at least whose host has perHost of them, and busyGap how
	// far apart such posts come back, however many wait: each costs the outbox two transactions,
	// and a host that never answers can have thousands waiting. maxPause bounds the wait that
	// comes of it.
	busyPause = 3 * time.Second
	busyGap   = 20 * time.Millisecond
	maxPause  = 10 * time.Minute

	dialTimeout = 5 * time.Second
	maxHeader   = 32 << 10 // bytes of an answer's headers
	maxBody     = 64 << 10 // bytes of an answer's body that are read, and dropped
)

// private are the addresses that AllowPrivate lets in. Link-local ones are not among them: no
// lab has a receiver there, and clouds have their metadata service.
var private = []netip.Prefix{
	netip.MustParsePrefix("127.0.0.0/8"), netip.MustParsePrefix("::1/128"),
	netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("172.16.0.0/12"),
	netip.MustParsePrefix("192.168.0.0/16"), netip.MustParsePrefix("fc00::/7"),
}

// platform answers virtual machines in Azure: the "WireServer", documented as "What is IP address
// 168.63.129.16?" in Azure's manual of virtual networks.
var platform = netip.MustParsePrefix("168.63.129.16/32")

var (
	// errOwn is control's for an address of this machine.
	errOwn = fmt.Errorf("%w: it is this machine's own", ssrf.ErrProhibitedIP)
	// errBusy is dialing's for an address that has perAddress connections.
	errBusy = errors.New("too many connections to this address")
)

// Config says what is allowed beyond what everybody may reach.
type Config struct {
	// Allow lists addresses ("192.0.2.7"), networks ("10.1.0.0/16") and host names
	// ("hooks.example.com") that are trusted, with all their ports. A name is trusted with
	// whatever address it has; it is compared with the URL's host as it is written there.
	Allow []string
	// AllowPrivate trusts loopback and private networks: for labs.
	AllowPrivate bool

	// Of tests.
	resolver *net.Resolver
	own      func() ([]net.Addr, error) // default net.InterfaceAddrs
}

// Client posts. It is safe for use by several goroutines.
type Client struct {
	networks []netip.Prefix
	hosts    []string
	guard    *ssrf.Guardian
	guarded  *http.Client
	trusting *http.Client // for hosts
	own      func() ([]net.Addr, error)

	mu       sync.Mutex
	underWay map[string]int       // posts by host; guarded by mu
	open     map[netip.Prefix]int // connections by address; guarded by mu
	lastBusy time.Time            // when the last of those comes back that were one too many; guarded by mu
}

// New makes a Client. The error says which entry of Allow is wrong.
func New(c Config) (*Client, error) {
	cl := &Client{guard: ssrf.New(ssrf.WithAnyPort(), ssrf.WithDeniedV4Prefixes(platform)), own: c.own,
		underWay: map[string]int{}, open: map[netip.Prefix]int{}}
	if cl.own == nil {
		cl.own = net.InterfaceAddrs
	}
	for _, a := range c.Allow {
		switch {
		case strings.Contains(a, "/"):
			p, err := netip.ParsePrefix(a)
			if err != nil {
				return nil, fmt.Errorf("allowed target %q is not a network such as 10.1.0.0/16", a)
			}
			cl.networks = append(cl.networks, p.Masked())
		default:
			if ip, err := netip.ParseAddr(a); err == nil {
				cl.networks = append(cl.networks, netip.PrefixFrom(ip.Unmap(), ip.Unmap().BitLen()))
				continue
			}
			if u, err := url.Parse("http://" + a + "/"); a == "" || err != nil || u.Hostname() != a {
				return nil, fmt.Errorf("allowed target %q is neither an address, nor a network, nor a host name", a)
			}
			cl.hosts = append(cl.hosts, strings.ToLower(a))
		}
	}
	if c.AllowPrivate {
		cl.networks = append(cl.networks, private...)
	}
	cl.guarded = client(&net.Dialer{Timeout: dialTimeout, Resolver: c.resolver, ControlContext: cl.dialing})
	cl.trusting = client(&net.Dialer{Timeout: dialTimeout, Resolver: c.resolver})
	return cl, nil
}

func client(d *net.Dialer) *http.Client {
	return &http.Client{
		Transport: &http.Transport{
			Proxy:                  nil, // that of the environment would connect for us, unchecked
			DialContext:            d.DialContext,
			TLSHandshakeTimeout:    dialTimeout,
			DisableKeepAlives:      true, // a kept connection was checked for another request's address
			DisableCompression:     true,
			MaxResponseHeaderBytes: maxHeader,
			ForceAttemptHTTP2:      true,
			TLSClientConfig:        &tls.Config{MinVersion: tls.VersionTLS12},
		},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		Timeout:       Timeout,
	}
}

// dials are the connections of one post. Guarded by Client.mu.
type dials struct {
	to    []netip.Prefix
	ended bool // the post, so that a dial that goes on is for nobody
}

type dialsKey struct{}

// dialing is called with the address of each connection, just before it is made.
func (c *Client) dialing(ctx context.Context, network, address string, raw syscall.RawConn) error {
	if err := c.control(network, address, raw); err != nil {
		return err
	}
	to := netip.MustParseAddrPort(address).Addr().Unmap().WithZone("")
	bits := 64
	if to.Is4() {
		bits = 32
	}
	key, err := to.Prefix(bits)
	if err != nil {
		return err
	}
	d := ctx.Value(dialsKey{}).(*dials) // Post's
	c.mu.Lock()
	defer c.mu.Unlock()
	if d.ended || c.open[key] >= perAddress {
		return errBusy
	}
	c.open[key]++
	d.to = append(d.to, key)
	return nil
}

// control judges an address.
func (c *Client) control(network, address string, raw syscall.RawConn) error {
	to, err := netip.ParseAddrPort(address)
	if err != nil {
		return fmt.Errorf("%w: %q", ssrf.ErrInvalidHostPort, address)
	}
	ip := to.Addr().Unmap().WithZone("")
	if slices.ContainsFunc(c.networks, func(p netip.Prefix) bool { return p.Contains(ip) }) {
		return nil
	}
	if p := to.Port(); p != 80 && p != 443 {
		if p < 1024 {
			return fmt.Errorf("%w: %d", ssrf.ErrProhibitedPort, p)
		}
		// Asked each time, since addresses change; it is one call of the system.
		all, err := c.own()
		if err != nil {
			return fmt.Errorf("%w: this machine's addresses are not known", ssrf.ErrProhibitedIP)
		}
		for _, a := range all {
			if mine, err := netip.ParsePrefix(a.String()); err == nil && mine.Addr().Unmap().WithZone("") == ip {
				return errOwn
			}
		}
	}
	return c.guard.Safe(network, address, raw)
}

// Post sends body to a URL and returns the answer's status and its Retry-After, 0 without one.
// An error is a *jobs.Error whose Reason has nothing in it that anybody outside has said.
func (c *Client) Post(ctx context.Context, to string, h http.Header, body []byte) (status int, after time.Duration, err error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, to, bytes.NewReader(body))
	if err != nil {
		return 0, 0, &jobs.Error{Reason: "the URL is malformed", Final: true}
	}
	maps.Copy(req.Header, h)
	req.Header.Set("User-Agent", "PinDesk-Hook/1")
	host := strings.ToLower(req.URL.Hostname())
	use := c.guarded
	if slices.Contains(c.hosts, host) {
		use = c.trusting
	}
	if wait := c.begin(host, time.Now()); wait > 0 {
		return 0, 0, &jobs.Error{Reason: "other deliveries to this host take long", Deferred: true, After: wait}
	}
	d := &dials{}
	defer c.end(host, d)
	resp, err := use.Do(req.WithContext(context.WithValue(ctx, dialsKey{}, d)))
	if errors.Is(err, errBusy) {
		return 0, 0, &jobs.Error{Reason: "other deliveries to this address take long", Deferred: true, After: c.later(time.Now())}
	}
	if err != nil {
		return 0, 0, explain(err)
	}
	defer resp.Body.Close()
	// A receiver that sees its answer read to the end knows that it was heard.
	_, _ = io.Copy(io.Discard, io.LimitReader(resp.Body, maxBody))
	if s, err := strconv.Atoi(resp.Header.Get("Retry-After")); err == nil && s > 0 {
		after = time.Duration(min(s, 24*3600)) * time.Second
	}
	return resp.StatusCode, after, nil
}

// begin counts a post to a host; if too many are under way it says how long to wait instead.
func (c *Client) begin(host string, now time.Time) (wait time.Duration) {
	c.mu.Lock()
	if c.underWay[host] < perHost {
		c.underWay[host]++
		c.mu.Unlock()
		return 0
	}
	c.mu.Unlock()
	return c.later(now)
}

// later says when one comes back that was one too many.
func (c *Client) later(now time.Time) time.Duration {
	c.mu.Lock()
	defer c.mu.Unlock()
	at := now.Add(busyPause)
	if next := c.lastBusy.Add(busyGap); at.Before(next) {
		at = next
	}
	if latest := now.Add(maxPause); at.After(latest) {
		at = latest
	}
	c.lastBusy = at
	return at.Sub(now)
}

func (c *Client) end(host string, d *dials) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.underWay[host]--; c.underWay[host] == 0 {
		delete(c.underWay, host)
	}
	d.ended = true
	for _, key := range d.to {
		if c.open[key]--; c.open[key] == 0 {
			delete(c.open, key)
		}
	}
}

// explain says in our words why nothing was answered. The cause goes to the log, without the URL, and
// only of the kinds below: others, such as of a malformed answer, quote what the receiver sent, which
// may well be what it was sent.
func explain(err error) *jobs.Error {
	if u := (*url.Error)(nil); errors.As(err, &u) {
		err = u.Err // its text has the URL, which may be secret
	}
	e := &jobs.Error{Reason: "the connection failed"}
	var (
		dns       *net.DNSError
		timeout   interface{ Timeout() bool }
		cert      *tls.CertificateVerificationError
		authority x509.UnknownAuthorityError
		record    tls.RecordHeaderError
		network   *net.OpError
	)
	switch {
	case errors.As(err, &network), errors.As(err, &dns), errors.As(err, &cert), errors.As(err, &authority),
		errors.Is(err, context.DeadlineExceeded), errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		e.Err = err
	default:
		e.Err = fmt.Errorf("%T", err)
	}
	switch {
	case errors.Is(err, ssrf.ErrProhibitedIP), errors.Is(err, ssrf.ErrProhibitedPort),
		errors.Is(err, ssrf.ErrProhibitedNetwork), errors.Is(err, ssrf.ErrInvalidHostPort):
		e.Reason, e.Final = "the address is not allowed: it is not on the public internet, or not a web server's port", true
	case errors.As(err, &dns) && dns.IsNotFound:
		e.Reason = "the host name is not known"
	case errors.As(err, &timeout) && timeout.Timeout():
		e.Reason = "no answer in time"
	case errors.Is(err, syscall.ECONNREFUSED):
		e.Reason = "the receiver refuses connections"
	case errors.As(err, &cert), errors.As(err, &authority), errors.As(err, &record):
		e.Reason = "its TLS certificate is not valid"
	}
	return e
}
