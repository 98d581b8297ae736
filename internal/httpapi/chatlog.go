package httpapi

import (
	"context"
	"net/http"
	"strings"
	"time"

	"pindesk/internal/chat"
	"pindesk/internal/fault"
	"pindesk/internal/httpapi/openapi"
	"pindesk/internal/session"
	"pindesk/internal/wire"
)

// Chats keeps what was said; *chat.Service implements it.
type Chats interface {
	// Transcript returns all lines of a session, oldest first.
	Transcript(ctx context.Context, sessionID string) ([]wire.ChatLine, error)
}

// chatLog: GET /api/v1/chat_log?session_pin=&format=
func (a *api) chatLog(w http.ResponseWriter, r *http.Request) error {
	pin, err := queryPIN(r)
	if err != nil {
		return err
	}
	text, err := wantsText(r)
	if err != nil {
		return err
	}
	var lines []wire.ChatLine
	if err := a.within(r, callChatLog, pin, func(ctx context.Context, s *session.Kept) (err error) {
		lines, err = a.Chats.Transcript(ctx, s.ID)
		return err
	}); err != nil {
		return err
	}
	w.Header().Add("Vary", "Accept")
	if text {
		writeBody(w, r, http.StatusOK, "text/plain; charset=utf-8", []byte(chat.Text(lines)))
		return nil
	}
	all := make([]openapi.ChatLine, 0, len(lines)) // [] and not null
	for _, l := range lines {
		from := openapi.Presenter
		if l.Viewer != 0 {
			from = openapi.Viewer
		}
		all = append(all, openapi.ChatLine{
			ID: l.ID, Time: iso(time.UnixMilli(l.Time)), From: from, Name: l.Name, Viewer: l.Viewer, Waiting: l.Waiting, Text: l.Text,
		})
	}
	writeJSON(w, r, http.StatusOK, openapi.ChatLog{Success: true, ChatLog: all})
	return nil
}

// wantsText says whether the log is to be answered as plain text: by the parameter format, or by
// an Accept that names text/plain and not JSON.
func wantsText(r *http.Request) (bool, error) {
	switch format, given, err := parameter(r, "format"); {
	case err != nil:
		return false, err
	case format == "text", format == "json":
		return format == "text", nil
	case given:
		return false, fault.New(fault.BadRequest, "The parameter format is json or text.")
	}
	accept := strings.ToLower(strings.Join(r.Header.Values("Accept"), ","))
	return strings.Contains(accept, "text/plain") && !strings.Contains(accept, "application/json"), nil
}
