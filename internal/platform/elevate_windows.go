package platform

import (
	"context"

	"pindesk/internal/platform/windows"
	"pindesk/internal/wire"
)

// Privileges are those of this process; wire.PrivilegesUnsaid where Elevate can do nothing.
func Privileges() wire.Privileges { return windows.Privileges() }

// Elevate starts this program anew as administrator if its person says yes to the system's question, with one argument: flag
// with a token behind it, which is no secret. Once it is there it is given what leave returns (Inherit), on a way that only this
// person and administrators can read. Elevate returns when that process was not started (ErrDeclined: a person said no)
// or has ended, or when ctx ends.
func Elevate(ctx context.Context, flag string, leave func() []byte) error {
	return windows.Elevate(ctx, flag, leave)
}

// Inherit returns what was left to this process, by the token that it was started with.
func Inherit(token string) ([]byte, error) { return windows.Inherit(token) }
