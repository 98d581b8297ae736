package httpapi

import (
	"bytes"
	"io/fs"
	"testing"

	"pindesk/web"
)

func TestUncommented(t *testing.T) {
	for _, tc := range []struct{ text, want string }{
		{"", ""},
		{"// a\nb; // c\n", "\nb; // c\n"},
		{"/** a\n * b\n */\nc;", "\n\n\nc;"},
		{"  /** @type {A} */ (b).c();\n", " (b).c();\n"},
		{"/* a */ /* b */ c;\n", " c;\n"},
		{"/* a */ // b\nc", "\nc"},
		{"const a = '/* b */';\n", "const a = '/* b */';\n"},
		{"a = `\n// b\n/* c */\n`;\n// d\n", "a = `\n// b\n/* c */\n`;\n\n"},
	} {
		if got := string(uncommented([]byte(tc.text))); got != tc.want {
			t.Errorf("%q became %q, want %q", tc.text, got, tc.want)
		}
	}
}

// TestOurCommentsAreWholeLines: no file of ours has what uncommented does not understand, a block
// that begins behind code and goes on over lines. Every file keeps its lines.
func TestOurCommentsAreWholeLines(t *testing.T) {
	n := 0
	err := fs.WalkDir(web.Files, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !hasComments(name) {
			return err
		}
		text, err := fs.ReadFile(web.Files, name)
		if err != nil {
			return err
		}
		n++
		got := uncommented(text)
		if bytes.Count(got, []byte("\n")) != bytes.Count(text, []byte("\n")) {
			t.Errorf("%s has another number of lines", name)
		}
		for line := range bytes.Lines(got) {
			if at := bytes.Index(line, []byte("/* ")); at >= 0 && !bytes.Contains(line[at:], []byte("*/")) {
				t.Errorf("%s: a block comment begins behind code: %s", name, line)
			}
		}
		return nil
	})
	if err != nil || n < 50 {
		t.Errorf("%d files, %v", n, err)
	}
}
