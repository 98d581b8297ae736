package httpapi

import (
	"context"
	"errors"
	"log/slog"
	"math"
	"net/http"
	"regexp"
	"strconv"
	"time"

	"pindesk/internal/fault"
	"pindesk/internal/httpapi/openapi"
)

// handler is how every route is written: what went wrong is returned, not written.
type handler func(http.ResponseWriter, *http.Request) error

// answer is how a code is told to the caller.
type answer struct {
	status int
	// message, when set, replaces the fault's own, so that answers which must not differ
	// cannot, wherever in the program the fault was made.
	message string
}

// answers has every code of package fault; a test compares.
var answers = map[string]answer{
	fault.Internal:       {http.StatusInternalServerError, "Something went wrong here, not with your request. Try again; if it stays, tell the operator the X-Request-Id of this answer."},
	fault.BadRequest:     {http.StatusBadRequest, ""},
	fault.UnknownSession: {http.StatusNotFound, "There is no session with this PIN, or it has ended. Check the PIN, or make a new session."},
	fault.UnknownRegion:  {http.StatusBadRequest, ""},
	fault.BadTicket:      {http.StatusUnauthorized, ""},
	fault.BadOrigin:      {http.StatusForbidden, ""},
	fault.BadHook:        {http.StatusBadRequest, ""},
	fault.BadAddress:     {http.StatusBadRequest, ""},
	fault.NoProgram:      {http.StatusNotFound, ""},
	fault.MailOff:        {http.StatusNotImplemented, ""},
	fault.BadKey:         {http.StatusUnauthorized, ""},
	fault.KeyNeeded:      {http.StatusUnauthorized, ""},
	fault.NotAllowed:     {http.StatusForbidden, ""},
	fault.Puzzle:         {http.StatusTooManyRequests, ""},
	fault.Blocked:        {http.StatusForbidden, ""},
	fault.TooMany:        {http.StatusTooManyRequests, ""},
	fault.TooLarge:       {http.StatusRequestEntityTooLarge, ""},
	fault.NotFound:       {http.StatusNotFound, ""},
	fault.BadMethod:      {http.StatusMethodNotAllowed, ""},
	fault.Draining:       {http.StatusServiceUnavailable, ""},
}

// retryError is a fault that passes by itself after some time.
type retryError struct {
	fault *fault.Error
	after time.Duration
}

func (e *retryError) Error() string { return e.fault.Error() }
func (e *retryError) Unwrap() error { return e.fault }

// tooMany refuses a caller for the given time.
func tooMany(message string, after time.Duration) error {
	return &retryError{fault.New(fault.TooMany, message), after}
}

// defaultRetry goes with a "come back later" from a package that does not say when.
const defaultRetry = 10 * time.Second

// serve makes an http.HandlerFunc of h.
func (a *api) serve(h handler) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if err := h(w, r); err != nil {
			a.fail(w, r, err)
		}
	}
}

// fail answers err. Details of what the caller may not be told go to the log.
func (a *api) fail(w http.ResponseWriter, r *http.Request, err error) {
	code, message := fault.Code(err), ""
	if shown := (*fault.Error)(nil); errors.As(err, &shown) {
		message = shown.Message
	}
	ans, known := answers[code]
	if !known { // a code that this table lacks is a mistake of ours
		code, ans = fault.Internal, answers[fault.Internal]
	}
	if ans.message != "" {
		message = ans.message
	}
	t := traceOf(r)
	t.code = code
	if code == fault.Internal {
		level := slog.LevelError
		if r.Context().Err() != nil && errors.Is(err, context.Canceled) {
			level = slog.LevelDebug // the caller went away and nobody reads the answer
		}
		a.Log.Log(r.Context(), level, "internal error", "request", t.id, "error", withoutPINs(err.Error()))
	}
	if ans.status == http.StatusTooManyRequests || ans.status == http.StatusServiceUnavailable {
		after := defaultRetry
		if retry := (*retryError)(nil); errors.As(err, &retry) {
			after = retry.after
		} else if code == fault.Puzzle {
			after = strainHalf // for callers that solve none
		}
		w.Header().Set("Retry-After", retryAfter(after))
	}
	if code == fault.BadKey || code == fault.KeyNeeded {
		w.Header().Set("WWW-Authenticate", `Bearer realm="PinDesk"`)
	}
	if code == fault.TooLarge {
		w.Header().Set("Connection", "close") // the rest of the body is not worth reading
	}
	if !isAPI(r) && wantsPage(r) {
		a.failPage(w, r, code, ans.status, w.Header().Get("Retry-After"))
		return
	}
	if !isAPI(r) {
		w.Header().Add("Vary", "Accept")
		writeBody(w, r, ans.status, "text/plain; charset=utf-8", []byte(message+"\n"))
		return
	}
	body := openapi.Failure{Error: openapi.FailureError(code), Message: message}
	if p := (*puzzleError)(nil); errors.As(err, &p) {
		body.Puzzle = &p.puzzle
	}
	writeJSON(w, r, ans.status, body)
}

// retryAfter writes d as whole seconds, rounded up, at least 1.
func retryAfter(d time.Duration) string {
	return strconv.Itoa(max(1, int(math.Ceil(d.Seconds()))))
}

// pinLike finds whatever could be a PIN, as the API writes it or as people type it.
var pinLike = regexp.MustCompile(`(?i)[0-9a-z]{3}[-\s]?[0-9]{2}[-\s]?[0-9]{4}`)

// withoutPINs makes a text of unknown origin fit for the log: a driver's error may quote
// the value that it choked on.
func withoutPINs(s string) string { return pinLike.ReplaceAllString(s, "[PIN?]") }
