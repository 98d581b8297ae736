package jpeg

import (
	"encoding/binary"
	"math/bits"
)

// A pair is two numbers a and b as a + b<<32. Sums of pairs, and products of a pair and a plain
// number, are the pairs of the sums and products: one instruction does the work of two, as
// long as neither number leaves the 32 bits of a signed integer. All of a JPEG up to the
// quantisation is such sums and products. A pair is either two luma samples 8 pixels apart, so
// that two blocks are transformed together, or Cb and Cr of one pixel.
type pair = int64

// both is the pair of n and n.
const both = 1 | 1<<32

// Bits of fixed point. T.81 allows samples of +-128; one pass of the DCT makes them up to
// 10.1 times as large, so that the largest number of the first pass has 7+10+3.4+9 bits, and
// of the second 7+3.4+8+3.4+9: both fit into 31.
const (
	sampleBits = 10 // of samples
	factorBits = 9  // of the DCT's factors: no error is larger than 1/2900
	middleBits = 8  // between the two passes
)

// Factors of the colours (T.871, 7): luma with sampleBits, chroma with two less, because it is
// made of the sum of four pixels.
const (
	lumaR, lumaG, lumaB = 306, 601, 117

	chromaR pair = -43 + 128<<32
	chromaG pair = -85 - 107<<32
	chromaB pair = 128 - 21<<32

	middle pair = 128 << sampleBits * both
)

// mcuSide is the side in pixels of a minimum coded unit: four blocks of luma, one each of Cb
// and Cr.
const mcuSide = 16

// unit is the samples of one MCU, later its coefficients.
type unit struct {
	top, low, chroma [64]pair // luma: left block in the low half, right one in the high half
}

// load takes the 16x16 pixels at the start of pix.
func (u *unit) load(pix []byte, stride int) {
	for y := 0; y < 8; y += 2 {
		at := y * stride
		loadRows((*[16]pair)(u.top[y*8:]), (*[8]pair)(u.chroma[y*4:]), pix[at:], pix[at+stride:])
		at += 8 * stride
		loadRows((*[16]pair)(u.low[y*8:]), (*[8]pair)(u.chroma[y*4+32:]), pix[at:], pix[at+stride:])
	}
}

// loadRows makes two rows of luma and one of chroma of two rows of 16 pixels.
func loadRows(luma *[16]pair, chroma *[8]pair, upper, lower []byte) {
	const each = 0xff * both
	a, b := (*[64]byte)(upper), (*[64]byte)(lower)
	le := binary.LittleEndian
	for i := range 4 {
		x := i * 8
		// Two pixels beside each other, and those 8 further; then each pixel with its partner.
		l, r := le.Uint64(a[x:x+8]), le.Uint64(a[x+32:x+40])
		p0, p1 := l&0xffffffff|r<<32, l>>32|r&^0xffffffff
		l, r = le.Uint64(b[x:x+8]), le.Uint64(b[x+32:x+40])
		p2, p3 := l&0xffffffff|r<<32, l>>32|r&^0xffffffff

		b0, g0, r0 := p0&each, p0>>8&each, p0>>16&each
		luma[2*i] = pair(r0*lumaR+g0*lumaG+b0*lumaB) - middle
		b1, g1, r1 := p1&each, p1>>8&each, p1>>16&each
		luma[2*i+1] = pair(r1*lumaR+g1*lumaG+b1*lumaB) - middle
		b2, g2, r2 := p2&each, p2>>8&each, p2>>16&each
		luma[2*i+8] = pair(r2*lumaR+g2*lumaG+b2*lumaB) - middle
		b3, g3, r3 := p3&each, p3>>8&each, p3>>16&each
		luma[2*i+9] = pair(r3*lumaR+g3*lumaG+b3*lumaB) - middle

		bs, gs, rs := b0+b1+b2+b3, g0+g1+g2+g3, r0+r1+r2+r3
		chroma[i] = pair(rs&0xffff)*chromaR + pair(gs&0xffff)*chromaG + pair(bs&0xffff)*chromaB
		chroma[i+4] = pair(rs>>32)*chromaR + pair(gs>>32)*chromaG + pair(bs>>32)*chromaB
	}
}

// Factors of the DCT with factorBits: cos(4 pi/16), cos(6 pi/16), and cos(2 pi/16) -+ cos(6
// pi/16).
const (
	cos4      = 362 // 0.707106781
	cos6      = 196 // 0.382683433
	cos2less6 = 277 // 0.541196100
	cos2and6  = 669 // 1.306562965
)

// transform is the DCT of Arai, Agui and Nakajima of two blocks at once, columns first. What
// it leaves out of each coefficient, and the fixed point, is in outScale.
func transform(w *[64]pair) {
	for i := range 8 {
		d0, d1, d2, d3, d4, d5, d6, d7 := dct8(w[i], w[i+8], w[i+16], w[i+24], w[i+32], w[i+40], w[i+48], w[i+56])
		const plain, scaled = sampleBits - middleBits, sampleBits + factorBits - middleBits
		w[i], w[i+32] = shift(d0, plain), shift(d4, plain)
		w[i+8], w[i+16], w[i+24] = shift(d1, scaled), shift(d2, scaled), shift(d3, scaled)
		w[i+40], w[i+48], w[i+56] = shift(d5, scaled), shift(d6, scaled), shift(d7, scaled)
	}
	for i := 0; i < 64; i += 8 {
		r := (*[8]pair)(w[i:])
		r[0], r[1], r[2], r[3], r[4], r[5], r[6], r[7] = dct8(r[0], r[1], r[2], r[3], r[4], r[5], r[6], r[7])
	}
}

// dct8 is one pass over eight numbers. All results but the first and the fifth have
// factorBits more than the numbers.
func dct8(s0, s1, s2, s3, s4, s5, s6, s7 pair) (d0, d1, d2, d3, d4, d5, d6, d7 pair) {
	t0, t7 := s0+s7, s0-s7
	t1, t6 := s1+s6, s1-s6
	t2, t5 := s2+s5, s2-s5
	t3, t4 := s3+s4, s3-s4

	e0, e3 := t0+t3, t0-t3
	e1, e2 := t1+t2, t1-t2
	d0, d4 = e0+e1, e0-e1
	z1 := (e2 + e3) * cos4
	e3 <<= factorBits
	d2, d6 = e3+z1, e3-z1

	o0, o1, o2 := t4+t5, t5+t6, t6+t7
	z5 := (o0 - o2) * cos6
	z2, z4 := o0*cos2less6+z5, o2*cos2and6+z5
	z3 := o1 * cos4
	t7 <<= factorBits
	z11, z13 := t7+z3, t7-z3
	d1, d7 = z11+z4, z11-z4
	d3, d5 = z13-z2, z13+z2
	return
}

// shift divides both numbers by 1<<n and rounds. They are made positive for it, so that what
// one loses is not taken for a part of the other.
func shift(p pair, n uint) pair {
	const positive = 1 << 31
	q := uint64(p) + (positive|1<<(n-1))*both
	return pair(q>>n&((1<<(32-n)-1)*both)) - pair(positive>>n)*both
}

// quantTable is one quantisation table, in zigzag order.
type quantTable struct {
	steps  [64]byte // as the file has them
	scales [64]scale
}

// scale is what becomes of one transformed coefficient.
type scale struct {
	reciprocal int64 // 1<<reciprocalBits over its step and what the DCT left out
	// Most coefficients are next to nothing. Both of a pair become 0 if the pair plus least
	// has no bit of beyond: they are in -n..n-1, where n is the largest power of two up to half
	// a step.
	least, beyond uint64
}

const reciprocalBits = 40

// aanScale is what the DCT leaves out in each direction: 1, and sqrt(2)*cos(k pi/16).
var aanScale = [8]float64{1, 1.387039845, 1.306562965, 1.175875602, 1, 0.785694958, 0.541196100, 0.275899379}

// scale makes q the base table at a quality, by the rule of the Independent JPEG Group.
func (q *quantTable) scale(base *[64]byte, quality int) {
	percent := 200 - 2*quality
	if quality < 50 {
		percent = 5000 / quality
	}
	for k, at := range zigzag {
		step := min(max((int(base[at])*percent+50)/100, 1), 255)
		q.steps[k] = byte(step)
		column, row := at%8, at/8
		fraction := middleBits
		if column%4 != 0 {
			fraction += factorBits
		}
		whole := float64(int(1)<<fraction) * 8 * aanScale[row] * aanScale[column]
		reciprocal := (1 << reciprocalBits) / (whole * float64(step))
		n := uint64(1) << (bits.Len64(uint64(whole*float64(step)/2)) - 1)
		q.scales[k] = scale{int64(reciprocal + 0.5), n * both, ^((2*n - 1) * both)}
	}
}

// block is one block's quantised coefficients in zigzag order.
type block struct {
	coefficients [64]int16 // the first one, and those that used says
	used         uint64    // bit k: coefficient k is not 0
}

// quantise makes blocks of both halves of w.
func (q *quantTable) quantise(w *[64]pair, a, b *block) {
	const half = 1 << (reciprocalBits - 1)
	a.coefficients[0], b.coefficients[0] = 0, 0
	var usedA, usedB uint64
	for k := range &q.scales {
		s := &q.scales[k]
		p := w[zigzag[k]&63]
		if (uint64(p)+s.least)&s.beyond == 0 {
			continue
		}
		low := int64(int32(p))
		high := (p - low) >> 32
		x, y := (low*s.reciprocal+half)>>reciprocalBits, (high*s.reciprocal+half)>>reciprocalBits
		a.coefficients[k], b.coefficients[k] = int16(x), int16(y)
		usedA |= uint64(x|-x) >> 63 << k // the sign of x or of -x is set
		usedB |= uint64(y|-y) >> 63 << k
	}
	a.used, b.used = usedA, usedB
}
