package httpapi

import (
	"net/http/httptest"
	"strings"
	"testing"
)

// TestRegionHosts: where regions are measured, by what the operator has said.
func TestRegionHosts(t *testing.T) {
	for _, tc := range []struct {
		public     string
		configured map[string]string
		regions    []string
		want       string
	}{
		{"https://help.example.com", nil, []string{"eu-west-2", "us-east-1"}, `{"eu-west-2":"https://eu-west-2.help.example.com","us-east-1":"https://us-east-1.help.example.com"}`},
		{"https://www.example.com:8443", nil, []string{"eu-west-2", "US"}, `{"US":"https://us.example.com:8443","eu-west-2":"https://eu-west-2.example.com:8443"}`},
		{"https://help.example.com", map[string]string{"us-east-1": "https://use.example.net"}, []string{"eu-west-2", "us-east-1"}, `{"eu-west-2":"https://eu-west-2.help.example.com","us-east-1":"https://use.example.net"}`},
		{"https://help.example.com", nil, []string{"eu-west-2"}, `{"eu-west-2":"https://help.example.com"}`},
		{"http://127.0.0.1:8080", nil, []string{"a", "b"}, `{"a":"http://127.0.0.1:8080","b":"http://127.0.0.1:8080"}`},
		{"http://localhost:8080", nil, []string{"a", "b"}, `{"a":"http://localhost:8080","b":"http://localhost:8080"}`},
		{"https://help.example.com", nil, []string{"no name", "b"}, `{"b":"https://b.help.example.com","no name":"https://help.example.com"}`},
	} {
		d := open(t, func(c *Config) { c.PublicURL, c.RegionHosts = mustParse(t, tc.public), tc.configured })
		d.fake.regions = tc.regions
		w := d.call("GET", "/resources/latency_hosts.json", "")
		if w.Body.String() != tc.want || w.Header().Get("Access-Control-Allow-Origin") != "*" {
			t.Errorf("%s %v: %s, want %s", tc.public, tc.regions, w.Body, tc.want)
		}
	}
}

// TestRegionHostAnswers: a few bytes for whoever measures, the way home for a person, and the home
// page at every other name.
func TestRegionHostAnswers(t *testing.T) {
	d := open(t, func(c *Config) { c.RegionHosts = map[string]string{"eu-west-2": "https://eu.example.net:8443"} })
	at := func(host, mode string) *httptest.ResponseRecorder {
		r := d.request("GET", "/", "", "Origin", "https://elsewhere.example", "Sec-Fetch-Mode", mode)
		r.Host = host
		w := httptest.NewRecorder()
		d.mux.ServeHTTP(w, r)
		if w.Header().Get("Access-Control-Allow-Origin") != "*" || w.Header().Get("Timing-Allow-Origin") != "*" {
			t.Errorf("%s: a page may not take the time: %v", host, w.Header())
		}
		return w
	}
	for _, host := range []string{"eu.example.net", "eu.example.net:8443", "EU.example.net.", "eu-west-2.help.example.com"} {
		if w := at(host, "cors"); w.Code != 200 || w.Body.String() != "eu-west-2\n" || w.Header().Get("Cache-Control") != "no-store" {
			t.Errorf("%s: status %d %q %v", host, w.Code, w.Body, w.Header())
		}
		if w := at(host, "navigate"); w.Code != 302 || w.Header().Get("Location") != "https://help.example.com/" {
			t.Errorf("%s in a browser: status %d to %q", host, w.Code, w.Header().Get("Location"))
		}
	}
	for _, host := range []string{"help.example.com", "us-east-1.help.example.com", "x.example.net", "", "[::1]:8080"} {
		for _, mode := range []string{"cors", "navigate"} {
			if w := at(host, mode); w.Code != 200 || !strings.Contains(w.Body.String(), "<title>site") {
				t.Errorf("%s: status %d %q", host, w.Code, w.Body)
			}
		}
	}
}

// TestLatencyFiles: the library is for pages of any site, the example for ours, with all regions in its policy.
func TestLatencyFiles(t *testing.T) {
	d := open(t, func(c *Config) { c.RegionHosts = map[string]string{"us-east-1": "https://use.example.net"} })
	for _, name := range []string{"latency_test.js", "latency_test.mjs"} {
		w := d.call("GET", "/resources/"+name, "", "Origin", "https://elsewhere.example")
		if w.Code != 200 || w.Header().Get("Access-Control-Allow-Origin") != "*" || w.Header().Get("Content-Type") != "text/javascript; charset=utf-8" {
			t.Errorf("%s: status %d %v", name, w.Code, w.Header())
		}
	}
	w := d.call("GET", "/resources/latency_example.html", "")
	want := "connect-src 'self' https://*.help.example.com https://use.example.net;"
	if csp := w.Header().Get("Content-Security-Policy"); w.Code != 200 || !strings.Contains(csp, want) || !strings.Contains(csp, "script-src 'self';") {
		t.Errorf("status %d, %s", w.Code, csp)
	}
	if w := d.call("GET", "/static/resources/latency_example.html", ""); w.Code != 404 {
		t.Errorf("the page has a second address: status %d", w.Code)
	}
}
