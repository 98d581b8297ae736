//go:build linux

package x11

import (
	"encoding/binary"
	"errors"
	"time"

	"github.com/jezek/xgb"
	"github.com/jezek/xgb/xproto"
)

// How often the pointer's place is looked at: one look is a round trip. While it moves, polling
// is cheaper than an event for each step of a quick mouse; while it rests, XInput's next event
// wakes us, and looks are only for programs that put the pointer somewhere else.
const (
	pointerFast   = 25 * time.Millisecond
	pointerRests  = time.Second            // without a move: from then on events are waited for,
	pointerSeldom = time.Second            // and this often it is looked at all the same
	pointerQuiet  = 5 * time.Second        // without a move, when there are no events: from then on
	pointerSlow   = 100 * time.Millisecond // it is looked at this often
)

// Of XInput 2 (XI2proto.txt). Events of raw motion come whatever window the pointer is over,
// and since 2.1 also while a program has grabbed it.
const (
	xiMajor, xiMinor = 2, 1
	xiSelectEvents   = 46
	xiQueryVersion   = 47
	xiAllMasters     = 1
	xiRawMotion      = 17
	genericEvent     = 35
)

// findMotion finds out whether the server can tell of the pointer's motion.
func (g *Capturer) findMotion() (err error) {
	ext, ok, err := g.c.extend("XInputExtension")
	if err != nil || !ok {
		return err
	}
	b := [8]byte{ext.major, xiQueryVersion, 2, 0, xiMajor, 0, xiMinor, 0}
	reply, err := g.c.send(b[:]).Reply()
	if err != nil {
		var refused xgb.Error
		if errors.As(err, &refused) { // older than 2
			return nil
		}
		return g.c.wrap(err)
	}
	major, minor := xgb.Get16(reply[8:]), xgb.Get16(reply[10:])
	g.inputs, g.hasMotion = ext, major > xiMajor || major == xiMajor && minor >= xiMinor
	return nil
}

// selectMotion asks for events of motion, or for none.
func (g *Capturer) selectMotion(on bool) {
	b := [20]byte{g.inputs.major, xiSelectEvents, 5, 0}
	binary.LittleEndian.PutUint32(b[4:], uint32(g.c.root))
	b[8], b[12], b[14] = 1, xiAllMasters, 1 // one mask of one word
	if on {
		binary.LittleEndian.PutUint32(b[16:], 1<<xiRawMotion)
	}
	g.c.x.NewRequest(b[:], g.c.x.NewCookie(false, false))
}

// Pointer implements desktop.Capturer. It asks nobody: watchPointer knows.
func (g *Capturer) Pointer() (x, y int, err error) {
	if err := g.c.alive(); err != nil {
		return 0, 0, err
	}
	place := g.seen.Load()
	x, y = int(int32(place>>32)), int(int32(place))
	w, h := g.Size()
	return min(max(x, 0), w-1), min(max(y, 0), h-1), nil
}

// look brings seen up to date and reports whether it has changed.
func (g *Capturer) look() (moved bool, err error) {
	p, err := xproto.QueryPointer(g.c.x, g.c.screen.Root).Reply()
	if err != nil {
		return false, g.c.wrap(err)
	}
	place := uint64(uint32(p.RootX))<<32 | uint64(uint32(p.RootY))
	return g.seen.Swap(place) != place, nil
}

// watchPointer signals when the pointer has moved, until Close or the end of the desktop.
func (g *Capturer) watchPointer() {
	pause, events := pointerFast, false
	timer := time.NewTimer(pause)
	defer timer.Stop()
	active := time.Now()
	for {
		select {
		case <-g.done:
			return
		case <-g.motion:
			if events { // the first is enough
				g.selectMotion(false)
				events = false
			}
			active = time.Now()
		case <-timer.C:
		}
		moved, err := g.look()
		if err != nil {
			return
		}
		if moved {
			active = time.Now()
			g.signal()
		}
		rest := time.Since(active)
		switch {
		case events:
			pause = pointerSeldom
		case g.hasMotion && rest > pointerRests:
			g.selectMotion(true)
			events, pause = true, pointerFast // once more: it may have moved just before
		case rest > pointerQuiet:
			pause = pointerSlow
		default:
			pause = pointerFast
		}
		timer.Reset(pause)
	}
}
