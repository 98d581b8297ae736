package audit_test

import (
	"errors"
	"slices"
	"testing"
	"time"

	"pindesk/internal/audit"
)

// chain makes a log of three events.
func chain(t *testing.T) []audit.Event {
	t.Helper()
	at := time.Date(2026, 11, 23, 12, 0, 0, 7e6, time.UTC)
	var all []audit.Event
	hash := ""
	for i, d := range []audit.Data{{Address: "192.0.2.1"}, {Viewer: 1, Name: "Ann\n\"<&>"}, {Viewer: 1, Right: audit.View}} {
		e, err := audit.New("session-1", i, hash, at.Add(time.Duration(i)*time.Second), []audit.Type{audit.SessionCreated, audit.ViewerStarted, audit.Granted}[i], d)
		if err != nil {
			t.Fatal(err)
		}
		all, hash = append(all, e), e.Hash
	}
	return all
}

// TestHashes are computed here once and for all: what was written stays verifiable.
func TestHashes(t *testing.T) {
	all := chain(t)
	// By another program (Python's hashlib) from the form in the package documentation.
	want := []string{"1JeK1BK7s0GgP5Hy6MO1-mM0TyDavTfyL92yjlNyhEs", "id8ri0o_g23KvDjRNlBhO6vN6umpI0WwhgaF3BA17Mw", "oIcoIYarldHWA6EM6SAjb2mwPMHWBKTOQCgJxNz9jtY"}
	for i, e := range all {
		if e.Hash != want[i] {
			t.Errorf("event %d: %s, want %s", i+1, e.Hash, want[i])
		}
	}
	if got := string(all[1].Data); got != `{"viewer":1,"name":"Ann\n\"\u003c\u0026\u003e"}` {
		t.Errorf("data %s", got)
	}
}

func TestVerify(t *testing.T) {
	good := chain(t)
	newest := good[2].Hash
	if err := audit.Verify("session-1", good, 3, newest); err != nil {
		t.Fatal(err)
	}
	if err := audit.Verify("session-1", nil, 0, ""); err != nil {
		t.Errorf("an empty log: %v", err)
	}
	for name, change := range map[string]func(e []audit.Event) []audit.Event{
		"cut at the end":      func(e []audit.Event) []audit.Event { return e[:2] },
		"cut at the start":    func(e []audit.Event) []audit.Event { return e[1:] },
		"one left out":        func(e []audit.Event) []audit.Event { return slices.Delete(e, 1, 2) },
		"swapped":             func(e []audit.Event) []audit.Event { e[0], e[1] = e[1], e[0]; return e },
		"renumbered":          func(e []audit.Event) []audit.Event { e[1].Number = 3; return e },
		"another time":        func(e []audit.Event) []audit.Event { e[1].At = e[1].At.Add(time.Millisecond); return e },
		"another type":        func(e []audit.Event) []audit.Event { e[1].Type = audit.ViewerResumed; return e },
		"another content":     func(e []audit.Event) []audit.Event { e[1].Data = []byte(`{"viewer":2}`); return e },
		"of another session":  func(e []audit.Event) []audit.Event { e[2].Session = "session-2"; return e },
		"one more":            func(e []audit.Event) []audit.Event { return append(e, e[2]) },
		"a hash that is none": func(e []audit.Event) []audit.Event { e[0].Hash = "?"; return e },
		"everything":          func([]audit.Event) []audit.Event { return nil },
	} {
		if err := audit.Verify("session-1", change(slices.Clone(good)), 3, newest); !errors.Is(err, audit.ErrBroken) {
			t.Errorf("%s: %v", name, err)
		}
	}
	changed := slices.Clone(good)
	changed[2], _ = audit.New("session-1", 2, changed[1].Hash, changed[2].At, audit.Refused, audit.Data{Viewer: 1})
	if err := audit.Verify("session-1", changed, 3, newest); !errors.Is(err, audit.ErrBroken) {
		t.Errorf("the last one made anew: %v", err)
	}
}

func TestActor(t *testing.T) {
	if got := audit.ActorOf(t.Context()); got != (audit.Actor{}) {
		t.Errorf("nobody acts: %+v", got)
	}
	if got := audit.ActorOf(audit.As(t.Context(), audit.Actor{Address: "192.0.2.1"})); got.Address != "192.0.2.1" {
		t.Errorf("%+v", got)
	}
}
