package httpapi

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/fstest"
	"time"

	"pindesk/internal/apikey"
	"pindesk/internal/fault"
	"pindesk/internal/session"
	"pindesk/web"
)

const (
	testPIN    = "7W2-97-8570"
	testToken  = "dG9rZW4gdG9rZW4gdG9rZQ"
	pinQuery   = "?session_pin=" + testPIN
	testResume = "resume-secret" // of testPIN
	brokenPIN  = "BAD-00-0000"   // looking it up fails inside the broker
	panicPIN   = "BAD-00-0001"   // looking it up panics
)

// fake is a session.API in memory. One session, testPIN, lives from the start.
type fake struct {
	session.API // whatever the HTTP API must not call panics on the nil interface

	mu      sync.Mutex
	live    map[string]session.State // guarded by mu
	created []string                 // guarded by mu: regions asked for
	hooks   map[session.HookType]string
	joins   []session.JoinRequest
	lookups int           // guarded by mu: calls that took a PIN
	slow    time.Duration // how long a look-up takes
	regions []string
	maker   session.Maker              // guarded by mu: of the last one created
	ended   map[string]session.Session // guarded by mu: kept, by PIN
}

func newFake() *fake {
	made := time.Date(2026, 11, 23, 12, 0, 0, 7e6, time.FixedZone("CET", 3600))
	return &fake{
		regions: []string{"eu-west-2", "us-east-1"},
		hooks:   map[session.HookType]string{},
		live: map[string]session.State{testPIN: {Session: session.Session{
			ID: "session-1", PIN: testPIN, Region: "eu-west-2", CreatedAt: made, ExpiresAt: made.Add(time.Hour),
		}}},
	}
}

func (f *fake) find(pin string) (session.State, error) {
	time.Sleep(f.slow) // instant in all tests but those in a synctest bubble
	f.mu.Lock()
	defer f.mu.Unlock()
	f.lookups++
	if p := strings.ReplaceAll(strings.ToUpper(pin), "-", ""); len(p) == 9 {
		pin = p[:3] + "-" + p[3:5] + "-" + p[5:]
	}
	switch pin {
	case brokenPIN:
		return session.State{}, fmt.Errorf("database: no page for '%s'", pin)
	case panicPIN:
		panic("index out of range at " + pin)
	}
	st, found := f.live[pin]
	if !found {
		return st, fault.New(fault.UnknownSession, "as the service words it for "+pin)
	}
	return st, nil
}

func (f *fake) Regions(context.Context) ([]string, error) { return f.regions, nil }

func (f *fake) Create(_ context.Context, region string, by session.Maker) (session.Created, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if !slices.Contains(f.regions, region) {
		return session.Created{}, fault.New(fault.UnknownRegion, "There is no such region; GET /api/v1/regions lists them.")
	}
	f.created, f.maker = append(f.created, region), by
	return session.Created{Session: session.Session{ID: "session-2", PIN: testPIN, Region: region, Maker: by}, Token: testToken}, nil
}

// Kept knows the living session and those of ended.
func (f *fake) Kept(_ context.Context, pin string) (session.Kept, error) {
	k := session.Kept{TokenHash: session.HashSecret(testToken)}
	f.mu.Lock()
	ended, has := f.ended[pin]
	f.mu.Unlock()
	if has {
		k.Session = ended
		return k, nil
	}
	st, err := f.find(pin)
	k.Session = st.Session
	return k, err
}

func (f *fake) Returning(pin, resume string) bool { return pin == testPIN && resume == testResume }

func (f *fake) Lookup(_ context.Context, pin string) (session.Session, error) {
	st, err := f.find(pin)
	return st.Session, err
}

func (f *fake) State(_ context.Context, pin string) (session.State, error) { return f.find(pin) }

func (f *fake) SetHook(_ context.Context, pin string, t session.HookType, to string) error {
	if _, err := f.find(pin); err != nil {
		return err
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if !strings.HasPrefix(to, "https://") {
		return fault.New(fault.BadHook, "The hook's url must be an absolute https URL.")
	}
	f.hooks[t] = to
	return nil
}

func (f *fake) End(_ context.Context, pin string) (session.Session, error) {
	st, err := f.find(pin)
	f.mu.Lock()
	defer f.mu.Unlock()
	delete(f.live, st.Session.PIN)
	return st.Session, err
}

func (f *fake) Join(_ context.Context, r session.JoinRequest) (session.Joined, error) {
	st, err := f.find(r.PIN)
	f.mu.Lock()
	defer f.mu.Unlock()
	f.joins = append(f.joins, r)
	switch {
	case err != nil:
		return session.Joined{}, err
	case r.Name == "blocked":
		return session.Joined{}, fault.New(fault.Blocked, "The guest has refused you.")
	case r.Name == "draining":
		return session.Joined{}, fault.New(fault.Draining, "This broker is going down. Try again.")
	}
	return session.Joined{Session: st.Session, Ticket: "one-use-ticket", Resumed: r.Resume == testResume}, nil
}

const (
	testKey    = "pdk_aaaaaaaa_aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
	otherKey   = "pdk_bbbbbbbb_bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"
	revokedKey = "pdk_cccccccc_cccccccccccccccccccccccccccccccc"
)

// fakeKeys are the good keys.
type fakeKeys map[string]apikey.Key

func (f fakeKeys) Check(_ context.Context, full string) (apikey.Key, error) {
	k, good := f[full]
	if !good {
		return k, fault.New(fault.BadKey, "This API key is unknown or was revoked.")
	}
	return k, nil
}

// desk is an API on a fake, with its log.
type desk struct {
	*testing.T
	*api
	mux   http.Handler // instead of api's: every answer is compared with openapi.yaml
	fake  *fake
	log   *bytes.Buffer
	ended []string
	from  string // address of the caller
}

func testWeb() fstest.MapFS {
	files := fstest.MapFS{
		"site/index.html":                {Data: []byte("<!doctype html><title>site</title>")},
		"site/new.html":                  {Data: []byte("<!doctype html><title>new</title>")},
		"resources/latency_test.js":      {Data: []byte("// a library\n")},
		"resources/latency_test.mjs":     {Data: []byte("// a module\n")},
		"resources/latency_example.html": {Data: []byte("<!doctype html><title>example</title>")},
		"site/home.js":                   {Data: []byte("export {}\n")},
		"site/about.html":                {Data: []byte("<!doctype html>")},
		"viewer/index.html":              {Data: []byte("<!doctype html><title>viewer</title>")},
		"guest/index.html":               {Data: []byte("<!doctype html><title>guest</title>")},
		"viewer/viewer.css":              {Data: []byte("canvas{}\n")},
		"viewer/test/page.js":            {Data: []byte("test")},
		"viewer/.secret.js":              {Data: []byte("hidden")},
		".git/hook.js":                   {Data: []byte("hidden")},
		"shared/wire.js":                 {Data: []byte("export const v = 1\n")},
		"shared/icon.svg":                {Data: []byte("<svg/>")},
		"shared/icon.png":                {Data: []byte("\x89PNG")},
		"shared/favicon.ico":             {Data: []byte("\x00\x00")},
		"shared/text.woff2":              {Data: []byte("wOF2")},
		"vendor/fzstd/fzstd.js":          {Data: []byte("fzstd")},
		"vendor/fzstd/LICENSE":           {Data: []byte("MIT")},
		"vendor/fzstd/fzstd.js.gz":       {Data: []byte("gz")},
		"test/unit.js":                   {Data: []byte("test")},
	}
	for _, name := range []string{"site/error.html", "shared/texts/languages.js", "shared/texts/en.js", "shared/texts/de.js"} {
		body, err := web.Files.ReadFile(name)
		if err != nil {
			panic(err)
		}
		files[name] = &fstest.MapFile{Data: body}
	}
	return files
}

// open makes a desk at https://help.example.com; change may alter its Config.
func open(t *testing.T, change func(*Config)) *desk {
	t.Helper()
	d := &desk{T: t, fake: newFake(), log: &bytes.Buffer{}, from: "192.0.2.1:1234"}
	c := Config{
		Sessions:  d.fake,
		PublicURL: &url.URL{Scheme: "https", Host: "help.example.com"},
		Region:    "eu-west-2",
		Relay: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(http.StatusUpgradeRequired)
		}),
		Web:   testWeb(),
		Log:   slog.New(slog.NewJSONHandler(d.log, &slog.HandlerOptions{Level: slog.LevelDebug})),
		OnEnd: func(id, reason string) { d.ended = append(d.ended, id+" "+reason) },
	}
	if change != nil {
		change(&c)
	}
	d.api = newAPI(c)
	d.mux = contract{t, d.api}
	return d
}

// call makes a request; head are pairs of header names and values.
func (d *desk) call(method, target, body string, head ...string) *httptest.ResponseRecorder {
	d.Helper()
	w := httptest.NewRecorder()
	d.mux.ServeHTTP(w, d.request(method, target, body, head...))
	return w
}

func (d *desk) request(method, target, body string, head ...string) *http.Request {
	r := httptest.NewRequest(method, target, strings.NewReader(body))
	r.RemoteAddr = d.from
	r.TLS = nil // httptest sets it for an https target
	for i := 0; i < len(head); i += 2 {
		r.Header.Add(head[i], head[i+1])
	}
	return r
}

// wantFailure checks a JSON error: its status, its code, and that it says what to do.
func (d *desk) wantFailure(w *httptest.ResponseRecorder, status int, code string) {
	d.Helper()
	var f struct {
		Success *bool
		Error   string
		Message string
	}
	dec := json.NewDecoder(bytes.NewReader(w.Body.Bytes()))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&f); err != nil {
		d.Fatalf("status %d, body %q: %v", w.Code, w.Body, err)
	}
	if _, err := dec.Token(); !errors.Is(err, io.EOF) {
		d.Errorf("body %q has more than one value", w.Body)
	}
	if w.Code != status || f.Error != code || f.Success == nil || *f.Success || f.Message == "" {
		d.Errorf("status %d body %s; want %d %s and a message", w.Code, w.Body, status, code)
	}
	if got := w.Header().Get("Content-Type"); got != jsonType {
		d.Errorf("Content-Type %q", got)
	}
}

func joinBody(pin, more string) string {
	return `{"session_pin":"` + pin + `","role":"viewer"` + more + `}`
}

func hookBody(pin string) string {
	return `{"type":"viewer_started","url":"https://example.com/x","session_pin":"` + pin + `"}`
}
func escape(s string) string { return url.QueryEscape(s) }

// jsonEscape writes s for use between the quotes of a JSON string.
func jsonEscape(s string) string {
	b, err := json.Marshal(s)
	if err != nil {
		panic(err)
	}
	return string(b[1 : len(b)-1])
}
