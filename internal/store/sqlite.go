package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/pressly/goose/v3"
	_ "modernc.org/sqlite" // registers the driver "sqlite"
)

const (
	// DatabaseFile is the name of the SQLite file in the data folder.
	DatabaseFile = "pindesk.db"

	// lockFile is a SQLite file without content whose lock guards migrations: a lock that
	// works on every system, and ends with its process.
	lockFile = "migrate.lock"

	// busyTimeout is how long SQLite waits for another process's lock.
	busyTimeout = 5 * time.Second

	// sqliteReaders is how many queries read at once beside the one writer.
	sqliteReaders = 4
)

// openSQLite opens the file in dir: one connection that writes, because SQLite has one
// writer at a time and a queue in Go is fairer than its busy loop, and some that read. In WAL
// mode readers and the writer do not wait for each other; synchronous=FULL keeps what was
// answered even when the power fails.
func openSQLite(ctx context.Context, dir string) (*Store, error) {
	if err := MakeDataDir(dir); err != nil {
		return nil, err
	}
	path, err := filepath.Abs(filepath.Join(dir, DatabaseFile))
	if err != nil {
		return nil, fmt.Errorf("data folder %s: %w", dir, err)
	}
	lock := filepath.Join(filepath.Dir(path), lockFile)
	for _, p := range []string{path, lock} {
		// SQLite would make its files readable by all; the -wal and -shm files get this mode too.
		f, err := os.OpenFile(p, os.O_RDWR|os.O_CREATE, 0o600)
		if err != nil {
			return nil, fmt.Errorf("cannot open the database: %w: make it writable for the broker's user", err)
		}
		if err := f.Close(); err != nil {
			return nil, fmt.Errorf("cannot open the database: %w", err)
		}
	}
	s := &Store{dialect: &dialect{
		name:  "sqlite",
		goose: goose.DialectSQLite3,
		clock: `CAST(unixepoch('subsec') * 1000 AS INTEGER)`,
		lockMigrations: func(ctx context.Context) (func() error, error) {
			return lockSQLite(ctx, lock)
		},
		conflict: func(error) bool { return false }, // transactions begin with the write lock
	}}
	if s.write, err = sql.Open("sqlite", sqliteName(path, "_txlock", "immediate", "_foreign_keys", "on", "_synchronous", "FULL")); err != nil {
		return nil, fmt.Errorf("open %s: %w", path, err)
	}
	s.write.SetMaxOpenConns(1)
	if s.read, err = sql.Open("sqlite", sqliteName(path, "_query_only", "on")); err != nil {
		return nil, errors.Join(fmt.Errorf("open %s: %w", path, err), s.write.Close())
	}
	s.read.SetMaxOpenConns(sqliteReaders)
	s.read.SetMaxIdleConns(sqliteReaders)
	err = s.useWAL(ctx)
	if err == nil {
		err = s.measureClock(ctx)
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("open the database %s: %w", path, err), s.Close())
	}
	return s, nil
}

// useWAL is done apart and under the migrations' lock: the change fails at once, without
// waiting busyTimeout, if another process is at it too.
func (s *Store) useWAL(ctx context.Context) (err error) {
	unlock, err := s.dialect.lockMigrations(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, unlock()) }()
	var mode string
	if err := s.write.QueryRowContext(ctx, `PRAGMA journal_mode = WAL`).Scan(&mode); err != nil {
		return err
	}
	if mode != "wal" {
		return fmt.Errorf("its file system cannot do write-ahead logging (mode is %q): choose a local folder with --data", mode)
	}
	return nil
}

// lockSQLite holds the write lock of the file at path.
func lockSQLite(ctx context.Context, path string) (unlock func() error, err error) {
	d, err := sql.Open("sqlite", sqliteName(path, "_txlock", "exclusive"))
	if err != nil {
		return nil, err
	}
	for {
		t, err := d.BeginTx(ctx, nil)
		if err == nil {
			return func() error { return errors.Join(t.Rollback(), d.Close()) }, nil
		}
		// busyTimeout has run out: go on waiting for as long as the caller wants.
		if ctx.Err() != nil || !isBusy(err) {
			return nil, errors.Join(fmt.Errorf("wait for another process that migrates: %w", err), d.Close())
		}
	}
}

func isBusy(err error) bool {
	var e interface{ Code() int }
	return errors.As(err, &e) && e.Code()&0xff == 5 // SQLITE_BUSY and its extended codes
}

// sqliteName makes the driver's name for a file and settings given as key, value, ...
func sqliteName(path string, settings ...string) string {
	path = filepath.ToSlash(path)
	if !strings.HasPrefix(path, "/") {
		path = "/" + path // C:/...
	}
	v := url.Values{"_busy_timeout": {fmt.Sprint(busyTimeout.Milliseconds())}, "_dqs": {"false"}}
	for i := 0; i < len(settings); i += 2 {
		v.Set(settings[i], settings[i+1])
	}
	return (&url.URL{Scheme: "file", Path: path, RawQuery: v.Encode()}).String()
}
