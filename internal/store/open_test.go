package store_test

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"pindesk/internal/session"
	"pindesk/internal/store"
	"pindesk/internal/store/pgtest"
)

// TestOpenErrors checks that each error says what to do and that none holds the password.
func TestOpenErrors(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	garbage := t.TempDir()
	if err := os.WriteFile(filepath.Join(garbage, store.DatabaseFile), []byte(strings.Repeat("garbage ", 1000)), 0o600); err != nil {
		t.Fatal(err)
	}
	running, err := url.Parse(pgtest.Start(t))
	if err != nil {
		t.Fatal(err)
	}
	edit := func(f func(u *url.URL)) string {
		u := *running
		f(&u)
		return u.String()
	}
	const password = "s3cret/pass"
	tests := map[string]struct {
		config store.Config
		want   []string
	}{
		"no folder":       {store.Config{}, []string{"--data"}},
		"folder is file":  {store.Config{DataDir: file}, []string{file, "writable", "--data"}},
		"folder in file":  {store.Config{DataDir: filepath.Join(file, "data")}, []string{file, "writable", "--data"}},
		"no database":     {store.Config{DataDir: garbage}, []string{garbage, "not a database"}},
		"other scheme":    {store.Config{DatabaseURL: "mysql://root:s3cret%2Fpass@localhost/x"}, []string{"postgres://"}},
		"no URL":          {store.Config{DatabaseURL: "host=localhost password=s3cret/pass"}, []string{"postgres://"}},
		"broken URL":      {store.Config{DatabaseURL: "postgres://me:s3cret/pass@localhost:54x/x"}, []string{"postgres://"}},
		"broken port":     {store.Config{DatabaseURL: "postgres://me:s3cret%2Fpass@localhost/x?port=abc"}, []string{"postgres://"}},
		"nobody listens":  {store.Config{DatabaseURL: "postgres://me:s3cret%2Fpass@127.0.0.1:1/desk?sslmode=disable"}, []string{"127.0.0.1:1", `"desk"`, `"me"`, "reached"}},
		"no socket":       {store.Config{DatabaseURL: "postgres://me:s3cret%2Fpass@/desk?host=" + url.QueryEscape(t.TempDir())}, []string{"reached"}},
		"wrong password":  {store.Config{DatabaseURL: edit(func(u *url.URL) { u.User = url.UserPassword("pindesk", password) })}, []string{"user and password"}},
		"absent database": {store.Config{DatabaseURL: edit(func(u *url.URL) { u.Path = "/absent" })}, []string{"CREATE DATABASE"}},
	}
	real, _ := running.User.Password()
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			s, err := store.Open(t.Context(), tt.config)
			if err == nil {
				s.Close()
				t.Fatal("it opened")
			}
			for _, want := range tt.want {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("error %q does not say %q", err, want)
				}
			}
			for _, secret := range []string{password, "s3cret", real} {
				for e := err; e != nil; e = errors.Unwrap(e) {
					if strings.Contains(fmt.Sprintf("%v %+v %#v", e, e, e), secret) {
						t.Errorf("the password stands in %v", e)
					}
				}
			}
		})
	}
}

// TestOpenGivesUp checks that a server that accepts and never answers does not hold us.
func TestOpenGivesUp(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
	defer cancel()
	address := silentServer(t)
	start := time.Now()
	s, err := store.Open(ctx, store.Config{DatabaseURL: "postgres://me@" + address + "/desk?sslmode=disable"})
	if err == nil {
		s.Close()
		t.Fatal("it opened")
	}
	if took := time.Since(start); took > 5*time.Second {
		t.Errorf("it took %s to give up", took)
	}
	if !strings.Contains(err.Error(), address) {
		t.Errorf("error %q does not name %s", err, address)
	}
}

// TestDataFolder checks odd names, and that nobody else can read the files.
func TestDataFolder(t *testing.T) {
	for _, name := range []string{"plain", "with space", "50%25 ?x=1#y&mode=memory", "ünïcode 本"} {
		t.Run(name, func(t *testing.T) {
			dir := filepath.Join(t.TempDir(), name)
			s := open(t, store.Config{DataDir: dir})
			if err := s.Migrate(t.Context()); err != nil {
				t.Fatal(err)
			}
			if _, err := s.ClaimKey(t.Context(), "key", time.Now()); err != nil {
				t.Fatal(err)
			}
			files := 0
			err := filepath.WalkDir(dir, func(path string, _ fs.DirEntry, err error) error {
				if err != nil {
					return err
				}
				info, err := os.Lstat(path)
				if err != nil {
					return err
				}
				files++
				if info.Mode().Perm()&0o077 != 0 && runtime.GOOS != "windows" {
					t.Errorf("%s has mode %v", path, info.Mode())
				}
				return nil
			})
			if err != nil {
				t.Fatal(err)
			}
			if info, err := os.Stat(filepath.Join(dir, store.DatabaseFile)); err != nil || info.Size() == 0 || files < 3 {
				t.Errorf("%d files, the database is %v (%v)", files, info, err)
			}
		})
	}
}

// TestDurable checks that what was stored is there after the database was opened anew.
func TestDurable(t *testing.T) {
	onBoth(t, func(t *testing.T, b *bench) {
		s := b.create(t)
		a := b.admit(t, s.PIN, session.Viewer, "")
		if err := b.store.Close(); err != nil {
			t.Fatal(err)
		}
		if err := b.store.Ping(t.Context()); err == nil {
			t.Error("a closed store is ready")
		}
		b.store = open(t, b.config)
		if err := b.store.Migrate(t.Context()); err != nil {
			t.Fatal(err)
		}
		var err error
		b.Service, err = session.New(session.Config{Store: b.store, Keys: b.keys, Region: "eu-west-2", Clock: b.clock.Now})
		if err != nil {
			t.Fatal(err)
		}
		if again := b.admit(t, s.PIN, session.Viewer, a.Resume); !again.Resumed || again.Number != a.Number {
			t.Errorf("resumed %v with number %d, want true, %d", again.Resumed, again.Number, a.Number)
		}
	})
}

func TestKeyOfDatabase(t *testing.T) {
	onBoth(t, func(t *testing.T, b *bench) {
		for range 2 {
			if err := b.CheckKey(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
		keys, err := session.MakeKeyring(filepath.Join(t.TempDir(), "other.key"))
		if err != nil {
			t.Fatal(err)
		}
		other, err := session.New(session.Config{Store: b.store, Keys: keys, Region: "eu-west-2"})
		if err != nil {
			t.Fatal(err)
		}
		err = other.CheckKey(t.Context())
		if err == nil || !strings.Contains(err.Error(), b.keys.ID()) || !strings.Contains(err.Error(), "copy the secret file") {
			t.Errorf("another key: %v", err)
		}
	})
}

// TestClock checks that a difference to the database's clock is measured, and that one too
// small to be measured is not chased.
func TestClock(t *testing.T) {
	onBoth(t, func(t *testing.T, b *bench) {
		b.store.SkewClock(time.Hour)
		if ahead := time.Until(b.store.Now()); ahead < 59*time.Minute {
			t.Fatalf("the clock is %s ahead, want an hour", ahead)
		}
		if err := b.store.Ping(t.Context()); err != nil {
			t.Fatal(err)
		}
		if off := time.Until(b.store.Now()).Abs(); off > 5*time.Second {
			t.Errorf("after Ping the clock is off by %s", off)
		}
	})
}

// TestCallsAreBounded checks that a call that cannot get on ends with its context.
func TestCallsAreBounded(t *testing.T) {
	onBoth(t, func(t *testing.T, b *bench) {
		s := b.create(t)
		second := open(t, b.config)
		tx, err := second.DB().BeginTx(t.Context(), nil)
		if err != nil {
			t.Fatal(err)
		}
		defer tx.Rollback()
		if _, err := tx.ExecContext(t.Context(), `UPDATE sessions SET region = 'held'`); err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
		defer cancel()
		start := time.Now()
		if _, err := b.End(ctx, s.PIN); err == nil {
			t.Error("a row that is held was changed")
		}
		if took := time.Since(start); took > 4*time.Second {
			t.Errorf("the call ended after %s", took)
		}
		b.alive(t, s.PIN, true) // readers do not wait for the writer
	})
}
