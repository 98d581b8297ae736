package e2e

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"pindesk/internal/broker"
	"pindesk/internal/fault"
	"pindesk/internal/presenter"
	"pindesk/internal/puzzle"
)

// from is an HTTP client of many addresses, by way of a proxy that the broker trusts.
type from struct {
	url    string
	client *http.Client
}

func newFrom(url string, conns int) *from {
	return &from{url, &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: conns, MaxConnsPerHost: conns}, Timeout: 30 * time.Second}}
}

// call makes a call from an address, and returns its status, its JSON and how long it took.
func (f *from) call(ctx context.Context, address, method, path, body string, head ...string) (status int, answer map[string]any, took time.Duration, err error) {
	req, err := http.NewRequestWithContext(ctx, method, f.url+path, strings.NewReader(body))
	if err != nil {
		return 0, nil, 0, err
	}
	req.Header.Set("X-Forwarded-For", address)
	for i := 0; i < len(head); i += 2 {
		req.Header.Set(head[i], head[i+1])
	}
	began := time.Now()
	resp, err := f.client.Do(req)
	if err != nil {
		return 0, nil, 0, err
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	took = time.Since(began)
	if err == nil {
		err = json.Unmarshal(b, &answer)
	}
	return resp.StatusCode, answer, took, err
}

// join joins from an address as a page does: a puzzle is solved on the way.
func (f *from) join(ctx context.Context, address, pin string) (puzzles int, took time.Duration, err error) {
	began := time.Now()
	body, solved := `{"session_pin":"`+pin+`","role":"viewer","name":"honest"}`, ""
	for {
		status, answer, _, err := f.call(ctx, address, "POST", "/api/v1/join", body, puzzle.Header, solved)
		switch {
		case err != nil:
			return puzzles, 0, err
		case status == http.StatusOK:
			return puzzles, time.Since(began), nil
		case answer["error"] != fault.Puzzle || puzzles == 3:
			return puzzles, 0, fmt.Errorf("status %d: %v", status, answer)
		}
		puzzles++
		set := answer["puzzle"].(map[string]any)
		if solved, err = puzzle.Solve(ctx, puzzle.Puzzle{Challenge: set["challenge"].(string), Bits: int(set["bits"].(float64))}); err != nil {
			return puzzles, 0, err
		}
	}
}

// TestGuessing: 1,000 wrong PINs a second from 200 addresses come to the real broker. Few are
// looked up, none is answered with an error of ours, and honest people, each from an address
// that the broker has never seen, join at once meanwhile; so does a presenter.
func TestGuessing(t *testing.T) {
	const rate, addresses = 1000, 200
	span := 3 * time.Second
	if os.Getenv("PINDESK_LONG") != "" {
		span = 90 * time.Second
	}
	b := startBroker(t, "", "--trusted-proxies", "127.0.0.1", "--sessions-per-min", "0", "--log-level", "warn")
	pin := b.newPIN()
	desk := newFakeDesktop(64, 48)

	ctx, cancel := context.WithTimeout(t.Context(), span)
	defer cancel()
	guesser := newFrom(b.url, 64)
	var asked, looked, refused, puzzled, other atomic.Int64
	var work sync.WaitGroup
	began := time.Now()
	for w := range 50 {
		work.Go(func() {
			tick := time.NewTicker(50 * time.Second / rate)
			defer tick.Stop()
			for n := w; ; n += 50 {
				select {
				case <-tick.C:
				case <-ctx.Done():
					return
				}
				status, answer, _, err := guesser.call(ctx, fmt.Sprintf("10.1.0.%d", n%addresses), "GET",
					fmt.Sprintf("/api/v1/session_url?session_pin=%03d-%02d-%04d", n/10000%1000, n%100, n%10000), "")
				if ctx.Err() != nil {
					return
				}
				asked.Add(1)
				switch {
				case err == nil && status == 404:
					looked.Add(1)
				case err == nil && status == 429 && answer["error"] == fault.TooMany:
					refused.Add(1)
				case err == nil && status == 429 && answer["error"] == fault.Puzzle:
					puzzled.Add(1)
				default:
					if other.Add(1) == 1 {
						t.Errorf("a guess was answered with %d %v (%v)", status, answer, err)
					}
				}
			}
		})
	}
	eventually(t, "puzzles are set", func() bool { return puzzled.Load() > 0 })
	b.present(pin, presenter.Config{Screen: desk, Input: desk, Consent: presenter.ControlFree})
	eventually(t, "the presenter has solved its puzzle", func() bool {
		_, state := b.call("GET", "/api/v1/session?session_pin="+pin, nil)
		return state["presenter_online"] == true
	})
	honest := newFrom(b.url, 4)
	var joins []time.Duration
	solved := 0
	for n := 0; ctx.Err() == nil; n++ {
		puzzles, took, err := honest.join(t.Context(), fmt.Sprintf("10.2.%d.%d", n/250, n%250), pin)
		if err != nil {
			t.Errorf("an honest join failed: %v", err)
			break
		}
		solved += min(1, puzzles)
		joins = append(joins, took)
		if len(joins)%40 == 0 { // a session takes so many tickets at once
			pin = b.newPIN()
		}
		select {
		case <-ctx.Done():
		case <-time.After(50 * time.Millisecond):
		}
	}
	work.Wait()
	passed := time.Since(began).Seconds()
	if len(joins) == 0 {
		t.Fatal("nobody joined")
	}
	slices.Sort(joins)
	t.Logf("%d guesses in %.1f s (%.0f/s): %d looked up, %d refused by address, %d got a puzzle; %d honest joins, %d by a puzzle, median %v, p95 %v, slowest %v",
		asked.Load(), passed, float64(asked.Load())/passed, looked.Load(), refused.Load(), puzzled.Load(), len(joins), solved,
		joins[len(joins)/2], joins[len(joins)*95/100], joins[len(joins)-1])
	// The budget is 60 at once and then 42 a minute; the rest is what was under way together.
	if limit := 60 + 42*passed/60 + 50; float64(looked.Load()) > limit {
		t.Errorf("%d guesses were looked up, want at most %.0f", looked.Load(), limit)
	}
	if asked.Load() < 300 { // how fast they come depends on the machine; the log says it
		t.Errorf("only %d guesses were made: this says little", asked.Load())
	}
	if solved == 0 {
		t.Error("no honest join met a puzzle: this says little")
	}
	if joins[len(joins)/2] > 5*time.Second { // far more than the race detector on a busy machine needs
		t.Errorf("the median join took %v", joins[len(joins)/2])
	}
	if strings.Contains(b.prog.out.String(), pin) {
		t.Error("the PIN is in the log")
	}
}

// TestAnswersTakeTheSameTime compares what a guesser could measure: PINs that are unknown, ended
// and malformed, and those of a session that the caller may not touch; by chance alone, one of
// two answers is the slower in half of all pairs.
func TestAnswersTakeTheSameTime(t *testing.T) {
	rounds := 300
	if os.Getenv("PINDESK_LONG") != "" {
		rounds = 3000
	}
	s := startSite(t, func(c *broker.Config) { c.TrustedProxies = prefixes("127.0.0.1/32") })
	key := newKey(t, s, "Help Ltd")
	ended := s.newPIN()
	if status, _ := s.call("DELETE", "/api/v1/session?session_pin="+ended, nil); status != 200 {
		t.Fatal(status)
	}
	f := newFrom(s.url, 1)
	kinds := []string{"unknown", "ended", "malformed", "unknown again"}
	pins := map[string]string{"unknown": "000-00-0000", "ended": ended, "malformed": "00-0-0", "unknown again": "000-00-0001"}
	times := map[string][]time.Duration{}
	bodies := map[string]bool{}
	for n := range rounds {
		for i := range kinds {
			kind := kinds[(i+n)%len(kinds)]
			// The holder of a key meets no puzzle, and each address gives few wrong PINs.
			status, answer, took, err := f.call(t.Context(), fmt.Sprintf("10.%d.%d.%d", 3+i, n/250, n%250), "GET",
				"/api/v1/session?session_pin="+pins[kind], "", "Authorization", "Bearer "+key)
			if err != nil || status != 404 {
				t.Fatalf("%s: %d %v %v", kind, status, answer, err)
			}
			times[kind] = append(times[kind], took)
			bodies[fmt.Sprint(answer)] = true
		}
	}
	if len(bodies) != 1 {
		t.Errorf("answers differ: %v", bodies)
	}
	for _, kind := range kinds {
		all := slices.Sorted(slices.Values(times[kind]))
		share := slower(times["unknown"], times[kind])
		t.Logf("%-14s median %v, p90 %v; slower than unknown in %.1f %% of pairs", kind, all[len(all)/2], all[len(all)*9/10], 100*share)
		// A malformed PIN is not looked up: that tells its giver what it has typed.
		if kind != "malformed" && (share < 0.4 || share > 0.6) {
			t.Errorf("an answer to %s can be told from one to an unknown PIN by its time", kind)
		}
	}
	// Behind the gate, a right PIN is as unknown as a wrong one.
	live := s.newPIN()
	times = map[string][]time.Duration{}
	for range 5 {
		f.call(t.Context(), "10.9.9.9", "GET", "/api/v1/session?session_pin=000-00-0000", "", "Authorization", "Bearer "+key)
	}
	bodies = map[string]bool{}
	for n := range rounds {
		for i := range 2 {
			kind := []string{"right", "wrong"}[(i+n)%2]
			pin := map[string]string{"right": live, "wrong": "000-00-0000"}[kind]
			status, answer, took, err := f.call(t.Context(), "10.9.9.9", "GET", "/api/v1/session?session_pin="+pin, "", "Authorization", "Bearer "+key)
			if err != nil || status != 429 {
				t.Fatalf("%s: %d %v", kind, status, err)
			}
			times[kind] = append(times[kind], took)
			bodies[fmt.Sprint(answer)] = true
		}
	}
	if share := slower(times["wrong"], times["right"]); len(bodies) != 1 || share < 0.4 || share > 0.6 {
		t.Errorf("behind the gate a right PIN is slower in %.1f %% of pairs; %d different answers", 100*share, len(bodies))
	}
}

// slower is in how many pairs of one of each the second takes longer; ties count half.
func slower(a, b []time.Duration) float64 {
	a = slices.Sorted(slices.Values(a))
	sum := 0
	for _, x := range b {
		lo, _ := slices.BinarySearch(a, x)
		hi, _ := slices.BinarySearch(a, x+1)
		sum += lo + hi
	}
	return float64(sum) / 2 / float64(len(a)*len(b))
}
