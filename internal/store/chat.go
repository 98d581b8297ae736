package store

import (
	"context"
	"database/sql"
	"errors"
	"math"
	"time"

	"pindesk/internal/audit"
	"pindesk/internal/chat"
	"pindesk/internal/wire"
)

var _ chat.Store = (*Store)(nil)

const lineColumns = `number, at, viewer, name, waiting, client, text`

func scanLine(scan func(...any) error) (l wire.ChatLine, err error) {
	err = scan(&l.ID, &l.Time, &l.Viewer, &l.Name, &l.Waiting, &l.Client, &l.Text)
	return l, err
}

// AddLine implements chat.Store. It holds the session's row, so that numbers have no gaps.
func (s *Store) AddLine(ctx context.Context, said chat.Said, maxLines, maxWaiting int, now time.Time) (line wire.ChatLine, err error) {
	err = s.tx(ctx, func(ctx context.Context, q db) error {
		var id string
		err := q.row(ctx, `SELECT id FROM sessions WHERE id = ? AND `+living+q.forUpdate, said.Session, now.UnixMilli()).Scan(&id)
		if errors.Is(err, sql.ErrNoRows) {
			return chat.ErrGone
		}
		if err != nil {
			return err
		}
		line, err = scanLine(q.row(ctx, `SELECT `+lineColumns+` FROM chat_lines WHERE session_id = ? AND party_id = ? AND client = ?`,
			said.Session, said.Party, said.Client).Scan)
		if !errors.Is(err, sql.ErrNoRows) {
			return err
		}
		var last, waiting int
		if err := q.row(ctx, `SELECT COALESCE(MAX(number), 0) FROM chat_lines WHERE session_id = ?`, said.Session).Scan(&last); err != nil {
			return err
		}
		if said.Waiting != 0 {
			if err := q.row(ctx, `SELECT COUNT(*) FROM chat_lines WHERE session_id = ? AND waiting > 0`, said.Session).Scan(&waiting); err != nil {
				return err
			}
		}
		if last >= maxLines || said.Waiting != 0 && waiting >= maxWaiting {
			return chat.ErrFull
		}
		line = wire.ChatLine{ID: uint32(last) + 1, Time: now.UnixMilli(), Viewer: said.Viewer, Name: said.Name,
			Waiting: said.Waiting, Client: said.Client, Text: said.Text}
		if _, err := q.exec(ctx, `
			INSERT INTO chat_lines (session_id, party_id, `+lineColumns+`) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)`,
			said.Session, said.Party, line.ID, line.Time, line.Viewer, line.Name, line.Waiting, line.Client, line.Text); err != nil {
			return err
		}
		_, err = q.note(ctx, said.Session, now, audit.ChatLine, audit.Data{Viewer: line.Viewer, Name: line.Name, Line: line.ID})
		return err
	})
	if err != nil {
		return wire.ChatLine{}, err
	}
	return line, nil
}

// Lines implements chat.Store.
func (s *Store) Lines(ctx context.Context, c chat.Query) (lines []wire.ChatLine, err error) {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	q := s.reader()
	before := min(int64(c.Before), math.MaxInt32) // which is what the column holds
	if before == 0 {
		before = math.MaxInt32
	}
	query, args := `SELECT `+lineColumns+` FROM chat_lines WHERE session_id = ? AND number < ?`, []any{c.Session, before}
	switch {
	case c.Viewer == 0: // "another computer" knows only what was said since it came
		query += ` AND at >= COALESCE((
			SELECT p.created_at FROM parties p JOIN sessions s ON s.id = p.session_id
			WHERE p.id = ? AND s.replaced_at IS NOT NULL), 0)`
		args = append(args, c.Party)
	case !c.All:
		query += ` AND waiting = ?`
		args = append(args, c.Viewer)
	}
	rows, err := q.QueryContext(ctx, q.sql(query+` ORDER BY number DESC LIMIT ?`), append(args, c.Limit)...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		l, err := scanLine(rows.Scan)
		if err != nil {
			return nil, err
		}
		lines = append(lines, l)
	}
	return lines, rows.Err()
}

// EraseLines implements chat.Store.
func (s *Store) EraseLines(ctx context.Context, endedBefore time.Time, limit int) (n int, err error) {
	err = s.tx(ctx, func(ctx context.Context, q db) error {
		ids, err := q.texts(ctx, `
			SELECT id FROM sessions WHERE ended_at <= ? AND EXISTS (SELECT 1 FROM chat_lines WHERE session_id = sessions.id)
			ORDER BY id LIMIT ?`+q.forUpdate+q.skipLocked, endedBefore.UnixMilli(), limit)
		if err != nil {
			return err
		}
		for _, id := range ids {
			if _, err := q.exec(ctx, `DELETE FROM chat_lines WHERE session_id = ?`, id); err != nil {
				return err
			}
		}
		n = len(ids)
		return nil
	})
	if err != nil {
		return 0, err
	}
	return n, nil
}
