package httpapi

import (
	"context"
	"encoding/json"
	"net/http"

	"pindesk/internal/audit"
	"pindesk/internal/fault"
	"pindesk/internal/httpapi/openapi"
	"pindesk/internal/session"
)

// guestEvents are what the guest may know of a session's log: who came and went, what they were let do,
// and which files arrived. It is what happens on the guest's own screen.
var guestEvents = map[audit.Type]bool{
	audit.PresenterStarted: true, audit.PresenterResumed: true, audit.PresenterLeft: true,
	audit.ViewerStarted: true, audit.ViewerResumed: true, audit.ViewerLeft: true,
	audit.Asked: true, audit.Granted: true, audit.Revoked: true, audit.PassedOn: true, audit.Yielded: true,
	audit.FileStored: true, audit.SessionEnded: true, audit.Lost: true, audit.Full: true,
}

// guestLog: GET /api/v1/guest_log?session_pin=&after=
//
// No addresses, and no hashes, out of which an address could be guessed.
func (a *api) guestLog(w http.ResponseWriter, r *http.Request) error {
	pin, err := queryPIN(r)
	if err != nil {
		return err
	}
	after, err := queryAfter(r)
	if err != nil {
		return err
	}
	resume := r.Header.Get(resumeHeader)
	if len(resume) > maxResume {
		return fault.New(fault.NotAllowed, "The header Resume-Secret has no resume secret.")
	}
	answer := openapi.GuestLog{Success: true, After: after, Events: []openapi.GuestEvent{}} // [] and not null
	if err := a.within(r, callGuestLog, pin, func(ctx context.Context, _ *session.Kept) error {
		g, err := a.Sessions.Guest(ctx, pin, resume)
		if err != nil {
			return err
		}
		all, _, _, err := a.Records.Events(ctx, g.ID, after, eventsPage)
		if err != nil {
			return err
		}
		for _, e := range all {
			answer.After = e.Number
			if !guestEvents[e.Type] || e.At.Before(g.Since) {
				continue
			}
			var d audit.Data
			if err := json.Unmarshal(e.Data, &d); err != nil {
				return err
			}
			answer.Events = append(answer.Events, openapi.GuestEvent{
				Number: e.Number, At: iso(e.At), Type: string(e.Type),
				Viewer: int(d.Viewer), Name: d.Name, Right: d.Right, File: d.File, Size: int(d.Size), Upward: d.Upward,
			})
		}
		return nil
	}); err != nil {
		return err
	}
	writeJSON(w, r, http.StatusOK, answer)
	return nil
}
