package httpapi

import (
	"context"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"pindesk/internal/fault"
	"pindesk/internal/mail"
	"pindesk/internal/session"
	"pindesk/internal/wire"
)

// fakeMailer takes every wish, or answers err.
type fakeMailer struct {
	asked []mail.Request
	err   error
}

func (f *fakeMailer) Ask(_ context.Context, r mail.Request) error {
	f.asked = append(f.asked, r)
	return f.err
}

type fakeChats []wire.ChatLine

func (f fakeChats) Transcript(_ context.Context, session string) ([]wire.ChatLine, error) {
	if session != "session-1" {
		return nil, nil
	}
	return f, nil
}

func mailDesk(t *testing.T) (*desk, *fakeMailer) {
	m := &fakeMailer{}
	return open(t, func(c *Config) { c.Mail = m }), m
}

// TestEmailTakesAHooksPayload: the body that a hook is sent, with all that must not matter.
func TestEmailTakesAHooksPayload(t *testing.T) {
	d, m := mailDesk(t)
	const payload = `{"version":1,"id":"X","type":"viewer_started","session_pin":"7w2978570","session_url":"https://evil.example/","region":"eu-west-2",
		"at":"2026-11-23T12:00:00.000Z","role":"viewer","name":"Ann","viewer":1,"subject":"Buy now","text":"Click https://evil.example/","to":"eve@example.com"}`
	for _, path := range []string{"/api/v1/email/loginwithme@example.com", "/api/v1/email/loginwithme%40example.com", "/api/v1/email/loginwithme@example.com/"} {
		w := d.call("POST", path, payload, "Origin", "https://else.example")
		if w.Code != 200 || w.Body.String() != `{"success":true}` || w.Header().Get("Access-Control-Allow-Origin") != "*" {
			t.Errorf("%s: %d %s", path, w.Code, w.Body)
		}
	}
	for _, got := range m.asked {
		if want := (mail.Request{Session: "session-1", Address: "loginwithme@example.com", Kind: mail.ViewerStarted, Name: "Ann"}); got != want {
			t.Errorf("asked for %+v, want %+v", got, want)
		}
	}
	if s := d.log.String(); len(m.asked) != 3 || strings.Contains(s, "loginwithme") {
		t.Errorf("%d mails; log %s", len(m.asked), s)
	}
}

func TestEmailDecodesThePath(t *testing.T) {
	d, m := mailDesk(t)
	for path, want := range map[string]string{
		"ann%2Bx@example.com": "ann+x@example.com", "ann+x@example.com": "ann+x@example.com", "a%2Fb@example.com": "a/b@example.com",
		"j%C3%B6rg@example.com": "jörg@example.com", "a%0D%0ABcc:%20b@example.com": "a\r\nBcc: b@example.com", "a%2520b@example.com": "a%20b@example.com",
	} {
		m.asked = nil
		d.from = "[2001:db8:" + path[1:2] + "::1]:1" // more than one caller may ask for in a minute
		if w := d.call("POST", "/api/v1/email/"+path, `{"type":"invite","session_pin":"`+testPIN+`"}`); w.Code != 200 || len(m.asked) != 1 || m.asked[0].Address != want {
			t.Errorf("%s: %d, asked for %+v, want %q", path, w.Code, m.asked, want)
		}
	}
}

func TestEmailRefuses(t *testing.T) {
	body := func(pin string) string { return `{"type":"invite","session_pin":"` + pin + `"}` }
	for _, c := range []struct {
		name, path, body string
		err              error
		status           int
		code             string
	}{
		{"no PIN", "a@example.com", `{"type":"invite"}`, nil, 400, fault.BadRequest},
		{"no JSON", "a@example.com", `hello`, nil, 400, fault.BadRequest},
		{"type of another kind", "a@example.com", `{"type":7,"session_pin":"` + testPIN + `"}`, nil, 400, fault.BadRequest},
		{"too large", "a@example.com", `{"text":"` + strings.Repeat("x", MaxBody) + `"}`, nil, 413, fault.TooLarge},
		{"unknown PIN", "a@example.com", body("000-00-0000"), nil, 404, fault.UnknownSession},
		{"no address", "", body(testPIN), nil, 404, fault.NotFound},
		{"bad address", "a", body(testPIN), fault.New(fault.BadAddress, "x"), 400, fault.BadAddress},
		{"broken", "a@example.com", body(testPIN), context.DeadlineExceeded, 500, fault.Internal},
	} {
		d, m := mailDesk(t)
		m.err = c.err
		w := d.call("POST", "/api/v1/email/"+c.path, c.body)
		d.wantFailure(w, c.status, c.code)
		if c.err == nil && len(m.asked) != 0 {
			t.Errorf("%s: asked for %+v", c.name, m.asked)
		}
	}
	d, m := mailDesk(t)
	m.err = &mail.Limited{Fault: fault.New(fault.TooMany, "Later."), After: 90 * time.Minute}
	w := d.call("POST", "/api/v1/email/a@example.com", body(testPIN))
	d.wantFailure(w, 429, fault.TooMany)
	if got := w.Header().Get("Retry-After"); got != "5400" {
		t.Errorf("Retry-After %q", got)
	}
	d.wantFailure(d.call("GET", "/api/v1/email/a@example.com", ""), 405, fault.BadMethod)
}

func TestEmailIsOffWithoutAMailServer(t *testing.T) {
	d := open(t, nil)
	w := d.call("POST", "/api/v1/email/a@example.com", `{"type":"invite","session_pin":"`+testPIN+`"}`)
	d.wantFailure(w, 501, fault.MailOff)
	if !strings.Contains(w.Body.String(), "--smtp-url") {
		t.Errorf("it does not say what to do: %s", w.Body)
	}
}

var said = fakeChats{
	{ID: 1, Time: 1795435200007, Viewer: 3, Name: "Bob", Waiting: 3, Client: "x", Text: "let me in\n<b>&"},
	{ID: 2, Time: 1795435201000, Text: "who are you?"},
}

func TestChatLog(t *testing.T) {
	d := open(t, func(c *Config) { c.Chats = said })
	const asJSON = `{"success":true,"chat_log":[{"id":1,"time":"2026-11-23T12:00:00.007Z","from":"viewer","name":"Bob","viewer":3,"waiting":3,"text":"let me in\n<b>&"},` +
		`{"id":2,"time":"2026-11-23T12:00:01.000Z","from":"presenter","name":"","text":"who are you?"}]}`
	const asText = "2026-11-23 12:00:00  [technician 3, not let in] Bob: let me in\n    <b>&\n2026-11-23 12:00:01  [guest]: who are you?\n"
	for _, c := range []struct{ query, accept, want string }{
		{"", "", asJSON}, {"", "*/*", asJSON}, {"", "application/json", asJSON}, {"", "text/plain, application/json", asJSON}, {"", "text/html,*/*;q=0.8", asJSON},
		{"", "text/plain", asText}, {"&format=text", "", asText}, {"&format=text", "application/json", asText}, {"&format=json", "text/plain", asJSON},
	} {
		w := d.call("GET", "/api/v1/chat_log"+pinQuery+c.query, "", "Accept", c.accept)
		kind := "text/plain; charset=utf-8"
		if c.want == asJSON {
			kind = jsonType
		}
		if w.Code != 200 || w.Body.String() != c.want || w.Header().Get("Content-Type") != kind || w.Header().Get("Vary") != "Accept" {
			t.Errorf("%q, Accept %q: %d %v\n%s", c.query, c.accept, w.Code, w.Header(), w.Body)
		}
	}
	d.wantFailure(d.call("GET", "/api/v1/chat_log"+pinQuery+"&format=xml", ""), 400, fault.BadRequest)
	d.wantFailure(d.call("GET", "/api/v1/chat_log", ""), 400, fault.BadRequest)
	d.wantFailure(d.call("GET", "/api/v1/chat_log?session_pin=000-00-0000", ""), 404, fault.UnknownSession)
	if w := d.call("HEAD", "/api/v1/chat_log/"+pinQuery, ""); w.Code != 200 || w.Body.Len() != 0 {
		t.Errorf("HEAD: %d", w.Code)
	}
}

func TestChatLogOfSilence(t *testing.T) {
	d := open(t, func(c *Config) { c.Chats = fakeChats{} })
	if got := d.call("GET", "/api/v1/chat_log"+pinQuery, "").Body.String(); got != `{"success":true,"chat_log":[]}` {
		t.Errorf("JSON %s", got)
	}
	if w := d.call("GET", "/api/v1/chat_log"+pinQuery+"&format=text", ""); w.Code != 200 || w.Body.Len() != 0 {
		t.Errorf("text %d %q", w.Code, w.Body)
	}
}

// TestChatLogAfterTheEnd: the PIN of a session made without a key suffices for a day.
func TestChatLogAfterTheEnd(t *testing.T) {
	now := time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
	for ago, want := range map[time.Duration]int{time.Hour: 200, 24*time.Hour - 1: 200, 24 * time.Hour: 404} {
		d := open(t, func(c *Config) { c.Chats, c.Now = said, func() time.Time { return now } })
		d.fake.ended = map[string]session.Session{"EEE-00-0000": {ID: "session-1", PIN: "EEE-00-0000", EndedAt: now.Add(-ago)}}
		w := d.call("GET", "/api/v1/chat_log?session_pin=EEE-00-0000", "")
		if w.Code != want || want == 200 && !json.Valid(w.Body.Bytes()) {
			t.Errorf("%v after the end: %d %s", ago, w.Code, w.Body)
		}
	}
}
