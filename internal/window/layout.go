package window

import (
	"image"
	"strings"
	"unicode/utf8"
)

// Measure knows how large text is, in pixels of the screen.
type Measure interface {
	Width(kind Kind, text string) int
	Line(kind Kind) int // height of a line, with the gap to the next
}

// Sizes of a window in pixels at 96 dpi; Layout multiplies them.
const (
	Wide       = 460 // of a window
	margin     = 16
	gap        = 10
	padX, padY = 14, 8 // around the text of a button, and of a field
	leastWide  = 88    // of a button
	logLines   = 7
	leastLog   = 2
)

// Placed is an item of a Scene with its place.
type Placed struct {
	Item
	At    image.Rectangle // of what can be pressed or typed into, or of the text
	Over  image.Rectangle // of a field's label, above it
	Lines []string        // the text, broken
}

// Layout places the items of a scene in a window of some width, and returns the height. It is at most most where
// a log can be lower for that.
func Layout(s Scene, width, most int, scale float64, m Measure) (all []Placed, height int) {
	for log := logLines; ; log-- {
		if all, height = layout(s, width, log, scale, m); height <= most || log == leastLog {
			return all, height
		}
	}
}

func layout(s Scene, width, log int, scale float64, m Measure) (all []Placed, height int) {
	px := func(n int) int { return int(float64(n)*scale + 0.5) }
	inside := width - 2*px(margin)
	y := px(margin)
	for i := 0; i < len(s.Items); {
		n := i + 1
		for s.Items[i].Row != 0 && n < len(s.Items) && s.Items[n].Row == s.Items[i].Row {
			n++
		}
		row := place(s.Items[i:n], px(margin), y, inside, log, px, m)
		bottom := y
		for _, p := range row {
			bottom = max(bottom, p.At.Max.Y)
		}
		for k, p := range row { // what is less high stands in the middle of the line, a button at the bottom
			if d := bottom - p.At.Max.Y; d > 0 && row[0].Kind != Button {
				if p.Kind != Button || row[0].Kind != Field {
					d /= 2
				}
				row[k].At = p.At.Add(image.Pt(0, d))
			}
		}
		all = append(all, row...)
		y = bottom + px(gap)
		i = n
	}
	return all, y - px(gap) + px(margin)
}

// place puts items side by side: buttons as wide as they must be, at the end of the line; the rest shares what is left.
func place(items []Item, x, y, inside, log int, px func(int) int, m Measure) []Placed {
	row := make([]Placed, len(items))
	taken, flexible := px(gap)*(len(items)-1), 0
	for i, it := range items {
		row[i].Item = it
		if it.Kind == Button {
			row[i].At.Max.X = max(px(leastWide), m.Width(Button, it.Text)+2*px(padX))
			if it.Look == Danger && len(items) == 1 {
				row[i].At.Max.X = inside // not to be missed
			}
			taken += row[i].At.Max.X
		} else {
			flexible++
		}
	}
	if taken > inside && flexible == 0 && len(items) > 1 { // too much for one line
		half := (len(items) + 1) / 2
		first := place(items[:half], x, y, inside, log, px, m)
		return append(first, place(items[half:], x, first[0].At.Max.Y+px(gap), inside, log, px, m)...)
	}
	left := x
	if flexible == 0 {
		left = x + inside - taken
	}
	for i := range row {
		p := &row[i]
		w := p.At.Max.X
		if p.Kind != Button {
			w = (inside - taken) / flexible
		}
		w = min(w, inside)
		top, high := y, 0
		switch p.Kind {
		case Button:
			high = m.Line(Button) + 2*px(padY)
		case Field:
			p.Over = image.Rect(left, y, left+w, y+m.Line(Small))
			top += m.Line(Small) + px(2)
			high = m.Line(Field) + 2*px(padY)
		case Lines:
			p.Over = image.Rect(left, y, left+w, y+m.Line(Small))
			top += m.Line(Small) + px(2)
			high = log*m.Line(Text) + 2*px(padY)
			p.Lines = Break(p.Text, w-2*px(padX), func(s string) int { return m.Width(Text, s) })
		default:
			p.Lines = Break(p.Text, w, func(s string) int { return m.Width(p.Kind, s) })
			high = len(p.Lines) * m.Line(p.Kind)
		}
		p.At = image.Rect(left, top, left+w, top+high)
		left += w + px(gap)
	}
	return row
}

// Break breaks a text into lines of at most some width, at spaces where there are some.
func Break(text string, width int, measure func(string) int) (lines []string) {
	for _, paragraph := range strings.Split(text, "\n") {
		line := ""
		for _, word := range strings.Fields(paragraph) {
			longer := word
			if line != "" {
				longer = line + " " + word
			}
			if measure(longer) <= width {
				line = longer
				continue
			}
			if line != "" {
				lines = append(lines, line)
			}
			for measure(word) > width { // a word that fits no line
				n := fitting(word, width, measure)
				lines = append(lines, word[:n])
				word = word[n:]
			}
			line = word
		}
		lines = append(lines, line)
	}
	return lines
}

// fitting is how many bytes of a word fit, at least one character.
func fitting(word string, width int, measure func(string) int) int {
	_, n := utf8.DecodeRuneInString(word)
	for n < len(word) {
		_, more := utf8.DecodeRuneInString(word[n:])
		if measure(word[:n+more]) > width {
			break
		}
		n += more
	}
	return n
}

// Elide shortens a text to at most some width, with an ellipsis in place of its end.
func Elide(text string, width int, measure func(string) int) string {
	if measure(text) <= width {
		return text
	}
	const dots = "…"
	n := 0
	for n < len(text) {
		_, more := utf8.DecodeRuneInString(text[n:])
		if measure(text[:n+more]+dots) > width {
			break
		}
		n += more
	}
	return strings.TrimRight(text[:n], " ") + dots
}
