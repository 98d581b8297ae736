package presenter

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"pindesk/internal/fault"
	"pindesk/internal/puzzle"
)

// TestJoinSolvesPuzzles: a broker that sets a puzzle gets its answer; one that goes on setting
// them, or sets one that nobody should work on, is left alone for as long as it says.
func TestJoinSolvesPuzzles(t *testing.T) {
	for name, c := range map[string]struct {
		puzzles, bits, asked int
		joins                bool
	}{
		"none": {0, 0, 1, true}, "one": {1, 10, 2, true}, "three": {3, 4, 4, true}, "for ever": {99, 1, 4, false}, "too hard": {1, 60, 1, false},
	} {
		issuer, asked := puzzle.NewIssuer(nil), 0
		srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Path != "/api/v1/join" {
				http.NotFound(w, r) // the relay
				return
			}
			asked++
			if asked > 1 && !issuer.Redeem(r.Header.Get(puzzle.Header), "me", time.Now()) {
				t.Errorf("%s: a wrong answer", name)
			}
			if asked <= c.puzzles {
				set := issuer.Issue("me", c.bits, time.Now())
				if c.bits > puzzle.MaxBits {
					set.Bits = c.bits
				}
				w.Header().Set("Retry-After", "60")
				w.WriteHeader(http.StatusTooManyRequests)
				_ = json.NewEncoder(w).Encode(map[string]any{"success": false, "error": fault.Puzzle, "message": "Solve it.", "puzzle": set})
				return
			}
			_ = json.NewEncoder(w).Encode(map[string]any{"success": true, "ticket": "T", "relay_path": "/relay"})
		}))
		broker, err := url.Parse(srv.URL)
		if err != nil {
			t.Fatal(err)
		}
		p := &Presenter{calls: http.DefaultClient, cfg: Config{PIN: "7W2-97-8570"}, broker: broker}
		_, err = p.join(t.Context())
		srv.Close()
		wait := (*waitError)(nil)
		switch {
		case c.joins && (err == nil || !strings.Contains(err.Error(), "relay answers with status 404")):
			t.Errorf("%s: %v, want to come as far as the relay", name, err)
		case !c.joins && (!errors.As(err, &wait) || wait.wait != time.Minute):
			t.Errorf("%s: %v, want to wait for a minute", name, err)
		}
		if asked != c.asked {
			t.Errorf("%s: asked %d times, want %d", name, asked, c.asked)
		}
	}
}

// TestJoinWithASpentHandover: a program that is started twice, or too late, takes nobody's place.
func TestJoinWithASpentHandover(t *testing.T) {
	for name, c := range map[string]struct {
		handover, resume string
		resumed          bool
		opens            bool
	}{
		"good":             {"H", "H", true, true},
		"spent":            {"H", "H", false, false},
		"later, forgotten": {"H", "R", false, true}, // as without one: the broker has been set up anew
		"none":             {"", "", false, true},
	} {
		opened := false
		srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Path != "/api/v1/join" {
				opened = true
				http.NotFound(w, r)
				return
			}
			_ = json.NewEncoder(w).Encode(map[string]any{"success": true, "ticket": "T", "resumed": c.resumed, "relay_path": "/relay"})
		}))
		broker, err := url.Parse(srv.URL)
		if err != nil {
			t.Fatal(err)
		}
		_, err = (&Presenter{calls: http.DefaultClient, cfg: Config{PIN: "7W2-97-8570", Handover: c.handover}, resume: c.resume, broker: broker}).join(t.Context())
		srv.Close()
		if opened != c.opens || errors.Is(err, errRefused) == c.opens {
			t.Errorf("%s: opened a socket: %v, %v", name, opened, err)
		}
	}
}

// TestJoinStops: a puzzle does not hold up the end.
func TestJoinStops(t *testing.T) {
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusTooManyRequests)
		_ = json.NewEncoder(w).Encode(map[string]any{"error": fault.Puzzle, "puzzle": puzzle.Puzzle{Challenge: "never", Bits: puzzle.MaxBits}})
	}))
	defer srv.Close()
	broker, err := url.Parse(srv.URL)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	began := time.Now()
	if _, err := (&Presenter{calls: http.DefaultClient, cfg: Config{}, broker: broker}).join(ctx); err == nil || time.Since(began) > 5*time.Second {
		t.Errorf("%v after %v", err, time.Since(began))
	}
}
