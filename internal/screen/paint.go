package screen

import (
	"encoding/binary"
	"fmt"

	"pindesk/internal/wire"
)

// paint executes n ops, which must fill the op block, and use up the blobs, exactly.
func (d *Decoder) paint(ops, blobs []byte, n int) error {
	d.changed = d.changed[:0]
	p := &d.picture
	for range n {
		op, rest, err := wire.NextOp(ops, p.W, p.H)
		if err != nil {
			return err
		}
		ops = rest
		r := Rect{op.X, op.Y, op.W, op.H}
		switch op.Code {
		case wire.OpFill:
			paintFill(p, r, op.Colours)
		case wire.OpCopy:
			movePixels(p, r, op.SX, op.SY)
		case wire.OpPalette:
			if err := paintPalette(p, r, op.Colours, op.Data); err != nil {
				return err
			}
		case wire.OpDelta:
			paintDelta(p, r, op.Data)
		case wire.OpJPEG:
			if op.Blob > len(blobs) {
				return fmt.Errorf("%w: blob is cut short", wire.ErrMalformed)
			}
			if err := paintJPEG(p, r, blobs[:op.Blob]); err != nil {
				return err
			}
			blobs = blobs[op.Blob:]
		}
		d.changed = append(d.changed, r)
	}
	if len(ops) > 0 || len(blobs) > 0 {
		return fmt.Errorf("%w: bytes after the last op", wire.ErrMalformed)
	}
	return nil
}

// pixel reads b, g, r as one pixel.
func pixel(c []byte) uint32 { return uint32(c[0]) | uint32(c[1])<<8 | uint32(c[2])<<16 | 0xff<<24 }

func paintFill(p *Picture, r Rect, colour []byte) {
	c := pixel(colour)
	for y := r.Y; y < r.Y+r.H; y++ {
		row := p.row(r.X, y, r.W)
		for i := 0; i < len(row); i += 4 {
			binary.LittleEndian.PutUint32(row[i:], c)
		}
	}
}

func paintPalette(p *Picture, r Rect, colours, data []byte) error {
	n := len(colours) / 3
	bits := wire.IndexBits(n)
	perRow := (r.W*bits + 7) / 8
	for j := range r.H {
		row := p.row(r.X, r.Y+j, r.W)
		packed := data[j*perRow : (j+1)*perRow]
		for i := range r.W {
			at := i * bits
			v := int(packed[at/8]) >> (8 - bits - at%8) & (1<<bits - 1)
			if v >= n {
				return fmt.Errorf("%w: index outside the palette", wire.ErrMalformed)
			}
			binary.LittleEndian.PutUint32(row[i*4:], pixel(colours[v*3:]))
		}
	}
	return nil
}

func paintDelta(p *Picture, r Rect, data []byte) {
	n := r.W * r.H
	g, rg, bg := data[:n], data[n:2*n], data[2*n:3*n]
	k := 0
	var above []byte
	for j := range r.H {
		row := p.row(r.X, r.Y+j, r.W)
		var lg, lr, lb byte
		for i := 0; i < len(row); i += 4 {
			pg, pr, pb := lg, lr, lb
			if j > 0 {
				ug := above[i+1]
				ur, ub := above[i+2]-ug, above[i]-ug
				if i == 0 {
					pg, pr, pb = ug, ur, ub
				} else {
					pg, pr, pb = meanUnsigned(lg, ug), meanSigned(lr, ur), meanSigned(lb, ub)
				}
			}
			lg, lr, lb = g[k]+pg, rg[k]+pr, bg[k]+pb
			row[i], row[i+1], row[i+2], row[i+3] = lb+lg, lg, lr+lg, 0xff
			k++
		}
		above = row
	}
}
