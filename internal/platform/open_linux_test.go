package platform

import (
	"context"
	"errors"
	"strings"
	"testing"

	"go.uber.org/goleak"

	"pindesk/internal/platform/xvfb"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestChooseDisplay(t *testing.T) {
	for _, c := range []struct {
		name string
		cfg  Config
		env  map[string]string
		want string
		kind error
	}{
		{"X", Config{}, map[string]string{"DISPLAY": ":0", "XDG_SESSION_TYPE": "x11"}, ":0", nil},
		{"X, session unknown", Config{}, map[string]string{"DISPLAY": ":0"}, ":0", nil},
		{"nothing", Config{}, nil, "", ErrNoDisplay},
		{"text console", Config{}, map[string]string{"XDG_SESSION_TYPE": "tty"}, "", ErrNoDisplay},
		{"Wayland by its socket", Config{}, map[string]string{"WAYLAND_DISPLAY": "wayland-0"}, "", ErrWayland},
		{"Wayland by the session", Config{}, map[string]string{"XDG_SESSION_TYPE": "wayland"}, "", ErrWayland},
		{"XWayland", Config{}, map[string]string{"XDG_SESSION_TYPE": "wayland", "DISPLAY": ":0"}, "", ErrWayland},
		{"XWayland by its socket", Config{}, map[string]string{"WAYLAND_DISPLAY": "wayland-0", "DISPLAY": ":0"}, "", ErrWayland},
		{"XWayland wanted", Config{AllowXWayland: true}, map[string]string{"XDG_SESSION_TYPE": "wayland", "DISPLAY": ":0"}, ":0", nil},
		{"Wayland, XWayland wanted", Config{AllowXWayland: true}, map[string]string{"XDG_SESSION_TYPE": "wayland"}, "", ErrWayland},
		{"named", Config{Display: ":5"}, map[string]string{"XDG_SESSION_TYPE": "wayland", "DISPLAY": ":0"}, ":5", nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := chooseDisplay(c.cfg, func(k string) string { return c.env[k] })
			if got != c.want || !errors.Is(err, c.kind) || (err == nil) != (c.kind == nil) {
				t.Fatalf("%q, %v", got, err)
			}
			var told *Error
			if err != nil && (!errors.As(err, &told) || told.Message == "") {
				t.Errorf("the guest is told nothing: %v", err)
			}
			if errors.Is(err, ErrWayland) && !strings.Contains(told.Message, "from the browser") {
				t.Errorf("the guest is not told what works there: %v", err)
			}
		})
	}
}

func TestOpen(t *testing.T) {
	capturer, injector, err := Open(context.Background(), Config{Display: xvfb.Start(t, "320x240")})
	if err != nil {
		t.Fatal(err)
	}
	defer capturer.Close()
	defer injector.Close()
	pic, damage, err := capturer.Grab()
	if err != nil || pic.W != 320 || pic.H != 240 || len(damage) != 1 {
		t.Errorf("picture %dx%d, damage %v, error %v", pic.W, pic.H, damage, err)
	}
	if err := injector.Move(1, 2); err != nil {
		t.Error(err)
	}
}

// Both results must be nil interfaces after an error, not pointers to nothing.
func TestOpenFails(t *testing.T) {
	capturer, injector, err := Open(context.Background(), Config{Display: "nonsense"})
	if err == nil || capturer != nil || injector != nil {
		t.Errorf("%v, %v, %v", capturer, injector, err)
	}
}
