package httpapi

import (
	"bufio"
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"runtime/debug"
	"slices"
	"time"

	"github.com/go-chi/chi/v5"
)

// trace is what the request log knows of a request beside the answer. It belongs to the
// request's goroutine.
type trace struct {
	id    string // random; the caller gets it as X-Request-Id. One from the caller is never used
	route string // set by who answers without a route, else ""
	code  string // of the fault that was answered, else ""
}

type traceKey struct{}

// traceOf returns r's trace; all handlers run below logged, which made it.
func traceOf(r *http.Request) *trace { return r.Context().Value(traceKey{}).(*trace) }

// logged writes one line for each request when it is over, for a relay socket when it was
// opened. Nothing in it was chosen by the caller but the method, and that only if we
// know it: path, query and body may hold a PIN.
func (a *api) logged(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		began := time.Now()
		t := &trace{id: requestID()}
		r = r.WithContext(context.WithValue(r.Context(), traceKey{}, t))
		rec := &recorder{ResponseWriter: w}
		rec.Header().Set("X-Request-Id", t.id)
		defer func() { // also when a handler aborts the connection by panicking
			route := t.route
			if route == "" {
				route = chi.RouteContext(r.Context()).RoutePattern()
			}
			if route == "" {
				route = "none"
			}
			level := slog.LevelInfo
			if route == "/healthz" || route == "/readyz" {
				level = slog.LevelDebug // asked every few seconds by whatever watches us
			}
			attrs := []slog.Attr{
				slog.String("request", t.id),
				slog.String("method", knownMethod(r.Method)),
				slog.String("route", route),
				slog.Int("status", rec.status),
				slog.Int64("bytes", rec.bytes),
				slog.Float64("took_ms", float64(time.Since(began).Microseconds())/1000),
				slog.String("client", clientAddr(r).String()),
			}
			if t.code != "" {
				attrs = append(attrs, slog.String("error", t.code))
			}
			a.Log.LogAttrs(r.Context(), level, "http request", attrs...)
		}()
		next.ServeHTTP(rec, r)
		if rec.status == 0 {
			rec.status = http.StatusOK // what net/http makes of an empty answer
		}
	})
}

// requestID is 64 random bits in hex.
func requestID() string {
	var b [8]byte
	_, _ = rand.Read(b[:]) // never fails: it ends the program instead
	return hex.EncodeToString(b[:])
}

// knownMethod keeps a caller from writing text of its own into the log.
func knownMethod(m string) string {
	if slices.Contains(methods, m) {
		return m
	}
	return "other"
}

// recovered turns a handler's panic into an answer "internal", or, when part of another
// answer is out, into an aborted connection.
func (a *api) recovered(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		defer func() {
			v := recover()
			if v == nil {
				return
			}
			if err, is := v.(error); is && errors.Is(err, http.ErrAbortHandler) {
				panic(http.ErrAbortHandler) // meant for net/http
			}
			// The stack has no values in it but addresses and numbers.
			a.Log.Error("panic", "request", traceOf(r).id,
				"value", withoutPINs(fmt.Sprint(v)), "stack", string(debug.Stack()))
			if w.(*recorder).status != 0 {
				panic(http.ErrAbortHandler)
			}
			a.fail(w, r, errPanicked)
		}()
		next.ServeHTTP(w, r)
	})
}

var errPanicked = errors.New("httpapi: a handler panicked")

// recorder remembers what was answered.
type recorder struct {
	http.ResponseWriter
	status int // 0 until the header is out; 101 for a connection that was taken over
	bytes  int64
}

func (w *recorder) WriteHeader(status int) {
	if w.status == 0 && status >= 200 { // 1xx are only hints before the real one
		w.status = status
	}
	w.ResponseWriter.WriteHeader(status)
}

func (w *recorder) Write(p []byte) (int, error) {
	if w.status == 0 {
		w.status = http.StatusOK
	}
	n, err := w.ResponseWriter.Write(p)
	w.bytes += int64(n)
	return n, err
}

// Hijack lets the relay take the connection over; WebSocket libraries look for this method.
func (w *recorder) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	conn, buf, err := http.NewResponseController(w.ResponseWriter).Hijack()
	if err == nil {
		w.status = http.StatusSwitchingProtocols
	}
	return conn, buf, err
}

// Unwrap is for http.ResponseController.
func (w *recorder) Unwrap() http.ResponseWriter { return w.ResponseWriter }
