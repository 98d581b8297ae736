// Package jobs does durable work: what a transaction decided and must happen after it, such as
// sending a hook or a mail. The work is a row of the outbox, written by internal/store in that
// same transaction; a Worker claims rows, has a Handler do them, and writes down what came of
// it. The broker's packages may import it; it knows neither SQL nor what the work is.
//
// # What is promised
//
// At least once: a job ends only when its handler has succeeded, failed for good, or time is up.
// A broker that dies in the middle leaves a claimed row whose lease runs out, and then somebody
// claims it again; so a handler may run twice for one job, and its receiver must be able to
// tell (a delivery has an id for that). The lease outlives the handler's time limit, so two
// handlers do not run one job at the same time while clocks are sane; and a worker that comes
// too late changes nothing unless it succeeded.
//
// Polling is the truth. Hints only make it quick: a job that was written in this process starts
// at once, one that was written elsewhere within Poll.
package jobs

import (
	"context"
	"errors"
	"log/slog"
	"math/rand/v2"
	"sync"
	"time"
)

// State of a job.
type State string

// The states.
const (
	Pending State = "pending" // waits for its next attempt, or one is under way
	Done    State = "done"
	Dead    State = "dead" // failed for good, or for too long
)

// The kinds of work. A kind has its own worker, so that slow work of one kind does not hold up
// another.
const (
	Hook = "hook" // ref: a delivery
	Mail = "mail" // ref: a mail
)

// Job is a row of the outbox.
type Job struct {
	ID       string
	Kind     string
	Ref      string // what to do: the id of a row that says more
	Session  string // goes when the session goes
	Attempt  int    // of a claimed job: which one this is, 1, 2 ...
	Lease    string // of a claimed job: who has it
	GiveUpAt time.Time
}

// Attempt is what came of one run of a handler.
type Attempt struct {
	Number int
	At     time.Time
	Took   time.Duration
	Status int    // the receiver's; 0 if it gave none
	Reason string // why it failed, in our own words and without anything that a receiver sent; "" if it succeeded
}

// Record is a job with all that is known of it.
type Record struct {
	State    State
	NextAt   time.Time // while pending
	EndedAt  time.Time // done or dead
	Reason   string    // dead
	Attempts []Attempt // oldest first; the number of one that was cut off by a broker's end is missing
}

// Result ends an attempt.
type Result struct {
	Attempt
	State    State     // Pending: try again at NextAt
	NextAt   time.Time // Pending
	Deferred bool      // Pending, and it was no attempt: nothing is written down of it
	EndAt    time.Time // Done, Dead
}

// Store keeps the outbox; internal/store implements it.
type Store interface {
	// Now is the clock that all nodes on the same database share.
	Now() time.Time
	// Claim takes at most limit due jobs of a kind, oldest due first, until the lease ends. No
	// two calls, on whatever node, get the same job before its lease has ended.
	Claim(ctx context.Context, kind string, limit int, now, leaseEnd time.Time) ([]Job, error)
	// Finish writes down an attempt, or takes back a deferred one. If the job was claimed again since, only success counts.
	Finish(ctx context.Context, j Job, r Result) error
	// Hint tells of new jobs of a kind that this process has written. It has room for one hint.
	Hint(kind string) <-chan struct{}
}

// Handler does one job. It must return soon after ctx is done. status is what the receiver
// answered, 0 if nothing. A nil error means that the job is done. An error's text is kept and
// shown to those who may see the job, so it must hold nothing secret and nothing that the
// receiver sent; see Error.
type Handler func(ctx context.Context, j Job) (status int, err error)

// Error is why an attempt failed.
type Error struct {
	Reason string // in our own words
	Final  bool   // trying again is useless
	// After is the least time before the next attempt, as the receiver wished; 0: no wish.
	After time.Duration
	// Deferred: nothing was tried, because something here was busy. It counts as no attempt, and
	// the job is due again in After, whatever the backoff.
	Deferred bool
	Err      error // cause, for the log only
}

func (e *Error) Error() string {
	if e.Err != nil {
		return e.Reason + ": " + e.Err.Error()
	}
	return e.Reason
}

func (e *Error) Unwrap() error { return e.Err }

// Config of a Worker. Zero values of all but Store, Kind and Handler mean the defaults.
type Config struct {
	Store       Store
	Kind        string
	Handler     Handler
	Log         *slog.Logger
	Concurrency int           // handlers at a time: default 8
	Timeout     time.Duration // of one handler: default 18 s
	Poll        time.Duration // how often to look without a hint: default 2 s
	Backoff     func(attempt int) time.Duration
	Clock       func() time.Time // default Store.Now
}

// leaseMargin is how much longer than its handler may run a job is leased: room for the database
// calls before and after. What a broker that died had claimed waits for the lease's end, half a
// minute by default.
const leaseMargin = 12 * time.Second

// finishTimeout bounds writing a result down, also during shutdown.
const finishTimeout = 10 * time.Second

// Lifetime is how long a job is tried before it is given up.
const Lifetime = 24 * time.Hour

// Worker does the jobs of one kind.
type Worker struct {
	Config
	free chan struct{} // a token for each handler that may run
	busy sync.WaitGroup
}

// New makes a Worker; Run starts it.
func New(c Config) *Worker {
	if c.Store == nil || c.Kind == "" || c.Handler == nil {
		panic("jobs: Config needs Store, Kind and Handler")
	}
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	if c.Concurrency == 0 {
		c.Concurrency = 8
	}
	if c.Timeout == 0 {
		c.Timeout = 18 * time.Second
	}
	if c.Poll == 0 {
		c.Poll = 2 * time.Second
	}
	if c.Backoff == nil {
		c.Backoff = Backoff
	}
	if c.Clock == nil {
		c.Clock = c.Store.Now
	}
	w := &Worker{Config: c, free: make(chan struct{}, c.Concurrency)}
	for range c.Concurrency {
		w.free <- struct{}{}
	}
	return w
}

// Backoff is the time after a failed attempt: 1 s, doubled each time up to an hour, give or take
// a fifth so that what failed together does not come back together. In Lifetime that is about
// 35 attempts, 12 of them in the first hour.
func Backoff(attempt int) time.Duration {
	d := time.Hour
	if attempt < 13 {
		d = min(d, time.Second<<max(0, attempt-1))
	}
	return d*4/5 + rand.N(d*2/5+1)
}

// Run works until ctx is done, then claims nothing more, and returns when the handlers that
// run have ended: they have their own time limit and are not cut off. Call it once.
func (w *Worker) Run(ctx context.Context) {
	defer w.busy.Wait()
	poll := time.NewTicker(w.Poll)
	defer poll.Stop()
	hint := w.Store.Hint(w.Kind)
	for {
		w.claim(ctx)
		select {
		case <-hint:
		case <-poll.C:
		case <-ctx.Done():
			return
		}
	}
}

// claim starts a handler for each due job, as long as there are jobs and free handlers.
func (w *Worker) claim(ctx context.Context) {
	for ctx.Err() == nil {
		// Wait for one handler, then take as many more as are free.
		select {
		case <-w.free:
		case <-ctx.Done():
			return
		}
		n := 1
		for n < w.Concurrency && len(w.free) > 0 {
			<-w.free
			n++
		}
		now := w.Clock()
		due, err := w.Store.Claim(ctx, w.Kind, n, now, now.Add(w.Timeout+leaseMargin))
		for range n - len(due) {
			w.free <- struct{}{}
		}
		if err != nil && ctx.Err() == nil {
			w.Log.Error("the outbox could not be read", "kind", w.Kind, "err", err)
		}
		for _, j := range due {
			w.busy.Go(func() {
				defer func() { w.free <- struct{}{} }()
				w.do(context.WithoutCancel(ctx), j)
			})
		}
		if len(due) < n {
			return
		}
	}
}

// do runs one job and writes down what came of it.
func (w *Worker) do(ctx context.Context, j Job) {
	at, start := w.Clock(), time.Now()
	status, err := w.handle(ctx, j)
	r := Result{Attempt: Attempt{Number: j.Attempt, At: at, Took: time.Since(start), Status: status}, State: Done}
	now := w.Clock()
	if err != nil {
		w.Log.Log(ctx, levelOf(err), "an attempt failed", "kind", w.Kind, "job", j.ID, "attempt", j.Attempt, "status", status, "err", err)
		r.judge(j, err, now, w.Backoff(j.Attempt))
	}
	if r.State != Pending {
		r.EndAt = now
	}
	ctx, cancel := context.WithTimeout(ctx, finishTimeout)
	defer cancel()
	if err := w.Store.Finish(ctx, j, r); err != nil {
		w.Log.Error("the end of a job could not be written; it will run again", "kind", w.Kind, "job", j.ID, "err", err)
	}
}

// levelOf is debug for what is not worth an operator's look.
func levelOf(err error) slog.Level {
	if e := (*Error)(nil); errors.As(err, &e) && e.Deferred {
		return slog.LevelDebug
	}
	return slog.LevelWarn
}

// judge says what follows from a failure.
func (r *Result) judge(j Job, err error, now time.Time, backoff time.Duration) {
	r.Reason = "internal error"
	var e *Error
	if errors.As(err, &e) {
		r.Reason = e.Reason
		backoff = max(backoff, min(e.After, time.Hour))
		if e.Deferred {
			backoff = e.After
		}
	}
	r.State, r.NextAt = Pending, now.Add(backoff)
	if e != nil && e.Final || !r.NextAt.Before(j.GiveUpAt) {
		r.State = Dead
	}
	r.Deferred = e != nil && e.Deferred && r.State == Pending
}

// handle runs the handler within its time; a panic is a failure like others.
func (w *Worker) handle(ctx context.Context, j Job) (status int, err error) {
	ctx, cancel := context.WithTimeout(ctx, w.Timeout)
	defer cancel()
	defer func() {
		if p := recover(); p != nil {
			w.Log.Error("a handler panicked", "kind", w.Kind, "job", j.ID, "panic", p)
			status, err = 0, &Error{Reason: "internal error"}
		}
	}()
	return w.Handler(ctx, j)
}
