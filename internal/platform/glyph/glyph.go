// Package glyph draws text with the fonts that it finds on the system, for windows on systems that
// draw none by themselves. What one font lacks it takes from another; where there is no font at
// all it uses Go's own, which has Latin, Greek and Cyrillic. A hostile font neither ends the program (the parser's
// panics are caught where it is called) nor takes memory without a cap. It knows no bidirectional text and no
// ligatures: characters stand one after another. Only package x11 imports it.
package glyph

import (
	"encoding/binary"
	"errors"
	"image"
	"image/color"
	"image/draw"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"golang.org/x/image/font"
	"golang.org/x/image/font/gofont/gobold"
	"golang.org/x/image/font/gofont/goregular"
	"golang.org/x/image/font/opentype"
	"golang.org/x/image/math/fixed"
)

// Folders are where systems keep fonts.
func Folders() []string {
	home, _ := os.UserHomeDir()
	return []string{"/usr/share/fonts", "/usr/local/share/fonts", filepath.Join(home, ".local/share/fonts"), filepath.Join(home, ".fonts"), "/run/current-system/sw/share/X11/fonts"}
}

// preferred are the files of text fonts that read well on screens, best first, with their bold ones.
var preferred = [][2]string{
	{"NotoSans-Regular.ttf", "NotoSans-Bold.ttf"},
	{"DejaVuSans.ttf", "DejaVuSans-Bold.ttf"},
	{"Ubuntu-R.ttf", "Ubuntu-B.ttf"},
	{"LiberationSans-Regular.ttf", "LiberationSans-Bold.ttf"},
	{"Cantarell-Regular.otf", "Cantarell-Bold.otf"},
	{"OpenSans-Regular.ttf", "OpenSans-Bold.ttf"},
	{"FreeSans.ttf", "FreeSansBold.ttf"},
}

// Bounds, as fonts are files of anybody and texts are what anybody writes.
const (
	maxFiles  = 4000      // that are looked at on a system with very many fonts
	maxSize   = 128 << 20 // of a file, in bytes
	maxKnown  = 4096      // characters that are remembered, of a size
	maxPixels = 200       // of a size
)

// Fonts are the fonts of one window. They are used by one goroutine.
type Fonts struct {
	files  []string // all font files
	opened map[string]*file
	sizes  map[size]*faces
	absent map[rune]bool // no font has it
	close  []*os.File
}

type file struct{ fonts []*opentype.Font }

type size struct {
	pixels float64
	bold   bool
}

// faces are the fonts of one size: the text font first, then those that had what it lacked.
type faces struct {
	all  []font.Face
	from []*opentype.Font
	of   map[rune]int
	wide map[rune]fixed.Int26_6
}

// New looks for fonts in folders. It does not fail.
func New(folders []string) *Fonts {
	f := &Fonts{opened: map[string]*file{}, sizes: map[size]*faces{}, absent: map[rune]bool{}}
	for _, dir := range folders {
		_ = filepath.WalkDir(dir, func(path string, _ fs.DirEntry, _ error) error { // what cannot be read is no font
			if len(f.files) >= maxFiles {
				return fs.SkipAll
			}
			switch strings.ToLower(filepath.Ext(path)) {
			case ".ttf", ".otf", ".ttc", ".otc":
				f.files = append(f.files, path)
			}
			return nil
		})
	}
	slices.SortStableFunc(f.files, func(a, b string) int { return rank(a) - rank(b) })
	return f
}

// rank puts plain text fonts before the others, in which characters are looked for last.
func rank(path string) int {
	name := filepath.Base(path)
	switch {
	case strings.Contains(name, "Bold"), strings.Contains(name, "Italic"), strings.Contains(name, "Oblique"), strings.Contains(name, "Mono"), strings.Contains(name, "Serif"):
		return 1
	}
	return 0
}

// Close closes the files.
func (f *Fonts) Close() {
	for _, c := range f.close {
		c.Close()
	}
}

// open parses a file without reading it whole; fonts of others are large.
func (f *Fonts) open(path string) []*opentype.Font {
	if o, ok := f.opened[path]; ok {
		return o.fonts
	}
	o := &file{}
	f.opened[path] = o
	about, err := os.Stat(path)
	if err != nil || !about.Mode().IsRegular() || about.Size() > maxSize { // a pipe would never open
		return nil
	}
	r, err := os.Open(path)
	if err != nil {
		return nil
	}
	if !plausible(r, about.Size()) {
		r.Close()
		return nil
	}
	c, err := parse(r)
	if err != nil {
		r.Close()
		return nil
	}
	f.close = append(f.close, r)
	o.first(c)
	return o.fonts
}

func (o *file) first(c *opentype.Collection) {
	defer func() { _ = recover() }()
	if one, err := c.Font(0); err == nil {
		o.fonts = append(o.fonts, one)
	}
}

func (f *Fonts) at(s size) *faces {
	if g, ok := f.sizes[s]; ok {
		return g
	}
	g := &faces{of: map[rune]int{}, wide: map[rune]fixed.Int26_6{}}
	f.sizes[s] = g
	which, own := 0, goregular.TTF
	if s.bold {
		which, own = 1, gobold.TTF
	}
search:
	for _, p := range preferred {
		for _, path := range f.files {
			if filepath.Base(path) != p[which] {
				continue
			}
			for _, one := range f.open(path) {
				if g.add(one, s) {
					break search
				}
			}
		}
	}
	if len(g.all) == 0 {
		if one, err := opentype.Parse(own); err == nil {
			g.add(one, s)
		}
	}
	return g
}

func (g *faces) add(one *opentype.Font, s size) (added bool) {
	defer func() { _ = recover() }()
	face, err := opentype.NewFace(one, &opentype.FaceOptions{Size: s.pixels, DPI: 72, Hinting: font.HintingFull})
	if err != nil {
		return false
	}
	g.all, g.from = append(g.all, face), append(g.from, one)
	return true
}

// shown is the character that stands for one: itself, or for one that no font has the sign for that, so that a
// name does not lose its letters unseen.
func (f *Fonts) shown(s size, r rune) (font.Face, rune) {
	if face := f.face(s, r); !f.absent[r] {
		return face, r
	}
	const unknown = '\ufffd'
	if face := f.face(s, unknown); !f.absent[unknown] {
		return face, unknown
	}
	return f.face(s, '?'), '?'
}

// face returns the face that has a character.
func (f *Fonts) face(s size, r rune) font.Face {
	g := f.at(s)
	if n, ok := g.of[r]; ok {
		return g.all[n]
	}
	n := f.find(g, s, r)
	if len(g.of) >= maxKnown {
		clear(g.of)
	}
	g.of[r] = n
	return g.all[n]
}

// find looks for a character in the fonts of a size, then in all.
func (f *Fonts) find(g *faces, s size, r rune) int {
	for n, one := range g.from {
		if has(one, r) {
			return n
		}
	}
	if f.absent[r] {
		return 0
	}
	for _, path := range f.files {
		for _, one := range f.open(path) {
			if has(one, r) && g.add(one, s) {
				return len(g.all) - 1
			}
		}
	}
	if len(f.absent) >= maxKnown {
		clear(f.absent)
		for _, g := range f.sizes { // what is in them without a font is to be looked for again
			clear(g.of)
		}
	}
	f.absent[r] = true
	return 0
}

func has(one *opentype.Font, r rune) (yes bool) {
	defer func() { _ = recover() }()
	n, err := one.GlyphIndex(nil, r)
	return err == nil && n != 0
}

// parse is opentype's, which fails instead of ending the program.
func parse(r io.ReaderAt) (c *opentype.Collection, err error) {
	defer func() {
		if recover() != nil {
			c, err = nil, errBroken
		}
	}()
	return opentype.ParseCollectionReaderAt(r)
}

var errBroken = errors.New("glyph: no font")

// plausible reports whether the tables of a font file lie in it: the parser takes memory for one before it reads it.
func plausible(r io.ReaderAt, size int64) bool {
	starts, head := []int64{0}, make([]byte, 16)
	if _, err := r.ReadAt(head[:12], 0); err != nil {
		return false
	}
	if string(head[:4]) == "ttcf" {
		n := binary.BigEndian.Uint32(head[8:])
		if n == 0 || n > 256 {
			return false
		}
		starts = starts[:0]
		for i := range int64(n) {
			if _, err := r.ReadAt(head[:4], 12+4*i); err != nil {
				return false
			}
			starts = append(starts, int64(binary.BigEndian.Uint32(head)))
		}
	}
	for _, start := range starts {
		if _, err := r.ReadAt(head[:12], start); err != nil {
			return false
		}
		for i := range int64(binary.BigEndian.Uint16(head[4:])) {
			entry := make([]byte, 16)
			if _, err := r.ReadAt(entry, start+12+16*i); err != nil {
				return false
			}
			if int64(binary.BigEndian.Uint32(entry[8:]))+int64(binary.BigEndian.Uint32(entry[12:])) > size {
				return false
			}
		}
	}
	return true
}

// Height is that of a line of some size, and where in it the baseline is.
func (f *Fonts) Height(pixels float64, bold bool) (height, baseline int) {
	pixels = min(pixels, maxPixels)
	most := int(2 * pixels)
	m := f.at(size{pixels, bold}).all[0].Metrics()
	ascent, descent := min(max(m.Ascent.Ceil(), 0), most), min(max(m.Descent.Ceil(), 0), most)
	height = max(min(m.Height.Ceil(), most), int(pixels*1.3+0.5))
	return height, (height+ascent-descent)/2 + descent/4
}

// Width is how wide a text becomes.
func (f *Fonts) Width(text string, pixels float64, bold bool) int {
	var w fixed.Int26_6
	s := size{min(pixels, maxPixels), bold}
	g := f.at(s)
	for _, r := range text {
		a, ok := g.wide[r]
		if !ok {
			face, sign := f.shown(s, r)
			a = advance(face, sign, s.pixels)
			if len(g.wide) >= maxKnown {
				clear(g.wide)
			}
			g.wide[r] = a
		}
		w += a
	}
	return w.Ceil()
}

// advance is how far a character goes, in a sane font.
func advance(face font.Face, r rune, pixels float64) (a fixed.Int26_6) {
	defer func() { _ = recover() }()
	a, _ = face.GlyphAdvance(r)
	return min(max(a, 0), fixed.I(int(4*pixels)))
}

// Draw writes one line with its left end and its baseline at a point.
func (f *Fonts) Draw(dst draw.Image, at image.Point, text string, pixels float64, bold bool, c color.Color) {
	s := size{min(pixels, maxPixels), bold}
	ink, dot := image.NewUniform(c), fixed.P(at.X, at.Y)
	for _, r := range text {
		face, sign := f.shown(s, r)
		glyph(dst, ink, dot, face, sign, s.pixels)
		dot.X += advance(face, sign, s.pixels)
	}
}

// glyph draws a character, unless it is larger than any of its size can be: the rasteriser takes memory for all of it.
func glyph(dst draw.Image, ink image.Image, dot fixed.Point26_6, face font.Face, r rune, pixels float64) {
	defer func() { _ = recover() }()
	b, _, ok := face.GlyphBounds(r)
	if most := fixed.I(int(8 * pixels)); !ok || b.Min.X < -most || b.Min.Y < -most || b.Max.X > most || b.Max.Y > most {
		return
	}
	if box, mask, from, _, ok := face.Glyph(dot, r); ok {
		draw.DrawMask(dst, box, ink, image.Point{}, mask, from, draw.Over)
	}
}
