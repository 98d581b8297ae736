package session_test

import (
	"bytes"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"pindesk/internal/fault"
	"pindesk/internal/session"
	"pindesk/internal/store"
)

// The rules of Service are tested in internal/store, on both databases. Here are those in
// which the database has no part.

func service(t *testing.T, c session.Config) *session.Service {
	t.Helper()
	s, err := store.Open(t.Context(), store.Config{DataDir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	if err := s.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	c.Store = s
	if c.Keys, err = session.MakeKeyring(filepath.Join(t.TempDir(), "key")); err != nil {
		t.Fatal(err)
	}
	svc, err := session.New(c)
	if err != nil {
		t.Fatal(err)
	}
	return svc
}

// TestPINCollision makes two sessions whose first PIN is the same.
func TestPINCollision(t *testing.T) {
	svc := service(t, session.Config{Region: "home"})
	first, second := bytes.Repeat([]byte{0}, 9), bytes.Repeat([]byte{1}, 9)
	svc.SetRandom(bytes.NewReader(slices.Concat(first, first, first, second)))
	for _, want := range []string{"000-00-0000", "111-11-1111"} {
		c, err := svc.Create(t.Context(), "", session.Maker{})
		if err != nil || c.Session.PIN != want {
			t.Fatalf("PIN %q (%v), want %q", c.Session.PIN, err, want)
		}
	}
	svc.SetRandom(bytes.NewReader(bytes.Repeat(first, 100)))
	if _, err := svc.Create(t.Context(), "", session.Maker{}); err == nil || fault.Code(err) != fault.Internal || strings.Contains(err.Error(), "000") {
		t.Errorf("without a free PIN: %v", err)
	}
}

func TestNew(t *testing.T) {
	keys, err := session.MakeKeyring(filepath.Join(t.TempDir(), "key"))
	if err != nil {
		t.Fatal(err)
	}
	st := &store.Store{}
	for want, c := range map[string]session.Config{
		"Store":     {Keys: keys, Region: "home"},
		"Keys":      {Store: st, Region: "home"},
		"region":    {Store: st, Keys: keys},
		"idle":      {Store: st, Keys: keys, Region: "home", Limits: session.Limits{Idle: -1}},
		"unclaimed": {Store: st, Keys: keys, Region: "home", Limits: session.Limits{Unclaimed: -time.Second}},
		// A log that is erased takes along deliveries that are still tried, and the events of absences.
		"go with their events": {Store: st, Keys: keys, Region: "home", Limits: session.Limits{KeepAudit: time.Hour}},
	} {
		if _, err := session.New(c); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want one with %q", err, want)
		}
	}
}

func TestRegions(t *testing.T) {
	svc := service(t, session.Config{Region: "home", Regions: []string{"a", "b"}})
	got, err := svc.Regions(t.Context())
	if err != nil || !slices.Equal(got, []string{"a", "b", "home"}) {
		t.Errorf("regions %v (%v)", got, err)
	}
}

// TestLimits checks that the settings count, and that without a clock the store's is used.
func TestLimits(t *testing.T) {
	svc := service(t, session.Config{Region: "home", Limits: session.Limits{Unclaimed: 10 * time.Minute, Idle: 20 * time.Minute}})
	c, err := svc.Create(t.Context(), "", session.Maker{})
	if err != nil {
		t.Fatal(err)
	}
	if d := time.Since(c.Session.CreatedAt).Abs(); d > time.Minute {
		t.Errorf("created %s from now", d)
	}
	if d := c.Session.ExpiresAt.Sub(c.Session.CreatedAt); d != 10*time.Minute {
		t.Errorf("unclaimed after %s", d)
	}
	j, err := svc.Join(t.Context(), session.JoinRequest{PIN: c.Session.PIN, Role: session.Presenter})
	if err != nil {
		t.Fatal(err)
	}
	a, err := svc.Admit(t.Context(), j.Ticket)
	if err != nil {
		t.Fatal(err)
	}
	if d := time.Until(a.Session.ExpiresAt); d < 19*time.Minute || d > 21*time.Minute {
		t.Errorf("idle after %s", d)
	}
}
