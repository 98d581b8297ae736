package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"

	"github.com/pressly/goose/v3"

	"pindesk/migrations"
)

// Migrate brings the database's schema up to date. Several nodes may do so at once: one
// works, the others wait. It fails, and changes nothing, if the database has migrations
// that this broker does not know, because then a newer broker has made it.
func (s *Store) Migrate(ctx context.Context) error { return s.migrate(ctx, migrations.FS) }

func (s *Store) migrate(ctx context.Context, files fs.FS) (err error) {
	ctx, cancel := context.WithTimeout(ctx, migrateTimeout)
	defer cancel()
	unlock, err := s.dialect.lockMigrations(ctx)
	if err != nil {
		return fmt.Errorf("migrate: %w", err)
	}
	defer func() { err = errors.Join(err, unlock()) }()

	p, err := goose.NewProvider(s.dialect.goose, s.write, files,
		goose.WithLogger(goose.NopLogger()), goose.WithDisableGlobalRegistry(true))
	if err != nil {
		return fmt.Errorf("migrate: %w", err)
	}
	if _, _, err := p.GetVersions(ctx); err != nil { // makes goose's table
		return fmt.Errorf("migrate: %w", err)
	}
	sources := p.ListSources()
	known := sources[len(sources)-1].Version // NewProvider fails without any
	applied, err := s.newestMigration(ctx)
	if err != nil {
		return fmt.Errorf("migrate: %w", err)
	}
	// Numbers have no gaps (a test of package migrations), so the newest tells all.
	if applied > known {
		return fmt.Errorf("the database is at migration %d and this broker knows only up to %d: a newer broker has used it; "+
			"run that version or a later one, or go back to a backup from before the upgrade", applied, known)
	}
	if _, err := p.Up(ctx); err != nil {
		return fmt.Errorf("migrate: %w", err)
	}
	return nil
}

// newestMigration is the highest number in goose's table, 0 for a new database.
func (s *Store) newestMigration(ctx context.Context) (int64, error) {
	var v sql.NullInt64
	err := s.writer().row(ctx, `SELECT MAX(version_id) FROM `+goose.DefaultTablename).Scan(&v)
	return v.Int64, err
}
