package main

import (
	"testing"
	"time"
)

// TestDirect puts a short load on the generator's own floor: every frame that is due arrives.
func TestDirect(t *testing.T) {
	o := options{length: 500 * time.Millisecond, rate: 30, size: 1 << 10, patience: 10 * time.Second}
	d := &direct{}
	if _, err := d.start(t.Context()); err != nil {
		t.Fatal(err)
	}
	defer d.stop()
	l := &loader{options: o, adapter: d}
	p := l.load(t.Context(), 3)
	if p.Err != "" || p.Opened != 3 || p.OnTime < 0.5 || p.OnTime > 1 || p.P99 <= 0 {
		t.Errorf("%+v", p)
	}
}

// TestDue counts the frames that present sends.
func TestDue(t *testing.T) {
	for _, pairs := range []int{1, 7, 50} {
		g := newGenerator(options{length: 4 * time.Second, rate: 30}, pairs)
		n := 0
		for i := range pairs {
			for k := 0; g.offset(i)+time.Duration(k)*g.step < g.length; k++ {
				n++
			}
		}
		if g.due != n || n != 120*pairs {
			t.Errorf("%d pairs: %d frames due, %d sent", pairs, g.due, n)
		}
	}
}
