package store_test

import (
	"strings"
	"testing"
	"time"

	"pindesk/internal/session"
)

// TestKeepPIN follows one PIN from its session's end to the day when it may be issued again.
func TestKeepPIN(t *testing.T) {
	const keep = 30 * 24 * time.Hour
	onBoth(t, func(t *testing.T, b *bench) {
		for name, end := range map[string]func(pin string) error{
			"ended":   func(pin string) error { _, err := b.End(t.Context(), pin); return err },
			"expired": func(string) error { b.clock.pass(4 * time.Hour); _, err := b.Sweep(t.Context()); return err },
		} {
			t.Run(name, func(t *testing.T) {
				s := b.create(t)
				b.admit(t, s.PIN, session.Presenter, "")
				b.join(t, s.PIN, session.Viewer, "")
				if err := b.SetHook(t.Context(), s.PIN, session.ViewerOffline, "https://example.com/"); err != nil {
					t.Fatal(err)
				}
				if err := end(s.PIN); err != nil {
					t.Fatal(err)
				}
				again := session.NewSession{ID: "again-" + name, Region: "eu-west-2", KeyID: b.keys.ID(), PINMAC: b.keys.MAC(s.PIN),
					CreatedAt: b.clock.Now(), ExpiresAt: b.clock.Now().Add(365 * 24 * time.Hour)}
				sweep := func() {
					t.Helper()
					if _, err := b.Sweep(t.Context()); err != nil {
						t.Fatal(err)
					}
				}
				b.clock.pass(keep - time.Millisecond)
				sweep()
				if err := b.store.Create(t.Context(), again); err != session.ErrTaken {
					t.Fatalf("create with a kept PIN: %v, want ErrTaken", err)
				}
				b.clock.pass(time.Millisecond)
				sweep()
				for _, table := range []string{"sessions WHERE id", "parties WHERE session_id", "tickets WHERE session_id", "hooks WHERE session_id"} {
					if n := b.count(t, `SELECT COUNT(*) FROM `+table+` = ?`, s.ID); n != 0 {
						t.Errorf("%d rows are left in %s", n, table)
					}
				}
				if err := b.store.Create(t.Context(), again); err != nil {
					t.Errorf("create after the PIN was erased: %v", err)
				}
			})
		}
	})
}

// TestSweepMany has more sessions than fit one statement, and two nodes that sweep at once.
func TestSweepMany(t *testing.T) {
	const sessions = 450
	onBoth(t, func(t *testing.T, b *bench) {
		for range sessions {
			b.create(t)
		}
		b.clock.pass(30 * time.Minute)
		stays := b.create(t)
		b.clock.pass(30 * time.Minute)
		found := make([][]string, 2)
		for _, err := range race(len(found), func(i int) (err error) {
			found[i], err = b.Sweep(t.Context())
			return err
		}) {
			if err != nil {
				t.Fatal(err)
			}
		}
		rest, err := b.Sweep(t.Context()) // what the one left to the other when both met
		if err != nil {
			t.Fatal(err)
		}
		seen := map[string]bool{}
		for _, ids := range append(found, rest) {
			for _, id := range ids {
				if seen[id] {
					t.Errorf("%s was ended twice", id)
				}
				seen[id] = true
			}
		}
		if len(seen) != sessions {
			t.Errorf("%d sessions were ended, want %d", len(seen), sessions)
		}
		b.alive(t, stays.PIN, true)
		b.clock.pass(session.DefaultKeepPIN)
		if _, err := b.Sweep(t.Context()); err != nil {
			t.Fatal(err)
		}
		if n := b.count(t, `SELECT COUNT(*) FROM sessions`); n != 1 {
			t.Errorf("%d sessions are left, want the one that ended last", n)
		}
	})
}

func TestSweepTickets(t *testing.T) {
	onBoth(t, func(t *testing.T, b *bench) {
		s := b.create(t)
		admitted := b.admit(t, s.PIN, session.Viewer, "")
		b.join(t, s.PIN, session.Viewer, "")
		want := func(tickets, parties int) {
			t.Helper()
			if _, err := b.Sweep(t.Context()); err != nil {
				t.Fatal(err)
			}
			if n := b.count(t, `SELECT COUNT(*) FROM tickets`); n != tickets {
				t.Errorf("%d tickets, want %d", n, tickets)
			}
			if n := b.count(t, `SELECT COUNT(*) FROM parties`); n != parties {
				t.Errorf("%d parties, want %d", n, parties)
			}
		}
		b.clock.pass(30*time.Second - time.Millisecond)
		want(1, 2)
		b.clock.pass(time.Millisecond)
		want(0, 2)
		b.clock.pass(30 * time.Second) // the party that never came
		want(0, 1)
		if a := b.admit(t, s.PIN, session.Viewer, admitted.Resume); !a.Resumed {
			t.Error("a party that had come was forgotten")
		}
	})
}

// TestNothingSecretStored reads every text of every table.
func TestNothingSecretStored(t *testing.T) {
	onBoth(t, func(t *testing.T, b *bench) {
		c, err := b.Create(t.Context(), "", session.Maker{})
		if err != nil {
			t.Fatal(err)
		}
		pin := c.Session.PIN
		first := b.admit(t, pin, session.Viewer, "")
		second := b.admit(t, pin, session.Viewer, first.Resume)
		ticket := b.join(t, pin, session.Viewer, second.Resume).Ticket
		_, key, err := b.apiKeys().Create(t.Context(), "Help Ltd", 0)
		if err != nil {
			t.Fatal(err)
		}
		secret := func(resume string) string { return strings.SplitN(resume, ".", 2)[0] } // the part that counts
		secrets := []string{pin, strings.ReplaceAll(pin, "-", ""), c.Token, secret(first.Resume), secret(second.Resume), ticket, key}

		texts := 0
		for _, table := range []string{"secret_key", "sessions", "parties", "tickets", "hooks", "events", "api_keys"} {
			rows, err := b.store.DB().QueryContext(t.Context(), `SELECT * FROM `+table)
			if err != nil {
				t.Fatal(err)
			}
			columns, err := rows.Columns()
			if err != nil {
				t.Fatal(err)
			}
			for rows.Next() {
				values, into := make([]any, len(columns)), make([]any, len(columns))
				for i := range values {
					into[i] = &values[i]
				}
				if err := rows.Scan(into...); err != nil {
					t.Fatal(err)
				}
				for i, v := range values {
					text, ok := v.(string)
					if !ok {
						continue
					}
					texts++
					for n, secret := range secrets {
						if strings.Contains(text, secret) {
							t.Errorf("secret %d stands in %s.%s", n, table, columns[i])
						}
					}
				}
			}
			if err := rows.Err(); err != nil {
				t.Fatal(err)
			}
			rows.Close()
		}
		if texts < 10 {
			t.Errorf("only %d texts were read", texts)
		}
		var sealed, id string
		if err := b.store.DB().QueryRowContext(t.Context(), `SELECT pin_sealed, id FROM sessions`).Scan(&sealed, &id); err != nil {
			t.Fatal(err)
		}
		if opened, err := b.keys.Open(sealed, id); err != nil || opened != pin {
			t.Errorf("the sealed PIN does not open: %v", err)
		}
	})
}
