//go:build linux

package x11

import (
	"errors"
	"time"
	"unicode"

	"github.com/jezek/xgb/xproto"
)

const (
	// settle is how long programs get to learn of a new binding before it is used. The
	// notice goes through the same queue as the keys, but some toolkits take it in late.
	settle = 20 * time.Millisecond
	// linger is how long a binding stays after its last use. Many programs fetch the
	// mapping only when they come to a notice, and then get the newest: one that lags
	// behind would read an older key by a newer binding. Terminals on a busy machine were
	// seen to lag by more than 20 ms. It makes long foreign text slow (about 60 different
	// characters a second), nothing else.
	linger = 300 * time.Millisecond
	// maxSpare bounds how many keycodes are borrowed: each binding makes every program on
	// the desktop look at its keyboard mapping.
	maxSpare = 24
	// spareColumns are written to a borrowed keycode: both levels of two groups.
	spareColumns = 4
)

var errNoSpare = errors.New("x11: the keyboard has no key for this character, and no spare keycode to lend it one")

// spare is a keycode without a key. Characters that no key gives are bound to it for a
// while, letters together with their capital or small form.
type spare struct {
	kc       xproto.Keycode
	bound    [2]xproto.Keysym // without and with Shift; 0: nothing
	used     uint64           // last use, by count
	usedTime time.Time
}

// sparePair are the symbols under which r is bound.
func sparePair(r rune) [2]xproto.Keysym {
	if lower, upper := unicode.ToLower(r), unicode.ToUpper(r); lower != upper && unicode.ToUpper(lower) == upper && unicode.ToLower(upper) == lower {
		return [2]xproto.Keysym{symOf(lower), symOf(upper)}
	}
	return [2]xproto.Keysym{symOf(r), symOf(r)}
}

// findSpares looks for keycodes to borrow in a newly loaded mapping. Those that are
// borrowed already stay if they still hold what was bound to them.
func (i *Injector) findSpares() {
	kept := i.borrowed[:0]
	known := map[xproto.Keycode]bool{}
	for _, s := range i.borrowed {
		blank := i.keys.blank(s.kc)
		if !blank && (s.bound[0] == 0 || i.keys.symbol(s.kc, 0) != s.bound[0]) {
			i.own[s.kc].Store(false) // somebody else's now
			continue
		}
		if blank {
			s.bound = [2]xproto.Keysym{}
		}
		kept = append(kept, s)
		known[s.kc] = true
	}
	i.borrowed = kept
	for kc := i.c.setup.MaxKeycode; i.keys.has(kc) && len(i.borrowed) < maxSpare; kc-- {
		if i.keys.blank(kc) && i.keys.mods[kc] == 0 && !known[kc] {
			i.borrowed = append(i.borrowed, spare{kc: kc})
		}
	}
}

// isSpare reports whether kc is borrowed.
func (i *Injector) isSpare(kc xproto.Keycode) bool { return i.own[kc].Load() }

// lend binds as many of runes as there are spare keycodes, all at once, waits until
// programs have noticed, and returns how many of runes are bound now: at least one.
func (i *Injector) lend(runes []rune) (int, error) {
	now := i.uses
	n, wait := 0, false
	type binding struct {
		s      *spare
		cookie xproto.ChangeKeyboardMappingCookie
	}
	var bindings []binding
	for _, r := range runes {
		pair := sparePair(r)
		s := i.lentTo(pair)
		if s == nil {
			if s = i.oldestSpare(now); s == nil {
				break
			}
			if pause := linger - time.Since(s.usedTime); s.bound[0] != 0 && pause > 0 {
				if err := i.pause(pause); err != nil {
					return 0, err
				}
			}
			s.bound = pair
			i.own[s.kc].Store(true)
			bindings = append(bindings, binding{s, i.bind(s)})
			wait = true
		}
		i.uses++
		s.used = i.uses
		n++
	}
	if n == 0 {
		return 0, errNoSpare
	}
	for _, b := range bindings {
		if err := b.cookie.Check(); err != nil {
			b.s.bound = [2]xproto.Keysym{}
			return 0, i.c.wrap(err)
		}
	}
	if wait {
		return n, i.pause(settle)
	}
	return n, nil
}

// bind tells the server what a borrowed keycode gives.
func (i *Injector) bind(s *spare) xproto.ChangeKeyboardMappingCookie {
	var syms [spareColumns]xproto.Keysym
	for column := range syms {
		syms[column] = s.bound[column%2]
	}
	return xproto.ChangeKeyboardMappingChecked(i.c.x, 1, s.kc, spareColumns, syms[:])
}

// lentTo finds the keycode that a pair is bound to.
func (i *Injector) lentTo(pair [2]xproto.Keysym) *spare {
	for n := range i.borrowed {
		if i.borrowed[n].bound == pair {
			return &i.borrowed[n]
		}
	}
	return nil
}

// oldestSpare finds the keycode whose last use is longest ago, and not after the count of uses since.
func (i *Injector) oldestSpare(since uint64) *spare {
	var oldest *spare
	for n := range i.borrowed {
		s := &i.borrowed[n]
		if s.used <= since && (oldest == nil || s.used < oldest.used) {
			oldest = s
		}
	}
	return oldest
}

// lent says how to type a character that is bound to a borrowed keycode.
func (i *Injector) lent(r rune, state uint16) (stroke, bool) {
	pair := sparePair(r)
	s := i.lentTo(pair)
	if s == nil {
		return stroke{}, false
	}
	i.uses++
	s.used, s.usedTime = i.uses, time.Now()
	t := stroke{kc: s.kc, shift: pair[0] != pair[1] && symOf(r) == pair[1]}
	if pair[0] != pair[1] && state&xproto.ModMaskLock != 0 {
		t.shift = !t.shift
	}
	return t, !t.shift || i.keys.shift != 0
}

// giveBack makes all borrowed keycodes empty again. Keys that were typed just now are
// given time to be looked up.
func (i *Injector) giveBack() {
	for n := range i.borrowed {
		if s := &i.borrowed[n]; s.bound[0] != 0 {
			if wait := linger - time.Since(s.usedTime); wait > 0 {
				time.Sleep(wait)
			}
			s.bound = [2]xproto.Keysym{}
			if i.bind(s).Check() != nil {
				return // the connection has ended
			}
		}
	}
}

// pause waits, but not beyond Close.
func (i *Injector) pause(d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return i.c.alive()
	case <-i.done:
		return gone(nil)
	}
}
