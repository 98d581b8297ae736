package store

import (
	"context"
	"database/sql"
	"errors"
	"time"

	"pindesk/internal/session"
)

// living is the condition of a living session; its one argument is now.
const living = `ended_at IS NULL AND expires_at > ?`

// sessionColumns are the columns that scanSession reads.
const sessionColumns = `id, region, created_at, expires_at, ended_at`

func scanSession(r *sql.Row, more ...any) (session.Session, error) {
	var s session.Session
	var created, expires int64
	var ended sql.NullInt64
	err := r.Scan(append([]any{&s.ID, &s.Region, &created, &expires, &ended}, more...)...)
	if errors.Is(err, sql.ErrNoRows) {
		return session.Session{}, session.ErrNotFound
	}
	if err != nil {
		return session.Session{}, err
	}
	s.CreatedAt, s.ExpiresAt = fromMS(created), fromMS(expires)
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
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	rows, err := s.writer().exec(ctx, `
		INSERT INTO sessions (id, region, key_id, pin_mac, pin_sealed, token_hash, created_at, expires_at)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?)
		ON CONFLICT (pin_mac) DO NOTHING`,
		n.ID, n.Region, n.KeyID, n.PINMAC, n.PINSealed, n.TokenHash, n.CreatedAt.UnixMilli(), n.ExpiresAt.UnixMilli())
	if err == nil && rows == 0 {
		return session.ErrTaken
	}
	return err
}

// Find implements session.Store.
func (s *Store) Find(ctx context.Context, pinMAC string, now time.Time) (session.Session, error) {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	return scanSession(s.reader().row(ctx, `SELECT `+sessionColumns+` FROM sessions WHERE pin_mac = ? AND `+living,
		pinMAC, now.UnixMilli()))
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
func (s *Store) PutHook(ctx context.Context, pinMAC string, t session.HookType, url string, now time.Time) error {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	ms := now.UnixMilli()
	rows, err := s.writer().exec(ctx, `
		INSERT INTO hooks (session_id, type, url, armed_at)
		SELECT id, CAST(? AS TEXT), CAST(? AS TEXT), CAST(? AS BIGINT) FROM sessions WHERE pin_mac = ? AND `+living+`
		ON CONFLICT (session_id, type) DO UPDATE SET url = excluded.url, armed_at = excluded.armed_at`,
		t, url, ms, pinMAC, ms)
	if err == nil && rows == 0 {
		return session.ErrNotFound
	}
	return err
}

// End implements session.Store.
func (s *Store) End(ctx context.Context, pinMAC string, now time.Time) (session.Session, error) {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	ms := now.UnixMilli()
	return scanSession(s.writer().row(ctx, `UPDATE sessions SET ended_at = ? WHERE pin_mac = ? AND `+living+`
		RETURNING `+sessionColumns, ms, pinMAC, ms))
}
