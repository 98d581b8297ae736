package httpapi

import (
	"container/list"
	"context"
	"net/http"
	"net/netip"
	"sync"
	"time"

	"github.com/go-chi/chi/v5/middleware"
	"golang.org/x/time/rate"
)

const (
	// maxFailures wrong PINs within failureWindow are what one address may give. A PIN is one
	// of 36^3 * 10^6 and few are alive, so 5 a minute find nothing, and people mistype less often.
	maxFailures   = 5
	failureWindow = time.Minute

	// maxTracked addresses are remembered by each limit: some 25 MB at worst. See recent for
	// who is forgotten first.
	maxTracked = 1 << 16
)

// clientAddr is the caller's address as the middleware of routes found it; the zero Addr
// when it could not tell.
func clientAddr(r *http.Request) netip.Addr { return middleware.GetClientIPAddr(r.Context()) }

// limitKey is what a limit counts as one caller: an IPv4 address, or the /64 that any
// IPv6 customer has whole. All callers without an address share the zero key.
func limitKey(addr netip.Addr) netip.Prefix {
	bits := 64
	if addr = addr.Unmap().WithZone(""); addr.Is4() {
		bits = 32
	}
	key, err := addr.Prefix(bits)
	if err != nil { // the zero Addr
		return netip.Prefix{}
	}
	return key
}

// recent is a map of callers that forgets: entries not changed for keep, and, when there
// are more than max, those that were changed longest ago. Whoever owns max addresses can
// thus push itself out; what bounds so many callers together is not the business of a
// limit by address. Not safe for concurrent use.
type recent[V any] struct {
	max   int
	keep  time.Duration
	byKey map[netip.Prefix]*list.Element // of *recentEntry[V]
	order list.List                      // the longest unchanged first
}

type recentEntry[V any] struct {
	key     netip.Prefix
	changed time.Time
	value   V
}

func newRecent[V any](max int, keep time.Duration) *recent[V] {
	return &recent[V]{max: max, keep: keep, byKey: make(map[netip.Prefix]*list.Element)}
}

// get returns the value of key, and the zero value when there is none any more.
func (c *recent[V]) get(key netip.Prefix, now time.Time) (value V, found bool) {
	if el := c.byKey[key]; el != nil {
		if e := el.Value.(*recentEntry[V]); now.Sub(e.changed) < c.keep {
			return e.value, true
		}
	}
	return value, false
}

// set changes the value of key and forgets others that are due.
func (c *recent[V]) set(key netip.Prefix, value V, now time.Time) {
	el := c.byKey[key]
	if el == nil {
		el = c.order.PushBack(&recentEntry[V]{key: key})
		c.byKey[key] = el
	}
	e := el.Value.(*recentEntry[V])
	e.value, e.changed = value, now
	c.order.MoveToBack(el)
	for {
		oldest := c.order.Front()
		e := oldest.Value.(*recentEntry[V])
		if len(c.byKey) <= c.max && now.Sub(e.changed) < c.keep {
			return
		}
		c.order.Remove(oldest)
		delete(c.byKey, e.key)
	}
}

// pinGate refuses callers that gave too many wrong PINs, before anybody looks theirs up.
// Right PINs neither count nor wipe out wrong ones. Attempts under way count as if they
// will fail, so that many at once cannot slip through; those that would be one too many
// only in that case wait for the outcome, so nobody honest is refused for being quick.
type pinGate struct {
	mu     sync.Mutex
	failed *recent[[]time.Time]     // guarded by mu: the latest failures, oldest first
	trying map[netip.Prefix]*trials // guarded by mu: callers with attempts under way
}

// trials are one caller's attempts under way. Guarded by pinGate.mu.
type trials struct {
	n       int
	changed chan struct{} // closed when one of them ends; then replaced
}

func newPINGate() *pinGate {
	return &pinGate{
		failed: newRecent[[]time.Time](maxTracked, failureWindow),
		trying: make(map[netip.Prefix]*trials),
	}
}

// enter admits an attempt from addr. The caller must call leave once, saying whether the
// PIN was wrong. It fails with fault.TooMany, or with ctx's error if that ends first.
func (g *pinGate) enter(ctx context.Context, addr netip.Addr) (leave func(wrong bool), err error) {
	key := limitKey(addr)
	for {
		wait, err := g.admit(key)
		if err != nil {
			return nil, err
		}
		if wait == nil {
			return func(wrong bool) { g.leave(key, wrong) }, nil
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

func (g *pinGate) leave(key netip.Prefix, wrong bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if wrong {
		now := time.Now()
		g.failed.set(key, append(g.failures(key, now), now), now)
	}
	t := g.trying[key]
	close(t.changed)
	t.changed = make(chan struct{})
	if t.n--; t.n == 0 {
		delete(g.trying, key)
	}
}

// failures are those of key within the window. g.mu is held.
func (g *pinGate) failures(key netip.Prefix, now time.Time) []time.Time {
	all, _ := g.failed.get(key, now)
	for len(all) > 0 && now.Sub(all[0]) >= failureWindow {
		all = all[1:]
	}
	return all
}

// creationLimit bounds the sessions that one caller makes.
type creationLimit struct {
	perMinute int
	mu        sync.Mutex
	buckets   *recent[*rate.Limiter] // guarded by mu; full again after a minute unchanged
}

func newCreationLimit(perMinute int) *creationLimit {
	return &creationLimit{perMinute: perMinute, buckets: newRecent[*rate.Limiter](maxTracked, time.Minute)}
}

// take counts one session for addr, or fails with fault.TooMany.
func (l *creationLimit) take(addr netip.Addr) error {
	key := limitKey(addr)
	l.mu.Lock()
	defer l.mu.Unlock()
	now := time.Now()
	bucket, found := l.buckets.get(key, now)
	if !found {
		bucket = rate.NewLimiter(rate.Every(time.Minute/time.Duration(l.perMinute)), l.perMinute)
	}
	if turn := bucket.ReserveN(now, 1); turn.DelayFrom(now) > 0 {
		after := turn.DelayFrom(now)
		turn.CancelAt(now)
		return tooMany("Your address makes too many sessions. Wait as long as Retry-After says.", after)
	}
	l.buckets.set(key, bucket, now)
	return nil
}
