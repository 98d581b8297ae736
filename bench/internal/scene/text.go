package scene

import (
	"fmt"
	"image"
	"image/color"
	"image/draw"
	"math/rand/v2"

	"golang.org/x/image/font"
	"golang.org/x/image/font/gofont/gomono"
	"golang.org/x/image/font/opentype"
	"golang.org/x/image/math/fixed"

	"pindesk/bench/internal/xdraw"
)

// monospace is the Go font, which is part of the module that draws it: the same on every machine.
func monospace(size float64) (font.Face, error) {
	f, err := opentype.Parse(gomono.TTF)
	if err != nil {
		return nil, fmt.Errorf("font: %w", err)
	}
	return opentype.NewFace(f, &opentype.FaceOptions{Size: size, DPI: 72, Hinting: font.HintingFull})
}

// words are what a terminal of somebody who needs help might show.
var words = []string{
	"the", "relay", "accepts", "frame", "0x3fe1", "error:", "window", "update", "for", "party", "203.0.113.7",
	"while", "encoder", "ready", "(pid", "4711)", "return", "nil", "if", "err", "!=", "packet", "queue", "GET",
	"/index.html", "200", "OK", "12:04:33", "warning", "level=info", "msg=", "connected",
}

// line is a line of text of at most cols characters.
func line(r *rand.Rand, cols int) string {
	s := ""
	for len(s) < cols-14-r.IntN(30) {
		s += words[r.IntN(len(words))] + " "
	}
	return s
}

// term is a window like a terminal's: anti-aliased monospaced glyphs, black on white.
type term struct {
	c          *canvas
	s          xdraw.Surface
	face       font.Face
	cw, ch     int // of a cell, in pixels
	cols, rows int
	w, h       int // of the window, in pixels
}

func (c *canvas) term(at image.Rectangle) (*term, error) {
	face, err := monospace(15)
	if err != nil {
		return nil, err
	}
	s, err := c.Window(at.Min.X, at.Min.Y, at.Dx(), at.Dy(), nil, false)
	if err != nil {
		return nil, err
	}
	advance, _ := face.GlyphAdvance('M') // the font has it
	t := &term{c: c, s: s, face: face, cw: advance.Ceil(), ch: 18, w: at.Dx(), h: at.Dy()}
	t.cols, t.rows = t.w/t.cw, t.h/t.ch
	if err := c.Sync(); err != nil {
		return nil, err
	}
	c.Fill(s, 0xffffff, 0, 0, t.w, t.h)
	return t, nil
}

func (t *term) text(col, row int, s string) {
	img := image.NewRGBA(image.Rect(0, 0, len(s)*t.cw, t.ch))
	draw.Draw(img, img.Bounds(), image.White, image.Point{}, draw.Src)
	pen := font.Drawer{Dst: img, Src: image.NewUniform(color.RGBA{20, 20, 20, 255}), Face: t.face}
	for i, r := range s {
		pen.Dot = fixed.P(i*t.cw, t.ch-5)
		pen.DrawString(string(r))
	}
	t.c.Put(t.s, img, col*t.cw, row*t.ch)
}

func (t *term) cursor(col, row int, on bool) {
	colour := uint32(0xffffff)
	if on {
		colour = 0x202020
	}
	t.c.Fill(t.s, colour, col*t.cw, row*t.ch, t.cw, t.ch)
}

func (t *term) scrollUp() {
	t.c.Copy(t.s, t.s, 0, t.ch, 0, 0, t.w, (t.rows-1)*t.ch)
	t.c.Fill(t.s, 0xffffff, 0, (t.rows-1)*t.ch, t.w, t.ch)
}

// fill writes the first rows full.
func (t *term) fill(rows int) {
	for r := range rows {
		if s := line(t.c.random, t.cols); s != "" {
			t.text(0, r, s)
		}
	}
}

// firstRow is where typing and the idle cursor stand; the rows above are full.
const firstRow = 12

// typing is a person who types 12 characters a second behind a block cursor.
func typing(c *canvas) (func(int) error, error) {
	t, err := c.term(terminal)
	if err != nil {
		return nil, err
	}
	row, col, text := firstRow, 0, line(c.random, t.cols)
	t.fill(row)
	t.cursor(col, row, true)
	return func(int) error {
		if col >= len(text) {
			t.cursor(col, row, false)
			col, text = 0, line(c.random, t.cols)
			row++
		}
		t.text(col, row, text[col:col+1])
		col++
		t.cursor(col, row, true)
		return nil
	}, nil
}

// scroll is a program's output: 20 lines a second, each moves all others up.
func scroll(c *canvas) (func(int) error, error) {
	t, err := c.term(terminal)
	if err != nil {
		return nil, err
	}
	t.fill(t.rows)
	return func(int) error { t.next(); return nil }, nil
}

// next writes one more line below the others, which move up.
func (t *term) next() {
	t.scrollUp()
	t.text(0, t.rows-1, line(t.c.random, t.cols))
}

// idle is a terminal that nobody uses: its cursor blinks, and there is a clock.
func idle(c *canvas) (func(int) error, error) {
	t, err := c.term(terminal)
	if err != nil {
		return nil, err
	}
	t.fill(firstRow)
	clock := func() { t.text(t.cols-8, t.rows-1, c.clock().Format("15:04:05")) }
	clock()
	return func(i int) error {
		t.cursor(0, firstRow, i%2 == 0)
		if i%2 == 0 {
			clock()
		}
		return nil
	}, nil
}
