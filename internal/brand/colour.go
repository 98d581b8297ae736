package brand

import (
	"fmt"
	"math"
	"strconv"
)

// Colour is one of sRGB.
type Colour struct{ R, G, B uint8 }

// String writes it as #rrggbb.
func (c Colour) String() string { return fmt.Sprintf("#%02x%02x%02x", c.R, c.G, c.B) }

// ParseColour reads #rrggbb or #rgb.
func ParseColour(s string) (Colour, error) {
	hex := s
	if len(hex) == 4 {
		hex = string([]byte{hex[0], hex[1], hex[1], hex[2], hex[2], hex[3], hex[3]})
	}
	if len(hex) == 7 && hex[0] == '#' {
		if n, err := strconv.ParseUint(hex[1:], 16, 24); err == nil {
			return Colour{uint8(n >> 16), uint8(n >> 8), uint8(n)}, nil
		}
	}
	return Colour{}, fmt.Errorf("%q is not a colour such as #2257d6", s)
}

// Readable is the contrast that text must have to its ground: WCAG 2.2, 1.4.3 (AA).
const Readable = 4.5

// The grounds of the pages in both schemes, as web/shared/base.css has them: of each the one that
// a colour is harder to read on, and the one that what is chosen is tinted from.
var (
	lightGround  = Colour{0xf3, 0xf5, 0xf9}
	lightSurface = white
	darkGround   = Colour{0x1c, 0x20, 0x29}
	darkSurface  = darkGround
	white        = Colour{0xff, 0xff, 0xff}
	black        = Colour{0x0b, 0x0d, 0x12}
)

// Accent is a colour for one scheme. It is Readable on the scheme's grounds, as are letters of
// On on it and on Strong.
type Accent struct {
	Colour Colour // of links, buttons and outlines
	Strong Colour // of a button under the pointer
	On     Colour // of letters on a button
	Chosen Colour // behind what is chosen, with letters of Colour
}

// Colours are an operator's colour, made fit for both schemes.
type Colours struct {
	Asked       Colour
	Light, Dark Accent
}

// Corrected says whether the colour could not be used as it is in the light scheme, in the dark one.
func (c *Colours) Corrected() (light, dark bool) {
	return c.Light.Colour != c.Asked, c.Dark.Colour != c.Asked
}

// coloursOf darkens or lightens c as little as it takes. No colour is readable on both grounds,
// so that it is another one in at least one of the schemes.
func coloursOf(c Colour) *Colours {
	return &Colours{Asked: c, Light: accentOn(c, lightGround, lightSurface, Colour{}), Dark: accentOn(c, darkGround, darkSurface, white)}
}

// tint is how much of the colour is in what is behind the chosen.
const tint = 0.12

// accentOn moves c towards end until it is readable on ground and on surface with a tint of it,
// and letters are on it.
func accentOn(c, ground, surface, end Colour) Accent {
	fits := func(c Colour) bool {
		return Contrast(c, ground) >= Readable && Contrast(c, mix(surface, c, tint)) >= Readable && math.Max(Contrast(c, white), Contrast(c, black)) >= Readable
	}
	const steps = 256
	var a Accent
	for i := range steps + 1 {
		if a.Colour = mix(c, end, float64(i)/steps); fits(a.Colour) {
			break
		}
	}
	a.Chosen = mix(surface, a.Colour, tint)
	if a.On = white; Contrast(a.Colour, black) > Contrast(a.Colour, white) {
		a.On = black
	}
	// Under the pointer it goes away from its letters, so these stay readable; where there is no way left, it stays.
	away := Colour{}
	if a.On == black {
		away = white
	}
	a.Strong = mix(a.Colour, away, 0.2)
	return a
}

// mix goes from a to b; t is 0..1.
func mix(a, b Colour, t float64) Colour {
	at := func(a, b uint8) uint8 { return uint8(math.Round(float64(a) + t*(float64(b)-float64(a)))) }
	return Colour{at(a.R, b.R), at(a.G, b.G), at(a.B, b.B)}
}

// Contrast is WCAG's contrast ratio, 1 to 21.
func Contrast(a, b Colour) float64 {
	x, y := luminance(a), luminance(b)
	return (math.Max(x, y) + 0.05) / (math.Min(x, y) + 0.05)
}

// luminance is WCAG's relative luminance.
func luminance(c Colour) float64 {
	linear := func(v uint8) float64 {
		x := float64(v) / 255
		if x <= 0.04045 {
			return x / 12.92
		}
		return math.Pow((x+0.055)/1.055, 2.4)
	}
	return 0.2126*linear(c.R) + 0.7152*linear(c.G) + 0.0722*linear(c.B)
}

// CSS is a style sheet that gives the pages these colours. It follows base.css.
func (c *Colours) CSS() string {
	rule := func(a Accent) string {
		return fmt.Sprintf(":root { --accent: %s; --accent-strong: %s; --on-accent: %s; --chosen: %s; }", a.Colour, a.Strong, a.On, a.Chosen)
	}
	return rule(c.Light) + "\n@media (prefers-color-scheme: dark) {\n  " + rule(c.Dark) + "\n}\n"
}
