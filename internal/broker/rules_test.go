package broker

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"

	"pindesk/internal/hook"
)

const (
	minute = time.Minute
	moment = time.Millisecond
)

// TestHookRules has a test for each rule of hooks, through HTTP and sockets.
func TestHookRules(t *testing.T) {
	onBoth(t, nil, func(l *lab) {
		l.rule("a start is a joined socket, and not a page or a ticket", func(l *lab) {
			s := l.session()
			s.hook("viewer_started", "/first")
			l.do("GET", "/view", nil).Body.Close()
			if status, _ := l.call("POST", "/api/v1/join", map[string]string{"session_pin": s.pin, "role": "viewer"}); status != 200 {
				t.Fatal(status)
			}
			s.fired("a page and a ticket")
			s.join("presenter", "")
			s.fired("the other role")
			s.join("viewer", "") // nobody has consented to anything
			s.fired("a socket", "/first")
		})
		l.rule("a start is told to the receiver at once", func(l *lab) {
			s := l.session()
			s.hook("presenter_started", "/at-once")
			s.join("presenter", "")
			l.eventually("the receiver is told", func() bool { return len(l.got.at("/at-once")) == 1 })
		})
		l.rule("a hook fires once and can be set again", func(l *lab) {
			s := l.session()
			s.hook("viewer_started", "/a")
			s.join("viewer", "")
			s.join("viewer", "")
			s.fired("two pages", "/a")
			s.hook("viewer_started", "/b")
			s.fired("set again", "/a")
			s.join("viewer", "")
			s.fired("a third page", "/a", "/b")
		})
		l.rule("setting it again changes the URL", func(l *lab) {
			s := l.session()
			s.hook("viewer_started", "/old")
			s.hook("viewer_started", "/new")
			s.join("viewer", "")
			s.fired("after the change", "/new")
		})
		l.rule("each of the four types has its own", func(l *lab) {
			s := l.session()
			for _, kind := range []string{"viewer_started", "presenter_started", "viewer_offline", "presenter_offline"} {
				s.hook(kind, "/"+kind)
			}
			p, v := s.join("presenter", ""), s.join("viewer", "")
			s.fired("both are here", "/presenter_started", "/viewer_started")
			v.drop()
			l.pass(minute + moment)
			s.fired("the viewer has gone", "/presenter_started", "/viewer_started", "/viewer_offline")
			p.drop()
			l.pass(minute + moment)
			s.fired("both have gone", "/presenter_started", "/viewer_started", "/viewer_offline", "/presenter_offline")
		})
		l.rule("a hook is armed for later events only", func(l *lab) {
			s := l.session()
			s.join("viewer", "")
			s.hook("viewer_started", "/late")
			l.pass(10 * minute)
			s.fired("set after the event")
		})
		l.rule("a resume is no start, a new page is", func(l *lab) {
			s := l.session()
			v := s.join("viewer", "")
			p := s.join("presenter", "")
			s.hook("viewer_started", "/viewer")
			s.hook("presenter_started", "/presenter")
			v.drop()
			p.drop()
			v = s.join("viewer", v.resume)
			s.join("presenter", p.resume)
			s.fired("both have come back")
			v.drop()
			s.join("viewer", "")
			s.fired("a new page", "/viewer")
			s.join("presenter", "") // takes over
			s.fired("the program was started again", "/viewer", "/presenter")
		})
		l.rule("offline needs a start before", func(l *lab) {
			s := l.session()
			s.hook("presenter_offline", "/presenter")
			s.hook("viewer_offline", "/viewer")
			l.pass(10 * minute)
			s.fired("nobody was ever here")
			s.join("presenter", "").drop()
			l.pass(minute + moment)
			s.fired("only a presenter was here", "/presenter")
		})
		l.rule("offline is more than 60 s", func(l *lab) {
			s := l.session()
			s.hook("presenter_offline", "/gone")
			s.join("presenter", "").drop()
			l.pass(minute)
			s.fired("60 s")
			l.pass(moment)
			s.fired("60.001 s", "/gone")
		})
		l.rule("a hook armed before the 60 s are over does fire", func(l *lab) {
			s := l.session()
			v := s.join("viewer", "")
			v.drop()
			l.pass(59 * time.Second)
			s.hook("viewer_offline", "/armed-late")
			s.fired("59 s")
			l.pass(time.Second + moment)
			s.fired("60.001 s", "/armed-late")
		})
		l.rule("one event an offline episode", func(l *lab) {
			s := l.session()
			s.hook("presenter_offline", "/1")
			p := s.join("presenter", "")
			p.drop()
			l.pass(minute + moment)
			s.fired("the first absence", "/1")
			s.hook("presenter_offline", "/2")
			l.pass(10 * minute)
			s.fired("still the first absence", "/1")
			p = s.join("presenter", p.resume)
			p.drop()
			l.pass(minute + moment)
			s.fired("the second absence", "/1", "/2")
			if n := s.count("presenter_offline"); n != 2 {
				l.Errorf("%d events", n)
			}
		})
		l.rule("back within 60 s is no absence", func(l *lab) {
			s := l.session()
			s.hook("presenter_offline", "/gone")
			p := s.join("presenter", "")
			p.drop()
			l.pass(59 * time.Second)
			s.join("presenter", p.resume)
			for range 10 {
				l.pass(minute)
			}
			s.fired("it is here")
		})
		l.rule("a viewer that stays keeps all viewers online", func(l *lab) {
			s := l.session()
			s.hook("viewer_offline", "/all-gone")
			a, b := s.join("viewer", ""), s.join("viewer", "")
			a.drop()
			for range 3 {
				l.pass(minute + moment)
			}
			s.fired("one is here")
			b.drop()
			l.pass(minute)
			s.fired("the last has just gone")
			l.pass(moment)
			s.fired("all have gone", "/all-gone")
		})
		l.rule("DELETE ends parties like any drop", func(l *lab) {
			s := l.session()
			s.hook("presenter_offline", "/presenter")
			s.hook("viewer_offline", "/viewer")
			p := s.join("presenter", "")
			l.pass(time.Second)
			if status, _ := l.call("DELETE", "/api/v1/session?session_pin="+s.pin, nil); status != 200 {
				l.Fatal(status)
			}
			<-p.done // our end; until the broker's has gone as well it is here
			l.eventually("the broker sees the socket's end", func() bool { return s.count("presenter_left") == 1 })
			l.pass(minute)
			s.fired("60 s")
			l.pass(moment)
			s.fired("60.001 s: the presenter, and not a viewer that never was", "/presenter")
		})
		l.rule("the URL is that of the event", func(l *lab) {
			s := l.session()
			l.got.answers(func(w http.ResponseWriter, r *http.Request) { w.WriteHeader(500) })
			defer l.got.answers(nil)
			s.hook("viewer_started", "/then")
			s.join("viewer", "")
			l.eventually("a first attempt", func() bool { return len(l.got.at("/then")) == 1 })
			s.hook("viewer_started", "/later")
			l.eventually("the failure is written", func() bool { return len(s.deliveries()[0].Attempts) == 1 })
			l.got.answers(nil)
			l.pass(2 * time.Second)
			l.eventually("a second attempt", func() bool { return len(l.got.at("/then")) == 2 })
			s.fired("the later hook waits", "/then")
			if one, two := l.got.at("/then")[0], l.got.at("/then")[1]; one.header.Get("Webhook-Id") != two.header.Get("Webhook-Id") || string(one.body) != string(two.body) {
				l.Error("the attempts of a delivery differ")
			}
		})
		l.rule("retried for 24 h with growing pauses, then dead with a reason", func(l *lab) {
			s := l.session()
			l.got.answers(func(w http.ResponseWriter, r *http.Request) {
				w.WriteHeader(503)
				_, _ = w.Write([]byte("something secret"))
			})
			defer l.got.answers(nil)
			s.hook("presenter_started", "/never")
			s.join("presenter", "")
			start := l.clock.Now()
			var d deliveryRow
			for d.State != "dead" {
				n := len(d.Attempts)
				l.eventually("one more attempt", func() bool {
					d = s.deliveries()[0]
					return len(d.Attempts) > n || d.State == "dead"
				})
				if d.State != "dead" {
					l.pass(90 * minute) // longer than any pause
				}
			}
			if took := l.clock.Now().Sub(start); took < 22*time.Hour || took > 26*time.Hour {
				l.Errorf("given up after %v", took)
			}
			if d.Reason != "the receiver answered 503" || d.Attempts[0].Status != 503 || d.Attempts[0].Reason != d.Reason {
				l.Errorf("dead: %q, first attempt %+v", d.Reason, d.Attempts[0])
			}
			l.rule("replayed", func(l *lab) {
				l.got.answers(nil)
				s.l = l
				path := "/api/v1/deliveries/" + d.ID + "/replay"
				if status, a := l.call("POST", path, map[string]string{"session_pin": s.pin}); status != 401 {
					l.Errorf("without a token: %d %v", status, a)
				}
				if status, a := l.call("POST", "/api/v1/deliveries/none/replay", map[string]string{"session_pin": s.pin}, "Session-Token", s.token); status != 404 || a["error"] != "not_found" {
					l.Errorf("of a delivery that is not there: %d %v", status, a)
				}
				if status, a := l.call("POST", path, map[string]string{"session_pin": s.pin}, "Session-Token", s.token); status != 200 {
					l.Fatalf("%d %v", status, a)
				}
				l.eventually("it is done", func() bool { return s.deliveries()[0].State == "done" })
				all := l.got.at("/never")
				if first, last := all[0], all[len(all)-1]; first.header.Get("Webhook-Id") != last.header.Get("Webhook-Id") {
					l.Error("a replay has another id")
				}
				if s.count("delivery_replayed") != 1 {
					l.Error("a replay is not in the log")
				}
			})
		})
		l.rule("410 ends a delivery", func(l *lab) {
			s := l.session()
			l.got.answers(func(w http.ResponseWriter, r *http.Request) { w.WriteHeader(http.StatusGone) })
			defer l.got.answers(nil)
			s.hook("presenter_started", "/no-more")
			s.join("presenter", "")
			l.eventually("it is dead", func() bool { return s.deliveries()[0].State == "dead" })
		})
		l.rule("signed, and enough for a person", func(l *lab) {
			s := l.session()
			s.hook("viewer_started", "/signed")
			s.join("viewer", "")
			l.eventually("the receiver is told", func() bool { return len(l.got.at("/signed")) == 1 })
			one := l.got.at("/signed")[0]
			var a struct {
				Secret string `json:"signing_secret"`
			}
			s.get("/api/v1/deliveries", &a)
			other := l.session()
			for secret, good := range map[string]bool{a.Secret: true, other.secret(): false} {
				v, err := standardwebhooks.NewWebhook(secret)
				if err != nil {
					l.Fatal(err)
				}
				if err := v.Verify(one.body, one.header); (err == nil) != good {
					l.Errorf("the independent verifier says %v, want good %v", err, good)
				}
				if err := v.Verify(append(one.body, ' '), one.header); err == nil {
					l.Error("a changed body is accepted")
				}
			}
			var p hook.Payload
			if err := json.Unmarshal(one.body, &p); err != nil {
				l.Fatal(err)
			}
			want := hook.Payload{Version: 1, ID: one.header.Get("Webhook-Id"), Type: "viewer_started", SessionPIN: s.pin,
				SessionURL: l.b.URL() + "/view#" + s.pin, GuestURL: l.b.URL() + "/#" + s.pin, Region: "eu-west-2",
				At: p.At, Role: "viewer", Name: "Ann", Viewer: 1, Subject: p.Subject, Text: p.Text}
			if p != want {
				l.Errorf("got  %+v\nwant %+v", p, want)
			}
			for _, text := range []string{p.Subject, s.pin, "says: Ann", "eu-west-2", want.GuestURL, "UTC"} {
				if text == "" || !strings.Contains(p.Subject+p.Text, text) {
					l.Errorf("subject and text lack %q:\n%s\n%s", text, p.Subject, p.Text)
				}
			}
		})
	})
}

func (s support) secret() string {
	s.l.Helper()
	var a struct {
		Secret string `json:"signing_secret"`
	}
	s.get("/api/v1/deliveries", &a)
	return a.Secret
}

// TestExpiryEndsPartiesLikeADrop has a session that ends while its parties' 60 s run.
func TestExpiryEndsPartiesLikeADrop(t *testing.T) {
	onBoth(t, func(c *Config) { c.Limits.Idle = 30 * time.Second }, func(l *lab) {
		s := l.session()
		s.hook("presenter_offline", "/gone")
		s.join("presenter", "").drop()
		l.pass(40 * time.Second)
		if status, _ := l.call("GET", "/api/v1/session?session_pin="+s.pin, nil); status != 404 {
			l.Fatalf("the session lives: %d", status)
		}
		l.pass(20 * time.Second)
		s.fired("60 s")
		l.pass(moment)
		s.fired("60.001 s", "/gone")
		if s.count("session_ended") != 1 {
			l.Error("the end is not in the log")
		}
	})
}

// TestAnUpgradeFiresNothing restarts the broker; the 60 s run anew from its start.
func TestAnUpgradeFiresNothing(t *testing.T) {
	onBoth(t, nil, func(l *lab) {
		comes, stays := l.session(), l.session()
		p, q := comes.join("presenter", ""), stays.join("presenter", "")
		comes.hook("presenter_offline", "/comes")
		stays.hook("presenter_offline", "/stays")
		comes.hook("presenter_started", "/comes-started")
		l.pass(time.Second)
		l.stop()
		<-p.done
		<-q.done
		l.clock.mu.Lock()
		l.clock.now = l.clock.now.Add(10 * minute)
		l.clock.mu.Unlock()
		l.start()
		l.pass(59 * time.Second)
		comes.join("presenter", p.resume)
		comes.fired("after the restart")
		stays.fired("after the restart")
		l.pass(time.Second)
		stays.fired("60 s after the restart")
		l.pass(moment)
		comes.fired("it is here")
		stays.fired("60.001 s after the restart", "/stays")
	})
}

// TestADatabaseThatWasAwayMakesNobodyAbsent: presence is written before absences are looked for.
func TestADatabaseThatWasAwayMakesNobodyAbsent(t *testing.T) {
	onBoth(t, nil, func(l *lab) {
		s := l.session()
		s.join("presenter", "")
		s.hook("presenter_offline", "/gone")
		l.pass(10 * minute) // in which no presence was written
		s.fired("its socket is open")
	})
}

// TestHooksReachTheInternetOnly: without the settings for labs, the receiver here is refused.
func TestHooksReachTheInternetOnly(t *testing.T) {
	onBoth(t, func(c *Config) { c.HookAllowPrivate = false }, func(l *lab) {
		s := l.session()
		s.hook("viewer_started", "/inside")
		s.join("viewer", "")
		l.eventually("it is dead", func() bool { return s.deliveries()[0].State == "dead" })
		d := s.deliveries()[0]
		if !strings.Contains(d.Reason, "not allowed") || len(l.got.at("/inside")) != 0 {
			t.Errorf("reason %q, %d requests came", d.Reason, len(l.got.at("/inside")))
		}
	})
}
