package store

import (
	"context"
	"database/sql"
	"errors"
	"math"

	"pindesk/internal/audit"
	"pindesk/internal/jobs"
	"pindesk/internal/session"
)

// Join implements session.Store. It holds the session's row, so that the caps are exact.
func (s *Store) Join(ctx context.Context, t session.NewTicket) (found session.Session, resumed bool, err error) {
	err = s.tx(ctx, func(ctx context.Context, q db) error {
		now := t.Now.UnixMilli()
		found, err = scanSession(q.row(ctx, `SELECT `+sessionColumns+` FROM sessions WHERE pin_mac = ? AND `+living+q.forUpdate,
			t.PINMAC, now))
		if err != nil {
			return err
		}
		party, err := q.resume(ctx, found.ID, t)
		if err != nil {
			return err
		}
		resumed = party != ""
		var tickets int
		if err := q.row(ctx, `SELECT COUNT(*) FROM tickets WHERE session_id = ? AND expires_at > ?`, found.ID, now).Scan(&tickets); err != nil {
			return err
		}
		if tickets >= t.MaxTickets {
			return session.ErrFull
		}
		var shown sql.NullString
		if resumed {
			shown = sql.NullString{String: t.ResumeHash, Valid: true}
		} else {
			party = t.PartyID
			if err := q.addParty(ctx, found.ID, t); err != nil {
				return err
			}
		}
		_, err = q.exec(ctx, `INSERT INTO tickets (hash, session_id, party_id, role, shown_hash, address, expires_at) VALUES (?, ?, ?, ?, ?, ?, ?)`,
			t.TicketHash, found.ID, party, t.Role, shown, audit.ActorOf(ctx).Address, t.ExpiresAt.UnixMilli())
		return err
	})
	if err != nil {
		return session.Session{}, false, err
	}
	return found, resumed, nil
}

// resume finds the party that a resume secret belongs to, "" if there is none. The newest
// secret counts, and the one before it until the newest is shown: a party whose admission
// got lost on the way never saw the newest. So do a handover secret, until it is spent by an
// admission, and the secret of the one that has handed over. The party's unspent tickets become
// void, so that an old one cannot bring back an old secret.
func (q db) resume(ctx context.Context, sessionID string, t session.NewTicket) (party string, err error) {
	if t.ResumeHash == "" {
		return "", nil
	}
	var newest bool
	err = q.row(ctx, `
		SELECT id, resume_hash = ? FROM parties
		WHERE session_id = ? AND role = ? AND (resume_hash = ? OR resume_prev = ? OR handover_hash = ? OR lent_hash = ?)`,
		t.ResumeHash, sessionID, t.Role, t.ResumeHash, t.ResumeHash, t.ResumeHash, t.ResumeHash).Scan(&party, &newest)
	if errors.Is(err, sql.ErrNoRows) {
		return "", nil
	}
	if err != nil {
		return "", err
	}
	if newest {
		if _, err := q.exec(ctx, `UPDATE parties SET resume_prev = NULL WHERE id = ?`, party); err != nil {
			return "", err
		}
	}
	_, err = q.exec(ctx, `DELETE FROM tickets WHERE party_id = ?`, party)
	return party, err
}

// addParty adds a party's row. In a full session it takes the place of the one that has
// been away the longest, but never that of the presenter: viewers must be told of another.
func (q db) addParty(ctx context.Context, sessionID string, t session.NewTicket) error {
	var parties int
	if err := q.row(ctx, `SELECT COUNT(*) FROM parties WHERE session_id = ?`, sessionID).Scan(&parties); err != nil {
		return err
	}
	if parties >= t.MaxParties {
		before := t.ForgetBefore.UnixMilli()
		forgotten, err := q.exec(ctx, `
			DELETE FROM parties WHERE id = (
				SELECT p.id FROM parties p JOIN sessions s ON s.id = p.session_id
				WHERE s.id = ? AND p.online_until < ? AND p.created_at < ? AND p.id <> COALESCE(s.presenter_party, '')
				ORDER BY p.online_until, p.created_at, p.id LIMIT 1)`, sessionID, before, before)
		if err != nil {
			return err
		}
		if forgotten == 0 {
			return session.ErrFull
		}
	}
	_, err := q.exec(ctx, `INSERT INTO parties (id, session_id, role, name, created_at) VALUES (?, ?, ?, ?, ?)`,
		t.PartyID, sessionID, t.Role, t.Name, t.Now.UnixMilli())
	return err
}

// Admit implements session.Store. It takes the session's row first, then spends the ticket
// by one DELETE, then writes the party.
func (s *Store) Admit(ctx context.Context, n session.NewAdmission) (a session.Admission, pinMAC string, err error) {
	err = s.tx(ctx, func(ctx context.Context, q db) error {
		a = session.Admission{}
		now, expires := n.Now.UnixMilli(), n.ExpiresAt.UnixMilli()
		var presenter sql.NullString // the last one before this admission
		a.Session, err = scanSession(q.row(ctx, `
			UPDATE sessions SET
				expires_at = CASE WHEN claimed_at IS NOT NULL AND expires_at > ? THEN expires_at ELSE ? END,
				claimed_at = COALESCE(claimed_at, ?)
			WHERE id = (SELECT session_id FROM tickets WHERE hash = ?) AND `+living+`
			RETURNING `+sessionColumns+`, presenter_party, pin_mac`,
			expires, expires, now, n.TicketHash, now), &presenter, &pinMAC)
		if err != nil {
			return err
		}
		var shown sql.NullString
		var address string
		err = q.row(ctx, `DELETE FROM tickets WHERE hash = ? AND expires_at > ? RETURNING party_id, role, shown_hash, address`,
			n.TicketHash, now).Scan(&a.Party, &a.Role, &shown, &address)
		if errors.Is(err, sql.ErrNoRows) {
			return session.ErrNotFound
		}
		if err != nil {
			return err
		}
		var number int64
		handover := sql.NullString{String: n.HandoverHash, Valid: a.Role == session.Presenter}
		err = q.row(ctx, `
			UPDATE parties SET
				resume_hash = ?,
				resume_prev = CASE WHEN handover_hash = ? THEN NULL ELSE ? END,
				lent_hash = CASE WHEN handover_hash = ? THEN resume_hash WHEN lent_hash = ? THEN NULL ELSE lent_hash END,
				handover_hash = ?,
				online_until = CASE WHEN online_until > ? THEN online_until ELSE ? END
			WHERE id = ? RETURNING name, number`,
			n.ResumeHash, shown, shown, shown, shown, handover, now, now, a.Party).Scan(&a.Name, &number)
		if err != nil {
			return err
		}
		if a.Role == session.Viewer {
			a.Resumed = shown.Valid
			if a.Number, err = q.number(ctx, a, number); err != nil {
				return err
			}
			return q.joined(ctx, a, shown.Valid, address, n.Now)
		}
		a.Resumed = shown.Valid && presenter.String == a.Party
		var replaced sql.NullInt64
		if presenter.Valid && presenter.String != a.Party {
			replaced = sql.NullInt64{Int64: now, Valid: true}
		}
		err = q.row(ctx, `
			UPDATE sessions SET presenter_party = ?, replaced_at = COALESCE(?, replaced_at),
				attach_epoch = CASE WHEN attach_epoch >= ? THEN 1 ELSE attach_epoch + 1 END
			WHERE id = ? RETURNING attach_epoch, replaced_at`, a.Party, replaced, math.MaxUint16, a.Session.ID).Scan(&a.Epoch, &replaced)
		a.Replaced = replaced.Valid
		if err != nil {
			return err
		}
		return q.joined(ctx, a, shown.Valid, address, n.Now)
	})
	if err != nil {
		return session.Admission{}, "", err
	}
	s.hint(jobs.Hook)
	return a, pinMAC, nil
}

// number gives a viewer its number: the one it has, or the next of the session.
func (q db) number(ctx context.Context, a session.Admission, has int64) (uint16, error) {
	if has > 0 {
		return uint16(has), nil
	}
	var next uint16
	err := q.row(ctx, `UPDATE sessions SET viewers = viewers + 1 WHERE id = ? AND viewers < ? RETURNING viewers`,
		a.Session.ID, math.MaxUint16).Scan(&next)
	if errors.Is(err, sql.ErrNoRows) {
		return 0, session.ErrFull
	}
	if err != nil {
		return 0, err
	}
	_, err = q.exec(ctx, `UPDATE parties SET number = ? WHERE id = ?`, next, a.Party)
	return next, err
}
