package presenter

// turn is one time in which one viewer holds control, or nobody does.
type turn struct {
	viewer uint16 // that holds it, is here, and may put input in; 0: nobody
	number uint64 // counts turns: the same viewer's next one is another one
	ended  <-chan struct{}
}

// turn returns the present one.
func (g *grants) turn() turn {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.now
}

// turnLocked begins another turn if control has changed. Each change of grants calls it.
func (g *grants) turnLocked() {
	holder := uint16(0)
	for n, v := range g.of {
		if v.control && v.online && !v.held {
			holder = n
		}
	}
	if holder == g.now.viewer {
		return
	}
	close(g.end)
	g.end = make(chan struct{})
	g.now = turn{holder, g.now.number + 1, g.end}
}
