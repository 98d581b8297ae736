// Package acmetest is a certificate authority for tests, which speaks as much ACME (RFC 8555) as
// one order needs. Only tests may import it.
package acmetest

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"io"
	"math/big"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"time"
)

// Authority gives certificates for help.example.com. It checks the challenge for real, at the
// addresses that Reach has given, but no signatures of requests.
type Authority struct {
	t         *testing.T
	challenge string // the one type that it offers
	http, tls string // where the domain's ports 80 and 443 are

	srv  *httptest.Server
	root *x509.Certificate
	key  *ecdsa.PrivateKey

	mu         sync.Mutex
	thumbprint string // guarded by mu: of the account's key
	valid      bool   // guarded by mu: the challenge was met
	issued     []byte // guarded by mu: PEM
	orders     int    // guarded by mu
}

const token = "dG9rZW4tb2YtdGhlLWNoYWxsZW5nZQ"

// New runs an authority that offers one type of challenge: "http-01" or "tls-alpn-01". It ends
// with the test.
func New(t *testing.T, challenge string) *Authority {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	root := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "fake authority"}, IsCA: true, BasicConstraintsValid: true,
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour), KeyUsage: x509.KeyUsageCertSign}
	der, err := x509.CreateCertificate(rand.Reader, root, root, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	a := &Authority{t: t, challenge: challenge, key: key}
	if a.root, err = x509.ParseCertificate(der); err != nil {
		t.Fatal(err)
	}
	a.srv = httptest.NewServer(a)
	t.Cleanup(a.srv.Close)
	return a
}

// Directory is the URL to be given to a client.
func (a *Authority) Directory() string { return a.srv.URL + "/directory" }

// Root is what trusts its certificates.
func (a *Authority) Root() *x509.CertPool {
	pool := x509.NewCertPool()
	pool.AddCert(a.root)
	return pool
}

// Reach says where the ports 80 (a URL) and 443 (host:port) of help.example.com are.
func (a *Authority) Reach(http, tls string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.http, a.tls = http, tls
}

// Orders is how many certificates were ordered.
func (a *Authority) Orders() int {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.orders
}

// ServeHTTP implements http.Handler.
func (a *Authority) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	a.mu.Lock()
	defer a.mu.Unlock()
	base := a.srv.URL
	w.Header().Set("Replay-Nonce", rand.Text())
	var jws struct{ Protected, Payload string }
	var payload []byte
	if r.Method == http.MethodPost {
		if err := json.NewDecoder(r.Body).Decode(&jws); err != nil {
			a.t.Error(err)
		}
		payload, _ = base64.RawURLEncoding.DecodeString(jws.Payload)
	}
	answer := func(status int, location string, v any) {
		if location != "" {
			w.Header().Set("Location", base+location)
		}
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(status)
		_ = json.NewEncoder(w).Encode(v)
	}
	order := func() map[string]any {
		o := map[string]any{"status": "pending", "identifiers": []any{}, "authorizations": []string{base + "/authz"}, "finalize": base + "/finalize"}
		switch {
		case a.issued != nil:
			o["status"], o["certificate"] = "valid", base+"/certificate"
		case a.valid:
			o["status"] = "ready"
		}
		return o
	}
	switch r.URL.Path {
	case "/directory":
		answer(200, "", map[string]any{"newNonce": base + "/nonce", "newAccount": base + "/account", "newOrder": base + "/order",
			"revokeCert": base + "/revoke", "keyChange": base + "/change"})
	case "/nonce":
	case "/account":
		a.account(jws.Protected)
		answer(201, "/account/1", map[string]any{"status": "valid"})
	case "/order":
		a.orders++
		a.valid, a.issued = false, nil
		answer(201, "/order/1", order())
	case "/order/1":
		answer(200, "/order/1", order())
	case "/authz":
		status := map[bool]string{true: "valid", false: "pending"}[a.valid]
		answer(200, "", map[string]any{"status": status, "identifier": map[string]string{"type": "dns", "value": "help.example.com"},
			"challenges": []any{map[string]any{"type": a.challenge, "url": base + "/challenge", "token": token, "status": status}}})
	case "/challenge":
		a.valid = a.check()
		answer(200, "", map[string]any{"type": a.challenge, "url": base + "/challenge", "token": token, "status": "processing"})
	case "/finalize":
		a.issue(payload)
		answer(200, "/order/1", order())
	case "/certificate":
		w.Header().Set("Content-Type", "application/pem-certificate-chain")
		_, _ = w.Write(a.issued)
	default:
		a.t.Errorf("asked for %s", r.URL.Path)
		http.NotFound(w, r)
	}
}

func (a *Authority) account(protected string) {
	b, _ := base64.RawURLEncoding.DecodeString(protected)
	var head struct {
		JWK struct{ Crv, Kty, X, Y string }
	}
	if err := json.Unmarshal(b, &head); err != nil {
		a.t.Error(err)
	}
	sum := sha256.Sum256(fmt.Appendf(nil, `{"crv":%q,"kty":%q,"x":%q,"y":%q}`, head.JWK.Crv, head.JWK.Kty, head.JWK.X, head.JWK.Y)) // RFC 7638
	a.thumbprint = base64.RawURLEncoding.EncodeToString(sum[:])
}

// check looks whether the challenge is met, as RFC 8555 8.3 and RFC 8737 say.
func (a *Authority) check() bool {
	want := token + "." + a.thumbprint
	if a.challenge == "http-01" {
		req, err := http.NewRequestWithContext(a.t.Context(), "GET", a.http+"/.well-known/acme-challenge/"+token, nil)
		if err != nil {
			a.t.Error(err)
			return false
		}
		req.Host = "help.example.com"
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			a.t.Error(err)
			return false
		}
		defer resp.Body.Close()
		body, _ := io.ReadAll(io.LimitReader(resp.Body, 1000))
		return resp.StatusCode == 200 && string(body) == want
	}
	d := tls.Dialer{Config: &tls.Config{ServerName: "help.example.com", NextProtos: []string{"acme-tls/1"}, InsecureSkipVerify: true}} //nolint:gosec // RFC 8737: the challenge's certificate signs itself
	nc, err := d.DialContext(a.t.Context(), "tcp", a.tls)
	if err != nil {
		a.t.Error(err)
		return false
	}
	defer nc.Close()
	sum := sha256.Sum256([]byte(want))
	for _, e := range nc.(*tls.Conn).ConnectionState().PeerCertificates[0].Extensions {
		if e.Id.String() == "1.3.6.1.5.5.7.1.31" && e.Critical && bytes.HasSuffix(e.Value, sum[:]) {
			return true
		}
	}
	return false
}

func (a *Authority) issue(payload []byte) {
	var p struct{ CSR string }
	_ = json.Unmarshal(payload, &p)
	der, _ := base64.RawURLEncoding.DecodeString(p.CSR)
	csr, err := x509.ParseCertificateRequest(der)
	if err != nil || !a.valid {
		a.t.Errorf("finalize before the challenge was met, or without a request: %v", err)
		return
	}
	leaf := &x509.Certificate{SerialNumber: big.NewInt(2), DNSNames: csr.DNSNames, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(80 * 24 * time.Hour),
		KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}}
	if der, err = x509.CreateCertificate(rand.Reader, leaf, a.root, csr.PublicKey, a.key); err != nil {
		a.t.Error(err)
		return
	}
	a.issued = append(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: a.root.Raw})...)
}
