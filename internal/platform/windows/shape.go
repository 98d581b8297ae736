package windows

import (
	"pindesk/internal/platform/pixels"
	"pindesk/internal/wire"
)

// colourShape makes a pointer's shape of its bitmap of colours and its mask, both B, G, R, A in rows without
// gaps. Old shapes have no alpha: there the mask says what is transparent.
func colourShape(w, h, hotX, hotY int, colours, mask []byte) wire.Cursor {
	hasAlpha := false
	for i := 3; i < len(colours); i += 4 {
		hasAlpha = hasAlpha || colours[i] != 0
	}
	argb := make([]uint32, w*h)
	for i := range argb {
		c := colours[4*i:]
		a := uint32(c[3])
		if !hasAlpha && mask[4*i] == 0 {
			a = 255
		}
		// Premultiplied, as pixels wants it.
		argb[i] = a<<24 | uint32(c[2])*a/255<<16 | uint32(c[1])*a/255<<8 | uint32(c[0])*a/255
		if inverts := !hasAlpha && mask[4*i] != 0 && (c[0]|c[1]|c[2]) != 0; inverts {
			argb[i] = inverted
		}
	}
	outline(w, h, argb)
	return pixels.Shape(w, h, hotX, hotY, argb)
}

// maskShape makes one of two masks, one above the other, as shapes without colour have them: h is the height of
// one. The first says where the screen stays, the second what is white, or inverted there.
func maskShape(w, h, hotX, hotY int, masks []byte) wire.Cursor {
	argb := make([]uint32, w*h)
	for i := range argb {
		stays, white := masks[4*i] != 0, masks[4*(w*h+i)] != 0
		switch {
		case stays && white:
			argb[i] = inverted
		case !stays && white:
			argb[i] = 0xffffffff
		case !stays:
			argb[i] = 0xff000000
		}
	}
	outline(w, h, argb)
	return pixels.Shape(w, h, hotX, hotY, argb)
}

// inverted is no premultiplied colour: a pixel that shows the opposite of the screen, such as those
// of the text pointer. Viewers cannot do that: it becomes black with a white outline.
const inverted = 0x00ffffff

func outline(w, h int, argb []uint32) {
	for i, p := range argb {
		if p != inverted {
			continue
		}
		x, y := i%w, i/w
		for dy := max(y-1, 0); dy <= min(y+1, h-1); dy++ {
			for dx := max(x-1, 0); dx <= min(x+1, w-1); dx++ {
				if argb[dy*w+dx] == 0 {
					argb[dy*w+dx] = 0xffffffff
				}
			}
		}
	}
	for i, p := range argb {
		if p == inverted {
			argb[i] = 0xff000000
		}
	}
}
