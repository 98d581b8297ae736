package httpapi

import (
	"encoding/json"
	"fmt"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"pindesk/internal/fault"
	"pindesk/internal/puzzle"
)

// flood makes wrong guesses from that many addresses, one each, until strangers get puzzles.
func (d *desk) flood(addresses int) {
	d.Helper()
	for i := range addresses {
		d.from = fmt.Sprintf("198.51.%d.%d:1", i/250, i%250)
		d.call("GET", "/api/v1/session"+wrongQuery, "")
	}
}

// puzzleOf is the puzzle in an answer.
func (d *desk) puzzleOf(w *httptest.ResponseRecorder) puzzle.Puzzle {
	d.Helper()
	var body struct {
		Success        *bool
		Error, Message string
		Puzzle         puzzle.Puzzle
	}
	if err := json.Unmarshal(w.Body.Bytes(), &body); err != nil || w.Code != 429 || body.Error != fault.Puzzle || body.Success == nil ||
		*body.Success || body.Message == "" || body.Puzzle.Challenge == "" || w.Header().Get("Retry-After") != "60" {
		d.Fatalf("status %d Retry-After %s body %s (%v), want a puzzle", w.Code, w.Header().Get("Retry-After"), w.Body, err)
	}
	return body.Puzzle
}

func (d *desk) solve(p puzzle.Puzzle) string {
	d.Helper()
	answer, err := puzzle.Solve(d.Context(), p)
	if err != nil {
		d.Fatal(err)
	}
	return answer
}

// TestPuzzle: while wrong PINs come from everywhere, a stranger solves a puzzle, on every call
// that takes a PIN and whatever the PIN; its answer serves once, at that address.
func TestPuzzle(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := open(t, nil)
		d.flood(budget)
		d.from = "192.0.2.1:1"
		looked := d.fake.lookups
		for _, c := range [][3]string{
			{"GET", "/api/v1/session_url" + pinQuery, ""}, {"GET", "/api/v1/session_url" + wrongQuery, ""}, {"GET", "/api/v1/session?session_pin=x", ""},
			{"DELETE", "/api/v1/session" + pinQuery, ""}, {"PUT", "/api/v1/hook/", hookBody(testPIN)}, {"POST", "/api/v1/join", joinBody(testPIN, "")},
			{"POST", "/api/v1/join", joinBody(testPIN, `,"resume":"a made-up one"`)},
		} {
			d.puzzleOf(d.call(c[0], c[1], c[2]))
		}
		if d.fake.lookups != looked {
			t.Error("a PIN was looked up before the puzzle was solved")
		}
		for _, c := range []string{"/api/v1/regions", "/api/v1/session_pin"} {
			if code := d.call("GET", c, "").Code; code != 200 {
				t.Errorf("%s takes no PIN, and answers %d", c, code)
			}
		}
		p := d.puzzleOf(d.call("POST", "/api/v1/join", joinBody(testPIN, "")))
		if p.Bits < leastBits || p.Bits > mostBits {
			t.Errorf("%d bits", p.Bits)
		}
		answer := d.solve(p)
		d.from = "192.0.2.2:1"
		d.puzzleOf(d.call("POST", "/api/v1/join", joinBody(testPIN, ""), puzzle.Header, answer))
		d.from = "192.0.2.1:1"
		// A wrong PIN spends the answer as well, and counts.
		d.wantFailure(d.call("GET", "/api/v1/session"+wrongQuery, "", puzzle.Header, answer), 404, fault.UnknownSession)
		d.puzzleOf(d.call("POST", "/api/v1/join", joinBody(testPIN, ""), puzzle.Header, answer))
		answer = d.solve(d.puzzleOf(d.call("POST", "/api/v1/join", joinBody(testPIN, ""))))
		if code := d.call("POST", "/api/v1/join", joinBody(testPIN, ""), puzzle.Header, answer).Code; code != 200 {
			t.Errorf("with the answer: %d", code)
		}
		time.Sleep(2 * strainHalf)
		d.from = "192.0.2.3:1"
		if code := d.call("GET", "/api/v1/session"+pinQuery, "").Code; code != 200 {
			t.Errorf("two minutes after the flood: %d", code)
		}
	})
}

// TestNoStranger: who was right of late, who comes back with a resume secret, and who has an API
// key solves nothing.
func TestNoStranger(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := open(t, func(c *Config) { c.Keys = fakeKeys{testKey: {ID: "a"}} })
		const friend = "192.0.2.1:1"
		d.from = friend
		d.call("GET", "/api/v1/session"+pinQuery, "")
		d.flood(2 * budget)
		d.from = friend
		for i := range 3 * trustedFailures {
			w := d.call("GET", "/api/v1/session"+wrongQuery, "")
			if i < trustedFailures {
				d.wantFailure(w, 404, fault.UnknownSession)
				if code := d.call("GET", "/api/v1/session"+pinQuery, "").Code; i < trustedFailures-1 && code != 200 {
					t.Errorf("a friend with %d failures: %d", i+1, code)
				}
			} else {
				d.puzzleOf(w) // its trust is used up, and right PINs in between have not renewed it
			}
		}
		d.from = "192.0.2.2:1"
		back := joinBody(testPIN, `,"resume":"`+testResume+`"`)
		for range 20 {
			if code := d.call("POST", "/api/v1/join", back).Code; code != 200 {
				t.Fatalf("with a resume secret: %d", code)
			}
		}
		d.puzzleOf(d.call("POST", "/api/v1/join", joinBody("7W2-97-8571", `,"resume":"`+testResume+`"`))) // of another PIN
		if code := d.call("GET", "/api/v1/session"+pinQuery, "", "Authorization", "Bearer "+testKey).Code; code != 200 {
			t.Errorf("with an API key: %d", code)
		}
	})
}

// TestResumeIsNoGuess: an address whose guesses are used up still lets those back in who were in.
func TestResumeIsNoGuess(t *testing.T) {
	d := open(t, nil)
	for range maxFailures {
		d.call("GET", "/api/v1/session"+wrongQuery, "")
	}
	d.wantFailure(d.call("POST", "/api/v1/join", joinBody(testPIN, "")), 429, fault.TooMany)
	if w := d.call("POST", "/api/v1/join", joinBody(testPIN, `,"resume":"`+testResume+`"`)); w.Code != 200 || !strings.Contains(w.Body.String(), `"resumed":true`) {
		t.Errorf("with a resume secret: %d %s", w.Code, w.Body)
	}
}

// TestStrain: the world gets the budget without puzzles, again and again but no faster, and
// puzzles get harder for those who solve them.
func TestStrain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := newPINGate()
		guess := func(i int, solves bool) (bits int, looked bool) {
			addr := numbered(i)
			bits, strained := g.strained(addr)
			if strained && !solves {
				return bits, false
			}
			leave, err := g.enter(t.Context(), addr)
			if err != nil {
				t.Fatal(err)
			}
			leave(wrongPIN)
			return bits, true
		}
		looked, n := 0, 0
		for range 60 { // an hour of 20 guesses a second, a new address each
			for range 1200 {
				time.Sleep(50 * time.Millisecond)
				n++
				if _, yes := guess(n, false); yes {
					looked++
				}
			}
		}
		if limit := budget + 60*budget*7/10; looked > limit || looked < limit/2 {
			t.Errorf("%d of %d guesses were looked up in an hour, want at most %d", looked, n, limit)
		}
		hardest := 0
		for range 20_000 {
			n++
			bits, _ := guess(n, true)
			hardest = max(hardest, bits)
		}
		if hardest != mostBits {
			t.Errorf("the hardest puzzle for a flood that solves them had %d bits", hardest)
		}
		time.Sleep(15 * time.Minute)
		if _, strained := g.strained(numbered(-1)); strained {
			t.Error("15 minutes after the flood strangers still get puzzles")
		}
	})
}

// numbered is an address of its own for each i.
func numbered(i int) netip.Addr {
	return netip.AddrFrom16([16]byte{0x20, 1, 0xd, 0xb8, byte(i >> 24), byte(i >> 16), byte(i >> 8), byte(i)})
}
