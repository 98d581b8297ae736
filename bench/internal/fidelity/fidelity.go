// Package fidelity compares a picture with what it should show: PSNR over RGB, SSIM over
// luma.
package fidelity

import (
	"image"
	"math"
)

// Exact is the PSNR of pictures that are the same in every pixel, in dB. No others reach it:
// one pixel of 1920x1080 that is off by 1 in one channel gives 116, so what differs is held
// just below.
const Exact = 99.0

// Result of a comparison.
type Result struct {
	PSNR float64 `json:"psnr_db"` // Exact where all pixels are the same
	SSIM float64 `json:"ssim"`    // 1 where they look the same
	// Differ is how many pixels are not the same.
	Differ int `json:"pixels_differ"`
}

// Compare looks at the rectangle r, which both pictures must have.
func Compare(a, b *image.RGBA, r image.Rectangle) Result {
	w, h := r.Dx(), r.Dy()
	la, lb := make([]float64, w*h), make([]float64, w*h)
	var squares float64
	var differ int
	for y := range h {
		pa := a.Pix[a.PixOffset(r.Min.X, r.Min.Y+y):]
		pb := b.Pix[b.PixOffset(r.Min.X, r.Min.Y+y):]
		for x := range w {
			i := x * 4
			var sum float64
			for c := range 3 {
				d := float64(pa[i+c]) - float64(pb[i+c])
				sum += d * d
			}
			if sum > 0 {
				differ++
				squares += sum
			}
			la[y*w+x], lb[y*w+x] = luma(pa[i:]), luma(pb[i:])
		}
	}
	out := Result{PSNR: Exact, SSIM: ssim(la, lb, w, h), Differ: differ}
	if differ > 0 {
		out.PSNR = math.Min(Exact-0.1, 10*math.Log10(255*255*3*float64(w*h)/squares))
	}
	return out
}

func luma(p []byte) float64 {
	return 0.299*float64(p[0]) + 0.587*float64(p[1]) + 0.114*float64(p[2])
}

// ssim is the mean over windows of 8x8 pixels every 4 pixels, with equal weights.
func ssim(a, b []float64, w, h int) float64 {
	const (
		win, step = 8, 4
		n         = win * win
		c1        = 0.01 * 255 * 0.01 * 255
		c2        = 0.03 * 255 * 0.03 * 255
	)
	var total float64
	var windows int
	for y := 0; y+win <= h; y += step {
		for x := 0; x+win <= w; x += step {
			var sa, sb, saa, sbb, sab float64
			for j := range win {
				o := (y+j)*w + x
				for i := range win {
					p, q := a[o+i], b[o+i]
					sa += p
					sb += q
					saa += p * p
					sbb += q * q
					sab += p * q
				}
			}
			ma, mb := sa/n, sb/n
			va, vb, cov := saa/n-ma*ma, sbb/n-mb*mb, sab/n-ma*mb
			total += (2*ma*mb + c1) * (2*cov + c2) / ((ma*ma + mb*mb + c1) * (va + vb + c2))
			windows++
		}
	}
	if windows == 0 {
		return 1
	}
	return total / float64(windows)
}
