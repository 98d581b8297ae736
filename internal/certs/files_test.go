package certs

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"log/slog"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// pair makes a certificate with its key, as PEM.
func pair(t *testing.T, change func(*x509.Certificate)) (cert, key []byte) {
	t.Helper()
	k, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	serial, err := rand.Int(rand.Reader, big.NewInt(1<<62))
	if err != nil {
		t.Fatal(err)
	}
	c := &x509.Certificate{SerialNumber: serial, Subject: pkix.Name{CommonName: "PinDesk test"}, DNSNames: []string{"help.example.com"},
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}}
	if change != nil {
		change(c)
	}
	der, err := x509.CreateCertificate(rand.Reader, c, c, k.Public(), k)
	if err != nil {
		t.Fatal(err)
	}
	kd, err := x509.MarshalPKCS8PrivateKey(k)
	if err != nil {
		t.Fatal(err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: kd})
}

type folder struct {
	t         *testing.T
	cert, key string
	log       bytes.Buffer
}

func newFolder(t *testing.T) *folder {
	dir := t.TempDir()
	return &folder{t: t, cert: filepath.Join(dir, "cert.pem"), key: filepath.Join(dir, "key.pem")}
}

func (f *folder) write(cert, key []byte) {
	f.t.Helper()
	for name, b := range map[string][]byte{f.cert: cert, f.key: key} {
		if err := os.WriteFile(name, b, 0o600); err != nil {
			f.t.Fatal(err)
		}
	}
}

func (f *folder) open() (*Files, error) {
	return Open(f.cert, f.key, slog.New(slog.NewTextHandler(&f.log, nil)))
}

// served is the certificate, as PEM, that a new connection gets.
func served(t *testing.T, f *Files) []byte {
	t.Helper()
	c, err := f.Config().GetCertificate(&tls.ClientHelloInfo{})
	if err != nil {
		t.Fatal(err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: c.Certificate[0]})
}

func TestReload(t *testing.T) {
	d := newFolder(t)
	cert1, key1 := pair(t, nil)
	cert2, key2 := pair(t, nil)
	d.write(cert1, key1)
	f, err := d.open()
	if err != nil {
		t.Fatal(err)
	}
	want := func(cert []byte, errors, infos int) {
		t.Helper()
		for range 3 { // looking again says nothing again
			f.Reload()
		}
		if !bytes.Equal(served(t, f), cert) {
			t.Error("another certificate is served")
		}
		if got := strings.Count(d.log.String(), "ERROR"); got != errors {
			t.Errorf("%d errors in the log, want %d", got, errors)
		}
		if got := strings.Count(d.log.String(), "read again"); got != infos {
			t.Errorf("%d times in the log that it was read again, want %d", got, infos)
		}
	}
	want(cert1, 0, 0)
	d.write(cert2, key1) // half of a replacement
	want(cert1, 1, 0)
	d.write(cert2, key2)
	want(cert2, 1, 1)
	d.write([]byte("garbage"), key2)
	want(cert2, 2, 1)
	if err := os.Remove(d.key); err != nil {
		t.Fatal(err)
	}
	want(cert2, 3, 1)
	d.write(cert1, key1)
	want(cert1, 3, 2)
	if bytes.Contains(d.log.Bytes(), key1[30:60]) || bytes.Contains(d.log.Bytes(), key2[30:60]) {
		t.Error("a key is in the log")
	}
}

func TestOpenSays(t *testing.T) {
	cert, key := pair(t, nil)
	_, foreign := pair(t, nil)
	for want, files := range map[string][2][]byte{
		"swapped":        {key, cert},
		"does not match": {cert, foreign},
		"find any PEM":   {nil, key},
		"too large":      {bytes.Repeat([]byte("x"), maxFile+1), key},
	} {
		d := newFolder(t)
		d.write(files[0], files[1])
		if _, err := d.open(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %q", err, want)
		}
	}
	if _, err := newFolder(t).open(); err == nil || !strings.Contains(err.Error(), "cert.pem") {
		t.Errorf("without files: %v", err)
	}
	for want, change := range map[string]func(*x509.Certificate){
		"has expired":   func(c *x509.Certificate) { c.NotAfter = time.Now().Add(-time.Minute) },
		"not valid yet": func(c *x509.Certificate) { c.NotBefore = time.Now().Add(time.Minute) },
		"names no host": func(c *x509.Certificate) { c.DNSNames, c.IPAddresses = nil, nil },
	} {
		d := newFolder(t)
		d.write(pair(t, change))
		if _, err := d.open(); err != nil || !strings.Contains(d.log.String(), want) {
			t.Errorf("%v, log %q, want %q", err, d.log.String(), want)
		}
	}
}
