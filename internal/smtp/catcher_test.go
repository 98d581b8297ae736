package smtp_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"errors"
	"io"
	"log"
	"math/big"
	"net"
	"sync"
	"testing"
	"time"

	"github.com/emersion/go-sasl"
	gosmtp "github.com/emersion/go-smtp"
)

// catcher is a real SMTP server that keeps what it is given.
type catcher struct {
	addr   string
	roots  *x509.CertPool
	user   string // "": asks for no login
	refuse *gosmtp.SMTPError
	atData bool // refuse the mail instead of its recipient

	mu    sync.Mutex
	mails []caught // guarded by mu
}

type caught struct {
	from string
	to   []string
	tls  bool
	user string
	data []byte
}

const password = "correct horse é %:@/"

// certificate makes one that is valid for 127.0.0.1, and a pool that trusts it.
func certificate(t *testing.T) (tls.Certificate, *x509.CertPool) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	c := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "mail"}, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign | x509.KeyUsageDigitalSignature, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}}
	der, err := x509.CreateCertificate(rand.Reader, c, c, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	if c, err = x509.ParseCertificate(der); err != nil {
		t.Fatal(err)
	}
	roots := x509.NewCertPool()
	roots.AddCert(c)
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, roots
}

// start serves: with STARTTLS, with TLS from the start (implicit), or with neither (plain).
func (c *catcher) start(t *testing.T, security string) *catcher {
	t.Helper()
	cert, roots := certificate(t)
	c.roots = roots
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	c.addr = l.Addr().String()
	s := gosmtp.NewServer(gosmtp.BackendFunc(func(conn *gosmtp.Conn) (gosmtp.Session, error) {
		return &receiving{c: c, conn: conn}, nil
	}))
	s.Domain, s.AllowInsecureAuth, s.EnableSMTPUTF8 = "mail.example.com", true, true
	s.ErrorLog = log.New(io.Discard, "", 0)
	config := &tls.Config{Certificates: []tls.Certificate{cert}}
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

func (c *catcher) all() []caught {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.mails
}

type receiving struct {
	c    *catcher
	conn *gosmtp.Conn
	mail caught
}

func (r *receiving) AuthMechanisms() []string {
	if r.c.user == "" {
		return nil
	}
	return []string{sasl.Plain}
}

func (r *receiving) Auth(string) (sasl.Server, error) {
	return sasl.NewPlainServer(func(_, user, pass string) error {
		if user != r.c.user || pass != password {
			return errors.New("no")
		}
		r.mail.user = user
		return nil
	}), nil
}

func (r *receiving) Mail(from string, _ *gosmtp.MailOptions) error {
	if r.c.user != "" && r.mail.user == "" {
		return gosmtp.ErrAuthRequired
	}
	_, r.mail.tls = r.conn.TLSConnectionState()
	r.mail.from = from
	return nil
}

func (r *receiving) Rcpt(to string, _ *gosmtp.RcptOptions) error {
	if r.c.refuse != nil && !r.c.atData {
		return r.c.refuse
	}
	r.mail.to = append(r.mail.to, to)
	return nil
}

func (r *receiving) Data(body io.Reader) error {
	b, err := io.ReadAll(body)
	if err != nil {
		return err
	}
	if r.c.refuse != nil {
		return r.c.refuse
	}
	r.mail.data = b
	r.c.mu.Lock()
	defer r.c.mu.Unlock()
	r.c.mails = append(r.c.mails, r.mail)
	return nil
}

func (r *receiving) Reset()        {}
func (r *receiving) Logout() error { return nil }
