// Package smtptest is a real SMTP server for tests: it keeps what it is given. Only tests import it.
package smtptest

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"log"
	"net"
	"sync"
	"testing"

	"pindesk/internal/certs/certtest"

	"github.com/emersion/go-sasl"
	gosmtp "github.com/emersion/go-smtp"
)

// Catcher is the server. Its settings must be made before Start.
type Catcher struct {
	Addr   string         // host:port, set by Start
	Roots  *x509.CertPool // trusts its certificate, set by Start
	User   string         // "": asks for no login
	Refuse *gosmtp.SMTPError
	AtData bool // refuse the mail instead of its recipient

	mu    sync.Mutex
	mails []Mail // guarded by mu
}

// Mail is one that was taken.
type Mail struct {
	From string
	To   []string
	TLS  bool   // by STARTTLS
	User string // who has logged in
	Data []byte
}

// Password is that of Catcher.User.
const Password = "correct horse é %:@/"

// Start serves until the test ends: with "starttls", with TLS from the start ("implicit"), or
// with neither ("plain").
func (c *Catcher) Start(t *testing.T, security string) *Catcher {
	t.Helper()
	cert := certtest.New(t, nil)
	c.Roots = cert.Pool()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	c.Addr = l.Addr().String()
	s := gosmtp.NewServer(gosmtp.BackendFunc(func(conn *gosmtp.Conn) (gosmtp.Session, error) {
		return &receiving{c: c, conn: conn}, nil
	}))
	s.Domain, s.AllowInsecureAuth, s.EnableSMTPUTF8 = "mail.example.com", true, true
	s.ErrorLog = log.New(io.Discard, "", 0)
	config := &tls.Config{Certificates: []tls.Certificate{cert.TLS(t)}}
	switch security {
	case "starttls":
		s.TLSConfig = config
	case "implicit":
		l = tls.NewListener(l, config)
	}
	done := make(chan struct{})
	go func() { defer close(done); _ = s.Serve(l) }()
	t.Cleanup(func() { _ = s.Close(); <-done })
	return c
}

// Mails are those that were taken so far.
func (c *Catcher) Mails() []Mail {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.mails
}

// receiving is one connection.
type receiving struct {
	c    *Catcher
	conn *gosmtp.Conn
	mail Mail
}

func (r *receiving) AuthMechanisms() []string {
	if r.c.User == "" {
		return nil
	}
	return []string{sasl.Plain}
}

func (r *receiving) Auth(string) (sasl.Server, error) {
	return sasl.NewPlainServer(func(_, user, pass string) error {
		if user != r.c.User || pass != Password {
			return errors.New("no")
		}
		r.mail.User = user
		return nil
	}), nil
}

func (r *receiving) Mail(from string, _ *gosmtp.MailOptions) error {
	if r.c.User != "" && r.mail.User == "" {
		return gosmtp.ErrAuthRequired
	}
	_, r.mail.TLS = r.conn.TLSConnectionState()
	r.mail.From = from
	return nil
}

func (r *receiving) Rcpt(to string, _ *gosmtp.RcptOptions) error {
	if r.c.Refuse != nil && !r.c.AtData {
		return r.c.Refuse
	}
	r.mail.To = append(r.mail.To, to)
	return nil
}

func (r *receiving) Data(body io.Reader) error {
	b, err := io.ReadAll(body)
	if err != nil {
		return err
	}
	if r.c.Refuse != nil {
		return r.c.Refuse
	}
	r.mail.Data = b
	r.c.mu.Lock()
	defer r.c.mu.Unlock()
	r.c.mails = append(r.c.mails, r.mail)
	return nil
}

func (r *receiving) Reset()        {}
func (r *receiving) Logout() error { return nil }
