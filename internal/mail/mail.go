// Package mail is what PinDesk mails to people: that somebody waits for them in a session, has
// left it, or invites them to it. Whoever has a PIN may ask for such a mail to any address, so
// nothing of what the caller writes gets into it but a short name: subject, text and links are
// made from our templates (or the operator's), the sender is fixed, there is one recipient, and
// the number of mails is capped for an address, a session and a node. Package mail is domain:
// storage is behind Store, SMTP behind Sender. The broker's packages may import it.
package mail

import (
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"
	"time"

	"golang.org/x/time/rate"

	"pindesk/internal/fault"
	"pindesk/internal/jobs"
)

// Kind says what a mail is about. The first four are the types of hooks, so that a hook's
// payload is a valid request for a mail.
type Kind string

// The kinds, and whom the mail is for.
const (
	ViewerStarted    Kind = "viewer_started"    // the guest: a technician waits
	PresenterStarted Kind = "presenter_started" // the technician: a guest waits
	ViewerOffline    Kind = "viewer_offline"    // the guest: no technician is there any more
	PresenterOffline Kind = "presenter_offline" // the technician: the guest is not there any more
	Invite           Kind = "invite"            // a guest: come to this session
	InviteViewer     Kind = "invite_viewer"     // a technician: come to this session
)

// Kinds has all kinds.
var Kinds = []Kind{ViewerStarted, PresenterStarted, ViewerOffline, PresenterOffline, Invite, InviteViewer}

// ForGuest reports whether mails of kind k are for a guest, else for a technician.
func (k Kind) ForGuest() bool { return k == ViewerStarted || k == ViewerOffline || k == Invite }

// AfterEnd reports whether mails of kind k also go out when their session has ended: that somebody
// is gone is true then as well, and often because of it. The others ask for something that nobody
// can do any more.
func (k Kind) AfterEnd() bool { return k == ViewerOffline || k == PresenterOffline }

// Caps.
const (
	// MaxPerAddress mails go to one address within AddressWindow, from all sessions.
	MaxPerAddress = 10
	AddressWindow = time.Hour
	// MaxPerSession mails go out for one session.
	MaxPerSession = 20
	// DefaultPerHour mails are taken by one node in an hour.
	DefaultPerHour = 300

	// eraseAfter is when the address of a mail is erased that nobody sends any more: longer
	// than a job lives.
	eraseAfter = 25 * time.Hour
)

// Errors of a Store.
var (
	ErrNotFound    = errors.New("mail: not found")
	ErrEnded       = errors.New("mail: the session has ended")
	ErrAddressFull = errors.New("mail: too many to this address")
	ErrSessionFull = errors.New("mail: too many for this session")
)

// Request is a wish for a mail.
type Request struct {
	// ID makes the same wish known: a second one with it does nothing. "" means a new one.
	ID      string
	Session string // id of a living session
	Address string // as the caller wrote it
	Kind    Kind
	Name    string // of who waits or invites, self-declared; may be ""
}

// Asked is a mail to be stored.
type Asked struct {
	ID, Session string
	Kind        Kind
	Name        string
	Address     Address
	AddressMAC  string // what mails to one address are counted by; keyed, so that it tells nothing
	At          time.Time
}

// Stored is a mail to be sent.
type Stored struct {
	ID, Session string
	Kind        Kind
	Name        string
	Address     string
	PINSealed   string
	Region      string
	Ended       bool // the session has ended
	At          time.Time
}

// Limits of a Store.
type Limits struct {
	PerAddress, PerSession int
	Since                  time.Time // mails to the address before it do not count
}

// Store keeps mails; internal/store implements it.
type Store interface {
	// Now is the clock that all nodes on the same database share.
	Now() time.Time
	// AddMail stores a mail, the job that sends it, and an event of it, in one transaction. A
	// mail of the same id changes nothing. ErrEnded (but see Kind.AfterEnd), ErrAddressFull, ErrSessionFull.
	AddMail(ctx context.Context, m Asked, l Limits) error
	// Mail returns a mail. ErrNotFound.
	Mail(ctx context.Context, id string, now time.Time) (Stored, error)
	// EraseMail erases the address and the name of a mail that needs no more sending.
	EraseMail(ctx context.Context, id string) error
	// EraseMails does so for all mails from before a time.
	EraseMails(ctx context.Context, before time.Time) error
}

// Message is a mail that is ready.
type Message struct {
	ID      string // the same at each try
	To      Address
	Subject string // one line
	Text    string // plain
	HTML    string
	At      time.Time // when it was asked for
}

// Sender sends one message to its one recipient. It must return soon after ctx is done. status is
// the mail server's code, 0 if it gave none. An error should be a *jobs.Error, and have neither
// an address nor what a server said.
type Sender interface {
	Send(ctx context.Context, m Message) (status int, err error)
}

// Limited is a refusal that passes by itself.
type Limited struct {
	Fault *fault.Error
	After time.Duration // about
}

func (l *Limited) Error() string { return l.Fault.Error() }
func (l *Limited) Unwrap() error { return l.Fault }

// Links are where a mail leads, for one session.
type Links struct {
	Guest    string // page of the guest
	Viewer   string // page of the technician
	Download string // the guest's program; "" if there is none
}

// Config of a Service.
type Config struct {
	Store     Store
	Sender    Sender
	Templates *Templates
	Key       []byte                                       // for Asked.AddressMAC; the same on all nodes
	OpenPIN   func(sealed, session string) (string, error) // opens Stored.PINSealed
	Links     func(pin string) Links
	Host      string           // of the broker, for people
	Service   string           // what the operator calls it
	PerHour   int              // 0: DefaultPerHour
	Clock     func() time.Time // nil: Store.Now
}

// Service takes wishes and sends mails. It starts no goroutine and is safe for use by several.
type Service struct {
	Config
	node *rate.Limiter
}

// New makes a Service.
func New(c Config) *Service {
	if c.PerHour <= 0 {
		c.PerHour = DefaultPerHour
	}
	if c.Clock == nil {
		c.Clock = c.Store.Now
	}
	return &Service{c, rate.NewLimiter(rate.Every(time.Hour/time.Duration(c.PerHour)), c.PerHour)}
}

// Ask stores a wish; the mail goes out soon after. fault.BadRequest for an unknown kind,
// fault.BadAddress, fault.UnknownSession; *Limited beyond a cap.
func (s *Service) Ask(ctx context.Context, r Request) error {
	if !known(r.Kind) {
		return fault.New(fault.BadRequest, "The field type must be one of "+names()+".")
	}
	to, err := ParseAddress(r.Address)
	if err != nil {
		return err
	}
	now := s.Clock().UTC().Truncate(time.Millisecond)
	if r.ID == "" {
		r.ID = rand.Text()
	}
	turn := s.node.ReserveN(now, 1)
	if wait := turn.DelayFrom(now); wait > 0 {
		turn.CancelAt(now)
		return limited("This broker has sent as many mails as it may for now. Try again later, or tell the person another way.", wait)
	}
	err = s.Store.AddMail(ctx, Asked{ID: r.ID, Session: r.Session, Kind: r.Kind, Name: CleanName(r.Name), Address: to, AddressMAC: s.mac(to), At: now},
		Limits{PerAddress: MaxPerAddress, PerSession: MaxPerSession, Since: now.Add(-AddressWindow)})
	if err != nil {
		turn.CancelAt(now)
	}
	switch {
	case errors.Is(err, ErrEnded):
		return fault.New(fault.UnknownSession, "")
	case errors.Is(err, ErrAddressFull):
		return limited("This address has got as many mails as it may for now. Try again later, or tell the person another way.", AddressWindow)
	case errors.Is(err, ErrSessionFull):
		return limited("As many mails as may be have gone out for this session. Tell the person another way, or make a new session.", 24*time.Hour)
	case err != nil:
		return fmt.Errorf("store mail: %w", err)
	}
	return nil
}

func limited(message string, after time.Duration) error {
	return &Limited{fault.New(fault.TooMany, message), after}
}

func known(k Kind) bool {
	for _, o := range Kinds {
		if o == k {
			return true
		}
	}
	return false
}

func names() string {
	var all []string
	for _, k := range Kinds {
		all = append(all, string(k))
	}
	return strings.Join(all, ", ")
}

// mac is the same for all spellings that mail servers commonly take as one mailbox: case, what stands
// behind a plus, and dots in the name, which Gmail does not see.
func (s *Service) mac(a Address) string {
	local, _, _ := strings.Cut(strings.ToLower(a.local), "+")
	local = strings.ReplaceAll(local, ".", "")
	h := hmac.New(sha256.New, s.Key)
	h.Write([]byte(local + "@" + a.domain))
	return base64.RawURLEncoding.EncodeToString(h.Sum(nil))
}

// Do sends a mail that was stored: it is the jobs.Handler of mails. The session's PIN is read
// now, so a mail of a session that has ended meanwhile is not sent, but see Kind.AfterEnd. A mail that was sent, or
// that never can be, loses its address.
func (s *Service) Do(ctx context.Context, j jobs.Job) (status int, err error) {
	m, err := s.Store.Mail(ctx, j.Ref, s.Clock())
	if errors.Is(err, ErrNotFound) {
		return 0, &jobs.Error{Reason: "the session was erased", Final: true}
	}
	if err != nil {
		return 0, fmt.Errorf("read mail: %w", err)
	}
	if m.Address == "" { // sent, but that could not be written down
		return 0, nil
	}
	status, err = s.send(ctx, m)
	var e *jobs.Error
	if err == nil || errors.As(err, &e) && e.Final {
		// Sent is sent: if this fails, EraseMails comes later, and a second mail would be worse.
		_ = s.Store.EraseMail(context.WithoutCancel(ctx), j.Ref)
	}
	return status, err
}

func (s *Service) send(ctx context.Context, m Stored) (status int, err error) {
	if m.Ended && !m.Kind.AfterEnd() {
		return 0, &jobs.Error{Reason: "the session has ended", Final: true}
	}
	to, err := ParseAddress(m.Address)
	if err != nil {
		return 0, &jobs.Error{Reason: "the address is no longer accepted", Final: true}
	}
	pin, err := s.OpenPIN(m.PINSealed, m.Session)
	if err != nil {
		return 0, err
	}
	msg, err := s.Templates.Compose(m.Kind, Fields{Name: m.Name, PIN: pin, Region: m.Region, Host: s.Host, Service: s.Service, Links: s.Links(pin)})
	if err != nil {
		return 0, err
	}
	msg.ID, msg.To, msg.At = m.ID, to, m.At
	return s.Sender.Send(ctx, msg)
}

// Sweep erases the addresses of mails that nobody sends any more.
func (s *Service) Sweep(ctx context.Context) error {
	if err := s.Store.EraseMails(ctx, s.Clock().Add(-eraseAfter)); err != nil {
		return fmt.Errorf("erase old addresses: %w", err)
	}
	return nil
}
