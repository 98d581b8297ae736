package httpapi

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"strconv"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"pindesk/internal/fault"
)

const wrongQuery = "?session_pin=AAA-00-0000"

// TestGate: the 6th wrong PIN in a minute is not looked up, nor is a right one, on any call.
func TestGate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := open(t, nil)
		right := func() int { return d.call("GET", "/api/v1/session"+pinQuery, "").Code }
		for i := range maxFailures {
			if code := right(); code != 200 {
				t.Fatalf("a right PIN after %d wrong ones: status %d", i, code)
			}
			d.wantFailure(d.call("GET", "/api/v1/session_url"+wrongQuery, ""), 404, fault.UnknownSession)
			time.Sleep(2 * time.Second)
		}
		looked := d.fake.lookups
		for _, c := range [][3]string{
			{"GET", "/api/v1/session_url" + pinQuery, ""},
			{"GET", "/api/v1/session" + pinQuery, ""},
			{"DELETE", "/api/v1/session" + pinQuery, ""},
			{"PUT", "/api/v1/hook/", hookBody(testPIN)},
			{"POST", "/api/v1/join", joinBody(testPIN, "")},
		} {
			w := d.call(c[0], c[1], c[2])
			d.wantFailure(w, 429, fault.TooMany)
			if got := w.Header().Get("Retry-After"); got != "50" { // the first failure was 10 s ago
				t.Errorf("%s %s: Retry-After %s, want 50", c[0], c[1], got)
			}
		}
		if d.call("HEAD", "/api/v1/session"+pinQuery, "").Code != 429 {
			t.Error("HEAD gets past the gate")
		}
		if d.fake.lookups != looked {
			t.Errorf("%d look-ups behind the gate", d.fake.lookups-looked)
		}
		if d.call("GET", "/api/v1/session_pin", "").Code != 200 || d.call("GET", "/api/v1/regions", "").Code != 200 {
			t.Error("the gate closed calls that take no PIN")
		}

		time.Sleep(50*time.Second - time.Nanosecond)
		if code := right(); code != 429 {
			t.Errorf("just before Retry-After is over: status %d", code)
		}
		time.Sleep(time.Nanosecond)
		if code := right(); code != 200 {
			t.Errorf("after Retry-After: status %d", code)
		}
		// The right PIN wiped nothing out: four failures still count.
		d.wantFailure(d.call("GET", "/api/v1/session_url"+wrongQuery, ""), 404, fault.UnknownSession)
		if code := right(); code != 429 {
			t.Errorf("a right PIN reset the count: status %d", code)
		}
	})
}

// TestGateCountsOnlyWrongPINs: other errors are not guesses.
func TestGateCountsOnlyWrongPINs(t *testing.T) {
	d := open(t, nil)
	for range 2 * maxFailures {
		d.wantFailure(d.call("GET", "/api/v1/session", ""), 400, fault.BadRequest)
		d.wantFailure(d.call("GET", "/api/v1/session?session_pin="+brokenPIN, ""), 500, fault.Internal)
		d.wantFailure(d.call("GET", "/api/v1/session?session_pin="+panicPIN, ""), 500, fault.Internal)
		d.wantFailure(d.call("POST", "/api/v1/join", joinBody(testPIN, `,"name":"blocked"`)), 403, fault.Blocked)
		d.wantFailure(d.call("GET", "/api/v1/session"+wrongQuery, "", "Origin", "https://evil.com"), 403, fault.BadOrigin)
	}
	if code := d.call("GET", "/api/v1/session"+pinQuery, "").Code; code != 200 {
		t.Errorf("status %d", code)
	}
	if len(d.gate.trying) != 0 {
		t.Errorf("%d attempts never ended", len(d.gate.trying))
	}
}

func TestGateByAddress(t *testing.T) {
	for _, tc := range []struct {
		guesser, other string
		same           bool
	}{
		{"192.0.2.1:1", "192.0.2.1:2", true},
		{"192.0.2.1:1", "192.0.2.2:1", false},
		{"192.0.2.1:1", "[::ffff:192.0.2.1]:9", true},
		{"[2001:db8:1:2::1]:1", "[2001:db8:1:2:ffff:ffff:ffff:ffff]:1", true},
		{"[2001:db8:1:2::1]:1", "[2001:db8:1:3::1]:1", false},
		{"[fe80::1%eth0]:1", "[fe80::2%eth1]:1", true},
		{"garbage", "other garbage", true},
		{"garbage", "192.0.2.1:1", false},
	} {
		d := open(t, nil)
		d.from = tc.guesser
		for range maxFailures {
			d.call("GET", "/api/v1/session"+wrongQuery, "")
		}
		if code := d.call("GET", "/api/v1/session"+pinQuery, "").Code; code != 429 {
			t.Errorf("%s guessed on: status %d", tc.guesser, code)
		}
		d.from = tc.other
		if code := d.call("GET", "/api/v1/session"+pinQuery, "").Code; (code == 429) != tc.same {
			t.Errorf("%s guessed, %s asked: status %d", tc.guesser, tc.other, code)
		}
	}
}

// TestProxies: X-Forwarded-For counts from a trusted proxy only, and only its last
// untrusted address; X-Real-IP and the like never count.
func TestProxies(t *testing.T) {
	spoof := []string{"X-Real-IP", "198.51.100.7", "True-Client-IP", "198.51.100.7", "Forwarded", "for=198.51.100.7"}
	for _, tc := range []struct{ name, from, forwarded, want string }{
		{"direct", "192.0.2.1:1", "", "192.0.2.1"},
		{"direct, forged", "192.0.2.1:1", "198.51.100.7", "192.0.2.1"},
		{"by the proxy", "10.0.0.1:1", "198.51.100.7", "198.51.100.7"},
		{"by the proxy, forged before", "10.0.0.1:1", "203.0.113.9, 198.51.100.7", "198.51.100.7"},
		{"by two proxies", "10.0.0.1:1", "198.51.100.7, 10.0.0.2", "198.51.100.7"},
		{"by the proxy, IPv6", "10.0.0.1:1", "2001:db8::7", "2001:db8::7"},
		{"the proxy itself", "10.0.0.1:1", "", "10.0.0.1"},
		{"garbage last", "10.0.0.1:1", "198.51.100.7, x", "10.0.0.1"},
	} {
		d := open(t, func(c *Config) { c.TrustedProxies = []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")} })
		d.from = tc.from
		head := append([]string{}, spoof...)
		if tc.forwarded != "" {
			head = append(head, "X-Forwarded-For", tc.forwarded)
		}
		d.call("GET", "/api/v1/regions", "", head...)
		if got := d.lines()[0]["client"]; got != tc.want {
			t.Errorf("%s: client %v, want %s", tc.name, got, tc.want)
		}
	}
	d := open(t, nil) // no trusted proxy at all
	d.call("GET", "/api/v1/regions", "", append(spoof, "X-Forwarded-For", "198.51.100.7")...)
	if got := d.lines()[0]["client"]; got != "192.0.2.1" {
		t.Errorf("without proxies: client %v", got)
	}
}

// TestGateConcurrent: of many guesses at once, five are looked up, and of many right
// PINs at once, none is refused.
func TestGateConcurrent(t *testing.T) {
	for _, tc := range []struct {
		query         string
		want, refused int
	}{{wrongQuery, maxFailures, 45}, {pinQuery, 50, 0}} {
		synctest.Test(t, func(t *testing.T) {
			d := open(t, nil)
			d.fake.slow = time.Second
			var all sync.WaitGroup
			codes := make(chan int, 50)
			for range cap(codes) {
				all.Go(func() { codes <- d.call("GET", "/api/v1/session"+tc.query, "").Code })
			}
			all.Wait()
			close(codes)
			refused := 0
			for code := range codes {
				if code == 429 {
					refused++
				}
			}
			if d.fake.lookups != tc.want || refused != tc.refused {
				t.Errorf("%s: %d look-ups, %d refused; want %d, %d", tc.query, d.fake.lookups, refused, tc.want, tc.refused)
			}
			if len(d.gate.trying) != 0 {
				t.Errorf("%d callers still try", len(d.gate.trying))
			}
		})
	}
}

func TestGateWaiterGivesUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := newPINGate()
		addr := netip.MustParseAddr("192.0.2.1")
		var leaves []func(outcome)
		for range maxFailures {
			leave, err := g.enter(t.Context(), addr)
			if err != nil {
				t.Fatal(err)
			}
			leaves = append(leaves, leave)
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if _, err := g.enter(ctx, addr); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("a sixth at once got in: %v", err)
		}
		for _, leave := range leaves {
			leave(undecided)
		}
		if leave, err := g.enter(t.Context(), addr); err != nil {
			t.Error(err)
		} else {
			leave(undecided)
		}
	})
}

func TestCreationLimit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := open(t, func(c *Config) { c.CreatesPerMinute = 6 })
		create := func() (int, string) {
			w := d.call("GET", "/api/v1/session_pin", "")
			return w.Code, w.Header().Get("Retry-After")
		}
		for i := range 6 {
			if code, _ := create(); code != 200 {
				t.Fatalf("session %d: status %d", i+1, code)
			}
		}
		for range 3 { // asking again does not make it later
			if code, retry := create(); code != 429 || retry != "10" {
				t.Fatalf("7th session: status %d Retry-After %s", code, retry)
			}
		}
		d.from = "192.0.2.9:1"
		if code, _ := create(); code != 200 {
			t.Errorf("another address: status %d", code)
		}
		d.from = "192.0.2.1:1"
		time.Sleep(10 * time.Second)
		if code, _ := create(); code != 200 {
			t.Errorf("after Retry-After: status %d", code)
		}
		if code, _ := create(); code != 429 {
			t.Errorf("one more: status %d", code)
		}
		time.Sleep(time.Minute)
		for i := range 6 {
			if code, _ := create(); code != 200 {
				t.Fatalf("a minute later, session %d: status %d", i+1, code)
			}
		}
	})
}

func TestDefaultCreationLimit(t *testing.T) {
	d := open(t, nil)
	made := 0
	for range 2 * DefaultCreatesPerMinute {
		if d.call("GET", "/api/v1/session_pin", "").Code == 200 {
			made++
		}
	}
	if made < DefaultCreatesPerMinute || made > DefaultCreatesPerMinute+5 { // +5: the test may take some seconds
		t.Errorf("%d sessions at once", made)
	}
}

// TestRecentIsBounded: at most max entries, the longest unchanged go first, old ones go
// without being asked for.
func TestRecentIsBounded(t *testing.T) {
	key := func(i int) netip.Prefix {
		return netip.PrefixFrom(netip.AddrFrom4([4]byte{10, byte(i >> 16), byte(i >> 8), byte(i)}), 32)
	}
	now := time.Unix(0, 0)
	c := newRecent[netip.Prefix, string](100, time.Minute)
	c.set(key(0), "kept", now)
	for i := range 1000 {
		if i > 0 {
			c.set(key(i), strconv.Itoa(i), now)
		}
		kept, _ := c.get(key(0), now)
		c.set(key(0), kept, now) // changed all the time, so never the longest unchanged
	}
	if len(c.byKey) != 100 || c.order.Len() != 100 {
		t.Fatalf("%d entries, %d in order", len(c.byKey), c.order.Len())
	}
	for i, want := range map[int]string{0: "kept", 1: "", 900: "", 901: "901", 999: "999"} {
		if got, _ := c.get(key(i), now); got != want {
			t.Errorf("entry %d is %q, want %q", i, got, want)
		}
	}
	now = now.Add(time.Minute)
	if _, found := c.get(key(999), now); found {
		t.Error("an entry outlived its time")
	}
	c.set(key(5), "new", now)
	if len(c.byKey) != 1 || c.order.Len() != 1 {
		t.Errorf("%d entries after all others are due", len(c.byKey))
	}
}

// TestGateMemory: however many addresses guess, each limit remembers maxTracked.
func TestGateMemory(t *testing.T) {
	g := newPINGate()
	for i := range maxTracked + 1000 {
		addr := netip.AddrFrom16([16]byte{0x20, 1, 0xd, 0xb8, byte(i >> 24), byte(i >> 16), byte(i >> 8), byte(i)})
		leave, err := g.enter(t.Context(), addr)
		if err != nil {
			t.Fatal(err)
		}
		leave(wrongPIN)
	}
	if got := len(g.failed.byKey); got > maxTracked || len(g.trying) != 0 {
		t.Errorf("%d addresses remembered, %d trying", got, len(g.trying))
	}
}

func TestRetryAfter(t *testing.T) {
	for d, want := range map[time.Duration]string{-time.Second: "1", 0: "1", time.Millisecond: "1", time.Second: "1", time.Second + 1: "2", time.Minute: "60"} {
		if got := retryAfter(d); got != want {
			t.Errorf("retryAfter(%v) = %s, want %s", d, got, want)
		}
	}
	if got := fmt.Sprint(tooMany("m", time.Second)); got != "too_many_requests: m" {
		t.Errorf("error text %q", got)
	}
}
