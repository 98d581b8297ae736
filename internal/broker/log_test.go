package broker

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"pindesk/internal/audit"
	"pindesk/internal/relay"
	"pindesk/internal/wire"
)

// TestAuditCall follows one session's log through the API, as its maker would read it.
func TestAuditCall(t *testing.T) {
	onBoth(t, nil, func(l *lab) {
		s := l.session()
		s.hook("viewer_started", "/secret-path")
		p, v := s.join("presenter", ""), s.join("viewer", "")
		v.say(wire.Control{Type: wire.TypeAsk})
		l.eventually("the wish is in the log", func() bool { return s.count("asked") == 1 })
		p.say(wire.Control{Type: wire.TypeGrant, Viewer: 1, View: true, Control: true})
		l.eventually("the grants are in the log", func() bool { return s.count("granted") == 2 })
		v.say(wire.Control{Type: wire.TypeYield})
		l.eventually("it was given back", func() bool { return s.count("yielded") == 1 })
		p.say(wire.Control{Type: wire.TypeRefuse, Viewer: 1, Control: true})
		p.say(wire.Control{Type: wire.TypeGrant, Viewer: 1})
		l.eventually("it was taken back", func() bool { return s.count("revoked") == 1 })
		v.drop()
		if status, _ := l.call("DELETE", "/api/v1/session?session_pin="+s.pin, nil); status != 200 {
			l.Fatal(status)
		}
		l.eventually("the presenter has left", func() bool { return s.count("presenter_left") == 1 })
		var got []string
		events := s.events() // the session has ended, its log is still shown
		for _, e := range events {
			got = append(got, e.Type+" "+string(e.Data))
		}
		if want := []string{
			`session_created {"address":"127.0.0.1"}`,
			`hook_set {"address":"127.0.0.1","hook":"viewer_started","host":"` + l.got.Listener.Addr().String() + `"}`,
			`presenter_started {"name":"Ann","address":"127.0.0.1"}`,
			`viewer_started {"viewer":1,"name":"Ann","address":"127.0.0.1"}`,
			`asked {"viewer":1,"name":"Ann","right":"view"}`,
			`granted {"viewer":1,"name":"Ann","right":"view"}`,
			`granted {"viewer":1,"name":"Ann","right":"control"}`,
			`yielded {"viewer":1,"name":"Ann","right":"control"}`,
			`refused {"viewer":1,"name":"Ann","right":"control"}`,
			`revoked {"viewer":1,"name":"Ann","right":"view"}`,
			`viewer_left {"viewer":1,"name":"Ann"}`,
			`session_ended {"address":"127.0.0.1","reason":"deleted"}`,
			`presenter_left {"name":"Ann"}`,
		}; !slices.Equal(got, want) {
			l.Errorf("the log is\n%q, want\n%q", got, want)
		}
		l.verifyByHand(s)
		l.guestSees(s, p.resume, v.resume)
		if status, a := l.call("GET", "/api/v1/audit?session_pin="+s.pin, nil); status == 200 {
			l.Errorf("without a token: %d %v", status, a)
		}
		if status, a := l.call("GET", "/api/v1/audit?session_pin="+s.pin, nil, "Session-Token", l.session().token); status == 200 {
			l.Errorf("with another session's token: %d %v", status, a)
		}
		for _, after := range []string{"-1", "x", "1.5"} {
			if status, _ := l.call("GET", "/api/v1/audit?session_pin="+s.pin+"&after="+after, nil, "Session-Token", s.token); status != 400 {
				l.Errorf("after=%s: %d", after, status)
			}
		}
	})
}

// guestSees holds what the guest's own page may read of the log, and that nobody else may.
func (l *lab) guestSees(s support, guest, viewer string) {
	l.Helper()
	target := "/api/v1/guest_log?session_pin=" + s.pin
	status, a := l.call("GET", target, nil, "Resume-Secret", guest)
	events, _ := a["events"].([]any)
	var got []string
	for _, e := range events {
		e := e.(map[string]any)
		got = append(got, fmt.Sprint(e["type"], e["viewer"], e["right"]))
		if e["address"] != nil || e["hash"] != nil {
			l.Errorf("the guest is shown %v", e)
		}
	}
	if want := []string{"presenter_started<nil> <nil>", "viewer_started1 <nil>", "asked1view", "granted1view", "granted1control", "yielded1control",
		"revoked1view", "viewer_left1 <nil>", "session_ended<nil> <nil>", "presenter_left<nil> <nil>"}; status != 200 || !slices.Equal(got, want) {
		l.Errorf("the guest is shown %d %q, want %q", status, got, want)
	}
	if status, a := l.call("GET", target+fmt.Sprint("&after=", a["after"]), nil, "Resume-Secret", guest); status != 200 || len(a["events"].([]any)) > 0 {
		l.Errorf("after the last: %d %v", status, a)
	}
	for who, secret := range map[string]string{"a viewer": viewer, "nobody": "", "a stranger": "x", "a flood": strings.Repeat("x", 4096)} {
		if status, a := l.call("GET", target, nil, "Resume-Secret", secret); status != 403 {
			l.Errorf("%s is shown %d %v", who, status, a)
		}
	}
	if status, _ := l.call("GET", "/api/v1/guest_log?session_pin=0A0-00-0000", nil, "Resume-Secret", guest); status != 403 {
		l.Errorf("another PIN: %d", status)
	}
}

// verifyByHand recomputes the chain from what the API shows, as docs/hooks.md says.
func (l *lab) verifyByHand(s support) {
	l.Helper()
	var a struct {
		Session string
		Newest  int
		Hash    string
		Events  []event
	}
	s.get("/api/v1/audit", &a)
	prev := make([]byte, 32)
	for i, e := range a.Events {
		sum := sha256.Sum256(fmt.Appendf(slices.Clone(prev), "%s\n%d\n%d\n%s\n%s", a.Session, e.Number, e.At.UnixMilli(), e.Type, e.Data))
		prev = sum[:]
		if e.Number != i+1 || e.Hash != base64.RawURLEncoding.EncodeToString(prev) {
			l.Errorf("event %d does not have the hash of its content", e.Number)
		}
	}
	if a.Newest != len(a.Events) || a.Hash != base64.RawURLEncoding.EncodeToString(prev) {
		l.Errorf("the chain ends elsewhere than at event %d", a.Newest)
	}
}

// TestWitnessHasTheDatabasesClock: else happenings would stand in the log with times of another clock
// than their neighbours.
func TestWitnessHasTheDatabasesClock(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		clock := func() time.Time { return time.Now().Add(time.Hour) }
		var at []time.Time
		w := newWitness(func(_ context.Context, _ string, all ...audit.Note) error {
			for _, n := range all {
				at = append(at, n.At)
			}
			return nil
		}, clock, slog.New(slog.DiscardHandler))
		want := clock()
		w.see(relay.Event{Session: "a", At: time.Now(), What: relay.Asked})
		time.Sleep(time.Minute) // what waited stands with the time when it was seen
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		w.run(ctx)
		if len(at) != 1 || !at[0].Equal(want) {
			t.Errorf("written at %v, want %v", at, want)
		}
	})
}

// TestWitness: the relay never waits, and what was lost is counted in the log.
func TestWitness(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var mu sync.Mutex
		down, written, lost := true, map[string]int{}, map[string]int{}
		var order []uint16
		w := newWitness(func(_ context.Context, id string, all ...audit.Note) error {
			mu.Lock()
			defer mu.Unlock()
			if down {
				return errors.New("the database is down")
			}
			for _, n := range all {
				if n.Type == audit.Lost {
					lost[id] += n.Data.Count
					continue
				}
				written[id]++
				if id == "a" {
					order = append(order, n.Data.Viewer)
				}
			}
			return nil
		}, time.Now, slog.New(slog.DiscardHandler))
		ctx, cancel := context.WithCancel(t.Context())
		var done sync.WaitGroup
		done.Go(func() { w.run(ctx) })
		const each = witnessQueue
		start := time.Now()
		for i := range each {
			for _, id := range []string{"a", "b"} {
				w.see(relay.Event{Session: id, At: time.Now(), What: relay.Asked, Viewer: uint16(i)})
			}
		}
		if time.Since(start) != 0 {
			t.Error("the relay waited")
		}
		time.Sleep(10 * time.Second)
		mu.Lock()
		down = false
		mu.Unlock()
		time.Sleep(2 * witnessAgain)
		synctest.Wait()
		mu.Lock()
		if lost["a"] == 0 || written["a"]+lost["a"] != each || written["b"]+lost["b"] != each {
			t.Errorf("of %d each: written %v, lost %v", each, written, lost)
		}
		if !slices.IsSorted(order) {
			t.Error("out of order")
		}
		before := written["a"]
		mu.Unlock()
		w.see(relay.Event{Session: "a", What: relay.Asked})
		cancel() // what is left is written
		done.Wait()
		if written["a"] != before+1 {
			t.Error("the last one was not written")
		}
	})
}
