//go:build linux

package x11

import (
	"errors"
	"strings"
	"unicode"

	"github.com/jezek/xgb/xproto"

	"pindesk/internal/platform/desktop"
	"pindesk/internal/wire"
)

var errNoKey = errors.New("x11: the keyboard has no such key")

// heldKey is a key that the technician holds down.
type heldKey struct {
	code string
	kc   xproto.Keycode // held down here too; 0: it was pressed and released at once
}

// refresh loads the keyboard mapping anew when it has changed.
func (i *Injector) refresh() error {
	if !i.stale.Swap(false) {
		return nil
	}
	keys, err := loadKeymap(i.c)
	if err != nil {
		i.stale.Store(true)
		return err
	}
	i.keys = keys
	i.findSpares()
	i.c.log.Debug("keyboard mapping loaded", "evdev", keys.evdev, "level3", keys.level3 != 0, "spare", len(i.borrowed))
	return nil
}

// ready returns the state of the keyboard with its mapping up to date. The question comes
// first: notices of a changed mapping come before its answer.
func (i *Injector) ready() (uint16, error) {
	state, err := i.state()
	if err != nil {
		return 0, err
	}
	return state, i.refresh()
}

// state asks for the modifiers and the keyboard group that are in force, whoever holds them.
func (i *Injector) state() (uint16, error) {
	p, err := xproto.QueryPointer(i.c.x, i.c.screen.Root).Reply()
	if err != nil {
		return 0, i.c.wrap(err)
	}
	return p.Mask, nil
}

// Key implements desktop.Injector.
func (i *Injector) Key(e wire.Event) error {
	i.mu.Lock()
	defer i.mu.Unlock()
	if err := i.c.alive(); err != nil {
		return err
	}
	at := i.holding(e.Code)
	if !e.Down {
		if at >= 0 {
			i.release(at)
		}
		return i.c.alive()
	}
	if ours.some(i.display) && i.typesIntoOurs() {
		return i.c.alive()
	}
	if at >= 0 && i.held[at].kc != 0 {
		return i.repeat(i.held[at].kc)
	}
	if at < 0 && e.Code != "" {
		i.held = append(i.held, heldKey{code: e.Code})
		at = len(i.held) - 1
	}
	state, err := i.ready()
	if err != nil {
		return err
	}
	var kc xproto.Keycode
	if e.IsText && e.Text != "" {
		kc, err = i.pressText(e, state)
	} else {
		kc, err = i.pressKey(e, state)
	}
	if err != nil {
		return err
	}
	if kc != 0 && e.Code == "" {
		i.fake(xproto.KeyRelease, byte(kc), 0, 0) // no release will come
	} else if at >= 0 {
		i.held[at].kc = kc
	}
	return i.c.alive()
}

// holding finds a held key by its code, -1 for none.
func (i *Injector) holding(code string) int {
	for n, h := range i.held {
		if h.code == code {
			return n
		}
	}
	return -1
}

// release lets go the held key at place n, unless another code holds the same key.
func (i *Injector) release(n int) {
	kc := i.held[n].kc
	i.held = append(i.held[:n], i.held[n+1:]...)
	if kc != 0 && !i.isDown(kc) {
		i.fake(xproto.KeyRelease, byte(kc), 0, 0)
	}
}

// isDown reports whether a keycode is held for the technician.
func (i *Injector) isDown(kc xproto.Keycode) bool {
	for _, h := range i.held {
		if h.kc == kc {
			return true
		}
	}
	return false
}

// press holds a key down. One that is down already, by another code, is pressed anew.
func (i *Injector) press(kc xproto.Keycode) xproto.Keycode {
	if i.isDown(kc) {
		i.fake(xproto.KeyRelease, byte(kc), 0, 0)
	}
	i.fake(xproto.KeyPress, byte(kc), 0, 0)
	return kc
}

// repeat handles the repetition of a key that is held down. The server repeats held keys
// by itself; only where the guest has switched that off, the technician's repetition counts.
func (i *Injector) repeat(kc xproto.Keycode) error {
	if i.keys.mods[kc] != 0 {
		return nil
	}
	control, err := xproto.GetKeyboardControl(i.c.x).Reply()
	if err != nil {
		return i.c.wrap(err)
	}
	if control.GlobalAutoRepeat == xproto.AutoRepeatModeOn && control.AutoRepeats[kc/8]&(1<<(kc%8)) != 0 {
		return nil
	}
	i.press(kc)
	return i.c.alive()
}

// pressKey presses a key as a key: a shortcut's, or one that gives no character. It
// returns the keycode that is now held.
func (i *Injector) pressKey(e wire.Event, state uint16) (xproto.Keycode, error) {
	code := e.Code
	if other, ok := unlocked[code]; ok && e.Text == "" && state&i.keys.numMask != 0 {
		code = other
	}
	kc, err := i.meant(e, i.keys.position(code), state)
	if err != nil {
		return 0, err
	}
	return i.press(kc), nil
}

// meant is the key that a shortcut means, by the character that the technician's own layout
// gives. Place is the key that stands where the technician's does.
func (i *Injector) meant(e wire.Event, place xproto.Keycode, state uint16) (xproto.Keycode, error) {
	text := []rune(e.Text)
	if len(text) != 1 || i.keys.mods[place] != 0 || !unicode.IsLetter(text[0]) && i.keys.shifted(place, text[0], state) {
		if place == 0 {
			return 0, errNoKey
		}
		return place, nil
	}
	letters := shortcutLetters(text[0], e.Code, state)
	for _, r := range letters {
		if kc := i.keys.plain(r, place, state, i.isSpare); kc != 0 {
			return kc, nil
		}
	}
	if place != 0 && isDigit(letters[0]) {
		return place, nil // a digit is on its key everywhere, also where that takes Shift
	}
	// No key has it: such a key is made. Programs know shortcuts by the character.
	if _, err := i.lend(letters[:1]); err == nil {
		if s, ok := i.lent(letters[0], state); ok {
			return s.kc, nil
		}
	} else if place == 0 || errors.Is(err, desktop.ErrGone) {
		return 0, err
	}
	if place == 0 {
		return 0, errNoKey
	}
	return place, nil
}

// shortcutLetters are the characters that a shortcut may mean, best first. A technician with a
// layout of other letters means Ctrl+C by the place of C; Alt and an own letter may open a menu.
func shortcutLetters(r rune, code string, state uint16) []rune {
	r = unicode.ToLower(r)
	sym := keys[code].sym
	if !unicode.IsLetter(r) || unicode.Is(unicode.Latin, r) || sym < 'a' || sym > 'z' {
		return []rune{r}
	}
	if state&(xproto.ModMaskControl|xproto.ModMask1) == xproto.ModMask1 {
		return []rune{r, rune(sym)}
	}
	return []rune{rune(sym)}
}

func isDigit(r rune) bool { return r >= '0' && r <= '9' }

// pressText types the text of a key. When a key gives just this character with what is
// held, that key is held down and its keycode returned: the server repeats it and the
// release ends it. Otherwise the text is typed at once and 0 is returned.
func (i *Injector) pressText(e wire.Event, state uint16) (xproto.Keycode, error) {
	text := []rune(e.Text)
	if len(text) != 1 {
		return 0, i.typeAll(text)
	}
	s, ok := i.keys.find(text[0], i.keys.position(e.Code), state, i.isSpare)
	if !ok {
		return 0, i.typeAll(text)
	}
	lift, add := i.adjust(s)
	if len(lift) == 0 && len(add) == 0 {
		return i.press(s.kc), nil
	}
	i.tap(s)
	return 0, nil
}

// Text implements desktop.Injector.
func (i *Injector) Text(s string) error {
	i.mu.Lock()
	defer i.mu.Unlock()
	if err := i.c.alive(); err != nil {
		return err
	}
	return i.typeAll([]rune(strings.ReplaceAll(s, "\r\n", "\n")))
}

// typeAll types characters one after the other. Those that no key gives are bound to
// spare keycodes, as many at once as possible.
func (i *Injector) typeAll(text []rune) error {
	for len(text) > 0 {
		state, err := i.ready()
		if err != nil {
			return err
		}
		ready, err := i.prepare(text, state)
		if err != nil {
			return err
		}
		for _, r := range text[:ready] {
			s, ok := i.keys.find(r, 0, state, i.isSpare)
			if !ok {
				s, ok = i.lent(r, state)
			}
			if ok && (!ours.some(i.display) || !i.typesIntoOurs()) {
				i.tap(s)
			}
			select {
			case <-i.done:
				return gone(nil)
			default:
			}
		}
		text = text[ready:]
	}
	return i.c.alive()
}

// prepare makes sure that the first characters of text can be typed and returns how many.
func (i *Injector) prepare(text []rune, state uint16) (int, error) {
	var missing []rune
	var places []int // in text, of the missing ones
	known := map[[2]xproto.Keysym]bool{}
	for n, r := range text {
		if symOf(r) == 0 {
			continue // control characters are not typed
		}
		if _, ok := i.keys.find(r, 0, state, i.isSpare); ok {
			continue
		}
		if pair := sparePair(r); !known[pair] {
			known[pair] = true
			missing, places = append(missing, r), append(places, n)
		}
	}
	if len(missing) == 0 {
		return len(text), nil
	}
	n, err := i.lend(missing)
	if err != nil {
		return 0, err
	}
	if n == len(missing) {
		return len(text), nil
	}
	return places[n], nil
}

// adjust says which held modifiers must be lifted for a stroke and which keys must be
// pressed for it. What the guest holds on the own keyboard cannot be lifted.
func (i *Injector) adjust(s stroke) (lift, add []xproto.Keycode) {
	// What stays: the locks, which find has reckoned with, and what the stroke wants.
	keep := uint16(xproto.ModMaskLock) | i.keys.numMask
	shift, level3 := false, false
	if s.shift {
		keep |= xproto.ModMaskShift
	}
	if s.level3 {
		keep |= i.keys.level3Mask
	}
	for _, h := range i.held {
		mods := i.keys.mods[h.kc]
		switch {
		case h.kc == 0 || mods == 0:
		case mods&^keep != 0:
			lift = append(lift, h.kc)
		default:
			shift = shift || mods&xproto.ModMaskShift != 0
			level3 = level3 || i.keys.level3Mask != 0 && mods&i.keys.level3Mask != 0
		}
	}
	if s.shift && !shift {
		add = append(add, i.keys.shift)
	}
	if s.level3 && !level3 {
		add = append(add, i.keys.level3)
	}
	return lift, add
}

// tap presses and releases a key with just the modifiers that it needs, and leaves held
// what was held before.
func (i *Injector) tap(s stroke) {
	lift, add := i.adjust(s)
	for n := len(lift) - 1; n >= 0; n-- {
		i.fake(xproto.KeyRelease, byte(lift[n]), 0, 0)
	}
	for _, kc := range add {
		i.fake(xproto.KeyPress, byte(kc), 0, 0)
	}
	i.press(s.kc)
	i.fake(xproto.KeyRelease, byte(s.kc), 0, 0)
	for n := len(add) - 1; n >= 0; n-- {
		i.fake(xproto.KeyRelease, byte(add[n]), 0, 0)
	}
	for _, kc := range lift {
		i.fake(xproto.KeyPress, byte(kc), 0, 0)
	}
}
