// Package httpapi is the broker's HTTP face: the API below /api/v1, the pages, and the
// probes. It is an adapter: rules of a session are in package session, sockets are handed
// to Config.Relay, and only the broker's wiring imports httpapi. openapi.yaml, which is
// served too, describes every route; a test holds the two together.
//
// # Answers
//
// Handlers return an error. A fault.Error is shown to the caller with the status of its
// code (see errors.go); everything else is "internal", and its details go to the log only.
// The bytes of the cloned API's answers are those of its reference: compact JSON without a
// final newline, but PUT hook, which answers JSON indented by 4 spaces. compress.go says what is compressed.
//
// # Methods
//
// HEAD is GET without the body where GET only reads. It is refused (405) for session_pin,
// since GET there makes a session and HEAD must make nothing, and for the relay. OPTIONS
// answers 204 and Allow, and a CORS preflight for the reference's own calls.
//
// # Secrets
//
// PINs come in queries and bodies. So the log has the route's pattern and never the path,
// the query, a body, or a method that we do not know. See log.go.
package httpapi

import (
	"context"
	"io/fs"
	"log/slog"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/go-chi/chi/v5"
	"github.com/go-chi/chi/v5/middleware"

	"pindesk/internal/brand"
	"pindesk/internal/fault"
	"pindesk/internal/handout"
	"pindesk/internal/origin"
	"pindesk/internal/programs"
	"pindesk/internal/puzzle"
	"pindesk/internal/session"
)

// Settings of the http.Server that fit this handler. No answer takes longer to write
// than WriteTimeout; a hijacked relay socket sets deadlines of its own. ReadTimeout bounds
// how long a caller may take for a body of MaxBody bytes.
const (
	ReadHeaderTimeout = 5 * time.Second
	ReadTimeout       = 15 * time.Second
	WriteTimeout      = 30 * time.Second
	IdleTimeout       = 2 * time.Minute
	MaxHeaderBytes    = 16 << 10
)

// DefaultCreatesPerMinute is what Config.CreatesPerMinute means when it is 0. It lets a
// help desk behind one address work and stops a script from filling the database.
const DefaultCreatesPerMinute = 60

// EndedByAPI is the reason that Config.OnEnd gets for a session ended by DELETE.
const EndedByAPI = "deleted"

// Config is what the API needs. All of it is read once by New and must not change later.
type Config struct {
	// Sessions does the work. Required. Lookup must fill Session.PIN.
	Sessions session.API
	// PublicURL is the origin of our pages as people reach it. Required; origin.New must accept it.
	PublicURL *url.URL
	// Origins are the pages that may call join and session: the same value that the relay's
	// handler uses. The zero value stands for PublicURL's own origin.
	Origins origin.Origins
	// Region is where sessions are made when the caller names no region.
	Region string
	// RegionHosts are the origins, such as "https://eu.example.com", at which regions are measured
	// when they are not "{region}." and PublicURL's host. Each must be what origin.Origins.List returns.
	RegionHosts map[string]string
	// Relay answers GET /api/v1/relay with a WebSocket. It checks Origin and ticket itself. Required.
	Relay http.Handler
	// Web has the folders site, viewer, shared, vendor; files are read into memory by New. Required.
	Web fs.FS
	// Brand is what the pages look like. nil: brand.Default().
	Brand *brand.Brand
	// Log gets one line a request and the details of internal errors. Default slog.Default().
	Log *slog.Logger
	// Ready says why this node should get no new work, or nil. It is given 2 s. nil: always ready.
	Ready func(context.Context) error
	// TrustedProxies are the reverse proxies whose X-Forwarded-For is believed. Nobody else's is.
	TrustedProxies []netip.Prefix
	// CreatesPerMinute bounds the sessions that one address (IPv6: one /64) or one API key without
	// a quota of its own may make; 0 means DefaultCreatesPerMinute, less means no bound. So many
	// may be made at once, too.
	CreatesPerMinute int
	// Keys finds API keys. nil: there are none.
	Keys Keys
	// RequireKey refuses the calls that cost something to whoever has no API key: see access.
	RequireKey bool
	// HSTSSubdomains and HSTSPreload add to Strict-Transport-Security, which is sent over TLS only,
	// what the reference has there: includeSubDomains, and consent to browsers' built-in lists.
	// Both bind other hosts of the operator's domain, and for long.
	HSTSSubdomains, HSTSPreload bool
	// PuzzleKey is the same at all nodes that share their callers. nil: random.
	PuzzleKey []byte
	// Now is the clock of the sessions' times. nil: time.Now.
	Now func() time.Time
	// Records has the logs and deliveries. Required by the calls that show them.
	Records Records
	// HookSecret is what a session's deliveries are signed with. Required with Records.
	HookSecret func(sessionID string) string
	// Mail takes wishes for mails. nil: they are refused.
	Mail Mailer
	// Chats has what was said. Required by the call that shows it.
	Chats Chats
	// Programs are the guest's program for each system. nil: there are none.
	Programs *programs.Folder
	// OnEnd is called once after a DELETE ended a session, before it is answered. nil: not called.
	OnEnd func(sessionID, reason string)
}

// api is everything that handlers share. Its fields do not change after New; the limits lock
// themselves.
type api struct {
	Config
	base    string // PublicURL's origin, without a trailing slash
	https   bool   // people reach base by https
	pageCSP string
	hsts    string
	files   map[string]*asset // by the path below /static/
	release release
	workers map[string]bool // those of files that are workers
	errors  *errorPages
	regional
	regionNames, regionHosts, programList public

	place   handout.Place // of this broker, as the names of programs have it
	gate    *pinGate
	puzzles *puzzle.Issuer
	quotas  map[call]*quota
	mux     *chi.Mux
}

// New makes the handler. It starts no goroutine. It panics when Config lacks something
// required or Web lacks a page: both are mistakes in the program, not of an operator.
func New(c Config) http.Handler { return newAPI(c).mux }

func newAPI(c Config) *api {
	if c.Sessions == nil || c.Relay == nil || c.Web == nil {
		panic("httpapi: Config needs Sessions, Relay and Web")
	}
	public, err := origin.New(c.PublicURL)
	if err != nil {
		panic("httpapi: Config.PublicURL: " + err.Error())
	}
	if len(c.Origins.List()) == 0 {
		c.Origins = public
	}
	if c.Log == nil {
		c.Log = slog.Default()
	}
	if c.CreatesPerMinute == 0 {
		c.CreatesPerMinute = DefaultCreatesPerMinute
	}
	if c.Brand == nil {
		c.Brand = brand.Default()
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	a := &api{
		Config:  c,
		base:    public.List()[0],
		pageCSP: pageCSP(c.Origins),
		gate:    newPINGate(),
		puzzles: puzzle.NewIssuer(c.PuzzleKey),
		quotas:  quotas(max(0, c.CreatesPerMinute)),
		mux:     chi.NewRouter(),
	}
	if at, err := handout.Address(a.base); err == nil && a.Programs != nil { // a place that no name can have is left out
		a.place = a.Programs.Brokers().Short(at)
	}
	a.regional = newRegional(public.List()[0], c.Region, c.RegionHosts)
	a.hsts = hsts(c.HSTSSubdomains, c.HSTSPreload)
	a.https = strings.HasPrefix(a.base, "https://")
	if a.files, err = readAssets(c.Web, a.branded); err != nil {
		panic("httpapi: Config.Web: " + err.Error())
	}
	a.workers = workersOf(a.files)
	if a.release, err = newRelease(a.files); err != nil {
		panic("httpapi: Config.Web: " + err.Error())
	}
	if a.errors, err = newErrorPages(c.Web, a.Brand); err != nil {
		panic("httpapi: Config.Web: " + err.Error())
	}
	a.routes()
	return a
}

// calls are the handlers of one path by method.
type calls map[string]handler

// get serves a path that is only read.
func get(h handler) calls { return calls{http.MethodGet: h, http.MethodHead: h} }

func (a *api) routes() {
	// Without a trusted proxy the connection's own address counts. Behind one, an answer
	// that X-Forwarded-For does not give (the proxy itself asks, or the chain is garbage)
	// leaves the proxy's address, so that such requests share one limit.
	a.mux.Use(middleware.ClientIPFromRemoteAddr)
	if len(a.TrustedProxies) > 0 {
		var prefixes []string
		for _, p := range a.TrustedProxies {
			prefixes = append(prefixes, p.String())
		}
		a.mux.Use(middleware.ClientIPFromXFF(prefixes...))
	}
	a.mux.Use(a.logged, a.recovered, a.secured, acting)
	a.mux.NotFound(a.serve(a.notFound))
	a.mux.MethodNotAllowed(a.serve(a.badMethod))

	// The reference's own calls: any page of the web may make them.
	a.mount("/api/v1/regions", anyOrigin, get(a.regions))
	a.mount("/api/v1/session_pin", anyOrigin, calls{http.MethodGet: a.createSession})
	a.mount("/api/v1/session_url", anyOrigin, get(a.sessionURL))
	a.mount("/api/v1/hook", anyOrigin, calls{http.MethodPut: a.setHook})
	a.mount("/api/v1/email/{address}", anyOrigin, calls{http.MethodPost: a.email})
	a.mount("/api/v1/exe", anyOrigin, get(a.exe))
	a.mount("/api/v1/chat_log", anyOrigin, get(a.chatLog))

	// Ours: our own pages, and programs.
	a.mount("/api/v1/session", a.ownOrigin, calls{
		http.MethodGet: a.state, http.MethodHead: a.state, http.MethodDelete: a.endSession,
	})
	a.mount("/api/v1/join", a.ownOrigin, calls{http.MethodPost: a.join})
	a.mount("/api/v1/audit", a.ownOrigin, get(a.audit))
	a.mount("/api/v1/guest_log", a.ownOrigin, get(a.guestLog))
	a.mount("/api/v1/deliveries", a.ownOrigin, get(a.deliveries))
	a.mount("/api/v1/deliveries/{id}/replay", a.ownOrigin, calls{http.MethodPost: a.replay})
	a.mount("/api/v1/relay", nil, calls{http.MethodGet: a.relay})

	a.mount("/healthz", nil, get(a.healthy))
	a.mount("/readyz", nil, get(a.ready))
	a.mount("/openapi.yaml", nil, get(serveAsset(openAPI())))
	a.mount("/docs", nil, get(serveAsset(newAsset("text/html; charset=utf-8", a.branded(docsText)))))
	a.mount("/", anyOrigin, get(a.home))
	a.mount("/resources/latency_test.js", anyOrigin, get(serveAsset(a.files[latencyScript])))
	a.mount("/resources/latency_test.mjs", anyOrigin, get(serveAsset(a.files[latencyModule])))
	a.mount("/resources/latency_hosts.json", anyOrigin, get(a.latencyHosts))
	a.mount("/resources/programs.json", anyOrigin, get(a.listPrograms))
	a.mount("/resources/latency_example.html", nil, get(a.latencyExample))
	a.mount("/new", nil, get(a.newSession))
	a.mount("/view", nil, get(a.page("/view", viewerPage)))
	a.mount("/help", nil, get(a.page("/help", guestPage)))
	a.brandRoutes()
	a.mount("/static/*", nil, get(a.static))
}

// mount serves path, with and without a trailing slash, behind policy (nil: none).
func (a *api) mount(path string, policy func(handler) handler, methods calls) {
	paths := []string{path}
	if !strings.HasSuffix(path, "/") && !strings.HasSuffix(path, "*") {
		paths = append(paths, path+"/")
	}
	if policy == nil {
		policy = func(h handler) handler { return h }
	}
	for _, p := range paths {
		for method, h := range methods {
			a.mux.Method(method, p, a.serve(policy(h)))
		}
		a.mux.Options(p, a.serve(policy(a.options)))
	}
}

// methods are those that any route may have, in the order of an Allow header.
var methods = []string{
	http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete, http.MethodOptions,
}

// allowed says which methods r's path has, and its route's pattern ("" for no route).
func (a *api) allowed(r *http.Request) (allow []string, pattern string) {
	path := r.URL.RawPath // as chi looks it up
	if path == "" {
		path = r.URL.Path
	}
	for _, m := range methods {
		if found := a.mux.Find(chi.NewRouteContext(), m, path); found != "" {
			allow, pattern = append(allow, m), found
		}
	}
	return allow, pattern
}

// options answers what the path allows; a CORS preflight has more headers from anyOrigin.
func (a *api) options(w http.ResponseWriter, r *http.Request) error {
	allow, _ := a.allowed(r)
	w.Header().Set("Allow", strings.Join(allow, ", "))
	if w.Header().Get("Access-Control-Allow-Origin") != "" {
		calls := slices.DeleteFunc(allow, func(m string) bool { return m == http.MethodOptions })
		w.Header().Set("Access-Control-Allow-Methods", strings.Join(calls, ", "))
		w.Header().Set("Access-Control-Allow-Headers", allowHeaders)
		w.Header().Set("Access-Control-Max-Age", "86400")
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}

func (a *api) notFound(http.ResponseWriter, *http.Request) error {
	return fault.New(fault.NotFound, "There is nothing at this address. /docs lists what there is.")
}

func (a *api) badMethod(w http.ResponseWriter, r *http.Request) error {
	allow, pattern := a.allowed(r)
	if len(allow) == 0 { // chi asks here for a method that it does not know, whatever the path
		return a.notFound(w, r)
	}
	traceOf(r).route = pattern
	w.Header().Set("Allow", strings.Join(allow, ", "))
	return fault.New(fault.BadMethod, "Use one of the methods in the header Allow.")
}
