package httpapi

import (
	"container/list"
	"net/http"
	"net/netip"
	"sync"
	"time"

	"github.com/go-chi/chi/v5/middleware"
	"golang.org/x/time/rate"
)

// maxTracked callers are remembered by each limit: some 25 MB at worst. See recent for who is
// forgotten first.
const maxTracked = 1 << 16

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
type recent[K comparable, V any] struct {
	max   int
	keep  time.Duration
	byKey map[K]*list.Element // of *recentEntry[K, V]
	order list.List           // the longest unchanged first
}

type recentEntry[K comparable, V any] struct {
	key     K
	changed time.Time
	value   V
}

func newRecent[K comparable, V any](max int, keep time.Duration) *recent[K, V] {
	return &recent[K, V]{max: max, keep: keep, byKey: make(map[K]*list.Element)}
}

// get returns the value of key, and the zero value when there is none any more.
func (c *recent[K, V]) get(key K, now time.Time) (value V, found bool) {
	if el := c.byKey[key]; el != nil {
		if e := el.Value.(*recentEntry[K, V]); now.Sub(e.changed) < c.keep {
			return e.value, true
		}
	}
	return value, false
}

// set changes the value of key and forgets others that are due.
func (c *recent[K, V]) set(key K, value V, now time.Time) {
	el := c.byKey[key]
	if el == nil {
		el = c.order.PushBack(&recentEntry[K, V]{key: key})
		c.byKey[key] = el
	}
	e := el.Value.(*recentEntry[K, V])
	e.value, e.changed = value, now
	c.order.MoveToBack(el)
	for {
		oldest := c.order.Front()
		e := oldest.Value.(*recentEntry[K, V])
		if len(c.byKey) <= c.max && now.Sub(e.changed) < c.keep {
			return
		}
		c.order.Remove(oldest)
		delete(c.byKey, e.key)
	}
}

// quota bounds how often one caller makes a call: one address (see limitKey), or one API key
// wherever it is used from. What was not used is saved up for a minute.
type quota struct {
	perMinute int    // 0: no bound
	message   string // what a caller that is over it is told

	mu        sync.Mutex
	addresses *recent[netip.Prefix, *rate.Limiter] // guarded by mu; full again after a minute unchanged
	keys      *recent[string, *rate.Limiter]       // guarded by mu; by the key's id
}

func newQuota(perMinute int, message string) *quota {
	return &quota{
		perMinute: perMinute, message: message,
		addresses: newRecent[netip.Prefix, *rate.Limiter](maxTracked, time.Minute),
		keys:      newRecent[string, *rate.Limiter](maxTracked, time.Minute),
	}
}

// takeAddress counts one call from addr, or fails with fault.TooMany.
func (q *quota) takeAddress(addr netip.Addr) error {
	q.mu.Lock()
	defer q.mu.Unlock()
	return take(q.addresses, limitKey(addr), q.perMinute, q.message)
}

// takeKey counts one call by the API key with this id, or fails with fault.TooMany. perMinute
// is the key's own bound; 0 stands for that of an address.
func (q *quota) takeKey(id string, perMinute int) error {
	if perMinute == 0 {
		perMinute = q.perMinute
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	return take(q.keys, id, perMinute, q.message)
}

// take counts one call of key. The lock of buckets is held.
func take[K comparable](buckets *recent[K, *rate.Limiter], key K, perMinute int, message string) error {
	if perMinute == 0 {
		return nil
	}
	now := time.Now()
	bucket, found := buckets.get(key, now)
	if !found {
		bucket = rate.NewLimiter(rate.Every(time.Minute/time.Duration(perMinute)), perMinute)
	}
	if turn := bucket.ReserveN(now, 1); turn.DelayFrom(now) > 0 {
		after := turn.DelayFrom(now)
		turn.CancelAt(now)
		return tooMany(message, after)
	}
	buckets.set(key, bucket, now)
	return nil
}
