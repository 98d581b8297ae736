package store

import (
	"context"
	"time"

	"pindesk/internal/audit"
	"pindesk/internal/session"
)

// EndExpired implements session.Store.
func (s *Store) EndExpired(ctx context.Context, now time.Time, limit int) (ids []string, err error) {
	ms := now.UnixMilli()
	err = s.tx(ctx, func(ctx context.Context, q db) (err error) {
		ids, err = q.texts(ctx, `
			UPDATE sessions SET ended_at = ?
			WHERE ended_at IS NULL AND id IN (
				SELECT id FROM sessions WHERE ended_at IS NULL AND expires_at <= ?
				ORDER BY id LIMIT ?`+q.forUpdate+q.skipLocked+`)
			RETURNING id`, ms, ms, limit)
		for _, id := range ids {
			if err == nil {
				err = q.end(ctx, id, now, audit.Data{Reason: "expired"})
			}
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	return ids, nil
}

// Purge implements session.Store. Its deletions stand for themselves: what one of them
// leaves, the next Purge takes.
func (s *Store) Purge(ctx context.Context, p session.PurgeLimits) (int, error) {
	if _, err := s.change(ctx, `DELETE FROM tickets WHERE expires_at <= ?`, p.Now.UnixMilli()); err != nil {
		return 0, err
	}
	if _, err := s.change(ctx, `DELETE FROM parties WHERE resume_hash IS NULL AND created_at <= ?`, p.UnclaimedBefore.UnixMilli()); err != nil {
		return 0, err
	}
	// What hangs on a session goes with it: ON DELETE CASCADE.
	d := s.dialect
	n, err := s.change(ctx, `
		DELETE FROM sessions WHERE id IN (
			SELECT id FROM sessions WHERE ended_at <= ? ORDER BY id LIMIT ?`+d.forUpdate+d.skipLocked+`)`,
		p.EndedBefore.UnixMilli(), p.Limit)
	return int(n), err
}

// change runs one statement as a transaction and returns the number of rows it changed.
func (s *Store) change(ctx context.Context, query string, args ...any) (n int64, err error) {
	err = s.tx(ctx, func(ctx context.Context, q db) (err error) {
		n, err = q.exec(ctx, query, args...)
		return err
	})
	return n, err
}
