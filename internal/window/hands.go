package window

import (
	"slices"
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
)

// Hands are the guest's keyboard and mouse on the scenes of a Model, for drawers whose system has no
// controls. They are used by one goroutine.
type Hands struct {
	Model *Model
	Scene Scene
	Focus ID  // has the keyboard
	Caret int // in the field that has it, in bytes
	Up    int // lines that the log is scrolled back
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
		h.Caret = min(h.Caret, len(item.Text))
	}
}

func (h *Hands) focus(id ID) {
	h.Focus = id
	item, _ := h.Scene.Item(id)
	h.Caret = len(item.Text)
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

func (h *Hands) edit(item Item, k Key, text string) {
	s, at := item.Text, min(h.Caret, len(item.Text))
	before := func() int { _, n := utf8.DecodeLastRuneInString(s[:at]); return n }
	after := func() int { _, n := utf8.DecodeRuneInString(s[at:]); return n }
	switch k {
	case Left:
		h.Caret = at - before()
		return
	case Right:
		h.Caret = at + after()
		return
	case Home:
		h.Caret = 0
		return
	case EndKey:
		h.Caret = len(s)
		return
	case Backspace:
		n := before()
		s, at = s[:at-n]+s[at:], at-n
	case Delete:
		s = s[:at] + s[at+after():]
	case Space, Typed:
		clean := []rune{}
		for _, r := range text {
			if unicode.IsSpace(r) {
				r = ' '
			}
			if unicode.IsGraphic(r) {
				clean = append(clean, r)
			}
		}
		s, at = s[:at]+string(clean)+s[at:], at+len(string(clean))
	}
	h.Caret = at
	h.Model.Edit(item.ID, s)
	h.Scene = h.Model.Scene()
}
