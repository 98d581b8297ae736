package broker

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"pindesk/internal/certs"
)

// TLS says how a broker speaks TLS itself. The zero value: it does not.
type TLS struct {
	CertFile, KeyFile string // PEM; read again when they change, and at SIGHUP

	Domains   []string // get certificates by ACME; excludes CertFile
	Email     string   // for the authority; "" for none
	Directory string   // URL of the authority; "" means Let's Encrypt
	HTTP      string   // address of the listener for HTTP-01, such as ":80"; "" for none
}

// transport is the part of a broker that speaks TLS.
type transport struct {
	files    *certs.Files
	acme     *certs.ACME
	plain    *http.Server // at TLS.HTTP
	plainNet net.Listener
}

// openTLS reads or prepares the certificates and makes the listener of HTTP-01.
func (b *Broker) openTLS(c Config) (err error) {
	switch {
	case (c.TLS.CertFile == "") != (c.TLS.KeyFile == ""):
		return errors.New("--tls-cert and --tls-key go together")
	case c.TLS.CertFile != "" && len(c.TLS.Domains) > 0:
		return errors.New("choose either --tls-cert or --autocert")
	case c.TLS.HTTP != "" && len(c.TLS.Domains) == 0:
		return errors.New("--autocert-http needs --autocert")
	case c.TLS.CertFile != "":
		b.tls.files, err = certs.Open(c.TLS.CertFile, c.TLS.KeyFile, c.Log)
		return err
	case len(c.TLS.Domains) == 0:
		return nil
	}
	b.tls.acme, err = certs.NewACME(certs.ACMEConfig{Domains: c.TLS.Domains, Folder: filepath.Join(c.Data, "autocert"), Email: c.TLS.Email, Directory: c.TLS.Directory})
	if err != nil || c.TLS.HTTP == "" {
		return err
	}
	if b.tls.plainNet, err = net.Listen("tcp", c.TLS.HTTP); err != nil {
		return fmt.Errorf("--autocert-http: %w", err)
	}
	b.tls.plain = &http.Server{Handler: b.tls.acme.HTTP(), ReadTimeout: 10 * time.Second, WriteTimeout: 10 * time.Second,
		IdleTimeout: 30 * time.Second, MaxHeaderBytes: 8 << 10, ErrorLog: b.server.ErrorLog}
	return nil
}

// scheme is that of the listener.
func (c Config) scheme() string {
	if c.TLS.CertFile != "" || len(c.TLS.Domains) > 0 {
		return "https"
	}
	return "http"
}

// config is that of the listener; nil without TLS.
func (t *transport) config() *tls.Config {
	switch {
	case t.files != nil:
		return t.files.Config()
	case t.acme != nil:
		return t.acme.Config()
	}
	return nil
}

// serveHTTP answers on the broker's listener until the server is shut down.
func (b *Broker) serveHTTP() error {
	c := b.tls.config()
	if c == nil {
		return b.server.Serve(b.listener)
	}
	b.server.TLSConfig = c
	return b.server.ServeTLS(b.listener, "", "")
}

// runTLS keeps the certificates up to date until ctx ends.
func (b *Broker) runTLS(ctx context.Context) {
	if b.tls.plain != nil {
		go func() {
			if err := b.tls.plain.Serve(b.tls.plainNet); !errors.Is(err, http.ErrServerClosed) {
				b.log.Error("the listener of --autocert-http ended", "err", err)
			}
		}()
		defer b.tls.plain.Close()
	}
	if b.tls.files != nil {
		hangup := make(chan os.Signal, 1)
		signal.Notify(hangup, syscall.SIGHUP)
		defer signal.Stop(hangup)
		b.tls.files.Watch(ctx, hangup)
	}
	<-ctx.Done()
}

// warnPlain says what a broker that others reach without TLS cannot do.
func (b *Broker) warnPlain(c Config) {
	host, _, err := net.SplitHostPort(c.Listen)
	if err != nil || c.scheme() == "https" || len(c.TrustedProxies) > 0 || loopback(host) {
		return
	}
	b.log.Warn("listening beyond this machine without TLS: anybody on the way can see screens and PINs. " +
		"Pages need a secure context for clipboard, capture and WebCodecs. " +
		"Use --tls-cert or --autocert, or a reverse proxy with TLS that --trusted-proxies names")
}

func loopback(host string) bool {
	ip, err := netip.ParseAddr(strings.Trim(host, "[]"))
	return host == "localhost" || err == nil && ip.IsLoopback()
}
