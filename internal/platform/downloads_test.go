package platform

import (
	"os"
	"path/filepath"
	"runtime"
	"testing"
)

func TestDownloads(t *testing.T) {
	home := t.TempDir()
	t.Setenv("HOME", home)
	t.Setenv("XDG_CONFIG_HOME", "")
	if got := Downloads(); got != filepath.Join(home, "Downloads") {
		t.Errorf("without a choice: %s", got)
	}
	config := filepath.Join(home, ".config")
	if err := os.Mkdir(config, 0o755); err != nil {
		t.Fatal(err)
	}
	for text, want := range map[string]string{
		"# a comment\nXDG_DESKTOP_DIR=\"$HOME/Schreibtisch\"\nXDG_DOWNLOAD_DIR=\"$HOME/Heruntergeladen\"\n": filepath.Join(home, "Heruntergeladen"),
		"XDG_DOWNLOAD_DIR=\"/data/down\"":   "/data/down",
		"XDG_DOWNLOAD_DIR=\"$HOME/\"":       filepath.Join(home, "Downloads"), // xdg-user-dirs: there is none
		"XDG_DOWNLOAD_DIR=\"relative\"":     filepath.Join(home, "Downloads"),
		"#XDG_DOWNLOAD_DIR=\"$HOME/off\"\n": filepath.Join(home, "Downloads"),
	} {
		if err := os.WriteFile(filepath.Join(config, "user-dirs.dirs"), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		if got := Downloads(); got != want {
			t.Errorf("%q gives %s, want %s", text, got, want)
		}
	}
}

// TestMarkDownload: the mark is what browsers write, and the file itself stays as it was. Elsewhere than on
// Windows nothing is left beside it.
func TestMarkDownload(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "report.docm")
	if err := os.WriteFile(path, []byte("bytes"), 0o600); err != nil {
		t.Fatal(err)
	}
	err := MarkDownload(path)
	if b, err := os.ReadFile(path); err != nil || string(b) != "bytes" {
		t.Errorf("the file is %q, %v", b, err)
	}
	mark, readErr := os.ReadFile(path + zoneStream)
	switch {
	case runtime.GOOS != "windows":
		if err != nil || !os.IsNotExist(readErr) {
			t.Errorf("marking gave %v, and a file beside it: %v", err, readErr)
		}
	case err == nil && string(mark) != "[ZoneTransfer]\r\nZoneId=3\r\n":
		t.Errorf("the mark is %q, %v", mark, readErr)
	case err != nil:
		t.Logf("this disk keeps no alternate streams: %v", err)
	}
	// wine 8 cannot remove what is in a folder together with it, and keeps the stream as a file beside.
	t.Cleanup(func() {
		for _, each := range []string{path + zoneStream, path, dir, filepath.Dir(dir)} {
			_ = os.Remove(each)
		}
	})
	if files, err := os.ReadDir(dir); runtime.GOOS != "windows" && (err != nil || len(files) != 1) {
		t.Errorf("the folder has %d files, %v; want the one", len(files), err)
	}
}
