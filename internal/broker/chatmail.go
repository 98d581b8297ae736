package broker

import (
	"context"
	"errors"

	"pindesk/internal/brand"
	"pindesk/internal/chat"
	"pindesk/internal/fault"
	"pindesk/internal/hook"
	"pindesk/internal/jobs"
	"pindesk/internal/mail"
	"pindesk/internal/relay"
	"pindesk/internal/session"
	"pindesk/internal/smtp"
	"pindesk/internal/wire"
)

// Mail is what an operator sets of mails.
type Mail struct {
	SMTP      smtp.Config // URL "": no mails are sent
	Templates string      // folder; "": ours
	Language  string      // "": en
	PerHour   int         // of this node; 0: mail.DefaultPerHour
	Download  string      // where the guest's program is; "": mails do not say
}

// chats is what the relay stores in.
type chats struct{ *chat.Service }

var _ relay.Chat = chats{}

// Append implements relay.Chat.
func (c chats) Append(ctx context.Context, s relay.Said) (wire.ChatLine, error) {
	l, err := c.Service.Append(ctx, chat.Said(s))
	if errors.Is(err, chat.ErrFull) {
		err = relay.ErrChatFull
	}
	return l, err
}

// Log implements relay.Chat.
func (c chats) Log(ctx context.Context, q relay.ChatQuery) ([]wire.ChatLine, bool, error) {
	return c.Service.Log(ctx, chat.Query(q))
}

func (b *Broker) openChats(c Config) error {
	keep := c.KeepChat
	if keep == 0 {
		keep = chat.DefaultKeep
	}
	most := c.Limits.KeepPIN
	if most == 0 {
		most = session.DefaultKeepPIN
	}
	if keep > most {
		return errors.New("--keep-chat must not be longer than --keep-pin: everything of a session goes with its record")
	}
	s, err := chat.New(b.store, keep, b.now)
	b.chats = chats{s}
	return err
}

// openMail makes what sends mails, if the operator has set a mail server.
func (b *Broker) openMail(c Config, base string) error {
	if c.Mail.SMTP.URL == "" {
		return nil
	}
	sender, err := smtp.New(c.Mail.SMTP)
	if err != nil {
		return err
	}
	language := c.Mail.Language
	if language == "" {
		language = mail.Languages[0]
	}
	templates, err := mail.LoadTemplates(c.Mail.Templates, language)
	if err != nil {
		return err
	}
	look := c.Brand
	if look == nil {
		look = brand.Default()
	}
	if p := look.Colours; p != nil {
		templates.Colours = mail.Colours{Light: p.Light.Colour.String(), OnLight: p.Light.On.String(), Dark: p.Dark.Colour.String(), OnDark: p.Dark.On.String()}
	}
	key, err := b.keys.Derive("mail addresses v1")
	if err != nil {
		return err
	}
	b.mail = mail.New(mail.Config{
		Store: b.store, Sender: sender, Templates: templates, Key: key, OpenPIN: b.keys.Open, Host: b.public.Host, Service: look.Name, PerHour: c.Mail.PerHour, Clock: b.now,
		Links: func(pin string) mail.Links {
			return mail.Links{Guest: base + "/#" + pin, Viewer: base + "/view#" + pin, Download: c.Mail.Download}
		},
	})
	b.mails = jobs.New(jobs.Config{Store: b.store, Kind: jobs.Mail, Handler: b.mail.Do, Log: b.log, Concurrency: 4, Timeout: smtp.Timeout, Clock: c.Clock})
	return nil
}

// mailHook is what hooks to our own /api/v1/email/ are given to; nil without a mail server.
func (b *Broker) mailHook() func(context.Context, hook.Mail) error {
	if b.mail == nil {
		return nil
	}
	return func(ctx context.Context, m hook.Mail) error {
		err := b.mail.Ask(ctx, mail.Request{ID: m.Delivery, Session: m.Session, Address: m.Address, Kind: mail.Kind(m.Type), Name: m.Name})
		var limited *mail.Limited
		var refused *fault.Error
		switch {
		case errors.As(err, &limited):
			return &jobs.Error{Reason: "as many mails as may be have gone out for now", After: limited.After}
		case fault.Code(err) == fault.UnknownSession:
			return &jobs.Error{Reason: "the session has ended", Final: true}
		case errors.As(err, &refused): // the address, or the type
			return &jobs.Error{Reason: refused.Message, Final: true}
		}
		return err
	}
}

// forget erases what was kept long enough of chats and mails.
func (b *Broker) forget(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, workTimeout)
	defer cancel()
	err := b.chats.Sweep(ctx)
	if b.mail != nil {
		err = errors.Join(err, b.mail.Sweep(ctx))
	}
	if err != nil {
		b.log.Error("old chats and addresses could not be erased", "err", err)
	}
}
