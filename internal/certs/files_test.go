package certs

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"pindesk/internal/certs/certtest"
)

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
	one, two := certtest.New(t, nil), certtest.New(t, nil)
	d.write(one.Cert, one.Key)
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
	want(one.Cert, 0, 0)
	d.write(two.Cert, one.Key) // half of a replacement
	want(one.Cert, 1, 0)
	d.write(two.Cert, two.Key)
	want(two.Cert, 1, 1)
	d.write([]byte("garbage"), two.Key)
	want(two.Cert, 2, 1)
	if err := os.Remove(d.key); err != nil {
		t.Fatal(err)
	}
	want(two.Cert, 3, 1)
	d.write(one.Cert, one.Key)
	want(one.Cert, 3, 2)
	if bytes.Contains(d.log.Bytes(), one.Key[30:60]) || bytes.Contains(d.log.Bytes(), two.Key[30:60]) {
		t.Error("a key is in the log")
	}
}

func TestOpenSays(t *testing.T) {
	good, foreign := certtest.New(t, nil), certtest.New(t, nil).Key
	for want, files := range map[string][2][]byte{
		"swapped":        {good.Key, good.Cert},
		"does not match": {good.Cert, foreign},
		"find any PEM":   {nil, good.Key},
		"too large":      {bytes.Repeat([]byte("x"), maxFile+1), good.Key},
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
		p := certtest.New(t, change)
		d.write(p.Cert, p.Key)
		if _, err := d.open(); err != nil || !strings.Contains(d.log.String(), want) {
			t.Errorf("%v, log %q, want %q", err, d.log.String(), want)
		}
	}
}
