package store_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"pindesk/internal/audit"
	"pindesk/internal/jobs"
	"pindesk/internal/mail"
)

func asked(t *testing.T, b *bench, id, session, address string) mail.Asked {
	t.Helper()
	to, err := mail.ParseAddress(address)
	if err != nil {
		t.Fatal(err)
	}
	return mail.Asked{ID: id, Session: session, Kind: mail.Invite, Name: "Ann", Address: to, AddressMAC: "mac of " + address, At: b.clock.Now()}
}

func TestMails(t *testing.T) {
	onBoth(t, func(t *testing.T, b *bench) {
		s := b.create(t)
		limits := mail.Limits{PerAddress: 9, PerSession: 9, Since: b.clock.Now().Add(-time.Hour)}
		m := asked(t, b, "1", s.ID, "jörg@bücher.example")
		for range 2 { // the same wish twice is one mail
			if err := b.store.AddMail(t.Context(), m, limits); err != nil {
				t.Fatal(err)
			}
		}
		select {
		case <-b.store.Hint(jobs.Mail):
		default:
			t.Error("the worker got no hint")
		}
		due, err := b.store.Claim(t.Context(), jobs.Mail, 9, b.clock.Now(), b.clock.Now().Add(time.Minute))
		if err != nil || len(due) != 1 || due[0].Ref != "1" || due[0].Session != s.ID {
			t.Fatalf("jobs %+v, %v", due, err)
		}
		got, err := b.store.Mail(t.Context(), "1", b.clock.Now())
		if err != nil {
			t.Fatal(err)
		}
		if pin, err := b.keys.Open(got.PINSealed, got.Session); err != nil || pin != s.PIN {
			t.Errorf("the PIN opens as %q, %v", pin, err)
		}
		got.PINSealed = ""
		if want := (mail.Stored{ID: "1", Session: s.ID, Kind: mail.Invite, Name: "Ann", Address: "jörg@xn--bcher-kva.example", Region: "eu-west-2", At: b.clock.Now()}); got != want {
			t.Errorf("got %+v, want %+v", got, want)
		}
		events, _, _, err := b.store.Events(t.Context(), s.ID, 0, 99)
		events = slices.DeleteFunc(events, func(e audit.Event) bool { return e.Type != audit.MailAsked })
		if err != nil || len(events) != 1 || string(events[0].Data) != `{"reason":"invite","host":"xn--bcher-kva.example"}` {
			t.Errorf("events %+v, %v", events, err)
		}
		if _, err := b.End(t.Context(), s.PIN); err != nil {
			t.Fatal(err)
		}
		if got, err := b.store.Mail(t.Context(), "1", b.clock.Now()); err != nil || !got.Ended {
			t.Errorf("after the end: %+v, %v", got, err)
		}
		if err := b.store.AddMail(t.Context(), asked(t, b, "2", s.ID, "a@example.com"), limits); !errors.Is(err, mail.ErrEnded) {
			t.Errorf("after the end: %v", err)
		}
		gone := asked(t, b, "3", s.ID, "a@example.com")
		gone.Kind = mail.PresenterOffline
		if err := b.store.AddMail(t.Context(), gone, limits); err != nil {
			t.Errorf("that somebody is gone, after the end: %v", err)
		}
		if err := b.store.EraseMail(t.Context(), "1"); err != nil {
			t.Fatal(err)
		}
		if got, err := b.store.Mail(t.Context(), "1", b.clock.Now()); err != nil || got.Address != "" || got.Name != "" {
			t.Errorf("erased: %+v, %v", got, err)
		}
		if _, err := b.store.Mail(t.Context(), "none", b.clock.Now()); !errors.Is(err, mail.ErrNotFound) {
			t.Errorf("a mail that is not there: %v", err)
		}
	})
}

func TestMailCaps(t *testing.T) {
	onBoth(t, func(t *testing.T, b *bench) {
		n := 0
		add := func(session, address string, l mail.Limits, want error) {
			t.Helper()
			n++
			l.Since = b.clock.Now().Add(-time.Hour)
			if err := b.store.AddMail(t.Context(), asked(t, b, fmt.Sprint(n), session, address), l); !errors.Is(err, want) {
				t.Errorf("mail %d: %v, want %v", n, err, want)
			}
		}
		one, other := b.create(t).ID, b.create(t).ID
		tight := mail.Limits{PerAddress: 2, PerSession: 3}
		add(one, "a@example.com", tight, nil)
		add(other, "a@example.com", tight, nil)
		add(one, "a@example.com", tight, mail.ErrAddressFull)
		add(one, "b@example.com", tight, nil)
		add(one, "c@example.com", tight, nil)
		add(one, "d@example.com", tight, mail.ErrSessionFull)
		b.clock.pass(59 * time.Minute)
		add(other, "a@example.com", tight, mail.ErrAddressFull)
		// An hour later the address may get more; what was sent and erased still counts.
		if err := b.store.EraseMails(t.Context(), b.clock.Now()); err != nil {
			t.Fatal(err)
		}
		if n := b.count(t, `SELECT COUNT(*) FROM mails WHERE address <> '' OR name <> ''`); n != 0 {
			t.Errorf("%d mails still have an address", n)
		}
		add(other, "a@example.com", tight, mail.ErrAddressFull)
		b.clock.pass(time.Minute)
		alive := b.create(t).ID
		add(alive, "a@example.com", tight, nil)
	})
}

// TestMailNeedsItsJob: a mail that was refused leaves neither a row nor a job.
func TestMailNeedsItsJob(t *testing.T) {
	onBoth(t, func(t *testing.T, b *bench) {
		s := b.create(t)
		long := asked(t, b, "1", s.ID, "a@example.com")
		if b.store.LogValue().String() == "postgres" {
			long.Name = "\x00" // no text there
		} else {
			long.Session = strings.Repeat("x", 9) // no such session
		}
		if err := b.store.AddMail(t.Context(), long, mail.Limits{PerAddress: 9, PerSession: 9}); err == nil {
			t.Fatal("stored")
		}
		if n := b.count(t, `SELECT (SELECT COUNT(*) FROM mails) + (SELECT COUNT(*) FROM jobs)`); n != 0 {
			t.Errorf("%d rows are left", n)
		}
	})
}
