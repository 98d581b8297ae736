package httpapi

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"pindesk/internal/apikey"
	"pindesk/internal/fault"
	"pindesk/internal/session"
)

const keyedPIN = "KEY-00-0001"

// keyed makes a desk with two good keys, on which keyedPIN was made with testKey. The broker's
// clock stands where the tests want it.
func keyed(t *testing.T, now *time.Time, change func(*Config)) *desk {
	d := open(t, func(c *Config) {
		c.Keys = fakeKeys{testKey: {ID: "aaaaaaaa", Organisation: "Help Ltd"}, otherKey: {ID: "bbbbbbbb", Organisation: "Help Ltd"}}
		c.Now = func() time.Time { return *now }
		if change != nil {
			change(c)
		}
	})
	st := d.fake.live[testPIN]
	st.Session.ID, st.Session.PIN = "session-k", keyedPIN
	st.Session.Maker = session.Maker{APIKey: "aaaaaaaa", Organisation: "Help Ltd"}
	d.fake.live[keyedPIN] = st
	return d
}

// end ends a session of the fake that the broker keeps.
func (d *desk) end(pin string, at time.Time) {
	s := d.fake.live[pin].Session
	s.EndedAt = at
	d.fake.ended = map[string]session.Session{pin: s}
}

var credentials = []struct {
	name string
	head []string
}{
	{"none", nil},
	{"wrong token", []string{tokenHeader, "c29tZWJvZHkgZWxzZSdz"}},
	{"right token", []string{tokenHeader, testToken}},
	{"wrong key", []string{"Authorization", "Bearer " + otherKey}},
	{"right key", []string{"Authorization", "bearer " + testKey}},
	{"revoked key", []string{"Authorization", "Bearer " + revokedKey}},
	{"basic", []string{"Authorization", "Basic dXNlcjpwYXNz"}}, // a reverse proxy's own
}

// TestAccess holds who may call what: each call, with each credential, on a session made
// without a key and on one made with it, live, ended an hour and ended two days ago. A letter
// a credential, in the order above: y yes, k key_needed, n not_allowed, b bad_key, u
// unknown_session.
func TestAccess(t *testing.T) {
	type want struct{ open, keyed string }
	all := want{"yyyyyby", "yyyyyby"}
	proof := want{"knynnbk", "knynybk"}
	gone := want{"uuuuubu", "uuuuubu"}
	table := map[call][3]want{
		callSessionURL: {all, gone, gone},
		callExe:        {all, gone, gone},
		callState:      {all, gone, gone},
		callEmail:      {all, gone, gone},
		callJoin:       {all, gone, gone},
		callHook:       {{"yyyyyby", "kkknybk"}, gone, gone},
		callEnd:        {{"yyyyyby", "kkknybk"}, gone, gone},
		callChatLog:    {{"yyyyyby", "kkknybk"}, {"yyyyyby", "uuuuybu"}, {"uuuuubu", "uuuuybu"}},
		callAudit:      {proof, {"uuyuubu", "uuyuybu"}, {"uuyuubu", "uuyuybu"}},
		callDeliveries: {proof, {"uuyuubu", "uuyuybu"}, {"uuyuubu", "uuyuybu"}},
		callReplay:     {proof, {"uuyuubu", "uuyuybu"}, {"uuyuubu", "uuyuybu"}},
		callGuestLog:   {all, gone, gone}, // its handler compares the secret: TestGuestLog
	}
	if len(table) != len(access)-1 { // all but session_pin, which has no PIN: see TestRequireKey
		t.Errorf("%d calls are tested, the table has %d", len(table), len(access))
	}
	for name, wants := range table {
		for age, ago := range []time.Duration{0, time.Hour, 48 * time.Hour} {
			for pin, row := range map[string]string{testPIN: wants[age].open, keyedPIN: wants[age].keyed} {
				if len(row) != len(credentials) {
					t.Fatalf("%s: %q", name, row)
				}
				for i, c := range credentials {
					now := time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
					d := keyed(t, &now, nil)
					if ago > 0 {
						d.end(pin, now.Add(-ago))
					}
					if got := d.tries(name, pin, c.head); got != row[i:i+1] {
						t.Errorf("%s of %s, ended %v ago, with %s: %q, want %q", name, pin, ago, c.name, got, row[i])
					}
				}
			}
		}
	}
}

// tries makes a call on a session as its handler does, and tells by a letter what came of it.
func (d *desk) tries(name call, pin string, head []string) string {
	r := d.request("GET", "/", "", head...)
	did := false
	err := d.within(r, name, pin, func(ctx context.Context, kept *session.Kept) error {
		if kept == nil { // the call looks it up by itself, and sees living ones only
			if _, ended := d.fake.ended[pin]; ended {
				return fault.New(fault.UnknownSession, "")
			}
		} else if kept.PIN != pin {
			return fmt.Errorf("the session of another PIN")
		}
		did = true
		return nil
	})
	letter, known := map[string]string{"": "y", fault.KeyNeeded: "k", fault.NotAllowed: "n", fault.BadKey: "b", fault.UnknownSession: "u"}[fault.Code(err)]
	if !known || did != (letter == "y") {
		return fmt.Sprintf("%v %t", err, did)
	}
	return letter
}

// TestAccessOnTheWire: the mounted calls use the table, and say what they ask for.
func TestAccessOnTheWire(t *testing.T) {
	now := time.Now()
	for _, c := range []struct {
		method, target, body string
		status               int
		code                 string
	}{
		{"DELETE", "/api/v1/session?session_pin=" + keyedPIN, "", 401, fault.KeyNeeded},
		{"PUT", "/api/v1/hook/", hookBody(keyedPIN), 401, fault.KeyNeeded},
	} {
		d := keyed(t, &now, nil)
		w := d.call(c.method, c.target, c.body)
		d.wantFailure(w, c.status, c.code)
		if got := w.Header().Get("WWW-Authenticate"); got != `Bearer realm="PinDesk"` {
			t.Errorf("WWW-Authenticate %q", got)
		}
		d.wantFailure(d.call(c.method, c.target, c.body, "Authorization", "Bearer "+otherKey), 403, fault.NotAllowed)
		d.wantFailure(d.call(c.method, c.target, c.body, "Authorization", "Bearer "+revokedKey), 401, fault.BadKey)
		if w := d.call(c.method, c.target, c.body, "Authorization", "Bearer "+testKey); w.Code != 200 {
			t.Errorf("%s with its key: %d %s", c.method, w.Code, w.Body)
		}
	}
	d := keyed(t, &now, nil)
	for _, target := range []string{"/api/v1/session_url", "/api/v1/session"} {
		d.wantFailure(d.call("GET", target+pinQuery, "", "Authorization", "Bearer pdk_nonsense"), 401, fault.BadKey)
	}
	if got := d.call("GET", "/api/v1/session?session_pin="+keyedPIN, "").Body.String(); !strings.Contains(got, `"organisation":"Help Ltd"`) {
		t.Errorf("the state of a session made with a key: %s", got)
	}
	without := open(t, nil)
	without.wantFailure(without.call("GET", "/api/v1/session_pin", "", "Authorization", "Bearer "+testKey), 401, fault.BadKey)
}

// TestRequireKey: what costs something asks for a key, and a session is noted with it.
func TestRequireKey(t *testing.T) {
	now := time.Now()
	d := keyed(t, &now, func(c *Config) { c.RequireKey = true })
	d.wantFailure(d.call("GET", "/api/v1/session_pin", ""), 401, fault.KeyNeeded)
	d.wantFailure(d.call("GET", "/api/v1/session_pin", "", "Authorization", "Bearer "+revokedKey), 401, fault.BadKey)
	if len(d.fake.created) != 0 {
		t.Error("a session was made without a key")
	}
	w := d.call("GET", "/api/v1/session_pin", "", "Authorization", "Bearer "+otherKey)
	if w.Code != 200 || w.Body.String() != `{"success":true,"session_pin":"7W2-97-8570"}` || w.Header().Get(tokenHeader) != testToken {
		t.Errorf("with a key: %d %s %v", w.Code, w.Body, w.Header())
	}
	if d.fake.maker != (session.Maker{APIKey: "bbbbbbbb", Organisation: "Help Ltd"}) {
		t.Errorf("made by %+v", d.fake.maker)
	}
	if got := d.tries(callEmail, testPIN, nil); got != "k" {
		t.Errorf("email without a key: %q", got)
	}
	for _, target := range []string{"/api/v1/regions", "/api/v1/session_url" + pinQuery, "/api/v1/session" + pinQuery} {
		if code := d.call("GET", target, "").Code; code != 200 {
			t.Errorf("%s asks for a key: %d", target, code)
		}
	}
}

// TestKeyQuota: a key counts by itself, wherever it is used from, and may have its own figure.
func TestKeyQuota(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := open(t, func(c *Config) {
			c.CreatesPerMinute = 3
			c.Keys = fakeKeys{testKey: {ID: "a", Quota: 5}, otherKey: apikey.Key{ID: "b"}}
		})
		made := func(key string) (n int, retry string) {
			for i := range 20 {
				d.from = fmt.Sprintf("192.0.2.%d:1", i)
				if key == "" {
					d.from = "192.0.2.99:1"
				}
				var head []string
				if key != "" {
					head = []string{"Authorization", "Bearer " + key}
				}
				w := d.call("GET", "/api/v1/session_pin", "", head...)
				if w.Code == 200 {
					n++
				} else {
					d.wantFailure(w, 429, fault.TooMany)
					retry = w.Header().Get("Retry-After")
				}
			}
			return n, retry
		}
		for _, tc := range []struct {
			key   string
			n     int
			retry string
		}{{"", 3, "20"}, {testKey, 5, "12"}, {otherKey, 3, "20"}} {
			if n, retry := made(tc.key); n != tc.n || retry != tc.retry {
				t.Errorf("key %q: %d sessions, Retry-After %s; want %d, %s", tc.key, n, retry, tc.n, tc.retry)
			}
		}
		hooks := 0
		for range hooksPerMinute + 50 {
			if d.call("PUT", "/api/v1/hook/", hookBody(testPIN)).Code == 200 {
				hooks++
			}
		}
		if hooks != hooksPerMinute {
			t.Errorf("%d hooks at once", hooks)
		}
	})
}

// TestNoCreationLimit: less than 0 is no bound.
func TestNoCreationLimit(t *testing.T) {
	d := open(t, func(c *Config) { c.CreatesPerMinute = -1 })
	for range 5 * DefaultCreatesPerMinute {
		if code := d.call("GET", "/api/v1/session_pin", "").Code; code != 200 {
			t.Fatalf("status %d", code)
		}
	}
}
