package windows

import (
	"strings"

	"pindesk/internal/platform/pixels"
	"pindesk/internal/screen"
	"pindesk/internal/wire"
)

// Windows' own; right and bottom are just outside.
type (
	point     struct{ x, y int32 }
	rect      struct{ left, top, right, bottom int32 }
	movedRect struct {
		from point
		to   rect
	}
)

// reportedDamage adds to list what a duplication has reported: of what was moved only where it is now, since where it
// was is dirty if it looks different now.
func reportedDamage(list []screen.Rect, moved []movedRect, dirty []rect, w, h int) []screen.Rect {
	add := func(r rect) {
		in := pixels.Clip(screen.Rect{X: int(r.left), Y: int(r.top), W: int(r.right) - int(r.left), H: int(r.bottom) - int(r.top)}, w, h)
		if in.W > 0 {
			list = append(list, in)
		}
	}
	for _, m := range moved {
		add(m.to)
	}
	for _, r := range dirty {
		add(r)
	}
	return list
}

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
