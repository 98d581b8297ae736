package main

import (
	"math"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"pindesk/bench/internal/wiretap"
	"pindesk/internal/wire"
)

// passing is a message that passed at so many ms.
func passing(at float64, k wire.Kind, seq uint32, flags uint8) wiretap.Message {
	return wiretap.Message{At: time.Unix(0, int64(at*1e6)), Head: wire.Header{Kind: k, Seq: seq, Flags: flags}, Ack: wire.Ack{Took: 5}}
}

func TestWay(t *testing.T) {
	grabs := []grab{{100, 1}, {204, 2}, {300, 1}}
	var tr trace
	tr.sent.Add(passing(103, wire.KindUpdate, 1, 0), passing(208, wire.KindUpdate, 2, 0))
	tr.came.Add(passing(104, wire.KindUpdate, 1, 0), passing(106, wire.KindAck, 1, 0),
		passing(209, wire.KindUpdate, 2, 0), passing(211, wire.KindAck, 2, 0))
	got, ok := tr.way(grabs, 202, 220)
	if want := [7]float64{2, 2, 2, 1, 1.5, 0.5, 9}; !ok || !slices.EqualFunc(got[:], want[:], near) {
		t.Errorf("%v %v, not %v", got, ok, want)
	}
	if _, ok := tr.way(grabs, 290, 310); ok {
		t.Error("a change that was never sent has a way")
	}
	if _, ok := tr.way(grabs, 202, 205); ok {
		t.Error("seen before it was painted")
	}
}

func near(a, b float64) bool { return math.Abs(a-b) < 1e-3 }

func TestSharp(t *testing.T) {
	for name, c := range map[string]struct {
		flags []uint8 // of updates at 100, 110 ...; each is acked 5 ms later
		want  float64
	}{
		"refined":        {[]uint8{0, 0, wire.FlagExact}, 120 + 5 - 101},
		"more after it":  {[]uint8{0, wire.FlagExact, wire.FlagExact}, 110 + 5 - 101},
		"only for a bit": {[]uint8{0, wire.FlagExact, 0, wire.FlagExact}, 130 + 5 - 101},
		"never":          {[]uint8{0, wire.FlagExact, 0}, 0},
	} {
		var tr trace
		for i, f := range c.flags {
			at := float64(100 + 10*i)
			tr.came.Add(passing(at, wire.KindUpdate, uint32(i+1), f), passing(at+5, wire.KindAck, uint32(i+1), 0))
		}
		if got := tr.sharp(101); !near(got, c.want) {
			t.Errorf("%s: %v, not %v", name, got, c.want)
		}
	}
}

func TestReadGrabs(t *testing.T) {
	dir := t.TempDir()
	if _, err := readGrabs(dir); err == nil {
		t.Error("no log and no error")
	}
	log := "time=x level=DEBUG msg=other began=5\ntime=x level=DEBUG msg=grab began=1700000000123456 took=310 rects=1\n"
	if err := os.WriteFile(filepath.Join(dir, "02-presenter.log"), []byte(log), 0o600); err != nil {
		t.Fatal(err)
	}
	got, err := readGrabs(dir)
	if err != nil || len(got) != 1 || !near(got[0].began, 1700000000123.456) || !near(got[0].took, 0.31) {
		t.Errorf("%v, %v", got, err)
	}
}
