package wire

import (
	"slices"
	"strings"
)

// Caps of a list of monitors.
const (
	MaxMonitors    = 16
	MaxMonitorName = 40 // runes, as CleanMonitors leaves them
)

// Monitor is one monitor of the presenter's desktop: a rectangle of the picture of stream 0,
// and a picture of its own as the stream of its number.
type Monitor struct {
	// Stream is 1..255. It stays with its monitor while that moves or gets another size, and is not
	// soon given to another one.
	Stream  uint8  `json:"stream"`
	X       int    `json:"x"` // pixels of the desktop
	Y       int    `json:"y"`
	W       int    `json:"w"`
	H       int    `json:"h"`
	Name    string `json:"name,omitempty"` // the system's, such as "HDMI-1"; may be empty
	Primary bool   `json:"primary,omitempty"`
}

// CleanMonitors returns a copy of the list with names fit to be shown: one line, at most
// MaxMonitorName runes, cleaned as CleanChat does. ok is false for a list that cannot be: more than
// MaxMonitors, a stream that is 0 or there twice, or a rectangle that no picture can have within
// a desktop of at most MaxSide in each direction. Monitors may overlap: one may show what another
// shows.
func CleanMonitors(list []Monitor) (clean []Monitor, ok bool) {
	if len(list) > MaxMonitors {
		return nil, false
	}
	var seen [256]bool
	for _, m := range list {
		if m.Stream == 0 || seen[m.Stream] || m.X < 0 || m.Y < 0 || !ValidSize(m.W, m.H) ||
			m.X > MaxSide-m.W || m.Y > MaxSide-m.H {
			return nil, false
		}
		seen[m.Stream] = true
	}
	clean = slices.Clone(list)
	for i := range clean {
		clean[i].Name = cleanMonitorName(clean[i].Name)
	}
	return clean, true
}

func cleanMonitorName(s string) string {
	runes := []rune(strings.Join(strings.Fields(CleanChat(s)), " "))
	return strings.TrimSpace(string(runes[:min(len(runes), MaxMonitorName)]))
}
