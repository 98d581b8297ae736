package store

import (
	"context"
	"database/sql"
	"io/fs"
	"time"
)

// MigrateFrom is Migrate with other files.
func (s *Store) MigrateFrom(ctx context.Context, files fs.FS) error { return s.migrate(ctx, files) }

// SkewClock pretends that the database's clock is this far ahead of ours.
func (s *Store) SkewClock(d time.Duration) { s.offset.Store(int64(d)) }

// DB is for looking into the tables.
func (s *Store) DB() *sql.DB { return s.write }

// Rewrite writes a query for the store's engine.
func (s *Store) Rewrite(query string) string { return s.dialect.sql(query) }

// MaxConns is how many goroutines can query at once.
const MaxConns = postgresConns
