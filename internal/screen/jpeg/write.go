package jpeg

import (
	"encoding/binary"
	"slices"
)

// Markers of T.81, table B.1.
const (
	markerSOF0 = 0xc0 // baseline frame
	markerDHT  = 0xc4
	markerSOI  = 0xd8
	markerEOI  = 0xd9
	markerSOS  = 0xda
	markerDQT  = 0xdb
)

// appendHead writes all that comes before the scan's bits.
func (e *Encoder) appendHead(dst []byte, img Image) []byte {
	dst = append(dst, 0xff, markerSOI, 0xff, markerDQT, 0, 2+2*65)
	for i := range e.tables {
		dst = append(append(dst, byte(i)), e.tables[i].steps[:]...)
	}
	dst = append(dst, 0xff, markerSOF0, 0, 17, 8, byte(img.H>>8), byte(img.H), byte(img.W>>8), byte(img.W), 3,
		1, 0x22, luma, 2, 0x11, chroma, 3, 0x11, chroma)
	size := 2
	for i := range e.codes.tables {
		size += 1 + maxCode + len(e.codes.tables[i].symbols)
	}
	dst = append(dst, 0xff, markerDHT, byte(size>>8), byte(size))
	for i := range e.codes.tables {
		t := &e.codes.tables[i]
		dst = append(dst, byte(i&codeAC)<<4|byte(i/codeChroma))
		dst = append(append(dst, t.lengths[1:]...), t.symbols...)
	}
	return append(dst, 0xff, markerSOS, 0, 12, 3, 1, luma*0x11, 2, chroma*0x11, 3, chroma*0x11, 0, 63, 0)
}

// appendScan writes the tokens' codes and plain bits, and ones up to a whole byte. After each
// byte of ones comes a zero.
func (e *Encoder) appendScan(dst []byte, strips []strip) []byte {
	at := len(dst)
	// At worst all is ones; and up to 8 bytes are written beyond the end.
	dst = slices.Grow(dst, 2*e.codes.bytes+8)
	out := dst[:cap(dst)]
	var acc uint64 // its lowest have bits are to be written
	have := uint32(0)
	for i := range strips {
		for _, t := range strips[i].tokens {
			code := e.codes.of[t%symbols]
			n, plain := code&31, t&15
			acc = acc<<(n&31) | uint64(code>>5)
			acc = acc<<(plain&31) | uint64(t>>plainShift)
			if have += n + plain; have < 32 {
				continue
			}
			have -= 32
			word := uint32(acc >> (have & 63))
			if (^word-0x01010101)&word&0x80808080 == 0 { // no byte is 0xff
				binary.BigEndian.PutUint32(out[at:], word)
				at += 4
			} else {
				at += stuff(out[at:], word, 4)
			}
		}
	}
	acc = acc<<7 | 0x7f
	have += 7
	whole := have / 8
	at += stuff(out[at:], uint32(acc>>(have%8)<<(32-8*whole)), int(whole))
	return out[:at]
}

// stuff writes the first n bytes of word and returns how many these became.
func stuff(out []byte, word uint32, n int) (at int) {
	for range n {
		b := byte(word >> 24)
		word <<= 8
		out[at] = b
		at++
		if b == 0xff {
			out[at] = 0
			at++
		}
	}
	return at
}
