//go:build linux

package x11

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/jezek/xgb/xproto"

	"pindesk/internal/platform/desktop"
	"pindesk/internal/platform/xvfb"
	"pindesk/internal/wire"
)

// sample has characters of a level of some keyboard, of no keyboard, and with one capital.
const sample = "äß€ 本 😀 @{[]}\\~^|µ Aa1! ÄÖ éÉ Жж ñŁ…„“”\tx\n"

var layouts = []struct {
	name string
	args []string
}{
	{"us", []string{"us"}},
	{"de", []string{"de"}},
	{"fr", []string{"fr"}},
	{"ru", []string{"ru"}},
	{"us and ru", []string{"us,ru"}},
	{"old keycodes", []string{"-keycodes", "xfree86", "us"}},
}

func TestTextArrives(t *testing.T) {
	display := xvfb.Start(t, "320x240")
	i, w := testInjector(t, display), newWindow(t, display)
	for _, l := range layouts {
		t.Run(l.name, func(t *testing.T) {
			keyboard(t, display, i, l.args...)
			if err := i.Text(sample); err != nil {
				t.Fatal(err)
			}
			w.takeTyped(t, sample)
		})
	}
}

// More characters than there are spare keycodes, each several times.
func TestLongForeignText(t *testing.T) {
	display := xvfb.Start(t, "320x240")
	i, w := testInjector(t, display), newWindow(t, display)
	var s strings.Builder
	for n := range 90 {
		s.WriteRune(rune(0x4e00 + n*7%40))
		s.WriteString(string(rune('a' + n%26)))
	}
	if err := i.Text(s.String()); err != nil {
		t.Fatal(err)
	}
	w.takeTyped(t, s.String())
}

func TestKeyTextArrives(t *testing.T) {
	display := xvfb.Start(t, "320x240")
	i, w := testInjector(t, display), newWindow(t, display)
	for _, l := range layouts {
		t.Run(l.name, func(t *testing.T) {
			keyboard(t, display, i, l.args...)
			// A German technician: AltGr is a Control and an Alt on some systems.
			sendKeys(t, i, textEvent("KeyA", "a", true), textEvent("KeyA", "a", false),
				textEvent("Quote", "ä", true), textEvent("Quote", "ä", false),
				keyEvent("ShiftLeft", true), textEvent("KeyY", "Z", true), textEvent("KeyY", "Z", false),
				textEvent("Digit7", "/", true), textEvent("Digit7", "/", false), keyEvent("ShiftLeft", false),
				keyEvent("ControlLeft", true), keyEvent("AltRight", true), textEvent("KeyQ", "@", true), textEvent("KeyQ", "@", false),
				textEvent("KeyE", "€", true), textEvent("KeyE", "€", false), keyEvent("AltRight", false), keyEvent("ControlLeft", false),
				textEvent("", "漢", true), textEvent("", "b", true), textEvent("KeyK", "e\u0301", true), textEvent("KeyK", "", false))
			w.takeTyped(t, "aäZ/@€漢be\u0301")
			until(t, "no key is held", func() bool {
				keys, err := xproto.QueryKeymap(w.x).Reply()
				if err != nil {
					t.Fatal(err)
				}
				return bytes.Equal(keys.Keys, make([]byte, 32))
			})
		})
	}
}

// A lock that is on at the guest must not change what the technician's text says.
func TestLocksDoNotMatter(t *testing.T) {
	display := xvfb.Start(t, "320x240")
	i, w := testInjector(t, display), newWindow(t, display)
	for _, layout := range []string{"us", "de", "ru", "fr"} {
		t.Run(layout, func(t *testing.T) {
			keyboard(t, display, i, layout)
			for _, lock := range []string{"CapsLock", "NumLock"} {
				sendKeys(t, i, keyEvent(lock, true), keyEvent(lock, false))
				state, err := i.state()
				if err != nil {
					t.Fatal(err)
				}
				if state&(xproto.ModMaskLock|i.keys.numMask) == 0 {
					t.Fatal("the lock is not on")
				}
				const text = "aAzäÄß1!жЖ本€é"
				if err := i.Text(text); err != nil {
					t.Fatal(err)
				}
				sendKeys(t, i, keyEvent("ShiftLeft", true), textEvent("KeyB", "B", true), textEvent("KeyB", "B", false), keyEvent("ShiftLeft", false),
					textEvent("KeyB", "b", true), textEvent("KeyB", "b", false))
				w.takeTyped(t, text+"Bb")
				sendKeys(t, i, keyEvent(lock, true), keyEvent(lock, false))
			}
		})
	}
}

func TestShortcuts(t *testing.T) {
	display := xvfb.Start(t, "320x240")
	i, w := testInjector(t, display), newWindow(t, display)
	for _, c := range []struct {
		name, layout string
		events       []wire.Event
		want         []string // without the modifiers' own events
	}{
		{"Ctrl+C", "us", []wire.Event{keyEvent("ControlLeft", true), shortcut("KeyC", "c", true), shortcut("KeyC", "c", false), keyEvent("ControlLeft", false)},
			[]string{"+Control c", "-c"}},
		{"Ctrl+Shift+C", "us", []wire.Event{keyEvent("ControlLeft", true), keyEvent("ShiftLeft", true), shortcut("KeyC", "C", true), shortcut("KeyC", "C", false)},
			[]string{"+Shift Control C", "-c"}},
		{"French technician's Ctrl+A", "us", []wire.Event{keyEvent("ControlLeft", true), shortcut("KeyQ", "a", true), shortcut("KeyQ", "a", false)},
			[]string{"+Control a", "-a"}},
		{"German technician's Ctrl+Z", "us", []wire.Event{keyEvent("ControlLeft", true), shortcut("KeyY", "z", true), shortcut("KeyY", "z", false)},
			[]string{"+Control z", "-z"}},
		{"Ctrl+Z at a German guest", "de", []wire.Event{keyEvent("ControlLeft", true), shortcut("KeyZ", "z", true), shortcut("KeyZ", "z", false)},
			[]string{"+Control z", "-z"}},
		{"Russian technician's Ctrl+C", "us", []wire.Event{keyEvent("ControlLeft", true), shortcut("KeyC", "с", true), shortcut("KeyC", "с", false)},
			[]string{"+Control c", "-c"}},
		{"German technician's Ctrl+plus", "us", []wire.Event{keyEvent("ControlLeft", true), shortcut("BracketRight", "+", true), shortcut("BracketRight", "+", false)},
			[]string{"+Control +", "-+"}},
		{"Ctrl+Shift+equal", "us", []wire.Event{keyEvent("ControlLeft", true), keyEvent("ShiftLeft", true), shortcut("Equal", "+", true), shortcut("Equal", "+", false)},
			[]string{"+Shift Control +", "-="}},
		{"Ctrl+1 at a French guest", "fr", []wire.Event{keyEvent("ControlLeft", true), shortcut("Digit1", "1", true), shortcut("Digit1", "1", false)},
			[]string{"+Control &", "-&"}},
		{"Ctrl+C at a Russian guest", "ru", []wire.Event{keyEvent("ControlLeft", true), shortcut("KeyC", "c", true), shortcut("KeyC", "c", false)},
			[]string{"+Control c", "-c"}},
		{"Russian technician's Ctrl+C at a Russian guest", "ru", []wire.Event{keyEvent("ControlLeft", true), shortcut("KeyC", "с", true), shortcut("KeyC", "с", false)},
			[]string{"+Control c", "-c"}},
		{"Russian technician's Ctrl+Shift+T at a Russian guest", "ru", []wire.Event{keyEvent("ControlLeft", true), keyEvent("ShiftLeft", true), shortcut("KeyT", "Е", true), shortcut("KeyT", "Е", false)},
			[]string{"+Shift Control T", "-t"}},
		{"Russian technician's Ctrl+Z at a German guest", "de", []wire.Event{keyEvent("ControlLeft", true), shortcut("KeyZ", "я", true), shortcut("KeyZ", "я", false)},
			[]string{"+Control z", "-z"}},
		{"Russian technician's Alt+letter at a Russian guest", "ru", []wire.Event{keyEvent("AltLeft", true), shortcut("KeyA", "ф", true), shortcut("KeyA", "ф", false)},
			[]string{"+Alt ф", "-ф"}},
		{"Alt+F4", "us", []wire.Event{keyEvent("AltLeft", true), keyEvent("F4", true), keyEvent("F4", false)}, []string{"+Alt key70", "-key70"}},
		{"Super+L", "us", []wire.Event{keyEvent("MetaLeft", true), shortcut("KeyL", "l", true), shortcut("KeyL", "l", false)}, []string{"+Super l", "-l"}},
		{"arrow", "us", []wire.Event{keyEvent("ArrowUp", true), keyEvent("ArrowUp", false)}, []string{"+key111", "-key111"}},
		{"Enter", "de", []wire.Event{keyEvent("Enter", true), keyEvent("Enter", false)}, []string{"+key36", "-key36"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			keyboard(t, display, i, c.layout)
			sendKeys(t, i, c.events...)
			if err := i.ReleaseAll(); err != nil {
				t.Fatal(err)
			}
			sendKeys(t, i, keyEvent("Pause", true), keyEvent("Pause", false)) // marks the end
			var got []string
			until(t, "end of the events", func() bool {
				got = append(got, w.take(t, 1)...)
				return slices.Contains(got, "-key127")
			})
			got = slices.DeleteFunc(got, func(s string) bool {
				for _, kc := range []string{"key37", "key50", "key64", "key133", "key127"} {
					if strings.HasSuffix(s, kc) {
						return true
					}
				}
				return false
			})
			if !reflect.DeepEqual(got, c.want) {
				t.Errorf("got %q, want %q", got, c.want)
			}
		})
	}
}

func TestUnknownKey(t *testing.T) {
	i := testInjector(t, xvfb.Start(t, "64x64"))
	if err := i.Key(keyEvent("NoSuchKey", true)); !errors.Is(err, errNoKey) {
		t.Errorf("error %v", err)
	}
	sendKeys(t, i, keyEvent("NoSuchKey", false), keyEvent("KeyA", false))
}

// A held key repeats by the server alone; where that is off, by the technician's events.
func TestRepeat(t *testing.T) {
	display := xvfb.Start(t, "320x240")
	i, w := testInjector(t, display), newWindow(t, display)
	again := textEvent("KeyA", "a", true)
	again.Repeat = true
	sendKeys(t, i, textEvent("KeyA", "a", true), again, again, again)
	if got := w.take(t, 1); !reflect.DeepEqual(got, []string{"+a"}) {
		t.Fatalf("the technician's repetition came through beside the server's: %v", got)
	}
	w.take(t, 4) // the server's repetition
	sendKeys(t, i, textEvent("KeyA", "a", false))

	if err := xproto.ChangeKeyboardControlChecked(w.x, xproto.KbAutoRepeatMode, []uint32{xproto.AutoRepeatModeOff}).Check(); err != nil {
		t.Fatal(err)
	}
	w.mu.Lock()
	w.typed.Reset()
	w.mu.Unlock()
	sendKeys(t, i, textEvent("KeyA", "a", true), again, again, textEvent("KeyA", "a", false))
	foreign := textEvent("KeyA", "本", true)
	foreign.Repeat = true
	sendKeys(t, i, textEvent("KeyA", "本", true), foreign, textEvent("KeyA", "本", false), textEvent("KeyB", "b", true), textEvent("KeyB", "b", false))
	w.takeTyped(t, "aaa本本b")
}

func TestSpareKeycodesAreGivenBack(t *testing.T) {
	display := xvfb.Start(t, "320x240")
	p := newProgram(t, display)
	setup := xproto.Setup(p.x)
	mapping := func() []xproto.Keysym {
		m, err := xproto.GetKeyboardMapping(p.x, setup.MinKeycode, byte(setup.MaxKeycode-setup.MinKeycode+1)).Reply()
		if err != nil {
			t.Fatal(err)
		}
		return m.Keysyms
	}
	before := mapping()
	i := testInjector(t, display)
	if err := i.Text(sample); err != nil {
		t.Fatal(err)
	}
	if slices.Equal(before, mapping()) {
		t.Fatal("nothing was bound, so the test shows nothing")
	}
	if err := i.Close(); err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(before, mapping()) {
		t.Error("the keyboard mapping is not as it was")
	}
}

func TestNoSpareKeycode(t *testing.T) {
	display := xvfb.Start(t, "320x240")
	p := newProgram(t, display)
	setup := xproto.Setup(p.x)
	for kc := setup.MinKeycode; kc >= setup.MinKeycode; kc++ { // ends when kc wraps
		m, err := xproto.GetKeyboardMapping(p.x, kc, 1).Reply()
		if err != nil {
			t.Fatal(err)
		}
		if !slices.ContainsFunc(m.Keysyms, func(s xproto.Keysym) bool { return s != 0 }) {
			if err := xproto.ChangeKeyboardMappingChecked(p.x, 1, kc, 1, []xproto.Keysym{0xffd5}).Check(); err != nil { // F24
				t.Fatal(err)
			}
		}
		if kc == setup.MaxKeycode {
			break
		}
	}
	i, w := testInjector(t, display), newWindow(t, display)
	if err := i.Text("本"); !errors.Is(err, errNoSpare) || errors.Is(err, desktop.ErrGone) {
		t.Errorf("error %v", err)
	}
	if err := i.Text("ok"); err != nil {
		t.Error(err)
	}
	w.takeTyped(t, "ok")
}

// A real terminal: Xlib's look-up, an input method, UTF-8 at the end.
func TestTypingIntoTerminal(t *testing.T) {
	for _, layout := range []string{"us", "de", "fr", "us,ru", "ru,us"} {
		t.Run(layout, func(t *testing.T) {
			display := xvfb.Start(t, "640x480")
			keyboard(t, display, nil, "-layout", layout, "-option", "grp:caps_toggle")
			file := terminal(t, display)
			i := testInjector(t, display)
			if strings.Contains(layout, ",") {
				sendKeys(t, i, keyEvent("CapsLock", true), keyEvent("CapsLock", false))
				if state, err := i.state(); err != nil || state>>groupShift&groupMask != 1 {
					t.Fatalf("the second layout is not in force: state %x, error %v", state, err)
				}
			}
			if err := i.Move(100, 100); err != nil { // focus follows the pointer without a window manager
				t.Fatal(err)
			}
			arrives := func(what, want string) {
				t.Helper()
				var got []byte
				defer func() {
					if string(got) != want {
						t.Logf("arrived: %q, want: %q", got, want)
					}
				}()
				until(t, what, func() bool {
					var err error
					if got, err = os.ReadFile(file); err != nil {
						t.Fatal(err)
					}
					return string(got) == want
				})
			}
			want := strings.ReplaceAll(sample, "\n", "\r")
			if err := i.Text(sample); err != nil {
				t.Fatal(err)
			}
			arrives("text", want)
			sendKeys(t, i, keyEvent("ControlLeft", true), shortcut("KeyC", "c", true), shortcut("KeyC", "c", false), keyEvent("ControlLeft", false))
			want += "\x03"
			arrives("Ctrl+C", want)
			sendKeys(t, i, keyEvent("ShiftLeft", true), textEvent("KeyZ", "Z", true), textEvent("KeyZ", "Z", false), keyEvent("ShiftLeft", false),
				keyEvent("AltRight", true), textEvent("KeyQ", "@", true), textEvent("KeyQ", "@", false), keyEvent("AltRight", false),
				keyEvent("ArrowUp", true), keyEvent("ArrowUp", false), keyEvent("Enter", true), keyEvent("Enter", false))
			want += "Z@\x1b[A\r"
			arrives("keys", want)
			// Bindings follow each other in one and the same keycodes.
			long := strings.Repeat("春夏秋冬花鳥風月東西南北上下左右一二三四五六七八九十百千", 3)
			if err := i.Text(long); err != nil {
				t.Fatal(err)
			}
			want += long
			arrives("more characters than spare keycodes", want)
		})
	}
}

// terminal starts an xterm that fills the screen and writes to a file what is typed.
func terminal(t *testing.T, display string) (file string) {
	t.Helper()
	path, err := exec.LookPath("xterm")
	if err != nil {
		t.Fatal("xterm is missing: install the package xterm")
	}
	file = filepath.Join(t.TempDir(), "typed")
	script := fmt.Sprintf("stty raw -echo && exec cat > '%s'", file)
	cmd := exec.Command(path, "-display", display, "-u8", "-geometry", "100x40+0+0", "-e", "sh", "-c", script)
	cmd.Env = append(os.Environ(), "LC_ALL=C.UTF-8")
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	})
	until(t, "xterm runs", func() bool {
		_, err := os.Stat(file)
		return err == nil
	})
	return file
}
