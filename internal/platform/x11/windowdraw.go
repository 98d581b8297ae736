//go:build linux

package x11

import (
	"image"
	"image/color"
	"image/draw"
	"os"
	"strconv"
	"strings"

	"github.com/jezek/xgb/randr"
	"github.com/jezek/xgb/xproto"

	"pindesk/internal/window"
)

// palette are the colours of a window; each text has a contrast of at least 4.5:1 on what is below it.
type palette struct {
	back, text, small, warning, box, edge, focus     color.RGBA
	button, primary, onPrimary, danger, off, offText color.RGBA
	chosen                                           color.RGBA // behind selected text
}

func rgb(v uint32) color.RGBA { return color.RGBA{uint8(v >> 16), uint8(v >> 8), uint8(v), 255} }

var (
	light = palette{back: rgb(0xf7f7f8), text: rgb(0x1b1d22), small: rgb(0x565b66), warning: rgb(0x9a2a00), box: rgb(0xffffff), edge: rgb(0x80858f), focus: rgb(0x1a5fd0),
		button: rgb(0xe3e5ea), primary: rgb(0x1a56b8), onPrimary: rgb(0xffffff), danger: rgb(0xb3261e), off: rgb(0xececef), offText: rgb(0x6c717b), chosen: rgb(0xb7d3ff)}
	dark = palette{back: rgb(0x1e2025), text: rgb(0xf0f1f4), small: rgb(0xb4b9c4), warning: rgb(0xffb38a), box: rgb(0x121317), edge: rgb(0x868c98), focus: rgb(0x8ab4ff),
		button: rgb(0x3a3e47), primary: rgb(0x2f6bd0), onPrimary: rgb(0xffffff), danger: rgb(0xc0352c), off: rgb(0x2a2d34), offText: rgb(0x9197a3), chosen: rgb(0x2b4a80)}
)

// settings reads how large and how light the guest has things: Xft.dpi of the desktop's resources, or GDK_SCALE;
// and a theme that says dark.
func (w *Window) settings() (scale float64, look palette) {
	scale, look = 1, light
	if n, err := strconv.ParseFloat(os.Getenv("GDK_SCALE"), 64); err == nil && n >= 1 && n <= 4 {
		scale = n
	}
	if strings.Contains(strings.ToLower(os.Getenv("GTK_THEME")), "dark") {
		look = dark
	}
	p, err := xproto.GetProperty(w.c.x, false, w.c.screen.Root, xproto.AtomResourceManager, xproto.AtomString, 0, 1<<14).Reply()
	if err != nil {
		return scale, look
	}
	for line := range strings.Lines(string(p.Value)) {
		if v, ok := strings.CutPrefix(strings.TrimSpace(line), "Xft.dpi:"); ok {
			if dpi, err := strconv.ParseFloat(strings.TrimSpace(v), 64); err == nil && dpi >= 72 && dpi <= 384 {
				scale = dpi / 96
			}
		}
	}
	return scale, look
}

func (w *Window) px(n int) int { return int(float64(n)*w.scale + 0.5) }

// font is the size and weight of a kind of text.
func (w *Window) font(k window.Kind) (pixels float64, bold bool) {
	switch k {
	case window.Heading:
		return 19 * w.scale, true
	case window.Small:
		return 13 * w.scale, false
	}
	return 15 * w.scale, false
}

// measure is window.Measure for a Window's fonts.
type measure struct{ w *Window }

func (m measure) Width(k window.Kind, text string) int {
	pixels, bold := m.w.font(k)
	return m.w.fonts.Width(text, pixels, bold)
}

func (m measure) Line(k window.Kind) int {
	height, _ := m.w.fonts.Height(m.w.font(k))
	return height
}

// canvas is a picture that a window is painted in.
type canvas struct {
	w   *Window
	img *image.RGBA
}

func (w *Window) canvas(p *pane) canvas {
	return canvas{w, image.NewRGBA(image.Rect(0, 0, p.w, p.h))}
}

func (c canvas) fill(r image.Rectangle, colour color.RGBA) {
	draw.Draw(c.img, r, image.NewUniform(colour), image.Point{}, draw.Src)
}

// frame draws the edge of a rectangle, inside it.
func (c canvas) frame(r image.Rectangle, thick int, colour color.RGBA) {
	c.fill(image.Rect(r.Min.X, r.Min.Y, r.Max.X, r.Min.Y+thick), colour)
	c.fill(image.Rect(r.Min.X, r.Max.Y-thick, r.Max.X, r.Max.Y), colour)
	c.fill(image.Rect(r.Min.X, r.Min.Y, r.Min.X+thick, r.Max.Y), colour)
	c.fill(image.Rect(r.Max.X-thick, r.Min.Y, r.Max.X, r.Max.Y), colour)
}

// text writes a line whose top left corner is at a point, and nothing outside of a rectangle.
func (c canvas) text(at image.Point, inside image.Rectangle, k window.Kind, text string, colour color.RGBA) {
	pixels, bold := c.w.font(k)
	_, base := c.w.fonts.Height(pixels, bold)
	if part, ok := c.img.SubImage(inside).(*image.RGBA); ok && !part.Rect.Empty() {
		c.w.fonts.Draw(part, at.Add(image.Pt(0, base)), text, pixels, bold, colour)
	}
}

// show puts the picture on the screen, in pieces: a request has at most 256 kB.
func (c canvas) show(p *pane) {
	pix := c.img.Pix
	for i := 0; i < len(pix); i += 4 {
		pix[i], pix[i+2] = pix[i+2], pix[i]
	}
	rows := max(1, 200_000/(4*p.w))
	for y := 0; y < p.h; y += rows {
		n := min(rows, p.h-y)
		xproto.PutImage(c.w.c.x, xproto.ImageFormatZPixmap, xproto.Drawable(p.id), p.gc, uint16(p.w), uint16(n), 0, int16(y), 0, c.w.c.screen.RootDepth, pix[4*p.w*y:4*p.w*(y+n)])
	}
}

func (w *Window) paintMain() {
	c := w.canvas(&w.main)
	c.fill(c.img.Rect, w.look.back)
	for _, p := range w.main.placed {
		switch p.Kind {
		case window.Button:
			w.paintButton(c, p.Item, p.At, w.hands.Focus == p.ID)
		case window.Field:
			w.paintField(c, p)
		case window.Lines:
			w.paintLog(c, p)
		default:
			colour := map[window.Kind]color.RGBA{window.Small: w.look.small, window.Warning: w.look.warning}[p.Kind]
			if colour.A == 0 {
				colour = w.look.text
			}
			for i, line := range p.Lines {
				c.text(p.At.Min.Add(image.Pt(0, i*measure{w}.Line(p.Kind))), c.img.Rect, p.Kind, line, colour)
			}
		}
	}
	c.show(&w.main)
}

func (w *Window) paintButton(c canvas, b window.Item, at image.Rectangle, focus bool) {
	l := w.look
	back, text := l.button, l.text
	switch {
	case b.Off:
		back, text = l.off, l.offText
	case b.Look == window.Primary:
		back, text = l.primary, l.onPrimary
	case b.Look == window.Danger:
		back, text = l.danger, l.onPrimary
	}
	c.fill(at, back)
	if b.Look == window.Plain || b.Off {
		c.frame(at, w.px(1), l.edge)
	}
	if focus {
		c.frame(at.Inset(-w.px(3)), w.px(2), l.focus)
	}
	m := measure{w}
	room := at.Inset(w.px(4))
	left := max(room.Min.X, at.Min.X+(at.Dx()-m.Width(window.Button, b.Text))/2)
	c.text(image.Pt(left, at.Min.Y+(at.Dy()-m.Line(window.Button))/2), room, window.Button, b.Text, text)
}

func (w *Window) paintField(c canvas, p window.Placed) {
	l, m := w.look, measure{w}
	c.text(p.Over.Min, c.img.Rect, window.Small, p.Label, l.small)
	c.fill(p.At, l.box)
	focus := w.hands.Focus == p.ID
	if focus {
		c.frame(p.At, w.px(2), l.focus)
	} else {
		c.frame(p.At, w.px(1), l.edge)
	}
	room := p.At.Inset(w.px(8))
	room.Min.Y, room.Max.Y = p.At.Min.Y, p.At.Max.Y
	caret := 0
	if focus {
		caret = m.Width(window.Field, p.Text[:min(w.hands.Caret, len(p.Text))])
	}
	left := room.Min.X - max(0, caret-room.Dx()+w.px(2)) // so that the caret is in view
	top := p.At.Min.Y + (p.At.Dy()-m.Line(window.Field))/2
	if from, to := w.hands.Selected(); focus && from < to && to <= len(p.Text) {
		c.fill(image.Rect(left+m.Width(window.Field, p.Text[:from]), top, left+m.Width(window.Field, p.Text[:to]), top+m.Line(window.Field)).Intersect(room), l.chosen)
	}
	c.text(image.Pt(left, top), room, window.Field, p.Text, l.text)
	if focus {
		c.fill(image.Rect(left+caret, top, left+caret+max(1, w.px(1)), top+m.Line(window.Field)), l.text)
	}
}

func (w *Window) paintLog(c canvas, p window.Placed) {
	l, m := w.look, measure{w}
	c.text(p.Over.Min, c.img.Rect, window.Small, p.Label, l.small)
	c.fill(p.At, l.box)
	c.frame(p.At, w.px(1), l.edge)
	room := p.At.Inset(w.px(8))
	fits := max(1, room.Dy()/m.Line(window.Text))
	w.hands.Up = min(w.hands.Up, max(0, len(p.Lines)-fits))
	end := len(p.Lines) - w.hands.Up
	for i, line := range p.Lines[max(0, end-fits):end] {
		c.text(room.Min.Add(image.Pt(0, i*m.Line(window.Text))), room, window.Text, line, l.text)
	}
	if over := len(p.Lines) - fits; over > 0 { // where the log is scrolled to
		high := max(w.px(16), p.At.Dy()*fits/len(p.Lines))
		y := p.At.Min.Y + (p.At.Dy()-high)*(over-w.hands.Up)/over
		c.fill(image.Rect(p.At.Max.X-w.px(6), y, p.At.Max.X-w.px(2), y+high), l.edge)
	}
}

// refreshBanner shows, moves, paints or hides the banner.
func (w *Window) refreshBanner() {
	b, on := w.model.Banner()
	p := &w.banner
	if !on {
		if p.on {
			xproto.UnmapWindow(w.c.x, p.id)
			p.on = false
		}
		return
	}
	m := measure{w}
	high := m.Line(window.Text) + w.px(12)
	area := w.area()
	room := area.Dx() - w.px(12+12)
	for _, item := range b.Buttons {
		room -= m.Width(window.Button, item.Text) + w.px(20+6)
	}
	b.Text = window.Elide(b.Text, room, func(s string) int { return m.Width(window.Text, s) })
	x := w.px(12)
	text := image.Rect(x, 0, x+m.Width(window.Text, b.Text), high)
	x = text.Max.X + w.px(12)
	p.placed = p.placed[:0]
	for _, item := range b.Buttons {
		wide := m.Width(window.Button, item.Text) + w.px(20)
		p.placed = append(p.placed, window.Placed{Item: item, At: image.Rect(x, w.px(3), x+wide, high-w.px(3))})
		x += wide + w.px(6)
	}
	width := x
	if !p.on || p.w != width || p.h != high {
		if !p.on || p.w != width {
			p.x, p.y = area.Min.X+(area.Dx()-width)/2, area.Min.Y
		}
		p.w, p.h = width, high
		xproto.ConfigureWindow(w.c.x, p.id, xproto.ConfigWindowX|xproto.ConfigWindowY|xproto.ConfigWindowWidth|xproto.ConfigWindowHeight,
			[]uint32{uint32(max(p.x, 0)), uint32(max(p.y, 0)), uint32(width), uint32(high)})
	}
	if !p.on {
		p.on = true
		w.name(p, b.Label)
		xproto.MapWindow(w.c.x, p.id)
		xproto.ConfigureWindow(w.c.x, p.id, xproto.ConfigWindowStackMode, []uint32{xproto.StackModeAbove})
	}
	c := w.canvas(p)
	back, ink := rgb(0xfff3c4), rgb(0x2b2200)
	if b.Alarm {
		back, ink = rgb(0xffd9d6), rgb(0x4a0d08)
	}
	c.fill(c.img.Rect, back)
	c.frame(c.img.Rect, w.px(1), rgb(0x6b5d2a))
	c.text(image.Pt(text.Min.X, (high-m.Line(window.Text))/2), c.img.Rect, window.Text, b.Text, ink)
	for _, placed := range p.placed {
		w.paintButton(c, placed.Item, placed.At, false)
	}
	c.show(p)
}

// area is the primary monitor, or the whole screen.
func (w *Window) area() image.Rectangle {
	s := w.c.screen
	whole := image.Rect(0, 0, int(s.WidthInPixels), int(s.HeightInPixels))
	if g, err := xproto.GetGeometry(w.c.x, w.c.root).Reply(); err == nil { // it may have changed
		whole = image.Rect(0, 0, int(g.Width), int(g.Height))
	}
	if _, ok, err := w.c.extend("RANDR"); err != nil || !ok {
		return whole
	}
	if _, err := randr.QueryVersion(w.c.x, 1, 5).Reply(); err != nil {
		return whole
	}
	list, err := randr.GetMonitors(w.c.x, s.Root, true).Reply()
	if err != nil {
		return whole
	}
	best := image.Rectangle{}
	for _, m := range list.Monitors {
		if r := image.Rect(int(m.X), int(m.Y), int(m.X)+int(m.Width), int(m.Y)+int(m.Height)).Intersect(whole); best.Empty() || m.Primary && !r.Empty() {
			best = r
		}
	}
	if best.Empty() {
		return whole
	}
	return best
}
