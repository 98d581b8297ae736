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
	may           bool   // gets control by asking; control includes it
	askView       bool   // the guest has ended its view: only a yes brings it back
	name          string // self-declared, as the relay says
	twin          bool   // another viewer has the same name
	held          bool   // its person has not continued after a change of computer
	online        bool   // as the relay says
	stream        uint8  // that it watches, as the relay says
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
	news chan struct{} // capacity 1: untold is not empty

	mu         sync.Mutex
	of         map[uint16]grant // guarded by mu, as all below
	question   bool
	adopt      bool            // whom the relay lets see on the first connection the guest let in before, in the tab
	askControl bool            // the guest has taken control back: from now on a yes is needed for it
	now        turn            // see turnLocked
	end        chan struct{}   // now.ended
	untold     map[uint16]bool // whose grants the guest has changed and the relay does not know yet
}

func newGrants() *grants {
	g := &grants{news: make(chan struct{}, 1), of: map[uint16]grant{}, untold: map[uint16]bool{}, end: make(chan struct{})}
	g.now.ended = g.end
	return g
}

// mayControl reports whether input of a viewer's socket counts now.
func (g *grants) mayControl(viewer uint16) (attach uint32, ok bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	v := g.of[viewer]
	return v.attach, v.control && v.online && !v.held && !g.question
}

// watching counts the viewers that are here, may see, and watch a stream.
func (g *grants) watching(stream uint8) (n int) {
	g.mu.Lock()
	defer g.mu.Unlock()
	for _, v := range g.of {
		if v.view && v.online && v.stream == stream {
			n++
		}
	}
	return n
}

// rights are what one grant names. Control includes may, and may includes view.
type rights struct{ view, control, may bool }

// set notes a grant; control is taken from everybody else, who keep the permission for it.
func (g *grants) set(viewer uint16, r rights) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.setLocked(viewer, r)
}

func (g *grants) setLocked(viewer uint16, r rights) {
	v := g.of[viewer]
	v.view, v.control, v.may = r.view || r.control || r.may, r.control, r.control || r.may
	v.askView = v.askView && !v.view
	g.of[viewer] = v
	defer g.turnLocked()
	if !r.control {
		return
	}
	for n, o := range g.of {
		if n != viewer && o.control {
			o.control = false
			g.of[n] = o
		}
	}
}

// free grants what a viewer wishes if no question is needed for it, and reports whether it has
// it now. It decides and grants in one step, so that a wish never undoes what the guest has just
// taken back.
func (g *grants) free(viewer uint16, control bool, c Consent) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	v := g.of[viewer]
	free := c == ControlFree && !g.askControl
	switch {
	case control && v.control, !control && v.view:
	case control && !v.askView && (v.may || free):
		g.setLocked(viewer, rights{control: true})
	case !control && c != Ask && !v.askView:
		// With free control the first viewer gets it at once; others take it over by asking.
		g.setLocked(viewer, rights{view: true, may: free, control: free && !g.controlledLocked()})
	default:
		return false
	}
	return true
}

// hand is free for control that one viewer gives to another. ok is false when it may not do
// that, or the other could not take it.
func (g *grants) hand(from, to uint16, c Consent) (done, ok bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if !g.canHandLocked(from, to) || g.question {
		return false, false
	}
	if !g.of[to].may && (c != ControlFree || g.askControl) {
		return false, true
	}
	g.setLocked(to, rights{control: true})
	return true, true
}

// canHand says whether a viewer controls and another could take control from it.
func (g *grants) canHand(from, to uint16) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.canHandLocked(from, to)
}

func (g *grants) canHandLocked(from, to uint16) bool {
	a, b := g.of[from], g.of[to]
	return from != to && a.control && a.online && !a.held && b.view && b.online
}

// controlledLocked reports whether some viewer that is here holds control.
func (g *grants) controlledLocked() bool {
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
func (g *grants) begin(same bool) (named []uint16) {
	g.mu.Lock()
	defer g.mu.Unlock()
	defer g.turnLocked()
	g.adopt = g.adopt && same
	for n, v := range g.of {
		if !same || !v.view && !v.askView {
			delete(g.of, n)
			continue
		}
		v.online, v.seen, v.doubt = false, false, time.Since(v.left) > graceTime
		g.of[n] = v
		if !v.doubt {
			named = append(named, n)
			delete(g.untold, n)
		}
	}
	return named
}

// state takes over who is here. A viewer that the relay has named and names no more has
// been away for too long: its grant is gone.
// With adopt the first one also brings the view grants of the guest's own tab: these are the
// guest's, who has said yes there. It reports whether there were some.
func (g *grants) state(viewers []wire.ViewerState) (adopted bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	defer g.turnLocked()
	here := map[uint16]bool{}
	for _, s := range viewers {
		here[s.Viewer] = true
		v := g.of[s.Viewer]
		if v.doubt {
			v.view, v.control, v.may, v.doubt = v.view && s.View, v.control && s.Control, v.may && s.May, false
		}
		if g.adopt && s.View && !s.Held && !v.view {
			v.view = true // never control: a tab cannot give it
			adopted = true
		}
		if v.online && !s.Online {
			v.left = time.Now()
		}
		v.seen, v.online, v.held, v.attach, v.name, v.twin = true, s.Online, s.Held, s.Attach, s.Name, s.Twin
		v.stream = s.Stream
		g.of[s.Viewer] = v
	}
	g.adopt = false
	for n, v := range g.of {
		if (v.seen || v.doubt) && !here[n] {
			delete(g.of, n)
		}
	}
	return adopted
}

// offline notes that the connection is gone, and with it everybody.
func (g *grants) offline() {
	g.mu.Lock()
	defer g.mu.Unlock()
	defer g.turnLocked()
	for n, v := range g.of {
		if v.online {
			v.online, v.left = false, time.Now()
			g.of[n] = v
		}
	}
}
