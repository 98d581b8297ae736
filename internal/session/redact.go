package session

import "log/slog"

// The values below hold a PIN or a secret. A log line or a wrapped error that prints one of
// them whole must not give those away, so each prints as ids only.

func (s Session) String() string       { return "session " + s.ID }
func (s Session) GoString() string     { return s.String() }
func (s Session) LogValue() slog.Value { return slog.StringValue(s.ID) }
func (r Kept) String() string          { return r.Session.String() }
func (r Kept) GoString() string        { return r.String() }
func (r Kept) LogValue() slog.Value    { return r.Session.LogValue() }
func (c Created) String() string       { return c.Session.String() }
func (c Created) GoString() string     { return c.String() }
func (c Created) LogValue() slog.Value { return c.Session.LogValue() }
func (s State) String() string         { return s.Session.String() }
func (s State) GoString() string       { return s.String() }
func (s State) LogValue() slog.Value   { return s.Session.LogValue() }
func (r JoinRequest) String() string   { return "join as " + string(r.Role) }
func (r JoinRequest) GoString() string { return r.String() }
func (j Joined) String() string        { return "joined " + j.Session.String() }
func (j Joined) GoString() string      { return j.String() }
func (j Joined) LogValue() slog.Value  { return j.Session.LogValue() }
func (a Admission) String() string {
	return string(a.Role) + " " + a.Party + " of " + a.Session.String()
}
func (a Admission) GoString() string     { return a.String() }
func (a Admission) LogValue() slog.Value { return slog.StringValue(a.String()) }

// LogValue leaves out the PIN, the resume secret, and the name, which is the person's own.
func (r JoinRequest) LogValue() slog.Value { return slog.StringValue(r.String()) }
