package wire

import (
	"strings"
	"testing"
)

func canParseClip(s string) bool {
	_, err := ParseClip(AppendClip(nil, s))
	return err == nil
}

// The vectors have no text of this length.
func TestClipLength(t *testing.T) {
	for s, want := range map[string]bool{
		strings.Repeat("x", MaxClipText):           true,
		strings.Repeat("x", MaxClipText+1):         false,
		strings.Repeat("é", MaxClipText/2):         true,
		strings.Repeat("é", MaxClipText/2) + "x":   false,
		strings.Repeat("😀", MaxClipText/4):         true,
		"a" + strings.Repeat("😀", MaxClipText/4-1): true,
	} {
		if got := canParseClip(s); got != want {
			t.Errorf("a clip of %d bytes: %v, want %v", len(s), got, want)
		}
		if CleanClip(s) != s {
			t.Errorf("CleanClip cuts a text of %d bytes", len(s))
		}
	}
}
