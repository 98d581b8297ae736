package window

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

func sorted(s []string) []string { slices.Sort(s); return s }

// namedTexts reads the keys that this package's code names; those that it puts together are spelled out.
func namedTexts() (map[string]bool, error) {
	named := map[string]bool{}
	for how := range ways {
		for _, part := range []string{"", ".text", ".do"} {
			named["over."+string(how)+part] = true
		}
	}
	for _, how := range troubles {
		for _, part := range []string{"", ".text", ".do"} {
			named["lost."+string(how)+part] = true
		}
	}
	named[string(Again)], named[string(Another)] = true, true
	for _, key := range []string{"asks.clip.both", "asks.clip.in", "pin.text", "pin.label", "address.text", "address.label"} {
		named[key] = true
	}
	files, err := filepath.Glob("*.go")
	if err != nil {
		return nil, err
	}
	literal := regexp.MustCompile(`T\("([a-z.]+)"|(?:what|key) = "([a-z.]+)"|"", "(pin\.[a-z]+)"|key := "([a-z.]+)"`)
	for _, f := range files {
		if strings.HasSuffix(f, "_test.go") {
			continue
		}
		b, err := os.ReadFile(f)
		if err != nil {
			return nil, err
		}
		for _, m := range literal.FindAllStringSubmatch(string(b), -1) {
			if key := m[1] + m[2] + m[3] + m[4]; !strings.HasSuffix(key, ".") && key != "address" {
				named[key] = true
			}
		}
	}
	return named, nil
}
