//go:build portable

package portable

import (
	"io"
	"log"

	"github.com/jezek/xgb"
)

// The screen is read over a connection of its own each time, and each says on the standard error output that it has no
// .Xauthority.
func init() { xgb.Logger = log.New(io.Discard, "", 0) }
