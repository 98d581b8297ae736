// Package session holds the rules of a support case: its PIN, who may join it, what shows
// that a party is the same as before, and when it ends. It is pure domain: storage is
// behind Store, sockets and pixels are elsewhere. The broker's packages may import it.
package session

import (
	"context"
	"crypto/subtle"
	"time"
)

// Role is what a party is in a session.
type Role string

// The roles.
const (
	Presenter Role = "presenter"
	Viewer    Role = "viewer"
)

// Session is the durable record of one support case.
type Session struct {
	ID        string // random, never shown to parties
	PIN       string // "7W2-97-8570"; unsealed only where a payload needs it
	Region    string
	CreatedAt time.Time
	ExpiresAt time.Time // moves with use: see Limits
	EndedAt   time.Time // zero while it lives

	Maker // who made it
}

// Maker is who made a session with an API key; the zero value of a session made without one.
type Maker struct {
	APIKey       string // id of the key
	Organisation string // the key's, as the operator has verified it
}

// Kept is a session with what the calls ask for that not everybody who has the PIN may make.
type Kept struct {
	Session          // as Find has it, but it may have ended
	TokenHash string // of the Session-Token
}

// Token reports whether token is the one that the session's maker was given.
func (r Kept) Token(token string) bool {
	return subtle.ConstantTimeCompare([]byte(HashSecret(token)), []byte(r.TokenHash)) == 1
}

// Guest is a session as its guest's side may know of it.
type Guest struct {
	ID    string    // of the session
	Since time.Time // when that party first came: what was before is another's
}

// Created is what the maker of a session gets.
type Created struct {
	Session Session
	Token   string // 128 bits, shown once, stored hashed: header Session-Token
}

// State is what GET /session tells.
type State struct {
	Session         Session
	PresenterOnline bool
	ViewersOnline   int
}

// JoinRequest asks for a ticket.
type JoinRequest struct {
	PIN    string
	Role   Role
	Name   string // self-declared; cleaned and cut to 40 runes
	Resume string // resume secret of an earlier join; "" or a wrong one means a new party
}

// Joined is the answer to a JoinRequest.
type Joined struct {
	Session Session
	Ticket  string // one use, 30 s; goes into Sec-WebSocket-Protocol
	Resumed bool   // the resume secret was accepted: the party keeps its number
}

// Admission is what a spent ticket opens.
type Admission struct {
	Session Session
	Party   string // id of the party's row
	Role    Role
	Number  uint16 // viewer number, 1.., never reused in a session; 0 for a presenter
	Name    string
	Resumed bool   // the same party as before, so its grants stay
	Resume  string // the new resume secret
	// Handover lets another program of the same person join as this presenter, once, until the
	// next admission of this party; shown at Join like a resume secret. "" for a viewer. Who handed over
	// comes back with its own resume secret, and then the other one's is void.
	Handover string
	// Replaced says of a presenter that the session has had another one before, be it before
	// an earlier admission of this one: it is another computer than at the session's start.
	Replaced bool
	Epoch    uint16 // of this presenter attach (1.., skips 0 when it wraps); for a viewer 0
}

// HookType is what a hook waits for.
type HookType string

// The hook types of the API.
const (
	ViewerStarted    HookType = "viewer_started"
	PresenterStarted HookType = "presenter_started"
	ViewerOffline    HookType = "viewer_offline"
	PresenterOffline HookType = "presenter_offline"
)

// OfflineAfter is how long a presenter, or the last viewer, must be gone before it counts as
// offline: long enough for a restart, a reload or a short failure of the network.
const OfflineAfter = 60 * time.Second

// API is what the outside may do with sessions; Service implements it. Errors are
// *fault.Error where the caller may be told, and anything else is internal. Every unknown,
// malformed, expired or ended PIN gives the same fault.UnknownSession.
type API interface {
	// Regions lists the regions in which a session can be made.
	Regions(ctx context.Context) ([]string, error)
	// Create makes a session; region "" means the broker's own.
	Create(ctx context.Context, region string, by Maker) (Created, error)
	// Lookup finds a living session by its PIN as a person may have typed it.
	Lookup(ctx context.Context, pin string) (Session, error)
	// Kept finds a session by its PIN, also one that has ended, while its row is kept.
	Kept(ctx context.Context, pin string) (Kept, error)
	// Guest finds the session, also one that has ended, for who shows the resume secret of the presenter
	// that shares or has shared last: also for a browser tab while the guest's own program goes on in its
	// place. fault.NotAllowed for all others, and for a wrong PIN, so that it tells nothing of PINs.
	Guest(ctx context.Context, pin, resume string) (Guest, error)
	// State says who is online.
	State(ctx context.Context, pin string) (State, error)
	// SetHook stores (or edits) the one hook of its type. fault.BadHook for a bad type or URL.
	SetHook(ctx context.Context, pin string, t HookType, url string) error
	// End ends a session; it is not an error to end one twice, the second time it is unknown.
	End(ctx context.Context, pin string) (Session, error)
	// Join gives out a ticket.
	Join(ctx context.Context, r JoinRequest) (Joined, error)
	// Returning reports, without a look-up, whether resume is a secret that somebody got who was
	// admitted with this very PIN: who shows it is not guessing. It may be an old one, and the
	// session may have ended since.
	Returning(pin, resume string) bool
	// Admit spends a ticket. fault.BadTicket for one that is unknown, spent or too old.
	Admit(ctx context.Context, ticket string) (Admission, error)
	// Online extends the presence of parties (ids from Admission) until the given time and
	// moves their sessions' idle expiry.
	Online(ctx context.Context, parties []string, until time.Time) error
	// Offline ends a party's presence at once.
	Offline(ctx context.Context, party string) error
	// Restarted makes that nobody who was here before counts as absent until OfflineAfter has
	// passed anew: call it before parties are let in.
	Restarted(ctx context.Context) error
	// Absences writes the events of presenters and viewers that have been gone for longer than
	// OfflineAfter. Call it just after Online, so that who is here is known to be.
	Absences(ctx context.Context) error
	// Sweep ends what has expired and erases what was kept long enough. It returns the ids
	// of the sessions that it ended.
	Sweep(ctx context.Context) (ended []string, err error)
}

// Limits are the settings of a session's life.
type Limits struct {
	Unclaimed time.Duration // no party has ever opened a socket: default 1 h
	Idle      time.Duration // no party online: default 4 h
	Ticket    time.Duration // 30 s
	KeepPIN   time.Duration // an ended PIN's mac, with all that is left of the session: 30 days
	// KeepAudit is for the log of an ended session: 30 days. KeepDeliveries is for its deliveries
	// and mails and the PIN that these are told: 7 days, at least MinKeepDeliveries, and
	// not longer than KeepAudit, since they go with their events. Neither is longer than KeepPIN.
	KeepAudit      time.Duration
	KeepDeliveries time.Duration
}
