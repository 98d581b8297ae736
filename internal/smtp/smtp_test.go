package smtp_test

import (
	"bytes"
	"context"
	"crypto/x509"
	"errors"
	"io"
	"mime"
	"mime/multipart"
	"mime/quotedprintable"
	"net"
	netmail "net/mail"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	gosmtp "github.com/emersion/go-smtp"
	"go.uber.org/goleak"

	"pindesk/internal/jobs"
	"pindesk/internal/mail"
	"pindesk/internal/smtp"
	"pindesk/internal/smtp/smtptest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var at = time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)

// invitation is a real mail, made by our templates in a language with letters beyond ASCII.
func invitation(t *testing.T, to string) mail.Message {
	t.Helper()
	all, err := mail.LoadTemplates("", "de")
	if err != nil {
		t.Fatal(err)
	}
	m, err := all.Compose(mail.Invite, mail.Fields{Name: "Jörg", PIN: "7W2-97-8570", Host: "help.example.com", Links: mail.Links{
		Guest: "https://help.example.com/#7W2-97-8570", Viewer: "https://help.example.com/view#7W2-97-8570", Download: "https://help.example.com/get?a=1&b=2"}})
	if err != nil {
		t.Fatal(err)
	}
	m.ID, m.At = "ABCDEF", at
	if m.To, err = mail.ParseAddress(to); err != nil {
		t.Fatal(err)
	}
	return m
}

func sender(t *testing.T, c *smtptest.Catcher, scheme string) *smtp.Sender {
	t.Helper()
	u := url.URL{Scheme: scheme, Host: c.Addr}
	config := smtp.Config{From: "Hilfe für alle <help@example.com>", RootCAs: c.Roots}
	if c.User != "" {
		u.User, config.Password = url.User(c.User), smtptest.Password
	}
	config.URL = u.String()
	s, err := smtp.New(config)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// parts reads a mail as a mailbox would.
func parts(t *testing.T, data []byte) (h netmail.Header, text, html string) {
	t.Helper()
	m, err := netmail.ReadMessage(bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	kind, params, err := mime.ParseMediaType(m.Header.Get("Content-Type"))
	if err != nil || kind != "multipart/alternative" {
		t.Fatalf("content type %q, %v", kind, err)
	}
	r := multipart.NewReader(m.Body, params["boundary"])
	for _, part := range []struct {
		kind string
		to   *string
	}{{"text/plain", &text}, {"text/html", &html}} { // in this order: the last one is the best
		p, err := r.NextRawPart()
		if err != nil {
			t.Fatal(err)
		}
		kind, params, err := mime.ParseMediaType(p.Header.Get("Content-Type"))
		if err != nil || kind != part.kind || !strings.EqualFold(params["charset"], "utf-8") || p.Header.Get("Content-Transfer-Encoding") != "quoted-printable" {
			t.Fatalf("part %v", p.Header)
		}
		b, err := io.ReadAll(quotedprintable.NewReader(p))
		if err != nil {
			t.Fatal(err)
		}
		*part.to = strings.ReplaceAll(string(b), "\r\n", "\n")
	}
	if _, err := r.NextRawPart(); !errors.Is(err, io.EOF) {
		t.Errorf("a third part: %v", err)
	}
	return m.Header, text, html
}

func TestSend(t *testing.T) {
	for _, c := range []struct {
		name, security, scheme, user string
		tls                          bool
	}{
		{"STARTTLS and a login", "starttls", "smtp", "robot@example.com", true},
		{"STARTTLS without a login", "starttls", "smtp", "", true},
		{"TLS from the start", "implicit", "smtps", "robot", true},
		{"no encryption", "plain", "smtp+plain", "", false},
	} {
		t.Run(c.name, func(t *testing.T) {
			server := (&smtptest.Catcher{User: c.user}).Start(t, c.security)
			want := invitation(t, "ann@example.org")
			for range 2 { // as after a broker that died before it wrote the success down
				if status, err := sender(t, server, c.scheme).Send(t.Context(), want); status != 250 || err != nil {
					t.Fatalf("status %d, %v", status, err)
				}
			}
			got := server.Mails()
			if len(got) != 2 {
				t.Fatalf("%d mails arrived", len(got))
			}
			m := got[0]
			if m.From != "help@example.com" || len(m.To) != 1 || m.To[0] != "ann@example.org" || m.User != c.user {
				t.Errorf("envelope %+v", m)
			}
			if m.TLS != c.tls && c.security != "implicit" { // the server does not see what its listener does
				t.Errorf("TLS %v, want %v", m.TLS, c.tls)
			}
			h, text, html := parts(t, m.Data)
			if text != want.Text || html != want.HTML {
				t.Errorf("arrived as\n%s\n%s", text, html)
			}
			for name, value := range map[string]string{
				"From": "Hilfe für alle <help@example.com>", "To": "<ann@example.org>", "Subject": "Einladung zu einer Hilfesitzung",
				"Message-Id": "<ABCDEF@example.com>", "Date": "Mon, 23 Nov 2026 12:00:00 +0000", "Auto-Submitted": "auto-generated", "Mime-Version": "1.0",
				"Bcc": "", "Cc": "", "Reply-To": "", "User-Agent": "",
			} {
				if got, err := new(mime.WordDecoder).DecodeHeader(h.Get(name)); err != nil || strings.ReplaceAll(got, `"`, "") != value || len(h[name]) > 1 {
					t.Errorf("%s: %q (%v), want %q", name, h[name], err, value)
				}
			}
			again, _, _ := parts(t, got[1].Data)
			if again.Get("Message-Id") != h.Get("Message-Id") {
				t.Error("the same mail has another Message-ID when it is sent again")
			}
		})
	}
}

func TestSendBeyondASCII(t *testing.T) {
	server := (&smtptest.Catcher{}).Start(t, "starttls")
	if _, err := sender(t, server, "smtp").Send(t.Context(), invitation(t, "jörg@bücher.example")); err != nil {
		t.Fatal(err)
	}
	m := server.Mails()[0]
	if len(m.To) != 1 || m.To[0] != "jörg@xn--bcher-kva.example" {
		t.Errorf("sent to %q", m.To)
	}
	if h, _, _ := parts(t, m.Data); h.Get("To") != "<jörg@xn--bcher-kva.example>" {
		t.Errorf("To: %q", h.Get("To"))
	}
}

// TestSubjectIsOneHeader: even a subject that our templates could not make adds no header.
func TestSubjectIsOneHeader(t *testing.T) {
	server := (&smtptest.Catcher{}).Start(t, "plain")
	m := invitation(t, "ann@example.org")
	m.Subject = "Hi\r\nBcc: eve@example.org\r\n\r\nBody"
	if _, err := sender(t, server, "smtp+plain").Send(t.Context(), m); err == nil {
		h, _, _ := parts(t, server.Mails()[0].Data)
		if h.Get("Bcc") != "" || len(server.Mails()[0].To) != 1 {
			t.Errorf("headers %v", h)
		}
	}
}

func TestSendFails(t *testing.T) {
	refused := func(code int) *gosmtp.SMTPError {
		return &gosmtp.SMTPError{Code: code, EnhancedCode: gosmtp.EnhancedCode{code / 100, 1, 1}, Message: "ann@example.org has secret reasons"}
	}
	for _, c := range []struct {
		name, security, scheme string
		server                 *smtptest.Catcher
		broken                 func(*smtp.Config)
		status                 int
		reason                 string
		final                  bool
	}{
		{"no such recipient", "starttls", "smtp", &smtptest.Catcher{Refuse: refused(550)}, nil, 550, "refuses the recipient (550)", true},
		{"greylisted", "starttls", "smtp", &smtptest.Catcher{Refuse: refused(450)}, nil, 450, "does not take the mail now (450)", false},
		{"taken for spam", "starttls", "smtp", &smtptest.Catcher{Refuse: refused(554), AtData: true}, nil, 554, "refuses the mail (554)", true},
		{"disk full", "starttls", "smtp", &smtptest.Catcher{Refuse: refused(452), AtData: true}, nil, 452, "does not take the mail now (452)", false},
		{"no STARTTLS", "plain", "smtp", &smtptest.Catcher{}, nil, 0, "offers no STARTTLS", false},
		{"no TLS", "plain", "smtps", &smtptest.Catcher{}, nil, 0, "does not speak TLS", false},
		{"unknown certificate", "starttls", "smtp", &smtptest.Catcher{}, func(c *smtp.Config) { c.RootCAs = x509.NewCertPool() }, 0, "certificate is not valid", false},
		{"wrong password", "starttls", "smtp", &smtptest.Catcher{User: "robot"}, func(c *smtp.Config) { c.Password = "wrong" }, 0, "login at the mail server failed", false},
		{"nobody listens", "starttls", "smtp", &smtptest.Catcher{}, func(c *smtp.Config) { c.URL = "smtp://127.0.0.1:1" }, 0, "cannot be reached", false},
	} {
		t.Run(c.name, func(t *testing.T) {
			server := c.server.Start(t, c.security)
			u := url.URL{Scheme: c.scheme, Host: server.Addr}
			config := smtp.Config{From: "help@example.com", RootCAs: server.Roots}
			if server.User != "" {
				u.User = url.User(server.User)
			}
			config.URL = u.String()
			if c.broken != nil {
				c.broken(&config)
			}
			s, err := smtp.New(config)
			if err != nil {
				t.Fatal(err)
			}
			status, err := s.Send(t.Context(), invitation(t, "ann@example.org"))
			var e *jobs.Error
			if !errors.As(err, &e) || status != c.status || e.Final != c.final || !strings.Contains(e.Reason, c.reason) {
				t.Errorf("status %d, %v", status, err)
			}
			if err != nil && (strings.Contains(err.Error(), "ann@") || strings.Contains(err.Error(), "secret")) {
				t.Errorf("the error tells too much: %v", err)
			}
			if n := len(server.Mails()); n != 0 {
				t.Errorf("%d mails arrived", n)
			}
		})
	}
}

// TestSilentServer: one that accepts and says nothing does not hold the worker up.
func TestSilentServer(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	s, err := smtp.New(smtp.Config{URL: "smtp://" + l.Addr().String(), From: "help@example.com"})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
	defer cancel()
	began := time.Now()
	_, err = s.Send(ctx, invitation(t, "ann@example.org"))
	var e *jobs.Error
	if !errors.As(err, &e) || e.Final || time.Since(began) > 5*time.Second {
		t.Errorf("after %v: %v", time.Since(began), err)
	}
}

func TestNewRefuses(t *testing.T) {
	for _, c := range []struct{ name, url, password, from, want string }{
		{"nothing", "", "", "a@example.com", "must be such as"},
		{"no host", "smtp://", "", "a@example.com", "must be such as"},
		{"http", "http://mail.example.com", "", "a@example.com", "begin with smtp://"},
		{"path", "smtp://mail.example.com/x", "", "a@example.com", "must be such as"},
		{"port", "smtp://mail.example.com:0", "", "a@example.com", "port"},
		{"user without a password", "smtp://u@mail.example.com", "", "a@example.com", "--smtp-password-file"},
		{"password without a user", "smtp://mail.example.com", "hunter2", "a@example.com", "names no user"},
		{"password in the clear", "smtp+plain://u@mail.example.com", "hunter2", "a@example.com", "without encryption"},
		{"bad escapes", "smtp://u:hunter2%zz@mail.example.com", "", "a@example.com", "%-escapes"},
		{"no sender", "smtp://mail.example.com", "", "", "--mail-from"},
		{"two senders", "smtp://mail.example.com", "", "a@example.com, b@example.com", "--mail-from"},
		{"sender without a domain", "smtp://mail.example.com", "", "root@localhost", "--mail-from"},
		{"header in the sender", "smtp://mail.example.com", "", "a\r\nBcc: x <a@example.com>", "--mail-from"},
	} {
		_, err := smtp.New(smtp.Config{URL: c.url, Password: c.password, From: c.from})
		if err == nil || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%s: %v", c.name, err)
		}
	}
}

func TestReadPassword(t *testing.T) {
	dir := t.TempDir()
	file := func(name, text string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	if got, err := smtp.ReadPassword(file("good", " a b\n")); err != nil || got != "a b" {
		t.Errorf("%q, %v", got, err)
	}
	for _, bad := range []string{file("empty", "\n"), file("large", strings.Repeat("x", 5000)), filepath.Join(dir, "none"), dir} {
		if got, err := smtp.ReadPassword(bad); err == nil || got != "" || strings.Contains(err.Error(), "xxx") {
			t.Errorf("%s: %q, %v", bad, got, err)
		}
	}
}
