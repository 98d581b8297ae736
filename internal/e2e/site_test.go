package e2e

import (
	"fmt"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"regexp"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"

	"pindesk/internal/apikey"
	"pindesk/internal/brand"
	"pindesk/internal/broker"
	"pindesk/internal/presenter"
	"pindesk/internal/smtp"
	"pindesk/internal/smtp/smtptest"
	"pindesk/web"
)

// until waits until a JavaScript expression is true.
func (p *page) until(what, js string) {
	p.t.Helper()
	// While a page loads there are no elements for a moment.
	last := time.Now().Add(waitLimit - time.Second)
	eventually(p.t, what, func() bool {
		ok, _ := peek[bool](p, "(() => { try { return Boolean("+js+") } catch { return false } })()")
		if !ok && time.Now().After(last) {
			last = time.Now().Add(time.Hour)
			p.screenshot("not-yet")
		}
		return ok
	})
}

// size makes the page's window another one. scheme is dark or light.
func (p *page) size(width, height int64, scheme string) {
	p.t.Helper()
	p.do(command(emulation.SetDeviceMetricsOverride, emulation.SetDeviceMetricsOverrideParams{Width: width, Height: height, DeviceScaleFactor: 1, Mobile: width < 500}),
		command(emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: scheme}}}))
}

// sizes keeps screenshots of a page as it looks on a phone, a laptop and a 4K screen.
func (p *page) sizes(name string) {
	p.t.Helper()
	for _, at := range []struct {
		of            string
		width, height int64
	}{{"phone", 360, 740}, {"laptop", 1366, 768}, {"4k", 3840, 2160}} {
		if os.Getenv("PINDESK_SHOTS") == "" && at.of != "phone" {
			continue // only what could be too wide
		}
		for _, scheme := range []string{"light", "dark"} {
			p.size(at.width, at.height, scheme)
			if wide := eval[int](p, "document.documentElement.scrollWidth - document.documentElement.clientWidth"); wide > 0 {
				p.t.Errorf("%s on a %s is %d pixels too wide", name, at.of, wide)
			}
			p.screenshot(name + "-" + at.of + "-" + scheme)
		}
	}
	p.size(1366, 768, "light")
}

// languages makes the browser ask for them.
func (p *page) languages(tags string) {
	p.t.Helper()
	agent := p.text("navigator.userAgent")
	p.do(command(emulation.SetUserAgentOverride, emulation.SetUserAgentOverrideParams{UserAgent: agent, AcceptLanguage: tags}))
}

// TestNewSession goes the technician's whole way: measure, make, invite, wait until the guest is
// there, look, end.
func TestNewSession(t *testing.T) {
	mails := (&smtptest.Catcher{}).Start(t, "plain")
	s := startSite(t, func(c *broker.Config) {
		c.Mail = broker.Mail{SMTP: smtp.Config{URL: "smtp+plain://" + mails.Addr, From: "Help desk <help@example.com>"}}
	})
	v := startChromium(t, 1366, 768)
	v.open(s.url)
	v.do(clicks("#new"))
	v.until("the form is there", "document.querySelector('#make')")
	v.sizes("choose")
	v.do(chromedp.SendKeys("#name", "Ann"), clicks("#make button[type=submit]"))
	v.until("the session is made", "document.querySelector('#pin')")
	pin := v.text("document.querySelector('#pin').textContent")
	if hash := v.text("location.hash"); hash != "#"+pin {
		t.Errorf("the address has %q", hash)
	}
	if focus := v.text("document.activeElement.tagName"); focus != "H1" {
		t.Errorf("after the session was made the focus is on %s", focus)
	}
	v.until("the server was asked", "document.documentElement.dataset.phase === 'waiting' && document.querySelector('#expiry')")
	guest, viewer := v.text("document.querySelector('#guest-link').value"), v.text("document.querySelector('#viewer-link').value")
	if _, a := s.call("GET", "/api/v1/session_url?session_pin="+pin, nil); guest != a["guest_url"] || viewer != a["session_url"] {
		t.Errorf("the links are %s and %s, the API says %v", guest, viewer, a)
	}
	v.copies(guest, viewer, pin)
	v.sizes("waiting")

	v.do(chromedp.SendKeys("#address", "not an address"), clicks("#mail button"))
	v.until("the address is refused", "document.querySelector('#address').getAttribute('aria-invalid') === 'true' && document.querySelector('#mail-error').textContent")
	v.do(chromedp.SetValue("#address", "ann@example.org"), clicks("#mail button"))
	v.until("the mail is on its way", "document.querySelector('#mail [role=status]').textContent.includes('ann@example.org')")
	eventually(t, "the mail has arrived", func() bool { return len(mails.Mails()) == 1 })
	if m := mails.Mails()[0]; !strings.Contains(string(m.Data), "Ann") || m.To[0] != "ann@example.org" {
		t.Errorf("%+v\n%s", m.To, m.Data)
	}

	// A reload shows the same session; what the name is, too.
	v.do(chromedp.Reload())
	v.until("the session is there again", "document.querySelector('#pin')?.textContent === '"+pin+"'")
	desk := newFakeDesktop(320, 200)
	run := s.present(pin, presenter.Config{Screen: desk, Input: desk, Guest: newGuest(), Consent: presenter.ViewOnly})
	v.until("the guest is here", "document.documentElement.dataset.phase === 'here' && document.title.includes('the guest is here')")
	v.sizes("here")
	if primary := v.text("document.querySelector('#open').className + ' ' + document.querySelector('#open').href"); primary != "button primary "+viewer {
		t.Errorf("the way to the viewer: %s", primary)
	}
	watching := s.view(pin, "")
	v.until("the viewer is counted", "document.documentElement.dataset.phase === 'live'")
	watching.close()
	run.stop()
	v.until("the guest has gone", "document.documentElement.dataset.phase === 'waiting'")

	v.do(clicks("#end"))
	v.until("it asks first", "document.querySelector('dialog').open && document.activeElement.closest('dialog')")
	v.screenshot("end")
	v.do(clicks("#end-yes"))
	v.until("the session is over", "document.documentElement.dataset.phase === 'ended'")
	v.sizes("ended")
	if status, _ := s.call("GET", "/api/v1/session?session_pin="+pin, nil); status != 404 {
		t.Errorf("the session is still there: %d", status)
	}
	if log := s.log.String(); strings.Contains(log, pin) {
		t.Error("the PIN is in the broker's log")
	}
}

// copies presses each button that copies, with and without the right to use the clipboard.
func (p *page) copies(guest, viewer, pin string) {
	p.t.Helper()
	eval[bool](p, `navigator.clipboard.writeText = (text) => { globalThis.copied = text; return Promise.resolve(); }, true`)
	for of, want := range map[string]string{"guest-link": guest, "viewer-link": viewer, "pin": pin} {
		button := fmt.Sprintf("document.getElementById(%q).parentElement.querySelector('button.copy')", of)
		eval[bool](p, button+".click(), true")
		p.until(of+" is copied", "globalThis.copied === '"+want+"' && "+button+".textContent === 'Copied'")
	}
	eval[bool](p, `navigator.clipboard.writeText = () => Promise.reject(new Error('no')), true`)
	eval[bool](p, "document.getElementById('pin').parentElement.querySelector('button.copy').click(), true")
	p.until("the PIN is selected", "getSelection().toString() === '"+pin+"'")
}

// TestNewSessionRegions: the nearest is chosen, unless the person chooses another; where the
// session is made is what they chose.
func TestNewSessionRegions(t *testing.T) {
	asked := make(chan string, 10)
	s := startSite(t, nil)
	own := func() string { return s.url }
	near, far := regionAt(t, own, 10*time.Millisecond), regionAt(t, own, 120*time.Millisecond)
	gone := httptest.NewServer(http.NotFoundHandler())
	gone.Close()
	// A broker of one region, in front of which stands one that says that there are more.
	to, _ := url.Parse(s.url)
	proxy := httputil.NewSingleHostReverseProxy(to)
	proxy.ModifyResponse = func(r *http.Response) error {
		r.Header.Del("Content-Security-Policy") // it names other hosts
		return nil
	}
	front := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/resources/latency_hosts.json":
			fmt.Fprintf(w, `{"eu-far-1": %q, "eu-gone-1": %q, "eu-near-1": %q}`, far, gone.URL, near)
			return
		case "/api/v1/session_pin":
			asked <- r.URL.Query().Get("region")
			w.WriteHeader(http.StatusServiceUnavailable)
			fmt.Fprint(w, `{"success":false,"error":"draining","message":""}`)
			return
		}
		proxy.ServeHTTP(w, r)
	}))
	t.Cleanup(front.Close)
	v := startChromium(t, 1366, 768)
	v.open(front.URL + "/new")
	v.until("another address is pointed out", "!document.querySelector('#elsewhere').hidden && document.querySelector('#elsewhere a').href === '"+s.url+"/new'")
	v.until("all are measured", "document.querySelector('#measured')?.textContent.includes('eu-near-1')")
	if got := v.text("document.querySelector('#regions :checked').value"); got != "eu-near-1" {
		t.Errorf("chosen is %s", got)
	}
	v.sizes("regions")
	v.do(clicks("#make button[type=submit]"))
	v.until("it failed", "document.querySelector('#make-error').textContent")
	v.do(clicks(`input[value="eu-far-1"]`), clicks("#measured button"))
	v.until("all are measured again", "document.querySelector('#measured')?.textContent.includes('eu-near-1')")
	v.do(clicks("#make button[type=submit]"))
	for _, want := range []string{"eu-near-1", "eu-far-1"} {
		if got := <-asked; got != want {
			t.Errorf("a session was asked for in %s, want %s", got, want)
		}
	}
}

// TestNewSessionKey: a broker that asks for an API key gets one, in the header only, and it is
// kept only if it was to be.
func TestNewSessionKey(t *testing.T) {
	s := startSite(t, func(c *broker.Config) { c.RequireKey = true })
	key := newKey(t, s, "Help Ltd")
	v := startChromium(t, 1366, 768)
	v.open(s.url + "/new")
	v.until("the key is asked for", "document.querySelector('#key')")
	v.screenshot("key")
	v.do(clicks("#make button[type=submit]"))
	v.until("it is missed", "document.querySelector('#make-error').textContent && document.activeElement.id === 'key'")
	v.do(chromedp.SendKeys("#key", "pdk_wrong"), clicks("#make button[type=submit]"))
	v.until("a wrong one is refused", "document.querySelector('#make-error').textContent.includes('unknown')")
	eval[bool](v, "document.querySelector('#key').select(), true")
	v.do(chromedp.SendKeys("#key", key), clicks("#make button[type=submit]"))
	v.until("the session is made", "document.querySelector('#pin')")
	if kept := v.text("JSON.stringify([{...sessionStorage}, {...localStorage}]) + location.href"); strings.Contains(kept, key) {
		t.Errorf("the key is kept: %s", kept)
	}
	// After a reload the key is gone, and ending the session asks for it.
	v.do(chromedp.Reload())
	v.until("the session is there again", "document.querySelector('#end')")
	v.do(clicks("#end"), clicks("#end-yes"))
	v.until("the key is asked for", "document.querySelector('dialog [name=key]')")
	v.screenshot("key-to-end")
	v.do(chromedp.SendKeys("#end-key", key), clicks("dialog [name=keep]"), clicks("#end-yes"))
	v.until("the session is over", "document.documentElement.dataset.phase === 'ended'")
	if kept := v.text("sessionStorage['pindesk.key']"); kept != key {
		t.Errorf("kept for this tab is %s", kept)
	}
}

// TestGermanAndRightToLeft: the pages speak the browser's language, or the one that was chosen;
// one that is written from right to left turns them around.
func TestGermanAndRightToLeft(t *testing.T) {
	s := startSite(t, func(c *broker.Config) { c.Web = withPseudo(t) })
	pin := s.newPIN()
	v := startChromium(t, 1366, 768)
	v.languages("de-CH,de,en")
	for path, want := range map[string]string{
		"/": "Fernhilfe", "/new": "Neue Sitzung", "/new#" + pin: "Warten auf den Gast", "/view#" + pin: "Noch teilt niemand einen Bildschirm",
		"/nothing": "Hier ist nichts", "/view#x": "Keine gültige PIN",
	} {
		v.open("about:blank")
		v.open(s.url + path)
		v.until(path+" is German", "document.documentElement.lang === 'de' && document.body.textContent.includes('"+want+"')")
		v.screenshot("de" + strings.NewReplacer("/", "-", "#", "-", pin, "pin").Replace(path))
	}
	v.open(s.url)
	v.until("the choice is there", "document.querySelector('#foot select')")
	if got := v.text("document.querySelector('#foot select').value"); got != "de" {
		t.Errorf("chosen is %s", got)
	}
	eval[bool](v, `(() => { const s = document.querySelector('#foot select'); s.value = 'ar'; s.dispatchEvent(new Event('change')); return true; })()`)
	v.until("the page is turned around", "document.documentElement.dir === 'rtl' && document.querySelector('h1')?.textContent")
	pin = s.newPIN() // where no viewer has been
	for _, path := range []string{"/", "/#" + pin, "/new", "/new#" + pin, "/view#" + pin, "/view#x"} {
		v.open("about:blank")
		v.open(s.url + path)
		v.until(path+" is turned around", "document.documentElement.dir === 'rtl' && document.body.textContent.includes('\u200f')")
		v.until(path+" is there", "document.readyState === 'complete' && (document.querySelector('#expiry') || !location.href.includes('/new#'))")
		v.screenshot("rtl" + strings.NewReplacer("/", "-", "#", "-", pin, "pin").Replace(path))
		// What is written from left to right all the same.
		if wrong := v.text(`[...document.querySelectorAll('input.pin, #pin, #guest-link, pre, #stage')].filter((e) => getComputedStyle(e).direction !== 'ltr').map((e) => e.id).join(' ')`); wrong != "" {
			t.Errorf("%s: turned around are %s", path, wrong)
		}
	}
	v.size(360, 740, "dark")
	v.screenshot("rtl-phone")
	v.size(1366, 768, "light")
	// The page of an error follows the browser.
	v.languages("ar")
	v.open(s.url + "/nothing")
	v.until("the error is turned around", "document.documentElement.dir === 'rtl'")
	v.screenshot("rtl-nothing")
}

// look is an operator's brand, with a logo.
func look(t *testing.T, s brand.Settings) *brand.Brand {
	t.Helper()
	b, err := brand.New(s)
	if err != nil {
		t.Fatal(err)
	}
	b.Logo, err = brand.ParseLogo([]byte(`<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 90 30"><style>.a{fill:#c0392b}</style><rect class="a" width="90" height="30" rx="6"/><circle cx="15" cy="15" r="9" fill="#fff"/></svg>`))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// TestBrandedPages: an operator's name, colours and logo.
func TestBrandedPages(t *testing.T) {
	look := look(t, brand.Settings{Name: "Hilfe & Söhne", Colour: "#ffcc00", Support: "help@example.com", Abuse: "https://example.com/abuse"})
	s := startSite(t, func(c *broker.Config) { c.Brand = look })
	pin := s.newPIN()
	v := startChromium(t, 1366, 768)
	for _, path := range []string{"/", "/new#" + pin, "/view#" + pin, "/nothing"} {
		v.open("about:blank")
		v.open(s.url + path)
		v.until(path+" is there", "document.readyState === 'complete' && document.title.includes('Hilfe & Söhne')")
		v.until(path+" has the logo", "[...document.images].some((i) => i.src.endsWith('/brand/logo') && i.complete && i.naturalWidth > 0)")
		for scheme, want := range map[string]string{"light": look.Colours.Light.Colour.String(), "dark": look.Colours.Dark.Colour.String()} {
			v.size(1366, 768, scheme)
			if got := v.text("getComputedStyle(document.documentElement).getPropertyValue('--accent')"); strings.TrimSpace(got) != want {
				t.Errorf("%s, %s: the accent is %s, want %s", path, scheme, got, want)
			}
			v.screenshot("brand-" + strings.NewReplacer("/", "-", "#", "-", pin, "pin").Replace(path) + "-" + scheme)
		}
	}
	v.sizes("error")
	v.open(s.url)
	v.until("the foot is there", "document.querySelector('#foot a[href=\"mailto:help@example.com\"]') && document.querySelector('#foot a[href=\"https://example.com/abuse\"]')")
	v.sizes("home")
	// Without scripts there is still a page that says what is wrong.
	v.do(command(emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: true}))
	v.open(s.url)
	v.screenshot("no-script")
	v.open(s.url + "/nothing")
	v.screenshot("no-script-nothing")
}

// withPseudo are the pages with one more language, which is written from right to left: English
// in other letters.
func withPseudo(t *testing.T) fs.FS {
	t.Helper()
	files := fstest.MapFS{}
	if err := fs.WalkDir(web.Files, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		body, err := web.Files.ReadFile(name)
		files[name] = &fstest.MapFile{Data: body}
		return err
	}); err != nil {
		t.Fatal(err)
	}
	const list = "shared/texts/languages.js"
	files[list].Data = []byte(strings.Replace(string(files[list].Data), "  de: {", "  ar: { name: 'عربية', dir: 'rtl' },\n  de: {", 1))
	const letters = "ابتثجحخدذرزسشصضطظعغفقكلمنه" // one for each of a to z
	arabic := []rune(letters)
	line := regexp.MustCompile(`(?m)^(  '[^']*': ')(.*)(',)$`)
	gap := regexp.MustCompile(`\{\w+\}|[^{]+|\{`)
	files["shared/texts/ar.js"] = &fstest.MapFile{Data: line.ReplaceAllFunc(files["shared/texts/en.js"].Data, func(l []byte) []byte {
		m := line.FindSubmatch(l)
		text := gap.ReplaceAllStringFunc(string(m[2]), func(s string) string {
			if strings.HasPrefix(s, "{") {
				return s
			}
			return strings.Map(func(r rune) rune {
				if low := r | 0x20; low >= 'a' && low <= 'z' {
					return arabic[low-'a']
				}
				return r
			}, s)
		})
		return []byte(string(m[1]) + "\u200f" + text + string(m[3]))
	})}
	return files
}

// newKey makes an API key of an organisation at a running broker.
func newKey(t *testing.T, s *site, organisation string) string {
	t.Helper()
	db, err := broker.OpenStore(t.Context(), s.cfg)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	_, key, err := apikey.Service{Store: db}.Create(t.Context(), organisation, 0)
	if err != nil {
		t.Fatal(err)
	}
	return key
}
