package origin

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"
)

func parse(t *testing.T, s string) *url.URL {
	t.Helper()
	u, err := url.Parse(s)
	if err != nil {
		t.Fatal(err)
	}
	return u
}

func TestAllowed(t *testing.T) {
	for _, tc := range []struct {
		name, public string
		loopback     bool
		origin       []string // nil: no header
		want         bool
	}{
		{"same", "https://good.com", false, []string{"https://good.com"}, true},
		{"same, ours with slash", "https://good.com/", false, []string{"https://good.com"}, true},
		{"same, ours in capitals", "HTTPS://GOOD.com", false, []string{"https://good.com"}, true},
		{"same, ours with default port", "https://good.com:443", false, []string{"https://good.com"}, true},
		{"same, http with default port", "http://good.com:80", false, []string{"http://good.com"}, true},
		{"same, other's default port", "https://good.com:80", false, []string{"https://good.com:80"}, true},
		{"same, own port", "https://good.com:8443", false, []string{"https://good.com:8443"}, true},
		{"same, IPv4", "http://192.0.2.7:8080", false, []string{"http://192.0.2.7:8080"}, true},
		{"same, IPv6 written long", "http://[2001:DB8:0:0::7]:8080", false, []string{"http://[2001:db8::7]:8080"}, true},
		{"same, trailing dot in both", "https://good.com.", false, []string{"https://good.com."}, true},
		{"missing", "https://good.com", false, nil, true},

		{"empty", "https://good.com", false, []string{""}, false},
		{"null", "https://good.com", false, []string{"null"}, false},
		{"foreign", "https://good.com", false, []string{"https://evil.com"}, false},
		{"suffix", "https://good.com", false, []string{"https://good.com.evil.com"}, false},
		{"prefix", "https://good.com", false, []string{"https://evilgood.com"}, false},
		{"subdomain", "https://good.com", false, []string{"https://www.good.com"}, false},
		{"parent", "https://www.good.com", false, []string{"https://good.com"}, false},
		{"other port", "https://good.com", false, []string{"https://good.com:8443"}, false},
		{"no port", "https://good.com:8443", false, []string{"https://good.com"}, false},
		{"default port written", "https://good.com", false, []string{"https://good.com:443"}, false},
		{"other scheme", "https://good.com", false, []string{"http://good.com"}, false},
		{"websocket scheme", "https://good.com", false, []string{"wss://good.com"}, false},
		{"case", "https://good.com", false, []string{"https://Good.com"}, false},
		{"scheme in capitals", "https://good.com", false, []string{"HTTPS://good.com"}, false},
		{"trailing dot", "https://good.com", false, []string{"https://good.com."}, false},
		{"userinfo", "https://good.com", false, []string{"https://good.com@evil.com"}, false},
		{"own userinfo", "https://good.com", false, []string{"https://evil@good.com"}, false},
		{"path", "https://good.com", false, []string{"https://good.com/"}, false},
		{"backslash", "https://good.com", false, []string{`https://good.com\.evil.com`}, false},
		{"space", "https://good.com", false, []string{" https://good.com"}, false},
		{"list", "https://good.com", false, []string{"https://good.com https://evil.com"}, false},
		{"two headers", "https://good.com", false, []string{"https://good.com", "https://good.com"}, false},
		{"loopback not asked for", "http://127.0.0.1:8080", false, []string{"http://localhost:8080"}, false},

		{"loopback same", "http://127.0.0.1:8080", true, []string{"http://127.0.0.1:8080"}, true},
		{"loopback name", "http://127.0.0.1:8080", true, []string{"http://localhost:8080"}, true},
		{"loopback IPv6", "http://127.0.0.1:8080", true, []string{"http://[::1]:8080"}, true},
		{"loopback from name", "http://localhost:8080", true, []string{"http://127.0.0.1:8080"}, true},
		{"loopback from IPv6", "http://[0:0::1]:8080", true, []string{"http://localhost:8080"}, true},
		{"loopback port 80", "http://localhost:80", true, []string{"http://127.0.0.1"}, true},
		{"loopback other port", "http://127.0.0.1:8080", true, []string{"http://localhost:8081"}, false},
		{"loopback other scheme", "http://127.0.0.1:8080", true, []string{"https://localhost:8080"}, false},
		{"loopback other address", "http://127.0.0.1:8080", true, []string{"http://127.0.0.2:8080"}, false},
		{"loopback suffix", "http://127.0.0.1:8080", true, []string{"http://localhost:8080.evil.com"}, false},
		{"loopback subdomain", "http://127.0.0.1:8080", true, []string{"http://evil.localhost:8080"}, false},
	} {
		t.Run(tc.name, func(t *testing.T) {
			rule := New
			if tc.loopback {
				rule = NewLoopback
			}
			o, err := rule(parse(t, tc.public))
			if err != nil {
				t.Fatal(err)
			}
			r := httptest.NewRequest("GET", "/", nil)
			for _, v := range tc.origin {
				r.Header.Add("Origin", v)
			}
			if got := o.Allowed(r); got != tc.want {
				t.Errorf("Origin %q at %q: allowed = %t, want %t", tc.origin, tc.public, got, tc.want)
			}
		})
	}
}

func TestZeroAllowsOnlyPrograms(t *testing.T) {
	r := httptest.NewRequest("GET", "/", nil)
	if !(Origins{}).Allowed(r) {
		t.Error("a program was refused")
	}
	for _, v := range []string{"", "null", "https://good.com"} {
		r.Header.Set("Origin", v)
		if (Origins{}).Allowed(r) {
			t.Errorf("the zero value allowed %q", v)
		}
	}
}

func TestRefusedURLs(t *testing.T) {
	for _, s := range []string{
		"", "good.com", "//good.com", "ftp://good.com", "ws://good.com", "https://", "https:///", "https://:8080",
		"https://good.com/app", "https://good.com?x=1", "https://good.com?", "https://good.com#x",
		"https://me@good.com", "https://me:pw@good.com", "https://good.com:0", "https://good.com:65536",
		"https://good..com", "https://.good.com", "https://gööd.com", "https://good com.example", "https://good,com",
		"https://127.1", "https://0x7f.0x1", "https://1", "https://1.2.3.4.5",
		"https://[fe80::1%25eth0]", "https://[::ffff:192.0.2.1]",
		"https://" + strings.Repeat("a", 64) + ".com", "https://" + strings.Repeat("a.", 128) + "com",
	} {
		u, err := url.Parse(s)
		if err != nil {
			continue // never reaches New
		}
		if o, err := New(u); !errors.Is(err, ErrNotOrigin) {
			t.Errorf("New(%q) = %v, %v; want ErrNotOrigin", s, o.List(), err)
		}
	}
	if _, err := New(nil); !errors.Is(err, ErrNotOrigin) {
		t.Errorf("New(nil): %v", err)
	}
	if _, err := NewLoopback(parse(t, "ftp://localhost")); !errors.Is(err, ErrNotOrigin) {
		t.Errorf("NewLoopback of ftp: %v", err)
	}
}

// TestOtherHostsHaveNoOtherNames: localhost is not 127.0.0.2, and not a site of the web.
func TestOtherHostsHaveNoOtherNames(t *testing.T) {
	for _, s := range []string{"http://good.com", "http://127.0.0.2:8080", "http://0.0.0.0:8080", "http://[::]:8080", "http://127.0.0.1.good.com"} {
		if o, err := NewLoopback(parse(t, s)); err != nil || !slices.Equal(o.List(), []string{s}) {
			t.Errorf("NewLoopback(%q) = %q, %v", s, o.List(), err)
		}
	}
}

func TestList(t *testing.T) {
	o, err := NewLoopback(parse(t, "http://[::1]:9000/"))
	if err != nil {
		t.Fatal(err)
	}
	got := o.List()
	if want := []string{"http://[::1]:9000", "http://localhost:9000", "http://127.0.0.1:9000"}; !slices.Equal(got, want) {
		t.Errorf("List() = %q, want %q", got, want)
	}
	got[0] = "https://evil.com"
	if o.List()[0] != "http://[::1]:9000" {
		t.Error("the caller's copy changed the rule")
	}
}

// FuzzNew checks that what New writes is stable: it is an origin, and the same one.
func FuzzNew(f *testing.F) {
	for _, s := range []string{"https://good.com:443/", "http://[::1]:80", "http://127.0.0.1:8080", "https://xn--gd-fkaa.com."} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		u, err := url.Parse(s)
		if err != nil {
			return
		}
		o, err := New(u)
		if err != nil {
			return
		}
		out := o.List()[0]
		again, err := New(parse(t, out))
		if err != nil || again.List()[0] != out {
			t.Fatalf("New(%q) wrote %q, which New reads as %v, %v", s, out, again.List(), err)
		}
		r := &http.Request{Header: http.Header{"Origin": {out}}}
		if !o.Allowed(r) {
			t.Fatalf("%q does not allow itself", out)
		}
	})
}
