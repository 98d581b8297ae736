//go:build linux

package x11

import (
	"unicode"

	"github.com/jezek/xgb/xproto"
)

// Levels of a key that are used: plain, Shift, level 3 (AltGr), Shift and level 3.
const (
	levels      = 4
	shiftBit    = 1 // of a level
	level3Bit   = 2
	groupShift  = 13 // the keyboard group stands in bits 13 and 14 of a pointer's state
	groupMask   = 3
	mappedGroup = 2 // groups that the core keyboard mapping tells apart
)

// keymap is a copy of the server's keyboard mapping. It is immutable once loaded, but for
// the symbols of spare keycodes.
type keymap struct {
	first  xproto.Keycode
	per    int // symbols of each keycode
	syms   []xproto.Keysym
	mods   [256]uint16 // modifiers that a keycode sets
	shift  xproto.Keycode
	level3 xproto.Keycode // 0: there is none
	// Modifiers by meaning; 0 when no key sets them.
	numMask, level3Mask uint16
	evdev               bool // keycodes are the kernel's plus 8
}

func loadKeymap(c *conn) (*keymap, error) {
	first, last := c.setup.MinKeycode, c.setup.MaxKeycode
	mapping := xproto.GetKeyboardMapping(c.x, first, byte(last-first+1))
	modifiers := xproto.GetModifierMapping(c.x)
	syms, err := mapping.Reply()
	if err != nil {
		return nil, c.wrap(err)
	}
	mods, err := modifiers.Reply()
	if err != nil {
		return nil, c.wrap(err)
	}
	return newKeymap(first, int(syms.KeysymsPerKeycode), syms.Keysyms, int(mods.KeycodesPerModifier), mods.Keycodes), nil
}

func newKeymap(first xproto.Keycode, per int, syms []xproto.Keysym, perModifier int, modifiers []xproto.Keycode) *keymap {
	m := &keymap{first: first, per: per, syms: syms}
	for i, kc := range modifiers {
		if kc != 0 {
			m.mods[kc] |= 1 << (i / perModifier)
		}
	}
	for kc := m.first; m.has(kc); kc++ {
		switch m.symbol(kc, 0) {
		case symShiftL, symShiftR:
			if m.mods[kc]&xproto.ModMaskShift != 0 && m.shift == 0 {
				m.shift = kc
			}
		case symLevel3:
			if m.mods[kc] != 0 && m.level3 == 0 {
				m.level3, m.level3Mask = kc, m.mods[kc]
			}
		case symNumLock:
			m.numMask |= m.mods[kc]
		}
	}
	// Keys that stand elsewhere in every other numbering, whatever the layout.
	same, asked := 0, 0
	for _, code := range []string{"ArrowUp", "ArrowLeft", "Home", "Delete", "PageUp", "ControlRight", "Enter", "Escape"} {
		k := keys[code]
		asked++
		if m.symbol(xproto.Keycode(k.evdev+evdevOffset), 0) == k.sym {
			same++
		}
	}
	m.evdev = same > asked*2/3
	return m
}

// has reports whether the mapping has keycode kc; it also ends loops before kc wraps to 0.
func (m *keymap) has(kc xproto.Keycode) bool {
	return kc >= m.first && (int(kc-m.first)+1)*m.per <= len(m.syms)
}

// symbol is the symbol in a column of the core mapping.
func (m *keymap) symbol(kc xproto.Keycode, column int) xproto.Keysym {
	if !m.has(kc) || column >= m.per {
		return 0
	}
	return m.syms[int(kc-m.first)*m.per+column]
}

// at is the symbol of a key at a level of a group. The columns are those that an XKB
// server gives to core clients: levels 1 and 2 of group 1, of group 2, then levels 3 and 4
// of group 1, of group 2.
func (m *keymap) at(kc xproto.Keycode, group, level int) xproto.Keysym {
	if group > 0 && m.symbol(kc, 2) == 0 && m.symbol(kc, 3) == 0 {
		group = 0 // a key without a second group
	}
	return m.symbol(kc, level&level3Bit*2+group*2+level&shiftBit)
}

// blank reports whether no column of kc has a symbol.
func (m *keymap) blank(kc xproto.Keycode) bool {
	for column := range m.per {
		if m.symbol(kc, column) != 0 {
			return false
		}
	}
	return true
}

// position is the keycode of the key that stands where code does, 0 for none.
func (m *keymap) position(code string) xproto.Keycode {
	k, ok := keys[code]
	if !ok {
		return 0
	}
	if kc := xproto.Keycode(k.evdev + evdevOffset); m.evdev && !m.blank(kc) {
		return kc
	}
	for kc := m.first; m.has(kc); kc++ {
		if m.symbol(kc, 0) == k.sym {
			return kc
		}
	}
	return 0
}

// stroke is a key and what must be held with it, and nothing else.
type stroke struct {
	kc            xproto.Keycode
	shift, level3 bool
}

// find looks for a key that gives character r in the present state of the keyboard, which
// is the modifiers and the group as in a pointer's state. Best is the key prefer, then one
// of the typing block, then the lowest level.
func (m *keymap) find(r rune, prefer xproto.Keycode, state uint16, skip func(xproto.Keycode) bool) (stroke, bool) {
	group := int(state >> groupShift & groupMask)
	if group >= mappedGroup || r == 0 {
		return stroke{}, false
	}
	best, found, cost := stroke{}, false, 0
	for kc := m.first; m.has(kc); kc++ {
		if skip(kc) {
			continue
		}
		for level := range levels {
			sym := m.at(kc, group, level)
			if runeOf(sym) != r {
				continue
			}
			s, ok := m.strike(kc, group, level, state)
			// Programs take a key of the keypad with Shift for an arrow.
			if keypad := sym >= 0xff80 && sym <= 0xffbd; !ok || keypad && (kc != prefer || s.shift) {
				continue
			}
			c := level + 1
			if kc == prefer {
				c = level - levels
			} else if !typing(kc) {
				c += levels
			}
			if !found || c < cost {
				best, found, cost = s, true, c
			}
		}
	}
	return best, found
}

// typing reports whether kc is in the block of letters and digits of common keyboards:
// programs know these best.
func typing(kc xproto.Keycode) bool { return kc >= 10 && kc <= 65 || kc == 94 }

// strike says how to reach a level of a key while Lock and NumLock stay as they are.
func (m *keymap) strike(kc xproto.Keycode, group, level int, state uint16) (stroke, bool) {
	s := stroke{kc: kc, shift: level&shiftBit != 0, level3: level&level3Bit != 0}
	if s.level3 && m.level3 == 0 || s.shift && m.shift == 0 {
		return stroke{}, false
	}
	if state&xproto.ModMaskLock != 0 {
		switch {
		case m.casePair(kc, group, level) && m.casePair(kc, group, 0):
			s.shift = !s.shift // the server's types for letters: Lock does what Shift does
		case hasCase(runeOf(m.at(kc, group, level))):
			return stroke{}, false // the program itself would make a capital of it
		}
	}
	if state&m.numMask != 0 && isKeypad(m.at(kc, group, shiftBit)) {
		s.shift = !s.shift
	}
	return s, !s.shift || m.shift != 0
}

// casePair reports whether a level of a key and the one with or without Shift are a small
// and a capital letter.
func (m *keymap) casePair(kc xproto.Keycode, group, level int) bool {
	lower, upper := runeOf(m.at(kc, group, level&^shiftBit)), runeOf(m.at(kc, group, level|shiftBit))
	return lower != upper && lower == unicode.ToLower(upper) && upper == unicode.ToUpper(lower)
}

func hasCase(r rune) bool { return unicode.ToUpper(r) != r || unicode.ToLower(r) != r }

// plain finds the key that gives r without any modifier, 0 for none: in the group that is in
// force, else in the other one, where programs look for a shortcut's letter as well. See find
// for skip.
func (m *keymap) plain(r rune, prefer xproto.Keycode, state uint16, skip func(xproto.Keycode) bool) xproto.Keycode {
	group := int(state >> groupShift & groupMask)
	for _, g := range []int{group, 1 - group, 0} {
		if g < 0 || g >= mappedGroup {
			continue
		}
		if runeOf(m.at(prefer, g, 0)) == r {
			return prefer
		}
		for kc := m.first; m.has(kc); kc++ {
			if sym := m.at(kc, g, 0); runeOf(sym) == r && (sym < 0xff00 || sym > 0xffff) && !skip(kc) {
				return kc
			}
		}
	}
	return 0
}

// shifted reports whether a key gives r with the Shift that is held now.
func (m *keymap) shifted(kc xproto.Keycode, r rune, state uint16) bool {
	group := int(state >> groupShift & groupMask)
	return state&xproto.ModMaskShift != 0 && group < mappedGroup && runeOf(m.at(kc, group, shiftBit)) == r
}
