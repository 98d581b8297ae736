package store_test

import (
	"path/filepath"
	"regexp"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"pindesk/internal/fault"
	"pindesk/internal/session"
	"pindesk/internal/store"
	"pindesk/internal/store/pgtest"
)

// The conformance suite: every test that goes through onBoth runs on a real SQLite and on a
// real Postgres, with the rules of session.Service on top, because a rule is half Go, half SQL.

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// bench is one database with a service on it and a clock that tests move.
type bench struct {
	*session.Service
	store  *store.Store
	config store.Config
	keys   *session.Keyring
	clock  *clock
}

type clock struct {
	mu  sync.Mutex
	now time.Time
}

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

// pass moves the clock on.
func (c *clock) pass(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

// onBothEmpty runs a test on an empty, not yet migrated database of each engine.
func onBothEmpty(t *testing.T, f func(t *testing.T, c store.Config)) {
	t.Run("sqlite", func(t *testing.T) { f(t, store.Config{DataDir: filepath.Join(t.TempDir(), "data")}) })
	t.Run("postgres", func(t *testing.T) { f(t, store.Config{DatabaseURL: pgtest.Start(t)}) })
}

// onBoth runs a test on a migrated database of each engine.
func onBoth(t *testing.T, f func(t *testing.T, b *bench)) {
	onBothEmpty(t, func(t *testing.T, c store.Config) {
		s := open(t, c)
		if err := s.Migrate(t.Context()); err != nil {
			t.Fatal(err)
		}
		keys, err := session.MakeKeyring(filepath.Join(t.TempDir(), "secret.key"))
		if err != nil {
			t.Fatal(err)
		}
		b := &bench{store: s, config: c, keys: keys, clock: &clock{now: time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)}}
		b.Service, err = session.New(session.Config{Store: s, Keys: keys, Region: "eu-west-2", Regions: []string{"us-east-1"}, Clock: b.clock.Now})
		if err != nil {
			t.Fatal(err)
		}
		f(t, b)
	})
}

func open(t *testing.T, c store.Config) *store.Store {
	t.Helper()
	s, err := store.Open(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Errorf("close: %v", err)
		}
	})
	return s
}

// create makes a session and returns its PIN and id.
func (b *bench) create(t *testing.T) session.Session {
	t.Helper()
	c, err := b.Create(t.Context(), "", session.Maker{})
	if err != nil {
		t.Fatal(err)
	}
	return c.Session
}

// join gets a ticket.
func (b *bench) join(t *testing.T, pin string, role session.Role, resume string) session.Joined {
	t.Helper()
	j, err := b.Join(t.Context(), session.JoinRequest{PIN: pin, Role: role, Name: "Ann", Resume: resume})
	if err != nil {
		t.Fatal(err)
	}
	return j
}

// admit joins and spends the ticket.
func (b *bench) admit(t *testing.T, pin string, role session.Role, resume string) session.Admission {
	t.Helper()
	a, err := b.Admit(t.Context(), b.join(t, pin, role, resume).Ticket)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// alive fails the test unless the session is (not) found by its PIN.
func (b *bench) alive(t *testing.T, pin string, want bool) {
	t.Helper()
	_, err := b.Lookup(t.Context(), pin)
	switch {
	case want && err != nil:
		t.Fatalf("the session is gone: %v", err)
	case !want:
		wantCode(t, err, fault.UnknownSession)
	}
}

func wantCode(t *testing.T, err error, code string) {
	t.Helper()
	if fault.Code(err) != code {
		t.Fatalf("error %v (code %q), want code %q", err, fault.Code(err), code)
	}
}

// count is the number of rows of a query that selects COUNT(*).
func (b *bench) count(t *testing.T, query string, args ...any) (n int) {
	t.Helper()
	if err := b.store.DB().QueryRowContext(t.Context(), b.store.Rewrite(query), args...).Scan(&n); err != nil {
		t.Fatal(err)
	}
	return n
}

func (b *bench) exec(t *testing.T, statement string, args ...any) {
	t.Helper()
	if _, err := b.store.DB().ExecContext(t.Context(), b.store.Rewrite(statement), args...); err != nil {
		t.Fatal(err)
	}
}

func TestCreate(t *testing.T) {
	onBoth(t, func(t *testing.T, b *bench) {
		c, err := b.Create(t.Context(), "us-east-1", session.Maker{})
		if err != nil {
			t.Fatal(err)
		}
		s := c.Session
		if !regexp.MustCompile(`^[0-9A-Z]{3}-[0-9]{2}-[0-9]{4}$`).MatchString(s.PIN) {
			t.Errorf("PIN of a wrong form")
		}
		if !regexp.MustCompile(`^[0-9A-Za-z_-]{22,}$`).MatchString(c.Token) {
			t.Errorf("token of a wrong form")
		}
		found, err := b.Lookup(t.Context(), s.PIN)
		if err != nil {
			t.Fatal(err)
		}
		if found != s {
			t.Errorf("found %#v, want %#v", found, s)
		}
		if want := b.clock.Now(); s.Region != "us-east-1" || !s.CreatedAt.Equal(want) || !s.ExpiresAt.Equal(want.Add(time.Hour)) {
			t.Errorf("region %q, created %v, expires %v", s.Region, s.CreatedAt, s.ExpiresAt)
		}
		if own := b.create(t); own.Region != "eu-west-2" {
			t.Errorf("region %q without a wish, want the broker's own", own.Region)
		}
		_, err = b.Create(t.Context(), "mars-1", session.Maker{})
		wantCode(t, err, fault.UnknownRegion)
	})
}

// TestUnknownAlike checks that no call tells why a PIN is not good.
func TestUnknownAlike(t *testing.T) {
	onBoth(t, func(t *testing.T, b *bench) {
		expired := b.create(t).PIN
		b.clock.pass(time.Hour)
		ended := b.create(t).PIN
		if _, err := b.End(t.Context(), ended); err != nil {
			t.Fatal(err)
		}
		calls := map[string]func(pin string) error{
			"lookup": func(pin string) error { _, err := b.Lookup(t.Context(), pin); return err },
			"state":  func(pin string) error { _, err := b.State(t.Context(), pin); return err },
			"end":    func(pin string) error { _, err := b.End(t.Context(), pin); return err },
			"hook": func(pin string) error {
				return b.SetHook(t.Context(), pin, session.ViewerStarted, "https://example.com/")
			},
			"join": func(pin string) error {
				_, err := b.Join(t.Context(), session.JoinRequest{PIN: pin, Role: session.Viewer})
				return err
			},
		}
		_, want := b.Lookup(t.Context(), "")
		wantCode(t, want, fault.UnknownSession)
		for name, call := range calls {
			for why, pin := range map[string]string{"malformed": "hello", "unknown": "000-00-0000", "expired": expired, "ended": ended} {
				if err := call(pin); err == nil || err.Error() != want.Error() {
					t.Errorf("%s of an %s PIN: %v, want %v", name, why, err, want)
				}
			}
		}
	})
}

func TestUnclaimed(t *testing.T) {
	onBoth(t, func(t *testing.T, b *bench) {
		s := b.create(t)
		b.clock.pass(time.Hour - time.Millisecond)
		ticket := b.join(t, s.PIN, session.Viewer, "").Ticket // a ticket alone claims nothing
		b.alive(t, s.PIN, true)
		if ended, err := b.Sweep(t.Context()); err != nil || len(ended) != 0 {
			t.Fatalf("sweep ended %v (%v) too early", ended, err)
		}
		b.clock.pass(time.Millisecond)
		b.alive(t, s.PIN, false)
		_, err := b.Admit(t.Context(), ticket)
		wantCode(t, err, fault.BadTicket)
		for i, want := range []int{1, 0} {
			ended, err := b.Sweep(t.Context())
			if err != nil || len(ended) != want || want == 1 && ended[0] != s.ID {
				t.Fatalf("sweep %d ended %v (%v), want %d", i, ended, err, want)
			}
		}
	})
}

func TestIdle(t *testing.T) {
	const idle, lease = 4 * time.Hour, 15 * time.Second
	onBoth(t, func(t *testing.T, b *bench) {
		online := func(parties ...string) {
			t.Helper()
			if err := b.Online(t.Context(), parties, b.clock.Now().Add(lease)); err != nil {
				t.Fatal(err)
			}
		}
		// lasts checks that the session lives for just d more, if nobody comes.
		lasts := func(t *testing.T, pin string, d time.Duration) {
			t.Helper()
			b.clock.pass(d - time.Millisecond)
			b.alive(t, pin, true)
			b.clock.pass(time.Millisecond)
			b.alive(t, pin, false)
		}
		t.Run("admitted only", func(t *testing.T) {
			s := b.create(t)
			b.clock.pass(time.Minute)
			b.admit(t, s.PIN, session.Viewer, "")
			lasts(t, s.PIN, idle)
		})
		t.Run("broker lost", func(t *testing.T) {
			s := b.create(t)
			a := b.admit(t, s.PIN, session.Viewer, "")
			online(a.Party)
			b.clock.pass(5 * time.Second)
			online(a.Party, "a party that is not there")
			b.clock.pass(lease + idle - time.Millisecond)
			b.alive(t, s.PIN, true)
			b.clock.pass(time.Minute) // by which the expiry may have been raised in advance
			b.alive(t, s.PIN, false)
		})
		t.Run("left", func(t *testing.T) {
			s := b.create(t)
			a := b.admit(t, s.PIN, session.Viewer, "")
			online(a.Party)
			b.clock.pass(time.Second)
			if err := b.Offline(t.Context(), a.Party); err != nil {
				t.Fatal(err)
			}
			lasts(t, s.PIN, idle)
		})
		t.Run("online for a day", func(t *testing.T) {
			s := b.create(t)
			a := b.admit(t, s.PIN, session.Presenter, "")
			for range 24 {
				online(a.Party)
				b.clock.pass(time.Hour)
			}
			b.alive(t, s.PIN, true)
			if err := b.Offline(t.Context(), a.Party); err != nil { // its lease has long run out
				t.Fatal(err)
			}
			lasts(t, s.PIN, idle+lease-time.Hour)
		})
		t.Run("another stays", func(t *testing.T) {
			s := b.create(t)
			stays, leaves := b.admit(t, s.PIN, session.Presenter, ""), b.admit(t, s.PIN, session.Viewer, "")
			online(stays.Party, leaves.Party)
			if err := b.Offline(t.Context(), leaves.Party); err != nil {
				t.Fatal(err)
			}
			lasts(t, s.PIN, lease+idle)
		})
		t.Run("ended stays ended", func(t *testing.T) {
			s := b.create(t)
			a := b.admit(t, s.PIN, session.Viewer, "")
			if _, err := b.End(t.Context(), s.PIN); err != nil {
				t.Fatal(err)
			}
			online(a.Party)
			if n := b.count(t, `SELECT COUNT(*) FROM parties WHERE id = ? AND online_until > ?`, a.Party, b.clock.Now().UnixMilli()); n != 0 {
				t.Error("a party of an ended session counts as online")
			}
			b.alive(t, s.PIN, false)
		})
		if err := b.Offline(t.Context(), "a party that is not there"); err != nil {
			t.Errorf("offline of an unknown party: %v", err)
		}
	})
}

func TestState(t *testing.T) {
	onBoth(t, func(t *testing.T, b *bench) {
		s := b.create(t)
		want := func(presenter bool, viewers int) {
			t.Helper()
			st, err := b.State(t.Context(), s.PIN)
			if err != nil {
				t.Fatal(err)
			}
			if st.PresenterOnline != presenter || st.ViewersOnline != viewers || st.Session.PIN != s.PIN || st.Session.ID != s.ID {
				t.Fatalf("presenter %v, viewers %d, want %v, %d", st.PresenterOnline, st.ViewersOnline, presenter, viewers)
			}
		}
		p, v1, v2 := b.admit(t, s.PIN, session.Presenter, ""), b.admit(t, s.PIN, session.Viewer, ""), b.admit(t, s.PIN, session.Viewer, "")
		want(false, 0) // admission alone is not presence
		if err := b.Online(t.Context(), []string{p.Party, v1.Party, v2.Party}, b.clock.Now().Add(15*time.Second)); err != nil {
			t.Fatal(err)
		}
		want(true, 2)
		if err := b.Offline(t.Context(), v1.Party); err != nil {
			t.Fatal(err)
		}
		want(true, 1)
		if err := b.Online(t.Context(), []string{v2.Party}, b.clock.Now().Add(30*time.Second)); err != nil {
			t.Fatal(err)
		}
		b.clock.pass(15 * time.Second)
		want(false, 1)
		// An older message that comes late takes nothing back.
		if err := b.Online(t.Context(), []string{v2.Party}, b.clock.Now().Add(time.Second)); err != nil {
			t.Fatal(err)
		}
		b.clock.pass(15*time.Second - time.Millisecond)
		want(false, 1)
		b.clock.pass(time.Millisecond)
		want(false, 0)
	})
}

func TestOnlineManyParties(t *testing.T) {
	onBoth(t, func(t *testing.T, b *bench) {
		s := b.create(t)
		ids := make([]string, 450) // more than two batches
		for i := range ids {
			ids[i] = session.NewSecret()
		}
		ids[0], ids[449] = b.admit(t, s.PIN, session.Viewer, "").Party, b.admit(t, s.PIN, session.Viewer, "").Party
		for _, list := range [][]string{nil, ids} {
			if err := b.Online(t.Context(), list, b.clock.Now().Add(time.Minute)); err != nil {
				t.Fatal(err)
			}
		}
		if st, err := b.State(t.Context(), s.PIN); err != nil || st.ViewersOnline != 2 {
			t.Errorf("%d viewers online (%v), want 2", st.ViewersOnline, err)
		}
	})
}

func TestHooks(t *testing.T) {
	onBoth(t, func(t *testing.T, b *bench) {
		s, other := b.create(t), b.create(t)
		types := []session.HookType{session.ViewerStarted, session.PresenterStarted, session.ViewerOffline, session.PresenterOffline}
		for _, url := range []string{"https://example.com/a", "https://example.com/b"} {
			for _, typ := range types {
				if err := b.SetHook(t.Context(), s.PIN, typ, url); err != nil {
					t.Fatal(err)
				}
			}
		}
		if err := b.SetHook(t.Context(), other.PIN, session.ViewerStarted, "https://example.com/a"); err != nil {
			t.Fatal(err)
		}
		if n := b.count(t, `SELECT COUNT(*) FROM hooks WHERE session_id = ?`, s.ID); n != len(types) {
			t.Errorf("%d hooks, want %d", n, len(types))
		}
		if n := b.count(t, `SELECT COUNT(*) FROM hooks WHERE session_id = ? AND url = ?`, s.ID, "https://example.com/b"); n != len(types) {
			t.Errorf("%d hooks have the newer URL, want %d", n, len(types))
		}
		wantCode(t, b.SetHook(t.Context(), s.PIN, "viewer_gone", "https://example.com/"), fault.BadHook)
		wantCode(t, b.SetHook(t.Context(), s.PIN, session.ViewerStarted, "ftp://example.com/"), fault.BadHook)
	})
}

func TestEnd(t *testing.T) {
	onBoth(t, func(t *testing.T, b *bench) {
		s := b.create(t)
		ticket := b.join(t, s.PIN, session.Presenter, "").Ticket
		b.clock.pass(time.Second)
		ended, err := b.End(t.Context(), s.PIN)
		if err != nil {
			t.Fatal(err)
		}
		if ended.ID != s.ID || ended.PIN != s.PIN || !ended.EndedAt.Equal(b.clock.Now()) {
			t.Errorf("ended %#v at %v", ended, ended.EndedAt)
		}
		_, err = b.End(t.Context(), s.PIN)
		wantCode(t, err, fault.UnknownSession)
		_, err = b.Admit(t.Context(), ticket)
		wantCode(t, err, fault.BadTicket)
		if ids, err := b.Sweep(t.Context()); err != nil || len(ids) != 0 {
			t.Errorf("sweep ended %v (%v), which had ended already", ids, err)
		}
	})
}
