package certs

import (
	"crypto/tls"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"pindesk/internal/certs/acmetest"
)

// TestACME gets a certificate from a fake authority by each challenge, serves it, and finds it
// again in its folder after a restart.
func TestACME(t *testing.T) {
	for _, challenge := range []string{"http-01", "tls-alpn-01"} {
		t.Run(challenge, func(t *testing.T) {
			authority := acmetest.New(t, challenge)
			folder := filepath.Join(t.TempDir(), "autocert")
			serve := func() string {
				a, err := NewACME(ACMEConfig{Domains: []string{"Help.example.com."}, Folder: folder, Directory: authority.Directory()})
				if err != nil {
					t.Fatal(err)
				}
				plain := httptest.NewServer(a.HTTP())
				t.Cleanup(plain.Close)
				secure := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "hello") }))
				secure.TLS = a.Config()
				secure.Config.ErrorLog = nil
				// Not StartTLS, which brings a certificate of its own.
				secure.Listener = tls.NewListener(secure.Listener, a.Config())
				secure.Start()
				t.Cleanup(secure.Close)
				authority.Reach(plain.URL, secure.Listener.Addr().String())
				return secure.Listener.Addr().String()
			}
			get := func(addr, name string) error {
				c, err := tls.DialWithDialer(&net.Dialer{Timeout: 20 * time.Second}, "tcp", addr, &tls.Config{ServerName: name, RootCAs: authority.Root()})
				if err != nil {
					return err
				}
				if c.ConnectionState().Version != tls.VersionTLS13 {
					t.Errorf("TLS version %x", c.ConnectionState().Version)
				}
				return c.Close()
			}
			addr := serve()
			if err := get(addr, "evil.example.com"); err == nil {
				t.Error("another name got a certificate")
			}
			for range 3 {
				if err := get(addr, "help.example.com"); err != nil {
					t.Fatal(err)
				}
			}
			if err := get(serve(), "help.example.com"); err != nil {
				t.Error(err)
			}
			if n := authority.Orders(); n != 1 {
				t.Errorf("%d orders, want one", n)
			}
			if info, err := os.Stat(folder); err != nil || info.Mode().Perm() != 0o700 {
				t.Errorf("folder %v, %v", info, err)
			}
		})
	}
}

func TestACMERefuses(t *testing.T) {
	for _, domains := range [][]string{nil, {"localhost"}, {"*.example.com"}, {"help.example.com:443"}, {"https://help.example.com"}, {""}} {
		if _, err := NewACME(ACMEConfig{Domains: domains, Folder: t.TempDir()}); err == nil {
			t.Errorf("%q is accepted", domains)
		}
	}
}

// TestACMEHTTP: what else comes in the clear is sent on to https.
func TestACMEHTTP(t *testing.T) {
	a, err := NewACME(ACMEConfig{Domains: []string{"help.example.com"}, Folder: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	for method, want := range map[string]int{"GET": 302, "POST": 400} {
		w := httptest.NewRecorder()
		a.HTTP().ServeHTTP(w, httptest.NewRequest(method, "http://help.example.com/view", strings.NewReader("")))
		if got := w.Header().Get("Location"); w.Code != want || want == 302 && got != "https://help.example.com/view" {
			t.Errorf("%s: %d %q", method, w.Code, got)
		}
	}
}
