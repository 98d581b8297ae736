package httpapi

import (
	"context"
	"net/http"
	"time"
)

// readyTimeout bounds Config.Ready: a probe that hangs says the same as one that fails.
const readyTimeout = 2 * time.Second

// healthy: GET /healthz. The process runs and answers; a supervisor that hears nothing
// should restart it. So it depends on nothing else.
func (a *api) healthy(w http.ResponseWriter, r *http.Request) error {
	probe(w, r, http.StatusOK, "ok\n")
	return nil
}

// ready: GET /readyz. This node may be given new work. Why not is in the log only.
func (a *api) ready(w http.ResponseWriter, r *http.Request) error {
	if a.Ready != nil {
		ctx, cancel := context.WithTimeout(r.Context(), readyTimeout)
		defer cancel()
		if err := a.Ready(ctx); err != nil {
			a.Log.Warn("not ready", "request", traceOf(r).id, "error", withoutPINs(err.Error()))
			probe(w, r, http.StatusServiceUnavailable, "not ready\n")
			return nil
		}
	}
	probe(w, r, http.StatusOK, "ok\n")
	return nil
}

func probe(w http.ResponseWriter, r *http.Request, status int, text string) {
	w.Header().Set("Cache-Control", "no-store")
	writeBody(w, r, status, "text/plain; charset=utf-8", []byte(text))
}
