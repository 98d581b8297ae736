package pgtest

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestFindPostgres(t *testing.T) {
	root := t.TempDir()
	t.Setenv("PATH", filepath.Join(root, "path"))
	pattern := filepath.Join(root, "postgresql", "*", "bin")
	install := func(dir string, names ...string) {
		t.Helper()
		if err := os.MkdirAll(dir, 0o755); err != nil {
			t.Fatal(err)
		}
		for _, name := range names {
			if err := os.WriteFile(filepath.Join(dir, name), nil, 0o755); err != nil {
				t.Fatal(err)
			}
		}
	}
	version := func(v string) string { return filepath.Join(root, "postgresql", v, "bin") }

	install(version("17"), "psql") // a client only
	if dir, err := findPostgres(pattern); err == nil || !strings.Contains(err.Error(), "apt-get install postgresql") {
		t.Errorf("found %q, %v, want an error that names the package", dir, err)
	}
	install(version("9"), "initdb", "postgres")
	install(version("15"), "initdb", "postgres")
	if dir, err := findPostgres(pattern); err != nil || dir != version("15") {
		t.Errorf("found %q, %v, want the newest version", dir, err)
	}
	install(filepath.Join(root, "path"), "initdb", "postgres")
	if dir, err := findPostgres(pattern); err != nil || dir != filepath.Join(root, "path") {
		t.Errorf("found %q, %v, want the one in PATH", dir, err)
	}
}
