package platform

import (
	"os"
	"path/filepath"
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
