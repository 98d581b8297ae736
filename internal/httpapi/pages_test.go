package httpapi

import (
	"io/fs"
	"net/http"
	"regexp"
	"strings"
	"testing"

	"pindesk/internal/apikey"
	"pindesk/internal/brand"
	"pindesk/internal/fault"
	"pindesk/web"
)

const browserAccepts = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"

// strict finds what the pages' policy forbids, and what asks another site.
var strict = regexp.MustCompile(`<(style|iframe|object|embed|base)[ >]|<script(?:>| [^>]*>[^<])|<[^>]* (style|on[a-z]+)=|(src|href)="(http:|//|javascript:|data:)`)

// TestErrorPages: a person sees a page in their language that says what to do; a program does not.
func TestErrorPages(t *testing.T) {
	d := open(t, func(c *Config) {
		c.Brand = &brand.Brand{Name: `<b>"Hilfe" & {{.Status}}`, Support: "mailto:help@example.com"}
	})
	for _, tc := range []struct {
		method, path, languages string
		status                  int
		want                    []string
	}{
		{"GET", "/nothing", "", 404, []string{`<html lang="en" dir="ltr">`, "There is nothing here", `href="/"`, "mailto:help@example.com", "&lt;b&gt;&#34;Hilfe&#34; &amp; {{.Status}}"}},
		{"GET", "/nothing", "de-AT,de;q=0.9,en;q=0.8", 404, []string{`<html lang="de" dir="ltr">`, "Hier ist nichts", "Zur Startseite", "Hilfe erhalten"}},
		{"GET", "/nothing", "fr, xx;q=2, en;q=0.1, de;q=0", 404, []string{`lang="en"`}},
		{"GET", "/nothing", strings.Repeat("q,", 5000) + ";;;q=,=", 404, []string{`lang="en"`}},
		{"GET", "/static/viewer/none.js", "de", 404, []string{"Hier ist nichts"}},
		{"GET", "/static/site/error.html", "", 404, []string{"There is nothing here"}},
		{"GET", "/brand/logo", "", 404, []string{"There is nothing here"}},
		{"POST", "/", "de", 405, []string{"Das geht hier nicht"}},
		{"POST", "/view", "", 405, []string{"This cannot be done here"}},
	} {
		w := d.call(tc.method, tc.path, "", "Accept", browserAccepts, "Accept-Language", tc.languages)
		body := w.Body.String()
		if w.Code != tc.status || w.Header().Get("Content-Type") != "text/html; charset=utf-8" {
			t.Errorf("%s %s: status %d %s", tc.method, tc.path, w.Code, w.Header().Get("Content-Type"))
		}
		for _, want := range tc.want {
			if !strings.Contains(body, want) {
				t.Errorf("%s %s (%s) lacks %q:\n%s", tc.method, tc.path, tc.languages, want, body)
			}
		}
		if bad := strict.FindString(body); bad != "" {
			t.Errorf("%s: the page has %s", tc.path, bad)
		}
		if got := strings.Join(w.Header()["Vary"], ","); got != "Accept,Accept-Language" {
			t.Errorf("%s: Vary %q", tc.path, got)
		}
		if csp := w.Header().Get("Content-Security-Policy"); csp != d.pageCSP {
			t.Errorf("%s: CSP %q", tc.path, csp)
		}
	}
	if w := d.call("HEAD", "/nothing", "", "Accept", browserAccepts); w.Code != 404 || w.Body.Len() != 0 {
		t.Errorf("HEAD: %d %q", w.Code, w.Body)
	}
	for _, accept := range []string{"", "*/*", "application/json", "text/html;q=0", "text/html; q=0, */*", "image/avif,image/webp"} {
		if w := d.call("GET", "/nothing", "", "Accept", accept); w.Header().Get("Content-Type") != "text/plain; charset=utf-8" {
			t.Errorf("Accept %q: %s", accept, w.Header().Get("Content-Type"))
		}
	}
	// The API answers JSON, whoever asks.
	d.wantFailure(d.call("GET", "/api/v1/nothing", "", "Accept", browserAccepts), 404, fault.NotFound)
}

// TestErrorPagesOfFaults: each code is told in words of its own or in those of "other", with the
// wait and the request where these help.
func TestErrorPagesOfFaults(t *testing.T) {
	d := open(t, nil)
	for code, want := range map[string]string{
		fault.TooMany: "asks you to wait 42 s", fault.Internal: "Something went wrong here", fault.Draining: "being restarted",
		fault.BadRequest: "This did not work", fault.TooLarge: "This did not work", "unheard of": "Something went wrong here",
	} {
		var failure error = fault.New(code, "for programs")
		if code == fault.TooMany {
			failure = tooMany("for programs", 42e9)
		}
		d.api.mux.Get("/broken/"+code[:4], d.serve(func(http.ResponseWriter, *http.Request) error { return failure }))
		w := d.call("GET", "/broken/"+code[:4], "", "Accept", browserAccepts)
		body := w.Body.String()
		if !strings.Contains(body, want) || strings.Contains(body, "for programs") {
			t.Errorf("%s: status %d\n%s", code, w.Code, body)
		}
		if id := w.Header().Get("X-Request-Id"); strings.Contains(body, "request "+id) != (w.Code >= 500 || w.Code == 429) {
			t.Errorf("%s: status %d, and the request's id:\n%s", code, w.Code, body)
		}
	}
}

// TestErrorTexts: every language has all words that the pages of errors show.
func TestErrorTexts(t *testing.T) {
	p, err := newErrorPages(web.Files, brand.Default())
	if err != nil {
		t.Fatal(err)
	}
	if len(p.languages) < 2 {
		t.Errorf("%d languages", len(p.languages))
	}
	for _, l := range p.languages {
		keys := []string{"fault.home", "fault.request", "foot.support", "action.retry"}
		for _, code := range append([]string{other}, told...) {
			keys = append(keys, "fault."+code+".title", "fault."+code+".text")
		}
		for _, key := range keys {
			if l.texts[key] == "" {
				t.Errorf("%s lacks %s", l.tag, key)
			}
		}
		// The lines are read by a pattern: none may be in another form.
		module, err := fs.ReadFile(web.Files, "shared/texts/"+l.tag+".js")
		if err != nil {
			t.Fatal(err)
		}
		if n := len(regexp.MustCompile(`(?m)^  '`).FindAll(module, -1)); n != len(l.texts) {
			t.Errorf("%s.js has %d texts, of which %d can be read: one on a line, as '…': '…',", l.tag, n, len(l.texts))
		}
	}
}

// TestRightToLeft: such a language turns the page around.
func TestRightToLeft(t *testing.T) {
	d := open(t, func(c *Config) {
		files := testWeb()
		files["shared/texts/languages.js"].Data = []byte("export const LANGUAGES = {\n  en: { name: 'English' },\n  ar: { name: 'العربية', dir: 'rtl' },\n};\n")
		files["shared/texts/ar.js"] = files["shared/texts/de.js"]
		files["shared/texts/ar.js"].Data = []byte("export default {\n  'fault.not_found.title': 'لا شيء \\'هنا\\'',\n};\n")
		c.Web = files
	})
	body := d.call("GET", "/nothing", "", "Accept", browserAccepts, "Accept-Language", "ar-EG").Body.String()
	for _, want := range []string{`<html lang="ar" dir="rtl">`, "لا شيء &#39;هنا&#39;", "To the first page"} {
		if !strings.Contains(body, want) {
			t.Errorf("the page lacks %q:\n%s", want, body)
		}
	}
}

// TestBrand: what an operator set is on all pages, however it is written, and nothing else of it.
func TestBrand(t *testing.T) {
	b, err := brand.New(brand.Settings{Name: `<script>alert("1")</script> PinDesk`, Colour: "#0a7d5a", Support: `https://example.com/?a='1'&b=2`, Abuse: "abuse@example.com"})
	if err != nil {
		t.Fatal(err)
	}
	b.Logo = &brand.Logo{Type: "image/png", Body: []byte("\x89PNG logo")}
	d := open(t, func(c *Config) { c.Web, c.Brand = web.Files, b })
	for _, path := range []string{"/", "/new", "/view", "/help", "/resources/latency_example.html"} {
		w := d.call("GET", path, "")
		body := w.Body.String()
		if bad := strict.FindString(body); bad != "" {
			t.Errorf("%s has %s", path, bad)
		}
		rest := strings.ReplaceAll(body, "&lt;script&gt;alert(&#34;1&#34;)&lt;/script&gt; PinDesk", "")
		for _, bad := range []string{"PinDesk", "alert(", plainIcon} {
			if strings.Contains(rest, bad) {
				t.Errorf("%s still has %q", path, bad)
			}
		}
		for _, want := range []string{coloursPath, `href="` + logoPath + `" type="image/png"`} {
			if !strings.Contains(body, want) {
				t.Errorf("%s lacks %s", path, want)
			}
		}
		if path == "/" || path == "/new" || path == "/view" || path == "/help" {
			for _, want := range []string{`<meta name="service" data-origins="https://help.example.com" `, ` data-abuse="mailto:abuse@example.com"`, ` data-support="https://example.com/?a=&#39;1&#39;&amp;b=2"`} {
				if !strings.Contains(body, want) {
					t.Errorf("%s lacks %s:\n%s", path, want, body)
				}
			}
		}
	}
	colours, logo := d.call("GET", coloursPath, ""), d.call("GET", logoPath, "")
	if colours.Code != 200 || colours.Header().Get("Content-Type") != "text/css; charset=utf-8" || !strings.Contains(colours.Body.String(), "--accent: #") {
		t.Errorf("%d %v %s", colours.Code, colours.Header(), colours.Body)
	}
	if logo.Code != 200 || logo.Header().Get("Content-Type") != "image/png" || logo.Body.String() != "\x89PNG logo" || logo.Header().Get("X-Content-Type-Options") != "nosniff" {
		t.Errorf("%d %v", logo.Code, logo.Header())
	}
	if csp := logo.Header().Get("Content-Security-Policy"); !strings.Contains(csp, "default-src 'none'") || !strings.Contains(csp, "sandbox") || strings.Contains(csp, "script") {
		t.Errorf("the logo's CSP: %s", csp)
	}
	for path, tag := range map[string]string{coloursPath: colours.Header().Get("ETag"), logoPath: logo.Header().Get("ETag")} {
		if w := d.call("GET", path, "", "If-None-Match", tag); tag == "" || w.Code != 304 {
			t.Errorf("%s again: %d", path, w.Code)
		}
	}
	// Another brand is another page for caches.
	if plain := open(t, func(c *Config) { c.Web = web.Files }); plain.call("GET", "/", "").Header().Get("ETag") == d.call("GET", "/", "").Header().Get("ETag") {
		t.Error("a branded page has the ETag of the plain one")
	}
}

// TestNoBrand: the pages ask for nothing that is not there.
func TestNoBrand(t *testing.T) {
	d := open(t, func(c *Config) { c.Web = web.Files })
	for _, path := range []string{coloursPath, logoPath} {
		if w := d.call("GET", path, ""); w.Code != 404 {
			t.Errorf("%s: %d", path, w.Code)
		}
	}
	for _, path := range []string{"/", "/new", "/view", "/help"} {
		body := d.call("GET", path, "").Body.String()
		if strings.Contains(body, "/brand/") || !strings.Contains(body, `<meta name="application-name" content="PinDesk">`) {
			t.Errorf("%s:\n%s", path, body)
		}
	}
}

// TestService: pages are told what this broker can do.
func TestService(t *testing.T) {
	for _, tc := range []struct {
		edit func(*Config)
		want string
	}{
		{func(*Config) {}, ` data-key="none"`},
		{func(c *Config) { c.Keys = apikey.Service{} }, `data-origins="https://help.example.com">`},
		{func(c *Config) { c.Keys, c.RequireKey = apikey.Service{}, true }, ` data-key="needed">`},
		{func(c *Config) { c.Mail = &fakeMailer{} }, ` data-mail="on" data-key="none">`},
	} {
		d := open(t, func(c *Config) { c.Web, c.Keys, c.Mail = web.Files, nil, nil; tc.edit(c) })
		if body := d.call("GET", "/new", "").Body.String(); !strings.Contains(body, tc.want) {
			t.Errorf("no %s in %s", tc.want, body)
		}
	}
}

// TestPagesAtARegionsHost: a person is sent to where pages work; what measures is not.
func TestPagesAtARegionsHost(t *testing.T) {
	d := open(t, func(c *Config) { c.Region = "eu-west-2" })
	for _, path := range []string{"/view", "/new", "/help", "/view/"} {
		w := d.call("GET", "http://eu-west-2.help.example.com"+path, "", "Accept", browserAccepts)
		if w.Code != 302 || w.Header().Get("Location") != "https://help.example.com"+strings.TrimSuffix(path, "/") {
			t.Errorf("%s: %d to %s", path, w.Code, w.Header().Get("Location"))
		}
		if w := d.call("GET", path, "", "Accept", browserAccepts); w.Code != 200 {
			t.Errorf("%s at home: %d", path, w.Code)
		}
	}
}

func TestNewPage(t *testing.T) {
	w := open(t, func(c *Config) {
		c.Web, c.RegionHosts = web.Files, map[string]string{"x": "https://x.example.net"}
	}).call("GET", "/new", "")
	csp := w.Header().Get("Content-Security-Policy")
	if w.Code != 200 || !strings.Contains(csp, "connect-src 'self' https://*.help.example.com https://x.example.net;") || strings.Contains(csp, "unsafe") || strings.Contains(csp, "ws") {
		t.Errorf("%d %s", w.Code, csp)
	}
}

func FuzzAcceptLanguage(f *testing.F) {
	p, err := newErrorPages(web.Files, brand.Default())
	if err != nil {
		f.Fatal(err)
	}
	f.Add("de-AT,de;q=0.9,en;q=0.8")
	f.Add(";q=NaN,*-")
	f.Fuzz(func(t *testing.T, s string) {
		r := &http.Request{Header: http.Header{"Accept-Language": {s}}}
		if l := p.choose(r); l.texts["fault.home"] == "" {
			t.Errorf("%q: %v", s, l.tag)
		}
	})
}
