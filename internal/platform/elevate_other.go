//go:build !windows

package platform

import (
	"context"

	"pindesk/internal/wire"
)

// Privileges are those of this process; wire.PrivilegesUnsaid where Elevate can do nothing, as here.
func Privileges() wire.Privileges { return wire.PrivilegesUnsaid }

// Elevate starts this program anew as administrator. Here it always returns ErrUnsupported.
func Elevate(context.Context, string, func() []byte) error { return ErrUnsupported }

// Inherit returns what was left to this process, by the token that it was started with. Here it always returns
// ErrUnsupported.
func Inherit(string) ([]byte, error) { return nil, ErrUnsupported }
