package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/pressly/goose/v3"
)

const (
	// A node's connections. Frames never touch the database, so a few do.
	postgresConns     = 16
	postgresIdleConns = 4
	postgresIdleTime  = 5 * time.Minute
	// Connections are renewed so that a fail-over or a new password is noticed.
	postgresLifetime = time.Hour

	// migrationLock is the key of the advisory lock: "pindesk" and a version in ASCII.
	migrationLock = 0x70696e6465736b01

	urlForm = "postgres://user:password@host:5432/database?sslmode=require"
)

// SQLSTATE codes, from the appendix "PostgreSQL Error Codes" of its manual.
const (
	stateSerialization   = "40001"
	stateDeadlock        = "40P01"
	stateInvalidPassword = "28P01"
	stateInvalidAuth     = "28000"
	stateNoDatabase      = "3D000"
	stateTooMany         = "53300"
	stateStarting        = "57P03"
)

func openPostgres(ctx context.Context, rawURL string) (*Store, error) {
	// Neither this error nor those of the parser may be shown: they repeat the URL.
	u, err := url.Parse(rawURL)
	if err != nil || u.Scheme != "postgres" && u.Scheme != "postgresql" {
		return nil, errors.New("the database URL must look like " + urlForm)
	}
	c, err := pgx.ParseConfig(rawURL)
	if err != nil {
		return nil, errors.New("the database URL or a PG* environment variable is wrong: the URL must look like " + urlForm)
	}
	if c.RuntimeParams["application_name"] == "" {
		c.RuntimeParams["application_name"] = "pindesk"
	}
	if c.ConnectTimeout == 0 {
		c.ConnectTimeout = openTimeout / 2
	}
	d := stdlib.OpenDB(*c)
	d.SetMaxOpenConns(postgresConns)
	d.SetMaxIdleConns(postgresIdleConns)
	d.SetConnMaxIdleTime(postgresIdleTime)
	d.SetConnMaxLifetime(postgresLifetime)
	s := &Store{write: d, read: d, dialect: &dialect{
		name:       "postgres",
		goose:      goose.DialectPostgres,
		shared:     true,
		numbered:   true,
		clock:      `CAST(EXTRACT(EPOCH FROM clock_timestamp()) * 1000 AS BIGINT)`,
		forUpdate:  ` FOR UPDATE`,
		skipLocked: ` SKIP LOCKED`,
		lockMigrations: func(ctx context.Context) (func() error, error) {
			return lockPostgres(ctx, d)
		},
		conflict: func(err error) bool {
			state := sqlState(err)
			return state == stateSerialization || state == stateDeadlock
		},
	}}
	if err := s.measureClock(ctx); err != nil {
		return nil, errors.Join(postgresError(err, c), d.Close())
	}
	return s, nil
}

// lockPostgres takes the advisory lock on a connection of its own. Should that connection
// break while migrations run on another one, they are still one transaction each, so a second
// node fails instead of doing half.
func lockPostgres(ctx context.Context, d *sql.DB) (unlock func() error, err error) {
	conn, err := d.Conn(ctx)
	if err != nil {
		return nil, err
	}
	if _, err := conn.ExecContext(ctx, `SELECT pg_advisory_lock($1)`, int64(migrationLock)); err != nil {
		return nil, errors.Join(fmt.Errorf("wait for another node that migrates: %w", err), conn.Close())
	}
	return func() error {
		// Also when the caller's time is up: else the lock stays with a pooled connection.
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), callTimeout)
		defer cancel()
		_, err := conn.ExecContext(ctx, `SELECT pg_advisory_unlock($1)`, int64(migrationLock))
		if err != nil {
			// A connection that may still hold the lock must not go back to the pool.
			_ = conn.Raw(func(c any) error { return c.(*stdlib.Conn).Conn().Close(ctx) })
		}
		return errors.Join(err, conn.Close())
	}, nil
}

// postgresError says why the database could not be opened and what to do, without the
// password. The cause becomes text, because its type carries the whole configuration.
func postgresError(err error, c *pgx.ConnConfig) error {
	what := "it cannot be reached; check that it runs, and host and port of the database URL"
	switch sqlState(err) {
	case "":
		if errors.Is(err, context.DeadlineExceeded) {
			what = "it does not answer in time; check host and port of the database URL, and firewalls"
		}
	case stateInvalidPassword, stateInvalidAuth:
		what = "it does not let this user in; check user and password of the database URL, and pg_hba.conf"
	case stateNoDatabase:
		what = "it has no such database; make it with CREATE DATABASE"
	case stateTooMany:
		what = "it has no connections left; raise max_connections"
	case stateStarting:
		what = "it is starting or stopping; try again"
	default:
		what = "it refuses the connection"
	}
	text := strings.Join(strings.Fields(err.Error()), " ")
	if c.Password != "" {
		text = strings.ReplaceAll(text, c.Password, "xxxxx")
	}
	where := c.Host
	if !strings.HasPrefix(where, "/") {
		where = net.JoinHostPort(c.Host, strconv.Itoa(int(c.Port)))
	}
	return fmt.Errorf("the Postgres at %s, database %q, user %q: %s (%s)", where, c.Database, c.User, what, text)
}

func sqlState(err error) string {
	var e *pgconn.PgError
	if errors.As(err, &e) {
		return e.Code
	}
	return ""
}
