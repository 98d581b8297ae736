//go:build linux

package x11

import (
	"fmt"
	"os/exec"
	"reflect"
	"strings"
	"sync"
	"testing"
	"unicode"

	"github.com/jezek/xgb/xproto"

	"pindesk/internal/platform/xvfb"
	"pindesk/internal/wire"
)

// listener is a program with the keyboard focus that notes its input as text, such as
// "+Control c" for a press of c with Control held, "-c", "+1@20,30" for a mouse button.
type listener struct {
	*program
	mu     sync.Mutex
	events []string
	typed  strings.Builder // characters of the presses without Control, Alt and Super
}

func newWindow(t testing.TB, display string) *listener {
	t.Helper()
	w := &listener{program: newProgram(t, display)}
	id, err := xproto.NewWindowId(w.x)
	if err != nil {
		t.Fatal(err)
	}
	mask := uint32(xproto.EventMaskKeyPress | xproto.EventMaskKeyRelease | xproto.EventMaskButtonPress |
		xproto.EventMaskButtonRelease | xproto.EventMaskExposure)
	err = xproto.CreateWindowChecked(w.x, 0, id, w.root, 0, 0, 200, 150, 0, xproto.WindowClassInputOutput, 0,
		xproto.CwOverrideRedirect|xproto.CwEventMask, []uint32{1, mask}).Check()
	if err != nil {
		t.Fatal(err)
	}
	if err := xproto.MapWindowChecked(w.x, id).Check(); err != nil {
		t.Fatal(err)
	}
	for shown := false; !shown; {
		event, xerr := w.x.WaitForEvent()
		if xerr != nil || event == nil {
			t.Fatal("no window: ", xerr)
		}
		_, shown = event.(xproto.ExposeEvent)
	}
	if err := xproto.SetInputFocusChecked(w.x, xproto.InputFocusPointerRoot, id, 0).Check(); err != nil {
		t.Fatal(err)
	}
	var done sync.WaitGroup
	done.Go(w.listen)
	t.Cleanup(func() {
		w.x.Close()
		done.Wait()
	})
	return w
}

// listen looks keys up as simple programs do: when a notice of a changed mapping comes, the
// newest mapping is fetched.
func (w *listener) listen() {
	setup := xproto.Setup(w.x)
	fetch := func() *xproto.GetKeyboardMappingReply {
		m, err := xproto.GetKeyboardMapping(w.x, setup.MinKeycode, byte(setup.MaxKeycode-setup.MinKeycode+1)).Reply()
		if err != nil {
			return &xproto.GetKeyboardMappingReply{}
		}
		return m
	}
	m := fetch()
	column := func(kc xproto.Keycode, n int) rune {
		at := int(kc-setup.MinKeycode)*int(m.KeysymsPerKeycode) + n
		if n >= int(m.KeysymsPerKeycode) || at >= len(m.Keysyms) {
			return 0
		}
		return symbolRune(m.Keysyms[at])
	}
	// look finds the character of a key, and what to call it.
	look := func(kc xproto.Keycode, state uint16) (rune, string) {
		n := 0
		if state&xproto.ModMask5 != 0 {
			n = 4
		}
		n += int(state>>13&3) * 2
		plain, shifted := column(kc, n), column(kc, n+1)
		letter := unicode.ToUpper(plain) == shifted && plain != shifted
		shift := state&xproto.ModMaskShift != 0
		if state&xproto.ModMaskLock != 0 && letter {
			shift = !shift
		}
		r := plain
		if shift && shifted != 0 {
			r = shifted
		}
		if state&xproto.ModMaskLock != 0 && !letter {
			r = unicode.ToUpper(r)
		}
		name := string(r)
		if r == 0 || r < ' ' {
			name = fmt.Sprintf("key%d", kc)
		}
		return r, name
	}
	note := func(format string, args ...any) {
		w.mu.Lock()
		defer w.mu.Unlock()
		w.events = append(w.events, fmt.Sprintf(format, args...))
	}
	for {
		event, xerr := w.x.WaitForEvent()
		if event == nil && xerr == nil {
			return
		}
		switch e := event.(type) {
		case xproto.MappingNotifyEvent:
			m = fetch()
		case xproto.KeyPressEvent:
			r, name := look(e.Detail, e.State)
			note("+%s%s", modifiers(e.State), name)
			if e.State&(xproto.ModMaskControl|xproto.ModMask1|xproto.ModMask4) == 0 && r != 0 {
				w.mu.Lock()
				w.typed.WriteRune(r)
				w.mu.Unlock()
			}
		case xproto.KeyReleaseEvent:
			_, name := look(e.Detail, 0)
			note("-%s", name)
		case xproto.ButtonPressEvent:
			note("+%s%d@%d,%d", modifiers(e.State), e.Detail, e.RootX, e.RootY)
		case xproto.ButtonReleaseEvent:
			note("-%d", e.Detail)
		}
	}
}

func modifiers(state uint16) string {
	s := ""
	for _, m := range []struct {
		mask uint16
		name string
	}{{xproto.ModMaskShift, "Shift "}, {xproto.ModMaskControl, "Control "}, {xproto.ModMask1, "Alt "}, {xproto.ModMask4, "Super "}} {
		if state&m.mask != 0 {
			s += m.name
		}
	}
	return s
}

// symbolRune knows the few symbols that the tests use, apart from the tested table.
func symbolRune(s xproto.Keysym) rune {
	switch {
	case s == 0xff0d:
		return '\n'
	case s == 0xff09:
		return '\t'
	case s == 0x20ac:
		return '€'
	case s == 0x1a3:
		return 'Ł'
	case s == 0xad2:
		return '“'
	case s == 0xad3:
		return '”'
	case s == 0xafe:
		return '„'
	case s >= 0x6c1 && s <= 0x6ff: // Cyrillic, in the order of KOI8-R
		return []rune("юабцдефгхийклмнопярстужвьызшэщчъЮАБЦДЕФГХИЙКЛМНОПЯРСТУЖВЬЫЗШЭЩЧЪ")[s-0x6c0]
	case s >= 0x01000100:
		return rune(s - 0x01000000)
	case s < 0x100:
		return rune(s)
	}
	return 0
}

// take returns and forgets what has been noted so far, when it is at least n events.
func (w *listener) take(t testing.TB, n int) []string {
	t.Helper()
	var events []string
	until(t, fmt.Sprintf("%d events", n), func() bool {
		w.mu.Lock()
		defer w.mu.Unlock()
		if len(w.events) < n {
			return false
		}
		events, w.events = w.events, nil
		return true
	})
	return events
}

// takeTyped waits for a text and forgets it.
func (w *listener) takeTyped(t testing.TB, want string) {
	t.Helper()
	got := ""
	defer func() {
		if got != want {
			t.Logf("arrived: %q, want: %q", got, want)
		}
	}()
	until(t, "typed text", func() bool {
		w.mu.Lock()
		defer w.mu.Unlock()
		if got = w.typed.String(); got != want {
			return len([]rune(got)) > len([]rune(want))
		}
		w.typed.Reset()
		w.events = nil
		return true
	})
	if got != want {
		t.FailNow()
	}
}

// keyboard sets the keyboard's layout; i, if any, has been told when it returns.
func keyboard(t testing.TB, display string, i *Injector, args ...string) {
	t.Helper()
	if i != nil {
		if _, err := i.ready(); err != nil { // so that what is awaited is news
			t.Fatal(err)
		}
		defer until(t, "notice of the new layout", i.stale.Load)
	}
	path, err := exec.LookPath("setxkbmap")
	if err != nil {
		t.Fatal("setxkbmap is missing: install the package x11-xkb-utils")
	}
	if out, err := exec.Command(path, append([]string{"-display", display}, args...)...).CombinedOutput(); err != nil {
		t.Fatalf("setxkbmap %v: %v: %s", args, err, out)
	}
}

func keyEvent(code string, down bool) wire.Event {
	return wire.Event{Type: wire.EventKey, Code: code, Down: down}
}

func textEvent(code, text string, down bool) wire.Event {
	return wire.Event{Type: wire.EventKey, Code: code, Text: text, IsText: true, Down: down}
}

func shortcut(code, text string, down bool) wire.Event {
	return wire.Event{Type: wire.EventKey, Code: code, Text: text, Down: down}
}

func sendKeys(t testing.TB, i *Injector, events ...wire.Event) {
	t.Helper()
	for _, e := range events {
		if err := i.Key(e); err != nil {
			t.Fatalf("%+v: %v", e, err)
		}
	}
}

func TestMouse(t *testing.T) {
	display := xvfb.Start(t, "320x240")
	i, w := testInjector(t, display), newWindow(t, display)
	do := func(errs ...error) {
		t.Helper()
		for _, err := range errs {
			if err != nil {
				t.Fatal(err)
			}
		}
	}
	do(i.Move(20, 30), i.Button(wire.ButtonLeft, true), i.Button(wire.ButtonLeft, true), i.Button(wire.ButtonLeft, false), i.Button(wire.ButtonLeft, false),
		i.Move(199, 149), i.Button(wire.ButtonRight, true), i.Button(wire.ButtonRight, false), i.Move(-5, -70000),
		i.Button(wire.ButtonMiddle, true), i.Button(wire.ButtonMiddle, false),
		i.Button(wire.ButtonBack, true), i.Button(wire.ButtonBack, false), i.Button(wire.ButtonForward, true), i.Button(wire.ButtonForward, false))
	want := []string{"+1@20,30", "-1", "+3@199,149", "-3", "+2@0,0", "-2", "+8@0,0", "-8", "+9@0,0", "-9"}
	if got := w.take(t, len(want)); !reflect.DeepEqual(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
	// Fractions add up; a change of direction begins anew.
	do(i.Wheel(0, 240), i.Wheel(0, -120), i.Wheel(120, 0), i.Wheel(-120, 0), i.Wheel(0, 60), i.Wheel(0, 60),
		i.Wheel(0, 119), i.Wheel(0, -1), i.Wheel(0, 1), i.Wheel(0, 119), i.Wheel(-100, 0), i.Wheel(-140, 0))
	want = nil
	for _, b := range []int{5, 5, 4, 7, 6, 5, 5, 6, 6} {
		want = append(want, fmt.Sprintf("+%d@0,0", b), fmt.Sprintf("-%d", b))
	}
	if got := w.take(t, len(want)); !reflect.DeepEqual(got, want) {
		t.Errorf("wheel: got %v, want %v", got, want)
	}
}

func TestReleaseAll(t *testing.T) {
	display := xvfb.Start(t, "320x240")
	i, w := testInjector(t, display), newWindow(t, display)
	if err := i.Move(1, 1); err != nil {
		t.Fatal(err)
	}
	hold := func() {
		sendKeys(t, i, keyEvent("ControlLeft", true), keyEvent("ShiftRight", true), textEvent("KeyX", "X", true), textEvent("KeyQ", "本", true))
		if err := i.Button(wire.ButtonLeft, true); err != nil {
			t.Fatal(err)
		}
	}
	held := func() int {
		keys, err := xproto.QueryKeymap(w.x).Reply()
		if err != nil {
			t.Fatal(err)
		}
		p, err := xproto.QueryPointer(w.x, w.root).Reply()
		if err != nil {
			t.Fatal(err)
		}
		n := int(p.Mask & (xproto.ButtonMask1 | xproto.ModMaskShift | xproto.ModMaskControl))
		for _, b := range keys.Keys {
			n += int(b)
		}
		return n
	}
	hold()
	until(t, "something is held", func() bool { return held() != 0 })
	if err := i.ReleaseAll(); err != nil {
		t.Fatal(err)
	}
	if n := held(); n != 0 {
		t.Errorf("ReleaseAll leaves something held: %d", n)
	}
	hold()
	if err := i.Close(); err != nil {
		t.Fatal(err)
	}
	if n := held(); n != 0 {
		t.Errorf("Close leaves something held: %d", n)
	}
}
