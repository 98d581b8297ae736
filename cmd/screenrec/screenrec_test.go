package main

import (
	"bytes"
	"context"
	"image/png"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"pindesk/internal/platform/xvfb"
	"pindesk/internal/recording"
)

const film = "../../internal/screen/testdata/recorded/film.rec"

// TestRecord records a screen that stands still, and reads it in both ways.
func TestRecord(t *testing.T) {
	file := filepath.Join(t.TempDir(), "out.rec")
	c := record{Display: xvfb.Start(t, "320x200"), For: 200 * time.Millisecond, FPS: 30, File: file}
	if err := c.Run(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := (&replay{Repeat: 1, Budget: 1000, File: file}).Run(t.Context()); err != nil {
		t.Error(err)
	}
	folder := filepath.Join(t.TempDir(), "frames")
	if err := (&frames{Every: 1, File: file, Folder: folder}).Run(t.Context()); err != nil {
		t.Fatal(err)
	}
	pictures, err := filepath.Glob(filepath.Join(folder, "00000-*.png"))
	if err != nil || len(pictures) != 1 {
		t.Fatalf("%v, %v", pictures, err)
	}
	b, err := os.ReadFile(pictures[0])
	if err != nil {
		t.Fatal(err)
	}
	if p, err := png.DecodeConfig(bytes.NewReader(b)); err != nil || p.Width != 320 || p.Height != 200 {
		t.Errorf("%+v, %v", p, err)
	}
}

// TestReplay: all frames of a recording are encoded, its picture becomes exact, and ops are counted.
func TestReplay(t *testing.T) {
	var f figures
	for _, allocs := range []bool{false, true} {
		p := newPass(t.Context(), &replay{Budget: 48 << 10, Quality: 75, File: film}, &f, allocs)
		if err := p.run(); err != nil {
			t.Fatal(err)
		}
	}
	if len(f.frames.encode) < 30 || len(f.frames.allocs) != len(f.frames.encode) || len(f.refined.bytes) == 0 || len(f.first.bytes) == 0 {
		t.Errorf("%d frames in one run, %d in another, %d messages of refinement, %d first",
			len(f.frames.encode), len(f.frames.allocs), len(f.refined.bytes), len(f.first.bytes))
	}
	jpegs := 0
	for _, n := range f.frames.ops {
		jpegs += n.blobs
	}
	if jpegs == 0 {
		t.Error("a film without JPEGs")
	}
	var out strings.Builder
	f.print(&out, 1)
	for _, want := range []string{"frames ", "refinement ", "palette ", "JPEG "} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("no %q in\n%s", want, out.String())
		}
	}
}

// TestReplayProfiles: the profiles are there afterwards, and the pace can be real time.
func TestReplayProfiles(t *testing.T) {
	dir := t.TempDir()
	short := filepath.Join(dir, "short.rec")
	var b bytes.Buffer
	w, err := recording.NewWriter(&b, 64, 64)
	if err != nil {
		t.Fatal(err)
	}
	pix := bytes.Repeat([]byte{1, 2, 3, 0}, 64*64)
	for _, at := range []time.Duration{0, 40 * time.Millisecond} {
		if err := w.Frame(at, pix, 4*64, []recording.Rect{{W: 64, H: 64}}); err != nil {
			t.Fatal(err)
		}
		pix[5]++
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(short, b.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	c := replay{Repeat: 2, Paced: true, Budget: 1000, CPUProfile: filepath.Join(dir, "cpu"), MemProfile: filepath.Join(dir, "mem"), File: short}
	begun := time.Now()
	if err := c.Run(t.Context()); err != nil {
		t.Fatal(err)
	}
	if took := time.Since(begun); took < 80*time.Millisecond {
		t.Errorf("two runs of 40 ms each took %v", took)
	}
	for _, path := range []string{c.CPUProfile, c.MemProfile} {
		if info, err := os.Stat(path); err != nil || info.Size() == 0 {
			t.Errorf("%s: %v", path, err)
		}
	}
}

func TestReplayRefuses(t *testing.T) {
	bad := filepath.Join(t.TempDir(), "bad.rec")
	if err := os.WriteFile(bad, []byte("no recording at all"), 0o600); err != nil {
		t.Fatal(err)
	}
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	for name, run := range map[string]func() error{
		"no file":    func() error { return (&replay{Repeat: 1, File: bad + "x"}).Run(t.Context()) },
		"no magic":   func() error { return (&replay{Repeat: 1, File: bad}).Run(t.Context()) },
		"no repeats": func() error { return (&replay{File: film}).Run(t.Context()) },
		"stopped":    func() error { return (&replay{Repeat: 1, File: film}).Run(ended) },
		"frames":     func() error { return (&frames{Every: 1, File: bad, Folder: t.TempDir()}).Run(t.Context()) },
		"every":      func() error { return (&frames{File: film, Folder: t.TempDir()}).Run(t.Context()) },
		"fps":        func() error { return (&record{File: bad}).Run(t.Context()) },
	} {
		if run() == nil {
			t.Errorf("%s: no error", name)
		}
	}
}
