package store_test

import (
	"testing"
	"time"

	"pindesk/internal/session"
)

// TestRetention follows what a session leaves behind, step by step, until nothing is left; a
// session that lives keeps all, however old its parts are.
func TestRetention(t *testing.T) {
	const day = 24 * time.Hour
	onBoth(t, func(t *testing.T, b *bench) {
		make := func() session.Session {
			s := b.create(t)
			if err := b.SetHook(t.Context(), s.PIN, session.ViewerStarted, "https://example.com/"); err != nil {
				t.Fatal(err)
			}
			a := b.admit(t, s.PIN, session.Viewer, "") // consumes the hook
			if err := b.Online(t.Context(), []string{a.Party}, b.clock.Now().Add(400*day)); err != nil {
				t.Fatal(err)
			}
			b.exec(t, `INSERT INTO mails (id, session_id, kind, name, address, address_mac, created_at) VALUES (?, ?, 'invite', '', 'a@example.com', 'm', 0)`, "mail of "+s.ID, s.ID)
			b.exec(t, `INSERT INTO jobs (id, kind, ref, session_id, state, next_at, give_up_at, created_at) VALUES (?, 'mail', ?, ?, 'done', 0, 0, 0)`,
				"job of "+s.ID, "mail of "+s.ID, s.ID)
			return s
		}
		old, lives := make(), make()
		if _, err := b.End(t.Context(), old.PIN); err != nil {
			t.Fatal(err)
		}
		type left struct{ rows, events, deliveries, mails, jobs, sealed int }
		of := func(id string) left {
			return left{
				b.count(t, `SELECT COUNT(*) FROM sessions WHERE id = ?`, id), min(1, b.count(t, `SELECT COUNT(*) FROM events WHERE session_id = ?`, id)),
				b.count(t, `SELECT COUNT(*) FROM deliveries WHERE session_id = ?`, id), b.count(t, `SELECT COUNT(*) FROM mails WHERE session_id = ?`, id),
				b.count(t, `SELECT COUNT(*) FROM jobs WHERE session_id = ?`, id), b.count(t, `SELECT COUNT(*) FROM sessions WHERE id = ? AND pin_sealed <> ''`, id),
			}
		}
		all := left{1, 1, 1, 1, 2, 1}
		for _, step := range []struct {
			after time.Duration
			want  left
		}{
			{0, all},
			{7*day - time.Millisecond, all},
			{7 * day, left{1, 1, 0, 0, 0, 0}},
			{20*day - time.Millisecond, left{1, 1, 0, 0, 0, 0}},
			{20 * day, left{1, 0, 0, 0, 0, 0}},
			{30*day - time.Millisecond, left{1, 0, 0, 0, 0, 0}},
			{30 * day, left{}},
		} {
			service, err := session.New(session.Config{Store: b.store, Keys: b.keys, Region: "eu-west-2",
				Limits: session.Limits{KeepAudit: 20 * day}, Clock: func() time.Time { return b.clock.Now().Add(step.after) }})
			if err != nil {
				t.Fatal(err)
			}
			for range 2 { // a second sweep finds nothing to do
				if _, err := service.Sweep(t.Context()); err != nil {
					t.Fatal(err)
				}
			}
			if got := of(old.ID); got != step.want {
				t.Errorf("%v after the end: %+v, want %+v", step.after, got, step.want)
			}
			if got := of(lives.ID); got != all {
				t.Errorf("%v later the living session has %+v", step.after, got)
			}
		}
	})
}

// TestWhoAndWhereGo: names and addresses go with the log, hooks' URLs with the deliveries, and not
// only with the session's record.
func TestWhoAndWhereGo(t *testing.T) {
	const day = 24 * time.Hour
	onBoth(t, func(t *testing.T, b *bench) {
		old, lives := b.create(t), b.create(t)
		for _, s := range []session.Session{old, lives} {
			b.admit(t, s.PIN, session.Viewer, "")
			b.join(t, s.PIN, session.Viewer, "")
			if err := b.SetHook(t.Context(), s.PIN, session.PresenterStarted, "https://example.com/secret"); err != nil {
				t.Fatal(err)
			}
			if err := b.Online(t.Context(), []string{b.admit(t, s.PIN, session.Presenter, "").Party}, b.clock.Now().Add(400*day)); err != nil {
				t.Fatal(err)
			}
			if err := b.SetHook(t.Context(), s.PIN, session.PresenterStarted, "https://example.com/secret"); err != nil {
				t.Fatal(err)
			}
		}
		if _, err := b.End(t.Context(), old.PIN); err != nil {
			t.Fatal(err)
		}
		type left struct{ hooks, parties, tickets int }
		of := func(id string) left {
			return left{b.count(t, `SELECT COUNT(*) FROM hooks WHERE session_id = ?`, id), b.count(t, `SELECT COUNT(*) FROM parties WHERE session_id = ?`, id),
				b.count(t, `SELECT COUNT(*) FROM tickets WHERE session_id = ?`, id)}
		}
		never, now := time.UnixMilli(0), b.clock.Now()
		for _, step := range []struct {
			limits session.PurgeLimits
			want   left
		}{
			{session.PurgeLimits{DeliveriesBefore: never, AuditBefore: never}, left{1, 3, 1}},
			{session.PurgeLimits{DeliveriesBefore: now, AuditBefore: never}, left{0, 3, 1}},
			{session.PurgeLimits{DeliveriesBefore: now, AuditBefore: now}, left{}},
		} {
			l := step.limits
			l.Now, l.UnclaimedBefore, l.EndedBefore, l.Limit = never, never, never, 10
			if _, err := b.store.Purge(t.Context(), l); err != nil {
				t.Fatal(err)
			}
			if got := of(old.ID); got != step.want {
				t.Errorf("left %+v, want %+v", got, step.want)
			}
			if got := of(lives.ID); got != (left{1, 3, 1}) {
				t.Errorf("the living session has %+v", got)
			}
		}
	})
}

// TestPurgeIsBounded: one Purge takes no more than its limit of each kind, and says so.
func TestPurgeIsBounded(t *testing.T) {
	onBoth(t, func(t *testing.T, b *bench) {
		for range 5 {
			s := b.create(t)
			b.admit(t, s.PIN, session.Viewer, "")
			b.join(t, s.PIN, session.Viewer, "")
			if _, err := b.End(t.Context(), s.PIN); err != nil {
				t.Fatal(err)
			}
		}
		far := b.clock.Now().Add(time.Hour)
		never := time.UnixMilli(0)
		limits := session.PurgeLimits{Now: far, UnclaimedBefore: far, DeliveriesBefore: far, AuditBefore: far, EndedBefore: never, Limit: 2}
		for round, want := range []struct{ n, tickets, sealed, logged int }{{2, 3, 3, 3}, {2, 1, 1, 1}, {1, 0, 0, 0}, {0, 0, 0, 0}} {
			n, err := b.store.Purge(t.Context(), limits)
			if err != nil || n != want.n {
				t.Fatalf("round %d erased %d (%v), want %d", round, n, err, want.n)
			}
			tickets := b.count(t, `SELECT COUNT(*) FROM tickets`)
			sealed := b.count(t, `SELECT COUNT(*) FROM sessions WHERE pin_sealed <> ''`)
			logged := b.count(t, `SELECT COUNT(*) FROM sessions WHERE events_erased_at IS NULL`)
			if tickets > want.tickets || sealed != want.sealed || logged != want.logged {
				t.Errorf("round %d left %d tickets, %d seals, %d logs; want %+v", round, tickets, sealed, logged, want)
			}
		}
		limits.EndedBefore = far
		for round, want := range []int{2, 2, 1, 0} {
			if n, err := b.store.Purge(t.Context(), limits); err != nil || n != want {
				t.Errorf("round %d erased %d sessions (%v), want %d", round, n, err, want)
			}
		}
	})
}
