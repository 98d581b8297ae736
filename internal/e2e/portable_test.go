package e2e

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"
)

// TestPortable is the presenter of -tags portable, the one that macOS gets, on X11: the picture is exact, and clicks and
// letters arrive.
func TestPortable(t *testing.T) {
	if os.Getenv("PINDESK_LONG") == "" {
		t.Skip("compiles robotgo's C; PINDESK_LONG=1 runs it")
	}
	exe := filepath.Join(t.TempDir(), "presenter")
	build := exec.Command("go", "build", "-tags", "portable", "-o", exe, "pindesk/cmd/presenter")
	build.Env = append(os.Environ(), "CGO_ENABLED=1")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v (is libxtst-dev installed? see make test-long)\n%s", err, out)
	}
	b := startBroker(t, "")
	d := startDesktop(t, "1024x768")
	typed := d.typewriter()
	pad := d.clickPad(700, 500, 200, 150)
	pin := b.newPIN()
	v := startChromium(t, 1400, 1000)
	v.open(b.url + "/view#" + pin)
	prog := run(t, d.env(), exe, "--broker", b.url, "--pin", pin, "--name", "portable", "--consent", "control")
	v.wantState("live  control=yes")
	v.exact(d)
	for _, at := range [][2]int{{700, 500}, {899, 649}} {
		v.click(at[0], at[1])
		select {
		case got := <-pad.clicks:
			if got != at {
				t.Errorf("a click on %v landed on %v", at, got)
			}
		case <-time.After(waitLimit):
			t.Fatalf("a click on %v did not arrive", at)
		}
	}
	v.click(100, 100)            // the X focus follows the pointer
	v.typeText("Hi, you_2! äß€") // no emoji: robotgo knows no key for it on X11 (docs/macos.md)
	v.altGr("KeyQ", "@")
	v.insert("本")
	v.press("Enter", "Enter", "\r", 0)
	shortcut(v, "KeyC", "c")
	eventually(t, "what was typed has come", func() bool { return typed() == "Hi, you_2! äß€@本\r\x03" })
	for n, colour := range []uint32{0xcc3344, 0x2255ee, 0x11aa77} {
		d.fill(100+50*n, 420, 300, 200, colour)
		d.noise(t)(64, 48)
		v.exact(d)
	}
	prog.signal(os.Interrupt)
	if code := prog.wait(); code != 0 {
		t.Errorf("the presenter ended with %d", code)
	}
	v.wantState("waiting presenter-left")
}
