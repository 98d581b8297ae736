package windows

import (
	"slices"
	"testing"

	"pindesk/internal/screen"
	"pindesk/internal/wire"
)

// What Windows makes of SendInput's numbers, in whole numbers and rounding down, as wine does and as Windows' documentation has it.
func pixel(absolute int32, size int) int { return int(absolute) * size >> 16 }

func TestAbsolutePlaces(t *testing.T) {
	for _, size := range []int{1, 2, 3, 640, 1023, 1024, 1366, 1920, 3440, 3840, 7680, 11520, 16384} {
		for at := range size {
			n := scaled(at, size)
			if n < 0 || n > 65535 || pixel(n, size) != at {
				t.Fatalf("pixel %d of %d: %d is pixel %d", at, size, n, pixel(n, size))
			}
		}
	}
	if scaled(-5, 100) != 0 || pixel(scaled(1000, 100), 100) != 99 {
		t.Error("a place outside does not go to the edge")
	}
}

// Three monitors of different scale: left of and above the primary one, whose origin is Windows' 0,0. In a program that knows
// of each monitor's scale all are pixels.
func TestMonitorsWithNegativeOrigins(t *testing.T) {
	v := virtual{x: -2560, y: -1080, w: 2560 + 3840, h: 1080 + 2160}
	got := v.monitors([]display{
		{`\\.\DISPLAY1`, 0, 0, 3840, 2160, true},
		{`\\.\DISPLAY2`, -2560, 200, 0, 1640, false},
		{`\\.\DISPLAY3`, 0, -1080, 1920, 0, false},
		{`\\.\WHATEVER`, 1920, -1080, 3840, 0, false},
	})
	want := []wire.Monitor{
		{Name: "Display 1", X: 2560, Y: 1080, W: 3840, H: 2160, Primary: true},
		{Name: "Display 2", X: 0, Y: 1280, W: 2560, H: 1440},
		{Name: "Display 3", X: 2560, Y: 0, W: 1920, H: 1080},
		{Name: "WHATEVER", X: 4480, Y: 0, W: 1920, H: 1080},
	}
	if !slices.Equal(got, want) {
		t.Errorf("got %+v", got)
	}
	for at, want := range map[[2]int][2]int{{0, 0}: {2560, 1080}, {-2560, -1080}: {0, 0}, {3839, 2159}: {6399, 3239}, {9999, -9999}: {6399, 0}} {
		if x, y := v.picture(at[0], at[1]); [2]int{x, y} != want {
			t.Errorf("%v is %d,%d of the picture, want %v", at, x, y, want)
		}
	}
}

func TestWatchedIn(t *testing.T) {
	whole := []screen.Rect{{W: 100, H: 50}}
	for name, c := range map[string]struct{ watched, want []screen.Rect }{
		"all":     {nil, whole},
		"a part":  {[]screen.Rect{{X: 10, Y: 5, W: 20, H: 10}}, []screen.Rect{{X: 10, Y: 5, W: 20, H: 10}}},
		"outside": {[]screen.Rect{{X: 90, Y: 40, W: 20, H: 20}, {X: 200, W: 5, H: 5}}, []screen.Rect{{X: 90, Y: 40, W: 10, H: 10}}},
	} {
		if got := watchedIn(nil, c.watched, 100, 50); !slices.Equal(got, c.want) {
			t.Errorf("%s: %v", name, got)
		}
	}
}

func TestScanCodes(t *testing.T) {
	for code, want := range map[string]uint16{"KeyA": 0x1e, "Enter": 0x1c, "NumpadEnter": 0xe01c, "ControlRight": 0xe01d, "ArrowLeft": 0xe04b, "Numpad4": 0x4b,
		"F12": 0x58, "F24": 0x76, "MetaLeft": 0xe05b, "IntlBackslash": 0x56, "Pause": 0x45, "NumLock": 0xe045, "PrintScreen": 0xe037} {
		if scanCodes[code] != want {
			t.Errorf("%s is %#x, want %#x", code, scanCodes[code], want)
		}
	}
	// No two keys are one, but for two names of the same.
	seen := map[uint16]string{}
	for code, scan := range scanCodes {
		other := seen[scan]
		if other != "" && other[:1] != "O" && code[:1] != "O" {
			t.Errorf("%s and %s are both %#x", code, other, scan)
		}
		if high := scan &^ 0xff; high != 0 && high != extended || scan&0xff == 0 || scan&0x80 != 0 {
			t.Errorf("%s: %#x is no scan code", code, scan)
		}
		seen[scan] = code
	}
	for _, to := range unlocked {
		if scanCodes[to]&extended == 0 {
			t.Errorf("%s is a key of the keypad", to)
		}
	}
}

func TestShortcutLetter(t *testing.T) {
	for _, c := range []struct {
		r    rune
		code string
		want rune
	}{{'c', "KeyC", 'c'}, {'C', "KeyC", 'c'}, {'z', "KeyY", 'z'}, {'с', "KeyC", 'c'}, {'ж', "Semicolon", 'ж'}, {'7', "Digit7", '7'}} {
		if got := shortcutLetter(c.r, c.code); got != c.want {
			t.Errorf("%q on %s is %q, want %q", c.r, c.code, got, c.want)
		}
	}
}

func TestCondition(t *testing.T) {
	free := sight{ours: "Default", active: "Default", own: integrityMedium, front: integrityMedium}
	for name, c := range map[string]struct {
		edit func(*sight)
		want wire.Condition
	}{
		"nothing":                      {func(*sight) {}, wire.ConditionFree},
		"no window in front":           {func(s *sight) { s.front = 0 }, wire.ConditionFree},
		"a browser's page in front":    {func(s *sight) { s.front = 0x1000 }, wire.ConditionFree},
		"locked":                       {func(s *sight) { s.locked, s.active = true, "" }, wire.ConditionLocked},
		"UAC asks":                     {func(s *sight) { s.active = "" }, wire.ConditionSecure},
		"UAC asks, and we are admin":   {func(s *sight) { s.active, s.own = "Winlogon", integrityHigh }, wire.ConditionSecure},
		"an administrator's window":    {func(s *sight) { s.front = integrityHigh }, wire.ConditionElevated},
		"one that hides":               {func(s *sight) { s.front, s.frontHide = 0, true }, wire.ConditionElevated},
		"the same as administrator":    {func(s *sight) { s.own, s.front = integrityHigh, integrityHigh }, wire.ConditionFree},
		"the system's, as one of them": {func(s *sight) { s.own, s.frontHide = integrityHigh, true }, wire.ConditionFree},
		"a desktop by another name":    {func(s *sight) { s.ours, s.active = "test", "test" }, wire.ConditionFree},
	} {
		s := free
		c.edit(&s)
		if got := s.condition(); got != c.want || !got.Valid() {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
}

func TestShapes(t *testing.T) {
	dot := func(b, g, r, a byte) []byte { return []byte{b, g, r, a} }
	stays, covers := dot(255, 255, 255, 0), dot(0, 0, 0, 0)
	join := func(dots ...[]byte) []byte { return slices.Concat(dots...) }
	for name, c := range map[string]struct {
		got  wire.Cursor
		want []byte
	}{
		"with alpha":      {colourShape(2, 1, 0, 0, join(dot(10, 20, 30, 255), dot(200, 100, 50, 0)), join(covers, stays)), []byte{30, 20, 10, 255, 0, 0, 0, 0}},
		"with a mask":     {colourShape(2, 1, 0, 0, join(dot(10, 20, 30, 0), dot(0, 0, 0, 0)), join(covers, stays)), []byte{30, 20, 10, 255, 0, 0, 0, 0}},
		"black and white": {maskShape(3, 1, 0, 0, join(covers, covers, stays, covers, dot(255, 255, 255, 0), covers)), []byte{0, 0, 0, 255, 255, 255, 255, 255, 0, 0, 0, 0}},
		"inverted":        {maskShape(3, 1, 0, 0, join(stays, stays, stays, covers, dot(255, 255, 255, 0), covers)), []byte{255, 255, 255, 255, 0, 0, 0, 255, 255, 255, 255, 255}},
	} {
		if !slices.Equal(c.got.RGBA, c.want) {
			t.Errorf("%s: %v, want %v", name, c.got.RGBA, c.want)
		}
	}
}
