package peer

import (
	"path/filepath"
	"strings"
	"testing"
)

// TestDescriptions reads all that are in the tree.
func TestDescriptions(t *testing.T) {
	files, err := filepath.Glob("../../peers/*.json")
	if err != nil || len(files) < 7 {
		t.Fatalf("%d descriptions, %v", len(files), err)
	}
	for _, f := range files {
		p, err := Load(f)
		if err != nil {
			t.Error(err)
			continue
		}
		if len(p.Procs) > 0 && (p.Relay == "" || len(p.Version) == 0 || p.Note == "") {
			t.Errorf("%s says not all of itself", f)
		}
	}
}

func TestExpand(t *testing.T) {
	r := &Running{Peer: Peer{Name: "x"}, vars: map[string]string{"PROXY": "127.0.0.1:1"}}
	got, err := r.Expand("http://${PROXY}/ $(date) ${PORT_A} ${PORT_A} ${PORT_B}")
	f := strings.Fields(got)
	if err != nil || len(f) != 5 || f[0] != "http://127.0.0.1:1/" || f[1] != "$(date)" || f[2] != f[3] || f[3] == f[4] {
		t.Errorf("%q, %v", got, err)
	}
	if _, err := r.Expand("${NOBODY}"); err == nil {
		t.Error("an unknown variable became something")
	}
}
