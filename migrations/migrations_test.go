package migrations

import (
	"crypto/sha256"
	"fmt"
	"io/fs"
	"os"
	"strings"
	"testing"
)

// TestNeverEdited compares each file with the checksum that was written down when it was
// merged.
func TestNeverEdited(t *testing.T) {
	text, err := os.ReadFile("checksums.txt")
	if err != nil {
		t.Fatal(err)
	}
	names, err := fs.Glob(FS, "*.sql")
	if err != nil {
		t.Fatal(err)
	}
	if len(names) == 0 {
		t.Fatal("no migrations are embedded")
	}
	var want strings.Builder
	for i, name := range names {
		if !strings.HasPrefix(name, fmt.Sprintf("%05d_", i+1)) {
			t.Errorf("%s: migration %d must begin with %05d_", name, i+1, i+1)
		}
		b, err := FS.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		fmt.Fprintf(&want, "%x  %s\n", sha256.Sum256(b), name)
	}
	if got := string(text); got != want.String() {
		t.Errorf("checksums.txt is\n%swhile the files are\n%sAppend the line of a new file. If another line differs, "+
			"a merged migration was edited: undo that and write a new one.", got, want.String())
	}
}
