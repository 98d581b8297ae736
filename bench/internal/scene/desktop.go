package scene

import (
	"image"
	"image/color"
	"image/draw"
	"math/rand/v2"

	"golang.org/x/image/font"
	"golang.org/x/image/math/fixed"
)

// desktop covers the screen with a picture of one: a gradient, a photo, a page of text,
// icons, a task bar. Everything else is drawn over it.
func (c *canvas) desktop(o Options) error {
	img, err := desktop()
	if err != nil {
		return err
	}
	p, err := c.Pixmap(img)
	if err != nil {
		return err
	}
	if _, err := c.Window(0, 0, Width, Height, &p, false); err != nil {
		return err
	}
	return c.ready(o, 0)
}

func desktop() (*image.RGBA, error) {
	img := image.NewRGBA(image.Rect(0, 0, Width, Height))
	for y := range Height {
		for x := range Width {
			set(img, x, y, float64(30+40*y/Height), float64(60+60*x/Width), float64(110+60*y/Height))
		}
	}
	for y := range 360 {
		for x := range 600 {
			v := clouds(float64(x), float64(y))
			set(img, 1260+x, 680+y, 50+170*v, 90+120*v, 200-120*v)
		}
	}
	draw.Draw(img, image.Rect(1140, 60, 1860, 640), image.White, image.Point{}, draw.Src)
	face, err := monospace(13)
	if err != nil {
		return nil, err
	}
	pen := font.Drawer{Dst: img, Src: image.Black, Face: face}
	r := rand.New(rand.NewPCG(3, 3))
	for y := 80; y < 630; y += 17 {
		pen.Dot = fixed.P(1156, y)
		pen.DrawString(line(r, 88))
	}
	for i := range 8 {
		colour := color.RGBA{uint8(90 + 20*i), uint8(200 - 15*i), uint8(60 + 24*i), 255}
		draw.Draw(img, Icon.Add(image.Pt(0, i*110)), image.NewUniform(colour), image.Point{}, draw.Src)
	}
	draw.Draw(img, image.Rect(0, Height-36, Width, Height), image.NewUniform(color.RGBA{40, 44, 52, 255}), image.Point{}, draw.Src)
	return img, nil
}
