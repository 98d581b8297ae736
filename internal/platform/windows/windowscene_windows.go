package windows

import (
	"fmt"
	"image"
	"strings"
	"unsafe"

	sys "golang.org/x/sys/windows"

	"pindesk/internal/window"
)

// taken is how much of a screen's height the task bar and the window's frame have, at 96 dpi.
const taken = 96

// refresh brings both windows up to date with the model.
func (w *Window) refresh() {
	before := w.scene
	w.scene = w.model.Scene()
	s := &w.scene
	placed, height := window.Layout(*s, w.px(window.Wide), metric(1)-w.px(taken), w.scale, w)
	var shape strings.Builder
	for i, p := range placed {
		fmt.Fprint(&shape, i, p.Kind, p.ID, p.Label, ";")
	}
	fresh := !w.begun || before.Number != s.Number || w.shape != shape.String()
	w.filling = true
	if fresh {
		w.shape = shape.String()
		focus := w.focused()
		for _, c := range w.controls {
			callWith(procDestroyWindow, c.hwnd)
		}
		clear(w.controls)
		w.fill(placed)
		if w.begun && before.Number == s.Number && focus != "" {
			w.focus(focus)
		} else {
			w.focus(s.Focus)
		}
	} else {
		w.fill(placed)
	}
	w.filling = false
	if before.Title != s.Title {
		callWith(procSetWindowText, w.main, uintptr(unsafe.Pointer(text16(s.Title))))
	}
	w.resize(image.Pt(w.px(window.Wide), height))
	if !w.begun {
		w.begun = true
		callWith(procShowWindow, w.main, 5)
		w.focus(s.Focus)
	}
	if s.Urgent != w.urgent {
		w.urgent = s.Urgent
		w.alert(s.Urgent)
	}
	w.refreshBanner()
	w.model.Drawn(s.Number)
}

// resize gives the window a size inside its frame; the first time it comes into the middle of the screen.
func (w *Window) resize(size image.Point) {
	if size == w.size {
		return
	}
	w.size = size
	r := rect{0, 0, int32(size.X), int32(size.Y)}
	callWith(procAdjustWindowRectEx, uintptr(unsafe.Pointer(&r)), wsCaption|wsSysMenu|wsMinimize, 0, exAppWindow)
	wide, high := uintptr(r.right-r.left), uintptr(r.bottom-r.top)
	if w.begun {
		callWith(procSetWindowPos, w.main, 0, 0, 0, wide, high, swpNoMove|swpNoZOrder|swpNoActivate)
		return
	}
	x, y := (metric(0)-int(wide))/2, (metric(1)-int(high))/3
	callWith(procSetWindowPos, w.main, 0, uintptr(max(x, 0)), uintptr(max(y, 0)), wide, high, swpNoZOrder|swpNoActivate)
}

// alert brings the window to the front without giving it the keyboard, or lets it go again.
func (w *Window) alert(on bool) {
	const topmost, notTopmost = ^uintptr(0), ^uintptr(1)
	if !on {
		callWith(procSetWindowPos, w.main, notTopmost, 0, 0, 0, 0, swpNoMove|swpNoSize|swpNoActivate)
		return
	}
	if r, _ := callWith(procIsIconic, w.main); r != 0 {
		callWith(procShowWindow, w.main, 4) // as it was, not active
	}
	callWith(procSetWindowPos, w.main, topmost, 0, 0, 0, 0, swpNoMove|swpNoSize|swpNoActivate|swpShow)
	callWith(procFlashWindow, w.main, 1)
}

// fill makes the controls of the main window, or brings them up to date.
func (w *Window) fill(placed []window.Placed) {
	for i, p := range placed {
		key := fmt.Sprint(i)
		if !p.Over.Empty() {
			w.put(w.main, w.controls, key+"label", control{kind: window.Small, text: p.Label, at: p.Over})
		}
		c := control{id: p.ID, kind: p.Kind, text: p.Text, at: p.At, off: p.Off && p.ID != w.scene.Focus} // what is off cannot have the focus
		switch p.Kind {
		case window.Lines:
			c.text = strings.ReplaceAll(p.Text, "\n", "\r\n")
		case window.Button:
			c.text = strings.ReplaceAll(p.Text, "&", "&&")
		case window.Field:
		default:
			c.text = strings.Join(p.Lines, "\r\n")
		}
		w.put(w.main, w.controls, key, c)
	}
}

// put makes a control, or brings the one that there is up to date.
func (w *Window) put(parent uintptr, all map[string]*control, key string, c control) {
	old := all[key]
	if old == nil {
		class, style, ex := "STATIC", uintptr(wsChild|wsVisible|ssNoPrefix), uintptr(0)
		switch c.kind {
		case window.Button:
			class, style = "BUTTON", wsChild|wsVisible|wsTabStop
			if c.id == w.scene.Enter {
				style |= bsDefault
			}
		case window.Field:
			class, style, ex = "EDIT", wsChild|wsVisible|wsTabStop|esAutoHScroll, exClientEdge
		case window.Lines:
			class, style, ex = "EDIT", wsChild|wsVisible|wsVScroll|esMultiLine|esReadOnly, exClientEdge
		}
		c.hwnd, _ = callWith(procCreateWindowEx, ex, uintptr(unsafe.Pointer(text16(class))), uintptr(unsafe.Pointer(text16(c.text))), style,
			uintptr(c.at.Min.X), uintptr(c.at.Min.Y), uintptr(c.at.Dx()), uintptr(c.at.Dy()), parent, 0, moduleHandle(), 0)
		all[key] = &c // before it is painted: its colours depend on what it is
		callWith(procSendMessage, c.hwnd, wmSetFont, w.font(c.kind), 1)
		if c.kind == window.Field {
			callWith(procSendMessage, c.hwnd, emLimitText, 1000, 0)
		}
		if c.kind == window.Lines {
			w.toEnd(c.hwnd)
		}
		if c.off {
			callWith(procEnableWindow, c.hwnd, 0)
		}
		return
	}
	if c.kind == window.Field {
		old.text = textOf(old.hwnd)
	}
	if c.text != old.text {
		callWith(procSetWindowText, old.hwnd, uintptr(unsafe.Pointer(text16(c.text))))
		if c.kind == window.Lines {
			w.toEnd(old.hwnd)
		}
	}
	if c.at != old.at {
		callWith(procSetWindowPos, old.hwnd, 0, uintptr(c.at.Min.X), uintptr(c.at.Min.Y), uintptr(c.at.Dx()), uintptr(c.at.Dy()), swpNoZOrder|swpNoActivate)
	}
	if c.off != old.off {
		on := uintptr(1)
		if c.off {
			on = 0
		}
		callWith(procEnableWindow, old.hwnd, on)
	}
	old.text, old.at, old.off = c.text, c.at, c.off
}

func (w *Window) toEnd(hwnd uintptr) {
	callWith(procSendMessage, hwnd, emSetSel, 1<<30, 1<<30)
	callWith(procSendMessage, hwnd, emScrollCaret, 0, 0)
}

func textOf(hwnd uintptr) string {
	n, _ := callWith(procGetWindowTextLength, hwnd)
	b := make([]uint16, n+1)
	callWith(procGetWindowText, hwnd, uintptr(unsafe.Pointer(&b[0])), n+1)
	return sys.UTF16ToString(b)
}

// focused is the item that has the keyboard, if it is one of ours.
func (w *Window) focused() window.ID {
	hwnd, _ := callWith(procGetFocus)
	if c := find(w.controls, hwnd); c != nil {
		return c.id
	}
	return ""
}

func find(all map[string]*control, hwnd uintptr) *control {
	for _, c := range all {
		if c.hwnd == hwnd {
			return c
		}
	}
	return nil
}

func (w *Window) focus(id window.ID) {
	for _, c := range w.controls {
		if c.id == id && id != "" {
			callWith(procSetFocus, c.hwnd)
			if c.kind == window.Field {
				callWith(procSendMessage, c.hwnd, emSetSel, 1<<30, 1<<30)
			}
			return
		}
	}
}

// key takes Enter and Esc, which mean what the scene says wherever the focus is.
func (w *Window) key(vk uintptr) bool {
	switch vk {
	case vkEscape:
		if w.scene.Escape != "" {
			w.model.Press(w.scene.Escape)
		}
		return true
	case vkReturn:
		item, _ := w.scene.Item(w.focused())
		if item.Kind == window.Button && item.ID == window.Browse {
			w.browse()
		} else if item.Kind == window.Button && item.ID != "" && !w.scene.Always {
			w.model.Press(item.ID)
		} else if w.scene.Enter != "" {
			w.model.Press(w.scene.Enter)
		}
		return true
	}
	return false
}

// message takes a message for either window.
func (w *Window) message(hwnd uintptr, what uint32, wp, lp uintptr) (result uintptr, done bool) {
	switch what {
	case wmModel:
		w.refresh()
		return 0, true
	case wmClose:
		if hwnd == w.main {
			w.model.Press(w.scene.Shut)
		}
		return 0, true
	case wmHotKey:
		w.model.Panic()
		return 0, true
	case wmTimer:
		w.grabPanic()
		return 0, true
	case wmDPIChanged:
		if hwnd == w.main {
			w.rescale()
			w.refresh()
		}
		return 0, true
	case wmNCHitTest:
		if hwnd == w.banner { // it is moved by any place but its buttons: it may hide something
			r, _ := callWith(procDefWindowProc, hwnd, uintptr(what), wp, lp)
			if r == htClient {
				r = htCaption
			}
			return r, true
		}
	case wmActivate:
		if hwnd == w.main && wp&0xffff == 0 {
			w.left = w.focused()
		}
	case wmSetFocus: // Windows gives the keyboard to the window, which has no use for it
		if hwnd == w.main {
			if _, there := w.scene.Item(w.left); !there || w.left == "" {
				w.left = w.scene.Focus
			}
			w.focus(w.left)
			return 0, true
		}
	case wmCommand:
		w.command(hwnd, wp>>16&0xffff, lp)
		return 0, true
	case wmCtlColorStatic:
		return w.colour(hwnd, wp, lp)
	}
	return 0, false
}

// command takes what a control says.
func (w *Window) command(parent, what, hwnd uintptr) {
	all := w.controls
	if parent == w.banner {
		all = w.strip
	}
	c := find(all, hwnd)
	switch {
	case c == nil || w.filling:
	case c.kind == window.Button && what == 0 && c.id == window.Browse:
		w.browse()
	case c.kind == window.Button && what == 0:
		w.model.Press(c.id)
	case c.kind == window.Field && what == enChange:
		w.model.Edit(c.id, textOf(hwnd))
	}
}

// colour gives a text its colours: the system's, but for warnings.
func (w *Window) colour(hwnd, dc, of uintptr) (brush uintptr, done bool) {
	back, _ := callWith(procGetSysColor, colourWindow)
	ink, _ := callWith(procGetSysColor, colourText)
	if c := find(w.controls, of); c != nil && c.kind == window.Warning && back == 0xffffff {
		ink = 0x002a9a
	}
	callWith(procSetTextColor, dc, ink)
	callWith(procSetBkColor, dc, back)
	brush, _ = callWith(procGetSysColorBrush, colourWindow)
	return brush, true
}

// refreshBanner shows, changes or hides the banner.
func (w *Window) refreshBanner() {
	b, on := w.model.Banner()
	if !on {
		callWith(procShowWindow, w.banner, 0)
		w.bannerText = ""
		return
	}
	key := fmt.Sprint(b, w.scale)
	if key == w.bannerText {
		return
	}
	w.bannerText = key
	for _, c := range w.strip {
		callWith(procDestroyWindow, c.hwnd)
	}
	clear(w.strip)
	callWith(procSetWindowText, w.banner, uintptr(unsafe.Pointer(text16(b.Label))))
	room := metric(0) - w.px(12+12+2)
	for _, item := range b.Buttons {
		room -= w.Width(window.Button, item.Text) + w.px(24+6)
	}
	b.Text = window.Elide(b.Text, room, func(s string) int { return w.Width(window.Text, s) })
	high, x := w.Line(window.Text)+w.px(12), w.px(12)
	wide := w.Width(window.Text, b.Text)
	w.put(w.banner, w.strip, "text", control{kind: window.Text, text: b.Text, at: image.Rect(x, w.px(6), x+wide, high-w.px(6))})
	x += wide + w.px(12)
	for _, item := range b.Buttons {
		wide := w.Width(window.Button, item.Text) + w.px(24)
		w.put(w.banner, w.strip, string(item.ID), control{id: item.ID, kind: window.Button, text: item.Text, at: image.Rect(x, w.px(2), x+wide, high-w.px(2))})
		x += wide + w.px(6)
	}
	const topmost = ^uintptr(0)
	left := max(0, (metric(0)-x)/2)
	callWith(procSetWindowPos, w.banner, topmost, uintptr(left), 0, uintptr(x+w.px(2)), uintptr(high+w.px(2)), swpNoActivate|swpShow)
}

// openFileName is OPENFILENAMEW.
type openFileName struct {
	size                      uint32
	owner, instance           uintptr
	filter, custom            *uint16
	maxCustom, filterIndex    uint32
	file                      *uint16
	maxFile                   uint32
	fileTitle                 *uint16
	maxFileTitle              uint32
	initialDir, title         *uint16
	flags                     uint32
	fileOffset, fileExtension uint16
	defaultExt                *uint16
	customData, hook          uintptr
	templateName              *uint16
	reserved                  uintptr
	reserved2, flagsEx        uint32
}

// browse lets the guest choose a file. The dialog is a window of this program, too: nothing is injected into it.
func (w *Window) browse() {
	const explorer, fileMustExist, noChangeDir = 0x80000, 0x1000, 8
	if procGetOpenFileName.Find() != nil {
		return
	}
	path := make([]uint16, 4096)
	o := openFileName{owner: w.main, file: &path[0], maxFile: uint32(len(path)), flags: explorer | fileMustExist | noChangeDir}
	o.size = uint32(unsafe.Sizeof(o))
	if r, _ := callWith(procGetOpenFileName, uintptr(unsafe.Pointer(&o))); r != 0 {
		w.model.Edit(window.Path, sys.UTF16ToString(path))
	}
}
