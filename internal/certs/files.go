// Package certs has the certificates of a broker that speaks TLS itself: from files, which are
// read again when they change, or from a certificate authority by ACME. Only the broker's
// wiring imports it.
package certs

import (
	"bytes"
	"context"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"sync"
	"sync/atomic"
	"time"
)

// Look is how often Files looks whether its files have changed.
const Look = 10 * time.Second

// maxFile bounds a certificate chain or key, in bytes.
const maxFile = 1 << 20

// Files is a certificate from two PEM files. It is safe for use by several goroutines and
// starts none. Connections that are open go on with the certificate that they began with.
type Files struct {
	certFile, keyFile string
	log               *slog.Logger
	current           atomic.Pointer[tls.Certificate]

	mu     sync.Mutex
	loaded [sha256.Size]byte // guarded by mu: of what current was made of
	failed [sha256.Size]byte // guarded by mu: of what could not be used, and was said so
}

// Open reads the files. The error says what an operator can do.
func Open(certFile, keyFile string, log *slog.Logger) (*Files, error) {
	f := &Files{certFile: certFile, keyFile: keyFile, log: log}
	cert, sum, err := f.read()
	if err != nil {
		return nil, err
	}
	f.current.Store(cert)
	f.loaded = sum
	f.warn(cert)
	return f, nil
}

// Config is for a server; it serves HTTP/1.1, which WebSockets need, and HTTP/2.
func (f *Files) Config() *tls.Config {
	c := modern()
	c.GetCertificate = func(*tls.ClientHelloInfo) (*tls.Certificate, error) { return f.current.Load(), nil }
	return c
}

// Reload reads the files again if they have changed. New connections get the new certificate.
// Files that do not fit together, such as while they are being replaced one by one, leave the
// old certificate in force; that is said once.
func (f *Files) Reload() {
	f.mu.Lock()
	defer f.mu.Unlock()
	cert, sum, err := f.read()
	switch {
	case err != nil && sum == f.failed:
	case err != nil:
		f.failed = sum
		f.log.Error("the new certificate cannot be used; the old one stays in force", "err", err)
	case sum != f.loaded:
		f.loaded, f.failed = sum, [sha256.Size]byte{}
		f.current.Store(cert)
		f.log.Info("certificate was read again", "until", cert.Leaf.NotAfter)
		f.warn(cert)
	}
}

// Watch calls Reload every Look, and for each value on now, until ctx ends.
func (f *Files) Watch(ctx context.Context, now <-chan os.Signal) {
	t := time.NewTicker(Look)
	defer t.Stop()
	for {
		select {
		case <-t.C:
		case <-now:
		case <-ctx.Done():
			return
		}
		f.Reload()
	}
}

// read parses the files; sum stands for their bytes, also when they are no good.
func (f *Files) read() (cert *tls.Certificate, sum [sha256.Size]byte, err error) {
	chain, err1 := readFile(f.certFile)
	key, err2 := readFile(f.keyFile)
	h := sha256.New()
	fmt.Fprintf(h, "%d %v %v\n", len(chain), err1, err2)
	h.Write(chain)
	h.Write(key)
	sum = [sha256.Size]byte(h.Sum(nil))
	if err := errors.Join(err1, err2); err != nil {
		return nil, sum, fmt.Errorf("certificate: %w", err)
	}
	if !bytes.Contains(key, []byte("PRIVATE KEY")) && bytes.Contains(chain, []byte("PRIVATE KEY")) && !bytes.Contains(chain, []byte("CERTIFICATE")) {
		return nil, sum, errors.New("certificate: --tls-cert and --tls-key seem to be swapped")
	}
	c, err := tls.X509KeyPair(chain, key)
	if err != nil { // its text has no part of the key
		return nil, sum, fmt.Errorf("certificate %s with key %s: %w", f.certFile, f.keyFile, err)
	}
	return &c, sum, nil
}

// warn says what browsers will not like.
func (f *Files) warn(c *tls.Certificate) {
	now := time.Now()
	switch {
	case now.After(c.Leaf.NotAfter):
		f.log.Warn("the certificate has expired", "file", f.certFile, "until", c.Leaf.NotAfter)
	case now.Before(c.Leaf.NotBefore):
		f.log.Warn("the certificate is not valid yet", "file", f.certFile, "from", c.Leaf.NotBefore)
	case len(c.Leaf.DNSNames)+len(c.Leaf.IPAddresses) == 0:
		f.log.Warn("the certificate names no host in its subject alternative names", "file", f.certFile)
	case len(c.Certificate) == 1 && !selfSigned(c.Leaf):
		f.log.Warn("the certificate's file has no intermediate certificate: some programs will not trust it", "file", f.certFile)
	}
}

func selfSigned(c *x509.Certificate) bool { return bytes.Equal(c.RawIssuer, c.RawSubject) }

func readFile(name string) ([]byte, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	b, err := io.ReadAll(io.LimitReader(f, maxFile+1))
	if err == nil && len(b) > maxFile {
		err = fmt.Errorf("%s is too large for a certificate or key", name)
	}
	return b, err
}

// modern leaves curves and ciphers to crypto/tls, whose defaults are kept up to date, with a
// post-quantum key exchange first. TLS 1.2 is for programs of older systems; browsers use 1.3.
func modern() *tls.Config {
	return &tls.Config{MinVersion: tls.VersionTLS12, NextProtos: []string{"h2", "http/1.1"}}
}
