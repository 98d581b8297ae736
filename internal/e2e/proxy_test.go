package e2e

import (
	"crypto/tls"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"pindesk/internal/certs/certtest"
)

// corporateProxy is a proxy of the kind that stands between a company's network and the rest: names resolve only behind it, and
// all lead to one server.
type corporateProxy struct {
	*httptest.Server
	user, password string // who may use it; "" for all

	mu  sync.Mutex
	log []string // what it was asked for
}

func startCorporateProxy(t *testing.T, server, user, password string) *corporateProxy {
	t.Helper()
	p := &corporateProxy{user: user, password: password}
	forward := &httputil.ReverseProxy{Rewrite: func(r *httputil.ProxyRequest) { r.SetURL(&url.URL{Scheme: "http", Host: server}) }}
	p.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		p.mu.Lock()
		p.log = append(p.log, r.Method+" "+r.Host)
		p.mu.Unlock()
		asked := &http.Request{Header: http.Header{"Authorization": r.Header["Proxy-Authorization"]}}
		if user, password, _ := asked.BasicAuth(); user != p.user || password != p.password {
			w.Header().Set("Proxy-Authenticate", `Basic realm="the company"`)
			w.WriteHeader(http.StatusProxyAuthRequired)
			return
		}
		if r.Method != http.MethodConnect {
			forward.ServeHTTP(w, r)
			return
		}
		there, err := net.Dial("tcp", server)
		if err != nil {
			w.WriteHeader(http.StatusBadGateway)
			return
		}
		here, _, err := w.(http.Hijacker).Hijack()
		if err != nil {
			there.Close()
			return
		}
		_, _ = io.WriteString(here, "HTTP/1.1 200 Connection established\r\n\r\n")
		go func() { _, _ = io.Copy(there, here); there.Close() }()
		go func() { _, _ = io.Copy(here, there); here.Close() }()
	}))
	t.Cleanup(p.Close)
	return p
}

// asked is what it was asked for, each once.
func (p *corporateProxy) asked() []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	all := slices.Clone(p.log)
	slices.Sort(all)
	return slices.Compact(all)
}

// overTLS serves a site as https://help.example.com, and returns its address and a file with what trusts it.
func overTLS(t *testing.T, s *site) (address, trusted string) {
	t.Helper()
	pair := certtest.New(t, nil)
	trusted = filepath.Join(t.TempDir(), "ca.pem")
	if err := os.WriteFile(trusted, pair.Cert, 0o600); err != nil {
		t.Fatal(err)
	}
	to, err := url.Parse(s.url)
	if err != nil {
		t.Fatal(err)
	}
	front := httptest.NewUnstartedServer(&httputil.ReverseProxy{Rewrite: func(r *httputil.ProxyRequest) { r.SetURL(to) }})
	front.TLS = &tls.Config{Certificates: []tls.Certificate{pair.TLS(t)}}
	front.StartTLS()
	t.Cleanup(front.Close)
	return front.Listener.Addr().String(), trusted
}

// TestProxy: the presenter reaches a broker whose name only the company's proxy can resolve, with both its call and its socket; and says
// so if the proxy does not let it. The password stands in nothing that it says.
func TestProxy(t *testing.T) {
	d, s := startDesktop(t, "320x200"), startSite(t, nil)
	pin := s.newPIN()
	address, trusted := overTLS(t, s)
	p := startCorporateProxy(t, address, "ann", "open/sesame")
	present := func(secret string) *program {
		by := "http://ann:" + url.QueryEscape(secret) + "@" + p.Listener.Addr().String()
		return run(t, append(d.env(), "HTTPS_PROXY="+by, "SSL_CERT_FILE="+trusted), filepath.Join(bin, "presenter"),
			"--broker", "https://help.example.com", "--pin", pin, "--consent", "control", "--debug")
	}
	refused := present("closed/sesame")
	eventually(t, "that the proxy refuses is told", func() bool {
		return strings.Contains(refused.out.String(), "the network's proxy does not let this through: it wants to know who you are")
	})
	refused.signal(os.Interrupt)
	refused.wait()
	prog := present("open/sesame")
	v := s.view(pin, "")
	eventually(t, "the viewer sees the screen", func() bool { return v.shows(d) })
	if got := p.asked(); !slices.Equal(got, []string{"CONNECT help.example.com:443"}) {
		t.Errorf("the proxy was asked for %q", got)
	}
	p.mu.Lock()
	times := len(p.log)
	p.mu.Unlock()
	if times < 3 { // a refused call, a call and a socket
		t.Errorf("it was asked %d times", times)
	}
	for _, said := range []string{refused.out.String(), prog.out.String()} {
		if strings.Contains(said, "sesame") || strings.Contains(said, "YW5u") {
			t.Errorf("it tells the password: %s", said)
		}
	}
}

// TestWindowsProxy: the same by Windows' own settings, under wine, and that what they except is reached without it.
func TestWindowsProxy(t *testing.T) {
	if os.Getenv("PINDESK_LONG") == "" {
		t.Skip("makes a Windows under wine, which takes a minute; PINDESK_LONG=1 runs it")
	}
	w, s := startWine(t), startSite(t, nil)
	p := startCorporateProxy(t, strings.TrimPrefix(s.url, "http://"), "", "")
	set := func(name, kind, value string) {
		t.Helper()
		reg := exec.Command("wine", "reg", "add", `HKCU\Software\Microsoft\Windows\CurrentVersion\Internet Settings`, "/v", name, "/t", kind, "/d", value, "/f")
		reg.Env = append(os.Environ(), w.env()...)
		if out, err := reg.CombinedOutput(); err != nil {
			t.Fatalf("%v\n%s", err, out)
		}
	}
	set("ProxyEnable", "REG_DWORD", "1")
	set("ProxyServer", "REG_SZ", "http="+p.Listener.Addr().String()+";https=nowhere.invalid:1")
	set("ProxyOverride", "REG_SZ", "<local>;*.direct.invalid")
	pin := s.newPIN()
	present := func(broker string) *program {
		return w.start(t, w.exe, "--broker", broker, "--pin", pin, "--consent", "control", "--terminal", "--debug")
	}
	direct := present("http://x.direct.invalid")
	eventually(t, "an excepted name is looked up here", func() bool { return strings.Contains(direct.out.String(), "lookup x.direct.invalid") })
	direct.signal(os.Interrupt)
	direct.wait()
	if got := p.asked(); len(got) != 0 {
		t.Errorf("the proxy was asked for %q", got)
	}
	throughIt := func(how string) {
		t.Helper()
		pin = s.newPIN()
		prog := present("http://help.example.com")
		v := s.view(pin, "")
		eventually(t, how+": the viewer sees the screen", func() bool { return v.shows(w.xdesktop) })
		if got := p.asked(); !slices.Equal(got, []string{"CONNECT help.example.com:80", "POST help.example.com"}) {
			t.Errorf("%s: the proxy was asked for %q", how, got)
		}
		prog.signal(os.Interrupt)
		prog.wait()
		p.mu.Lock()
		p.log = nil
		p.mu.Unlock()
	}
	throughIt("the server that is set")

	script := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/x-ns-proxy-autoconfig")
		_, _ = io.WriteString(w, `function FindProxyForURL(url, host) { return host == "help.example.com" ? "PROXY `+p.Listener.Addr().String()+`; DIRECT" : "DIRECT"; }`)
	}))
	t.Cleanup(script.Close)
	set("ProxyEnable", "REG_DWORD", "0")
	set("AutoConfigURL", "REG_SZ", script.URL+"/proxy.pac")
	throughIt("a script")
}
