package store

import (
	"context"
	"database/sql"
	"errors"
	"net/url"
	"time"

	"pindesk/internal/audit"
	"pindesk/internal/session"
)

// living is the condition of a living session; its one argument is now.
const living = `ended_at IS NULL AND expires_at > ?`

// sessionColumns are the columns that scanSession reads.
const sessionColumns = `id, region, created_at, expires_at, ended_at, api_key, organisation`

func scanSession(r *sql.Row, more ...any) (session.Session, error) {
	var s session.Session
	var created, expires int64
	var ended sql.NullInt64
	var key sql.NullString
	err := r.Scan(append([]any{&s.ID, &s.Region, &created, &expires, &ended, &key, &s.Organisation}, more...)...)
	if errors.Is(err, sql.ErrNoRows) {
		return session.Session{}, session.ErrNotFound
	}
	if err != nil {
		return session.Session{}, err
	}
	s.CreatedAt, s.ExpiresAt = fromMS(created), fromMS(expires)
	s.APIKey = key.String
	if ended.Valid {
		s.EndedAt = fromMS(ended.Int64)
	}
	return s, nil
}

func fromMS(ms int64) time.Time { return time.UnixMilli(ms).UTC() }

// ClaimKey implements session.Store.
func (s *Store) ClaimKey(ctx context.Context, keyID string, now time.Time) (string, error) {
	var claimed string
	err := s.tx(ctx, func(ctx context.Context, q db) error {
		if _, err := q.exec(ctx, `INSERT INTO secret_key (one, key_id, claimed_at) VALUES (1, ?, ?) ON CONFLICT (one) DO NOTHING`,
			keyID, now.UnixMilli()); err != nil {
			return err
		}
		return q.row(ctx, `SELECT key_id FROM secret_key`).Scan(&claimed)
	})
	return claimed, err
}

// Create implements session.Store.
func (s *Store) Create(ctx context.Context, n session.NewSession) error {
	// The row is born with its first event, for this is the call that is made the most.
	first, err := audit.New(n.ID, 0, "", n.CreatedAt, audit.SessionCreated,
		audit.Data{Address: audit.ActorOf(ctx).Address, Organisation: n.Maker.Organisation})
	if err != nil {
		return err
	}
	return s.tx(ctx, func(ctx context.Context, q db) error {
		rows, err := q.exec(ctx, `
			INSERT INTO sessions (id, region, key_id, pin_mac, pin_sealed, token_hash, created_at, expires_at, api_key, organisation,
				events, event_hash)
			VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
			ON CONFLICT (pin_mac) DO NOTHING`,
			n.ID, n.Region, n.KeyID, n.PINMAC, n.PINSealed, n.TokenHash, n.CreatedAt.UnixMilli(), n.ExpiresAt.UnixMilli(),
			sql.NullString{String: n.Maker.APIKey, Valid: n.Maker.APIKey != ""}, n.Maker.Organisation, first.Number, first.Hash)
		if err == nil && rows == 0 {
			return session.ErrTaken
		}
		if err != nil {
			return err
		}
		return q.addEvent(ctx, first)
	})
}

// Find implements session.Store.
func (s *Store) Find(ctx context.Context, pinMAC string, now time.Time) (session.Session, error) {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	return scanSession(s.reader().row(ctx, `SELECT `+sessionColumns+` FROM sessions WHERE pin_mac = ? AND `+living,
		pinMAC, now.UnixMilli()))
}

// Kept implements session.Store.
func (s *Store) Kept(ctx context.Context, pinMAC string) (session.Kept, error) {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	var r session.Kept
	var err error
	r.Session, err = scanSession(s.reader().row(ctx, `SELECT `+sessionColumns+`, token_hash FROM sessions WHERE pin_mac = ?`, pinMAC), &r.TokenHash)
	return r, err
}

// Guest implements session.Store.
func (s *Store) Guest(ctx context.Context, pinMAC, resumeHash string) (g session.Guest, err error) {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	var since int64
	err = s.reader().row(ctx, `
		SELECT s.id, p.created_at FROM sessions s JOIN parties p ON p.id = s.presenter_party
		WHERE s.pin_mac = ? AND (p.resume_hash = ? OR p.resume_prev = ? OR p.lent_hash = ?)`,
		pinMAC, resumeHash, resumeHash, resumeHash).Scan(&g.ID, &since)
	if errors.Is(err, sql.ErrNoRows) {
		return session.Guest{}, session.ErrNotFound
	}
	g.Since = fromMS(since)
	return g, err
}

// State implements session.Store.
func (s *Store) State(ctx context.Context, pinMAC string, now time.Time) (session.State, error) {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	const online = `(SELECT COUNT(*) FROM parties p WHERE p.session_id = s.id AND p.role = ? AND p.online_until > ?)`
	ms := now.UnixMilli()
	var st session.State
	var presenters int
	var err error
	st.Session, err = scanSession(s.reader().row(ctx, `
		SELECT `+sessionColumns+`, `+online+`, `+online+`
		FROM sessions s WHERE pin_mac = ? AND `+living,
		session.Presenter, ms, session.Viewer, ms, pinMAC, ms), &presenters, &st.ViewersOnline)
	if err != nil {
		return session.State{}, err
	}
	st.PresenterOnline = presenters > 0
	return st, nil
}

// PutHook implements session.Store.
func (s *Store) PutHook(ctx context.Context, pinMAC string, t session.HookType, rawURL string, now time.Time) error {
	return s.tx(ctx, func(ctx context.Context, q db) error {
		ms := now.UnixMilli()
		found, err := scanSession(q.row(ctx, `SELECT `+sessionColumns+` FROM sessions WHERE pin_mac = ? AND `+living+q.forUpdate, pinMAC, ms))
		if err != nil {
			return err
		}
		if _, err := q.exec(ctx, `
			INSERT INTO hooks (session_id, type, url, armed_at) VALUES (?, ?, ?, ?)
			ON CONFLICT (session_id, type) DO UPDATE SET url = excluded.url, armed_at = excluded.armed_at`,
			found.ID, t, rawURL, ms); err != nil {
			return err
		}
		d := audit.Data{Hook: string(t), Address: audit.ActorOf(ctx).Address}
		if u, err := url.Parse(rawURL); err == nil { // of the URL only the host: the rest may be secret
			d.Host = u.Host
		}
		_, err = q.note(ctx, found.ID, now, audit.HookSet, d)
		return err
	})
}

// End implements session.Store.
func (s *Store) End(ctx context.Context, pinMAC string, now time.Time) (ended session.Session, err error) {
	err = s.tx(ctx, func(ctx context.Context, q db) error {
		ms := now.UnixMilli()
		ended, err = scanSession(q.row(ctx, `UPDATE sessions SET ended_at = ? WHERE pin_mac = ? AND `+living+`
			RETURNING `+sessionColumns, ms, pinMAC, ms))
		if err != nil {
			return err
		}
		return q.end(ctx, ended.ID, now, audit.Data{Reason: "deleted", Address: audit.ActorOf(ctx).Address})
	})
	if err != nil {
		return session.Session{}, err
	}
	return ended, nil
}
