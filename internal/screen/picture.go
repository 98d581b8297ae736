package screen

// Rect is a rectangle in pixels, origin top left.
type Rect struct{ X, Y, W, H int }

// clip returns the part of r inside a picture of w x h; it may be empty.
func (r Rect) clip(w, h int) Rect {
	x1, y1 := min(r.X+r.W, w), min(r.Y+r.H, h)
	r.X, r.Y = max(r.X, 0), max(r.Y, 0)
	r.W, r.H = max(x1-r.X, 0), max(y1-r.Y, 0)
	return r
}

func (r Rect) empty() bool { return r.W <= 0 || r.H <= 0 }
func (r Rect) area() int   { return r.W * r.H }

// contains reports whether s lies wholly inside r.
func (r Rect) contains(s Rect) bool {
	return s.X >= r.X && s.Y >= r.Y && s.X+s.W <= r.X+r.W && s.Y+s.H <= r.Y+r.H
}

// overlaps reports whether r and s share a pixel.
func (r Rect) overlaps(s Rect) bool {
	return r.X < s.X+s.W && s.X < r.X+r.W && r.Y < s.Y+s.H && s.Y < r.Y+r.H
}

// union is the smallest rectangle around both; an empty one counts for nothing.
func (r Rect) union(s Rect) Rect {
	if r.empty() {
		return s
	}
	if s.empty() {
		return r
	}
	x0, y0 := min(r.X, s.X), min(r.Y, s.Y)
	return Rect{x0, y0, max(r.X+r.W, s.X+s.W) - x0, max(r.Y+r.H, s.Y+s.H) - y0}
}

// Picture is 32-bit pixels in memory order B, G, R, X; X is undefined and never compared.
type Picture struct {
	W, H   int
	Stride int // bytes from one row to the next, >= 4*W
	Pix    []byte
}

// row returns n pixels of row y from x on.
func (p *Picture) row(x, y, n int) []byte {
	o := y*p.Stride + x*4
	return p.Pix[o : o+n*4 : o+n*4]
}

// copyRect copies r from src, which has the same size.
func (p *Picture) copyRect(src *Picture, r Rect) {
	for y := r.Y; y < r.Y+r.H; y++ {
		copy(p.row(r.X, y, r.W), src.row(r.X, y, r.W))
	}
}

// resize makes p a packed picture of w x h whose pixels are all zero, in its old memory
// where that is large enough.
func (p *Picture) resize(w, h int) {
	n := w * h * 4
	if cap(p.Pix) < n {
		p.Pix = make([]byte, n)
	} else {
		p.Pix = p.Pix[:n]
		clear(p.Pix)
	}
	p.W, p.H, p.Stride = w, h, w*4
}
