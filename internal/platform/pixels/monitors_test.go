package pixels

import (
	"slices"
	"testing"

	"pindesk/internal/wire"
)

func TestUsableMonitors(t *testing.T) {
	got := Monitors([]wire.Monitor{{Name: "reaches out", X: -100, Y: 500, W: 200, H: 200}, {Name: "elsewhere", X: 800, W: 10, H: 10}, {Name: "mirror", Y: 500, W: 100, H: 100},
		{Name: "inside", X: 1, Y: 2, W: 3, H: 4, Primary: true}}, 800, 600)
	want := []wire.Monitor{{Name: "reaches out", Y: 500, W: 100, H: 100}, {Name: "inside", X: 1, Y: 2, W: 3, H: 4, Primary: true}}
	if !slices.Equal(got, want) {
		t.Errorf("got %+v", got)
	}
	if got := Monitors(make([]wire.Monitor, 3), 800, 600); !slices.Equal(got, []wire.Monitor{{W: 800, H: 600, Primary: true}}) {
		t.Errorf("of none that is usable: %+v", got)
	}
}
