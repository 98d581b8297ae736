//go:build linux

package x11

import (
	"errors"
	"slices"

	"github.com/jezek/xgb"
	"github.com/jezek/xgb/randr"
	"github.com/jezek/xgb/xproto"

	"pindesk/internal/platform/desktop"
	"pindesk/internal/platform/pixels"
	"pindesk/internal/screen"
	"pindesk/internal/wire"
)

// Versions of RANDR as major<<16 | minor.
const (
	randrCrtcs    = 1<<16 | 2 // knows what is connected
	randrPrimary  = 1<<16 | 3 // and which of it is the primary one
	randrMonitors = 1<<16 | 5 // has monitors of its own, which a person may define as well
)

// Monitors implements desktop.Capturer.
func (g *Capturer) Monitors() []wire.Monitor {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.monitors
}

// Watch implements desktop.Capturer.
func (g *Capturer) Watch(rects []screen.Rect) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.watched = append(g.watched[:0], rects...)
	g.pending = append(g.pending, g.later...) // what is still not wanted is put off again
	g.later = g.later[:0]
}

// putOff takes out of pending what is not watched, to be read when it is.
func (g *Capturer) putOff() {
	if len(g.watched) == 0 {
		return
	}
	g.rects = g.rects[:0]
	for _, r := range g.pending {
		whole := false
		for _, w := range g.watched {
			part := pixels.Intersection(r, w)
			if part.W > 0 {
				g.rects = append(g.rects, part)
			}
			whole = whole || part == r
		}
		if !whole {
			g.later = append(g.later, r)
		}
	}
	g.later = pixels.Merge(g.later, desktop.MaxDamage)
	g.pending, g.rects = g.rects, g.pending
}

// findMonitors looks for RANDR and wants to be told of changes.
func (g *Capturer) findMonitors() error {
	ext, ok, err := g.c.extend("RANDR")
	if err != nil || !ok {
		return err
	}
	version, err := randr.QueryVersion(g.c.x, 1, 5).Reply()
	if err != nil {
		return g.c.wrap(err)
	}
	g.randr, g.randrVersion = ext, version.MajorVersion<<16|version.MinorVersion
	mask := uint16(randr.NotifyMaskScreenChange)
	if g.randrVersion >= randrCrtcs {
		mask |= randr.NotifyMaskCrtcChange | randr.NotifyMaskOutputChange
	}
	return g.c.wrap(randr.SelectInputChecked(g.c.x, g.c.screen.Root, mask).Check())
}

// isMonitorEvent says whether an event of RANDR came: any may mean other monitors.
func (g *Capturer) isMonitorEvent(e rawEvent) bool {
	return g.randrVersion > 0 && (e.code() == g.randr.firstEvent+randr.ScreenChangeNotify || e.code() == g.randr.firstEvent+randr.Notify)
}

// listMonitors asks for the monitors of a desktop of w x h. What the server cannot say is one monitor,
// the whole desktop.
func (g *Capturer) listMonitors(w, h int) ([]wire.Monitor, error) {
	var list []wire.Monitor
	var err error
	switch {
	case g.randrVersion >= randrMonitors:
		list, err = g.monitorsOfServer()
	case g.randrVersion >= randrCrtcs:
		list, err = g.monitorsOfCrtcs()
	}
	var refused xgb.Error
	if errors.As(err, &refused) { // something was unplugged between two questions: an event will say so
		g.c.log.Debug("monitors could not be listed", "err", err)
		list, err = nil, nil
	}
	if err != nil {
		return nil, err
	}
	return pixels.Monitors(list, w, h), nil
}

func (g *Capturer) monitorsOfServer() (list []wire.Monitor, err error) {
	reply, err := randr.GetMonitors(g.c.x, g.c.screen.Root, true).Reply()
	if err != nil {
		return nil, g.c.wrap(err)
	}
	names := make([]xproto.GetAtomNameCookie, len(reply.Monitors))
	for i, m := range reply.Monitors {
		names[i] = xproto.GetAtomName(g.c.x, m.Name)
	}
	for i, m := range reply.Monitors {
		name, err := names[i].Reply()
		if err != nil {
			return nil, g.c.wrap(err)
		}
		list = append(list, wire.Monitor{Name: name.Name, X: int(m.X), Y: int(m.Y), W: int(m.Width), H: int(m.Height), Primary: m.Primary})
	}
	return list, nil
}

// monitorsOfCrtcs is for servers that know of no monitors: whatever shows a part of the desktop
// on some output.
func (g *Capturer) monitorsOfCrtcs() (list []wire.Monitor, err error) {
	x, root := g.c.x, g.c.screen.Root
	resources, err := randr.GetScreenResources(x, root).Reply()
	if err != nil {
		return nil, g.c.wrap(err)
	}
	primary := randr.Output(0)
	if g.randrVersion >= randrPrimary {
		reply, err := randr.GetOutputPrimary(x, root).Reply()
		if err != nil {
			return nil, g.c.wrap(err)
		}
		primary = reply.Output
	}
	for _, id := range resources.Crtcs {
		crtc, err := randr.GetCrtcInfo(x, id, resources.ConfigTimestamp).Reply()
		if err != nil {
			return nil, g.c.wrap(err)
		}
		if crtc.Mode == 0 || len(crtc.Outputs) == 0 {
			continue
		}
		output, err := randr.GetOutputInfo(x, crtc.Outputs[0], resources.ConfigTimestamp).Reply()
		if err != nil {
			return nil, g.c.wrap(err)
		}
		list = append(list, wire.Monitor{Name: string(output.Name), X: int(crtc.X), Y: int(crtc.Y), W: int(crtc.Width), H: int(crtc.Height),
			Primary: slices.Contains(crtc.Outputs, primary)})
	}
	return list, nil
}
