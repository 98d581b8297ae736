package e2e

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/jezek/xgb/xproto"

	"pindesk/internal/wire"
)

// shim is the library that Go programs load at their start and wine before 9 does not have.
const shim = `#include <windows.h>
BOOLEAN NTAPI SystemFunction036(PVOID, ULONG);
__declspec(dllexport) BOOL WINAPI ProcessPrng(PBYTE p, SIZE_T n) { return SystemFunction036(p, (ULONG)n); }
`

// wine is a Windows of its own on a desktop.
type wine struct {
	*xdesktop
	prefix, exe string
}

// startWine is bootWine, and builds the program for Windows.
func startWine(t *testing.T) *wine {
	t.Helper()
	w := bootWine(t)
	w.exe = filepath.Join(t.TempDir(), "presenter.exe")
	build := exec.Command("go", "build", "-trimpath", "-o", w.exe, "pindesk/cmd/presenter")
	build.Env = append(os.Environ(), "GOOS=windows", "GOARCH=amd64", "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	return w
}

// bootWine makes a new Windows on a new screen.
func bootWine(t *testing.T) *wine {
	t.Helper()
	w := &wine{xdesktop: startDesktop(t, "1024x700"), prefix: filepath.Join(t.TempDir(), "windows")}
	w.managed() // else no window gets the keys
	dll := filepath.Join(t.TempDir(), "shim.dll")
	compileForWindows(t, shim, dll, "-shared")
	t.Cleanup(func() {
		end := exec.Command("wineserver", "-k", "-w")
		if path, err := exec.LookPath("wineserver"); err == nil {
			end.Path = path
		} else {
			end = exec.Command("/usr/lib/wine/wineserver64", "-k", "-w")
		}
		end.Env = append(os.Environ(), w.env()...)
		_ = end.Run() // nothing may run any more
	})
	boot := exec.Command("wine", "wineboot", "-i")
	boot.Env = append(os.Environ(), w.env()...)
	if out, err := boot.CombinedOutput(); err != nil {
		t.Fatalf("%v (is wine installed? see make test-long)\n%s", err, out)
	}
	library, err := os.ReadFile(dll)
	if err != nil {
		t.Fatal(err)
	}
	// Go loads it from here only.
	if err := os.WriteFile(filepath.Join(w.prefix, "drive_c", "windows", "system32", "bcryptprimitives.dll"), library, 0o600); err != nil {
		t.Fatal(err)
	}
	return w
}

// compileForWindows compiles a source of C.
func compileForWindows(t *testing.T, source, out string, flags ...string) {
	t.Helper()
	file := filepath.Join(t.TempDir(), "source.c")
	if err := os.WriteFile(file, []byte(source), 0o600); err != nil {
		t.Fatal(err)
	}
	compile := exec.Command("x86_64-w64-mingw32-gcc", append(flags, "-O2", "-s", "-o", out, file, "-ladvapi32")...)
	if said, err := compile.CombinedOutput(); err != nil {
		t.Fatalf("%v (is gcc-mingw-w64-x86-64 installed? see make test-long)\n%s", err, said)
	}
}

// env is what wine is started with: no Mono, no Gecko, no menu entries of the desktop.
func (w *wine) env() []string {
	return append(w.xdesktop.env(), "WINEPREFIX="+w.prefix, "WINEDEBUG=-all", "WINEDLLOVERRIDES=mscoree,mshtml,winemenubuilder.exe=")
}

func (w *wine) start(t *testing.T, name string, args ...string) *program {
	return run(t, w.env(), "wine", append([]string{name}, args...)...)
}

// TestWindows is the program for Windows, under wine: what a viewer does arrives, and what the screen shows is seen
// exactly. It says nothing of what wine does not have: see docs/windows.md.
func TestWindows(t *testing.T) {
	if os.Getenv("PINDESK_LONG") == "" {
		t.Skip("makes a Windows under wine, which takes a minute; PINDESK_LONG=1 runs it")
	}
	w := startWine(t)
	s := startSite(t, nil)
	pin := s.newPIN()
	prog := w.start(t, w.exe, "--broker", s.url, "--pin", pin, "--consent", "control", "--name", "Windows", "--capture", "auto", "--debug")
	v := s.view(pin, "")
	eventually(t, "the viewer gets a picture", func() bool { v.mu.Lock(); defer v.mu.Unlock(); return v.keys > 0 })
	v.control(wire.Control{Type: wire.TypeAsk, Control: true})
	eventually(t, "the viewer controls", func() bool { return v.me().Control })

	// wine has no desktop duplication: the program says so, and reads through GDI.
	eventually(t, "why there is no desktop duplication is logged", func() bool {
		said := prog.out.String()
		return strings.Contains(said, "the desktop is read through GDI") && strings.Contains(said, "for good\"=true") && strings.Contains(said, "no desktop duplication here")
	})

	t.Run("grab", func(t *testing.T) {
		bench := filepath.Join(t.TempDir(), "grab.exe")
		build := exec.Command("go", "test", "-c", "-o", bench, "pindesk/internal/platform/windows")
		build.Env = append(os.Environ(), "GOOS=windows", "GOARCH=amd64", "CGO_ENABLED=0")
		if out, err := build.CombinedOutput(); err != nil {
			t.Fatalf("%v\n%s", err, out)
		}
		grab := w.start(t, bench, "-test.run", "^$", "-test.bench", "Grab", "-test.benchtime", "300x")
		if code := grab.wait(); code != 0 {
			t.Fatalf("it ended with %d", code)
		}
		t.Logf("%s", grab.out)
		if !strings.Contains(grab.out.String(), "allocs/op") {
			t.Error("nothing was measured")
		}
	})

	t.Run("picture", func(t *testing.T) {
		for n, colour := range []uint32{0xcc3344, 0x2255ee, 0x11aa77} {
			w.fill(100+50*n, 120, 300, 200, colour)
			w.noise(t)(64, 48)
			eventually(t, "the viewer shows just the screen", func() bool { return v.shows(w.xdesktop) })
		}
	})

	t.Run("mouse", func(t *testing.T) {
		v.mu.Lock()
		layout := v.dec.Layout()
		v.mu.Unlock()
		for _, at := range [][2]int{{600, 300}, {333, 411}, {1, 699}, {1023, 0}} {
			v.input(layout, wire.Event{Type: wire.EventMove, X: at[0], Y: at[1]})
			eventually(t, "the pointer is there", func() bool { return w.pointer() == at })
		}
	})

	t.Run("keys, text and clipboard", func(t *testing.T) {
		w.start(t, "notepad")
		key := func(code, text string, isText bool) {
			v.input(0, wire.Event{Type: wire.EventKey, Code: code, Text: text, IsText: isText, Down: true}, wire.Event{Type: wire.EventKey, Code: code})
		}
		withControl := func(code, text string) {
			v.input(0, wire.Event{Type: wire.EventKey, Code: "ControlLeft", Down: true})
			key(code, text, false)
			v.input(0, wire.Event{Type: wire.EventKey, Code: "ControlLeft"})
		}
		copied := func() []string {
			v.mu.Lock()
			defer v.mu.Unlock()
			return v.clips
		}
		// What comes back has gone the whole way: keys to Notepad, its text to the clipboard, and that to the viewer.
		comesBack := func(want string, enter func()) {
			t.Helper()
			for range 20 {
				had := len(copied())
				withControl("KeyA", "a") // of an attempt that came before Notepad had the focus
				enter()
				withControl("KeyA", "a")
				withControl("KeyC", "c")
				for deadline := time.Now().Add(5 * time.Second); len(copied()) == had && time.Now().Before(deadline); {
					w.pixels() // takes its time
				}
				if got := copied(); len(got) > had && got[len(got)-1] == want {
					return
				}
			}
			t.Fatalf("of %q came %q", want, copied())
		}
		comesBack("ab 7ß € Жук 日本 😀\nend", func() {
			key("KeyA", "a", true)
			key("KeyB", "b", true)
			key("Space", " ", true)
			v.input(0, wire.Event{Type: wire.EventText, Text: "7ß € Жук 日本 😀\nen"})
			key("KeyD", "d", true)
		})
		comesBack("von drüben\nund mehr!", func() {
			v.clip("von drüben\nund mehr")
			withControl("KeyV", "v")
			key("Digit1", "!", true)
		})
	})
}

// pointer is where the pointer is.
func (d *xdesktop) pointer() [2]int {
	d.t.Helper()
	p, err := xproto.QueryPointer(d.c, d.root).Reply()
	if err != nil {
		d.t.Fatal(err)
	}
	return [2]int{int(p.RootX), int(p.RootY)}
}
