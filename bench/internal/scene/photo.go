package scene

import (
	"image"
	"math"
	"math/rand/v2"
)

// film shows 90 different frames, over and over.
const filmFrames = 90

// video is a playing film: each frame is one copy inside the X server, so that drawing costs
// next to nothing.
func video(c *canvas) (func(int) error, error) {
	w, h := film.Dx(), film.Dy()
	s, err := c.Window(film.Min.X, film.Min.Y, w, h, nil, false)
	if err != nil {
		return nil, err
	}
	show := make([]func(), filmFrames)
	for i := range show {
		p, err := c.Pixmap(filmFrame(i, w, h))
		if err != nil {
			return nil, err
		}
		show[i] = func() { c.Copy(p, s, 0, 0, 0, 0, w, h) }
	}
	if err := c.Sync(); err != nil {
		return nil, err
	}
	show[0]()
	return func(i int) error { show[i%filmFrames](); return nil }, nil
}

// filmFrame is a panning scene with three moving lit balls and light grain.
func filmFrame(i, w, h int) *image.RGBA {
	img := image.NewRGBA(image.Rect(0, 0, w, h))
	a := 2 * math.Pi * float64(i) / filmFrames
	px, py := 120*math.Cos(a)+300, 60*math.Sin(a)+300
	grain := rand.New(rand.NewPCG(uint64(i), 1))
	balls := []struct{ x, y, radius, r, g, b float64 }{
		{320 + 200*math.Cos(2*a), 180 + 100*math.Sin(a), 60, 230, 90, 60},
		{320 + 150*math.Sin(a), 180 + 90*math.Cos(3*a), 40, 60, 200, 90},
		{320 + 240*math.Cos(a+2), 180 + 60*math.Sin(2*a+1), 50, 70, 110, 240},
	}
	for y := range h {
		for x := range w {
			v := clouds(float64(x)+px, float64(y)+py)
			r, g, b := 60+150*v, 80+120*v, 60+100*(1-v)
			for _, k := range balls {
				dx, dy := float64(x)-k.x, float64(y)-k.y
				if q := (dx*dx + dy*dy) / (k.radius * k.radius); q < 1 {
					lit := math.Sqrt(1-q)*0.8 + 0.2
					r, g, b = k.r*lit, k.g*lit, k.b*lit
				}
			}
			e := float64(grain.IntN(9) - 4)
			set(img, x, y, r+e, g+e, b+e)
		}
	}
	return img
}

// photo is a landscape with the grain of film: about 4 levels of noise in brightness and 1 in
// colour, different in every pixel, as wallpapers have it that were once taken by a camera.
func photo(w, h int) *image.RGBA {
	img := image.NewRGBA(image.Rect(0, 0, w, h))
	grain := rand.New(rand.NewPCG(11, 2))
	for y := range h {
		horizon := 0.45*float64(h) + 90*(clouds(0, 1)-0.5)
		for x := range w {
			fx, fy := float64(x), float64(y)
			v := clouds(fx*0.6, fy)
			ridge := horizon + 160*(clouds(fx*0.35, 700)-0.5)
			var r, g, b float64
			if fy < ridge { // sky
				depth := fy / float64(h)
				r, g, b = 95+110*v+60*depth, 140+80*v+30*depth, 205+35*v
			} else { // hills
				near := (fy - ridge) / (float64(h) - ridge)
				r, g, b = 40+70*v+50*near, 75+85*v-10*near, 40+40*v
			}
			e := 4 * grain.NormFloat64()
			set(img, x, y, r+e+grain.NormFloat64(), g+e+grain.NormFloat64(), b+e+grain.NormFloat64())
		}
	}
	return img
}

// Steps of the dragged window: 10 pixels a frame, along both axes.
const (
	dragX = 8
	dragY = 6
)

// drag is a window of text that somebody drags over a photo that fills the screen.
func drag(c *canvas) (func(int) error, error) {
	wallpaper, err := c.Pixmap(photo(Width, Height))
	if err != nil {
		return nil, err
	}
	// The server itself repaints what comes to light, as it does for a desktop's wallpaper.
	if _, err := c.Window(0, 0, Width, Height, &wallpaper, false); err != nil {
		return nil, err
	}
	t, err := c.term(dragged)
	if err != nil {
		return nil, err
	}
	t.fill(t.rows)
	way := bounce{dragged.Min, image.Pt(dragX, dragY)}
	return func(int) error {
		way.step(dragged.Size())
		c.Move(t.s, way.at.X, way.at.Y)
		return nil
	}, nil
}

// bounce is a place that moves within dragArea and turns round at its edges.
type bounce struct{ at, by image.Point }

// step moves on what has that size.
func (b *bounce) step(size image.Point) {
	next := image.Rectangle{b.at.Add(b.by), b.at.Add(b.by).Add(size)}
	if next.Min.X < dragArea.Min.X || next.Max.X > dragArea.Max.X {
		b.by.X = -b.by.X
	}
	if next.Min.Y < dragArea.Min.Y || next.Max.Y > dragArea.Max.Y {
		b.by.Y = -b.by.Y
	}
	b.at = b.at.Add(b.by)
}

func set(img *image.RGBA, x, y int, r, g, b float64) {
	p := img.Pix[img.PixOffset(x, y):]
	p[0], p[1], p[2], p[3] = clamp(r), clamp(g), clamp(b), 255
}

func clamp(f float64) uint8 { return uint8(max(0, min(255, f))) }

// clouds is smooth noise of four sizes, 0 to 1.
func clouds(x, y float64) float64 {
	return 0.5*noise(x/64, y/64) + 0.25*noise(x/24, y/24) + 0.15*noise(x/9, y/9) + 0.1*noise(x/3, y/3)
}

// noise is a random value at each whole x and y, and smooth between them.
func noise(x, y float64) float64 {
	xi, yi := math.Floor(x), math.Floor(y)
	fx, fy := x-xi, y-yi
	fx, fy = fx*fx*(3-2*fx), fy*fy*(3-2*fy)
	i, j := int(xi), int(yi)
	return (at(i, j)*(1-fx)+at(i+1, j)*fx)*(1-fy) + (at(i, j+1)*(1-fx)+at(i+1, j+1)*fx)*fy
}

// at is the random value of a lattice point.
func at(x, y int) float64 {
	h := uint32(x)*374761393 + uint32(y)*668265263
	h = (h ^ h>>13) * 1274126177
	return float64((h^h>>16)&0xffff) / 0xffff
}
