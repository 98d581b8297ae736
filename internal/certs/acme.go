package certs

import (
	"crypto/tls"
	"errors"
	"fmt"
	"net/http"
	"os"
	"slices"
	"strings"

	"golang.org/x/crypto/acme"
	"golang.org/x/crypto/acme/autocert"
)

// ACME gets certificates from a certificate authority, by default Let's Encrypt, and renews
// them 30 days before they expire. The authority must reach this broker: at port 443
// (TLS-ALPN-01) or, with HTTP, at port 80 (HTTP-01). It starts goroutines for renewals that end
// with the process.
type ACME struct{ manager *autocert.Manager }

// ACMEConfig says for what and from whom.
type ACMEConfig struct {
	Domains   []string     // exact names; others get no certificate
	Folder    string       // for the account's key and the certificates; made with mode 0700
	Email     string       // for the authority's warnings; "" for none
	Directory string       // URL of another authority; "" means Let's Encrypt
	Client    *http.Client // to reach it; nil: the default
}

// NewACME checks c; nothing is asked for before the first connection.
func NewACME(c ACMEConfig) (*ACME, error) {
	if len(c.Domains) == 0 {
		return nil, errors.New("autocert needs at least one domain")
	}
	var names []string
	for _, d := range c.Domains {
		d = strings.ToLower(strings.TrimSuffix(strings.TrimSpace(d), "."))
		if !strings.Contains(d, ".") || strings.ContainsAny(d, "*:/ ") {
			return nil, fmt.Errorf("autocert: %q is not a host name such as help.example.com (wildcards and addresses get no certificate this way)", d)
		}
		names = append(names, d)
	}
	if err := os.MkdirAll(c.Folder, 0o700); err != nil {
		return nil, fmt.Errorf("autocert: %w", err)
	}
	m := &autocert.Manager{
		Prompt:     autocert.AcceptTOS,
		Cache:      autocert.DirCache(c.Folder),
		HostPolicy: autocert.HostWhitelist(slices.Compact(names)...),
		Email:      c.Email,
	}
	if c.Directory != "" || c.Client != nil {
		m.Client = &acme.Client{DirectoryURL: c.Directory, HTTPClient: c.Client}
	}
	return &ACME{m}, nil
}

// Config is for a server; it answers TLS-ALPN-01, too.
func (a *ACME) Config() *tls.Config {
	c := modern()
	c.GetCertificate = a.manager.GetCertificate
	c.NextProtos = append(c.NextProtos, acme.ALPNProto)
	return c
}

// HTTP is for port 80: it answers HTTP-01 and sends everybody else to https. What is sent
// there by mistake, such as an API call with a PIN, has travelled in the clear by then; only
// GET and HEAD are sent on.
func (a *ACME) HTTP() http.Handler { return a.manager.HTTPHandler(nil) }
