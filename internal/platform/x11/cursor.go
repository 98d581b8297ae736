//go:build linux

package x11

import (
	"errors"
	"math"

	"github.com/jezek/xgb/xfixes"
	"github.com/jezek/xgb/xproto"

	"pindesk/internal/platform/pixels"
	"pindesk/internal/wire"
)

// arrowSerial is the serial of the built-in arrow; servers count theirs from 1.
const arrowSerial = math.MaxUint32

// Cursor implements desktop.Capturer.
func (g *Capturer) Cursor() (wire.Cursor, uint32, error) {
	if err := g.c.alive(); err != nil {
		return wire.Cursor{}, 0, err
	}
	if !g.hasFixes {
		return pixels.Arrow(), arrowSerial, nil
	}
	if g.cursorStale.Swap(false) {
		image, err := xfixes.GetCursorImage(g.c.x).Reply()
		var none xproto.CursorError
		switch {
		case errors.As(err, &none): // no program has set one yet
			g.cursor, g.cursorSerial = pixels.Arrow(), arrowSerial
		case err != nil:
			g.cursorStale.Store(true)
			return wire.Cursor{}, 0, g.c.wrap(err)
		default:
			g.cursor = pixels.Shape(int(image.Width), int(image.Height), int(image.Xhot), int(image.Yhot), image.CursorImage)
			g.cursorSerial = image.CursorSerial
		}
	}
	return g.cursor, g.cursorSerial, nil
}
