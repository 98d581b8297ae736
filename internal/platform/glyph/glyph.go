// Package glyph draws text with the fonts that it finds on the system, for windows on systems that
// draw none by themselves. What one font lacks it takes from another; where there is no font at
// all it uses Go's own, which has Latin, Greek and Cyrillic. It knows no bidirectional text and no
// ligatures: characters stand one after another. Only package x11 imports it.
package glyph

import (
	"image"
	"image/color"
	"image/draw"
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

// maxFiles bounds the search on a system with very many fonts.
const maxFiles = 4000

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
	r, err := os.Open(path)
	if err != nil {
		return nil
	}
	c, err := opentype.ParseCollectionReaderAt(r)
	if err != nil {
		r.Close()
		return nil
	}
	f.close = append(f.close, r)
	if one, err := c.Font(0); err == nil {
		o.fonts = append(o.fonts, one)
	}
	return o.fonts
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

func (g *faces) add(one *opentype.Font, s size) bool {
	face, err := opentype.NewFace(one, &opentype.FaceOptions{Size: s.pixels, DPI: 72, Hinting: font.HintingFull})
	if err != nil {
		return false
	}
	g.all, g.from = append(g.all, face), append(g.from, one)
	return true
}

// face returns the face that has a character.
func (f *Fonts) face(s size, r rune) font.Face {
	g := f.at(s)
	if n, ok := g.of[r]; ok {
		return g.all[n]
	}
	for n, one := range g.from {
		if has(one, r) {
			g.of[r] = n
			return g.all[n]
		}
	}
	g.of[r] = 0
	if f.absent[r] {
		return g.all[0]
	}
	for _, path := range f.files {
		for _, one := range f.open(path) {
			if has(one, r) && g.add(one, s) {
				g.of[r] = len(g.all) - 1
				return g.all[len(g.all)-1]
			}
		}
	}
	f.absent[r] = true
	return g.all[0]
}

func has(one *opentype.Font, r rune) bool {
	n, err := one.GlyphIndex(nil, r)
	return err == nil && n != 0
}

// Height is that of a line of some size, and where in it the baseline is.
func (f *Fonts) Height(pixels float64, bold bool) (height, baseline int) {
	m := f.at(size{pixels, bold}).all[0].Metrics()
	height = max(m.Height.Ceil(), int(pixels*1.3+0.5))
	return height, (height+m.Ascent.Ceil()-m.Descent.Ceil())/2 + m.Descent.Ceil()/4
}

// Width is how wide a text becomes.
func (f *Fonts) Width(text string, pixels float64, bold bool) int {
	var w fixed.Int26_6
	s := size{pixels, bold}
	g := f.at(s)
	for _, r := range text {
		a, ok := g.wide[r]
		if !ok {
			a, _ = f.face(s, r).GlyphAdvance(r)
			g.wide[r] = a
		}
		w += a
	}
	return w.Ceil()
}

// Draw writes one line with its left end and its baseline at a point.
func (f *Fonts) Draw(dst draw.Image, at image.Point, text string, pixels float64, bold bool, c color.Color) {
	s := size{pixels, bold}
	d := font.Drawer{Dst: dst, Src: image.NewUniform(c), Dot: fixed.P(at.X, at.Y)}
	for _, r := range text {
		d.Face = f.face(s, r)
		d.DrawString(string(r))
	}
}
