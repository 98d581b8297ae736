// Package audit is what can happen in a session, and the chain that holds the happenings
// together: an append-only log with a number and a hash for each event. The log is at once the
// record for people who ask later, and the source of hooks: a hook fires because of an event
// in it. Package audit is pure; internal/store keeps the log. Any package may import it.
//
// # The chain
//
// Events of one session are numbered 1, 2, 3 ... without gaps. The hash of event n is
//
//	SHA-256( hash of event n-1 || session "\n" number "\n" at "\n" type "\n" data )
//
// with 32 zero bytes before event 1; number and at (Unix milliseconds) in decimal, data the
// compact JSON as it is stored. So nothing can be changed, left out or moved without changing
// all hashes after it, and the newest hash, which a session's row keeps too, vouches for all.
// Whoever can write the whole database can make a new chain: an operator who wants more keeps
// the newest hash elsewhere.
//
// The log has who did what and when. It never has a PIN, a secret, a URL, a text that was
// typed, or anything that was on the screen.
package audit

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"time"
)

// Type says what happened. Programs that read the log must expect types they do not know.
type Type string

// The types. The comment names the fields of Data that count.
const (
	SessionCreated Type = "session_created" // address, organisation
	SessionEnded   Type = "session_ended"   // reason "deleted" (with address) or "expired"

	// The four that hooks wait for. A start is a joined socket of a new page or process.
	PresenterStarted Type = "presenter_started" // name, address
	ViewerStarted    Type = "viewer_started"    // viewer, name, address
	PresenterOffline Type = "presenter_offline" // gone for more than a minute: name
	ViewerOffline    Type = "viewer_offline"    // no viewer for more than a minute: viewer and name of the last

	PresenterResumed Type = "presenter_resumed" // the same program, a new socket: name, address
	ViewerResumed    Type = "viewer_resumed"    // the same page, a new socket: viewer, name, address
	PresenterLeft    Type = "presenter_left"    // its socket ended: name
	ViewerLeft       Type = "viewer_left"       // its socket ended: viewer, name

	Asked     Type = "asked"         // viewer, name, right: wishes to see, to control, to hand control to another, or that the presenter goes on as administrator
	Granted   Type = "granted"       // viewer, name, right: the guest said yes
	Refused   Type = "refused"       // viewer, name, right: the guest said no
	Blocked   Type = "blocked"       // viewer, name: refused too often
	Revoked   Type = "revoked"       // viewer, name, right: the guest took it back
	PassedOn  Type = "passed_on"     // viewer, name, right: control went to another one
	ClipIn    Type = "clipboard_in"  // viewer, name: has set the computer's clipboard, the first time since it controls
	ClipOut   Type = "clipboard_out" // viewer, name: was sent what was copied there, likewise
	Yielded   Type = "yielded"       // viewer, name, right: gave it back
	Continued Type = "continued"     // viewer, name: went on although another computer is shared

	// Files; upward: from the viewer to the guest. Never what is in them.
	FileAsked     Type = "file_asked"     // viewer, name: asked for a file
	FileOffered   Type = "file_offered"   // viewer, name, file, size, upward
	FileAccepted  Type = "file_accepted"  // viewer, name, file, size, upward
	FileRefused   Type = "file_refused"   // viewer, name, file, size, upward, reason
	FileCancelled Type = "file_cancelled" // viewer, name, file, size, upward, reason
	FileStored    Type = "file_stored"    // viewer, name, file, size, upward: arrived as a whole

	ChatLine  Type = "chat_line"         // line, viewer (0: the presenter), name; never the text
	HookSet   Type = "hook_set"          // hook, host, address
	Replayed  Type = "delivery_replayed" // hook, address
	MailAsked Type = "mail_asked"        // host of the recipient, reason (what kind of mail), address

	// Lost says that count events could not be written: more came than the database took.
	Lost Type = "events_lost"
	// Full is the last event of a session that had MaxEvents; afterwards come only those for which
	// a hook waits, and the end.
	Full Type = "log_full"
)

// Rights of Data.
const (
	View    = "view"
	Control = "control"
	Elevate = "elevate" // that the presenter's program goes on as administrator
)

// MaxEvents bounds one session's log: somebody with the PIN can make events, such as by joining
// again and again. A long day of honest support has some hundreds.
const MaxEvents = 10_000

// Hooked reports whether hooks can wait for events of type t.
func (t Type) Hooked() bool {
	switch t {
	case PresenterStarted, ViewerStarted, PresenterOffline, ViewerOffline:
		return true
	}
	return false
}

// Data is what is known of an event beyond its type and time.
type Data struct {
	Viewer       uint16 `json:"viewer,omitempty"`       // number of a viewer
	Name         string `json:"name,omitempty"`         // what the party says of itself
	Address      string `json:"address,omitempty"`      // IP address of who did it
	Organisation string `json:"organisation,omitempty"` // of the API key, verified by the operator
	Right        string `json:"right,omitempty"`        // View, Control or Elevate
	Reason       string `json:"reason,omitempty"`
	Hook         string `json:"hook,omitempty"` // type of a hook
	Host         string `json:"host,omitempty"` // of a hook's URL, or of a mail address
	Line         uint32 `json:"line,omitempty"` // id of a line of the chat
	Count        int    `json:"count,omitempty"`
	File         string `json:"file,omitempty"`   // name of a file, as its sender calls it
	Size         uint64 `json:"size,omitempty"`   // of a file in bytes, as its sender says
	Upward       bool   `json:"upward,omitempty"` // from the viewer to the guest
}

// Note is what has happened, before it has its place in a log.
type Note struct {
	At   time.Time
	Type Type
	Data Data
}

// Event is one row of a session's log.
type Event struct {
	Session string // id
	Number  int    // 1, 2, 3 ...
	At      time.Time
	Type    Type
	Data    json.RawMessage // of a Data: the bytes that were hashed
	Hash    string          // base64url
}

// New makes the event that follows the one with the given number and hash (0 and "" for the
// first).
func New(session string, number int, hash string, at time.Time, t Type, d Data) (Event, error) {
	data, err := json.Marshal(d)
	if err != nil {
		return Event{}, err // no field of Data can fail to marshal
	}
	e := Event{Session: session, Number: number + 1, At: at.UTC().Truncate(time.Millisecond), Type: t, Data: data}
	e.Hash, err = e.hash(hash)
	return e, err
}

// hash is the event's hash after one with the hash prev.
func (e Event) hash(prev string) (string, error) {
	before := make([]byte, sha256.Size)
	if prev != "" {
		var err error
		if before, err = base64.RawURLEncoding.DecodeString(prev); err != nil || len(before) != sha256.Size {
			return "", fmt.Errorf("audit: the hash before event %d is malformed", e.Number)
		}
	}
	b := slices.Concat(before, []byte(e.Session))
	b = strconv.AppendInt(append(b, '\n'), int64(e.Number), 10)
	b = strconv.AppendInt(append(b, '\n'), e.At.UnixMilli(), 10)
	b = append(append(b, '\n'), e.Type...)
	b = append(append(b, '\n'), e.Data...)
	sum := sha256.Sum256(b)
	return base64.RawURLEncoding.EncodeToString(sum[:]), nil
}

// ErrBroken means that a log is not what was written.
var ErrBroken = errors.New("the log is broken")

// Verify checks the whole log of a session: its events in order, and the number and hash of the
// newest one as the session's row has them.
func Verify(session string, events []Event, newest int, hash string) error {
	prev := ""
	for i, e := range events {
		if e.Session != session || e.Number != i+1 {
			return fmt.Errorf("%w: event %d of %q stands where %d of %q belongs", ErrBroken, e.Number, e.Session, i+1, session)
		}
		want, err := e.hash(prev)
		if err != nil || e.Hash != want {
			return fmt.Errorf("%w: event %d does not have the hash of its content", ErrBroken, e.Number)
		}
		prev = e.Hash
	}
	if len(events) != newest || prev != hash {
		return fmt.Errorf("%w: it ends at event %d, and the session counts %d", ErrBroken, len(events), newest)
	}
	return nil
}

// Actor is who makes a call: what the log can say of somebody who has only the PIN.
type Actor struct {
	Address      string // IP address; "" if it is not known
	Organisation string // of the API key; "" without one
}

type actorKey struct{}

// As notes in a context who acts.
func As(ctx context.Context, a Actor) context.Context { return context.WithValue(ctx, actorKey{}, a) }

// ActorOf is who acts; the zero Actor is the broker itself.
func ActorOf(ctx context.Context) Actor {
	a, _ := ctx.Value(actorKey{}).(Actor)
	return a
}
