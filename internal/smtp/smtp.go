// Package smtp sends the mails of package mail through the operator's mail server. Only the
// broker's wiring imports it.
//
// The connection is encrypted unless the operator says otherwise, and then no password is sent.
// The sender is fixed and each mail has one recipient, so this is no relay whatever package mail
// is asked for. Errors have neither addresses nor what the server said, since they are shown to
// who asked for the mail.
package smtp

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io/fs"
	"net"
	netmail "net/mail"
	"net/url"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	gomail "github.com/wneessen/go-mail"

	"pindesk/internal/jobs"
	"pindesk/internal/mail"
)

const (
	// Timeout bounds one attempt. It is what the worker of mails should be given.
	Timeout = time.Minute
	// stageTimeout bounds each of its three stages: connecting with the server's greeting, which
	// may take long where strangers are made to wait; the login; and the mail.
	stageTimeout = Timeout / 3
)

// maxPassword is the longest password file in bytes.
const maxPassword = 4 << 10

// Config is what an operator sets.
type Config struct {
	// URL of the mail server:
	//
	//	smtp://user@mail.example.com:587        STARTTLS, or nothing is sent. Port 587 if none is named
	//	smtps://user@mail.example.com:465       TLS from the start. Port 465 if none is named
	//	smtp+plain://localhost:25               no encryption and no login. Port 25 if none is named
	//
	// A password in it is accepted, but Password is better: a URL tends to be shown.
	URL      string
	Password string         // "" means the one of URL
	From     string         // ann@example.com, or Help <help@example.com>
	RootCAs  *x509.CertPool // nil: the system's
}

// Sender is a mail.Sender. It holds no connection between mails, for they are few.
type Sender struct {
	host    string
	options []gomail.Option
	from    netmail.Address
}

var _ mail.Sender = (*Sender)(nil)

// ReadPassword reads a password file; white space at its ends does not count.
func ReadPassword(file string) (string, error) {
	info, err := os.Stat(file)
	if err == nil && info.Size() > maxPassword {
		err = errors.New("it is too large to be a password")
	}
	var b []byte
	if err == nil {
		b, err = os.ReadFile(file)
	}
	if err == nil && strings.TrimSpace(string(b)) == "" {
		err = errors.New("it is empty")
	}
	if pe := (*fs.PathError)(nil); errors.As(err, &pe) {
		err = pe.Err
	}
	if err != nil {
		return "", fmt.Errorf("the file of the mail server's password, %s, cannot be used: %w", file, err)
	}
	return strings.TrimSpace(string(b)), nil
}

// New checks c and opens nothing. Its errors say what to do, and hold no password.
func New(c Config) (*Sender, error) {
	u, err := url.Parse(c.URL)
	if err != nil || u.Hostname() == "" || u.Opaque != "" || strings.Trim(u.Path, "/") != "" || u.RawQuery != "" || u.Fragment != "" {
		return nil, errors.New("the mail server's URL must be such as smtp://user@mail.example.com:587, smtps://… or smtp+plain://… (a password in it needs %-escapes)")
	}
	s := &Sender{host: u.Hostname(), options: []gomail.Option{gomail.WithoutNoop()}}
	user, password := "", c.Password
	if u.User != nil {
		user = u.User.Username()
		if p, has := u.User.Password(); has && password == "" {
			password = p
		}
	}
	port, err := s.security(u, user != "", c.RootCAs)
	if err != nil {
		return nil, err
	}
	if u.Port() != "" {
		if port, err = strconv.Atoi(u.Port()); err != nil || port < 1 || port > 65535 {
			return nil, errors.New("the port in the mail server's URL must be a number from 1 to 65535")
		}
	}
	s.options = append(s.options, gomail.WithPort(port))
	switch {
	case user != "" && password == "":
		return nil, fmt.Errorf("the mail server's URL names the user %q and there is no password: give it by --smtp-password-file or PINDESK_SMTP_PASSWORD", user)
	case user == "" && password != "":
		return nil, errors.New("there is a password for the mail server, but its URL names no user: write smtp://USER@HOST")
	case user != "":
		s.options = append(s.options, gomail.WithSMTPAuth(gomail.SMTPAuthAutoDiscover), gomail.WithUsername(user), gomail.WithPassword(password))
	}
	if s.from, err = parseFrom(c.From); err != nil {
		return nil, err
	}
	// The name in HELO: that of the sender's domain is what such a server can look up; the
	// machine's own often has no meaning outside.
	_, domain, _ := strings.Cut(s.from.Address, "@")
	s.options = append(s.options, gomail.WithHELO(domain))
	_, err = gomail.NewClient(s.host, s.options...)
	if err != nil {
		return nil, fmt.Errorf("mail server: %w", err)
	}
	return s, nil
}

// security sets how the connection is encrypted, and returns the usual port.
func (s *Sender) security(u *url.URL, login bool, roots *x509.CertPool) (port int, err error) {
	s.options = append(s.options, gomail.WithTLSConfig(&tls.Config{ServerName: s.host, RootCAs: roots, MinVersion: tls.VersionTLS12}))
	switch u.Scheme {
	case "smtp":
		s.options = append(s.options, gomail.WithTLSPolicy(gomail.TLSMandatory))
		return 587, nil
	case "smtps":
		s.options = append(s.options, gomail.WithSSL())
		return 465, nil
	case "smtp+plain":
		if login {
			return 0, errors.New("a password is not sent without encryption: use smtp:// (STARTTLS) or smtps:// for the mail server")
		}
		s.options = append(s.options, gomail.WithTLSPolicy(gomail.NoTLS))
		return 25, nil
	}
	return 0, errors.New("the mail server's URL must begin with smtp:// (STARTTLS), smtps:// (TLS) or smtp+plain:// (no encryption)")
}

func parseFrom(s string) (netmail.Address, error) {
	const do = "set the sender of mails by --mail-from, such as help@example.com or \"Help <help@example.com>\""
	if s == "" {
		return netmail.Address{}, errors.New(do)
	}
	from, err := netmail.ParseAddress(s)
	if err != nil {
		return netmail.Address{}, fmt.Errorf("%q is no sender: %s", s, do)
	}
	a, err := mail.ParseAddress(from.Address)
	if err != nil {
		return netmail.Address{}, fmt.Errorf("%q is no sender: %s", s, do)
	}
	return netmail.Address{Name: from.Name, Address: a.String()}, nil
}

// Send implements mail.Sender.
func (s *Sender) Send(ctx context.Context, m mail.Message) (status int, err error) {
	msg, err := s.build(m)
	if err != nil {
		return 0, err
	}
	stage := stageTimeout
	if end, has := ctx.Deadline(); has { // go-mail looks at ctx only while it connects
		stage = max(min(stage, time.Until(end)/3), time.Millisecond)
	}
	client, err := gomail.NewClient(s.host, append(slices.Clone(s.options), gomail.WithTimeout(stage))...)
	if err != nil {
		return 0, err
	}
	err = client.DialAndSendWithContext(ctx, msg)
	if err == nil || msg.IsDelivered() { // a goodbye that fails afterwards does not matter
		return 250, nil
	}
	return judge(err)
}

func (s *Sender) build(m mail.Message) (*gomail.Msg, error) {
	msg := gomail.NewMsg(gomail.WithNoDefaultUserAgent())
	msg.FromMailAddress(&s.from)
	if err := msg.EnvelopeFrom(s.from.Address); err != nil {
		return nil, err
	}
	// Not a string that is parsed again: To is one address, and stays one.
	msg.AddToMailAddress(&netmail.Address{Address: m.To.String()})
	msg.Subject(m.Subject)
	msg.SetDateWithValue(m.At)
	_, domain, _ := strings.Cut(s.from.Address, "@")
	msg.SetMessageIDWithValue(m.ID + "@" + domain) // the same at each try: mailboxes drop the second
	// RFC 3834: nobody's holiday note shall answer, nor Exchange's.
	msg.SetGenHeader("Auto-Submitted", "auto-generated")
	msg.SetGenHeader("X-Auto-Response-Suppress", "All")
	msg.SetBodyString(gomail.TypeTextPlain, m.Text)
	msg.AddAlternativeString(gomail.TypeTextHTML, m.HTML)
	if n, err := msg.GetRecipients(); err != nil || len(n) != 1 {
		return nil, errors.New("smtp: a mail must have one recipient")
	}
	return msg, nil
}

// judge says what an error of go-mail means. Only what the server refuses for good by a code of
// 5xx for this mail is final: what is wrong with the server or the login, an operator will repair.
func judge(err error) (status int, failure error) {
	var sent *gomail.SendError
	if errors.As(err, &sent) {
		status = sent.ErrorCode()
		switch {
		case sent.Reason == gomail.ErrSMTPRcptTo && status >= 500:
			return status, &jobs.Error{Reason: fmt.Sprintf("the mail server refuses the recipient (%d)", status), Final: true}
		case sent.Reason == gomail.ErrSMTPDataClose && status >= 500:
			return status, &jobs.Error{Reason: fmt.Sprintf("the mail server refuses the mail (%d)", status), Final: true}
		case status != 0:
			return status, &jobs.Error{Reason: fmt.Sprintf("the mail server does not take the mail now (%d)", status)}
		}
	}
	var (
		certificate *tls.CertificateVerificationError
		record      tls.RecordHeaderError
		dial        *net.OpError
		dns         *net.DNSError
	)
	reason := "the mail server cannot be used now"
	switch {
	case errors.As(err, &certificate):
		reason = "the mail server's certificate is not valid for its name"
	case errors.As(err, &record):
		reason = "the mail server does not speak TLS at this port"
	case errors.As(err, &dns):
		reason = "the mail server's name is not found"
	case errors.Is(err, context.DeadlineExceeded), errors.As(err, &dial) && dial.Timeout():
		reason = "the mail server does not answer"
	case errors.As(err, &dial) && dial.Op == "dial":
		reason = "the mail server cannot be reached"
	case strings.Contains(err.Error(), "AUTH"), strings.Contains(err.Error(), "authentication"):
		reason = "the login at the mail server failed"
	case strings.Contains(err.Error(), "STARTTLS"):
		reason = "the mail server offers no STARTTLS"
	}
	return status, &jobs.Error{Reason: reason}
}
