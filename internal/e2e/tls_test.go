package e2e

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/gorilla/websocket"

	"pindesk/internal/certs/acmetest"
	"pindesk/internal/certs/certtest"
	"pindesk/internal/wire"
)

// writePair writes a new certificate for 127.0.0.1 and its key, and returns what trusts it.
func writePair(t *testing.T, certFile, keyFile string) *x509.CertPool {
	t.Helper()
	p := certtest.New(t, nil)
	for name, b := range map[string][]byte{certFile: p.Cert, keyFile: p.Key} {
		if err := os.WriteFile(name, b, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return p.Pool()
}

// TestTLS: the real broker speaks HTTPS, HTTP/2 and wss; a replaced certificate is taken over at
// SIGHUP while connections, a socket among them, live on.
func TestTLS(t *testing.T) {
	dir := t.TempDir()
	cert, key := filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem")
	old := writePair(t, cert, key)
	port := freePort(t)
	b := &brokerProgram{site: &site{t: t, url: "https://127.0.0.1:" + port, log: &logBuffer{}}}
	b.prog = run(t, nil, filepath.Join(bin, "broker"), "serve", "--listen", "127.0.0.1:"+port, "--data", filepath.Join(dir, "data"),
		"--tls-cert", cert, "--tls-key", key, "--hsts-subdomains", "--hsts-preload")
	trusting := func(pool *x509.CertPool) *http.Client {
		return &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: pool}, ForceAttemptHTTP2: true}, Timeout: 20 * time.Second}
	}
	alive := trusting(old)
	eventually(t, "the broker speaks TLS", func() bool {
		resp, err := alive.Get(b.url + "/readyz")
		if err != nil {
			return false
		}
		resp.Body.Close()
		if resp.ProtoMajor != 2 || resp.TLS.Version != tls.VersionTLS13 || resp.Header.Get("Strict-Transport-Security") != "max-age=15768000; includeSubDomains; preload" {
			t.Errorf("%s, TLS %x, HSTS %q", resp.Proto, resp.TLS.Version, resp.Header.Get("Strict-Transport-Security"))
		}
		return resp.StatusCode == 200
	})
	if _, err := (&tls.Dialer{Config: &tls.Config{RootCAs: old, MaxVersion: tls.VersionTLS11}}).DialContext(t.Context(), "tcp", "127.0.0.1:"+port); err == nil {
		t.Error("TLS 1.1 is spoken")
	}
	if resp, err := http.Get("http://127.0.0.1:" + port + "/"); err == nil {
		resp.Body.Close()
		if resp.StatusCode == 200 {
			t.Error("plain HTTP is answered")
		}
	}

	get := func(c *http.Client, method, path, body string) map[string]any {
		t.Helper()
		req, err := http.NewRequest(method, b.url+path, strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		resp, err := c.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		var answer map[string]any
		if err := json.NewDecoder(resp.Body).Decode(&answer); err != nil || resp.StatusCode != 200 {
			t.Fatalf("%s: %d %v (%v)", path, resp.StatusCode, answer, err)
		}
		return answer
	}
	pin := get(alive, "GET", "/api/v1/session_pin", "")["session_pin"].(string)
	if url := get(alive, "GET", "/api/v1/session_url?session_pin="+pin, "")["session_url"]; url != b.url+"/view#"+pin {
		t.Errorf("session_url %v", url)
	}
	open := func(pool *x509.CertPool) *websocket.Conn {
		t.Helper()
		a := get(trusting(pool), "POST", "/api/v1/join", fmt.Sprintf(`{"session_pin":%q,"role":"viewer"}`, pin))
		d := websocket.Dialer{TLSClientConfig: &tls.Config{RootCAs: pool}, Subprotocols: []string{wire.Protocol, wire.TicketPrefix + a["ticket"].(string)}}
		ws, _, err := d.Dial("wss://127.0.0.1:"+port+a["relay_path"].(string), http.Header{"Origin": {b.url}})
		if err != nil {
			t.Fatal(err)
		}
		if err := ws.SetReadDeadline(time.Now().Add(20 * time.Second)); err != nil {
			t.Fatal(err)
		}
		return ws
	}
	welcomed := func(ws *websocket.Conn) {
		t.Helper()
		if _, msg, err := ws.ReadMessage(); err != nil || !bytes.Contains(msg, []byte(`"welcome"`)) {
			t.Fatalf("%q, %v", msg, err)
		}
	}
	first := open(old)
	defer first.Close()
	welcomed(first)

	fresh := writePair(t, cert, key)
	b.prog.signal(syscall.SIGHUP)
	eventually(t, "the new certificate is served", func() bool {
		c, err := tls.Dial("tcp", "127.0.0.1:"+port, &tls.Config{RootCAs: fresh})
		if err != nil {
			return false
		}
		return c.Close() == nil
	})
	if _, err := trusting(old).Get(b.url + "/readyz"); err == nil {
		t.Error("the old certificate is still served to new connections")
	}
	get(alive, "GET", "/api/v1/session?session_pin="+pin, "") // on its old connection
	second := open(fresh)
	defer second.Close()
	welcomed(second)
	// The first socket is told of the second viewer: it lives.
	for n := 0; ; n++ {
		if _, msg, err := first.ReadMessage(); err != nil || n > 20 {
			t.Fatalf("the first socket: %v after %d messages", err, n)
		} else if bytes.Count(msg, []byte(`"viewer":`)) >= 2 {
			break
		}
	}
}

// TestPlainBeyondLoopback: an operator who lets others in without TLS is told what that costs;
// one with a proxy in front is not.
func TestPlainBeyondLoopback(t *testing.T) {
	for _, c := range []struct {
		args []string
		warn bool
	}{
		{[]string{"--listen", "0.0.0.0:0"}, true},
		{[]string{"--listen", "127.0.0.1:0"}, false},
		{[]string{"--listen", "0.0.0.0:0", "--trusted-proxies", "10.0.0.1", "--public-url", "https://help.example.com"}, false},
	} {
		p := run(t, nil, filepath.Join(bin, "broker"), append([]string{"serve", "--data", t.TempDir()}, c.args...)...)
		eventually(t, "the broker is up", func() bool { return strings.Contains(p.out.String(), "broker is up") })
		if got := strings.Contains(p.out.String(), "secure context for clipboard, capture and WebCodecs"); got != c.warn {
			t.Errorf("%v: warned %t, want %t", c.args, got, c.warn)
		}
		p.signal(os.Interrupt)
		p.wait()
	}
	for want, args := range map[string][]string{
		"go together":      {"--tls-cert", "x"},
		"either":           {"--tls-cert", "x", "--tls-key", "y", "--autocert", "help.example.com"},
		"needs --autocert": {"--autocert-http", ":0"},
		"no such file":     {"--tls-cert", "/nowhere/c", "--tls-key", "/nowhere/k"},
		"is not a host":    {"--autocert", "localhost"},
		"25h0m0s at least": {"--keep-deliveries", "1h"},
		"--keep-pin, ":     {"--keep-audit", "0"},
		"longer than":      {"--keep-pin", "2d"},
	} {
		p := run(t, nil, filepath.Join(bin, "broker"), append([]string{"serve", "--listen", "127.0.0.1:0", "--data", t.TempDir()}, args...)...)
		if code := p.wait(); code == 0 || !strings.Contains(p.out.String(), want) {
			t.Errorf("%v: exit code %d, %s; want %q", args, code, p.out, want)
		}
	}
}

// TestAutocert: the real broker gets itself a certificate from a fake authority, by the challenge
// of port 80, and sends those who come there on to https.
func TestAutocert(t *testing.T) {
	authority := acmetest.New(t, "http-01")
	port, plain := freePort(t), freePort(t)
	authority.Reach("http://127.0.0.1:"+plain, "127.0.0.1:"+port)
	data := t.TempDir()
	p := run(t, nil, filepath.Join(bin, "broker"), "serve", "--listen", "127.0.0.1:"+port, "--data", data,
		"--autocert", "help.example.com", "--autocert-http", "127.0.0.1:"+plain, "--autocert-url", authority.Directory())
	eventually(t, "the broker is up", func() bool { return strings.Contains(p.out.String(), "broker is up") })
	if want := "https://help.example.com:" + port; !strings.Contains(p.out.String(), want) {
		t.Errorf("the pages are not at %s", want)
	}
	client := &http.Client{Timeout: 30 * time.Second,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: authority.Root()},
			DialContext: func(ctx context.Context, network, addr string) (net.Conn, error) {
				_, port, _ := net.SplitHostPort(addr)
				return (&net.Dialer{}).DialContext(ctx, network, "127.0.0.1:"+port)
			}}}
	for target, want := range map[string]int{"https://help.example.com:" + port + "/readyz": 200, "http://help.example.com:" + plain + "/view": 302} {
		resp, err := client.Get(target)
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		if resp.StatusCode != want {
			t.Errorf("%s: %d, want %d", target, resp.StatusCode, want)
		}
	}
	if _, err := os.Stat(filepath.Join(data, "autocert", "help.example.com")); err != nil {
		t.Errorf("the certificate is not kept: %v", err)
	}
}
