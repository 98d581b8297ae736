package httpapi

import (
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"pindesk/internal/fault"
)

// checkHostile checks what holds for the answer to anything: a known status, a whole JSON
// value, no internal error (the fake makes none for these inputs), nothing of the input in
// the error, and no two answers for one code.
func checkHostile(t *testing.T, w *httptest.ResponseRecorder) {
	t.Helper()
	if w.Code == http.StatusOK {
		if !json.Valid(w.Body.Bytes()) {
			t.Fatalf("body %q", w.Body)
		}
		return
	}
	var f struct{ Error, Message string }
	if err := json.Unmarshal(w.Body.Bytes(), &f); err != nil {
		t.Fatalf("status %d body %q: %v", w.Code, w.Body, err)
	}
	if ans, known := answers[f.Error]; !known || ans.status != w.Code || f.Error == fault.Internal || f.Message == "" {
		t.Fatalf("status %d body %s", w.Code, w.Body)
	}
	if f.Error == fault.UnknownSession && f.Message != answers[fault.UnknownSession].message {
		t.Fatalf("another answer for a wrong PIN: %s", w.Body)
	}
}

func fuzzAPI(t testing.TB) *api {
	return newAPI(Config{
		Sessions: newFake(), PublicURL: mustParse(t, "https://help.example.com"), Relay: http.NotFoundHandler(),
		Web: testWeb(), Log: slog.New(slog.NewTextHandler(io.Discard, nil)), CreatesPerMinute: 1 << 30, Region: "eu-west-2",
	})
}

func FuzzBody(f *testing.F) {
	for _, body := range []string{
		hookBody(testPIN), joinBody(testPIN, ""), joinBody(testPIN, `,"name":"x","resume":"y"`), "", "{}", "null", "[]",
		`{"session_pin":1}`, `{"session_pin":"x","role":"viewer"}}`, `{"SESSION_PIN":"x"}`, "{\"name\":\"\xff\"}", `{"a":` + strings.Repeat("[", 100),
	} {
		f.Add(body)
	}
	f.Fuzz(func(t *testing.T, body string) {
		a := fuzzAPI(t)
		for _, call := range [][2]string{{"PUT", "/api/v1/hook/"}, {"POST", "/api/v1/join"}} {
			w := httptest.NewRecorder()
			a.mux.ServeHTTP(w, httptest.NewRequest(call[0], call[1], strings.NewReader(body)))
			checkHostile(t, w)
			if w.Code == 200 && !json.Valid([]byte(body)) {
				t.Fatalf("%s took %q", call[1], body)
			}
		}
	})
}

func FuzzQuery(f *testing.F) {
	for _, query := range []string{"", "session_pin=" + testPIN, "session_pin=%37w2978570", "session_pin=x&session_pin=y", "region=us-east-1", "%", ";", "session_pin=%00", "session_pin", "a=b&&=&session_pin=+"} {
		f.Add(query)
	}
	f.Fuzz(func(t *testing.T, query string) {
		a := fuzzAPI(t)
		for _, call := range [][2]string{
			{"GET", "/api/v1/session_pin"}, {"GET", "/api/v1/session_url"}, {"GET", "/api/v1/session"}, {"DELETE", "/api/v1/session"},
		} {
			r := httptest.NewRequest(call[0], call[1], nil)
			r.URL.RawQuery = query
			w := httptest.NewRecorder()
			a.mux.ServeHTTP(w, r)
			checkHostile(t, w)
		}
	})
}

// FuzzPath checks that a path finds one of our routes or nothing, whatever it is, and that
// below /static/ only what was read at the start is served.
func FuzzPath(f *testing.F) {
	for _, path := range []string{"/", "/view", "/static/shared/wire.js", "/static/../x", "/api/v1/regions/", "//api", "/static/site/index.html"} {
		f.Add(path, path)
	}
	a := fuzzAPI(f)
	var bodies []string
	for name, file := range a.files {
		if name != sitePage && name != viewerPage {
			bodies = append(bodies, string(file.body))
		}
	}
	f.Fuzz(func(t *testing.T, path, raw string) {
		r := httptest.NewRequest("GET", "/", nil)
		r.URL.Path, r.URL.RawPath = path, raw
		w := httptest.NewRecorder()
		a.mux.ServeHTTP(w, r)
		if strings.HasPrefix(path, "/static/") && w.Code == 200 && raw == "" && !slices.Contains(bodies, w.Body.String()) {
			t.Fatalf("%q served %q", path, w.Body)
		}
		if w.Code >= 500 {
			t.Fatalf("%q: status %d", path, w.Code)
		}
	})
}
