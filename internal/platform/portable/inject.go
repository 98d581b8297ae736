//go:build portable && !windows

package portable

import (
	"errors"
	"fmt"
	"image"
	"runtime"
	"strings"
	"sync"
	"unicode"
	"unicode/utf16"

	"github.com/go-vgo/robotgo"

	"pindesk/internal/platform/desktop"
	"pindesk/internal/wire"
)

var (
	errNoKey    = errors.New("portable: there is no such key")
	errNoButton = errors.New("portable: there is no such button")
)

// robot is held for each call of robotgo: all share one connection, which is not for several threads at once.
var robot sync.Mutex

// Injector puts input in by robotgo. See desktop.Injector for the rules.
type Injector struct {
	mu      sync.Mutex // held by every method, and robot with it
	closed  bool
	buttons [256]bool
	held    []heldKey // in the order of pressing
	dx, dy  int       // of the wheel, not turned yet
}

// heldKey is a key that the technician holds down.
type heldKey struct {
	code string
	name string // robotgo's of the key that is down here too; "": it was typed at once
	text string // that it types again when it repeats
}

var buttonNames = map[wire.Button]string{wire.ButtonLeft: "left", wire.ButtonMiddle: "center", wire.ButtonRight: "right"}

// enter begins a method.
func (i *Injector) enter() (leave func(), err error) {
	i.mu.Lock()
	if i.closed {
		i.mu.Unlock()
		return nil, desktop.ErrGone
	}
	robot.Lock()
	return func() { robot.Unlock(); i.mu.Unlock() }, nil
}

// Move implements desktop.Injector.
func (i *Injector) Move(x, y int) error {
	leave, err := i.enter()
	if err != nil {
		return err
	}
	defer leave()
	var at image.Rectangle
	for _, r := range displays() {
		at = at.Union(r)
	}
	if at.Empty() {
		return errNoDisplays
	}
	robotgo.Move(at.Min.X+min(max(x, 0), at.Dx()-1), at.Min.Y+min(max(y, 0), at.Dy()-1))
	return nil
}

// Button implements desktop.Injector.
func (i *Injector) Button(b wire.Button, down bool) error {
	leave, err := i.enter()
	if err != nil {
		return err
	}
	defer leave()
	if i.buttons[b] == down {
		return nil
	}
	if buttonNames[b] == "" {
		return fmt.Errorf("%w: %d", errNoButton, b)
	}
	i.buttons[b] = down
	return robotgo.Toggle(buttonNames[b], direction(down))
}

// Wheel implements desktop.Injector.
func (i *Injector) Wheel(dx, dy int) error {
	leave, err := i.enter()
	if err != nil {
		return err
	}
	defer leave()
	unit := 120 // a notch is the least that X11 turns
	if runtime.GOOS == "darwin" {
		unit = 3 // and a point there, of which a notch is 40
	}
	x, y := turn(&i.dx, dx, unit), turn(&i.dy, dy, unit)
	if x != 0 || y != 0 {
		robotgo.Scroll(-x, -y, 0) // robotgo's is positive left and up
	}
	return nil
}

// turn adds to what a wheel has not turned yet, and takes the whole units out. A change of direction begins anew.
func turn(rest *int, by, unit int) (units int) {
	if *rest > 0 && by < 0 || *rest < 0 && by > 0 {
		*rest = 0
	}
	*rest += by
	units = *rest / unit
	*rest -= units * unit
	return units
}

// Key implements desktop.Injector.
func (i *Injector) Key(e wire.Event) error {
	leave, err := i.enter()
	if err != nil {
		return err
	}
	defer leave()
	at := -1
	for n, h := range i.held {
		if h.code == e.Code {
			at = n
		}
	}
	if !e.Down {
		if at < 0 {
			return nil
		}
		name := i.held[at].name
		i.held = append(i.held[:at], i.held[at+1:]...)
		return i.toggle(name, false)
	}
	if at >= 0 { // it repeats
		h := i.held[at]
		if h.text != "" {
			return i.typed(h.text)
		}
		if isModifier(e.Code) {
			return nil
		}
		return i.toggle(h.name, true)
	}
	key := heldKey{code: e.Code}
	if e.IsText && e.Text != "" {
		key.text = e.Text
		err = i.typed(e.Text)
	} else {
		if key.name = keyName(e); key.name == "" {
			return fmt.Errorf("%w: %s", errNoKey, e.Code)
		}
		err = i.toggle(key.name, true)
	}
	if e.Code == "" { // no release will come
		return errors.Join(err, i.toggle(key.name, false))
	}
	i.held = append(i.held, key)
	return err
}

// toggle presses or releases a key; "" is none.
func (i *Injector) toggle(name string, down bool) error {
	if name == "" {
		return nil
	}
	return robotgo.KeyToggle(name, direction(down))
}

func direction(down bool) string {
	if down {
		return "down"
	}
	return "up"
}

// Text implements desktop.Injector.
func (i *Injector) Text(s string) error {
	leave, err := i.enter()
	if err != nil {
		return err
	}
	defer leave()
	return i.typed(strings.ReplaceAll(s, "\r\n", "\n"))
}

// typed types a text, with the held modifiers lifted that would make shortcuts of it.
func (i *Injector) typed(s string) (errs error) {
	for n := len(i.held) - 1; n >= 0; n-- {
		if isModifier(i.held[n].code) {
			errs = errors.Join(errs, i.toggle(i.held[n].name, false))
		}
	}
	for _, r := range s {
		errs = errors.Join(errs, typeRune(r))
	}
	for _, h := range i.held {
		if isModifier(h.code) {
			errs = errors.Join(errs, i.toggle(h.name, true))
		}
	}
	return errs
}

func typeRune(r rune) error {
	switch {
	case r == '\n' || r == '\r':
		return robotgo.KeyTap("enter")
	case r == '\t':
		return robotgo.KeyTap("tab")
	case r == '\b':
		return robotgo.KeyTap("backspace")
	case unicode.IsControl(r):
	case runtime.GOOS == "darwin": // takes units of UTF-16
		for _, unit := range utf16.AppendRune(nil, r) {
			robotgo.UnicodeType(uint32(unit))
		}
	default:
		robotgo.TypeStr(string(r))
	}
	return nil
}

// ReleaseAll implements desktop.Injector.
func (i *Injector) ReleaseAll() error {
	leave, err := i.enter()
	if err != nil {
		return err
	}
	defer leave()
	return i.releaseAll()
}

func (i *Injector) releaseAll() (errs error) {
	for b, down := range i.buttons {
		if down {
			i.buttons[b] = false
			errs = errors.Join(errs, robotgo.Toggle(buttonNames[wire.Button(b)], "up"))
		}
	}
	for n := len(i.held) - 1; n >= 0; n-- {
		errs = errors.Join(errs, i.toggle(i.held[n].name, false))
	}
	i.held = i.held[:0]
	return errs
}

// Close implements desktop.Injector.
func (i *Injector) Close() error {
	i.mu.Lock()
	defer i.mu.Unlock()
	if i.closed {
		return nil
	}
	i.closed = true
	robot.Lock()
	defer robot.Unlock()
	err := i.releaseAll()
	if runtime.GOOS != "darwin" {
		robotgo.CloseMainDisplay() // Xlib ends the process when it finds that its server has gone
	}
	return err
}
