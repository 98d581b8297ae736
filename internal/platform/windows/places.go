package windows

import (
	"strings"

	"pindesk/internal/screen"
	"pindesk/internal/wire"
)

// virtual is the rectangle of all monitors in Windows' coordinates, whose origin is the primary
// monitor's: others may have negative places.
type virtual struct{ x, y, w, h int }

// absolute maps a place in the picture to SendInput's 0..65535 over the virtual screen. Windows rounds down on the way
// back, so this rounds up: the pixel comes out that was put in, for any width up to 32767.
func (v virtual) absolute(x, y int) (ax, ay int32) { //nolint:unused // by what is built for Windows only
	return scaled(x, v.w), scaled(y, v.h)
}

func scaled(at, size int) int32 {
	at = min(max(at, 0), size-1)
	return int32((at*65536 + size - 1) / size)
}

// picture maps a place in Windows' coordinates to the picture, to its nearest pixel.
func (v virtual) picture(x, y int) (px, py int) {
	return min(max(x-v.x, 0), v.w-1), min(max(y-v.y, 0), v.h-1)
}

// display is a monitor as Windows says.
type display struct {
	device              string // such as \\.\DISPLAY1
	x, y, right, bottom int    // Windows' coordinates
	primary             bool
}

// monitors are displays within the picture.
func (v virtual) monitors(displays []display) []wire.Monitor {
	list := make([]wire.Monitor, 0, len(displays))
	for _, d := range displays {
		list = append(list, wire.Monitor{Name: displayName(d.device), X: d.x - v.x, Y: d.y - v.y, W: d.right - d.x, H: d.bottom - d.y, Primary: d.primary})
	}
	return list
}

// displayName makes of \\.\DISPLAY1 what Windows' settings say.
func displayName(device string) string {
	name := strings.TrimPrefix(device, `\\.\`)
	if number, is := strings.CutPrefix(name, "DISPLAY"); is {
		return "Display " + number
	}
	return name
}

// watchedIn are the rectangles of the picture that are to be read: all of it if none is watched.
func watchedIn(to, watched []screen.Rect, w, h int) []screen.Rect {
	to = to[:0]
	if len(watched) == 0 {
		return append(to, screen.Rect{W: w, H: h})
	}
	for _, r := range watched {
		x0, y0 := max(r.X, 0), max(r.Y, 0)
		x1, y1 := min(r.X+r.W, w), min(r.Y+r.H, h)
		if x0 < x1 && y0 < y1 {
			to = append(to, screen.Rect{X: x0, Y: y0, W: x1 - x0, H: y1 - y0})
		}
	}
	return to
}
