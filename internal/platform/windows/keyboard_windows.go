package windows

import (
	"errors"
	"fmt"
	"strings"
	"unicode"
	"unicode/utf16"
	"unsafe"

	sys "golang.org/x/sys/windows"

	"pindesk/internal/wire"
)

// Flags of a keyInput.
const (
	keyExtended = 1
	keyUp       = 2
	keyUnicode  = 4
	keyScanCode = 8
)

// textBatch is how many characters SendInput is given at once: programs need not take them in before the next.
const textBatch = 32

const (
	scanReturn    = 0x1c
	scanTab       = 0x0f
	scanBackspace = 0x0e
	vkShift       = 0x10
	vkCapsLock    = 0x14
	vkNumLock     = 0x90
)

var errNoKey = errors.New("windows: the keyboard has no such key")

// Key implements desktop.Injector.
func (i *Injector) Key(e wire.Event) error {
	leave, err := i.enter()
	if err != nil {
		return err
	}
	defer leave()
	at := i.holding(e.Code)
	if !e.Down {
		if at < 0 {
			return nil
		}
		scan := i.held[at].scan
		i.held = append(i.held[:at], i.held[at+1:]...)
		if !i.isDown(scan) {
			i.add(scan, false)
		}
		return i.flush()
	}
	if ownWindow(uintptr(sys.GetForegroundWindow())) {
		return errOwn
	}
	if at >= 0 { // it repeats: Windows repeats no key that was put in
		if h := i.held[at]; h.char != 0 {
			i.typeRune(h.char)
		} else if !isModifier(e.Code) {
			i.add(h.scan, true)
		}
		return i.flush()
	}
	key := heldKey{code: e.Code}
	text := []rune(e.Text)
	switch {
	case !e.IsText || len(text) == 0:
		if key.scan = i.shortcut(e, text); key.scan == 0 {
			return fmt.Errorf("%w: %s", errNoKey, e.Code)
		}
	case len(text) == 1 && i.plainKey(text[0]) != 0:
		key.scan = i.plainKey(text[0])
	default:
		for _, r := range text {
			i.typeRune(r)
		}
		if len(text) == 1 {
			key.char = text[0]
		}
	}
	i.add(key.scan, true)
	if e.Code != "" {
		i.held = append(i.held, key)
	} else {
		i.add(key.scan, false) // no release will come
	}
	return i.flush()
}

// shortcut is the scan code of a key that is meant as a key; 0 if there is none.
func (i *Injector) shortcut(e wire.Event, text []rune) uint16 {
	code := e.Code
	if other, ok := unlocked[code]; ok && len(text) == 0 && keyLocked(vkNumLock) {
		code = other
	}
	place := scanCodes[code]
	if len(text) != 1 || isModifier(code) {
		return place
	}
	// The letter says which key is meant, also where the layouts differ; what needs a modifier of its own, or is
	// on no key, is meant by its place.
	layout := layoutInFront()
	if vk, mods := keyOf(shortcutLetter(text[0], code), layout); mods == 0 {
		if scan := scanOf(vk, layout); scan != 0 {
			return scan
		}
	}
	return place
}

// plainKey is the scan code of the key that gives just this character with what is held now, and whose repetition
// does so, too; 0 if there is none. Only letters, digits and spaces are looked for: none of them is a dead key.
func (i *Injector) plainKey(r rune) uint16 {
	if !unicode.IsLetter(r) && !unicode.IsDigit(r) && r != ' ' {
		return 0
	}
	layout := layoutInFront()
	vk, mods := keyOf(r, layout)
	shift := uint8(0)
	for _, h := range i.held {
		switch {
		case lifted(h.code):
			return 0
		case h.code == "ShiftLeft", h.code == "ShiftRight":
			shift = 1
		}
	}
	if vk == 0 || mods != shift || keyLocked(vkCapsLock) {
		return 0
	}
	return scanOf(vk, layout)
}

// Text implements desktop.Injector.
func (i *Injector) Text(s string) error {
	leave, err := i.enter()
	if err != nil {
		return err
	}
	defer leave()
	if ownWindow(uintptr(sys.GetForegroundWindow())) {
		return errOwn
	}
	n := 0
	for _, r := range strings.ReplaceAll(s, "\r\n", "\n") {
		i.typeRune(r)
		if n++; n%textBatch == 0 {
			if err := i.flush(); err != nil {
				return err
			}
		}
	}
	return i.flush()
}

// typeRune adds the typing of one character, with the held modifiers lifted that would make a shortcut of it.
func (i *Injector) typeRune(r rune) {
	var scan uint16
	switch {
	case r == '\n' || r == '\r':
		scan = scanReturn
	case r == '\t':
		scan = scanTab
	case r == '\b':
		scan = scanBackspace
	case unicode.IsControl(r):
		return
	}
	for n := len(i.held) - 1; n >= 0; n-- {
		if lifted(i.held[n].code) {
			i.add(i.held[n].scan, false)
		}
	}
	if scan != 0 {
		i.add(scan, true)
		i.add(scan, false)
	} else {
		for _, unit := range utf16.AppendRune(nil, r) {
			i.keys = append(i.keys, keyInput{kind: 1, scan: unit, flags: keyUnicode}, keyInput{kind: 1, scan: unit, flags: keyUnicode | keyUp})
		}
	}
	for _, h := range i.held {
		if lifted(h.code) {
			i.add(h.scan, true)
		}
	}
}

// add notes a key by its scan code for flush; 0 is none.
func (i *Injector) add(scan uint16, down bool) {
	if scan == 0 {
		return
	}
	// Windows finds the virtual key by itself; wine wants to be told.
	const scanToVKExtended = 3
	vk, _ := call(procMapVirtualKeyEx, uintptr(scan), scanToVKExtended, layoutInFront())
	k := keyInput{kind: 1, vk: uint16(vk), scan: scan & 0xff, flags: keyScanCode}
	if scan&extended == extended {
		k.flags |= keyExtended
	}
	if !down {
		k.flags |= keyUp
	}
	i.keys = append(i.keys, k)
}

// flush puts in what add has noted.
func (i *Injector) flush() error {
	keys := i.keys
	i.keys = keys[:0]
	if len(keys) == 0 {
		return nil
	}
	n, errno := call(procSendInput, uintptr(len(keys)), uintptr(unsafe.Pointer(&keys[0])), unsafe.Sizeof(keys[0]))
	if int(n) != len(keys) {
		return fmt.Errorf("windows: the system takes no keys now: %w", errno)
	}
	return nil
}

func (i *Injector) holding(code string) int {
	for n, h := range i.held {
		if h.code == code {
			return n
		}
	}
	return -1
}

// isDown reports whether another code holds the same key.
func (i *Injector) isDown(scan uint16) bool {
	for _, h := range i.held {
		if h.scan == scan && scan != 0 {
			return true
		}
	}
	return false
}

// layoutInFront is the keyboard layout of the program that gets the keys.
func layoutInFront() uintptr {
	thread, _ := sys.GetWindowThreadProcessId(sys.GetForegroundWindow(), nil)
	return uintptr(sys.GetKeyboardLayout(thread))
}

// keyOf finds a character on a layout: its virtual key, 0 for none, and what must be held: 1 Shift, 2 Ctrl, 4 Alt.
func keyOf(r rune, layout uintptr) (vk uintptr, mods uint8) {
	if r > 0xffff {
		return 0, 0
	}
	found, _ := call(procVkKeyScanEx, uintptr(r), layout)
	if int16(found) == -1 {
		return 0, 0
	}
	return found & 0xff, uint8(found >> 8)
}

// scanOf is the scan code of a virtual key.
func scanOf(vk, layout uintptr) uint16 {
	const vkToScanExtended = 4
	scan, _ := call(procMapVirtualKeyEx, vk, vkToScanExtended, layout)
	return uint16(scan)
}

// keyLocked reports whether CapsLock or NumLock is on. Of this thread's own state of keys, Windows keeps only
// that of locks up to date.
func keyLocked(vk uintptr) bool {
	state, _ := call(procGetKeyState, vk)
	return state&1 != 0
}
