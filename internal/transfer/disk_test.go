package transfer

import (
	"os"
	"path/filepath"
	"testing"
)

// TestMarkedBeforeItHasItsName: who opens a file as soon as it is there finds the mark on it already.
func TestMarkedBeforeItHasItsName(t *testing.T) {
	dir := t.TempDir()
	whole := filepath.Join(dir, "tool.exe")
	var marked []string
	folder := Marked{Dir(dir), func(path string) {
		marked = append(marked, filepath.Base(path))
		if b, err := os.ReadFile(path); err != nil || string(b) != "bytes" {
			t.Errorf("what is marked is not the whole file: %q, %v", b, err)
		}
		if _, err := os.Stat(whole); !os.IsNotExist(err) {
			t.Errorf("the file has its name before it has its mark: %v", err)
		}
	}}
	in, err := folder.Create("tool.exe")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := in.Write([]byte("bytes")); err != nil {
		t.Fatal(err)
	}
	if path, err := in.Keep(); err != nil || path != whole {
		t.Errorf("kept as %q, %v", path, err)
	}
	if gone, err := folder.Create("gone.exe"); err != nil {
		t.Error(err)
	} else {
		gone.Discard()
	}
	if len(marked) != 1 || marked[0] != "tool.exe.part" {
		t.Errorf("marked were %q, want only the unfinished name of the file that was kept", marked)
	}
}
