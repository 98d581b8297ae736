package store

import (
	"context"
	"sync"
	"time"

	"pindesk/internal/jobs"
)

var _ jobs.Store = (*Store)(nil)

// hints wake the workers of this process; see jobs.Store.
type hints struct {
	mu     sync.Mutex
	byKind map[string]chan struct{} // guarded by mu
}

func (h *hints) channel(kind string) chan struct{} {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.byKind == nil {
		h.byKind = map[string]chan struct{}{}
	}
	c := h.byKind[kind]
	if c == nil {
		c = make(chan struct{}, 1)
		h.byKind[kind] = c
	}
	return c
}

// Hint implements jobs.Store.
func (s *Store) Hint(kind string) <-chan struct{} { return s.hints.channel(kind) }

// hint says that there may be a new job of a kind. Call it after the commit: before, a worker
// would look too early.
func (s *Store) hint(kind string) {
	select {
	case s.hints.channel(kind) <- struct{}{}:
	default:
	}
}

// enqueue writes a job in the transaction that decides it; ref names the row that says more. The
// caller calls s.hint(kind) once the transaction has been committed. A second job of the same
// kind and ref changes nothing.
func (q db) enqueue(ctx context.Context, kind, ref, sessionID string, now time.Time) error {
	_, err := q.exec(ctx, `
		INSERT INTO jobs (id, kind, ref, session_id, state, next_at, give_up_at, created_at)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?)
		ON CONFLICT (kind, ref) DO NOTHING`,
		newID(), kind, ref, sessionID, jobs.Pending, now.UnixMilli(), now.Add(jobs.Lifetime).UnixMilli(), now.UnixMilli())
	return err
}

// Claim implements jobs.Store.
func (s *Store) Claim(ctx context.Context, kind string, limit int, now, leaseEnd time.Time) (claimed []jobs.Job, err error) {
	if idle, err := s.nothingDue(ctx, kind, now); idle || err != nil {
		return nil, err
	}
	lease := newID()
	err = s.tx(ctx, func(ctx context.Context, q db) error {
		claimed = nil
		// Materialized: Postgres may run a plain subquery anew for each row, and then its limit is
		// none, because locked rows are passed over.
		rows, err := q.QueryContext(ctx, q.sql(`
			WITH due AS MATERIALIZED (
				SELECT id FROM jobs WHERE state = 'pending' AND kind = ? AND next_at <= ?
				ORDER BY next_at, id LIMIT ?`+q.forUpdate+q.skipLocked+`)
			UPDATE jobs SET attempt = attempt + 1, next_at = ?, lease = ?
			WHERE state = 'pending' AND id IN (SELECT id FROM due)
			RETURNING id, ref, session_id, attempt, give_up_at`),
			kind, now.UnixMilli(), limit, leaseEnd.UnixMilli(), lease)
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
			j := jobs.Job{Kind: kind, Lease: lease}
			var until int64
			if err := rows.Scan(&j.ID, &j.Ref, &j.Session, &j.Attempt, &until); err != nil {
				return err
			}
			j.GiveUpAt = fromMS(until)
			claimed = append(claimed, j)
		}
		return rows.Err()
	})
	if err != nil {
		return nil, err
	}
	return claimed, nil
}

// nothingDue looks without the write lock, which SQLite has only one of: a worker that polls in
// vain must not hold up calls.
func (s *Store) nothingDue(ctx context.Context, kind string, now time.Time) (bool, error) {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	var n int
	err := s.reader().row(ctx, `SELECT COUNT(*) FROM (SELECT 1 FROM jobs WHERE state = 'pending' AND kind = ? AND next_at <= ? LIMIT 1) due`,
		kind, now.UnixMilli()).Scan(&n)
	return n == 0, err
}

// FreeJobs ends the leases of workers that died, where it is certain that no other process has
// one: on SQLite, of which a broker is the only user. On Postgres leases end by themselves. Call
// it before the first Claim.
func (s *Store) FreeJobs(ctx context.Context, now time.Time) error {
	if s.dialect.shared {
		return nil
	}
	_, err := s.change(ctx, `UPDATE jobs SET next_at = ?, lease = '' WHERE state = 'pending' AND lease <> ''`, now.UnixMilli())
	return err
}

// Finish implements jobs.Store.
func (s *Store) Finish(ctx context.Context, j jobs.Job, r jobs.Result) error {
	return s.tx(ctx, func(ctx context.Context, q db) error {
		var n int64
		var err error
		if r.Deferred {
			_, err := q.exec(ctx, `UPDATE jobs SET next_at = ?, attempt = attempt - 1, lease = '' WHERE id = ? AND state = 'pending' AND lease = ?`,
				r.NextAt.UnixMilli(), j.ID, j.Lease)
			return err
		}
		if r.State == jobs.Pending {
			n, err = q.exec(ctx, `UPDATE jobs SET next_at = ?, lease = '' WHERE id = ? AND state = 'pending' AND lease = ?`,
				r.NextAt.UnixMilli(), j.ID, j.Lease)
		} else {
			reason := ""
			if r.State == jobs.Dead {
				reason = r.Reason
			}
			n, err = q.exec(ctx, `
				UPDATE jobs SET state = ?, ended_at = ?, reason = ?, lease = ''
				WHERE id = ? AND state = 'pending' AND (lease = ? OR ? = 'done')`,
				r.State, r.EndAt.UnixMilli(), reason, j.ID, j.Lease, string(r.State))
		}
		if err != nil || n == 0 { // the session is gone, or another worker has it
			return err
		}
		_, err = q.exec(ctx, `
			INSERT INTO attempts (job_id, number, at, took, status, reason) VALUES (?, ?, ?, ?, ?, ?)
			ON CONFLICT (job_id, number) DO NOTHING`,
			j.ID, r.Number, r.At.UnixMilli(), r.Took.Milliseconds(), r.Status, r.Reason)
		return err
	})
}
