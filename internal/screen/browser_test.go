package screen

import (
	"encoding/json"
	"os"
	"path/filepath"
	"testing"
)

// TestBrowserVectors: a sharing browser tab has an encoder and a compressor of its own, in
// JavaScript. What web/test/share-vectors.test.js wrote with them, this package decodes.
func TestBrowserVectors(t *testing.T) {
	files, err := filepath.Glob("../wire/testdata/vectors/browser/*.json")
	if err != nil || len(files) < 5 {
		t.Fatalf("%d files, %v", len(files), err)
	}
	for _, file := range files {
		t.Run(filepath.Base(file), func(t *testing.T) {
			b, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			var v vectorFile
			if err := json.Unmarshal(b, &v); err != nil {
				t.Fatal(err)
			}
			checkVector(t, v)
		})
	}
}
