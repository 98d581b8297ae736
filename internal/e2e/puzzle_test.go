package e2e

import (
	"fmt"
	"strings"
	"testing"
)

// TestPageSolvesPuzzles: while wrong PINs come from everywhere, a page in a real browser that the
// broker does not know joins without a word to its person.
func TestPageSolvesPuzzles(t *testing.T) {
	b := startBroker(t, "", "--trusted-proxies", "127.0.0.1")
	pin := b.newPIN()
	f := newFrom(b.url, 1)
	solved := 0
	// Guesses that solve their puzzles go on counting: well above the budget, for half a minute.
	for n := range 100 {
		puzzles, _, err := f.join(t.Context(), fmt.Sprintf("10.1.0.%d", n), "000-00-0000")
		if err == nil {
			t.Fatal("a wrong PIN joined")
		}
		solved += puzzles
	}
	if solved < 20 {
		t.Fatalf("%d puzzles for 100 guesses", solved)
	}
	before := strings.Count(b.prog.out.String(), `"error":"puzzle"`)
	v := startChromium(t, 800, 600)
	v.open(b.url + "/view#" + pin)
	v.wantState("waiting")
	if set := strings.Count(b.prog.out.String(), `"error":"puzzle"`) - before; set != 1 {
		t.Errorf("the page was set %d puzzles", set)
	}
	eventually(t, "the log of the join", func() bool { return strings.Contains(b.prog.out.String(), "party joined") })
}
