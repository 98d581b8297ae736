package store

import (
	"context"
	"database/sql"
	"errors"
	"time"

	"pindesk/internal/audit"
	"pindesk/internal/jobs"
	"pindesk/internal/session"
)

// How an absence is found without a timer that could get lost: presenter_due and viewer_due of a
// session are times up to which its absence need not be looked for. Who joins sets them, who
// leaves brings them nearer, Absences looks at those that have passed: it moves them on if somebody
// of the role was seen since, else it writes the event and clears them until the next join. So
// there is one event an absence, and none of a role that was never there.

// absence is what the two roles differ in.
type absence struct {
	role    session.Role
	due     string // column of sessions
	started audit.Type
	resumed audit.Type
	offline audit.Type
}

var absences = []absence{
	{session.Presenter, "presenter_due", audit.PresenterStarted, audit.PresenterResumed, audit.PresenterOffline},
	{session.Viewer, "viewer_due", audit.ViewerStarted, audit.ViewerResumed, audit.ViewerOffline},
}

// joined writes the event of an admission, whose session's row is held.
func (q db) joined(ctx context.Context, a session.Admission, shown bool, address string, now time.Time) error {
	of := absences[0]
	if a.Role == session.Viewer {
		of = absences[1]
	}
	if _, err := q.exec(ctx, `UPDATE sessions SET `+of.due+` = ? WHERE id = ?`, now.Add(session.OfflineAfter).UnixMilli(), a.Session.ID); err != nil {
		return err
	}
	t := of.started
	if shown {
		t = of.resumed
	}
	_, err := q.note(ctx, a.Session.ID, now, t, audit.Data{Viewer: a.Number, Name: a.Name, Address: address})
	return err
}

// soonDue brings a session's absences as near as they can be for somebody who leaves now.
func (q db) soonDue(ctx context.Context, sessionID string, now time.Time) error {
	due := now.Add(session.OfflineAfter).UnixMilli()
	_, err := q.exec(ctx, `
		UPDATE sessions SET
			presenter_due = CASE WHEN presenter_due > ? THEN CAST(? AS BIGINT) ELSE presenter_due END,
			viewer_due = CASE WHEN viewer_due > ? THEN CAST(? AS BIGINT) ELSE viewer_due END
		WHERE id = ?`, due, due, due, due, sessionID)
	return err
}

// end does what the end of a session brings about; its row is held. Its parties leave now, as by
// any drop.
func (q db) end(ctx context.Context, sessionID string, now time.Time, why audit.Data) error {
	ms := now.UnixMilli()
	if _, err := q.exec(ctx, `UPDATE parties SET online_until = ? WHERE session_id = ? AND online_until > ?`, ms, sessionID, ms); err != nil {
		return err
	}
	if err := q.soonDue(ctx, sessionID, now); err != nil {
		return err
	}
	_, err := q.note(ctx, sessionID, now, audit.SessionEnded, why)
	return err
}

// HoldAbsences implements session.Store.
func (s *Store) HoldAbsences(ctx context.Context, until time.Time) error {
	ms := until.UnixMilli()
	_, err := s.change(ctx, `
		UPDATE sessions SET
			presenter_due = CASE WHEN presenter_due < ? THEN CAST(? AS BIGINT) ELSE presenter_due END,
			viewer_due = CASE WHEN viewer_due < ? THEN CAST(? AS BIGINT) ELSE viewer_due END
		WHERE id IN (SELECT id FROM sessions WHERE presenter_due < ? OR viewer_due < ? ORDER BY id`+s.dialect.forUpdate+`)`,
		ms, ms, ms, ms, ms, ms)
	return err
}

// Absences implements session.Store.
func (s *Store) Absences(ctx context.Context, now time.Time, limit int) (looked int, err error) {
	for _, of := range absences {
		n, err := s.absences(ctx, of, now, limit)
		if err != nil {
			return looked, err
		}
		looked = max(looked, n)
	}
	return looked, nil
}

func (s *Store) absences(ctx context.Context, of absence, now time.Time, limit int) (looked int, err error) {
	ms := now.UnixMilli()
	due := `SELECT id FROM sessions WHERE ` + of.due + ` < ? ORDER BY id LIMIT ?`
	some, err := s.texts(ctx, due, ms, 1)
	if err != nil || len(some) == 0 {
		return 0, err
	}
	fired := false
	err = s.tx(ctx, func(ctx context.Context, q db) error {
		fired = false
		ids, err := q.texts(ctx, due+q.forUpdate+q.skipLocked, ms, limit)
		if err != nil {
			return err
		}
		looked = len(ids)
		for _, id := range ids {
			gone, err := q.absent(ctx, of, id, now)
			if err != nil {
				return err
			}
			fired = fired || gone
		}
		return nil
	})
	if err != nil {
		return 0, err
	}
	if fired {
		s.hint(jobs.Hook)
	}
	return looked, nil
}

// absent decides on one session whose absence is due; its row is held.
func (q db) absent(ctx context.Context, of absence, sessionID string, now time.Time) (gone bool, err error) {
	var d audit.Data
	var seen int64
	err = q.row(ctx, `
		SELECT online_until, number, name FROM parties WHERE session_id = ? AND role = ? AND resume_hash IS NOT NULL
		ORDER BY online_until DESC, number DESC, id LIMIT 1`, sessionID, of.role).Scan(&seen, &d.Viewer, &d.Name)
	if err != nil && !errors.Is(err, sql.ErrNoRows) { // the last of them may have been forgotten
		return false, err
	}
	if due := fromMS(seen).Add(session.OfflineAfter); !now.After(due) {
		_, err := q.exec(ctx, `UPDATE sessions SET `+of.due+` = ? WHERE id = ?`, due.UnixMilli(), sessionID)
		return false, err
	}
	if _, err := q.exec(ctx, `UPDATE sessions SET `+of.due+` = NULL WHERE id = ?`, sessionID); err != nil {
		return false, err
	}
	_, err = q.note(ctx, sessionID, now, of.offline, d)
	return true, err
}

// texts reads one text column without the write lock.
func (s *Store) texts(ctx context.Context, query string, args ...any) ([]string, error) {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	return s.reader().texts(ctx, query, args...)
}
