package outbound

import (
	"context"
	"encoding/binary"
	"errors"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"pindesk/internal/jobs"
)

func newClient(t *testing.T, c Config) *Client {
	t.Helper()
	cl, err := New(c)
	if err != nil {
		t.Fatal(err)
	}
	return cl
}

// post returns the status, or the error that Post must give.
func post(t *testing.T, c *Client, to string) (int, *jobs.Error) {
	t.Helper()
	status, _, err := c.Post(t.Context(), to, http.Header{"X-Test": {"1"}}, []byte(`{"a":1}`))
	var e *jobs.Error
	if err != nil && !errors.As(err, &e) {
		t.Fatalf("%s: %v is not a *jobs.Error", to, err)
	}
	return status, e
}

// TestRefusedAtDial asks the function that sees each connection's address, so that no packet is
// sent, and then posts to each for real.
func TestRefusedAtDial(t *testing.T) {
	c := newClient(t, Config{})
	for name, addr := range map[string]string{
		"loopback":                     "127.0.0.1:80",
		"loopback, another":            "127.255.255.254:443",
		"loopback in IPv6":             "[::1]:80",
		"unspecified":                  "0.0.0.0:80",
		"unspecified in IPv6":          "[::]:80",
		"this network":                 "0.1.2.3:80",
		"private 10":                   "10.1.2.3:80",
		"private 172.16":               "172.31.255.255:80",
		"private 192.168":              "192.168.1.1:443",
		"carrier-grade NAT":            "100.64.0.1:80",
		"link-local":                   "169.254.1.1:80",
		"metadata":                     "169.254.169.254:80",
		"metadata in IPv6":             "[fd00:ec2::254]:80",
		"link-local in IPv6":           "[fe80::1]:80",
		"unique local":                 "[fd12:3456::1]:80",
		"site-local":                   "[fec0::1]:80",
		"IPv4-mapped loopback":         "[::ffff:127.0.0.1]:80",
		"IPv4-mapped metadata":         "[::ffff:169.254.169.254]:80",
		"IPv4-compatible":              "[::127.0.0.1]:80",
		"NAT64 of loopback":            "[64:ff9b::7f00:1]:80",
		"NAT64 of metadata":            "[64:ff9b::a9fe:a9fe]:80",
		"local NAT64":                  "[64:ff9b:1::a00:1]:80",
		"6to4 of a private one":        "[2002:a00:1::1]:80",
		"Teredo":                       "[2001:0:a00:1::1]:80",
		"multicast":                    "224.0.0.1:80",
		"multicast in IPv6":            "[ff02::1]:80",
		"broadcast":                    "255.255.255.255:80",
		"documentation":                "192.0.2.1:80",
		"documentation in IPv6":        "[2001:db8::1]:80",
		"benchmarks":                   "198.18.0.1:80",
		"SSH of a public host":         "1.1.1.1:22",
		"SMTP of a public host":        "1.1.1.1:25",
		"SMTP of a public host, IPv6":  "[2606:4700:4700::1111]:25",
		"domain names of public hosts": "1.1.1.1:53",
		"Azure's platform":             "168.63.129.16:80",
		"Azure's platform, another":    "168.63.129.16:32526",
	} {
		network := "tcp4"
		if strings.HasPrefix(addr, "[") {
			network = "tcp6"
		}
		if err := c.control(network, addr, nil); err == nil {
			t.Errorf("%s: %s is allowed", name, addr)
		}
		if _, e := post(t, c, "http://"+addr+"/"); e == nil || !e.Final || !strings.Contains(e.Reason, "not allowed") {
			t.Errorf("%s: posting to %s gives %+v", name, addr, e)
		}
	}
	for name, addr := range map[string]string{"a public host": "1.1.1.1:443", "its web port": "1.1.1.1:80",
		"a high port": "1.1.1.1:8443", "in IPv6": "[2606:4700:4700::1111]:443"} {
		network := "tcp4"
		if strings.HasPrefix(addr, "[") {
			network = "tcp6"
		}
		if err := c.control(network, addr, nil); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestOwnPublicAddress: what listens here beside web servers may be behind a firewall that a packet
// from here does not pass.
func TestOwnPublicAddress(t *testing.T) {
	own := func() ([]net.Addr, error) {
		return []net.Addr{
			&net.IPNet{IP: net.ParseIP("93.184.215.14"), Mask: net.CIDRMask(24, 32)},
			&net.IPNet{IP: net.ParseIP("2606:4700:4700::7"), Mask: net.CIDRMask(64, 128)},
		}, nil
	}
	unknown := func() ([]net.Addr, error) { return nil, errors.New("no") }
	for _, test := range []struct {
		c       Config
		addr    string
		refused bool
	}{
		{Config{own: own}, "93.184.215.14:9090", true},
		{Config{own: own}, "[::ffff:93.184.215.14]:9090", true},
		{Config{own: own}, "[2606:4700:4700::7]:5432", true},
		{Config{own: own}, "93.184.215.14:443", false},
		{Config{own: own}, "93.184.215.14:80", false},
		{Config{own: own}, "93.184.215.15:9090", false},
		{Config{own: own, Allow: []string{"93.184.215.14"}}, "93.184.215.14:9090", false},
		{Config{own: unknown}, "93.184.215.15:9090", true},
		{Config{own: unknown}, "93.184.215.15:443", false},
	} {
		network := "tcp4"
		if strings.HasPrefix(test.addr, "[") {
			network = "tcp6"
		}
		err := newClient(t, test.c).control(network, test.addr, nil)
		if (err != nil) != test.refused {
			t.Errorf("%s: %v", test.addr, err)
		}
		if e := (*jobs.Error)(nil); test.refused && (!errors.As(explain(err), &e) || !e.Final) {
			t.Errorf("%s: %+v is tried again", test.addr, explain(err))
		}
	}
}

// TestSpellings: other ways to write an address that some programs read as 127.0.0.1.
func TestSpellings(t *testing.T) {
	c := newClient(t, Config{})
	inside := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { t.Error("reached") }))
	defer inside.Close()
	port := inside.URL[strings.LastIndex(inside.URL, ":"):]
	for _, host := range []string{"127.0.0.1", "127.1", "2130706433", "0x7f000001", "0177.0.0.1", "localhost", "LOCALHOST.",
		"[::1]", "[::ffff:7f00:1]", "[0:0:0:0:0:ffff:127.0.0.1]", "127.0.0.1%2f@example.com", "0"} {
		if status, e := post(t, c, "http://"+host+port+"/"); e == nil {
			t.Errorf("%s answers %d", host, status)
		}
	}
}

// server is one here, which Allow must name to be reached.
func server(t *testing.T, h http.HandlerFunc) (base, port string) {
	t.Helper()
	s := httptest.NewServer(h)
	t.Cleanup(s.Close)
	return s.URL, s.URL[strings.LastIndex(s.URL, ":"):]
}

func TestAllowed(t *testing.T) {
	base, port := server(t, func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("X-Test") != "1" || r.Method != http.MethodPost || r.ContentLength != 7 || r.Header.Get("User-Agent") != "PinDesk-Hook/1" {
			t.Errorf("%s %v, %d bytes", r.Method, r.Header, r.ContentLength)
		}
		w.WriteHeader(http.StatusNoContent)
	})
	for name, c := range map[string]Config{
		"address": {Allow: []string{"127.0.0.1"}}, "network": {Allow: []string{"10.0.0.0/8", "127.0.0.0/8"}}, "private": {AllowPrivate: true},
	} {
		if status, e := post(t, newClient(t, c), base); e != nil || status != 204 {
			t.Errorf("%s: %d %v", name, status, e)
		}
	}
	byName := newClient(t, Config{Allow: []string{"LocalHost"}})
	if status, e := post(t, byName, "http://localhost"+port); e != nil || status != 204 {
		t.Errorf("host name: %d %v", status, e)
	}
	for name, c := range map[string]*Client{"another network": newClient(t, Config{Allow: []string{"10.0.0.0/8", "::1"}}), "a name, by its address": byName} {
		if _, e := post(t, c, base); e == nil || !e.Final {
			t.Errorf("%s lets everybody in: %v", name, e)
		}
	}
	private := newClient(t, Config{AllowPrivate: true})
	for _, addr := range []string{"169.254.169.254:80", "224.0.0.1:80"} {
		if err := private.control("tcp4", addr, nil); err == nil {
			t.Errorf("a lab reaches %s", addr)
		}
	}
	for _, bad := range []string{"", "10.0.0.0/33", "a b", "http://example.com", "example.com:80", "user@example.com", "example.com/x"} {
		if _, err := New(Config{Allow: []string{bad}}); err == nil {
			t.Errorf("%q is taken as a target", bad)
		}
	}
}

// TestChangingAnswers has a name server that says a public address first and a loopback one
// later: what counts is what is connected to.
func TestChangingAnswers(t *testing.T) {
	_, port := server(t, func(http.ResponseWriter, *http.Request) { t.Error("reached") })
	var asked atomic.Int32
	resolver := nameServer(t, func() netip.Addr {
		if asked.Add(1) == 1 {
			return netip.MustParseAddr("93.184.215.14")
		}
		return netip.MustParseAddr("127.0.0.1")
	})
	if got, err := resolver.LookupNetIP(t.Context(), "ip4", "rebind.example"); err != nil || got[0].Unmap() != netip.MustParseAddr("93.184.215.14") {
		t.Fatalf("who looks before sees %v (%v)", got, err)
	}
	c := newClient(t, Config{resolver: resolver})
	if _, e := post(t, c, "http://rebind.example"+port+"/"); e == nil || !e.Final {
		t.Errorf("the second answer gives %+v", e)
	}
	if asked.Load() < 2 {
		t.Error("the second answer was not asked for: this test proves nothing")
	}
}

// nameServer answers every question for an IPv4 address with what answer says.
func nameServer(t *testing.T, answer func() netip.Addr) *net.Resolver {
	t.Helper()
	pc, err := net.ListenPacket("udp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var done sync.WaitGroup
	t.Cleanup(func() { pc.Close(); done.Wait() })
	done.Go(func() {
		b := make([]byte, 1500)
		for {
			n, from, err := pc.ReadFrom(b)
			if err != nil {
				return
			}
			end := 12
			for end < n && b[end] != 0 { // the labels of the question's name
				end += int(b[end]) + 1
			}
			end += 5
			if end > n {
				continue
			}
			isA := binary.BigEndian.Uint16(b[end-4:]) == 1
			reply := append([]byte(nil), b[:end]...)
			binary.BigEndian.PutUint16(reply[2:], 0x8180) // an answer without error
			for i := 6; i < 12; i++ {
				reply[i] = 0
			}
			if isA {
				reply[7] = 1
				ip := answer().As4()
				reply = append(reply, 0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 0, 0, 4)
				reply = append(reply, ip[:]...)
			}
			_, _ = pc.WriteTo(reply, from)
		}
	})
	return &net.Resolver{PreferGo: true, Dial: func(ctx context.Context, _, _ string) (net.Conn, error) {
		var d net.Dialer
		return d.DialContext(ctx, "udp4", pc.LocalAddr().String())
	}}
}

func TestRedirectsAreNotFollowed(t *testing.T) {
	inside, _ := server(t, func(http.ResponseWriter, *http.Request) { t.Error("the redirect was followed") })
	for _, status := range []int{301, 302, 303, 307, 308} {
		base, _ := server(t, func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, inside, status) })
		if got, e := post(t, newClient(t, Config{AllowPrivate: true}), base); e != nil || got != status {
			t.Errorf("%d: %d %v", status, got, e)
		}
	}
}

func TestNoProxyOfTheEnvironment(t *testing.T) {
	proxy, _ := server(t, func(http.ResponseWriter, *http.Request) { t.Error("the proxy was used") })
	t.Setenv("HTTP_PROXY", proxy)
	t.Setenv("HTTPS_PROXY", proxy)
	if _, e := post(t, newClient(t, Config{}), "http://10.1.2.3/"); e == nil {
		t.Error("a private address was reached")
	}
}

// TestBoundedAndTold: what is wrong is said in our words, without the URL, and ends in time.
func TestBoundedAndTold(t *testing.T) {
	endless, _ := server(t, func(w http.ResponseWriter, r *http.Request) {
		for r.Context().Err() == nil {
			if _, err := w.Write(make([]byte, 32<<10)); err != nil {
				return
			}
		}
	})
	c := newClient(t, Config{AllowPrivate: true})
	start := time.Now()
	if status, e := post(t, c, endless); e != nil || status != 200 || time.Since(start) > Timeout/2 {
		t.Errorf("an endless answer: %d %v after %v", status, e, time.Since(start))
	}
	headers, _ := server(t, func(w http.ResponseWriter, r *http.Request) { w.Header().Set("X", strings.Repeat("x", maxHeader)) })
	tls := httptest.NewTLSServer(http.NotFoundHandler())
	defer tls.Close()
	closed := httptest.NewServer(nil)
	closed.Close()
	silent, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer silent.Close()
	for to, want := range map[string]string{
		headers + "/secret":                               "the connection failed",
		tls.URL + "/secret":                               "its TLS certificate is not valid",
		closed.URL + "/secret":                            "the receiver refuses connections",
		"http://127.0.0.1:99999/secret":                   "the connection failed",
		"http://silent:x@" + silent.Addr().String() + "/": "no answer in time",
	} {
		limit := Timeout
		if want == "no answer in time" {
			limit = 300 * time.Millisecond
		}
		ctx, cancel := context.WithTimeout(t.Context(), limit)
		_, _, err := c.Post(ctx, to, nil, nil)
		cancel()
		var e *jobs.Error
		if !errors.As(err, &e) || e.Reason != want || strings.Contains(err.Error(), "secret") || e.Final {
			t.Errorf("%s: %v, want %q", to, err, want)
		}
	}
	busy, _ := server(t, func(w http.ResponseWriter, r *http.Request) { w.Header().Set("Retry-After", "120"); w.WriteHeader(429) })
	if status, after, err := c.Post(t.Context(), busy, nil, nil); err != nil || status != 429 || after != 2*time.Minute {
		t.Errorf("%d %v %v", status, after, err)
	}
}

// TestOneHostDoesNotHoldUpTheOthers: posts that hang count against their own host only.
func TestOneHostDoesNotHoldUpTheOthers(t *testing.T) {
	arrived, free := make(chan struct{}, perHost), make(chan struct{})
	base, port := server(t, func(_ http.ResponseWriter, r *http.Request) {
		if strings.HasPrefix(r.Host, "127.0.0.1") {
			arrived <- struct{}{}
			<-free
		}
	})
	c := newClient(t, Config{AllowPrivate: true})
	var all sync.WaitGroup
	for range perHost {
		all.Go(func() {
			if status, e := post(t, c, base); e != nil || status != 200 {
				t.Errorf("%d %v", status, e)
			}
		})
	}
	for range perHost {
		<-arrived
	}
	if _, e := post(t, c, base); e == nil || e.Final || !e.Deferred || e.After < time.Second {
		t.Errorf("one more to the same host: %+v", e)
	}
	if status, e := post(t, c, "http://localhost"+port); e != nil || status != 200 {
		t.Errorf("another host waits: %d %v", status, e)
	}
	// However many wait, they come back one after the other.
	longest := time.Duration(0)
	for range 500 {
		_, e := post(t, c, base)
		if e == nil || !e.Deferred || e.After > maxPause {
			t.Fatalf("many more to the same host: %+v", e)
		}
		longest = max(longest, e.After)
	}
	if longest < 400*busyGap {
		t.Errorf("500 deliveries come back within %v", longest)
	}
	close(free)
	all.Wait()
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.underWay) != 0 {
		t.Errorf("still counted: %v", c.underWay)
	}
}

// TestManyNamesOfOneMachine: who has a name server has as many hosts as he likes.
func TestManyNamesOfOneMachine(t *testing.T) {
	arrived, free := make(chan struct{}, perAddress), make(chan struct{})
	_, port := server(t, func(http.ResponseWriter, *http.Request) {
		arrived <- struct{}{}
		<-free
	})
	c := newClient(t, Config{AllowPrivate: true, resolver: nameServer(t, func() netip.Addr { return netip.MustParseAddr("127.0.0.1") })})
	var all sync.WaitGroup
	for i := range perAddress {
		all.Go(func() {
			if status, e := post(t, c, "http://"+string(rune('a'+i))+".example"+port); e != nil || status != 200 {
				t.Errorf("%d %v", status, e)
			}
		})
	}
	for range perAddress {
		<-arrived
	}
	if _, e := post(t, c, "http://another.example"+port); e == nil || !e.Deferred || e.After < time.Second {
		t.Errorf("one more name of the same address: %+v", e)
	}
	other, err := net.Listen("tcp", "127.0.0.2:0")
	if err != nil {
		t.Fatal(err)
	}
	s := &http.Server{Handler: http.HandlerFunc(func(http.ResponseWriter, *http.Request) {})}
	go s.Serve(other)
	defer s.Close()
	if status, e := post(t, c, "http://"+other.Addr().String()); e != nil || status != 200 {
		t.Errorf("another address waits: %d %v", status, e)
	}
	close(free)
	all.Wait()
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.underWay)+len(c.open) != 0 {
		t.Errorf("still counted: %v, %v", c.underWay, c.open)
	}
}

// TestNothingOfTheReceiverIsLogged: causes go to the log, and a receiver knows the PIN and its own URL.
func TestNothingOfTheReceiverIsLogged(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	answers := []string{"7W2-97-8570 /secret\r\n\r\n", "HTTP/1.1 7W2-97-8570\r\n\r\n", "HTTP/1.1 200 OK\r\n7W2-97-8570 secret\r\n\r\n",
		"HTTP/1.1 200 OK\r\nTransfer-Encoding: 7W2-97-8570\r\n\r\n", "HTTP/1.1 200 OK\r\nContent-Length: 7W2-97-8570\r\n\r\n"}
	var all sync.WaitGroup
	defer all.Wait()
	all.Go(func() {
		for _, a := range answers {
			c, err := l.Accept()
			if err != nil {
				return
			}
			_, _ = c.Read(make([]byte, 4096))
			_, _ = c.Write([]byte(a))
			_ = c.Close()
		}
	})
	c := newClient(t, Config{AllowPrivate: true})
	for _, a := range answers {
		_, e := post(t, c, "http://"+l.Addr().String()+"/secret")
		if e == nil || e.Final || strings.Contains(e.Error(), "97-8570") || strings.Contains(e.Error(), "secret") {
			t.Errorf("%q: %v", a, e)
		}
	}
}
