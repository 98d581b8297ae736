package session

import (
	"context"
	"errors"
	"time"
)

// Errors of a Store that Service turns into what a caller may be told. A Store may wrap them.
var (
	ErrNotFound = errors.New("not found")         // no such living session, ticket or party
	ErrTaken    = errors.New("PIN is taken")      // the MAC belongs to a session, living or kept
	ErrFull     = errors.New("session is full")   // a cap on parties, tickets or numbers
	errNoPIN    = errors.New("no free PIN found") // MaxPINTries collisions in a row
)

// Store keeps sessions durably. Each method is one whole operation that happens entirely or
// not at all, also when other nodes do the same at once; internal/store implements it. A
// session is living while it has not ended and its expiry is later than the given now; all
// methods but the sweeping ones see living sessions only. Times count in milliseconds. Only
// hashes and MACs come here, never a PIN or a secret.
type Store interface {
	// Now is the clock that all nodes on the same database share.
	Now() time.Time
	// ClaimKey notes keyID as the key of this database if it has none, and returns the one
	// that it has.
	ClaimKey(ctx context.Context, keyID string, now time.Time) (string, error)

	// Create adds a session. ErrTaken if another one, even an ended one, has its MAC.
	Create(ctx context.Context, s NewSession) error
	// Find returns the session; its PIN is left empty. ErrNotFound.
	Find(ctx context.Context, pinMAC string, now time.Time) (Session, error)
	// Kept returns the session, also one that has ended; its PIN is left empty. ErrNotFound.
	Kept(ctx context.Context, pinMAC string) (Kept, error)
	// Guest finds the guest's side of a session, also of one that has ended: the presenter's party that was
	// admitted last, if the hash is that of one of its resume secrets, the lent one too. ErrNotFound.
	Guest(ctx context.Context, pinMAC, resumeHash string) (Guest, error)
	// State is Find with who is online. ErrNotFound.
	State(ctx context.Context, pinMAC string, now time.Time) (State, error)
	// PutHook stores or replaces the session's hook of a type. ErrNotFound.
	PutHook(ctx context.Context, pinMAC string, t HookType, url string, now time.Time) error
	// End ends the session. ErrNotFound.
	End(ctx context.Context, pinMAC string, now time.Time) (Session, error)

	// Join makes a ticket, and the party if it is a new one. ErrNotFound, ErrFull.
	Join(ctx context.Context, t NewTicket) (s Session, resumed bool, err error)
	// Admit spends a ticket: of several that try at once, one succeeds. ErrNotFound if it is
	// unknown, spent, too old, or its session is not living; ErrFull if numbers ran out.
	Admit(ctx context.Context, n NewAdmission) (a Admission, pinMAC string, err error)
	// Online raises the parties' presence to until, and the expiry of their sessions to
	// expires, or to a little more: by a minute, or a tenth of the time between the two, at
	// most. Unknown parties and those of ended sessions are passed over.
	Online(ctx context.Context, parties []string, until, expires, now time.Time) error
	// Offline ends a party's presence now and sets its session's expiry to idle after the
	// last presence of any party. An unknown party is no error.
	Offline(ctx context.Context, party string, idle time.Duration, now time.Time) error

	// HoldAbsences makes that nobody's absence is told before until.
	HoldAbsences(ctx context.Context, until time.Time) error
	// Absences looks at no more than limit sessions a role whose presenter or viewers may have
	// been gone for longer than OfflineAfter, and writes the event of those that have: one an
	// absence. It returns how many it looked at. Of several nodes that do so at once, one
	// writes an event.
	Absences(ctx context.Context, now time.Time, limit int) (looked int, err error)

	// EndExpired ends at most limit sessions that have expired and returns their ids. Of
	// several nodes that do so at once, one gets an id.
	EndExpired(ctx context.Context, now time.Time, limit int) ([]string, error)
	// Purge erases what PurgeLimits name, at most Limit of each kind. It returns the largest
	// number that it erased of one kind: below Limit, nothing is left.
	Purge(ctx context.Context, p PurgeLimits) (int, error)
}

// NewSession is a session to be stored.
type NewSession struct {
	ID, Region string
	KeyID      string // of the key that made PINMAC and PINSealed
	PINMAC     string
	PINSealed  string
	TokenHash  string
	Maker      Maker
	CreatedAt  time.Time
	ExpiresAt  time.Time
}

// NewTicket is a ticket to be stored.
type NewTicket struct {
	PINMAC     string
	Role       Role
	Name       string // of a new party; a resumed one keeps the name that was consented to
	PartyID    string // id of the party if it is a new one
	ResumeHash string // "" for a new party
	TicketHash string
	Now        time.Time
	ExpiresAt  time.Time // of the ticket
	MaxTickets int       // unspent ones of the session, this one included
	MaxParties int       // rows of the session, this one included
	// ForgetBefore: a full session forgets the party that has been away the longest, and
	// since before this time, instead of refusing a new one.
	ForgetBefore time.Time
}

// NewAdmission is what a Store needs to spend a ticket.
type NewAdmission struct {
	TicketHash string
	ResumeHash string // of the next resume secret
	// HandoverHash is that of the next handover secret; only presenters get one.
	HandoverHash string
	Now          time.Time
	ExpiresAt    time.Time // the least expiry of the session from now on
}

// PurgeLimits say what Purge erases.
type PurgeLimits struct {
	Now             time.Time // tickets that have expired by now
	UnclaimedBefore time.Time // parties made then or earlier that were never admitted
	// Sessions that ended at these times or earlier: deliveries, mails and the sealed PIN; the
	// log; everything.
	DeliveriesBefore time.Time
	AuditBefore      time.Time
	EndedBefore      time.Time
	Limit            int
}
