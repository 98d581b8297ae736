package store

import (
	"context"
	"database/sql"
	"errors"
	"slices"
	"strings"
	"time"

	"pindesk/internal/audit"
	"pindesk/internal/session"
)

// onlineBatch is how many parties one transaction of Online writes: it bounds how long the
// rows are held, and the number of a statement's arguments.
const onlineBatch = 200

// expirySlack is by how much more than wished the expiry of a session may be, at most, while its
// parties are online: it is raised by so much more, and then not at each tick. It is in an index, and
// raising it each time cost Postgres more than all the rest of a tick.
const expirySlack = time.Minute

// Online implements session.Store. A failure may leave earlier batches of parties extended.
func (s *Store) Online(ctx context.Context, parties []string, until, expires, now time.Time) error {
	raised := expires.Add(min(expirySlack, expires.Sub(until)/10)) // a tenth, of a short time
	for batch := range slices.Chunk(parties, onlineBatch) {
		in := listOf(len(batch))
		ids := make([]any, len(batch))
		for i, id := range batch {
			ids[i] = id
		}
		err := s.tx(ctx, func(ctx context.Context, q db) error {
			// The sessions' rows are taken in the order of their ids: see the package's doc.
			rows, err := q.QueryContext(ctx, q.sql(`
				SELECT id, expires_at FROM sessions
				WHERE id IN (SELECT session_id FROM parties WHERE id IN `+in+`) AND `+living+`
				ORDER BY id`+q.forUpdate), append(slices.Clone(ids), now.UnixMilli())...)
			if err != nil {
				return err
			}
			defer rows.Close()
			raise := []any{raised.UnixMilli()}
			for rows.Next() {
				var id string
				var at int64
				if err := rows.Scan(&id, &at); err != nil {
					return err
				}
				if at < expires.UnixMilli() {
					raise = append(raise, id)
				}
			}
			if err := errors.Join(rows.Err(), rows.Close()); err != nil {
				return err
			}
			if n := len(raise) - 1; n > 0 {
				if _, err := q.exec(ctx, `UPDATE sessions SET expires_at = ? WHERE id IN `+listOf(n), raise...); err != nil {
					return err
				}
			}
			_, err = q.exec(ctx, `
				UPDATE parties SET online_until = ?
				WHERE id IN `+in+` AND online_until < ?
				AND EXISTS (SELECT 1 FROM sessions WHERE sessions.id = parties.session_id AND `+living+`)`,
				slices.Concat([]any{until.UnixMilli()}, ids, []any{until.UnixMilli(), now.UnixMilli()})...)
			return err
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// listOf is a list of n placeholders in brackets.
func listOf(n int) string { return `(` + strings.TrimSuffix(strings.Repeat("?,", n), ",") + `)` }

// Offline implements session.Store.
func (s *Store) Offline(ctx context.Context, party string, idle time.Duration, now time.Time) error {
	return s.tx(ctx, func(ctx context.Context, q db) error {
		ms := now.UnixMilli()
		var id string
		err := q.row(ctx, `SELECT id FROM sessions WHERE id = (SELECT session_id FROM parties WHERE id = ?)`+q.forUpdate, party).Scan(&id)
		if errors.Is(err, sql.ErrNoRows) {
			return nil
		}
		if err != nil {
			return err
		}
		var d audit.Data
		var role session.Role
		err = q.row(ctx, `
			UPDATE parties SET online_until = CASE WHEN online_until > ? THEN CAST(? AS BIGINT) ELSE online_until END
			WHERE id = ? RETURNING role, number, name`, ms, ms, party).Scan(&role, &d.Viewer, &d.Name)
		if err != nil {
			return err
		}
		if err := q.soonDue(ctx, id, now); err != nil {
			return err
		}
		left := audit.ViewerLeft
		if role == session.Presenter {
			left = audit.PresenterLeft
		}
		if _, err := q.note(ctx, id, now, left, d); err != nil {
			return err
		}
		_, err = q.exec(ctx, `
			UPDATE sessions SET expires_at = ? + (SELECT MAX(online_until) FROM parties WHERE session_id = ?)
			WHERE id = ? AND claimed_at IS NOT NULL AND `+living, idle.Milliseconds(), id, id, ms)
		return err
	})
}
