package httpapi

import (
	"context"
	"math"
	"net/http"
	"net/netip"
	"sync"
	"time"

	"pindesk/internal/fault"
	"pindesk/internal/puzzle"
)

const (
	// maxFailures wrong PINs within failureWindow are what one address may give. A PIN is one
	// of 36^3 * 10^6 and few are alive, so 5 a minute find nothing, and people mistype less often.
	maxFailures   = 5
	failureWindow = time.Minute

	// The budget of wrong PINs for all addresses together, see strained. Mistyped PINs of a busy
	// broker stay far below it: it takes some 42 wrong ones a minute, for minutes.
	budget     = 60
	strainHalf = time.Minute
	// A puzzle of 15 bits takes a page some 20 ms and a telephone some 100 ms; each more doubles it.
	leastBits, mostBits = 15, 18

	trustedFailures = 2
	trustFor        = time.Hour // since the last attempt with a verdict
)

// gated runs look, which takes a PIN from the caller, if the caller may guess. Whoever shows
// that it is back in the session that it was admitted to is not guessing.
func (a *api) gated(r *http.Request, c caller, pin string, look func(context.Context) error) (err error) {
	if c.resume != "" && len(pin) <= maxName && a.Sessions.Returning(pin, c.resume) {
		return look(r.Context())
	}
	addr := clientAddr(r)
	leave, err := a.gate.enter(r.Context(), addr)
	if err != nil {
		return err
	}
	result := undecided // stays so if look panics
	defer func() { leave(result) }()
	if err := a.solved(r, c, addr); err != nil {
		return err
	}
	if len(pin) > maxName {
		err = fault.New(fault.UnknownSession, "")
	} else {
		err = look(r.Context())
	}
	switch {
	case err == nil:
		result = rightPIN
	case fault.Code(err) == fault.UnknownSession:
		result = wrongPIN
	}
	return err
}

// puzzleError asks the caller to solve a puzzle first.
type puzzleError struct {
	puzzle puzzle.Puzzle
}

func (e *puzzleError) Error() string { return e.Unwrap().Error() }
func (e *puzzleError) Unwrap() error {
	return fault.New(fault.Puzzle, "Many wrong PINs come in at the moment. Solve the puzzle and ask again with its answer, or wait as long as Retry-After says.")
}

// solved fails with a puzzle if the caller must solve one first. Nothing has been looked up by
// then, so neither the answer nor its time tells anything about a PIN.
func (a *api) solved(r *http.Request, c caller, addr netip.Addr) error {
	bits, strained := a.gate.strained(addr)
	if !strained || c.key != nil { // the holder of a key is no stranger
		return nil
	}
	who, now := limitKey(addr).String(), time.Now()
	if answer := r.Header.Get(puzzle.Header); answer != "" && a.puzzles.Redeem(answer, who, now) {
		return nil
	}
	return &puzzleError{a.puzzles.Issue(who, bits, now)}
}

// pinGate refuses callers that gave too many wrong PINs, before anybody looks theirs up.
// Right PINs neither count nor wipe out wrong ones. Attempts under way count as if they
// will fail, so that many at once cannot slip through; those that would be one too many
// only in that case wait for the outcome, so nobody honest is refused for being quick.
//
// Many addresses together are held back by a budget of failures for all of them: while it is
// exceeded, strangers solve a puzzle before theirs are looked up. See strained.
type pinGate struct {
	mu       sync.Mutex
	failed   *recent[netip.Prefix, []time.Time] // guarded by mu: the latest failures, oldest first
	trying   map[netip.Prefix]*trials           // guarded by mu: callers with attempts under way
	trust    *recent[netip.Prefix, int]         // guarded by mu: failures that friends may still make
	strain   float64                            // guarded by mu: all failures of late, at the time of strainAt
	strainAt time.Time                          // guarded by mu
}

// outcome is what came of an attempt.
type outcome int

const (
	undecided outcome = iota // it failed for another reason
	rightPIN
	wrongPIN
)

// trials are one caller's attempts under way. Guarded by pinGate.mu.
type trials struct {
	n       int
	changed chan struct{} // closed when one of them ends; then replaced
}

func newPINGate() *pinGate {
	return &pinGate{
		failed: newRecent[netip.Prefix, []time.Time](maxTracked, failureWindow),
		trying: make(map[netip.Prefix]*trials),
		trust:  newRecent[netip.Prefix, int](maxTracked, trustFor),
	}
}

// enter admits an attempt from addr. The caller must call leave once, saying what
// came of it. It fails with fault.TooMany, or with ctx's error if that ends first.
func (g *pinGate) enter(ctx context.Context, addr netip.Addr) (leave func(outcome), err error) {
	key := limitKey(addr)
	for {
		wait, err := g.admit(key)
		if err != nil {
			return nil, err
		}
		if wait == nil {
			return func(o outcome) { g.leave(key, o) }, nil
		}
		select {
		case <-wait:
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
}

// admit begins an attempt, or returns what to wait for before asking again.
func (g *pinGate) admit(key netip.Prefix) (wait <-chan struct{}, err error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	now := time.Now()
	failures := g.failures(key, now)
	if len(failures) >= maxFailures {
		again := failures[len(failures)-maxFailures].Add(failureWindow)
		return nil, tooMany("Too many wrong PINs came from your address. Wait as long as Retry-After says and check the PIN.", again.Sub(now))
	}
	t := g.trying[key]
	if t == nil {
		t = &trials{changed: make(chan struct{})}
		g.trying[key] = t
	}
	if len(failures)+t.n >= maxFailures {
		return t.changed, nil
	}
	t.n++
	return nil, nil
}

func (g *pinGate) leave(key netip.Prefix, o outcome) {
	g.mu.Lock()
	defer g.mu.Unlock()
	now := time.Now()
	left, friend := g.trust.get(key, now)
	switch o {
	case wrongPIN:
		g.failed.set(key, append(g.failures(key, now), now), now)
		g.strain, g.strainAt = g.strainNow(now)+1, now
		if friend {
			g.trust.set(key, max(0, left-1), now)
		}
	case rightPIN:
		if !friend {
			left = trustedFailures
		}
		g.trust.set(key, left, now)
	}
	t := g.trying[key]
	close(t.changed)
	t.changed = make(chan struct{})
	if t.n--; t.n == 0 {
		delete(g.trying, key)
	}
}

// strained says whether addr must solve a puzzle before its attempt is looked up, and of how
// many bits. The budget is a level that each wrong PIN raises by one, also one given with a
// solved puzzle, and that halves every strainHalf: at a steady rate of r a minute it stands at
// 1.44 r. So without puzzles the whole world gets budget/1.44 failures a minute, and puzzles get
// harder for those who solve them. Friends are exempt: addresses from which a right PIN came of
// late, and no more than trustedFailures wrong ones since; a guesser that makes sessions of its
// own to give right PINs gains those few failures and no more.
func (g *pinGate) strained(addr netip.Addr) (bits int, yes bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	now := time.Now()
	level := g.strainNow(now)
	if level < budget {
		return 0, false
	}
	if left, friend := g.trust.get(limitKey(addr), now); friend && left > 0 {
		return 0, false
	}
	return min(leastBits+int(math.Log2(level/budget)), mostBits), true
}

// strainNow is the level of the budget. g.mu is held.
func (g *pinGate) strainNow(now time.Time) float64 {
	return g.strain * math.Exp2(-float64(now.Sub(g.strainAt))/float64(strainHalf))
}

// failures are those of key within the window. g.mu is held.
func (g *pinGate) failures(key netip.Prefix, now time.Time) []time.Time {
	all, _ := g.failed.get(key, now)
	for len(all) > 0 && now.Sub(all[0]) >= failureWindow {
		all = all[1:]
	}
	return all
}
