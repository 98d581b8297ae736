package httpapi

import (
	"context"
	"errors"
	"net/http"
	"time"

	"pindesk/internal/fault"
	"pindesk/internal/httpapi/openapi"
	"pindesk/internal/session"
)

// maxName bounds a PIN or a region's name as it was typed, in bytes. Nothing that long
// names anything.
const maxName = 64

// isoMillis is ISO 8601 in UTC as JavaScript's Date writes it.
const isoMillis = "2006-01-02T15:04:05.000Z"

var ok = openapi.Success{Success: true}

// regions: GET /api/v1/regions
func (a *api) regions(w http.ResponseWriter, r *http.Request) error {
	names, err := a.Sessions.Regions(r.Context())
	if err != nil {
		return err
	}
	if names == nil {
		names = []string{} // [] and not null
	}
	w.Header().Set("Content-Security-Policy", a.regionsCSP)
	a.regionNames.write(w, r, jsonType, encode(names, ""))
	return nil
}

// createSession: GET /api/v1/session_pin?region=
func (a *api) createSession(w http.ResponseWriter, r *http.Request) error {
	region, _, err := parameter(r, "region")
	if err != nil {
		return err
	}
	if len(region) > maxName {
		return fault.New(fault.UnknownRegion, "There is no such region; GET /api/v1/regions lists them.")
	}
	if region == "" {
		region = a.Region
	}
	who, err := a.enter(r, callCreate)
	if err != nil {
		return err
	}
	made, err := a.Sessions.Create(r.Context(), region, who.maker())
	if err != nil {
		return err
	}
	w.Header().Set(tokenHeader, made.Token)
	w.Header().Set("Access-Control-Expose-Headers", tokenHeader)
	writeJSON(w, r, http.StatusOK, openapi.SessionMade{Success: true, SessionPIN: made.Session.PIN})
	return nil
}

// sessionURL: GET /api/v1/session_url?session_pin=
func (a *api) sessionURL(w http.ResponseWriter, r *http.Request) error {
	pin, err := queryPIN(r)
	if err != nil {
		return err
	}
	var s session.Session
	if err := a.within(r, callSessionURL, pin, func(ctx context.Context, _ *session.Kept) (err error) {
		s, err = a.Sessions.Lookup(ctx, pin)
		return err
	}); err != nil {
		return err
	}
	if s.PIN == "" {
		return errors.New("httpapi: Lookup gave a session without its PIN")
	}
	// The PIN stands in the fragment only: browsers send that to no server.
	writeJSON(w, r, http.StatusOK, openapi.SessionURLs{
		Success: true, SessionURL: a.base + "/view#" + s.PIN, GuestURL: a.base + "/#" + s.PIN,
	})
	return nil
}

// setHook: PUT /api/v1/hook/
func (a *api) setHook(w http.ResponseWriter, r *http.Request) error {
	var body struct {
		Type *session.HookType `json:"type"`
		URL  *string           `json:"url"`
		PIN  *string           `json:"session_pin"`
	}
	if err := readJSON(r, &body); err != nil {
		return err
	}
	if body.Type == nil || body.URL == nil || body.PIN == nil {
		return fault.New(fault.BadRequest, "The body needs the fields type, url and session_pin.")
	}
	if err := a.within(r, callHook, *body.PIN, func(ctx context.Context, _ *session.Kept) error {
		return a.Sessions.SetHook(ctx, *body.PIN, *body.Type, *body.URL)
	}); err != nil {
		return err
	}
	writeBody(w, r, http.StatusOK, jsonType, encode(ok, "    ")) // 23 bytes, as in the reference
	return nil
}

// state: GET /api/v1/session?session_pin=
func (a *api) state(w http.ResponseWriter, r *http.Request) error {
	pin, err := queryPIN(r)
	if err != nil {
		return err
	}
	var st session.State
	if err := a.within(r, callState, pin, func(ctx context.Context, _ *session.Kept) (err error) {
		st, err = a.Sessions.State(ctx, pin)
		return err
	}); err != nil {
		return err
	}
	state := openapi.Waiting // for the presenter, for a viewer, or for both
	if st.PresenterOnline && st.ViewersOnline > 0 {
		state = openapi.Live
	}
	writeJSON(w, r, http.StatusOK, openapi.SessionState{
		Success: true, State: state, Region: st.Session.Region,
		PresenterOnline: st.PresenterOnline, ViewersOnline: st.ViewersOnline,
		Organisation: st.Session.Organisation,
		CreatedAt:    iso(st.Session.CreatedAt), ExpiresAt: iso(st.Session.ExpiresAt),
	})
	return nil
}

func iso(t time.Time) string { return t.UTC().Format(isoMillis) }

// endSession: DELETE /api/v1/session?session_pin=
func (a *api) endSession(w http.ResponseWriter, r *http.Request) error {
	pin, err := queryPIN(r)
	if err != nil {
		return err
	}
	var ended session.Session
	if err := a.within(r, callEnd, pin, func(ctx context.Context, _ *session.Kept) (err error) {
		ended, err = a.Sessions.End(ctx, pin)
		return err
	}); err != nil {
		return err
	}
	if a.OnEnd != nil {
		a.OnEnd(ended.ID, EndedByAPI)
	}
	writeJSON(w, r, http.StatusOK, ok)
	return nil
}

// join: POST /api/v1/join
func (a *api) join(w http.ResponseWriter, r *http.Request) error {
	var body struct {
		PIN    *string      `json:"session_pin"`
		Role   session.Role `json:"role"`
		Name   string       `json:"name"`
		Resume string       `json:"resume"`
	}
	if err := readJSON(r, &body); err != nil {
		return err
	}
	if body.PIN == nil {
		return fault.New(fault.BadRequest, "The body needs the field session_pin.")
	}
	if body.Role != session.Presenter && body.Role != session.Viewer {
		return fault.New(fault.BadRequest, `The field role must be "presenter" or "viewer".`)
	}
	var joined session.Joined
	who, err := a.enter(r, callJoin)
	if err != nil {
		return err
	}
	who.resume = body.Resume
	if err := a.gated(r, who, *body.PIN, func(ctx context.Context) (err error) {
		joined, err = a.Sessions.Join(ctx, session.JoinRequest{
			PIN: *body.PIN, Role: body.Role, Name: body.Name, Resume: body.Resume,
		})
		return err
	}); err != nil {
		return err
	}
	writeJSON(w, r, http.StatusOK, openapi.Joined{
		Success: true, Ticket: joined.Ticket, Resumed: joined.Resumed, RelayPath: "/api/v1/relay",
		Organisation: joined.Session.Organisation,
	})
	return nil
}

// relay: GET /api/v1/relay. The path is told to nobody else: Config.Relay upgrades.
func (a *api) relay(w http.ResponseWriter, r *http.Request) error {
	a.Relay.ServeHTTP(w, r)
	return nil
}

// queryPIN reads the PIN as it was typed. That none was given is no guess and is said
// plainly; an empty one is malformed like any other.
func queryPIN(r *http.Request) (string, error) {
	pin, present, err := parameter(r, "session_pin")
	if err == nil && !present {
		err = fault.New(fault.BadRequest, "Say which session: add ?session_pin= and its PIN.")
	}
	return pin, err
}
