//go:build portable && linux

package portable

import (
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/jezek/xgb"
	"github.com/jezek/xgb/xproto"

	"pindesk/internal/platform/xvfb"
	"pindesk/internal/screen"
	"pindesk/internal/wire"
)

// patience bounds every wait for another process.
const patience = 20 * time.Second

func until(t *testing.T, what string, cond func() bool) {
	t.Helper()
	deadline := time.After(patience)
	for !cond() {
		select {
		case <-deadline:
			t.Fatalf("waited %v in vain: %s", patience, what)
		case <-time.After(10 * time.Millisecond):
		}
	}
}

func do(t *testing.T, errs ...error) {
	t.Helper()
	for _, err := range errs {
		if err != nil {
			t.Fatal(err)
		}
	}
}

// On one screen, as robotgo keeps its connection for as long as the process lives.
func TestOnX11(t *testing.T) {
	display := xvfb.Start(t, "640x480")
	t.Setenv("DISPLAY", display)
	t.Setenv("XDG_SESSION_TYPE", "x11")
	c, i, err := Open(slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { do(t, i.Close(), c.Close()) })
	t.Run("picture", func(t *testing.T) { picture(t, c, display) })
	t.Run("pointer", func(t *testing.T) { pointer(t, c, i) })
	t.Run("xterm", func(t *testing.T) { typing(t, i, display) })
}

// What was drawn is in the picture exactly, and where nothing was drawn there is no damage.
func picture(t *testing.T, c *Capturer, display string) {
	pic, damage, err := c.Grab()
	do(t, err)
	if pic.W != 640 || pic.H != 480 || len(damage) != 1 || damage[0] != (screen.Rect{W: 640, H: 480}) {
		t.Fatalf("%dx%d, damage %v", pic.W, pic.H, damage)
	}
	if m := c.Monitors(); len(m) != 1 || m[0].W != 640 || m[0].H != 480 || !m[0].Primary {
		t.Errorf("monitors: %+v", m)
	}
	x, err := xgb.NewConnDisplay(display)
	do(t, err)
	defer x.Close()
	root := xproto.Drawable(xproto.Setup(x).DefaultScreen(x).Root)
	gc, err := xproto.NewGcontextId(x)
	do(t, err, xproto.CreateGCChecked(x, gc, root, xproto.GcForeground, []uint32{0x123456}).Check())
	drawn := screen.Rect{X: 101, Y: 203, W: 37, H: 11}
	do(t, xproto.PolyFillRectangleChecked(x, root, gc, []xproto.Rectangle{{X: 101, Y: 203, Width: 37, Height: 11}}).Check())
	if pic, damage, err = c.Grab(); err != nil || len(damage) == 0 {
		t.Fatalf("damage %v, error %v", damage, err)
	}
	want, err := xproto.GetImage(x, xproto.ImageFormatZPixmap, root, 0, 0, 640, 480, 0xffffffff).Reply()
	do(t, err)
	for n := 0; n < len(want.Data); n += 4 {
		if pic.Pix[n] != want.Data[n] || pic.Pix[n+1] != want.Data[n+1] || pic.Pix[n+2] != want.Data[n+2] {
			t.Fatalf("pixel %d,%d is %v, not %v", n/4%640, n/4/640, pic.Pix[n:n+3], want.Data[n:n+3])
		}
	}
	for _, r := range damage {
		if r.Y > drawn.Y || r.Y+r.H < drawn.Y+drawn.H || r.W*r.H > 200*32 {
			t.Errorf("damage %v of %v", damage, drawn)
		}
	}
	if _, damage, err = c.Grab(); err != nil || len(damage) != 0 {
		t.Errorf("nothing was drawn: damage %v, error %v", damage, err)
	}
	// What was drawn outside of what is watched is told when it is of interest again.
	c.Watch([]screen.Rect{{W: 50, H: 50}})
	do(t, xproto.ChangeGCChecked(x, gc, xproto.GcForeground, []uint32{0xfedcba}).Check(),
		xproto.PolyFillRectangleChecked(x, root, gc, []xproto.Rectangle{{X: 300, Y: 300, Width: 5, Height: 5}}).Check())
	if _, damage, err = c.Grab(); err != nil || len(damage) != 0 {
		t.Errorf("not watched: damage %v, error %v", damage, err)
	}
	c.Watch(nil)
	if _, damage, err = c.Grab(); err != nil || len(damage) != 1 {
		t.Errorf("watched again: damage %v, error %v", damage, err)
	}
	if shape, _, err := c.Cursor(); err != nil || shape.W == 0 {
		t.Errorf("no arrow: %v", err)
	}
}

func pointer(t *testing.T, c *Capturer, i *Injector) {
	for _, at := range [][4]int{{20, 30, 20, 30}, {639, 479, 639, 479}, {-5, 70000, 0, 479}} {
		do(t, i.Move(at[0], at[1]))
		until(t, "the pointer's place", func() bool {
			x, y, err := c.Pointer()
			return err == nil && x == at[2] && y == at[3]
		})
	}
	if err := i.Button(wire.ButtonBack, true); err == nil {
		t.Error("a button that robotgo does not have would be the left one")
	}
}

// A click gives xterm the focus, and what is typed arrives in it.
func typing(t *testing.T, i *Injector, display string) {
	dir := t.TempDir()
	typed := filepath.Join(dir, "typed")
	xterm := exec.Command("xterm", "-display", display, "-geometry", "60x15+0+0", "-u8", "-e",
		"sh", "-c", `touch "$0.ready"; head -n 3 > "$0.part"; mv "$0.part" "$0"; sleep 60`, typed)
	xterm.Env = append(os.Environ(), "LC_ALL=C.UTF-8")
	do(t, xterm.Start())
	defer func() {
		_ = xterm.Process.Kill()
		_ = xterm.Wait()
	}()
	until(t, "xterm runs", func() bool { _, err := os.Stat(typed + ".ready"); return err == nil })
	key := func(code, text string, isText, down bool) wire.Event {
		return wire.Event{Type: wire.EventKey, Code: code, Text: text, IsText: isText, Down: down}
	}
	do(t, i.Move(100, 100), i.Button(wire.ButtonLeft, true), i.Button(wire.ButtonLeft, false))
	do(t, i.Key(key("KeyX", "x", true, true)), i.Key(key("KeyX", "x", true, false)),
		i.Key(key("KeyZ", "z", false, true)), i.Key(key("KeyZ", "z", false, false)), // a wrong letter, taken away
		i.Key(key("Backspace", "", false, true)), i.Key(key("Backspace", "", false, false)),
		i.Text("Az09 -=[]/äöü߀\n"), i.Text("Жук\n"))
	do(t, i.Key(key("KeyY", "y", true, true)), i.Key(key("KeyY", "y", true, true)), // repeats
		i.Key(key("KeyY", "y", true, false)), i.Key(key("Enter", "", false, true)), i.Key(key("Enter", "", false, false)))
	until(t, "three lines", func() bool { _, err := os.Stat(typed); return err == nil })
	got, err := os.ReadFile(typed)
	do(t, err)
	if want := "xAz09 -=[]/äöü߀\nЖук\nyy\n"; string(got) != want {
		t.Errorf("arrived %q, want %q", got, want)
	}
}

func TestKeyName(t *testing.T) {
	for want, e := range map[string]wire.Event{
		"c": {Code: "KeyC", Text: "c"}, "a": {Code: "KeyQ", Text: "A"}, "s": {Code: "KeyS", Text: "ы"}, "7": {Code: "Digit7"},
		"num5": {Code: "Numpad5"}, "f12": {Code: "F12"}, "lshift": {Code: "ShiftLeft", Text: "x"}, "": {Code: "KanaMode"},
	} {
		if got := keyName(e); got != want {
			t.Errorf("%+v is %q, want %q", e, got, want)
		}
	}
}

func TestTurn(t *testing.T) {
	rest := 0
	for _, c := range [][2]int{{60, 0}, {60, 1}, {119, 0}, {-1, 0}, {-119, -1}, {-240, -2}} {
		if got := turn(&rest, c[0], 120); got != c[1] {
			t.Errorf("%d turns %d, want %d", c[0], got, c[1])
		}
	}
}
