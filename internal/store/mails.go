package store

import (
	"context"
	"database/sql"
	"errors"
	"time"

	"pindesk/internal/audit"
	"pindesk/internal/jobs"
	"pindesk/internal/mail"
)

var _ mail.Store = (*Store)(nil)

// AddMail implements mail.Store. It holds the session's row, so that the session's cap is exact;
// several sessions at once may exceed the address's by as many as they are.
func (s *Store) AddMail(ctx context.Context, m mail.Asked, l mail.Limits) error {
	err := s.tx(ctx, func(ctx context.Context, q db) error {
		at := m.At.UnixMilli()
		var alive bool
		err := q.row(ctx, `SELECT `+living+` FROM sessions WHERE id = ?`+q.forUpdate, at, m.Session).Scan(&alive)
		if errors.Is(err, sql.ErrNoRows) || err == nil && !alive && !m.Kind.AfterEnd() {
			return mail.ErrEnded
		}
		if err != nil {
			return err
		}
		var same, ofSession, toAddress int
		if err := q.row(ctx, `SELECT COUNT(*) FROM mails WHERE id = ?`, m.ID).Scan(&same); err != nil || same > 0 {
			return err
		}
		if err := q.row(ctx, `SELECT COUNT(*) FROM mails WHERE session_id = ?`, m.Session).Scan(&ofSession); err != nil {
			return err
		}
		if ofSession >= l.PerSession {
			return mail.ErrSessionFull
		}
		if err := q.row(ctx, `SELECT COUNT(*) FROM mails WHERE address_mac = ? AND created_at > ?`, m.AddressMAC, l.Since.UnixMilli()).Scan(&toAddress); err != nil {
			return err
		}
		if toAddress >= l.PerAddress {
			return mail.ErrAddressFull
		}
		if _, err := q.exec(ctx, `
			INSERT INTO mails (id, session_id, kind, name, address, address_mac, created_at) VALUES (?, ?, ?, ?, ?, ?, ?)`,
			m.ID, m.Session, m.Kind, m.Name, m.Address.String(), m.AddressMAC, at); err != nil {
			return err
		}
		if err := q.enqueue(ctx, jobs.Mail, m.ID, m.Session, m.At); err != nil {
			return err
		}
		_, err = q.note(ctx, m.Session, m.At, audit.MailAsked, audit.Data{Host: m.Address.Domain(), Reason: string(m.Kind), Address: audit.ActorOf(ctx).Address})
		return err
	})
	if err == nil {
		s.hint(jobs.Mail)
	}
	return err
}

// Mail implements mail.Store.
func (s *Store) Mail(ctx context.Context, id string, now time.Time) (mail.Stored, error) {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	m := mail.Stored{ID: id}
	var at, alive int64
	err := s.reader().row(ctx, `
		SELECT m.session_id, m.kind, m.name, m.address, m.created_at, s.pin_sealed, s.region,
			CASE WHEN s.ended_at IS NULL AND s.expires_at > ? THEN 1 ELSE 0 END
		FROM mails m JOIN sessions s ON s.id = m.session_id WHERE m.id = ?`, now.UnixMilli(), id).
		Scan(&m.Session, &m.Kind, &m.Name, &m.Address, &at, &m.PINSealed, &m.Region, &alive)
	if errors.Is(err, sql.ErrNoRows) {
		return mail.Stored{}, mail.ErrNotFound
	}
	m.At, m.Ended = fromMS(at), alive == 0
	return m, err
}

// EraseMail implements mail.Store.
func (s *Store) EraseMail(ctx context.Context, id string) error {
	_, err := s.change(ctx, `UPDATE mails SET address = '', name = '' WHERE id = ?`, id)
	return err
}

// EraseMails implements mail.Store.
func (s *Store) EraseMails(ctx context.Context, before time.Time) error {
	_, err := s.change(ctx, `UPDATE mails SET address = '', name = '' WHERE address <> '' AND created_at < ?`, before.UnixMilli())
	return err
}
