//go:build linux

package x11

import (
	"sync"

	"github.com/jezek/xgb/xproto"
)

// ours are the connections whose windows are this process's own, by display: who controls must not
// answer the guest's questions, nor press the guest's buttons. Process-wide, like the windows.
var ours = &ownConns{of: map[string]map[[2]uint32]int{}}

type ownConns struct {
	mu sync.Mutex
	of map[string]map[[2]uint32]int // display -> base and mask of resources
}

func (o *ownConns) add(display string, s *xproto.SetupInfo) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.of[display] == nil {
		o.of[display] = map[[2]uint32]int{}
	}
	o.of[display][[2]uint32{s.ResourceIdBase, s.ResourceIdMask}]++
}

func (o *ownConns) remove(display string, s *xproto.SetupInfo) {
	o.mu.Lock()
	defer o.mu.Unlock()
	delete(o.of[display], [2]uint32{s.ResourceIdBase, s.ResourceIdMask})
}

// some reports whether there are windows of ours.
func (o *ownConns) some(display string) bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	return len(o.of[display]) > 0
}

func (o *ownConns) has(display string, w xproto.Window) bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	for k := range o.of[display] {
		if uint32(w)&^k[1] == k[0] {
			return true
		}
	}
	return false
}

// frameDepth is how deep below a frame a window manager puts the window of a program.
const frameDepth = 3

// underOurs reports whether the pointer is over a window of ours or its frame.
func (i *Injector) underOurs() bool {
	p, err := xproto.QueryPointer(i.c.x, i.c.screen.Root).Reply()
	return err == nil && p.Child != 0 && i.contains(p.Child, frameDepth)
}

// typesIntoOurs reports whether the keyboard is on a window of ours.
func (i *Injector) typesIntoOurs() bool {
	f, err := xproto.GetInputFocus(i.c.x).Reply()
	if err != nil {
		return false
	}
	switch f.Focus {
	case xproto.InputFocusNone:
		return false
	case xproto.InputFocusPointerRoot, i.c.screen.Root:
		return i.underOurs()
	}
	return i.contains(f.Focus, frameDepth)
}

func (i *Injector) contains(w xproto.Window, depth int) bool {
	if ours.has(i.display, w) {
		return true
	}
	if depth == 0 {
		return false
	}
	tree, err := xproto.QueryTree(i.c.x, w).Reply()
	if err != nil {
		return false
	}
	for _, child := range tree.Children {
		if i.contains(child, depth-1) {
			return true
		}
	}
	return false
}

// guarded runs f, which presses something, unless it would reach a window of ours. The server takes no
// other requests meanwhile, so that no window comes up in between.
func (i *Injector) guarded(isOurs func() bool, f func()) (pressed bool) {
	if !ours.some(i.display) {
		f()
		return true
	}
	xproto.GrabServer(i.c.x)
	defer xproto.UngrabServer(i.c.x)
	if isOurs() {
		return false
	}
	f()
	return true
}
