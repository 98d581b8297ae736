package jpeg

import "math/bits"

// A token is one Huffman symbol with the plain bits that follow it:
//
//	bits 0-7   symbol: run of zeros << 4 | number of plain bits (T.81, F.1.2.2.1)
//	     8-9   which code
//	     10-   the plain bits
//
// Tokens are counted as they are made. The codes are made of the counts, and only then are
// bits written.
type token = uint32

// Codes by token's bits 8-9: what for, and of which class.
const (
	codeDC     = 0
	codeAC     = 1
	codeChroma = 2 // or'ed to it

	codeShift  = 8
	plainShift = 10
	symbols    = 1 << plainShift // of all codes together
)

// Symbols of AC codes with a meaning of their own.
const (
	endOfBlock = 0x00
	sixteen    = 0xf0 // zeros
)

// strip is some rows of MCUs of an image and what became of them.
type strip struct {
	tokens []token
	counts [symbols]uint32
	// The differences of DC coefficients are those to the last block of the same component.
	last   [3]int
	firsts [3]first

	unit   unit
	blocks [6]block // of the unit: luma left, right, lower left, lower right, Cb, Cr
	edge   [mcuSide * mcuSide * 4]byte
}

// first is the first DC coefficient of a component and where its token is.
type first struct{ value, at int }

// unitTokens is the most that an MCU takes: one for each coefficient, and an end.
const unitTokens = 6 * 65

// encode makes tokens of the rows of MCUs from begin to end of img.
func (s *strip) encode(img Image, begin, end int, tables *[2]quantTable) {
	s.tokens = s.tokens[:0]
	clear(s.counts[:])
	s.last = [3]int{}
	s.firsts = [3]first{{at: -1}, {at: -1}, {at: -1}}
	for y := begin * mcuSide; y < end*mcuSide; y += mcuSide {
		for x := 0; x < img.W; x += mcuSide {
			if x+mcuSide <= img.W && y+mcuSide <= img.H {
				s.unit.load(img.Pix[y*img.Stride+4*x:], img.Stride)
			} else {
				s.copyEdge(img, x, y)
				s.unit.load(s.edge[:], 4*mcuSide)
			}
			b := &s.blocks
			transform(&s.unit.top)
			tables[luma].quantise(&s.unit.top, &b[0], &b[1])
			transform(&s.unit.low)
			tables[luma].quantise(&s.unit.low, &b[2], &b[3])
			transform(&s.unit.chroma)
			tables[chroma].quantise(&s.unit.chroma, &b[4], &b[5])
			s.tokenize()
		}
	}
}

// copyEdge copies the unit at x, y and repeats the last column and row of the image where it
// reaches over them.
func (s *strip) copyEdge(img Image, x, y int) {
	w := min(img.W-x, mcuSide)
	for j := range mcuSide {
		row := s.edge[j*mcuSide*4:][:mcuSide*4]
		from := min(y+j, img.H-1)*img.Stride + 4*x
		copy(row, img.Pix[from:from+4*w])
		for i := 4 * w; i < len(row); i += 4 {
			copy(row[i:i+4], row[i-4:])
		}
	}
}

// tokenize appends the tokens of the unit's blocks.
func (s *strip) tokenize() {
	n := len(s.tokens)
	if n+unitTokens > cap(s.tokens) {
		s.tokens = append(make([]token, 0, 2*cap(s.tokens)+16*unitTokens), s.tokens...)
	}
	out := s.tokens[:n+unitTokens]
	for i := range s.blocks {
		component := max(i-3, 0)
		if s.firsts[component].at < 0 {
			s.firsts[component] = first{int(s.blocks[i].coefficients[0]), n}
		}
		n = s.tokenizeBlock(&s.blocks[i], component, out, n)
	}
	s.tokens = s.tokens[:n]
}

// tokenizeBlock writes the tokens of one block into out from n on and returns their end.
func (s *strip) tokenizeBlock(b *block, component int, out []token, n int) int {
	code := token(codeDC << codeShift)
	if component > 0 {
		code = codeChroma << codeShift
	}
	dc := int(b.coefficients[0])
	t := code | valueToken(dc-s.last[component])
	s.last[component] = dc
	out[n] = t
	s.counts[t%symbols]++
	n++

	code |= codeAC << codeShift
	out = out[n : n+64]
	i := 0
	before := 0
	for used := b.used &^ 1; used != 0; used &= used - 1 {
		k := bits.TrailingZeros64(used)
		run := k - before - 1
		before = k
		for ; run >= 16; run -= 16 {
			out[i&63] = code | sixteen
			s.counts[code|sixteen]++
			i++
		}
		t := code | token(run)<<4 | valueToken(int(b.coefficients[k&63]))
		out[i&63] = t
		s.counts[t%symbols]++
		i++
	}
	if before < 63 {
		out[i&63] = code | endOfBlock
		s.counts[code|endOfBlock]++
		i++
	}
	return n + i
}

// valueToken is the size of v in bits as a symbol, and v's plain bits: v itself, or of a
// negative one v-1 (T.81, F.1.2.1).
func valueToken(v int) token {
	negative := v >> 63
	size := bits.Len64(uint64((v ^ negative) - negative))
	return token(size) | token(v+negative)&(1<<size-1)<<plainShift
}

// follow puts s below the strip before: its first DC coefficients follow on that one's last.
func (s *strip) follow(before *strip) {
	for c, f := range s.firsts {
		old := s.tokens[f.at]
		s.counts[old%symbols]--
		t := old&(3<<codeShift) | valueToken(f.value-before.last[c])
		s.tokens[f.at] = t
		s.counts[t%symbols]++
	}
}
