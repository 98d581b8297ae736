package main

import (
	"bytes"
	"path/filepath"
	"strings"
	"testing"

	"os"

	"pindesk/bench/internal/fidelity"
	"pindesk/bench/internal/result"
)

// quietLoad is one that nobody disturbed.
func quietLoad(other float64) result.Load { return result.Load{Seconds: 10, Other: other, Cores: 2} }

func view(peer string, flip, other float64) result.View {
	return result.View{Peer: peer, Flip: &result.Flip{Latency: result.Stats{N: 40, Median: flip, P95: flip + 10}, Load: quietLoad(other)},
		Works: map[string]result.Work{"scroll": {Load: quietLoad(other), SeenPerS: 19.9, Down: 140e3, Screen: fidelity.Result{PSNR: fidelity.Exact}}}}
}

// stored writes results as the measuring programs do, and reads them.
func stored(t *testing.T, rounds [][]result.View, relays []result.Relay, code string) *results {
	t.Helper()
	dir := t.TempDir()
	for i, round := range rounds {
		for _, v := range round {
			path := filepath.Join(dir, "round-"+string(rune('1'+i)), v.Peer)
			if err := os.MkdirAll(path, 0o755); err != nil {
				t.Fatal(err)
			}
			if err := result.Write(filepath.Join(path, "result.json"), v); err != nil {
				t.Fatal(err)
			}
		}
	}
	for _, r := range relays {
		if err := result.Append(filepath.Join(dir, "relay.jsonl"), r); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.WriteFile(filepath.Join(dir, "go.txt"), []byte(code), 0o644); err != nil {
		t.Fatal(err)
	}
	r, err := read(dir)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func (r *results) row(t *testing.T, name string) string {
	t.Helper()
	for _, b := range bars {
		if b.name == name {
			return b.verdict(r)
		}
	}
	t.Fatalf("there is no bar %q", name)
	return ""
}

func TestVerdicts(t *testing.T) {
	r := stored(t, [][]result.View{
		{view(ours, 15, 0), view(tiger, 25, 0)},
		{view(ours, 16, 0), view(tiger, 26, 0)},
		{view(ours, 90, 15), view(tiger, 27, 0)}, // disturbed: does not count
	}, []result.Relay{
		{Relay: ours, Cores: 2, Sizes: []result.Pairs{{Pairs: 500, Opened: 500, Seconds: 15, OnTime: 1, P99: 100, CPUPerGB: 3, PerPair: 99}}},
		{Relay: relay, Cores: 2, Sizes: []result.Pairs{{Pairs: 500, Opened: 500, Seconds: 15, OnTime: 1, P99: 1500}}},
	}, "BenchmarkIdle-2   	 100	 2000 ns/op	 0 B/op	 0 allocs/op\nBenchmarkScroll-2  	 10	 5 ns/op	 3 MB/s	 120 B/op	 2 allocs/op\nBenchmarkUpdate/1_viewer-2 10 5 ns/op 64 B/op 1 allocs/op\n")
	for name, want := range map[string]string{
		"flip, median":                         "pass", // 15.5 <= 0.65 * 26
		"flip, p95":                            "pass",
		"scroll, bytes":                        "pass",
		"scroll, PSNR of the screen after 3 s": "pass",
		"typing, bytes":                        "not measured",
		"relay, 500 pairs, p99":                "pass", // a tenth of websockify's
		"relay, 500 pairs, CPU":                "short",
		"relay, 500 pairs, on time":            "pass",
		"relay, 1000 pairs, delivered":         "not measured",
		"hot path of the screen: allocations":  "short",
		"relay: allocations":                   "pass",
	} {
		if got := r.row(t, name); got != want {
			t.Errorf("%s: %s, not %s", name, got, want)
		}
	}
	var out bytes.Buffer
	printBars(&out, r)
	quick := 0
	for _, b := range bars {
		if !b.isFull() {
			quick++
		}
	}
	if n := strings.Count(out.String(), "\n"); n != quick+4 || !strings.Contains(out.String(), "more bars are measured by `make bench-full`") {
		t.Errorf("%d lines for %d bars:\n%s", n, quick, out.String())
	}
	if !strings.Contains(out.String(), "| flip, median | <= 0.65 T | 16.9 | 15.5 ms | T 26 | pass |") {
		t.Error(out.String())
	}
	printFigures(&out, r)
	if s := out.String(); !strings.Contains(s, "### Workload: scroll") || strings.Contains(s, "NaN") {
		t.Error(s)
	}
}

func TestNoise(t *testing.T) {
	r := stored(t, [][]result.View{
		{view(ours, 90, 9), view(tiger, 25, 0)},
		{view(ours, 80, 9), view(tiger, 25, 0)},
	}, nil, "")
	if got := r.row(t, "flip, median"); got != "noisy: short" {
		t.Error(got)
	}
	var again bytes.Buffer
	printAgain(&again, r.disturbed())
	if got := again.String(); got != "works flip,scroll\n" {
		t.Errorf("to be run again: %q", got)
	}
	r = stored(t, nil, []result.Relay{{Relay: ours, Cores: 2, Sizes: []result.Pairs{
		{Pairs: 500, Opened: 500, Seconds: 10, Other: 9, OnTime: 1}, {Pairs: 1000, Opened: 1000, Seconds: 10, Other: 9, OnTime: 1}}}}, "")
	again.Reset()
	printAgain(&again, r.disturbed())
	if got := again.String(); got != "relay\nlarge\n" {
		t.Errorf("to be run again: %q", got)
	}
	r = stored(t, [][]result.View{
		{view(ours, 90, 9), view(tiger, 25, 0)},
		{view(ours, 15, 0), view(tiger, 25, 0)},
	}, nil, "")
	if got := r.row(t, "flip, median"); got != "pass" {
		t.Error("one undisturbed round of two is enough:", got)
	}
}

func TestNumber(t *testing.T) {
	for v, want := range map[float64]string{0: "0", 0.123: "0.12", 12.34: "12.3", 1234.5: "1234", 99: "99"} {
		if got := number(v); got != want {
			t.Errorf("%v: %s", v, got)
		}
	}
}

// What was measured over a link has rows of its own, and counts in no other one.
func TestLinks(t *testing.T) {
	click := func(link string, first, second float64) result.View {
		s := func(m float64) result.Stats { return result.Stats{N: 10, Median: m} }
		return result.View{Peer: ours, Link: link, First: &result.First{FromGrant: 430},
			Click: &result.Click{Trip: result.Trip{Round: s((first + second) / 2)}, First: s(first), Second: s(second), Load: quietLoad(0)}}
	}
	r := stored(t, [][]result.View{{click(result.Link10M, 70, 72)}, {click(result.Link2M, 180, 290)}}, nil, "")
	for name, want := range map[string]string{
		"10 Mbit/s, RTT 50 ms: click to sight while scrolling, median":           "pass",
		"10 Mbit/s, RTT 50 ms: second half of the run over the first":            "pass",
		"2 Mbit/s, RTT 150 ms, 1 % loss: click to sight while scrolling, median": "pass",
		"2 Mbit/s, RTT 150 ms, 1 % loss: second half of the run over the first":  "short",
		"first picture after the grant, 10 Mbit/s, RTT 50 ms":                    "pass",
		"first picture after the grant":                                          "not measured",
	} {
		if got := r.row(t, name); got != want {
			t.Errorf("%s: %s, want %s", name, got, want)
		}
	}
	var b bytes.Buffer
	printFigures(&b, r)
	if !strings.Contains(b.String(), "Link "+result.Link2M) {
		t.Error("no table of the links")
	}
}

// A full run has a row for every bar, and what failed is said with its reason.
func TestFull(t *testing.T) {
	most := view(ours, 15, 0)
	most.Many = &result.Many{Viewers: 20, Live: 20, Exact: 19}
	r := stored(t, [][]result.View{{most, {Peer: "xpra-shadow", Errors: []string{"start: there is no\nxpra"}}}}, []result.Relay{
		{Relay: relay, Cores: 2, Sizes: []result.Pairs{{Pairs: 1000, Err: "507 were opened"}}}}, "BenchmarkAppend/photo/64x64/1-2 10 5 ns/op 0 B/op 0 allocs/op\nBenchmarkPhoto-2 10 5 ns/op 9 B/op 9 allocs/op\n")
	for name, want := range map[string]string{
		"20 viewers beside the page: live and exact": "short",
		"JPEG: allocations":                          "short",
	} {
		if got := r.row(t, name); got != want {
			t.Errorf("%s: %s, not %s", name, got, want)
		}
	}
	var out bytes.Buffer
	printBars(&out, r)
	printFigures(&out, r)
	for _, want := range []string{"| soak: growth of the presenter's memory |", "- xpra-shadow: start: there is no xpra\n", "- websockify with 1000 pairs: 507 were opened\n",
		"| xpra-shadow | could not be measured: start: there is no xpra |"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("%q is missing in\n%s", want, out.String())
		}
	}
}
