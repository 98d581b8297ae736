package pixels

import (
	"sync"

	"pindesk/internal/wire"
)

// Shape makes a cursor of premultiplied ARGB pixels. Shapes that are too large are scaled
// down by the least whole factor; shapes without any visible pixel are hidden.
func Shape(w, h, hotX, hotY int, argb []uint32) wire.Cursor {
	factor := max((w+wire.MaxCursorSide-1)/wire.MaxCursorSide, (h+wire.MaxCursorSide-1)/wire.MaxCursorSide, 1)
	c := wire.Cursor{W: (w + factor - 1) / factor, H: (h + factor - 1) / factor}
	c.RGBA = make([]byte, 0, 4*c.W*c.H)
	visible := false
	for y := range c.H {
		for x := range c.W {
			a, r, g, b := average(argb, w, h, x*factor, y*factor, factor)
			visible = visible || a > 0
			c.RGBA = append(c.RGBA, straight(r, a), straight(g, a), straight(b, a), byte(a))
		}
	}
	if !visible {
		return wire.Cursor{}
	}
	c.HotX = min(max(hotX/factor, 0), c.W-1)
	c.HotY = min(max(hotY/factor, 0), c.H-1)
	return c
}

// average is the mean of a square of premultiplied pixels; what is outside is left out.
func average(argb []uint32, w, h, x0, y0, side int) (a, r, g, b uint32) {
	n := uint32(0)
	for y := y0; y < min(y0+side, h); y++ {
		for x := x0; x < min(x0+side, w); x++ {
			p := argb[y*w+x]
			a, r, g, b = a+p>>24, r+p>>16&255, g+p>>8&255, b+p&255
			n++
		}
	}
	return (a + n/2) / n, (r + n/2) / n, (g + n/2) / n, (b + n/2) / n
}

// straight undoes the multiplication of a colour by its alpha.
func straight(v, a uint32) byte {
	if a == 0 {
		return 0
	}
	return byte(min((v*255+a/2)/a, 255))
}

// arrowRows is the shape that is shown when the system does not tell: # black, . white.
var arrowRows = [...]string{
	"#           ",
	"##          ",
	"#.#         ",
	"#..#        ",
	"#...#       ",
	"#....#      ",
	"#.....#     ",
	"#......#    ",
	"#.......#   ",
	"#........#  ",
	"#.....##### ",
	"#..#..#     ",
	"#.# #..#    ",
	"##  #..#    ",
	"#    #..#   ",
	"     #..#   ",
	"      ##    ",
}

// Arrow is a shape for when the system does not tell its own. Its pixels are everybody's: none changes them.
func Arrow() wire.Cursor { return arrow() }

var arrow = sync.OnceValue(drawArrow)

func drawArrow() wire.Cursor {
	c := wire.Cursor{W: len(arrowRows[0]), H: len(arrowRows)}
	for _, row := range arrowRows {
		for _, dot := range row {
			switch dot {
			case '#':
				c.RGBA = append(c.RGBA, 0, 0, 0, 255)
			case '.':
				c.RGBA = append(c.RGBA, 255, 255, 255, 255)
			default:
				c.RGBA = append(c.RGBA, 0, 0, 0, 0)
			}
		}
	}
	return c
}
