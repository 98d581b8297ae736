package httpapi

import (
	"crypto/tls"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"pindesk/internal/fault"
	"pindesk/internal/origin"
)

// referenceHeaders are those that the reference shows with session_pin, without what its
// web server and the connection add.
var referenceHeaders = map[string]string{
	"Content-Security-Policy":     "default-src 'none'; frame-ancestors 'self'; base-uri 'self'; form-action 'self'; child-src 'self'; connect-src 'self'; font-src 'self'; frame-src 'self'; img-src 'self'; manifest-src 'self'; media-src 'self'; object-src 'self'; prefetch-src 'self'; script-src 'self'; script-src-elem 'self'; script-src-attr 'self'; style-src 'self'; style-src-elem 'self'; style-src-attr 'self'; worker-src 'self';",
	"Strict-Transport-Security":   "max-age=15768000",
	"X-Frame-Options":             "SAMEORIGIN",
	"X-Content-Type-Options":      "nosniff",
	"Referrer-Policy":             "same-origin",
	"Permissions-Policy":          "geolocation=(self), camera=(self), fullscreen=(self), microphone=()",
	"Cache-Control":               "no-cache, no-store, must-revalidate",
	"Expires":                     "0",
	"Access-Control-Allow-Origin": "*",
	"Content-Type":                "application/json; charset=utf-8",
}

// wantHeaders checks that h is want and nothing more, but for the request's id.
func wantHeaders(t *testing.T, what string, h http.Header, want map[string]string) {
	t.Helper()
	got := maps.Clone(h)
	if id := got.Get("X-Request-Id"); len(id) != 16 {
		t.Errorf("%s: X-Request-Id %q", what, id)
	}
	got.Del("X-Request-Id")
	for name, value := range want {
		if values := got[name]; len(values) != 1 || values[0] != value {
			t.Errorf("%s: %s: %q, want %q", what, name, values, value)
		}
		got.Del(name)
	}
	if len(got) > 0 {
		t.Errorf("%s: headers that should not be there: %v", what, got)
	}
}

func with(m map[string]string, kv ...string) map[string]string {
	m = maps.Clone(m)
	for i := 0; i < len(kv); i += 2 {
		if m[kv[i]] = kv[i+1]; kv[i+1] == "" {
			delete(m, kv[i])
		}
	}
	return m
}

func TestAPIHeaders(t *testing.T) {
	own := with(referenceHeaders, "Access-Control-Allow-Origin", "")
	for _, tc := range []struct {
		method, target, body string
		want                 map[string]string
	}{
		{"GET", "/api/v1/regions", "", with(with(referenceHeaders, "Content-Length", "25"), "Content-Security-Policy",
			strings.Replace(referenceHeaders["Content-Security-Policy"], "connect-src 'self'", "connect-src *.help.example.com", 1))},
		{"GET", "/api/v1/session_pin", "", with(referenceHeaders, "Content-Length", "44", "Session-Token", testToken, "Access-Control-Expose-Headers", "Session-Token")},
		{"GET", "/api/v1/session_url" + pinQuery, "", with(referenceHeaders, "Content-Length", "134")},
		{"PUT", "/api/v1/hook/", hookBody(testPIN), with(referenceHeaders, "Content-Length", "23")},
		{"PUT", "/api/v1/hook/", "{}", with(referenceHeaders, "Content-Length", "109")},
		{"GET", "/api/v1/session_url?session_pin=x", "", with(referenceHeaders, "Content-Length", "149")},
		{"DELETE", "/api/v1/session" + pinQuery, "", with(own, "Content-Length", "16")},
		{"POST", "/api/v1/join", joinBody(testPIN, ""), with(own, "Content-Length", "90")},
		{"POST", "/api/v1/join", "", with(own, "Content-Length", "88")},
		{"GET", "/api/v1/nothing", "", with(own, "Content-Length", "119")},
		{"POST", "/api/v1/regions", "", with(own, "Content-Length", "103", "Allow", "GET, HEAD, OPTIONS")},
		{"OPTIONS", "/api/v1/join", "", with(own, "Allow", "POST, OPTIONS", "Content-Type", "")},
		{"OPTIONS", "/api/v1/session", "", with(own, "Allow", "GET, HEAD, DELETE, OPTIONS", "Content-Type", "")},
		{"OPTIONS", "/api/v1/hook/", "", with(referenceHeaders, "Allow", "PUT, OPTIONS", "Content-Type", "",
			"Access-Control-Allow-Methods", "PUT", "Access-Control-Allow-Headers", allowHeaders, "Access-Control-Max-Age", "86400")},
		{"OPTIONS", "/api/v1/session_pin", "", with(referenceHeaders, "Allow", "GET, OPTIONS", "Content-Type", "",
			"Access-Control-Allow-Methods", "GET", "Access-Control-Allow-Headers", allowHeaders, "Access-Control-Max-Age", "86400")},
	} {
		w := open(t, nil).call(tc.method, tc.target, tc.body)
		if tc.want["Content-Length"] != "" {
			tc.want["Content-Length"] = fmt.Sprint(w.Body.Len())
		}
		wantHeaders(t, tc.method+" "+tc.target, w.Header(), tc.want)
	}
}

func TestHSTS(t *testing.T) {
	for _, tc := range []struct {
		public string
		tls    bool
		want   string
	}{
		{"http://127.0.0.1:8080", false, ""},
		{"http://127.0.0.1:8080", true, "max-age=15768000"},
		{"https://help.example.com", false, "max-age=15768000"},
		{"https://help.example.com", true, "max-age=15768000"},
	} {
		d := open(t, func(c *Config) { c.PublicURL = mustParse(t, tc.public) })
		for _, path := range []string{"/", "/api/v1/regions"} {
			r := httptest.NewRequest("GET", path, nil)
			if tc.tls {
				r.TLS = &tls.ConnectionState{}
			}
			w := httptest.NewRecorder()
			d.mux.ServeHTTP(w, r)
			if got := w.Header().Get("Strict-Transport-Security"); got != tc.want {
				t.Errorf("%s, TLS %t, %s: %q, want %q", tc.public, tc.tls, path, got, tc.want)
			}
		}
	}
}

func mustParse(t testing.TB, s string) *url.URL {
	t.Helper()
	u, err := url.Parse(s)
	if err != nil {
		t.Fatal(err)
	}
	return u
}

func TestPageHeaders(t *testing.T) {
	want := map[string]string{
		"Content-Security-Policy":      "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob: data:; font-src 'self'; connect-src 'self' wss://help.example.com; worker-src 'self'; manifest-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
		"Strict-Transport-Security":    "max-age=15768000",
		"X-Content-Type-Options":       "nosniff",
		"Referrer-Policy":              "no-referrer",
		"Cross-Origin-Opener-Policy":   "same-origin",
		"Cross-Origin-Embedder-Policy": "require-corp",
		"Permissions-Policy":           "fullscreen=(self), keyboard-map=(self), clipboard-read=(self), clipboard-write=(self), camera=(), geolocation=(), microphone=()",
		"Cache-Control":                "no-cache",
		"Accept-Ranges":                "bytes",
	}
	d := open(t, nil)
	for path, contentType := range map[string]string{
		"/": "text/html; charset=utf-8", "/view": "text/html; charset=utf-8", "/view/": "text/html; charset=utf-8",
		"/static/shared/wire.js": "text/javascript; charset=utf-8", "/openapi.yaml": "application/yaml; charset=utf-8",
	} {
		w := d.call("GET", path, "")
		own := with(want, "Content-Type", contentType, "Content-Length", fmt.Sprint(w.Body.Len()), "Etag", w.Header().Get("ETag"))
		switch path {
		case "/": // any page may take its time, as at a region's host
			own = with(own, "Access-Control-Allow-Origin", "*", "Timing-Allow-Origin", "*")
		case "/static/shared/wire.js": // is no document
			for _, header := range documentHeaders {
				own = with(own, header, "")
			}
		case "/openapi.yaml": // is long enough to be compressed
			own = with(own, "Vary", "Accept-Encoding")
		}
		wantHeaders(t, path, w.Header(), own)
	}
	probes := with(want, "Content-Type", "text/plain; charset=utf-8", "Content-Length", "3", "Cache-Control", "no-store", "Accept-Ranges", "")
	wantHeaders(t, "/healthz", d.call("GET", "/healthz", "").Header(), probes)
}

// TestPageCSPNamesEveryOrigin: a page opened by another loopback name reaches its relay. ([::1]
// is left to 'self': browsers complain of an IPv6 address in a CSP.)
func TestPageCSPNamesEveryOrigin(t *testing.T) {
	d := open(t, func(c *Config) {
		c.PublicURL = mustParse(t, "http://127.0.0.1:8080")
		var err error
		if c.Origins, err = origin.NewLoopback(c.PublicURL); err != nil {
			t.Fatal(err)
		}
	})
	csp := d.call("GET", "/", "").Header().Get("Content-Security-Policy")
	if want := "connect-src 'self' ws://127.0.0.1:8080 ws://localhost:8080;"; !strings.Contains(csp, want) {
		t.Errorf("%q lacks %q", csp, want)
	}
	body := d.call("GET", "/api/v1/session_url"+pinQuery, "").Body.String()
	if !strings.Contains(body, `"http://127.0.0.1:8080/view#`) {
		t.Errorf("session_url: %s", body)
	}
}

// TestOrigins: foreign pages are refused exactly where the answer or the act is a person's.
func TestOrigins(t *testing.T) {
	for _, tc := range []struct {
		method, target, body string
		own                  bool
	}{
		{"GET", "/api/v1/regions", "", false},
		{"GET", "/api/v1/session_pin", "", false},
		{"GET", "/api/v1/session_url" + pinQuery, "", false},
		{"PUT", "/api/v1/hook/", hookBody(testPIN), false},
		{"GET", "/api/v1/session" + pinQuery, "", true},
		{"HEAD", "/api/v1/session" + pinQuery, "", true},
		{"DELETE", "/api/v1/session" + pinQuery, "", true},
		{"POST", "/api/v1/join", joinBody(testPIN, ""), true},
	} {
		for _, o := range []string{"https://evil.com", "null", "", "https://help.example.com.evil.com", "http://help.example.com", "https://help.example.com:8443"} {
			d := open(t, nil)
			w := d.call(tc.method, tc.target, tc.body, "Origin", o)
			switch {
			case !tc.own:
				if w.Code != 200 {
					t.Errorf("%s %s from %q: status %d", tc.method, tc.target, o, w.Code)
				}
			case w.Code != 403 || d.fake.lookups != 0 || w.Header().Get("Access-Control-Allow-Origin") != "":
				t.Errorf("%s %s from %q: status %d, %d look-ups, headers %v", tc.method, tc.target, o, w.Code, d.fake.lookups, w.Header())
			case tc.method != "HEAD":
				d.wantFailure(w, 403, fault.BadOrigin)
			}
		}
		if w := open(t, nil).call(tc.method, tc.target, tc.body, "Origin", "https://help.example.com"); w.Code != 200 {
			t.Errorf("%s %s from our own page: status %d", tc.method, tc.target, w.Code)
		}
	}
	w := open(t, nil).call("OPTIONS", "/api/v1/join", "", "Origin", "https://evil.com", "Access-Control-Request-Method", "POST")
	for name := range w.Header() {
		if strings.HasPrefix(name, "Access-Control-") {
			t.Errorf("a foreign page's preflight of join got %s", name)
		}
	}
	if w.Code != 403 {
		t.Errorf("a foreign page's preflight of join: status %d", w.Code)
	}
}
