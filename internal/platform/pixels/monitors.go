package pixels

import (
	"slices"

	"pindesk/internal/screen"
	"pindesk/internal/wire"
)

// Monitors cuts monitors to a desktop of w x h. It leaves out those that show nothing of it, or only
// what another one shows.
func Monitors(list []wire.Monitor, w, h int) []wire.Monitor {
	var kept []wire.Monitor
	for _, m := range list {
		r := Clip(screen.Rect{X: m.X, Y: m.Y, W: m.W, H: m.H}, w, h)
		m.X, m.Y, m.W, m.H = r.X, r.Y, r.W, r.H
		same := func(o wire.Monitor) bool { return o.X == m.X && o.Y == m.Y && o.W == m.W && o.H == m.H }
		if m.W > 0 && !slices.ContainsFunc(kept, same) && len(kept) < wire.MaxMonitors {
			kept = append(kept, m)
		}
	}
	if kept == nil {
		kept = []wire.Monitor{{W: w, H: h, Primary: true}}
	}
	return kept
}
