package screen

import (
	"bytes"
	"fmt"
	"image"
	"image/color"
	stdjpeg "image/jpeg"

	"pindesk/internal/screen/jpeg"
	"pindesk/internal/wire"
)

// jpegCoder makes JPEGs of rectangles; its blobs follow each other in out.
type jpegCoder struct {
	out     []byte
	encoder jpeg.Encoder
	small   Picture // scratch: the rectangle scaled down
}

// encode appends the JPEG of r, each side divided by scale, and returns its length in bytes.
func (c *jpegCoder) encode(pic *Picture, r Rect, scale, quality int) int {
	if scale > 1 {
		shrink(&c.small, pic, r, scale)
		pic, r = &c.small, Rect{0, 0, c.small.W, c.small.H}
	}
	before := len(c.out)
	img := jpeg.Image{Pix: pic.Pix[r.Y*pic.Stride+4*r.X:], Stride: pic.Stride, W: r.W, H: r.H}
	c.out = c.encoder.Append(c.out, img, quality)
	return len(c.out) - before
}

// shrink makes dst the means of squares of scale x scale pixels of r.
func shrink(dst, pic *Picture, r Rect, scale int) {
	dst.resize((r.W+scale-1)/scale, (r.H+scale-1)/scale)
	for j := range dst.H {
		out := dst.row(0, j, dst.W)
		y0, y1 := r.Y+j*scale, r.Y+min((j+1)*scale, r.H)
		for i := range dst.W {
			x0, x1 := r.X+i*scale, r.X+min((i+1)*scale, r.W)
			var sb, sg, sr uint32
			for y := y0; y < y1; y++ {
				row := pic.row(x0, y, x1-x0)
				for k := 0; k < len(row); k += 4 {
					sb += uint32(row[k])
					sg += uint32(row[k+1])
					sr += uint32(row[k+2])
				}
			}
			n := uint32((x1 - x0) * (y1 - y0))
			out[i*4], out[i*4+1], out[i*4+2] = byte(sb/n), byte(sg/n), byte(sr/n)
		}
	}
}

// paintJPEG decodes blob onto r of dst. What does not fit or is not baseline is refused
// before any pixel is allocated.
func paintJPEG(dst *Picture, r Rect, blob []byte) error {
	if !baseline(blob) {
		return fmt.Errorf("%w: not a baseline JPEG", wire.ErrMalformed)
	}
	config, err := stdjpeg.DecodeConfig(bytes.NewReader(blob))
	if err != nil {
		return fmt.Errorf("%w: %v", wire.ErrMalformed, err)
	}
	if config.Width < 1 || config.Height < 1 || config.Width > r.W || config.Height > r.H {
		return fmt.Errorf("%w: JPEG of %dx%d in an op of %dx%d", wire.ErrMalformed, config.Width, config.Height, r.W, r.H)
	}
	img, err := stdjpeg.Decode(bytes.NewReader(blob))
	if err != nil {
		return fmt.Errorf("%w: %v", wire.ErrMalformed, err)
	}
	w, h := config.Width, config.Height
	for j := range r.H {
		out := dst.row(r.X, r.Y+j, r.W)
		y := j * h / r.H
		for i := range r.W {
			x := i * w / r.W
			var cr, cg, cb byte
			switch img := img.(type) {
			case *image.YCbCr:
				k := img.COffset(x, y)
				cr, cg, cb = color.YCbCrToRGB(img.Y[img.YOffset(x, y)], img.Cb[k], img.Cr[k])
			case *image.Gray:
				cr = img.Pix[img.PixOffset(x, y)]
				cg, cb = cr, cr
			default: // an Adobe marker made it RGB
				r16, g16, b16, _ := img.At(x, y).RGBA()
				cr, cg, cb = byte(r16>>8), byte(g16>>8), byte(b16>>8)
			}
			out[i*4], out[i*4+1], out[i*4+2], out[i*4+3] = cb, cg, cr, 0xff
		}
	}
	return nil
}

// baseline reports whether the first frame of a JPEG is a baseline one of 1 or 3 components,
// sampled at most 2x2: others cost a decoder far more memory than their pixels.
func baseline(b []byte) bool {
	if len(b) < 2 || b[0] != 0xff || b[1] != 0xd8 {
		return false
	}
	for b = b[2:]; len(b) >= 4 && b[0] == 0xff; {
		marker := b[1]
		if marker == 0xff { // padding
			b = b[1:]
			continue
		}
		n := int(b[2])<<8 | int(b[3])
		if n < 2 || 2+n > len(b) {
			return false
		}
		segment := b[4 : 2+n]
		switch {
		case marker == 0xc0:
			if len(segment) < 6 || segment[5] != 1 && segment[5] != 3 || len(segment) != 6+3*int(segment[5]) {
				return false
			}
			for i := 7; i < len(segment); i += 3 {
				if h, v := segment[i]>>4, segment[i]&15; h < 1 || h > 2 || v < 1 || v > 2 {
					return false
				}
			}
			return true
		case marker == 0xc4, marker == 0xdb, marker == 0xdd, marker == 0xfe, marker >= 0xe0 && marker <= 0xef:
			b = b[2+n:]
		default: // another kind of frame, or pixels before any frame
			return false
		}
	}
	return false
}
