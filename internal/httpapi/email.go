package httpapi

import (
	"context"
	"errors"
	"net/http"
	"net/url"

	"github.com/go-chi/chi/v5"

	"pindesk/internal/fault"
	"pindesk/internal/mail"
	"pindesk/internal/session"
)

// Mailer takes wishes for mails; *mail.Service implements it.
type Mailer interface {
	// Ask stores a wish. Errors are fault.Error, or *mail.Limited.
	Ask(ctx context.Context, r mail.Request) error
}

// email: POST /api/v1/email/{address}
//
// The body is a hook's payload, or {"type": "invite", "session_pin": ..., "name": ...}: of what
// is in it only these three fields are read, and the name is the only one of which anything
// gets into the mail.
func (a *api) email(w http.ResponseWriter, r *http.Request) error {
	if a.Mail == nil {
		return fault.New(fault.MailOff, "This broker sends no mail. Tell the person another way, or ask the operator to set a mail server (--smtp-url).")
	}
	var body struct {
		Type mail.Kind `json:"type"`
		PIN  *string   `json:"session_pin"`
		Name string    `json:"name"`
	}
	if err := readJSON(r, &body); err != nil {
		return err
	}
	if body.PIN == nil {
		return fault.New(fault.BadRequest, "The body needs the fields type and session_pin.")
	}
	address := chi.URLParam(r, "address")
	if r.URL.RawPath != "" { // then chi has matched the path as it was sent
		var err error
		if address, err = url.PathUnescape(address); err != nil {
			address = "" // is refused as any other bad address
		}
	}
	err := a.within(r, callEmail, *body.PIN, func(ctx context.Context, _ *session.Kept) error {
		s, err := a.Sessions.Lookup(ctx, *body.PIN)
		if err != nil {
			return err
		}
		return a.Mail.Ask(ctx, mail.Request{Session: s.ID, Address: address, Kind: body.Type, Name: body.Name})
	})
	if l := (*mail.Limited)(nil); errors.As(err, &l) {
		return &retryError{l.Fault, l.After}
	}
	if err != nil {
		return err
	}
	writeJSON(w, r, http.StatusOK, ok)
	return nil
}
