package screen

// Rect is a rectangle in pixels, origin top left.
type Rect struct{ X, Y, W, H int }

// Picture is 32-bit pixels in memory order B, G, R, X; X is undefined and never compared.
type Picture struct {
	W, H   int
	Stride int // bytes from one row to the next, >= 4*W
	Pix    []byte
}
