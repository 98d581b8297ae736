// Package fault is what a caller may be told when something went wrong: a stable code and
// a message that says what to do. Anything else is "internal" and goes to the log only.
// Any package may import it; it imports only the standard library.
package fault

import "errors"

// Error is an error that may be shown to the caller.
type Error struct {
	Code    string // stable, snake_case, for programs
	Message string // for people: what to do
	Err     error  // cause, for the log only; may be nil
}

func (e *Error) Error() string {
	if e.Err != nil {
		return e.Code + ": " + e.Message + ": " + e.Err.Error()
	}
	return e.Code + ": " + e.Message
}

func (e *Error) Unwrap() error { return e.Err }

// New makes an error that may be shown.
func New(code, message string) *Error { return &Error{Code: code, Message: message} }

// Code returns the code of the first Error in err's chain, else Internal; "" for nil.
func Code(err error) string {
	var e *Error
	switch {
	case err == nil:
		return ""
	case errors.As(err, &e):
		return e.Code
	}
	return Internal
}

// Codes of the API. The HTTP status of each is in internal/httpapi.
const (
	Internal       = "internal"
	BadRequest     = "bad_request"
	UnknownSession = "unknown_session" // absent, expired, ended and malformed PINs alike
	UnknownRegion  = "unknown_region"
	BadTicket      = "bad_ticket"
	BadOrigin      = "bad_origin"
	BadHook        = "bad_hook"
	BadAddress     = "bad_address" // of a mail
	MailOff        = "mail_off"    // the operator has set no mail server
	NoProgram      = "no_program"  // the operator has none for that system
	BadKey         = "bad_key"     // an API key that is unknown or revoked
	KeyNeeded      = "key_needed"  // the call asks for an API key or a session token, and there was none
	NotAllowed     = "not_allowed" // a good key or a token, but not this session's
	Puzzle         = "puzzle"      // solve the puzzle in the answer and ask again
	Blocked        = "blocked"
	TooMany        = "too_many_requests"
	TooLarge       = "too_large"
	NotFound       = "not_found"
	BadMethod      = "method_not_allowed"
	Draining       = "draining"
)
