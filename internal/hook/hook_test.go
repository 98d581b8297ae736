package hook

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"

	"pindesk/internal/audit"
	"pindesk/internal/jobs"
)

const pin = "7W2-97-8570"

// one is a Store of one delivery.
type one struct{ d Delivery }

func (o one) Delivery(_ context.Context, id string) (Delivery, error) {
	if id != o.d.ID {
		return Delivery{}, ErrNotFound
	}
	return o.d, nil
}

func delivery(to string, t audit.Type, data string) Delivery {
	return Delivery{ID: "delivery-1", Session: "session-1", Region: "eu-west-2", PINSealed: "sealed", URL: to,
		Event: audit.Event{Session: "session-1", Number: 3, At: time.Date(2026, 11, 23, 12, 0, 0, 7e6, time.UTC), Type: t, Data: []byte(data)}}
}

func deliverer(d Delivery) *Deliverer {
	return New(Config{
		Store: one{d}, Base: "https://help.example.com", Own: []string{"https://help.example.com", "http://localhost:8080"}, Key: []byte("key"),
		OpenPIN: func(sealed, session string) (string, error) {
			if sealed != "sealed" || session != "session-1" {
				return "", errors.New("does not open")
			}
			return pin, nil
		},
	})
}

func TestPosted(t *testing.T) {
	d := deliverer(delivery("https://example.com/x?y=z", audit.PresenterStarted, `{"name":"Bob \"<x>"}`))
	posts := 0
	d.Post = func(_ context.Context, to string, h http.Header, body []byte) (int, time.Duration, error) {
		posts++
		if to != "https://example.com/x?y=z" || h.Get("Content-Type") != "application/json; charset=utf-8" {
			t.Errorf("to %s with %v", to, h)
		}
		v, err := standardwebhooks.NewWebhook(SecretText(Secret([]byte("key"), "session-1")))
		if err != nil {
			t.Fatal(err)
		}
		if err := v.Verify(body, h); err != nil {
			t.Error(err)
		}
		var p Payload
		dec := json.NewDecoder(strings.NewReader(string(body)))
		dec.DisallowUnknownFields()
		if err := dec.Decode(&p); err != nil {
			t.Fatal(err)
		}
		want := Payload{Version: 1, ID: "delivery-1", Type: "presenter_started", SessionPIN: pin, SessionURL: "https://help.example.com/view#" + pin,
			GuestURL: "https://help.example.com/#" + pin, Region: "eu-west-2", At: "2026-11-23T12:00:00.007Z", Role: "presenter", Name: `Bob "<x>`,
			Subject: "A guest is waiting for you (session 7W2-97-8570)",
			Text: "The guest (says: Bob \"<x>) has started the program and is waiting for a technician.\n\n" +
				"Session 7W2-97-8570, region eu-west-2, 2026-11-23 12:00:00 UTC\nTechnician, to see the screen: https://help.example.com/view#7W2-97-8570\n"}
		if p != want {
			t.Errorf("got  %+v\nwant %+v", p, want)
		}
		return 200, 0, nil
	}
	if status, err := d.Do(t.Context(), jobs.Job{Ref: "delivery-1"}); err != nil || status != 200 || posts != 1 {
		t.Errorf("%d %v, %d posts", status, err, posts)
	}
	var e *jobs.Error
	if _, err := d.Do(t.Context(), jobs.Job{Ref: "erased"}); !errors.As(err, &e) || !e.Final {
		t.Errorf("an erased one: %v", err)
	}
}

// TestWords: each type says something of its own, and a later version's event does no harm.
func TestWords(t *testing.T) {
	seen := map[string]bool{}
	for _, typ := range []audit.Type{audit.ViewerStarted, audit.PresenterStarted, audit.ViewerOffline, audit.PresenterOffline} {
		p := payload(delivery("https://example.com/", typ, `{"viewer":7,"future":[1]}`), pin, "https://help.example.com")
		if seen[p.Subject] || !strings.Contains(p.Text, p.Region) || !strings.Contains(p.Text, "https://help.example.com/") || p.Viewer != 7 || strings.Contains(p.Text, "says") {
			t.Errorf("%s: %+v", typ, p)
		}
		if p.Role != strings.Split(p.Type, "_")[0] {
			t.Errorf("%s has role %s", p.Type, p.Role)
		}
		seen[p.Subject] = true
	}
	if p := payload(delivery("https://example.com/", audit.ViewerStarted, `no JSON`), pin, ""); p.SessionPIN != pin || p.Name != "" {
		t.Errorf("%+v", p)
	}
}

func TestOwnMail(t *testing.T) {
	for to, want := range map[string]string{
		"https://help.example.com/api/v1/email/ann@example.com":       "ann@example.com",
		"https://help.example.com/api/v1/email/ann@example.com/":      "ann@example.com",
		"https://HELP.example.com:443/api/v1/email/ann%40example.com": "ann@example.com",
		"http://localhost:8080/api/v1/email/a+b@example.com?x=1#y":    "a+b@example.com",
		"https://help.example.com/api/v1/email/a%2Fb@example.com":     "a/b@example.com",
		"http://help.example.com/api/v1/email/ann@example.com":        "", // another scheme
		"https://help.example.com:8443/api/v1/email/ann@example.com":  "", // another port
		"https://help.example.com.evil.example/api/v1/email/a@b.c":    "",
		"https://help.example.com/api/v1/emails/ann@example.com":      "",
		"https://help.example.com/other/api/v1/email/a@example.com":   "",
	} {
		d := deliverer(delivery(to, audit.ViewerStarted, `{"name":"Ann"}`))
		posted := false
		d.Post = func(context.Context, string, http.Header, []byte) (int, time.Duration, error) {
			posted = true
			return 200, 0, nil
		}
		var got Mail
		d.Mail = func(_ context.Context, m Mail) error { got = m; return nil }
		if _, err := d.Do(t.Context(), jobs.Job{Ref: "delivery-1"}); err != nil {
			t.Errorf("%s: %v", to, err)
		}
		if posted != (want == "") || got.Address != want {
			t.Errorf("%s: posted %v, mail to %q, want %q", to, posted, got.Address, want)
		}
		if whole := (Mail{"delivery-1", "session-1", "viewer_started", pin, "Ann", want}); want != "" && got != whole {
			t.Errorf("%+v, want %+v", got, whole)
		}
		d.Mail = nil
		var e *jobs.Error
		if _, err := d.Do(t.Context(), jobs.Job{Ref: "delivery-1"}); want != "" && (!errors.As(err, &e) || !e.Final) {
			t.Errorf("%s: without mail: %v", to, err)
		}
	}
}

func TestJudge(t *testing.T) {
	for status, want := range map[int]struct {
		good, final bool
		reason      string
	}{
		200: {true, false, ""}, 204: {true, false, ""}, 299: {true, false, ""},
		301: {false, false, "the receiver answered 301; redirects are not followed"},
		400: {false, false, "the receiver answered 400"}, 404: {false, false, "the receiver answered 404"},
		410: {false, true, "the receiver answered 410: it wants no more"},
		429: {false, false, "the receiver answered 429"}, 500: {false, false, "the receiver answered 500"}, 199: {false, false, "the receiver answered 199"},
	} {
		err := judge(status, time.Minute)
		if want.good {
			if err != nil {
				t.Errorf("%d: %v", status, err)
			}
			continue
		}
		var e *jobs.Error
		if !errors.As(err, &e) || e.Final != want.final || e.Reason != want.reason || status == 429 && e.After != time.Minute {
			t.Errorf("%d: %+v", status, e)
		}
	}
}

func TestSecretsDiffer(t *testing.T) {
	seen := map[string]bool{}
	for _, key := range []string{"key", "another"} {
		for _, s := range []string{"session-1", "session-2"} {
			text := SecretText(Secret([]byte(key), s))
			if seen[text] || !strings.HasPrefix(text, "whsec_") || len(text) != 6+44 {
				t.Errorf("%s", text)
			}
			seen[text] = true
		}
	}
}

// FuzzRecipient: only our own origins' mail addresses are taken for ours.
func FuzzRecipient(f *testing.F) {
	for _, s := range []string{"https://help.example.com/api/v1/email/a@b.c", "http://localhost:8080/api/v1/email/%zz", "https://help.example.com@evil.example/api/v1/email/x",
		"https://help.example.com:443/api/v1/email/", "//help.example.com/api/v1/email/x", "https://[::1]/api/v1/email/x"} {
		f.Add(s)
	}
	d := deliverer(Delivery{})
	f.Fuzz(func(t *testing.T, to string) {
		address, own := d.recipient(to)
		if !own {
			if address != "" {
				t.Errorf("%q is not ours and gives %q", to, address)
			}
			return
		}
		u, err := url.Parse(to)
		if err != nil || !strings.EqualFold(u.Hostname(), "help.example.com") && !strings.EqualFold(u.Hostname(), "localhost") {
			t.Errorf("%q is taken for ours", to)
		}
	})
}
