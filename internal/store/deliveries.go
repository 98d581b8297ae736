package store

import (
	"context"
	"database/sql"
	"errors"
	"time"

	"pindesk/internal/audit"
	"pindesk/internal/hook"
	"pindesk/internal/jobs"
)

var _ hook.Store = (*Store)(nil)

// deliveryColumns are those that scanDelivery reads, of deliveries d, events e and sessions s.
const deliveryColumns = `d.id, d.session_id, s.region, s.pin_sealed, d.url, e.number, e.at, e.type, e.data, e.hash`

func scanDelivery(scan func(...any) error, more ...any) (hook.Delivery, error) {
	var d hook.Delivery
	var at int64
	var data string
	err := scan(append([]any{&d.ID, &d.Session, &d.Region, &d.PINSealed, &d.URL,
		&d.Event.Number, &at, &d.Event.Type, &data, &d.Event.Hash}, more...)...)
	if errors.Is(err, sql.ErrNoRows) {
		err = hook.ErrNotFound
	}
	d.Event.Session, d.Event.At, d.Event.Data = d.Session, fromMS(at), []byte(data)
	return d, err
}

// Delivery implements hook.Store.
func (s *Store) Delivery(ctx context.Context, id string) (hook.Delivery, error) {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	return scanDelivery(s.reader().row(ctx, `
		SELECT `+deliveryColumns+` FROM deliveries d
		JOIN events e ON e.session_id = d.session_id AND e.number = d.event
		JOIN sessions s ON s.id = d.session_id
		WHERE d.id = ?`, id).Scan)
}

// Deliveries returns at most limit deliveries of a session, newest first, with their attempts.
func (s *Store) Deliveries(ctx context.Context, sessionID string, limit int) ([]hook.Listed, error) {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	q := s.reader()
	rows, err := q.QueryContext(ctx, q.sql(`
		SELECT `+deliveryColumns+`, j.id, j.state, j.next_at, j.ended_at, j.reason FROM deliveries d
		JOIN events e ON e.session_id = d.session_id AND e.number = d.event
		JOIN sessions s ON s.id = d.session_id
		JOIN jobs j ON j.kind = ? AND j.ref = d.id
		WHERE d.session_id = ? ORDER BY d.event DESC LIMIT ?`), jobs.Hook, sessionID, limit)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var all []hook.Listed
	index := map[string]int{} // by the job's id
	var ids []any
	for rows.Next() {
		var l hook.Listed
		var job string
		var next int64
		var ended sql.NullInt64
		if l.Delivery, err = scanDelivery(rows.Scan, &job, &l.Job.State, &next, &ended, &l.Job.Reason); err != nil {
			return nil, err
		}
		l.Job.NextAt = fromMS(next)
		if ended.Valid {
			l.Job.EndedAt = fromMS(ended.Int64)
		}
		index[job] = len(all)
		ids = append(ids, job)
		all = append(all, l)
	}
	if err := rows.Err(); err != nil || len(ids) == 0 {
		return nil, err
	}
	return all, q.attempts(ctx, ids, func(job string, a jobs.Attempt) {
		r := &all[index[job]].Job
		r.Attempts = append(r.Attempts, a)
	})
}

// attempts reads those of some jobs, of each job the oldest first.
func (q db) attempts(ctx context.Context, ids []any, each func(job string, a jobs.Attempt)) error {
	rows, err := q.QueryContext(ctx, q.sql(`
		SELECT job_id, number, at, took, status, reason FROM attempts
		WHERE job_id IN `+listOf(len(ids))+` ORDER BY job_id, number`), ids...)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		var a jobs.Attempt
		var job string
		var at, took int64
		if err := rows.Scan(&job, &a.Number, &at, &took, &a.Status, &a.Reason); err != nil {
			return err
		}
		a.At, a.Took = fromMS(at), time.Duration(took)*time.Millisecond
		each(job, a)
	}
	return rows.Err()
}

// Replay makes a delivery of a session due again now, whatever has become of it; one that is being
// sent at this moment is left alone. hook.ErrNotFound.
func (s *Store) Replay(ctx context.Context, sessionID, deliveryID string, now time.Time) error {
	err := s.tx(ctx, func(ctx context.Context, q db) error {
		var t string
		err := q.row(ctx, `
			SELECT e.type FROM deliveries d JOIN events e ON e.session_id = d.session_id AND e.number = d.event
			WHERE d.id = ? AND d.session_id = ?`, deliveryID, sessionID).Scan(&t)
		if errors.Is(err, sql.ErrNoRows) {
			return hook.ErrNotFound
		}
		if err != nil {
			return err
		}
		if _, err := q.note(ctx, sessionID, now, audit.Replayed, audit.Data{Hook: t, Address: audit.ActorOf(ctx).Address}); err != nil {
			return err
		}
		_, err = q.exec(ctx, `
			UPDATE jobs SET state = 'pending', next_at = ?, give_up_at = ?, ended_at = NULL, reason = ''
			WHERE kind = ? AND ref = ? AND lease = ''`, now.UnixMilli(), now.Add(jobs.Lifetime).UnixMilli(), jobs.Hook, deliveryID)
		return err
	})
	if err == nil {
		s.hint(jobs.Hook)
	}
	return err
}
