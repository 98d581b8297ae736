package httpapi

import (
	"context"
	"net/http"
	"strings"
	"time"

	"pindesk/internal/chat"
	"pindesk/internal/fault"
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
	type line struct {
		ID   uint32 `json:"id"`
		Time string `json:"time"`
		From string `json:"from"` // the roles of join
		Name string `json:"name"`
		// Viewer is the number of a viewer that said it. Waiting is the number of the viewer that
		// was not let in when it said this, or was told this.
		Viewer  uint16 `json:"viewer,omitempty"`
		Waiting uint16 `json:"waiting,omitempty"`
		Text    string `json:"text"`
	}
	all := make([]line, 0, len(lines)) // [] and not null
	for _, l := range lines {
		from := session.Presenter
		if l.Viewer != 0 {
			from = session.Viewer
		}
		all = append(all, line{l.ID, iso(time.UnixMilli(l.Time)), string(from), l.Name, l.Viewer, l.Waiting, l.Text})
	}
	writeJSON(w, r, http.StatusOK, struct {
		success
		Lines []line `json:"chat_log"`
	}{ok, all})
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
