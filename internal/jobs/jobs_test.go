package jobs_test

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	"pindesk/internal/jobs"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// outbox is a jobs.Store in memory with the rules that internal/store's tests hold SQL to.
type outbox struct {
	mu      sync.Mutex
	rows    map[string]*row // guarded by mu
	claims  int             // guarded by mu
	down    bool            // guarded by mu
	hint    chan struct{}
	claimed []string // guarded by mu: in the order of the claims
}

type row struct {
	jobs.Job
	next    time.Time
	state   jobs.State
	results []jobs.Result
}

func newOutbox(n int) *outbox {
	o := &outbox{rows: map[string]*row{}, hint: make(chan struct{}, 1)}
	for i := range n {
		o.add(fmt.Sprintf("job-%02d", i))
	}
	return o
}

func (o *outbox) add(id string) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.rows[id] = &row{Job: jobs.Job{ID: id, Kind: jobs.Hook, Ref: id, GiveUpAt: time.Now().Add(jobs.Lifetime)}, next: time.Now(), state: jobs.Pending}
}

func (o *outbox) Now() time.Time              { return time.Now() }
func (o *outbox) Hint(string) <-chan struct{} { return o.hint }

func (o *outbox) Claim(_ context.Context, kind string, limit int, now, leaseEnd time.Time) (due []jobs.Job, err error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.claims++
	if o.down {
		return nil, errors.New("the database is down")
	}
	for _, id := range slices.Sorted(maps.Keys(o.rows)) {
		r := o.rows[id]
		if len(due) == limit || r.state != jobs.Pending || r.next.After(now) {
			continue
		}
		r.next, r.Attempt, r.Lease = leaseEnd, r.Attempt+1, fmt.Sprint(o.claims)
		due = append(due, r.Job)
		o.claimed = append(o.claimed, id)
	}
	return due, nil
}

func (o *outbox) Finish(_ context.Context, j jobs.Job, r jobs.Result) error {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.down {
		return errors.New("the database is down")
	}
	one := o.rows[j.ID]
	if r.Deferred {
		one.Attempt--
	}
	one.results = append(one.results, r)
	one.state, one.next = r.State, r.NextAt
	return nil
}

func (o *outbox) get(id string) row {
	o.mu.Lock()
	defer o.mu.Unlock()
	return *o.rows[id]
}

// run works until the test or stop ends it.
func run(t *testing.T, c jobs.Config) (stop func()) {
	t.Helper()
	c.Kind = jobs.Hook
	w := jobs.New(c)
	ctx, cancel := context.WithCancel(t.Context())
	var done sync.WaitGroup
	done.Go(func() { w.Run(ctx) })
	stop = func() { cancel(); done.Wait() }
	t.Cleanup(stop)
	return stop
}

func TestConcurrencyIsBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := newOutbox(20)
		var mu sync.Mutex
		running, most := 0, 0
		stop := run(t, jobs.Config{Store: o, Concurrency: 3, Handler: func(context.Context, jobs.Job) (int, error) {
			mu.Lock()
			running++
			most = max(most, running)
			mu.Unlock()
			time.Sleep(time.Second)
			mu.Lock()
			running--
			mu.Unlock()
			return 200, nil
		}})
		time.Sleep(7*time.Second + time.Millisecond) // 20 jobs, 3 at a time: the polls are not waited for
		synctest.Wait()
		for id := range o.rows {
			if r := o.get(id); r.state != jobs.Done || len(r.results) != 1 || r.results[0].Status != 200 || r.results[0].Took != time.Second {
				t.Errorf("%s: %+v", id, r)
			}
		}
		if most != 3 {
			t.Errorf("%d handlers at a time, want 3", most)
		}
		stop()
	})
}

func TestHintsAndPolls(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := newOutbox(0)
		stop := run(t, jobs.Config{Store: o, Poll: time.Minute, Handler: func(context.Context, jobs.Job) (int, error) { return 0, nil }})
		synctest.Wait()
		o.add("hinted")
		o.hint <- struct{}{}
		synctest.Wait()
		if o.get("hinted").state != jobs.Done {
			t.Error("a hint is not heard at once")
		}
		o.add("found")
		time.Sleep(time.Minute)
		synctest.Wait()
		if o.get("found").state != jobs.Done {
			t.Error("a job without a hint is not found by polling")
		}
		stop()
	})
}

// TestRetries follows one job that always fails: pauses grow, a wish of the receiver is heard,
// and after a day it is dead.
func TestRetries(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := newOutbox(1)
		start := time.Now()
		stop := run(t, jobs.Config{Store: o, Handler: func(_ context.Context, j jobs.Job) (int, error) {
			if j.Attempt == 3 {
				return 429, &jobs.Error{Reason: "busy", After: 10 * time.Minute}
			}
			return 500, &jobs.Error{Reason: "broken", Err: errors.New("a cause")}
		}})
		time.Sleep(25 * time.Hour)
		synctest.Wait()
		r := o.get("job-00")
		last := r.results[len(r.results)-1]
		if r.state != jobs.Dead || last.Reason != "broken" || last.EndAt.Sub(start) > jobs.Lifetime {
			t.Errorf("in the end: %v %+v after %v", r.state, last, last.EndAt.Sub(start))
		}
		if n := len(r.results); n < 25 || n > 50 {
			t.Errorf("%d attempts in a day", n)
		}
		if r.results[2].Reason != "busy" || r.results[3].At.Sub(r.results[2].At) < 10*time.Minute {
			t.Errorf("the receiver's wish was not heard: %+v", r.results[2:4])
		}
		for i, one := range r.results {
			if one.Number != i+1 {
				t.Errorf("attempt %d has number %d", i+1, one.Number)
			}
		}
		stop()
	})
}

// TestDeferred: what was not tried is no attempt and does not make the pauses grow, but the day
// ends all the same.
func TestDeferred(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := newOutbox(1)
		tried := 0
		stop := run(t, jobs.Config{Store: o, Poll: time.Second, Handler: func(_ context.Context, j jobs.Job) (int, error) {
			if j.Attempt != 1 {
				t.Errorf("attempt %d", j.Attempt)
			}
			tried++
			return 0, &jobs.Error{Reason: "busy here", Deferred: true, After: 10 * time.Second}
		}})
		time.Sleep(time.Hour)
		if tried < 300 {
			t.Errorf("asked %d times in an hour", tried)
		}
		time.Sleep(24 * time.Hour)
		if r := o.get("job-00"); r.state != jobs.Dead || r.results[len(r.results)-1].Reason != "busy here" {
			t.Errorf("%+v", r.state)
		}
		stop()
	})
}

func TestBackoff(t *testing.T) {
	for attempt, want := range map[int]time.Duration{1: time.Second, 2: 2 * time.Second, 5: 16 * time.Second, 12: 2048 * time.Second, 13: time.Hour, 100: time.Hour, 1 << 40: time.Hour} {
		seen := map[time.Duration]bool{}
		for range 200 {
			got := jobs.Backoff(attempt)
			if got < want*4/5 || got > want*6/5 {
				t.Fatalf("after attempt %d: %v, want %v give or take a fifth", attempt, got, want)
			}
			seen[got] = true
		}
		if len(seen) < 100 {
			t.Errorf("after attempt %d: only %d different pauses", attempt, len(seen))
		}
	}
}

func TestFailures(t *testing.T) {
	for name, c := range map[string]struct {
		handle jobs.Handler
		state  jobs.State
		reason string
	}{
		"final":   {func(context.Context, jobs.Job) (int, error) { return 410, &jobs.Error{Reason: "gone", Final: true} }, jobs.Dead, "gone"},
		"unknown": {func(context.Context, jobs.Job) (int, error) { return 0, errors.New("password=x") }, jobs.Pending, "internal error"},
		"panic":   {func(context.Context, jobs.Job) (int, error) { panic("oh") }, jobs.Pending, "internal error"},
		"too slow": {func(ctx context.Context, _ jobs.Job) (int, error) {
			<-ctx.Done()
			return 0, &jobs.Error{Reason: "slow", Err: ctx.Err()}
		}, jobs.Pending, "slow"},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				o := newOutbox(1)
				stop := run(t, jobs.Config{Store: o, Timeout: time.Second, Handler: c.handle,
					Backoff: func(int) time.Duration { return time.Hour }})
				time.Sleep(2 * time.Second)
				synctest.Wait()
				r := o.get("job-00")
				if len(r.results) != 1 || r.state != c.state || r.results[0].Reason != c.reason {
					t.Errorf("%+v", r)
				}
				stop()
			})
		})
	}
}

// TestStop: what runs is not cut off, what waits is not begun.
func TestStop(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := newOutbox(5)
		stop := run(t, jobs.Config{Store: o, Concurrency: 2, Handler: func(ctx context.Context, _ jobs.Job) (int, error) {
			time.Sleep(3 * time.Second)
			return 200, ctx.Err()
		}})
		time.Sleep(time.Second)
		start := time.Now()
		stop()
		if took := time.Since(start); took != 2*time.Second {
			t.Errorf("stopping took %v", took)
		}
		done := 0
		for id := range o.rows {
			if r := o.get(id); r.state == jobs.Done {
				done++
			} else if r.Attempt != 0 {
				t.Errorf("%s was begun and not ended", id)
			}
		}
		if done != 2 {
			t.Errorf("%d jobs done, want the 2 that ran", done)
		}
	})
}

// TestDatabaseDown: no claim for a while, and results that cannot be written leave the job to be
// claimed again when its lease has ended.
func TestDatabaseDown(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := newOutbox(1)
		ran := 0
		stop := run(t, jobs.Config{Store: o, Handler: func(context.Context, jobs.Job) (int, error) {
			ran++
			o.mu.Lock()
			o.down = ran == 1
			o.mu.Unlock()
			return 200, nil
		}})
		time.Sleep(10 * time.Second)
		o.mu.Lock()
		if o.claims < 3 || ran != 1 {
			t.Errorf("%d claims, %d runs", o.claims, ran)
		}
		o.down = false
		o.mu.Unlock()
		time.Sleep(40 * time.Second)
		synctest.Wait()
		if r := o.get("job-00"); r.state != jobs.Done || ran != 2 || r.results[0].Number != 2 {
			t.Errorf("after the lease: %d runs, %+v", ran, r)
		}
		stop()
	})
}
