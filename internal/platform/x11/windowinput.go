//go:build linux

package x11

import (
	"image"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/jezek/xgb"
	"github.com/jezek/xgb/xproto"

	"pindesk/internal/window"
)

// Keysyms of keys that a window knows.
const (
	symHome, symLeft, symRight, symPageUp, symPageDown, symEnd = 0xff50, 0xff51, 0xff53, 0xff55, 0xff56, 0xff57
	symDelete, symKPEnter, symLeftTab                          = 0xffff, 0xff8d, 0xfe20
)

// maxPaste is the most that is pasted into a field, in bytes.
const maxPaste = 4096

// handle takes an event of either window. Events that a program has sent, in place of a person's
// input, come as rawEvent (conn.go) and are nothing.
func (w *Window) handle(event xgb.Event) {
	switch e := event.(type) {
	case xproto.ExposeEvent:
		if e.Count == 0 {
			w.refresh()
		}
	case xproto.ButtonPressEvent:
		w.stamp = e.Time
		w.press(e)
	case xproto.ButtonReleaseEvent:
		w.stamp = e.Time
		w.release(e)
	case xproto.MotionNotifyEvent:
		if w.grip != nil && e.Event == w.banner.id {
			w.drag(int(e.RootX)-int(w.grip[0]), int(e.RootY)-int(w.grip[1]))
		}
	case xproto.KeyPressEvent:
		w.stamp = e.Time
		if e.Event == w.c.screen.Root {
			if w.panic[e.Detail] {
				w.model.Panic()
			}
			return
		}
		w.key(e)
	case xproto.VisibilityNotifyEvent:
		if e.Window == w.banner.id && e.State != xproto.VisibilityUnobscured && w.raised.IsZero() {
			w.raised = time.Now()
		}
	case xproto.ClientMessageEvent:
		if e.Window == w.main.id && e.Type == w.atoms["WM_PROTOCOLS"] && len(e.Data.Data32) > 0 && e.Data.Data32[0] == uint32(w.atoms["WM_DELETE_WINDOW"]) {
			w.hands.Shut()
		}
	case xproto.SelectionNotifyEvent:
		w.pasted(e)
	case xproto.MappingNotifyEvent:
		if keys, err := loadKeymap(w.c); err == nil {
			w.keys = keys
		}
	}
}

// at finds what is at a place of a window.
func at(p *pane, x, y int16) (window.Item, bool) {
	for _, placed := range p.placed {
		if (image.Point{X: int(x), Y: int(y)}).In(placed.At) {
			return placed.Item, true
		}
	}
	return window.Item{}, false
}

func (w *Window) press(e xproto.ButtonPressEvent) {
	p := &w.main
	if e.Event == w.banner.id {
		p = &w.banner
	}
	item, there := at(p, e.EventX, e.EventY)
	switch {
	case e.Detail == wheelUp || e.Detail == wheelDown:
		if there && item.Kind == window.Lines {
			w.hands.Up = max(0, w.hands.Up+map[bool]int{true: 2, false: -2}[e.Detail == wheelUp])
			w.refresh()
		}
	case e.Detail == 2 && there && item.Kind == window.Field:
		w.hands.Click(item.ID)
		w.paste(xproto.AtomPrimary)
	case e.Detail != 1:
	case there && !item.Off:
		w.pressed, w.inMain = item.ID, p == &w.main
		if item.Kind == window.Field {
			w.hands.Click(item.ID)
			w.refresh()
		}
	case p == &w.banner:
		w.grip = &[2]int16{e.EventX, e.EventY}
	}
}

// release presses a button whose press began on it, too.
func (w *Window) release(e xproto.ButtonReleaseEvent) {
	if e.Detail != 1 {
		return
	}
	w.grip = nil
	p := &w.main
	if e.Event == w.banner.id {
		p = &w.banner
	}
	item, there := at(p, e.EventX, e.EventY)
	began := w.pressed
	w.pressed = ""
	if !there || item.ID != began || item.Kind != window.Button || w.inMain != (p == &w.main) {
		return
	}
	if p == &w.banner {
		w.model.Press(item.ID)
	} else {
		w.hands.Click(item.ID)
	}
}

// drag moves the banner, which may hide something.
func (w *Window) drag(x, y int) {
	s := w.c.screen
	w.banner.x = min(max(x, 0), int(s.WidthInPixels)-w.px(40))
	w.banner.y = min(max(y, 0), int(s.HeightInPixels)-w.banner.h)
	xproto.ConfigureWindow(w.c.x, w.banner.id, xproto.ConfigWindowX|xproto.ConfigWindowY, []uint32{uint32(w.banner.x), uint32(w.banner.y)})
}

// key takes a key of the main window.
func (w *Window) key(e xproto.KeyPressEvent) {
	sym := w.keys.typed(e.Detail, e.State)
	shortcut := e.State&xproto.ModMaskControl != 0
	if e.State&xproto.ModMask1 != 0 {
		return // of the window manager, or of nothing
	}
	key, text := window.Typed, ""
	w.hands.Shift = e.State&xproto.ModMaskShift != 0
	switch sym = atKeypad(sym); sym {
	case symReturn, symKPEnter:
		key = window.Enter
	case symEscape:
		key = window.Escape
	case symTab, symLeftTab:
		key = window.Tab
		if sym == symLeftTab || e.State&xproto.ModMaskShift != 0 {
			key = window.BackTab
		}
	case symLeft:
		key = window.Left
	case symRight:
		key = window.Right
	case symHome:
		key = window.Home
	case symEnd:
		key = window.EndKey
	case symBackSpace:
		key = window.Backspace
	case symDelete:
		key = window.Delete
	case symPageUp:
		key = window.PageUp
	case symPageDown:
		key = window.PageDown
	default:
		r := runeOf(sym)
		switch {
		case shortcut && (r == 'v' || r == 'V'):
			w.paste(w.atoms["CLIPBOARD"])
			return
		case shortcut && (r == 'a' || r == 'A'):
			key, r = window.SelectAll, 0
		case shortcut || r < ' ':
			return
		case r == ' ':
			key = window.Space
		}
		text = string(r)
	}
	if shortcut {
		key = byWord(key)
	}
	w.hands.Press(key, text)
	w.refresh()
}

// byWord is what an editing key does with Ctrl.
func byWord(k window.Key) window.Key {
	switch k {
	case window.Left:
		return window.WordLeft
	case window.Right:
		return window.WordRight
	case window.Backspace:
		return window.WordBack
	case window.Delete:
		return window.WordDelete
	}
	return k
}

// atKeypad is the symbol of the key beside the letters that does the same as one of the keypad without Num Lock.
func atKeypad(sym xproto.Keysym) xproto.Keysym {
	switch sym {
	case 0xff95, 0xff96: // KP_Home, KP_Left
		return sym - 0xff95 + symHome
	case 0xff98: // KP_Right
		return symRight
	case 0xff9a, 0xff9b, 0xff9c: // KP_Prior, KP_Next, KP_End
		return sym - 0xff9a + symPageUp
	case 0xff9f: // KP_Delete
		return symDelete
	}
	return sym
}

// paste asks for a selection; pasted gets the answer.
func (w *Window) paste(selection xproto.Atom) {
	xproto.ConvertSelection(w.c.x, w.main.id, selection, w.atoms["UTF8_STRING"], w.atoms["PINDESK_PASTE"], w.stamp)
}

func (w *Window) pasted(e xproto.SelectionNotifyEvent) {
	if e.Property != w.atoms["PINDESK_PASTE"] {
		return
	}
	p, err := xproto.GetProperty(w.c.x, true, w.main.id, e.Property, w.atoms["UTF8_STRING"], 0, maxPaste/4).Reply()
	if err != nil || p.Format != 8 || !utf8.Valid(p.Value) {
		return
	}
	text := strings.TrimSpace(string(p.Value))
	text = strings.TrimPrefix(text, "file://")
	w.hands.Press(window.Typed, text)
	w.refresh()
}

// typed is the symbol that a key gives with these modifiers.
func (m *keymap) typed(kc xproto.Keycode, state uint16) xproto.Keysym {
	group := int(state >> groupShift & groupMask)
	level := 0
	if state&m.level3Mask != 0 {
		level |= level3Bit
	}
	shift := state&xproto.ModMaskShift != 0
	if isKeypad(m.at(kc, group, level|shiftBit)) && state&m.numMask != 0 {
		shift = !shift
	}
	if state&xproto.ModMaskLock != 0 && hasCase(runeOf(m.at(kc, group, level))) {
		shift = !shift
	}
	if shift {
		level |= shiftBit
	}
	for _, l := range []int{level, level &^ level3Bit, 0} {
		if s := m.at(kc, group, l); s != 0 {
			return s
		}
	}
	return 0
}

// panicKeys are those that take control back at once, best first; others may be in use by the desktop.
var panicKeys = []struct {
	name string
	sym  xproto.Keysym
}{{"Ctrl+Alt+Esc", symEscape}, {"Ctrl+Alt+End", symEnd}, {"Ctrl+Alt+Delete", symDelete}}

// grabPanic takes hold of the first keys that nobody else has, wherever the keyboard is, and says which. All
// other modifiers may be held with them: a viewer that holds Shift does not keep the guest from it.
func (w *Window) grabPanic() string {
	const base = xproto.ModMaskControl | xproto.ModMask1
	for _, k := range panicKeys {
		kc := w.keys.position(map[xproto.Keysym]string{symEscape: "Escape", symEnd: "End", symDelete: "Delete"}[k.sym])
		if kc == 0 || xproto.GrabKeyChecked(w.c.x, true, w.c.screen.Root, base, kc, xproto.GrabModeAsync, xproto.GrabModeAsync).Check() != nil {
			continue
		}
		for more := uint16(1); more < 256; more++ {
			if more&base == 0 {
				xproto.GrabKey(w.c.x, true, w.c.screen.Root, base|more, kc, xproto.GrabModeAsync, xproto.GrabModeAsync)
			}
		}
		w.panic[kc] = true
		return k.name
	}
	return ""
}
