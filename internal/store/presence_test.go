package store_test

import (
	"testing"
	"time"

	"pindesk/internal/session"
)

// TestPresenceRaisesTheExpirySeldom: an online session never expires too early, and most ticks do
// not write its row; when the last party leaves, the expiry is exact.
func TestPresenceRaisesTheExpirySeldom(t *testing.T) {
	const lease = 15 * time.Second
	for name, idle := range map[string]time.Duration{"hours": 4 * time.Hour, "seconds": 30 * time.Second} {
		t.Run(name, func(t *testing.T) {
			onBoth(t, func(t *testing.T, b *bench) {
				service, err := session.New(session.Config{Store: b.store, Keys: b.keys, Region: "eu-west-2", Clock: b.clock.Now,
					Limits: session.Limits{Idle: idle}})
				if err != nil {
					t.Fatal(err)
				}
				b.Service = service
				s := b.create(t)
				a := b.admit(t, s.PIN, session.Viewer, "")
				expires := func() time.Time {
					return time.UnixMilli(int64(b.count(t, `SELECT expires_at FROM sessions WHERE id = ?`, s.ID)))
				}
				writes, last := 0, expires()
				for range 60 {
					b.clock.pass(5 * time.Second)
					until := b.clock.Now().Add(lease)
					if err := b.Online(t.Context(), []string{a.Party}, until); err != nil {
						t.Fatal(err)
					}
					e := expires()
					if late := e.Sub(until.Add(idle)); late < 0 || late > min(time.Minute, idle/10) {
						t.Fatalf("the session expires %v after the end of idling", late)
					}
					if !e.Equal(last) {
						writes++
					}
					last = e
				}
				if idle >= time.Hour && writes > 6 { // in 5 minutes
					t.Errorf("60 ticks wrote the session's expiry %d times", writes)
				}
				if err := b.Offline(t.Context(), a.Party); err != nil {
					t.Fatal(err)
				}
				if left := expires().Sub(b.clock.Now()); left != idle {
					t.Errorf("after the last party left, the session expires in %v, want %v", left, idle)
				}
			})
		})
	}
}
