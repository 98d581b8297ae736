// Package hook delivers what a session's hooks waited for: it makes the payload of a delivery,
// signs it, sends it, and judges the answer. When a hook fires is not decided here: package
// store writes an event, consumes the hook and makes the delivery in one transaction; package
// jobs calls Deliverer.Do until it has succeeded or time is up. The broker's packages may import
// it.
package hook

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"pindesk/internal/audit"
	"pindesk/internal/jobs"
)

// Delivery is an event that a hook waited for.
type Delivery struct {
	ID        string
	Session   string
	Region    string
	PINSealed string
	URL       string // the hook's, as it was when the event happened
	Event     audit.Event
}

// Listed is a delivery with what has become of it.
type Listed struct {
	Delivery
	Job jobs.Record
}

// ErrNotFound is what a Store says of a delivery that is not there any more.
var ErrNotFound = errors.New("no such delivery")

// Store keeps deliveries; internal/store implements it.
type Store interface {
	// Delivery returns one. ErrNotFound.
	Delivery(ctx context.Context, id string) (Delivery, error)
}

// Mail is a delivery to our own /api/v1/email/{address}.
type Mail struct {
	Delivery string // id: the same mail is asked for again if the broker died in between
	Session  string // id
	Type     string // of the hook
	PIN      string
	Name     string // what the party says of itself
	Address  string // of the recipient, as it stands in the URL, not checked
}

// Config is what a Deliverer needs.
type Config struct {
	Store Store
	// OpenPIN is Keyring.Open.
	OpenPIN func(sealed, sessionID string) (string, error)
	// Base is the origin of our pages, without a slash at the end.
	Base string
	// Own are the origins under which our own API is reached, Base among them.
	Own []string
	// Key is what the sessions' secrets are made from.
	Key []byte
	// Post sends a body to a URL that a stranger has named, and returns the answer's status
	// and Retry-After. An error is a *jobs.Error.
	Post func(ctx context.Context, to string, h http.Header, body []byte) (status int, after time.Duration, err error)
	// Mail takes a mail over durably. It may be called twice for one delivery, and must send
	// one. Its error is shown to who may see the deliveries if it is a *jobs.Error, and is
	// final if that says so. nil: mails are refused.
	Mail func(ctx context.Context, m Mail) error
	// Clock is for signatures. Default time.Now.
	Clock func() time.Time
}

// Deliverer does the jobs of kind jobs.Hook.
type Deliverer struct{ Config }

// New makes a Deliverer.
func New(c Config) *Deliverer {
	if c.Clock == nil {
		c.Clock = time.Now
	}
	return &Deliverer{c}
}

// emailPath is where our API takes mails; the recipient follows.
const emailPath = "/api/v1/email/"

// Do is the jobs.Handler of deliveries.
func (d *Deliverer) Do(ctx context.Context, j jobs.Job) (status int, err error) {
	one, err := d.Store.Delivery(ctx, j.Ref)
	if errors.Is(err, ErrNotFound) {
		return 0, &jobs.Error{Reason: "the session was erased", Final: true}
	}
	if err != nil {
		return 0, err
	}
	pin, err := d.OpenPIN(one.PINSealed, one.Session)
	if err != nil {
		return 0, err
	}
	p := payload(one, pin, d.Base)
	if to, own := d.recipient(one.URL); own {
		if d.Mail == nil {
			return 0, &jobs.Error{Reason: "this broker sends no mail", Final: true}
		}
		return 0, d.Mail(ctx, Mail{Delivery: one.ID, Session: one.Session, Type: p.Type, PIN: pin, Name: p.Name, Address: to})
	}
	body, err := json.Marshal(p)
	if err != nil { // no field of Payload can fail to marshal
		return 0, err
	}
	h := http.Header{"Content-Type": {"application/json; charset=utf-8"}}
	sign(h, Secret(d.Key, one.Session), one.ID, d.Clock(), body)
	status, after, err := d.Post(ctx, one.URL, h, body)
	if err != nil {
		return status, err
	}
	return status, judge(status, after)
}

// recipient returns the mail address of a hook to our own API.
func (d *Deliverer) recipient(to string) (address string, own bool) {
	u, err := url.Parse(to)
	if err != nil {
		return "", false
	}
	address, isEmail := strings.CutPrefix(u.EscapedPath(), emailPath)
	if !isEmail {
		return "", false
	}
	for _, o := range d.Own {
		if ours, err := url.Parse(o); err == nil && sameOrigin(u, ours) {
			address, err = url.PathUnescape(strings.TrimSuffix(address, "/"))
			return address, err == nil
		}
	}
	return "", false
}

func sameOrigin(a, b *url.URL) bool {
	port := func(u *url.URL) string {
		if p := u.Port(); p != "" {
			return p
		}
		return map[string]string{"http": "80", "https": "443"}[strings.ToLower(u.Scheme)]
	}
	return strings.EqualFold(a.Scheme, b.Scheme) && strings.EqualFold(a.Hostname(), b.Hostname()) && port(a) == port(b)
}

// judge says what an answer means. All but 2xx is tried again, for receivers are sometimes
// misconfigured for an hour, save 410, by which Standard Webhooks lets a receiver say stop.
func judge(status int, after time.Duration) error {
	switch {
	case status >= 200 && status <= 299:
		return nil
	case status == http.StatusGone:
		return &jobs.Error{Reason: "the receiver answered 410: it wants no more", Final: true}
	case status >= 300 && status <= 399:
		return &jobs.Error{Reason: fmt.Sprintf("the receiver answered %d; redirects are not followed", status)}
	}
	return &jobs.Error{Reason: fmt.Sprintf("the receiver answered %d", status), After: after}
}
