package wire

import (
	"reflect"
	"strings"
	"testing"
)

func TestCleanMonitors(t *testing.T) {
	one := Monitor{Stream: 1, W: 1920, H: 1080}
	edit := func(f func(*Monitor)) []Monitor {
		m := one
		f(&m)
		return []Monitor{m}
	}
	named := func(s string) []Monitor { return edit(func(m *Monitor) { m.Name = s }) }
	full := make([]Monitor, MaxMonitors)
	for i := range full {
		full[i] = Monitor{Stream: uint8(255 - i), X: 10 * i, W: 10, H: 10}
	}
	for name, c := range map[string]struct {
		in   []Monitor
		want []Monitor // nil: refused
	}{
		"none":            {[]Monitor{}, []Monitor{}},
		"one":             {[]Monitor{one}, []Monitor{one}},
		"most":            {full, full},
		"one too many":    {append(full[:MaxMonitors:MaxMonitors], one), nil},
		"the same place":  {[]Monitor{one, {Stream: 2, W: 1920, H: 1080}}, []Monitor{one, {Stream: 2, W: 1920, H: 1080}}},
		"stream 0":        {edit(func(m *Monitor) { m.Stream = 0 }), nil},
		"stream twice":    {[]Monitor{one, one}, nil},
		"left of it":      {edit(func(m *Monitor) { m.X = -1 }), nil},
		"above it":        {edit(func(m *Monitor) { m.Y = -1 }), nil},
		"at the far edge": {edit(func(m *Monitor) { m.X = MaxSide - m.W }), edit(func(m *Monitor) { m.X = MaxSide - m.W })},
		"beyond it":       {edit(func(m *Monitor) { m.X = MaxSide - m.W + 1 }), nil},
		"below it":        {edit(func(m *Monitor) { m.Y = MaxSide - m.H + 1 }), nil},
		"far beyond":      {edit(func(m *Monitor) { m.X, m.Y = 1<<62, 1<<62 }), nil},
		"no width":        {edit(func(m *Monitor) { m.W = 0 }), nil},
		"negative height": {edit(func(m *Monitor) { m.H = -1 }), nil},
		"huge":            {edit(func(m *Monitor) { m.W, m.H = MaxSide, MaxSide }), nil},
		"name of lines":   {named(" a\n\tb  c "), named("a b c")},
		"name with bidi":  {named("DP\u202e-1\x07"), named("DP-1")},
		"long name":       {named(strings.Repeat("ä", 99)), named(strings.Repeat("ä", MaxMonitorName))},
		"cut at a space":  {named(strings.Repeat("a", 39) + " b"), named(strings.Repeat("a", 39))},
	} {
		t.Run(name, func(t *testing.T) {
			got, ok := CleanMonitors(c.in)
			if ok != (c.want != nil) || !reflect.DeepEqual(got, c.want) {
				t.Fatalf("got %+v %v, want %+v", got, ok, c.want)
			}
			if again, ok := CleanMonitors(got); ok && !reflect.DeepEqual(again, got) {
				t.Errorf("a second time gives %+v", again)
			}
		})
	}
}
