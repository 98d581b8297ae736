package e2e

import (
	"os/exec"
	"strings"
	"time"

	"github.com/jezek/xgb/xproto"
	"github.com/jezek/xgb/xtest"
)

// keyboard is a person's own keyboard: keys of an X server's layout, pressed by XTEST. What
// the program in front makes of them is its own affair.
type keyboard struct {
	d      *xdesktop
	keys   map[xproto.Keysym]chord
	shift  xproto.Keycode
	level3 xproto.Keycode
}

// chord is a key and the level on which it has a symbol.
type chord struct {
	kc            xproto.Keycode
	shift, level3 bool
}

// named are the keys that a script of press names in angle brackets.
var named = map[string]xproto.Keysym{
	"BackSpace": 0xff08, "Tab": 0xff09, "Return": 0xff0d, "Escape": 0xff1b, "Left": 0xff51, "Up": 0xff52, "Right": 0xff53, "Down": 0xff54,
	"Home": 0xff50, "End": 0xff57, "Delete": 0xffff, "F1": 0xffbe, "F4": 0xffc1, "F5": 0xffc2,
	"Shift": 0xffe1, "Control": 0xffe3, "Alt": 0xffe9, "Super": 0xffeb, "CapsLock": 0xffe5, "NumLock": 0xff7f,
	"KP1": 0xff9c, "KP4": 0xff96, "KP7": 0xff95, "KP8": 0xff97, "KPEnter": 0xff8d, "KPAdd": 0xffab,
	"circumflex": 0xfe52, "acute": 0xfe51, "grave": 0xfe50, "diaeresis": 0xfe57, "less": '<', "plus": '+', "yen": 0x5c,
}

// cyrillic are the letters of the keysyms from 0x6c0 on: they have the order of KOI8-R.
const cyrillic = "юабцдефгхийклмнопярстужвьызшэщчъЮАБЦДЕФГХИЙКЛМНОПЯРСТУЖВЬЫЗШЭЩЧЪ"

// symbols are the keysyms by which a layout may name a character.
func symbols(r rune) []xproto.Keysym {
	legacy := map[rune]xproto.Keysym{'ё': 0x6a3, 'Ё': 0x6b3, '№': 0x6b0, '€': 0x20ac, 'œ': 0x13bd}
	if n := strings.IndexRune(cyrillic, r); n >= 0 {
		legacy[r] = 0x6c0 + xproto.Keysym(n/2)
	}
	if sym, ok := legacy[r]; ok {
		return []xproto.Keysym{sym, 0x1000000 + xproto.Keysym(r)}
	}
	return []xproto.Keysym{xproto.Keysym(r), 0x1000000 + xproto.Keysym(r)}
}

// setLayout gives a desktop another keyboard layout.
func (d *xdesktop) setLayout(layout string) {
	d.t.Helper()
	if out, err := exec.Command("setxkbmap", "-display", d.display, "-layout", layout).CombinedOutput(); err != nil {
		d.t.Fatalf("setxkbmap %s: %v (is x11-xkb-utils installed?) %s", layout, err, out)
	}
}

// keyboard returns the desktop's keyboard with its present layout.
func (d *xdesktop) keyboard() *keyboard {
	d.t.Helper()
	if err := xtest.Init(d.c); err != nil {
		d.t.Fatal(err)
	}
	setup := xproto.Setup(d.c)
	m, err := xproto.GetKeyboardMapping(d.c, setup.MinKeycode, byte(setup.MaxKeycode-setup.MinKeycode+1)).Reply()
	if err != nil {
		d.t.Fatal(err)
	}
	k := &keyboard{d: d, keys: map[xproto.Keysym]chord{}}
	per := int(m.KeysymsPerKeycode)
	for level, column := range []int{0, 1, 4, 5} { // the first group's
		for n := 0; n < len(m.Keysyms) && column < per; n += per {
			kc, sym := setup.MinKeycode+xproto.Keycode(n/per), m.Keysyms[n+column]
			if _, known := k.keys[sym]; !known && sym != 0 {
				k.keys[sym] = chord{kc, level&1 != 0, level&2 != 0}
			}
		}
	}
	k.shift, k.level3 = k.keys[named["Shift"]].kc, k.keys[0xfe03].kc
	if right := 108 - int(setup.MinKeycode); m.Keysyms[right*per] == 0xfe03 {
		k.level3 = 108 // the key AltGr itself, and not the one that only programs press
	}
	return k
}

// find returns the key of a symbol.
func (k *keyboard) find(name string) (chord, bool) {
	if sym, ok := named[name]; ok {
		c, ok := k.keys[sym]
		return c, ok
	}
	for _, sym := range symbols([]rune(name)[0]) {
		if c, ok := k.keys[sym]; ok {
			return c, true
		}
	}
	return chord{}, false
}

func (k *keyboard) fake(kc xproto.Keycode, down bool) {
	kind := byte(xproto.KeyRelease)
	if down {
		kind = xproto.KeyPress
	}
	if err := xtest.FakeInputChecked(k.d.c, kind, byte(kc), 0, k.d.root, 0, 0, 0).Check(); err != nil {
		k.d.t.Fatal(err)
	}
}

// between is how long a fast typist leaves between two keys.
const between = 4 * time.Millisecond

// press plays a script: characters are typed, <Name> is a key, <Control+c> are keys held
// together, <+Shift> holds one down until up.
func (k *keyboard) press(script string) {
	k.d.t.Helper()
	pace := time.NewTicker(between)
	defer pace.Stop()
	for script != "" {
		name, rest := string([]rune(script)[0]), script[len(string([]rune(script)[0])):]
		if name == "<" {
			name, rest, _ = strings.Cut(rest, ">")
		}
		script = rest
		parts := strings.Split(name, "+")
		if len(parts) == 1 || name == "+" {
			c := k.want(name)
			k.hold(c, true)
			k.fake(c.kc, true)
			<-pace.C
			k.fake(c.kc, false)
			k.hold(c, false)
			<-pace.C
			continue
		}
		if strings.HasPrefix(name, "+") {
			k.fake(k.want(parts[1]).kc, true)
			<-pace.C
			continue
		}
		for _, p := range parts {
			k.fake(k.want(p).kc, true)
			<-pace.C
		}
		for n := len(parts) - 1; n >= 0; n-- {
			k.fake(k.want(parts[n]).kc, false)
			<-pace.C
		}
	}
}

// up lets go of keys that a script holds.
func (k *keyboard) up(names ...string) {
	for _, name := range names {
		k.fake(k.want(name).kc, false)
	}
}

func (k *keyboard) want(name string) chord {
	k.d.t.Helper()
	c, ok := k.find(name)
	if !ok {
		k.d.t.Fatalf("the layout has no key %q", name)
	}
	return c
}

// hold presses or releases what a level needs.
func (k *keyboard) hold(c chord, down bool) {
	if c.shift {
		k.fake(k.shift, down)
	}
	if c.level3 {
		k.fake(k.level3, down)
	}
}

// held returns the keycodes that an X server says are down.
func (d *xdesktop) held() (keys []xproto.Keycode) {
	d.t.Helper()
	m, err := xproto.QueryKeymap(d.c).Reply()
	if err != nil {
		d.t.Fatal(err)
	}
	for n := range 256 {
		if m.Keys[n/8]&(1<<(n%8)) != 0 {
			keys = append(keys, xproto.Keycode(n))
		}
	}
	return keys
}
