package httpapi

import (
	"context"
	"crypto/subtle"
	"net/http"
	"strings"
	"time"

	"pindesk/internal/apikey"
	"pindesk/internal/fault"
	"pindesk/internal/puzzle"
	"pindesk/internal/session"
)

// Who may call what, in one place. A call that is not in this table asks for nothing.
//
// A *key* is shown as "Authorization: Bearer pdk_...", a *token* as "Session-Token: ..." (what
// session_pin answered). A key that is shown must be good, whatever the call asks for: whoever
// shows one counts on being known by it.
var access = map[call]demand{
	callCreate:     {requireKey: true},
	callEmail:      {requireKey: true},
	callSessionURL: {},
	callExe:        {},
	callState:      {},
	callJoin:       {},
	callHook:       {ownKey: true},
	callEnd:        {ownKey: true},
	callChatLog:    {ownKey: true, after: chatLogAfter},
	callAudit:      {proof: true, after: whileKept},
	callDeliveries: {proof: true, after: whileKept},
	callReplay:     {proof: true, after: whileKept},
	callGuestLog:   {guest: true},
}

// call names a call of the API in the table above.
type call string

const (
	callCreate     call = "session_pin"
	callEmail      call = "email"
	callSessionURL call = "session_url"
	callExe        call = "exe"
	callState      call = "session"
	callJoin       call = "join"
	callHook       call = "hook"
	callEnd        call = "session, DELETE"
	callChatLog    call = "chat_log"
	callAudit      call = "audit"
	callDeliveries call = "deliveries"
	callReplay     call = "deliveries, replay"
	callGuestLog   call = "guest_log"
)

// demand is what a call asks for besides the PIN, if it takes one.
type demand struct {
	requireKey bool          // any good key, with the setting RequireKey
	ownKey     bool          // the session's own key, if it was made with one; else the PIN suffices
	proof      bool          // the session's own key or its token
	guest      bool          // the resume secret of who shares, in resumeHeader: whoever looks the PIN up compares it
	after      time.Duration // how long after the session's end it may be called; 0: not at all
}

const (
	// chatLogAfter is for who has nothing but the PIN of a session made without a key.
	chatLogAfter = 24 * time.Hour
	// whileKept: as long as the session's row is there.
	whileKept = time.Duration(1<<63 - 1)
)

// tokenHeader carries the token, in the answer of session_pin and in requests.
const tokenHeader = "Session-Token"

// resumeHeader carries a resume secret where no body does: never an address, which is logged.
const resumeHeader = "Resume-Secret"

// maxResume bounds a resume secret in bytes.
const maxResume = 256

// maxToken bounds a token in bytes; a real one has 27.
const maxToken = 128

// Keys finds API keys; *apikey.Service and apikey.Service implement it.
type Keys interface {
	// Check returns a good key, or fault.BadKey.
	Check(ctx context.Context, full string) (apikey.Key, error)
}

// caller is who makes a request, as far as it says so.
type caller struct {
	key   *apikey.Key // nil: no key was shown
	token string      // not yet compared with anything
	// resume secret that came with a join, or in resumeHeader
	resume string
}

// caller reads a request's credentials. fault.BadKey for a key that is no good.
func (a *api) caller(r *http.Request) (caller, error) {
	c := caller{token: r.Header.Get(tokenHeader)}
	if len(c.token) > maxToken {
		c.token = "" // is nobody's
	}
	scheme, full, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	if !strings.EqualFold(scheme, "Bearer") {
		return c, nil // another scheme is a reverse proxy's own
	}
	if a.Keys == nil {
		return c, fault.New(fault.BadKey, "This broker has no API keys.")
	}
	k, err := a.Keys.Check(r.Context(), strings.TrimSpace(full))
	if err != nil {
		return c, err
	}
	c.key = &k
	return c, nil
}

// maker is what a session that c makes is noted with.
func (c caller) maker() session.Maker {
	if c.key == nil {
		return session.Maker{}
	}
	return session.Maker{APIKey: c.key.ID, Organisation: c.key.Organisation}
}

// enter checks what a call asks for before any PIN is looked at.
func (a *api) enter(r *http.Request, name call) (caller, error) {
	c, err := a.caller(r)
	if err == nil && access[name].requireKey && a.RequireKey && c.key == nil {
		err = fault.New(fault.KeyNeeded, "This broker asks for an API key: send it as Authorization: Bearer pdk_... Its operator has them.")
	}
	if q := a.quotas[name]; err == nil && q != nil {
		if c.key == nil {
			err = q.takeAddress(clientAddr(r))
		} else {
			own := 0
			if name == callCreate {
				own = c.key.Quota
			}
			err = q.takeKey(c.key.ID, own)
		}
	}
	return c, err
}

// What one address, or one API key, may do in a minute. Sessions are a setting.
const (
	hooksPerMinute = 300
	mailsPerMinute = 30
)

// quotas of the calls that have one, for New.
func quotas(creates int) map[call]*quota {
	return map[call]*quota{
		callCreate: newQuota(creates, "Your address, or your API key, makes too many sessions. Wait as long as Retry-After says."),
		callHook:   newQuota(hooksPerMinute, "Your address, or your API key, sets too many hooks. Wait as long as Retry-After says."),
		callExe:    newQuota(exesPerMinute, "Your address, or your API key, downloads too often. Wait as long as Retry-After says."),
		callEmail:  newQuota(mailsPerMinute, "Your address, or your API key, sends too many mails. Wait as long as Retry-After says."),
	}
}

// allowHeaders are the headers that pages of other sites may send with the reference's calls.
const allowHeaders = "Authorization, Content-Type, " + puzzle.Header + ", " + tokenHeader

// within runs do, which acts on the session of a PIN from the caller, if the caller may make
// this call on it. Every call that takes a PIN goes through here, and so through the PIN gate.
// The session is nil for calls of which the table asks nothing: they look the PIN up themselves.
func (a *api) within(r *http.Request, name call, pin string, do func(context.Context, *session.Kept) error) error {
	c, err := a.enter(r, name)
	if err != nil {
		return err
	}
	d := access[name]
	if resume := r.Header.Get(resumeHeader); d.guest && len(resume) <= maxResume {
		c.resume = resume
	}
	return a.gated(r, c, pin, func(ctx context.Context) error {
		if !d.ownKey && !d.proof {
			return do(ctx, nil)
		}
		kept, err := a.Sessions.Kept(ctx, pin)
		if err != nil {
			return err
		}
		if err := d.allows(c, kept, a.Now()); err != nil {
			return err
		}
		return do(ctx, &kept)
	})
}

// allows says whether c may make the call with this demand on a session.
func (d demand) allows(c caller, s session.Kept, now time.Time) error {
	var mine bool // shown: what shows that the session is the caller's own
	switch {
	case c.key != nil && s.APIKey != "" && subtle.ConstantTimeCompare([]byte(c.key.ID), []byte(s.APIKey)) == 1:
		mine = true
	case d.proof && c.token != "" && s.Token(c.token):
		mine = true
	}
	needed := d.proof || s.APIKey != ""
	if !s.EndedAt.IsZero() {
		over := d.after == 0 || !mine && now.Sub(s.EndedAt) >= d.after
		if over || needed && !mine {
			// To a stranger an ended session is unknown: nobody is told that it was there.
			return fault.New(fault.UnknownSession, "")
		}
	}
	switch {
	case mine || !needed:
		return nil
	case c.key == nil && (c.token == "" || !d.proof):
		return fault.New(fault.KeyNeeded, d.needs())
	}
	return fault.New(fault.NotAllowed, d.needs())
}

func (d demand) needs() string {
	if d.proof {
		return "This call asks for the Session-Token that session_pin answered, or for the API key that the session was made with."
	}
	return "This session was made with an API key: send that key as Authorization: Bearer pdk_..."
}
