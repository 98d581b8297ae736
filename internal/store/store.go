// Package store keeps PinDesk's durable state in SQL: in one SQLite file by default, in
// Postgres when there is more than one node. It implements session.Store. Only the broker's
// wiring and tests import it.
//
// One set of queries, written with ? placeholders in the common subset of both engines,
// serves both; everything in which they differ is a field of the type dialect. Every method
// is bounded in time even if its context is not. Errors never hold the database's password,
// and no PIN or secret ever comes here: see session.Store.
//
// Lock order, so that nodes never wait for each other in a circle: the rows of sessions
// first, by id when there are several; then parties; then tickets; then hooks, events,
// deliveries, jobs. Where Postgres reports a
// conflict all the same, the whole transaction is tried again.
package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"sync/atomic"
	"time"

	"pindesk/internal/session"
)

const (
	// callTimeout bounds one operation. It is longer than SQLite's busyTimeout, so that a
	// busy database is reported as such.
	callTimeout = 10 * time.Second

	// openTimeout bounds reaching the database in Open, migrateTimeout a whole Migrate with
	// the wait for other nodes that migrate.
	openTimeout    = 10 * time.Second
	migrateTimeout = 2 * time.Minute

	// maxTries is how often a transaction is tried that met a conflict with another one.
	maxTries = 4
)

// Config says where the database is.
type Config struct {
	// DataDir is the folder of the SQLite file; it is made with mode 0700 if it is missing.
	// Unused with a DatabaseURL.
	DataDir string
	// DatabaseURL is postgres://user:password@host:port/database?options; "" means SQLite.
	DatabaseURL string
}

// Store is an open database. It is safe for use by several goroutines and starts none of its
// own (database/sql does, until Close).
type Store struct {
	dialect *dialect
	write   *sql.DB
	read    *sql.DB // the same as write, except on SQLite
	offset  atomic.Int64
	hints   hints
}

var _ session.Store = (*Store)(nil)

// Open opens the database and makes sure that it answers; it does not Migrate. The error says
// what an operator can do about it.
func Open(ctx context.Context, c Config) (*Store, error) {
	ctx, cancel := context.WithTimeout(ctx, openTimeout)
	defer cancel()
	if c.DatabaseURL != "" {
		return openPostgres(ctx, c.DatabaseURL)
	}
	return openSQLite(ctx, c.DataDir)
}

// Close ends all connections. Calls under way fail.
func (s *Store) Close() error {
	if s.read == s.write {
		return s.write.Close()
	}
	return errors.Join(s.read.Close(), s.write.Close())
}

// Ping says whether the database answers and has been migrated. It also measures its clock
// anew: call it every minute or so.
func (s *Store) Ping(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	if err := s.measureClock(ctx); err != nil {
		return fmt.Errorf("database: %w", err)
	}
	var n int
	if err := s.reader().row(ctx, `SELECT COUNT(*) FROM secret_key`).Scan(&n); err != nil {
		return fmt.Errorf("database: %w", err)
	}
	return nil
}

// Now is the database's clock, so that nodes whose own clocks differ agree on what has
// expired. It costs no query: it is this machine's clock plus the difference that Open and
// each Ping measure.
func (s *Store) Now() time.Time {
	return time.Now().Add(time.Duration(s.offset.Load()))
}

// measureClock takes over the difference between the database's clock and this machine's,
// unless the measurement cannot tell it from the one already known.
func (s *Store) measureClock(ctx context.Context) error {
	before := time.Now()
	var ms int64
	if err := s.reader().row(ctx, `SELECT `+s.dialect.clock).Scan(&ms); err != nil {
		return err
	}
	half := time.Since(before) / 2
	offset := time.UnixMilli(ms).Sub(before.Add(half))
	known := time.Duration(s.offset.Load())
	if (offset - known).Abs() > half+time.Millisecond { // the database counts whole milliseconds
		s.offset.Store(int64(offset))
	}
	return nil
}

// LogValue keeps connections, and with them passwords, out of logs.
func (s *Store) LogValue() slog.Value { return slog.StringValue(s.dialect.name) }

// MakeDataDir makes the broker's data folder, mode 0700, if it is missing, and checks that
// files can be made in it.
func MakeDataDir(dir string) error {
	if dir == "" {
		return errors.New("no data folder is set: choose one with --data")
	}
	err := os.MkdirAll(dir, 0o700)
	if err == nil {
		var f *os.File
		if f, err = os.CreateTemp(dir, ".writable-*"); err == nil {
			err = errors.Join(f.Close(), os.Remove(f.Name()))
		}
	}
	if err == nil {
		return nil
	}
	var pe *fs.PathError
	if errors.As(err, &pe) {
		err = pe.Err
	}
	return fmt.Errorf("cannot write to the data folder %s (%w): make it writable for the broker's user, or choose another one with --data", dir, err)
}
