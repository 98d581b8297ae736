package store

import (
	"context"
	"database/sql"
	"errors"
	"strconv"
	"strings"

	"github.com/pressly/goose/v3"
)

// dialect is all in which the two engines differ.
type dialect struct {
	name  string
	goose goose.Dialect

	shared     bool   // other processes may use the database at the same time
	numbered   bool   // placeholders are $1, $2 instead of ?
	clock      string // expression: the database's time in Unix milliseconds
	forUpdate  string // locks the rows of a SELECT; SQLite has one writer at a time anyway
	skipLocked string // ... but passes over rows that are locked by others

	// lockMigrations waits until no other process migrates this database, and keeps others
	// from it until unlock is called or this process ends.
	lockMigrations func(ctx context.Context) (unlock func() error, err error)
	// conflict is true for errors of transactions that only need to be tried again.
	conflict func(error) bool
}

// sql writes a query for this engine: ? becomes $1, $2, ... No query here has a question
// mark anywhere else.
func (d *dialect) sql(query string) string {
	if !d.numbered {
		return query
	}
	var b strings.Builder
	b.Grow(len(query) + 16)
	n := 0
	for {
		i := strings.IndexByte(query, '?')
		if i < 0 {
			b.WriteString(query)
			return b.String()
		}
		n++
		b.WriteString(query[:i])
		b.WriteByte('$')
		b.WriteString(strconv.Itoa(n))
		query = query[i+1:]
	}
}

// querier is what *sql.DB and *sql.Tx have in common.
type querier interface {
	ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error)
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
	QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row
}

// db runs queries of the common subset.
type db struct {
	querier
	*dialect
}

func (s *Store) writer() db { return db{s.write, s.dialect} }
func (s *Store) reader() db { return db{s.read, s.dialect} }

// exec returns the number of rows that were changed.
func (q db) exec(ctx context.Context, query string, args ...any) (int64, error) {
	r, err := q.ExecContext(ctx, q.sql(query), args...)
	if err != nil {
		return 0, err
	}
	return r.RowsAffected()
}

func (q db) row(ctx context.Context, query string, args ...any) *sql.Row {
	return q.QueryRowContext(ctx, q.sql(query), args...)
}

// texts returns the one text column of all rows.
func (q db) texts(ctx context.Context, query string, args ...any) ([]string, error) {
	rows, err := q.QueryContext(ctx, q.sql(query), args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var all []string
	for rows.Next() {
		var text string
		if err := rows.Scan(&text); err != nil {
			return nil, err
		}
		all = append(all, text)
	}
	return all, rows.Err()
}

// tx runs f in one transaction, within callTimeout, and again if it met a conflict: f must
// set its results anew each time.
func (s *Store) tx(ctx context.Context, f func(ctx context.Context, q db) error) error {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	for try := 1; ; try++ {
		err := s.txOnce(ctx, f)
		if err == nil || try == maxTries || !s.dialect.conflict(err) {
			return err
		}
	}
}

func (s *Store) txOnce(ctx context.Context, f func(ctx context.Context, q db) error) error {
	t, err := s.write.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	if err := f(ctx, db{t, s.dialect}); err != nil {
		if back := t.Rollback(); back != nil && !errors.Is(back, sql.ErrTxDone) && ctx.Err() == nil {
			return errors.Join(err, back)
		}
		return err
	}
	return t.Commit()
}
