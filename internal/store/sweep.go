package store

import (
	"context"
	"fmt"
	"time"

	"pindesk/internal/audit"
	"pindesk/internal/session"
)

// EndExpired implements session.Store.
func (s *Store) EndExpired(ctx context.Context, now time.Time, limit int) (ids []string, err error) {
	ms := now.UnixMilli()
	err = s.tx(ctx, func(ctx context.Context, q db) (err error) {
		// Materialized: as in Claim.
		ids, err = q.texts(ctx, `
			WITH due AS MATERIALIZED (
				SELECT id FROM sessions WHERE ended_at IS NULL AND expires_at <= ?
				ORDER BY id LIMIT ?`+q.forUpdate+q.skipLocked+`)
			UPDATE sessions SET ended_at = ? WHERE ended_at IS NULL AND id IN (SELECT id FROM due)
			RETURNING id`, ms, limit, ms)
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

// Purge implements session.Store. Its steps stand for themselves: what one of them leaves, the
// next Purge takes. Rows that another node is at are passed over.
func (s *Store) Purge(ctx context.Context, p session.PurgeLimits) (most int, err error) {
	lock := s.dialect.forUpdate + s.dialect.skipLocked
	for _, step := range []struct {
		old, erase string
		before     time.Time
	}{
		{`SELECT hash FROM tickets WHERE expires_at <= ?`, `DELETE FROM tickets WHERE hash IN (SELECT hash FROM old)`, p.Now},
		{`SELECT id FROM parties WHERE resume_hash IS NULL AND created_at <= ?`, `DELETE FROM parties WHERE id IN (SELECT id FROM old)`, p.UnclaimedBefore},
		// What hangs on a session goes with it: ON DELETE CASCADE.
		{`SELECT id FROM sessions WHERE ended_at <= ? ORDER BY id`, `DELETE FROM sessions WHERE id IN (SELECT id FROM old)`, p.EndedBefore},
	} {
		// Materialized: as in Claim.
		n, err := s.change(ctx, `WITH old AS MATERIALIZED (`+step.old+` LIMIT ?`+lock+`) `+step.erase, step.before.UnixMilli(), p.Limit)
		if err != nil {
			return 0, err
		}
		most = max(most, int(n))
	}
	for _, step := range []func() (int, error){
		func() (int, error) { return s.eraseDeliveries(ctx, p.DeliveriesBefore, p.Limit) },
		func() (int, error) { return s.eraseEvents(ctx, p.AuditBefore, p.Now, p.Limit) },
	} {
		n, err := step()
		if err != nil {
			return 0, err
		}
		most = max(most, n)
	}
	return most, nil
}

// eraseDeliveries erases what ended sessions have sent, hooks that nothing can fire any more, and
// the sealed PIN that it was sent with. The seal goes last and shows that the rest is done.
func (s *Store) eraseDeliveries(ctx context.Context, before time.Time, limit int) (int, error) {
	return s.ofEnded(ctx, `pin_sealed <> ''`, before, limit,
		`DELETE FROM hooks WHERE session_id IN `,
		`DELETE FROM deliveries WHERE session_id IN `,
		`DELETE FROM mails WHERE session_id IN `,
		`DELETE FROM jobs WHERE session_id IN `,
		`UPDATE sessions SET pin_sealed = '' WHERE id IN `)
}

// eraseEvents erases the log of ended sessions, with the deliveries that hang on it and the parties
// that it is about. How long the chain was, and its last hash, stay in the session's row.
func (s *Store) eraseEvents(ctx context.Context, before, now time.Time, limit int) (int, error) {
	return s.ofEnded(ctx, `events > 0 AND events_erased_at IS NULL`, before, limit,
		`DELETE FROM parties WHERE session_id IN `,
		`DELETE FROM events WHERE session_id IN `,
		fmt.Sprintf(`UPDATE sessions SET events_erased_at = %d WHERE id IN `, now.UnixMilli()))
}

// ofEnded runs statements, each of which ends where a list of ids follows, for at most limit
// sessions that ended at before or earlier, in one transaction. It returns how many there were.
func (s *Store) ofEnded(ctx context.Context, which string, before time.Time, limit int, statements ...string) (n int, err error) {
	err = s.tx(ctx, func(ctx context.Context, q db) error {
		ids, err := q.texts(ctx, `SELECT id FROM sessions WHERE ended_at IS NOT NULL AND ended_at <= ? AND `+which+`
			ORDER BY id LIMIT ?`+q.forUpdate+q.skipLocked, before.UnixMilli(), limit)
		if n = len(ids); err != nil || n == 0 {
			return err
		}
		args := make([]any, n)
		for i, id := range ids {
			args[i] = id
		}
		in := listOf(n)
		for _, statement := range statements {
			if _, err := q.exec(ctx, statement+in, args...); err != nil {
				return err
			}
		}
		return nil
	})
	return n, err
}

// change runs one statement as a transaction and returns the number of rows it changed.
func (s *Store) change(ctx context.Context, query string, args ...any) (n int64, err error) {
	err = s.tx(ctx, func(ctx context.Context, q db) (err error) {
		n, err = q.exec(ctx, query, args...)
		return err
	})
	return n, err
}
