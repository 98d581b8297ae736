package store_test

import (
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"pindesk/internal/audit"
	"pindesk/internal/hook"
	"pindesk/internal/jobs"
	"pindesk/internal/session"
)

// types are those of a session's events, oldest first.
func (b *bench) types(t *testing.T, sessionID string) (all []string) {
	t.Helper()
	events, _, _, err := b.store.Events(t.Context(), sessionID, 0, 1000)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range events {
		all = append(all, string(e.Type))
	}
	return all
}

func (b *bench) verify(t *testing.T, sessionID string) {
	t.Helper()
	if err := b.store.VerifyEvents(t.Context(), sessionID); err != nil {
		t.Error(err)
	}
}

// TestLog follows a session from its start to its end.
func TestLog(t *testing.T) {
	onBoth(t, func(t *testing.T, b *bench) {
		ctx := audit.As(t.Context(), audit.Actor{Address: "192.0.2.7"})
		made, err := b.Create(ctx, "", session.Maker{Organisation: "Example"})
		if err != nil {
			t.Fatal(err)
		}
		s := made.Session
		if err := b.SetHook(ctx, s.PIN, session.ViewerStarted, "https://hooks.example.com:8443/secret?x=1"); err != nil {
			t.Fatal(err)
		}
		v := b.admit(t, s.PIN, session.Viewer, "")
		b.admit(t, s.PIN, session.Viewer, v.Resume)
		if err := b.Offline(t.Context(), v.Party); err != nil {
			t.Fatal(err)
		}
		if _, err := b.End(ctx, s.PIN); err != nil {
			t.Fatal(err)
		}
		want := []string{"session_created", "hook_set", "viewer_started", "viewer_resumed", "viewer_left", "session_ended"}
		if got := b.types(t, s.ID); !slices.Equal(got, want) {
			t.Errorf("%q, want %q", got, want)
		}
		b.verify(t, s.ID)
		events, newest, _, err := b.store.Events(t.Context(), s.ID, 1, 1)
		if err != nil || newest != 6 || len(events) != 1 || string(events[0].Data) != `{"address":"192.0.2.7","hook":"viewer_started","host":"hooks.example.com:8443"}` {
			t.Errorf("the second event: %s of %d (%v)", events[0].Data, newest, err)
		}
		if none, _, _, err := b.store.Events(t.Context(), s.ID, math.MaxInt64, 1); err != nil || len(none) > 0 { // whatever a caller says
			t.Errorf("after the largest number: %v %v", none, err)
		}
		events, _, _, _ = b.store.Events(t.Context(), s.ID, 0, 1)
		if string(events[0].Data) != `{"address":"192.0.2.7","organisation":"Example"}` {
			t.Errorf("the first event: %s", events[0].Data)
		}
	})
}

// TestLogAtOnce has many that write into one log: numbers have no gaps and the chain holds.
func TestLogAtOnce(t *testing.T) {
	onBoth(t, func(t *testing.T, b *bench) {
		s := b.create(t)
		const writers, each = 10, 10
		for _, err := range race(writers, func(i int) error {
			for range each {
				if err := b.store.Note(t.Context(), s.ID, audit.Note{At: b.clock.Now(), Type: audit.Asked, Data: audit.Data{Viewer: uint16(i + 1)}},
					audit.Note{At: b.clock.Now(), Type: audit.Granted}); err != nil {
					return err
				}
			}
			return nil
		}) {
			if err != nil {
				t.Fatal(err)
			}
		}
		if n := len(b.types(t, s.ID)); n != 1+2*writers*each {
			t.Errorf("%d events", n)
		}
		b.verify(t, s.ID)
		b.exec(t, `UPDATE events SET data = ? WHERE session_id = ? AND number = 7`, `{"viewer":99}`, s.ID)
		if err := b.store.VerifyEvents(t.Context(), s.ID); !errors.Is(err, audit.ErrBroken) {
			t.Errorf("a changed log: %v", err)
		}
		if err := b.store.Note(t.Context(), "no such session", audit.Note{Type: audit.Asked}); err != nil {
			t.Errorf("an unknown session: %v", err)
		}
	})
}

// TestLogIsBounded: beyond the bound only what is needed is written.
func TestLogIsBounded(t *testing.T) {
	onBoth(t, func(t *testing.T, b *bench) {
		s := b.create(t)
		many := make([]audit.Note, audit.MaxEvents+10)
		for i := range many {
			many[i] = audit.Note{At: b.clock.Now(), Type: audit.Asked}
		}
		for part := range slices.Chunk(many, 1000) {
			if err := b.store.Note(t.Context(), s.ID, part...); err != nil {
				t.Fatal(err)
			}
		}
		if err := b.SetHook(t.Context(), s.PIN, session.PresenterStarted, "https://example.com/"); err != nil {
			t.Fatal(err)
		}
		b.admit(t, s.PIN, session.Presenter, "")
		events, newest, _, err := b.store.Events(t.Context(), s.ID, audit.MaxEvents-1, 10)
		if err != nil || newest != audit.MaxEvents+1 || len(events) != 2 || events[0].Type != audit.Full || events[1].Type != audit.PresenterStarted {
			t.Errorf("%d events, the last are %v (%v)", newest, events, err)
		}
		if d, err := b.store.Deliveries(t.Context(), s.ID, 10); err != nil || len(d) != 1 {
			t.Errorf("%d deliveries (%v)", len(d), err)
		}
		// Who joins again and again fills the log no further; the end is written.
		b.admit(t, s.PIN, session.Presenter, "")
		if _, err := b.End(t.Context(), s.PIN); err != nil {
			t.Fatal(err)
		}
		events, newest, _, err = b.store.Events(t.Context(), s.ID, audit.MaxEvents, 10)
		if err != nil || newest != audit.MaxEvents+2 || events[1].Type != audit.SessionEnded {
			t.Errorf("%d events, the last are %v (%v)", newest, events, err)
		}
		b.verify(t, s.ID)

		// That it is full is also said if a start comes last.
		s = b.create(t)
		for part := range slices.Chunk(many[:audit.MaxEvents-2], 1000) {
			if err := b.store.Note(t.Context(), s.ID, part...); err != nil {
				t.Fatal(err)
			}
		}
		b.admit(t, s.PIN, session.Presenter, "")
		events, newest, _, err = b.store.Events(t.Context(), s.ID, audit.MaxEvents-2, 10)
		if err != nil || newest != audit.MaxEvents || events[1].Type != audit.Full {
			t.Errorf("%d events, the last are %v (%v)", newest, events, err)
		}
	})
}

// TestAppendOnly reads the queries: no statement changes an event, and only the purge deletes any.
func TestAppendOnly(t *testing.T) {
	files, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	change := regexp.MustCompile(`(?is)\b(UPDATE|DELETE\s+FROM|REPLACE\s+INTO|TRUNCATE(\s+TABLE)?)\s+events\b|INSERT\s+INTO\s+events\b[^` + "`" + `]*ON\s+CONFLICT`)
	var found []string
	for _, name := range files {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range change.FindAllString(string(text), -1) {
			found = append(found, fmt.Sprintf("%s: %s", name, m))
		}
	}
	if want := []string{"sweep.go: DELETE FROM events"}; !slices.Equal(found, want) {
		t.Errorf("statements that change the log: %q, want %q", found, want)
	}
}

// TestClaim: of workers that claim at once each job goes to one, until its lease ends.
func TestClaim(t *testing.T) {
	const n = 40
	onBoth(t, func(t *testing.T, b *bench) {
		for range n {
			s := b.create(t)
			if err := b.SetHook(t.Context(), s.PIN, session.ViewerStarted, "https://example.com/"); err != nil {
				t.Fatal(err)
			}
			b.admit(t, s.PIN, session.Viewer, "")
		}
		select {
		case <-b.store.Hint(jobs.Hook):
		default:
			t.Error("a new job gave no hint")
		}
		now := b.clock.Now()
		claim := func(at time.Time, limit int) []jobs.Job {
			t.Helper()
			all, err := b.store.Claim(t.Context(), jobs.Hook, limit, at, at.Add(time.Minute))
			if err != nil {
				t.Fatal(err)
			}
			return all
		}
		if mails, err := b.store.Claim(t.Context(), jobs.Mail, n, now, now); err != nil || len(mails) != 0 {
			t.Errorf("%d jobs of another kind (%v)", len(mails), err)
		}
		if early := claim(now.Add(-time.Millisecond), n); len(early) != 0 {
			t.Errorf("%d jobs before they are due", len(early))
		}
		got := make([][]jobs.Job, 8)
		for _, err := range race(len(got), func(i int) error {
			for {
				all, err := b.store.Claim(t.Context(), jobs.Hook, 3, now, now.Add(time.Minute))
				if err != nil || len(all) == 0 {
					return err
				}
				got[i] = append(got[i], all...)
			}
		}) {
			if err != nil {
				t.Fatal(err)
			}
		}
		got = append(got, claim(now, n)) // what one passed over while another held it
		all := slices.Concat(got...)
		seen := map[string]bool{}
		for _, j := range all {
			if seen[j.ID] || j.Attempt != 1 || j.Lease == "" || !j.GiveUpAt.Equal(now.Add(jobs.Lifetime)) {
				t.Errorf("claimed twice or wrong: %+v", j)
			}
			seen[j.ID] = true
		}
		if len(all) != n {
			t.Fatalf("%d claims of %d jobs", len(all), n)
		}
		if again := claim(now.Add(time.Minute-time.Millisecond), n); len(again) != 0 {
			t.Errorf("%d jobs were claimed during their lease", len(again))
		}
		again := claim(now.Add(time.Minute), 1)
		if len(again) != 1 || again[0].Attempt != 2 {
			t.Fatalf("after the lease: %+v", again)
		}
		// One that was deferred has not been tried.
		if err := b.store.Finish(t.Context(), again[0], jobs.Result{State: jobs.Pending, NextAt: now.Add(time.Minute), Deferred: true}); err != nil {
			t.Fatal(err)
		}
		again = slices.DeleteFunc(claim(now.Add(time.Minute), n), func(j jobs.Job) bool { return j.ID != again[0].ID })
		if len(again) != 1 || again[0].Attempt != 2 || b.count(t, `SELECT COUNT(*) FROM attempts`) != 0 {
			t.Fatalf("after it was deferred: %+v", again)
		}
		// Whoever had it before comes too late, but for success.
		i := slices.IndexFunc(all, func(j jobs.Job) bool { return j.ID == again[0].ID })
		state := func(want string) {
			t.Helper()
			if n := b.count(t, `SELECT COUNT(*) FROM jobs WHERE id = ? AND state = ?`, again[0].ID, want); n != 1 {
				t.Errorf("the job is not %s", want)
			}
		}
		finish := func(j jobs.Job, r jobs.Result) {
			t.Helper()
			r.Number = j.Attempt
			if err := b.store.Finish(t.Context(), j, r); err != nil {
				t.Fatal(err)
			}
		}
		finish(all[i], jobs.Result{State: jobs.Dead, EndAt: now, Attempt: jobs.Attempt{Reason: "late"}})
		finish(all[i], jobs.Result{State: jobs.Pending, NextAt: now})
		state("pending")
		if len(claim(now, n)) != 0 {
			t.Error("a late failure has ended another's lease")
		}
		finish(all[i], jobs.Result{State: jobs.Done, EndAt: now, Attempt: jobs.Attempt{Status: 200}})
		state("done")
		finish(again[0], jobs.Result{State: jobs.Dead, EndAt: now})
		state("done")
	})
}

// TestDeliveries follows one delivery through its attempts.
func TestDeliveries(t *testing.T) {
	onBoth(t, func(t *testing.T, b *bench) {
		s, other := b.create(t), b.create(t)
		for _, typ := range []session.HookType{session.ViewerStarted, session.PresenterStarted} {
			if err := b.SetHook(t.Context(), s.PIN, typ, "https://example.com/"+string(typ)); err != nil {
				t.Fatal(err)
			}
		}
		b.admit(t, s.PIN, session.Presenter, "")
		b.admit(t, s.PIN, session.Viewer, "")
		now := b.clock.Now()
		claimed, err := b.store.Claim(t.Context(), jobs.Hook, 10, now, now.Add(time.Minute))
		if err != nil || len(claimed) != 2 {
			t.Fatal(len(claimed), err)
		}
		for _, j := range claimed {
			if err := b.store.Finish(t.Context(), j, jobs.Result{State: jobs.Dead, EndAt: now,
				Attempt: jobs.Attempt{Number: 1, At: now, Took: 5 * time.Millisecond, Status: 500, Reason: "it said 500"}}); err != nil {
				t.Fatal(err)
			}
		}
		all, err := b.store.Deliveries(t.Context(), s.ID, 10)
		if err != nil || len(all) != 2 {
			t.Fatal(len(all), err)
		}
		for i, typ := range []audit.Type{audit.ViewerStarted, audit.PresenterStarted} { // newest first
			l := all[i]
			if l.Event.Type != typ || l.URL != "https://example.com/"+string(typ) || l.Job.State != jobs.Dead || l.Job.Reason != "it said 500" ||
				!l.Job.EndedAt.Equal(now) || len(l.Job.Attempts) != 1 || l.Job.Attempts[0] != (jobs.Attempt{Number: 1, At: now, Took: 5 * time.Millisecond, Status: 500, Reason: "it said 500"}) {
				t.Errorf("%+v", l)
			}
			one, err := b.store.Delivery(t.Context(), l.ID)
			if err != nil || one.URL != l.URL || one.Event.Number != l.Event.Number || one.Region != "eu-west-2" {
				t.Errorf("%+v (%v)", one, err)
			}
			if pin, err := b.keys.Open(one.PINSealed, one.Session); err != nil || pin != s.PIN {
				t.Errorf("its PIN does not open: %v", err)
			}
		}
		if _, err := b.store.Delivery(t.Context(), "none"); !errors.Is(err, hook.ErrNotFound) {
			t.Errorf("a delivery that is not there: %v", err)
		}
		if err := b.store.Replay(t.Context(), other.ID, all[0].ID, now); !errors.Is(err, hook.ErrNotFound) {
			t.Errorf("replay in another session: %v", err)
		}
		b.clock.pass(time.Hour)
		now = b.clock.Now()
		if err := b.store.Replay(t.Context(), s.ID, all[0].ID, now); err != nil {
			t.Fatal(err)
		}
		claimed, err = b.store.Claim(t.Context(), jobs.Hook, 10, now, now.Add(time.Minute))
		if err != nil || len(claimed) != 1 || claimed[0].Ref != all[0].ID || claimed[0].Attempt != 2 || !claimed[0].GiveUpAt.Equal(now.Add(jobs.Lifetime)) {
			t.Fatalf("after the replay: %+v (%v)", claimed, err)
		}
		// A broker that starts frees what the one before it had, where it is alone.
		if err := b.store.FreeJobs(t.Context(), now); err != nil {
			t.Fatal(err)
		}
		claimed, err = b.store.Claim(t.Context(), jobs.Hook, 10, now, now.Add(time.Minute))
		alone := b.config.DatabaseURL == ""
		if err != nil || (len(claimed) == 1) != alone {
			t.Errorf("after a restart %d jobs are free (%v); alone: %v", len(claimed), err, alone)
		}
		if _, err := b.End(t.Context(), s.PIN); err != nil {
			t.Fatal(err)
		}
	})
}
