package windows

import (
	"log/slog"
	"testing"
)

// A look at the real desktop, with the pointer. It is built here and run where there is a Windows.
func BenchmarkGrab(b *testing.B) {
	c, err := openCapturer(slog.New(slog.DiscardHandler), false)
	if err != nil {
		b.Fatal(err)
	}
	defer c.Close()
	b.ReportAllocs()
	for b.Loop() {
		if _, _, err := c.Grab(); err != nil {
			b.Fatal(err)
		}
		if _, _, err := c.Cursor(); err != nil {
			b.Fatal(err)
		}
		if _, _, err := c.Pointer(); err != nil {
			b.Fatal(err)
		}
	}
}
