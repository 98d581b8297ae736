package puzzle

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"
)

var update = flag.Bool("update", false, "write testdata/vectors.json anew")

const vectors = "testdata/vectors.json"

// vector is one puzzle with its smallest solution.
type vector struct {
	Challenge string `json:"challenge"`
	Bits      int    `json:"bits"`
	Answer    string `json:"answer"`
}

// TestVectors: what Go finds is what the pages find, which read the same file.
func TestVectors(t *testing.T) {
	if *update {
		var all []vector
		for i, bits := range []int{0, 1, 4, 8, 11, 13, 15, 16} {
			c := strings.Repeat("Challenge_"+strconv.Itoa(i), i+1)
			answer, err := Solve(t.Context(), Puzzle{c, bits})
			if err != nil {
				t.Fatal(err)
			}
			all = append(all, vector{c, bits, answer})
		}
		b, err := json.MarshalIndent(all, "", "  ")
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(vectors, append(b, '\n'), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	b, err := os.ReadFile(vectors)
	if err != nil {
		t.Fatal(err)
	}
	var all []vector
	if err := json.Unmarshal(b, &all); err != nil || len(all) < 5 {
		t.Fatalf("%d vectors (%v)", len(all), err)
	}
	for _, v := range all {
		answer, err := Solve(t.Context(), Puzzle{v.Challenge, v.Bits})
		if err != nil || answer != v.Answer {
			t.Errorf("%d bits of %q: %q (%v), want %q", v.Bits, v.Challenge, answer, err, v.Answer)
		}
		if c, ok := solves(v.Answer, v.Bits); !ok || c != v.Challenge {
			t.Errorf("the answer %q is refused", v.Answer)
		}
	}
}

func TestSolveGivesUp(t *testing.T) {
	for _, p := range []Puzzle{{"", 1}, {"x", -1}, {"x", MaxBits + 1}, {strings.Repeat("x", maxChallenge+1), 1}} {
		if _, err := Solve(t.Context(), p); !errors.Is(err, ErrUnreasonable) {
			t.Errorf("%v: %v", p, err)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := Solve(ctx, Puzzle{"x", MaxBits}); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}

func TestRedeem(t *testing.T) {
	const me = "192.0.2.0/32"
	now := time.Unix(1_800_000_000, 0)
	i := NewIssuer(nil)
	solve := func(p Puzzle) string {
		t.Helper()
		answer, err := Solve(t.Context(), p)
		if err != nil {
			t.Fatal(err)
		}
		return answer
	}
	p := i.Issue(me, 8, now)
	good := solve(p)
	challenge, number, _ := strings.Cut(good, ".")
	easier := func() string { // the same challenge with its bits set to 0
		b := []byte(challenge)
		b[1], b[2] = 'Q', 'A'
		return string(b) + ".0"
	}()
	for name, bad := range map[string]string{
		"empty": "", "no number": challenge, "no challenge": "." + number, "unsolved": challenge + ".99999999999999",
		"too large": challenge + ".9007199254740992", "negative": challenge + ".-1", "cut": good[1:], "easier": easier,
		"twice": challenge + "." + good, "other's": solve(NewIssuer(nil).Issue(me, 8, now)),
	} {
		if i.Redeem(bad, me, now) {
			t.Errorf("%s: accepted", name)
		}
	}
	if i.Redeem(good, "192.0.2.1/32", now) {
		t.Error("accepted from another caller")
	}
	if i.Redeem(good, me, now.Add(Valid)) {
		t.Error("accepted too late")
	}
	if !i.Redeem(good, me, now.Add(Valid-time.Second)) {
		t.Error("a good answer is refused")
	}
	if i.Redeem(good, me, now.Add(Valid-time.Second)) {
		t.Error("accepted twice")
	}
	if same := NewIssuer(i.key); !same.Redeem(good, me, now) {
		t.Error("refused at another node with the same key")
	}
	if p := i.Issue(me, 99, now); p.Bits != MaxBits {
		t.Errorf("%d bits", p.Bits)
	}
}

// TestSpentIsBounded: answers are forgotten when they are too old, and when there are too many.
func TestSpentIsBounded(t *testing.T) {
	i, now := NewIssuer(nil), time.Unix(0, 0)
	nonce := func(n int) (b [nonceSize]byte) {
		copy(b[:], strconv.Itoa(n))
		return b
	}
	for n := range maxSpent + 100 {
		if !i.spend(nonce(n), now.Add(Valid), now) {
			t.Fatal("a new answer is refused")
		}
	}
	if len(i.spent) != maxSpent || i.order.Len() != maxSpent {
		t.Errorf("%d answers, %d in order", len(i.spent), i.order.Len())
	}
	if i.spend(nonce(maxSpent), now.Add(Valid), now) {
		t.Error("a young answer was forgotten")
	}
	now = now.Add(Valid)
	i.spend(nonce(-1), now.Add(Valid), now)
	if len(i.spent) != 1 || i.order.Len() != 1 {
		t.Errorf("%d answers are left, %d in order", len(i.spent), i.order.Len())
	}
}

func FuzzRedeem(f *testing.F) {
	const issued = "CHALLENGE" // stands for one that this process has issued: each has its own
	i, now := NewIssuer(make([]byte, 32)), time.Unix(1_800_000_000, 0)
	f.Add(issued + ".0")
	f.Add(issued + ".")
	f.Add(".")
	f.Fuzz(func(t *testing.T, answer string) {
		p := i.Issue("me", 4, now)
		answer = strings.ReplaceAll(answer, issued, p.Challenge)
		if !i.Redeem(answer, "me", now) {
			return
		}
		if c, ok := solves(answer, p.Bits); !ok || c != p.Challenge {
			t.Errorf("accepted %q", answer)
		}
		if i.Redeem(answer, "me", now) {
			t.Errorf("accepted %q twice", answer)
		}
	})
}

func BenchmarkTry(b *testing.B) {
	var seed [32]byte
	n := uint64(0)
	for b.Loop() {
		zeros(seed, n)
		n++
	}
}
