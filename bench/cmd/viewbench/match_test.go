package main

import (
	"math"
	"testing"

	"pindesk/bench/internal/scene"
)

func flips(ms ...float64) []scene.Event {
	var list []scene.Event
	for i, t := range ms {
		list = append(list, scene.Event{N: i, Colour: (i + 1) % 2, At: int64(t * 1e6), Heard: int64((t - 1) * 1e6)})
	}
	return list
}

func TestMatch(t *testing.T) {
	lost := math.NaN()
	for name, c := range map[string]struct {
		shown [][2]float64
		want  []float64
	}{
		"all":          {[][2]float64{{0, 50}, {1, 120}, {0, 330}, {1, 525}}, []float64{120, 330, 525}},
		"one unseen":   {[][2]float64{{1, 120}, {1, 525}}, []float64{120, lost, 525}},
		"late":         {[][2]float64{{1, 290}, {0, 295}}, []float64{290, lost, lost}},
		"too late":     {[][2]float64{{1, 501}, {0, 502}}, []float64{lost, 502, lost}},
		"a bit early":  {[][2]float64{{1, 98}}, []float64{98, lost, lost}},
		"seen nothing": {nil, []float64{lost, lost, lost}},
	} {
		got := match(flips(100, 300, 500), c.shown, 0)
		for i := range c.want {
			if got[i] != c.want[i] && !(math.IsNaN(got[i]) && math.IsNaN(c.want[i])) {
				t.Errorf("%s: %v, not %v", name, got, c.want)
			}
		}
	}
	if got := match(flips(100), [][2]float64{{1, 130}}, 10); got[0] != 120 {
		t.Errorf("corrected: %v", got)
	}
}

func TestTrip(t *testing.T) {
	heard := flips(103, 303, 503) // heard 1 ms before they were drawn
	got := pair([]float64{100, 300, 400, 500}, heard, []float64{120, math.NaN(), 530}).sums()
	if got.Round.N != 2 || got.Round.Lost != 2 || got.Round.Min != 20 || got.Round.Max != 30 {
		t.Errorf("%+v", got.Round)
	}
	if got.Up.Median != 2 || got.Down.Max != 27 {
		t.Errorf("%+v %+v", got.Up, got.Down)
	}
}
