package httpapi

import (
	"strings"
	"testing"
	"testing/fstest"
)

func TestStatic(t *testing.T) {
	d := open(t, nil)
	for path, contentType := range map[string]string{
		"shared/wire.js": "text/javascript; charset=utf-8", "viewer/viewer.css": "text/css; charset=utf-8",
		"shared/icon.svg": "image/svg+xml", "shared/icon.png": "image/png", "shared/favicon.ico": "image/x-icon",
		"shared/text.woff2": "font/woff2", "vendor/fzstd/fzstd.js": "text/javascript; charset=utf-8",
	} {
		w := d.call("GET", "/static/"+path, "")
		if want := string(testWeb()[path].Data); w.Code != 200 || w.Body.String() != want || w.Header().Get("Content-Type") != contentType {
			t.Errorf("%s: status %d type %q body %q", path, w.Code, w.Header().Get("Content-Type"), w.Body)
		}
	}
	for _, path := range []string{
		"", "shared", "shared/", "site/index.html", "site/about.html", "viewer/index.html", "viewer/test/page.js", "test/unit.js",
		"viewer/.secret.js", ".git/hook.js", "vendor/fzstd/LICENSE", "vendor/fzstd/fzstd.js.gz", "shared/wire.js/", "/shared/wire.js",
		"shared/../shared/wire.js", "../httpapi.go", "..%2fhttpapi.go", "shared%2fwire.JS", "shared/wire.js%00", "nothing.js",
	} {
		if w := d.call("GET", "/static/"+path, ""); w.Code != 404 || w.Body.String() != "There is no such file.\n" {
			t.Errorf("%s: status %d body %q", path, w.Code, w.Body)
		}
	}
}

func TestETags(t *testing.T) {
	d := open(t, nil)
	seen := map[string]string{}
	for _, path := range []string{"/", "/view", "/static/shared/wire.js", "/static/viewer/viewer.css", "/openapi.yaml"} {
		first := d.call("GET", path, "")
		tag := first.Header().Get("ETag")
		if len(tag) != 24 || tag[0] != '"' || seen[tag] != "" {
			t.Errorf("%s: ETag %s, also of %q", path, tag, seen[tag])
		}
		seen[tag] = path
		for _, head := range []string{tag, `W/` + tag, `"x", ` + tag, "*"} {
			w := d.call("GET", path, "", "If-None-Match", head)
			if w.Code != 304 || w.Body.Len() != 0 || w.Header().Get("ETag") != tag || w.Header().Get("Cache-Control") != "no-cache" {
				t.Errorf("%s If-None-Match %s: status %d headers %v body %q", path, head, w.Code, w.Header(), w.Body)
			}
		}
		if w := d.call("GET", path, "", "If-None-Match", `"other"`); w.Code != 200 || w.Body.String() != first.Body.String() {
			t.Errorf("%s with another ETag: status %d", path, w.Code)
		}
	}
	// The tag is the content's: the same elsewhere, another for other content.
	if got := open(t, nil).call("GET", "/", "").Header().Get("ETag"); seen[got] != "/" {
		t.Errorf("another broker tags the same page %s", got)
	}
	changed := open(t, func(c *Config) {
		web := testWeb()
		web["site/index.html"] = &fstest.MapFile{Data: []byte("<!doctype html><title>new</title>")}
		c.Web = web
	})
	if got := changed.call("GET", "/", "").Header().Get("ETag"); seen[got] != "" {
		t.Errorf("a changed page kept its tag %s", got)
	}
}

func TestRange(t *testing.T) {
	w := open(t, nil).call("GET", "/static/shared/wire.js", "", "Range", "bytes=0-5")
	if w.Code != 206 || w.Body.String() != "export" {
		t.Errorf("status %d body %q", w.Code, w.Body)
	}
	for _, path := range []string{"/", "/docs", "/openapi.yaml", "/resources/latency_test.js"} {
		for head, status := range map[string]int{"bytes=0-5": 206, "bytes=999999-": 416} {
			w := open(t, nil).call("GET", path, "", "Range", head, "Accept-Encoding", "br")
			if w.Code != status || w.Header().Get("Content-Encoding") != "" {
				t.Errorf("%s of %s: status %d %v", head, path, w.Code, w.Header())
			}
		}
		w := open(t, nil).call("GET", path, "", "If-Match", `"other"`, "Accept-Encoding", "br")
		if w.Code != 412 || w.Body.Len() != 0 || w.Header().Get("Content-Length") != "" {
			t.Errorf("%s, if it were another: status %d %v", path, w.Code, w.Header())
		}
	}
}

func TestNewRefusesMistakes(t *testing.T) {
	for _, tc := range []struct {
		want    string // in what the panic says
		breakIt func(*Config)
	}{
		{"Sessions", func(c *Config) { c.Sessions = nil }},
		{"Relay", func(c *Config) { c.Relay = nil }},
		{"Web", func(c *Config) { c.Web = nil }},
		{"PublicURL", func(c *Config) { c.PublicURL = nil }},
		{"PublicURL", func(c *Config) { c.PublicURL = mustParse(t, "https://help.example.com/desk") }},
		{"PublicURL", func(c *Config) { c.PublicURL = mustParse(t, "ftp://help.example.com") }},
		{sitePage, func(c *Config) { c.Web = fstest.MapFS{viewerPage: {}} }},
		{newPage, func(c *Config) { c.Web = fstest.MapFS{sitePage: {}} }},
		{errorTemplate, func(c *Config) { w := testWeb(); delete(w, errorTemplate); c.Web = w }},
		{"de.js", func(c *Config) { w := testWeb(); delete(w, "shared/texts/de.js"); c.Web = w }},
	} {
		func() {
			defer func() {
				got, _ := recover().(string)
				if !strings.HasPrefix(got, "httpapi: Config") || !strings.Contains(got, tc.want) {
					t.Errorf("panicked with %q, want something about %s", got, tc.want)
				}
			}()
			open(t, tc.breakIt)
		}()
	}
}
