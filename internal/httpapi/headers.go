package httpapi

import (
	"net/http"
	"strings"

	"pindesk/internal/fault"
	"pindesk/internal/origin"
)

// apiCSP is the reference's; that of regions has other hosts in connect-src, see regional.
const apiCSP = "default-src 'none'; frame-ancestors 'self'; base-uri 'self'; form-action 'self'; child-src 'self'; " +
	"connect-src 'self'; font-src 'self'; frame-src 'self'; img-src 'self'; manifest-src 'self'; media-src 'self'; " +
	"object-src 'self'; prefetch-src 'self'; script-src 'self'; script-src-elem 'self'; script-src-attr 'self'; " +
	"style-src 'self'; style-src-elem 'self'; style-src-attr 'self'; worker-src 'self';"

// apiHeaders are the reference's on every answer below /api, but for Strict-Transport-Security: see hsts.
var apiHeaders = [][2]string{
	{"Content-Security-Policy", apiCSP},
	{"X-Frame-Options", "SAMEORIGIN"},
	{"X-Content-Type-Options", "nosniff"},
	{"Referrer-Policy", "same-origin"},
	{"Permissions-Policy", "geolocation=(self), camera=(self), fullscreen=(self), microphone=()"},
	{"Cache-Control", "no-cache, no-store, must-revalidate"},
	{"Expires", "0"},
}

// pageHeaders are on everything else: pages, their files, probes. Cache-Control lets a
// browser keep a file but makes it ask each time whether the file is still the same.
var pageHeaders = [][2]string{
	{"X-Content-Type-Options", "nosniff"},
	{"Referrer-Policy", "no-referrer"},
	// Both together give a page shared memory, which the viewer has its pictures in.
	{"Cross-Origin-Opener-Policy", "same-origin"},
	{"Cross-Origin-Embedder-Policy", "require-corp"},
	{"Permissions-Policy", "fullscreen=(self), keyboard-map=(self), clipboard-read=(self), clipboard-write=(self), " +
		"camera=(), geolocation=(), microphone=()"},
	{"Cache-Control", "no-cache"},
}

// hsts is half a year, as the reference has it.
func hsts(subdomains, preload bool) string {
	s := "max-age=15768000"
	if subdomains {
		s += "; includeSubDomains"
	}
	if preload {
		s += "; preload"
	}
	return s
}

// pageCSP is the policy of our pages. The relay's WebSocket is named besides 'self', which
// covers it only in newer browsers; but a CSP cannot name an IPv6 address. font-src is for the .woff2 files that we serve.
func pageCSP(own origin.Origins) string {
	var b strings.Builder
	b.WriteString("default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob: data:; font-src 'self'; connect-src 'self'")
	for _, o := range own.List() {
		if strings.Contains(o, "[") {
			continue
		}
		b.WriteString(" ws" + strings.TrimPrefix(o, "http")) // http: -> ws:, https: -> wss:
	}
	b.WriteString("; worker-src 'self'; manifest-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'")
	return b.String()
}

// isAPI reports whether r is for the API, where every answer is JSON.
func isAPI(r *http.Request) bool {
	return r.URL.Path == "/api" || strings.HasPrefix(r.URL.Path, "/api/")
}

// secured sets the headers that do not depend on the route.
func (a *api) secured(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		if a.https || r.TLS != nil {
			h.Set("Strict-Transport-Security", a.hsts)
		}
		fixed := pageHeaders
		if isAPI(r) {
			fixed = apiHeaders
		} else {
			h.Set("Content-Security-Policy", a.pageCSP)
		}
		for _, kv := range fixed {
			h.Set(kv[0], kv[1])
		}
		next.ServeHTTP(w, r)
	})
}

// anyOrigin lets pages of any site make a call and read its answer, as the reference does.
func anyOrigin(h handler) handler {
	return func(w http.ResponseWriter, r *http.Request) error {
		w.Header().Set("Access-Control-Allow-Origin", "*")
		return h(w, r)
	}
}

// ownOrigin refuses pages of other sites.
func (a *api) ownOrigin(h handler) handler {
	return func(w http.ResponseWriter, r *http.Request) error {
		if !a.Origins.Allowed(r) {
			return fault.New(fault.BadOrigin, "This call is only for this broker's own pages at its public URL, and for programs, which send no Origin.")
		}
		return h(w, r)
	}
}
