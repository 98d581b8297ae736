// Package jpeg is an encoder of baseline JPEGs for pictures of a screen: it reads rows of B, G,
// R, X bytes as they come from a capturer, takes no memory in the steady state, and does about
// the quarter of the work of image/jpeg. Only package screen imports it; it imports the
// standard library only.
//
// What comes out is what every decoder of JPEG knows: 8 bits, 4:2:0, one scan, Huffman tables
// made for the very image (which is a tenth smaller than with the standard's, and the short
// tables of a small image are a third of theirs), no APP0.
//
// The work is done for two samples at once in the halves of an int64: see pair.go. In the
// order of the work: pair.go (colours, DCT, quantisation), strip.go (tokens of an MCU),
// huffman.go and write.go (codes, the file).
//
// Sources: ITU-T T.81 ("T.81" below) for the format and tables; Arai, Agui and Nakajima, "A
// fast DCT-SQ scheme for images", Trans. IEICE E-71(11), 1988, for the DCT; the Independent
// JPEG Group's rule for the scale of the tables with the quality.
package jpeg

import (
	"runtime"
	"sync"
)

// Image is a rectangle of pixels in memory order B, G, R, X; X is ignored.
type Image struct {
	Pix    []byte // of the first pixel on
	Stride int    // bytes from one row to the next, >= 4*W
	W, H   int    // 1..65535
}

// Encoder makes JPEGs. The zero value is ready. It keeps its scratch memory, about six bytes
// a pixel of the largest image at worst and a tenth of it in practice. It is not safe for
// concurrent use, but may itself use several cores for a large image: the goroutines that
// Append starts have ended when it returns.
type Encoder struct {
	quality int // that tables are for; 0 for none
	tables  [2]quantTable
	strips  []strip
	codes   codes
}

// manyPixels is the least size of an image that is cut into parts for several cores. Below, the
// work takes no more than two milliseconds of one. On two cores 640x360 of noise took 2.2 ms
// instead of 3.4, and of text 3.0 instead of 4.4; the CPU time of 1920x1080 was the same, within
// 3 %.
const manyPixels = 1 << 18

// Append appends img as a JPEG of a quality of 1..100 to dst.
func (e *Encoder) Append(dst []byte, img Image, quality int) []byte {
	return e.append(dst, img, quality, parts(img))
}

// parts is how many cores should work at img.
func parts(img Image) int {
	return max(1, min(runtime.GOMAXPROCS(0), img.W*img.H/(manyPixels/2)))
}

func (e *Encoder) append(dst []byte, img Image, quality, parts int) []byte {
	quality = min(max(quality, 1), 100)
	if quality != e.quality {
		e.quality = quality
		for i := range e.tables {
			e.tables[i].scale(&baseTables[i], quality)
		}
	}
	rows := (img.H + mcuSide - 1) / mcuSide
	parts = min(parts, rows)
	for len(e.strips) < parts {
		e.strips = append(e.strips, strip{})
	}
	strips := e.strips[:parts]
	if parts == 1 {
		strips[0].encode(img, 0, rows, &e.tables)
	} else {
		e.together(img, rows, strips)
	}
	e.codes.build(strips)
	dst = e.appendHead(dst, img)
	dst = e.appendScan(dst, strips)
	return append(dst, 0xff, markerEOI)
}

// together encodes a strip on each core and joins their seams.
func (e *Encoder) together(img Image, rows int, strips []strip) {
	var work sync.WaitGroup
	for i := range strips {
		work.Go(func() {
			strips[i].encode(img, rows*i/len(strips), rows*(i+1)/len(strips), &e.tables)
		})
	}
	work.Wait()
	for i := range strips[1:] {
		strips[i+1].follow(&strips[i])
	}
}
