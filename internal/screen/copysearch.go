package screen

import "encoding/binary"

// Numbers of the search for moved content. A sparse set of short runs of pixels of the old
// picture is put into a table; a rolling hash over the new picture looks them up, and each
// hit votes for a vector. Measured: every scroll and drag inspected was found, 3-4 ms for a
// whole 1920x1080 screen.
const (
	copyMinArea  = 60_000 // changed pixels below which the search does not pay
	runLength    = 16     // pixels of one run
	runMinEdges  = 4      // colour changes that a run needs to be telling
	indexStepX   = 24
	indexStepY   = 7
	rollStepY    = 3  // coprime to indexStepY, so that every offset meets
	rollStepBig  = 11 // above bigArea
	bigArea      = 4 << 20
	minVotes     = 8
	voteSlots    = 1 << 12
	maxVectors   = 3
	hashMul      = uint32(0x01000193)
	hashSpread   = uint32(0x85EBCA6B)
	tableBits    = 16
	tableBitsBig = 18
	twice        = ^uint32(0) // table entry of a run that occurs more than once
)

// vector is a move: what stood at x, y now stands at x+dx, y+dy.
type vector struct {
	dx, dy int
	votes  int
}

// copySearch finds vectors. Its tables are made at the first search and reused.
type copySearch struct {
	table []uint32 // run's hash -> y<<16 | x+1 in the old picture
	votes []vote
	round uint32
	best  [maxVectors]vector
}

type vote struct {
	round  uint32 // the search that this slot belongs to
	dx, dy int32
	n      int32
}

// pixelHash spreads the colour of the pixel at the start of p.
func pixelHash(p []byte) uint32 {
	c := binary.LittleEndian.Uint32(p) & 0xffffff
	return (c ^ c>>11) * 0x9E3779B1
}

// find returns up to maxVectors likely moves from old to cur inside area, the best first.
// Rows of cur are looked at only where tiles, one bool a tile, says that they changed. The
// result is valid until the next call, and nothing of it is certain.
func (s *copySearch) find(old, cur *Picture, area Rect, changed func(x, y int) bool) []vector {
	if area.W < runLength || area.H < 2 {
		return nil
	}
	tbits, rollStep := tableBits, rollStepY
	if area.area() > bigArea {
		tbits, rollStep = tableBitsBig, rollStepBig
	}
	if len(s.table) != 1<<tbits {
		s.table = make([]uint32, 1<<tbits)
	} else {
		clear(s.table)
	}
	if s.votes == nil {
		s.votes = make([]vote, voteSlots)
	}
	s.round++
	shift := 32 - tbits
	if s.index(old, area, shift) == 0 {
		return nil
	}
	for y := area.Y; y < area.Y+area.H; y += rollStep {
		for x := area.X; x < area.X+area.W; {
			tileEnd := (x/tileSize + 1) * tileSize
			if !changed(x, y) {
				x = tileEnd
				continue
			}
			end := tileEnd
			for end < area.X+area.W && changed(end, y) {
				end += tileSize
			}
			s.roll(old, cur, x, min(end, area.X+area.W), y, shift)
			x = end
		}
	}
	return s.pick()
}

// index enters runs of old and returns how many.
func (s *copySearch) index(old *Picture, area Rect, shift int) (n int) {
	for y := area.Y + 1; y < area.Y+area.H; y += indexStepY {
		row := old.row(area.X, y, area.W)
		for x := 0; x+runLength <= area.W; x += indexStepX {
			run := row[x*4 : (x+runLength)*4]
			prev, h, edges := pixelHash(run), uint32(0), 0
			for i := 0; i < runLength*4; i += 4 {
				v := pixelHash(run[i:])
				if v != prev {
					edges++
					prev = v
				}
				h = h*hashMul + v
			}
			if edges < runMinEdges {
				continue
			}
			k := h * hashSpread >> shift
			if s.table[k] != 0 {
				s.table[k] = twice
				continue
			}
			s.table[k] = uint32(y)<<16 | uint32(area.X+x+1)
			n++
		}
	}
	return n
}

// roll looks up every run of cur's row y between x0 and x1.
func (s *copySearch) roll(old, cur *Picture, x0, x1, y, shift int) {
	if x1-x0 < runLength {
		return
	}
	top := uint32(1)
	for range runLength - 1 {
		top *= hashMul
	}
	row := cur.row(x0, y, x1-x0)
	h := uint32(0)
	for i := 0; i < runLength*4; i += 4 {
		h = h*hashMul + pixelHash(row[i:])
	}
	for i := 0; ; i += 4 {
		if at := s.table[h*hashSpread>>shift]; at != 0 && at != twice {
			oy, ox := int(at>>16), int(at&0xffff)-1
			x := x0 + i/4
			if (ox != x || oy != y) && equalPixels(old.row(ox, oy, runLength), row[i:i+runLength*4]) {
				s.cast(int32(x-ox), int32(y-oy))
			}
		}
		if i+(runLength+1)*4 > len(row) {
			return
		}
		h = (h-pixelHash(row[i:])*top)*hashMul + pixelHash(row[i+runLength*4:])
	}
}

// cast votes for a vector; when the table is crowded the vote is lost, which costs bytes only.
func (s *copySearch) cast(dx, dy int32) {
	k := (uint32(dx)*0x9E3779B1 ^ uint32(dy)*0x85EBCA6B) >> 20
	for range 8 {
		v := &s.votes[k%voteSlots]
		if v.round != s.round {
			*v = vote{s.round, dx, dy, 1}
			return
		}
		if v.dx == dx && v.dy == dy {
			v.n++
			return
		}
		k++
	}
}

// pick returns the vectors with the most votes.
func (s *copySearch) pick() []vector {
	n := 0
	for i := range s.votes {
		v := &s.votes[i]
		if v.round != s.round || v.n < minVotes {
			continue
		}
		j := n
		for j > 0 && s.best[j-1].votes < int(v.n) {
			j--
		}
		if j == maxVectors {
			continue
		}
		n = min(n+1, maxVectors)
		copy(s.best[j+1:n], s.best[j:n-1])
		s.best[j] = vector{int(v.dx), int(v.dy), int(v.n)}
	}
	return s.best[:n]
}
