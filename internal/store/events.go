package store

import (
	"context"
	"crypto/rand"
	"database/sql"
	"errors"
	"math"
	"time"

	"pindesk/internal/audit"
	"pindesk/internal/jobs"
)

// note adds an event to a session's log, in the transaction that makes it true, and returns
// its number; 0 if the log is full, unless a hook waits for the event or it is the end. It takes the session's
// row, so that numbers have no gaps: call it before anything that comes later in the lock
// order. An unknown session, and one whose log was erased, has no log, which is no error.
//
// If a hook waits for the event, it is consumed here, and its delivery and job are made with
// the URL that it has now: fact, consumption and delivery are one. The caller calls
// s.hint(jobs.Hook) once the transaction has been committed.
func (q db) note(ctx context.Context, sessionID string, at time.Time, t audit.Type, d audit.Data) (number int, err error) {
	var hash string
	err = q.row(ctx, `SELECT events, event_hash FROM sessions WHERE id = ? AND events_erased_at IS NULL`+q.forUpdate, sessionID).Scan(&number, &hash)
	if errors.Is(err, sql.ErrNoRows) {
		return 0, nil
	}
	if err != nil {
		return 0, err
	}
	switch {
	case number == audit.MaxEvents-1 && t != audit.Full:
		if _, err := q.note(ctx, sessionID, at, audit.Full, audit.Data{}); err != nil {
			return 0, err
		}
		return q.note(ctx, sessionID, at, t, d)
	case number >= audit.MaxEvents && t != audit.SessionEnded:
		if armed, err := q.armed(ctx, sessionID, t); err != nil || !armed {
			return 0, err
		}
	}
	e, err := audit.New(sessionID, number, hash, at, t, d)
	if err != nil {
		return 0, err
	}
	if err := q.addEvent(ctx, e); err != nil {
		return 0, err
	}
	if _, err := q.exec(ctx, `UPDATE sessions SET events = ?, event_hash = ? WHERE id = ?`, e.Number, e.Hash, e.Session); err != nil {
		return 0, err
	}
	return e.Number, q.fire(ctx, e)
}

func (q db) addEvent(ctx context.Context, e audit.Event) error {
	_, err := q.exec(ctx, `INSERT INTO events (session_id, number, at, type, data, hash) VALUES (?, ?, ?, ?, ?, ?)`,
		e.Session, e.Number, e.At.UnixMilli(), e.Type, string(e.Data), e.Hash)
	return err
}

// fire consumes the hook that waits for an event, if there is one, and makes its delivery.
func (q db) fire(ctx context.Context, e audit.Event) error {
	if !e.Type.Hooked() {
		return nil
	}
	var url string
	err := q.row(ctx, `DELETE FROM hooks WHERE session_id = ? AND type = ? RETURNING url`, e.Session, e.Type).Scan(&url)
	if errors.Is(err, sql.ErrNoRows) {
		return nil
	}
	if err != nil {
		return err
	}
	id := newID()
	if _, err := q.exec(ctx, `INSERT INTO deliveries (id, session_id, event, url) VALUES (?, ?, ?, ?)`, id, e.Session, e.Number, url); err != nil {
		return err
	}
	return q.enqueue(ctx, jobs.Hook, id, e.Session, e.At)
}

// armed reports whether a hook waits for an event.
func (q db) armed(ctx context.Context, sessionID string, t audit.Type) (bool, error) {
	if !t.Hooked() {
		return false, nil
	}
	var n int
	err := q.row(ctx, `SELECT COUNT(*) FROM hooks WHERE session_id = ? AND type = ?`, sessionID, t).Scan(&n)
	return n > 0, err
}

// newID makes the id of a row: 130 random bits.
func newID() string { return rand.Text() }

// Note adds to the log of one session what has happened, in their order, all or none. What a session
// does not know or has no room for is passed over.
func (s *Store) Note(ctx context.Context, sessionID string, all ...audit.Note) error {
	err := s.tx(ctx, func(ctx context.Context, q db) error {
		for _, h := range all {
			if _, err := q.note(ctx, sessionID, h.At, h.Type, h.Data); err != nil {
				return err
			}
		}
		return nil
	})
	if err == nil {
		s.hint(jobs.Hook)
	}
	return err
}

// Events returns at most limit events of a session after the one with the number after, oldest
// first, and the number and hash of the newest one that the session's row knows.
func (s *Store) Events(ctx context.Context, sessionID string, after, limit int) (all []audit.Event, newest int, hash string, err error) {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	q := s.reader()
	after = min(after, math.MaxInt32) // which is what the column holds
	err = q.row(ctx, `SELECT events, event_hash FROM sessions WHERE id = ?`, sessionID).Scan(&newest, &hash)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, 0, "", nil
	}
	if err != nil {
		return nil, 0, "", err
	}
	// No event that came since: it would not fit the hash.
	rows, err := q.QueryContext(ctx, q.sql(`
		SELECT number, at, type, data, hash FROM events
		WHERE session_id = ? AND number > ? AND number <= ? ORDER BY number LIMIT ?`), sessionID, after, newest, limit)
	if err != nil {
		return nil, 0, "", err
	}
	defer rows.Close()
	for rows.Next() {
		e := audit.Event{Session: sessionID}
		var at int64
		var data string
		if err := rows.Scan(&e.Number, &at, &e.Type, &data, &e.Hash); err != nil {
			return nil, 0, "", err
		}
		e.At, e.Data = fromMS(at), []byte(data)
		all = append(all, e)
	}
	return all, newest, hash, rows.Err()
}

// VerifyEvents checks a session's whole log. audit.ErrBroken if it is not what was written.
func (s *Store) VerifyEvents(ctx context.Context, sessionID string) error {
	all, newest, hash, err := s.Events(ctx, sessionID, 0, 1<<30)
	if err != nil {
		return err
	}
	return audit.Verify(sessionID, all, newest, hash)
}
