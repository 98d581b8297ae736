package window

import (
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Key is one that a window without controls of its own knows.
type Key uint8

// Keys; Typed stands for all that give characters but Space.
const (
	Typed Key = iota
	Space
	Enter
	Escape
	Tab
	BackTab
	Left
	Right
	Home
	EndKey
	Backspace
	Delete
	PageUp
	PageDown
	WordLeft
	WordRight
	WordBack   // Ctrl+Backspace
	WordDelete // Ctrl+Delete
	SelectAll
)

// Hands are the guest's keyboard and mouse on the scenes of a Model, for drawers whose system has no
// controls. They are used by one goroutine.
type Hands struct {
	Model *Model
	Scene Scene
	Focus ID   // has the keyboard
	Caret int  // in the field that has it, in bytes
	Mark  int  // the other end of what is selected in it, in bytes; the same as Caret for nothing
	Shift bool // is held: a movement of the caret selects
	Up    int  // lines that the log is scrolled back
	begun bool
}

// Refresh takes the model's present scene.
func (h *Hands) Refresh() {
	before := h.Scene.Number
	h.Scene = h.Model.Scene()
	if !h.begun || before != h.Scene.Number {
		h.begun, h.Up = true, 0
		h.focus(h.Scene.Focus)
		return
	}
	item, there := h.Scene.Item(h.Focus)
	if !there || item.Off && item.ID != h.Scene.Focus { // a question's Deny keeps it while it does not listen yet
		h.focus(h.Scene.Focus)
	} else if item.Kind == Field {
		h.Caret, h.Mark = min(h.Caret, len(item.Text)), min(h.Mark, len(item.Text))
	}
}

// Selected is what is selected in the field that has the keyboard: from and to in bytes, equal for nothing.
func (h *Hands) Selected() (from, to int) { return min(h.Caret, h.Mark), max(h.Caret, h.Mark) }

func (h *Hands) focus(id ID) {
	h.Focus = id
	item, _ := h.Scene.Item(id)
	h.Caret, h.Mark = len(item.Text), len(item.Text)
}

// Click is a press and release of the mouse on an item.
func (h *Hands) Click(id ID) {
	item, there := h.Scene.Item(id)
	switch {
	case !there:
	case item.Kind == Field:
		h.focus(id)
	case item.Kind == Button && !item.Off:
		h.Model.Press(id)
	}
}

// Shut is the closing of the window.
func (h *Hands) Shut() { h.Model.Press(h.Scene.Shut) }

// Press takes a key; text is what it types.
func (h *Hands) Press(k Key, text string) {
	item, _ := h.Scene.Item(h.Focus)
	switch k {
	case Escape:
		if h.Scene.Escape != "" {
			h.Model.Press(h.Scene.Escape)
		}
		return
	case Enter:
		switch {
		case item.Kind == Button && !h.Scene.Always:
			h.Model.Press(item.ID)
		case h.Scene.Enter != "":
			h.Model.Press(h.Scene.Enter)
		}
		return
	case Tab, BackTab:
		h.step(k == BackTab)
		return
	case PageUp:
		h.Up += logLines - 1
		return
	case PageDown:
		h.Up = max(0, h.Up-logLines+1)
		return
	}
	switch {
	case item.Kind == Field:
		h.edit(item, k, text)
	case item.Kind == Button && k == Space && !item.Off:
		h.Model.Press(item.ID)
	}
}

// step moves the focus.
func (h *Hands) step(back bool) {
	var stops []ID
	for _, i := range h.Scene.Items {
		if (i.Kind == Button || i.Kind == Field) && !i.Off {
			stops = append(stops, i.ID)
		}
	}
	if len(stops) == 0 {
		return
	}
	n := slices.Index(stops, h.Focus)
	switch {
	case back && n <= 0:
		n = len(stops) - 1
	case back:
		n--
	default:
		n = (n + 1) % len(stops)
	}
	h.focus(stops[n])
}

// edit is a key in a field.
func (h *Hands) edit(item Item, k Key, text string) {
	s := item.Text
	at, mark := min(h.Caret, len(s)), min(h.Mark, len(s))
	from, to := min(at, mark), max(at, mark)
	if place, moves := moved(s, at, k); moves {
		if !h.Shift && from != to && (k == Left || k == Right) { // to the end of what was selected
			place = map[Key]int{Left: from, Right: to}[k]
		}
		h.Caret = place
		if !h.Shift {
			h.Mark = place
		}
		return
	}
	put := ""
	switch k {
	case SelectAll:
		h.Caret, h.Mark = len(s), 0
		return
	case Backspace, WordBack, Delete, WordDelete:
		if from == to {
			way := map[Key]Key{Backspace: Left, WordBack: WordLeft, Delete: Right, WordDelete: WordRight}[k]
			other, _ := moved(s, at, way)
			from, to = min(at, other), max(at, other)
		}
	case Space, Typed:
		put = typed(text)
	default:
		return
	}
	h.Caret = from + len(put)
	h.Mark = h.Caret
	h.Model.Edit(item.ID, s[:from]+put+s[to:])
	h.Scene = h.Model.Scene()
}

// typed is what a field takes of what is typed or pasted: one line of what can be seen.
func typed(text string) string {
	var b strings.Builder
	for _, r := range text {
		if unicode.IsSpace(r) {
			r = ' '
		}
		if unicode.IsGraphic(r) && r != utf8.RuneError {
			b.WriteRune(r)
		}
	}
	return b.String()
}

// moved is where the caret goes by a key; moves is false for one that does not move it.
func moved(s string, at int, k Key) (to int, moves bool) {
	left := func() (r rune) { r, n := utf8.DecodeLastRuneInString(s[:at]); at -= n; return r }
	right := func() (r rune) { r, n := utf8.DecodeRuneInString(s[at:]); at += n; return r }
	switch k {
	case Left:
		left()
	case Right:
		right()
	case Home:
		at = 0
	case EndKey:
		at = len(s)
	case WordLeft: // to the beginning of a word
		for at > 0 && left() == ' ' {
		}
		for at > 0 && s[at-1] != ' ' {
			left()
		}
	case WordRight: // behind a word
		for at < len(s) && s[at] == ' ' {
			at++
		}
		for at < len(s) && s[at] != ' ' {
			right()
		}
	default:
		return at, false
	}
	return at, true
}
