package presenter

import (
	"sync"
	"time"

	"pindesk/internal/wire"
)

// Consent says what needs the guest's yes.
type Consent string

// The kinds of consent.
const (
	Ask         Consent = "ask"     // every viewer, for seeing and for controlling
	ViewOnly    Consent = "view"    // everybody may see, control is asked for
	ControlFree Consent = "control" // everybody may see and take control
)

// grant is what one viewer may do.
type grant struct {
	view, control bool
	held          bool   // its person has not continued after a change of computer
	online        bool   // as the relay says
	seen          bool   // the relay has named it on this connection
	attach        uint32 // of the viewer's socket: its input counter starts anew with each
	left          time.Time
	doubt         bool // away for long: the relay says whether the grant still holds
}

// graceTime is how long a grant outlives its viewer's absence; the relay's is the same.
const graceTime = 60 * time.Second

// grants are this presenter's own record of who may what. The relay enforces its copy, and
// the presenter this one, so that neither alone can let a viewer in.
type grants struct {
	mu       sync.Mutex
	of       map[uint16]grant // guarded by mu
	question bool             // guarded by mu
}

// mayControl reports whether input of a viewer's socket counts now.
func (g *grants) mayControl(viewer uint16) (attach uint32, ok bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	v := g.of[viewer]
	return v.attach, v.control && v.online && !v.held && !g.question
}

// watching counts the viewers that are here and may see.
func (g *grants) watching() (n int) {
	g.mu.Lock()
	defer g.mu.Unlock()
	for _, v := range g.of {
		if v.view && v.online {
			n++
		}
	}
	return n
}

// set notes a grant; control is taken from everybody else.
func (g *grants) set(viewer uint16, view, control bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	v := g.of[viewer]
	v.view, v.control = view || control, control
	g.of[viewer] = v
	if !control {
		return
	}
	for n, o := range g.of {
		if n != viewer && o.control {
			o.control = false
			g.of[n] = o
		}
	}
}

// controlled reports whether some viewer that is here holds control.
func (g *grants) controlled() bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	for _, v := range g.of {
		if v.control && v.online {
			return true
		}
	}
	return false
}

func (g *grants) get(viewer uint16) grant {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.of[viewer]
}

// ask notes that a question is open, during which no input counts.
func (g *grants) ask(open bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.question = open
}

// begin prepares for a new connection. same says that the broker knows this presenter
// from before, so that its grants stay. They are returned to be named again, but for viewers
// that may have been away for more than graceTime: theirs hold only if the relay has kept them.
func (g *grants) begin(same bool) map[uint16]grant {
	g.mu.Lock()
	defer g.mu.Unlock()
	named := map[uint16]grant{}
	for n, v := range g.of {
		if !same || !v.view {
			delete(g.of, n)
			continue
		}
		v.online, v.seen, v.doubt = false, false, time.Since(v.left) > graceTime
		g.of[n] = v
		if !v.doubt {
			named[n] = v
		}
	}
	return named
}

// state takes over who is here. A viewer that the relay has named and names no more has
// been away for too long: its grant is gone.
func (g *grants) state(viewers []wire.ViewerState) {
	g.mu.Lock()
	defer g.mu.Unlock()
	here := map[uint16]bool{}
	for _, s := range viewers {
		here[s.Viewer] = true
		v := g.of[s.Viewer]
		if v.doubt {
			v.view, v.control, v.doubt = v.view && s.View, v.control && s.Control, false
		}
		if v.online && !s.Online {
			v.left = time.Now()
		}
		v.seen, v.online, v.held, v.attach = true, s.Online, s.Held, s.Attach
		g.of[s.Viewer] = v
	}
	for n, v := range g.of {
		if (v.seen || v.doubt) && !here[n] {
			delete(g.of, n)
		}
	}
}

// offline notes that the connection is gone, and with it everybody.
func (g *grants) offline() {
	g.mu.Lock()
	defer g.mu.Unlock()
	for n, v := range g.of {
		if v.online {
			v.online, v.left = false, time.Now()
			g.of[n] = v
		}
	}
}
