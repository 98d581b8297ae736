package fidelity

import (
	"image"
	"math"
	"testing"
)

func picture() *image.RGBA {
	p := image.NewRGBA(image.Rect(0, 0, 64, 48))
	for i := range p.Pix {
		p.Pix[i] = byte(i * 31 >> 3)
	}
	return p
}

func TestCompare(t *testing.T) {
	a := picture()
	if r := Compare(a, picture(), a.Bounds()); r.PSNR != Exact || r.SSIM < 0.999999 || r.Differ != 0 {
		t.Errorf("the same picture: %+v", r)
	}
	b := picture()
	b.Pix[b.PixOffset(10, 10)] ^= 1
	if r := Compare(a, b, a.Bounds()); r.PSNR >= Exact || r.Differ != 1 {
		t.Errorf("one bit of one pixel: %+v", r)
	}
	if r := Compare(a, b, image.Rect(20, 20, 40, 40)); r.PSNR != Exact {
		t.Errorf("elsewhere: %+v", r)
	}
	c := picture()
	for i := range c.Pix {
		if i%4 != 3 {
			c.Pix[i] ^= 0x10
		}
	}
	if r := Compare(a, c, a.Bounds()); math.Abs(r.PSNR-20*math.Log10(255.0/16)) > 0.01 || r.SSIM > 0.99 {
		t.Errorf("all off by 16: %+v", r)
	}
}
