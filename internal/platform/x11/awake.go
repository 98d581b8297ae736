//go:build linux

package x11

import "github.com/jezek/xgb/xproto"

// KeepAwake has the X server count as if there had been input just now: for its own screen saver and DPMS, and for
// desktops and lockers, which look at how long it has been idle to blank, lock or suspend.
func (g *Capturer) KeepAwake() {
	xproto.ForceScreenSaver(g.c.x, xproto.ScreenSaverReset) // its error would be a broken connection, which others tell
}
