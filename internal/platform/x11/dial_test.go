//go:build linux

package x11

import (
	"context"
	"encoding/binary"
	"errors"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"testing"
	"time"

	"pindesk/internal/platform/desktop"
	"pindesk/internal/platform/xvfb"
)

func TestParseDisplay(t *testing.T) {
	for _, c := range []struct {
		in   string
		want address
		ok   bool
	}{
		{":0", address{"unix", []string{"/tmp/.X11-unix/X0", "@/tmp/.X11-unix/X0"}, "0", 0}, true},
		{":12.3", address{"unix", []string{"/tmp/.X11-unix/X12", "@/tmp/.X11-unix/X12"}, "12", 3}, true},
		{"unix:1", address{"unix", []string{"/tmp/.X11-unix/X1", "@/tmp/.X11-unix/X1"}, "1", 0}, true},
		{"localhost:10.0", address{"tcp", []string{"localhost:6010"}, "10", 0}, true},
		{"tcp/pc:0", address{"tcp", []string{"pc:6000"}, "0", 0}, true},
		{"[::1]:0", address{"tcp", []string{"[::1]:6000"}, "0", 0}, true},
		{"/run/x:0", address{"unix", []string{"/run/x:0", "/run/x"}, "0", 0}, true},
		{"", address{}, false},
		{"0", address{}, false},
		{":", address{}, false},
		{":x", address{}, false},
		{":-1", address{}, false},
		{":0.x", address{}, false},
		{":99999", address{}, false},
	} {
		got, err := parseDisplay(c.in)
		if (err == nil) != c.ok || c.ok && !reflect.DeepEqual(got, c.want) {
			t.Errorf("%q: %+v, %v; want %+v", c.in, got, err, c.want)
		}
	}
}

// entry is one entry of an Xauthority file.
func entry(family uint16, fields ...string) []byte {
	b := binary.BigEndian.AppendUint16(nil, family)
	for _, f := range fields {
		b = binary.BigEndian.AppendUint16(b, uint16(len(f)))
		b = append(b, f...)
	}
	return b
}

func TestFindCookie(t *testing.T) {
	file := slices.Concat(
		entry(familyLocal, "pc", "0", "XDM-AUTHORIZATION-1", "other"),
		entry(familyLocal, "pc", "0", cookieName, "zero"),
		entry(familyLocal, "pc", "1", cookieName, "one"),
		entry(familyInternet, "\x0a\x00\x00\x01", "0", cookieName, "net"),
		entry(familyWild, "", "7", cookieName, "wild"),
		entry(familyLocal, "any", "", cookieName, "every"),
	)
	for _, c := range []struct {
		family                uint16
		address, number, want string
	}{
		{familyLocal, "pc", "0", "zero"},
		{familyLocal, "pc", "1", "one"},
		{familyLocal, "pc", "2", ""},
		{familyLocal, "elsewhere", "7", "wild"},
		{familyLocal, "any", "55", "every"},
		{familyInternet, "\x0a\x00\x00\x01", "0", "net"},
		{familyInternet, "\x0a\x00\x00\x02", "0", ""},
	} {
		if got := findCookie(file, c.family, []byte(c.address), c.number); string(got) != c.want {
			t.Errorf("%+v: %q", c, got)
		}
	}
	for n := range file { // cut short anywhere: nothing found or what stands before, never a panic
		if got := findCookie(file[:n], familyLocal, []byte("any"), "55"); got != nil {
			t.Errorf("cut at %d: %q", n, got)
		}
	}
}

func open(ctx context.Context, t *testing.T, display string) error {
	t.Helper()
	g, i, err := Open(ctx, display, slog.New(slog.DiscardHandler))
	if err == nil {
		g.Close()
		i.Close()
		return nil
	}
	var told *desktop.Error
	if !errors.As(err, &told) || told.Message == "" {
		t.Errorf("the guest is told nothing: %v", err)
	}
	return err
}

func TestOpenWithKey(t *testing.T) {
	host, err := os.Hostname()
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	write := func(name, key string) string {
		// The server takes any entry of its file; programs look for theirs.
		path := filepath.Join(dir, name)
		b := entry(familyWild, "", "", cookieName, key)
		b = append(b, entry(familyLocal, host, "", cookieName, key)...)
		if err := os.WriteFile(path, b, 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	right, wrong := write("right", "0123456789abcdef"), write("wrong", "fedcba9876543210")
	display := xvfb.Start(t, "64x64", "-auth", right)
	t.Setenv("XAUTHORITY", wrong)
	if err := open(t.Context(), t, display); !errors.Is(err, desktop.ErrRefused) {
		t.Errorf("wrong key: %v", err)
	}
	t.Setenv("XAUTHORITY", filepath.Join(dir, "none"))
	if err := open(t.Context(), t, display); !errors.Is(err, desktop.ErrRefused) {
		t.Errorf("no key: %v", err)
	}
	t.Setenv("XAUTHORITY", right)
	if err := open(t.Context(), t, display); err != nil {
		t.Errorf("right key: %v", err)
	}
}

func TestOpenFails(t *testing.T) {
	display := xvfb.Start(t, "64x64", "-extension", "XTEST")
	if err := open(t.Context(), t, display); !errors.Is(err, desktop.ErrUnsupported) {
		t.Errorf("without XTEST: %v", err)
	}
	if err := open(t.Context(), t, display+".5"); !errors.Is(err, desktop.ErrNoDisplay) {
		t.Errorf("no such screen: %v", err)
	}
	if err := open(t.Context(), t, "nonsense"); !errors.Is(err, desktop.ErrNoDisplay) {
		t.Errorf("no display name: %v", err)
	}
	if err := open(t.Context(), t, filepath.Join(t.TempDir(), "none")+":0"); !errors.Is(err, desktop.ErrNoDisplay) {
		t.Errorf("nobody there: %v", err)
	}
}

// Servers that are not X servers, or that say nothing.
func TestOpenStrangers(t *testing.T) {
	for name, answer := range map[string][]byte{
		"silent":          nil,
		"not X":           []byte("HTTP/1.1 400 Bad Request\r\n\r\n"),
		"failed, no text": {0, 255, 11, 0, 0, 0, 0, 0},
		"too short":       {1, 0, 11, 0, 0, 0, 1, 0, 0, 0, 0, 0},
	} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "s")
			l, err := net.Listen("unix", path)
			if err != nil {
				t.Fatal(err)
			}
			defer l.Close()
			served := make(chan struct{})
			go func() {
				defer close(served)
				c, err := l.Accept()
				if err != nil {
					return
				}
				defer c.Close()
				_, _ = c.Write(answer)
				_, _ = c.Read(make([]byte, 12))
				if answer == nil {
					_, _ = c.Read(make([]byte, 1)) // until the other side gives up
				}
			}()
			ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
			defer cancel()
			err = open(ctx, t, path+":0")
			if !errors.Is(err, desktop.ErrNoDisplay) && !errors.Is(err, desktop.ErrRefused) {
				t.Errorf("error %v", err)
			}
			<-served
		})
	}
}
