package httpapi

import (
	"context"
	"errors"
	"net/http"
	"strconv"
	"time"

	"github.com/go-chi/chi/v5"

	"pindesk/internal/audit"
	"pindesk/internal/fault"
	"pindesk/internal/hook"
	"pindesk/internal/httpapi/openapi"
	"pindesk/internal/jobs"
	"pindesk/internal/session"
)

// Records keeps what happened in sessions; internal/store implements it.
type Records interface {
	// Events returns at most limit events after the one with the number after, and the number
	// and hash of the newest one.
	Events(ctx context.Context, sessionID string, after, limit int) (all []audit.Event, newest int, hash string, err error)
	// Deliveries returns at most limit deliveries, newest first.
	Deliveries(ctx context.Context, sessionID string, limit int) ([]hook.Listed, error)
	// Replay makes a delivery due again. hook.ErrNotFound.
	Replay(ctx context.Context, sessionID, deliveryID string, now time.Time) error
}

const (
	eventsPage     = 1000 // events in one answer
	deliveriesPage = 100  // deliveries in one answer
)

// acting notes the caller's address for the log of the session.
func acting(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if addr := clientAddr(r); addr.IsValid() {
			r = r.WithContext(audit.As(r.Context(), audit.Actor{Address: addr.String()}))
		}
		next.ServeHTTP(w, r)
	})
}

// queryAfter reads the number of the event after which a log is shown; 0 if none was given.
func queryAfter(r *http.Request) (after int, err error) {
	text, given, err := parameter(r, "after")
	if err != nil || !given {
		return 0, err
	}
	if after, err = strconv.Atoi(text); err != nil || after < 0 {
		return 0, fault.New(fault.BadRequest, "The parameter after is the number of an event: 0, 1, 2 ...")
	}
	return after, nil
}

// audit: GET /api/v1/audit?session_pin=&after=
func (a *api) audit(w http.ResponseWriter, r *http.Request) error {
	pin, err := queryPIN(r)
	if err != nil {
		return err
	}
	after, err := queryAfter(r)
	if err != nil {
		return err
	}
	answer := openapi.AuditLog{Success: true, Events: []openapi.AuditEvent{}} // [] and not null
	if err := a.within(r, callAudit, pin, func(ctx context.Context, s *session.Kept) error {
		all, newest, hash, err := a.Records.Events(ctx, s.ID, after, eventsPage)
		answer.Session, answer.Newest, answer.Hash = s.ID, newest, hash
		for _, e := range all {
			answer.Events = append(answer.Events, openapi.AuditEvent{
				Number: e.Number, At: iso(e.At), Type: string(e.Type), Data: e.Data, Hash: e.Hash,
			})
		}
		return err
	}); err != nil {
		return err
	}
	writeJSON(w, r, http.StatusOK, answer)
	return nil
}

// deliveryOf is what may be known of l.
func deliveryOf(l hook.Listed) openapi.Delivery {
	d := openapi.Delivery{
		ID: l.ID, Type: openapi.HookType(l.Event.Type), URL: l.URL, Event: l.Event.Number, At: iso(l.Event.At),
		State: openapi.DeliveryState(l.Job.State), Reason: l.Job.Reason, Attempts: []openapi.Attempt{},
	}
	if l.Job.State == jobs.Pending {
		d.NextAttemptAt = iso(l.Job.NextAt)
	} else {
		d.EndedAt = iso(l.Job.EndedAt)
	}
	for _, t := range l.Job.Attempts {
		d.Attempts = append(d.Attempts, openapi.Attempt{
			Number: t.Number, At: iso(t.At), TookMs: t.Took.Milliseconds(), Status: t.Status, Reason: t.Reason,
		})
	}
	return d
}

// deliveries: GET /api/v1/deliveries?session_pin=
func (a *api) deliveries(w http.ResponseWriter, r *http.Request) error {
	pin, err := queryPIN(r)
	if err != nil {
		return err
	}
	answer := openapi.Deliveries{Success: true, Deliveries: []openapi.Delivery{}}
	if err := a.within(r, callDeliveries, pin, func(ctx context.Context, s *session.Kept) error {
		all, err := a.Records.Deliveries(ctx, s.ID, deliveriesPage)
		answer.SigningSecret = a.HookSecret(s.ID)
		for _, l := range all {
			answer.Deliveries = append(answer.Deliveries, deliveryOf(l))
		}
		return err
	}); err != nil {
		return err
	}
	writeJSON(w, r, http.StatusOK, answer)
	return nil
}

// replay: POST /api/v1/deliveries/{id}/replay
func (a *api) replay(w http.ResponseWriter, r *http.Request) error {
	var body struct {
		PIN *string `json:"session_pin"`
	}
	if err := readJSON(r, &body); err != nil {
		return err
	}
	if body.PIN == nil {
		return fault.New(fault.BadRequest, "The body needs the field session_pin.")
	}
	id := chi.URLParam(r, "id")
	if err := a.within(r, callReplay, *body.PIN, func(ctx context.Context, s *session.Kept) error {
		err := a.Records.Replay(ctx, s.ID, id, a.Now())
		if errors.Is(err, hook.ErrNotFound) {
			return fault.New(fault.NotFound, "This session has no such delivery. GET /api/v1/deliveries lists those that there are.")
		}
		return err
	}); err != nil {
		return err
	}
	writeJSON(w, r, http.StatusOK, ok)
	return nil
}
