package store_test

import (
	"context"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"pindesk/internal/store"
	"pindesk/migrations"
)

// TestMigrateAtOnce has several nodes start on a new database at the same moment.
func TestMigrateAtOnce(t *testing.T) {
	onBothEmpty(t, func(t *testing.T, c store.Config) {
		const nodes = 6
		stores := make([]*store.Store, nodes)
		for _, err := range race(nodes, func(i int) (err error) {
			stores[i], err = store.Open(t.Context(), c)
			return err
		}) {
			if err != nil {
				t.Fatal(err)
			}
		}
		for _, s := range stores {
			defer s.Close()
		}
		if err := stores[0].Ping(t.Context()); err == nil {
			t.Error("a database without tables is ready")
		}
		for _, err := range race(2*nodes, func(i int) error { return stores[i%nodes].Migrate(t.Context()) }) {
			if err != nil {
				t.Error(err)
			}
		}
		if err := stores[0].Ping(t.Context()); err != nil {
			t.Error(err)
		}
		var times int
		if err := stores[0].DB().QueryRowContext(t.Context(), `SELECT COUNT(*) FROM goose_db_version WHERE version_id = 1`).Scan(&times); err != nil || times != 1 {
			t.Errorf("the first migration ran %d times (%v)", times, err)
		}
	})
}

// files makes a set of migrations: the real ones and more.
func files(t *testing.T, more map[string]string) fstest.MapFS {
	t.Helper()
	fs := fstest.MapFS{}
	entries, err := migrations.FS.ReadDir(".")
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		b, err := migrations.FS.ReadFile(e.Name())
		if err != nil {
			t.Fatal(err)
		}
		fs[e.Name()] = &fstest.MapFile{Data: b}
	}
	for name, text := range more {
		fs[name] = &fstest.MapFile{Data: []byte(text)}
	}
	return fs
}

func TestMigrateNewer(t *testing.T) {
	onBothEmpty(t, func(t *testing.T, c store.Config) {
		s := open(t, c)
		newer := files(t, map[string]string{"99998_newer.sql": "-- +goose Up\nCREATE TABLE newer (n INTEGER);\n"})
		if err := s.MigrateFrom(t.Context(), newer); err != nil {
			t.Fatal(err)
		}
		err := s.Migrate(t.Context())
		if err == nil || !strings.Contains(err.Error(), "99998") || !strings.Contains(err.Error(), "newer broker") {
			t.Errorf("migrate of a newer database: %v", err)
		}
		if err := s.MigrateFrom(t.Context(), newer); err != nil { // the newer broker goes on
			t.Error(err)
		}
	})
}

// TestMigrateBroken checks that a migration that fails in its middle leaves nothing, and
// gives the lock back.
func TestMigrateBroken(t *testing.T) {
	onBothEmpty(t, func(t *testing.T, c store.Config) {
		s := open(t, c)
		const half = "-- +goose Up\nCREATE TABLE half (n INTEGER);\n"
		if err := s.MigrateFrom(t.Context(), files(t, map[string]string{"99998_half.sql": half + "CREATE NONSENSE;\n"})); err == nil {
			t.Fatal("a broken migration ran")
		}
		other := open(t, c)
		ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
		defer cancel()
		if err := other.MigrateFrom(ctx, files(t, map[string]string{"99998_half.sql": half})); err != nil {
			t.Error(err)
		}
	})
}
