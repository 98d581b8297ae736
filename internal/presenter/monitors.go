package presenter

import (
	"fmt"
	"slices"
	"sync"

	"pindesk/internal/screen"
	"pindesk/internal/wire"
)

// numbering gives each monitor a stream for as long as it is there. It outlives connections, so
// that a viewer's choice does. It is owned by the loop.
type numbering struct {
	found []wire.Monitor // as the capturer said
	list  []wire.Monitor // the same with streams, as it is told
	last  uint8          // stream that was given last
}

// update takes what the capturer says now, and reports whether it is new. A monitor is known
// again by its name. One that is new gets the number that was not used for longest: what is still
// on its way of an older stream cannot be mistaken for it.
func (n *numbering) update(found []wire.Monitor) (changed bool) {
	if slices.Equal(found, n.found) {
		return false
	}
	n.found = found
	list, ok := wire.CleanMonitors(numbered(found))
	if !ok {
		list = nil // better none than some that nobody can watch
	}
	old := slices.Clone(n.list)
	for i := range list {
		known := slices.IndexFunc(old, func(o wire.Monitor) bool { return o.Stream != 0 && o.Name == list[i].Name })
		if known < 0 {
			list[i].Stream = 0
			continue
		}
		list[i].Stream, old[known].Stream = old[known].Stream, 0
	}
	for i := range list {
		if list[i].Stream == 0 {
			list[i].Stream = n.next(list)
		}
	}
	n.list = list
	return true
}

// next is a number that neither the present list nor the last one has.
func (n *numbering) next(list []wire.Monitor) uint8 {
	for {
		n.last++
		used := func(m wire.Monitor) bool { return m.Stream == n.last }
		if n.last != 0 && !slices.ContainsFunc(list, used) && !slices.ContainsFunc(n.list, used) {
			return n.last
		}
	}
}

// numbered gives monitors any streams, for checking.
func numbered(found []wire.Monitor) []wire.Monitor {
	list := slices.Clone(found)
	for i := range list {
		list[i].Stream = uint8(min(i+1, 255))
	}
	return list
}

// stream finds a stream by its number; nil if there is none.
func (p *Presenter) stream(number uint8) *stream {
	for _, st := range p.streams {
		if st.number == number {
			return st
		}
	}
	return nil
}

// arrange makes a stream of each monitor that there is now, and tells the list if it is new.
func (s *sharing) arrange() error {
	if !s.p.monitors.update(s.p.cfg.Screen.Monitors()) {
		return nil
	}
	s.placeStreams()
	s.subscribe()
	return s.tellMonitors()
}

// placeStreams makes streams as the list says, next to that of the whole desktop.
func (s *sharing) placeStreams() {
	list := s.p.monitors.list
	streams := s.p.streams[:1:1]
	for _, m := range list {
		st := s.p.stream(m.Stream)
		if st == nil {
			st = newStream(m.Stream, screen.NewEncoder(m.Stream))
			st.enc.Begin(s.epoch)
		}
		st.place(screen.Rect{X: m.X, Y: m.Y, W: m.W, H: m.H})
		streams = append(streams, st)
	}
	s.p.streams = streams
	s.p.inject.places.keep(streams)
}

func (s *sharing) tellMonitors() error {
	return s.tell(wire.Control{Type: wire.TypeMonitors, Monitors: s.p.monitors.list})
}

// subscribe finds out who watches what. Of streams that nobody watches any more nothing is kept,
// and what no stream shows is not captured.
func (s *sharing) subscribe() {
	s.wanted = s.wanted[:0]
	all := false
	for _, st := range s.p.streams {
		before := st.viewers
		st.viewers = s.p.grants.watching(st.number)
		switch {
		case st.viewers == 0 && before > 0:
			st.empty()
		case st.viewers > 0 && st.number == 0:
			all = true
		case st.viewers > 0:
			s.wanted = append(s.wanted, st.area)
		}
	}
	if all {
		s.wanted = s.wanted[:0]
	} else if len(s.wanted) == 0 {
		return // nobody watches, and nothing is captured
	}
	if !slices.Equal(s.wanted, s.areas) {
		s.areas, s.dirty = append(s.areas[:0], s.wanted...), true
		s.p.cfg.Screen.Watch(s.areas)
	}
}

// watched reports whether somebody watches something.
func (s *sharing) watched() bool {
	return slices.ContainsFunc(s.p.streams, func(st *stream) bool { return st.viewers > 0 })
}

// shareUplink divides what may be on its way to the broker among the streams of which something
// is, so that a click waits no longer in two streams than in one. Each stream measures its own
// lead's way, and all begin with the same uplink: each filling it alone, they would queue there
// as often as there are streams.
func (s *sharing) shareUplink() {
	busy := 0
	for _, st := range s.p.streams {
		if len(st.pace.flow.sent) > 0 {
			busy++
		}
	}
	for _, st := range s.p.streams {
		if st.pace.flow.share = busy; len(st.pace.flow.sent) == 0 {
			st.pace.flow.share++
		}
	}
}

// grab takes the newest pixels, once for all streams.
func (s *sharing) grab() error {
	s.dirty = false
	pic, damage, err := s.p.cfg.Screen.Grab()
	if err != nil {
		return fmt.Errorf("%w: %w", errDesktop, err)
	}
	if !wire.ValidSize(pic.W, pic.H) { // the encoder would have nothing to say
		return fmt.Errorf("%w: %dx%d pixels are more than can be shown (%d in each direction, %d in all)",
			errDesktop, pic.W, pic.H, wire.MaxSide, wire.MaxPixels)
	}
	s.desktop = pic
	s.p.streams[0].place(screen.Rect{W: pic.W, H: pic.H})
	if err := s.arrange(); err != nil {
		return err
	}
	for _, st := range s.p.streams {
		if a := st.area; a.X+a.W > pic.W || a.Y+a.H > pic.H {
			return fmt.Errorf("%w: a monitor is outside of it", errDesktop)
		}
		st.damaged(damage)
	}
	return nil
}

// place is where the picture of a stream is on the desktop. Pointer input of another layout is of
// another picture.
type place struct {
	layout uint16
	area   screen.Rect
}

// places are the places of the streams, for the goroutine that injects.
type places struct {
	mu sync.Mutex
	of map[uint8]place // guarded by mu
}

func (p *places) set(stream uint8, at place) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.of[stream] = at
}

// keep forgets the places of all but some streams.
func (p *places) keep(streams []*stream) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for number := range p.of {
		if !slices.ContainsFunc(streams, func(st *stream) bool { return st.number == number }) {
			delete(p.of, number)
		}
	}
}

// find returns where a stream's picture is, if it still has that layout.
func (p *places) find(stream uint8, layout uint16) (area screen.Rect, ok bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	at, ok := p.of[stream]
	return at.area, ok && at.layout == layout
}
