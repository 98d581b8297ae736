package screen

// sharedPalettes gives tiles of more than 16 colours, whose indices are whole bytes, palettes
// in common. The same glyph then has the same bytes in every tile, so that the compressor
// finds it again: measured, screens of smoothed text take half the bytes that they take with a
// palette of its own for each tile. The repeated palette itself is one match for the compressor.
type sharedPalettes struct {
	sets  [sharedSets]sharedPalette
	clock uint32
}

const (
	sharedSets = 4
	sharedFrom = 17 // colours; below, indices are parts of bytes and palettes short
)

// sharedPalette grows until it is full.
type sharedPalette struct {
	n       int
	colours [256]uint32
	used    uint32 // clock of its last use
	round   uint32
	slots   [1024]struct {
		round, colour uint32
		index         uint8
	}
}

// find returns the slot of colour c, or the free one that it would take.
func (s *sharedPalette) find(c uint32) (slot int, ok bool) {
	h := int(c * 2654435761 >> 22)
	for s.slots[h].round == s.round {
		if s.slots[h].colour == c {
			return h, true
		}
		h = (h + 1) & 1023
	}
	return h, false
}

// missing counts the colours of p that s has not, up to limit.
func (s *sharedPalette) missing(p *palette, limit int) (n int) {
	for _, c := range p.colours[:p.n] {
		if _, ok := s.find(c); !ok {
			if n++; n >= limit {
				break
			}
		}
	}
	return n
}

// apply makes p's the one of the palettes that needs the fewest new colours, or if none has
// room for them the longest unused one anew, and changes p's indices to suit.
func (sp *sharedPalettes) apply(p *palette) {
	sp.clock++
	best, fewest, oldest := -1, 257, 0
	for i := range sp.sets {
		s := &sp.sets[i]
		if s.round == 0 {
			s.round = 1 // the zero value's slots would all seem taken
		}
		if n := s.missing(p, fewest); n < fewest && s.n+n <= len(s.colours) {
			best, fewest = i, n
		}
		if sp.clock-s.used > sp.clock-sp.sets[oldest].used {
			oldest = i
		}
	}
	if best < 0 {
		best = oldest
		sp.sets[best].n = 0
		sp.sets[best].round++
	}
	s := &sp.sets[best]
	s.used = sp.clock
	var to [256]uint8
	for i, c := range p.colours[:p.n] {
		slot, ok := s.find(c)
		if !ok {
			at := &s.slots[slot]
			at.round, at.colour, at.index = s.round, c, uint8(s.n)
			s.colours[s.n] = c
			s.n++
		}
		to[i] = s.slots[slot].index
	}
	for i, v := range p.indices {
		p.indices[i] = to[v]
	}
	p.n = copy(p.colours[:], s.colours[:s.n])
}
