package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"pindesk/bench/internal/result"
)

// The peers that bars speak of.
const (
	ours  = "ours"
	tiger = "novnc-x0tigervnc" // T: the best rival that shows a real screen
	x11   = "novnc-x11vnc"     // X
	floor = "upload"           // no product: a page that only uploads what scrolls
	relay = "websockify"
)

// peerOrder is how tables are sorted.
var peerOrder = []string{ours, "ours-tab", tiger, x11, "novnc-xvnc", "meshcentral", "xpra-shadow", floor, "floor"}

// results is all that was measured.
type results struct {
	views  map[string][]result.View // by peer, each round one; without a link
	links  map[string]*results      // by link; they have views only
	relays map[string][]result.Relay
	trace  *result.View       // a traced run of ours; nil without one
	code   map[string]goBench // by benchmark, without "Benchmark" and the number of cores
}

// goBench is one line of go test -bench -benchmem.
type goBench struct{ ns, bytes, allocs float64 }

func read(dir string) (*results, error) {
	r := &results{views: map[string][]result.View{}, links: map[string]*results{}, relays: map[string][]result.Relay{}, code: map[string]goBench{}}
	files, err := filepath.Glob(filepath.Join(dir, "round-*", "*", "result.json"))
	if err != nil {
		return nil, err
	}
	slices.Sort(files)
	for _, f := range files {
		v, err := readView(f)
		if err != nil {
			return nil, err
		}
		at := r.at(v.Link)
		at.views[v.Peer] = append(at.views[v.Peer], *v)
	}
	if r.trace, err = readView(filepath.Join(dir, "trace", ours, "result.json")); err != nil && !os.IsNotExist(err) {
		return nil, err
	}
	if err := r.readRelays(filepath.Join(dir, "relay.jsonl")); err != nil {
		return nil, err
	}
	if b, err := os.ReadFile(filepath.Join(dir, "go.txt")); err == nil {
		r.readCode(b)
	}
	if len(r.views)+len(r.links)+len(r.relays)+len(r.code) == 0 {
		return nil, fmt.Errorf("there are no results in %s", dir)
	}
	return r, nil
}

func readView(path string) (*result.View, error) {
	b, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	v := &result.View{}
	if err := json.Unmarshal(b, v); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return v, nil
}

// failures are the errors of products and relays, each once, as lines.
func (r *results) failures() (list []string) {
	add := func(who, over, err string) {
		line := fmt.Sprintf("%s%s: %s", who, over, strings.Join(strings.Fields(err), " "))
		if err != "" && !slices.Contains(list, line) {
			list = append(list, line)
		}
	}
	views := func(r *results, over string) {
		for _, p := range r.sortedPeers() {
			for _, v := range r.views[p] {
				for _, err := range v.Errors {
					add(p, over, err)
				}
			}
		}
	}
	views(r, "")
	for _, link := range slices.Sorted(maps.Keys(r.links)) {
		views(r.links[link], " over "+link)
	}
	for _, name := range slices.Sorted(maps.Keys(r.relays)) {
		for _, one := range r.relays[name] {
			add(name, "", one.Err)
			for _, p := range one.Sizes {
				add(name, fmt.Sprintf(" with %d pairs", p.Pairs), p.Err)
			}
		}
	}
	return list
}

// at is what was measured over a link, r itself for "".
func (r *results) at(link string) *results {
	if link == "" {
		return r
	}
	if r.links[link] == nil {
		r.links[link] = &results{views: map[string][]result.View{}}
	}
	return r.links[link]
}

func (r *results) readRelays(path string) error {
	b, err := os.ReadFile(path)
	if os.IsNotExist(err) {
		return nil
	}
	if err != nil {
		return err
	}
	for line := range bytes.Lines(b) {
		var one result.Relay
		if err := json.Unmarshal(line, &one); err != nil {
			return fmt.Errorf("%s: %w", path, err)
		}
		r.relays[one.Relay] = append(r.relays[one.Relay], one)
	}
	return nil
}

func (r *results) readCode(b []byte) {
	for lines := bufio.NewScanner(bytes.NewReader(b)); lines.Scan(); {
		f := strings.Fields(lines.Text())
		name, ok := strings.CutPrefix(lines.Text(), "Benchmark")
		if !ok || len(f) < 4 {
			continue
		}
		name, _, _ = strings.Cut(name, "\t")
		name = strings.TrimSpace(strings.Fields(name)[0])
		if i := strings.LastIndexByte(name, '-'); i > 0 {
			name = name[:i]
		}
		var g goBench
		for i := 2; i+1 < len(f); i += 2 {
			v, err := strconv.ParseFloat(f[i], 64)
			if err != nil {
				break
			}
			switch f[i+1] {
			case "ns/op":
				g.ns = v
			case "B/op":
				g.bytes = v
			case "allocs/op":
				g.allocs = v
			}
		}
		r.code[name] = g
	}
}

// disturbance is the share of the machine's CPU time that others may take before a measurement
// counts as disturbed. The kernel's own work for a busy product is about 5 %.
const disturbance = 0.10

func isDisturbed(l result.Load) bool {
	return l.Seconds > 0 && l.Other/(l.Seconds*float64(l.Cores)) > disturbance
}

// sample is one measured value.
type sample struct {
	value float64
	noisy bool
}

// value is what a figure comes to.
type value struct {
	v     float64
	ok    bool // it was measured
	noisy bool // fewer than half of its samples were undisturbed
}

// median is that of the undisturbed samples, or of all if there are none.
func median(all []sample) value {
	quiet := slices.DeleteFunc(slices.Clone(all), func(s sample) bool { return s.noisy })
	use := quiet
	if len(use) == 0 {
		use = all
	}
	if len(use) == 0 {
		return value{}
	}
	slices.SortFunc(use, func(a, b sample) int {
		switch {
		case a.value < b.value:
			return -1
		case a.value > b.value:
			return 1
		}
		return 0
	})
	m := use[len(use)/2].value
	if len(use)%2 == 0 {
		m = (m + use[len(use)/2-1].value) / 2
	}
	return value{m, true, 2*len(quiet) < len(all)}
}

// figure takes samples of a peer.
type figure func(r *results, peer string) []sample

// viewFigure is a figure of a product's runs; get says what, and the load meanwhile.
func viewFigure(get func(*result.View) (float64, result.Load, bool)) figure {
	return func(r *results, peer string) (all []sample) {
		for i := range r.views[peer] {
			if v, l, ok := get(&r.views[peer][i]); ok {
				all = append(all, sample{v, isDisturbed(l)})
			}
		}
		return all
	}
}

// linkFigure is a figure of a product's runs over a link.
func linkFigure(link string, f figure) figure {
	return func(r *results, peer string) []sample {
		if at := r.links[link]; at != nil {
			return f(at, peer)
		}
		return nil
	}
}

// workFigure is a figure of one workload.
func workFigure(name string, get func(result.Work) float64) figure {
	return viewFigure(func(v *result.View) (float64, result.Load, bool) {
		w, ok := v.Works[name]
		if !ok {
			return 0, w.Load, false
		}
		return get(w), w.Load, true
	})
}

// pairsFigure is a figure of a relay under so many pairs.
func pairsFigure(pairs int, get func(result.Pairs) float64) figure {
	return func(r *results, peer string) (all []sample) {
		for _, one := range r.relays[peer] {
			for _, p := range one.Sizes {
				if p.Pairs == pairs && p.Opened > 0 {
					load := result.Load{Seconds: p.Seconds, Other: p.Other, Cores: one.Cores}
					all = append(all, sample{get(p), isDisturbed(load)})
				}
			}
		}
		return all
	}
}

// codeFigure is a figure of Go benchmarks: the largest of those that are named, or of their
// sub-benchmarks.
func codeFigure(get func(goBench) float64, names ...string) figure {
	return func(r *results, peer string) []sample {
		if peer != ours {
			return nil
		}
		var all []float64
		for name, g := range r.code {
			for _, want := range names {
				if name == want || strings.HasPrefix(name, want+"/") {
					all = append(all, get(g))
				}
			}
		}
		if len(all) == 0 {
			return nil
		}
		return []sample{{slices.Max(all), false}}
	}
}

func (r *results) of(peer string, f figure) value { return median(f(r, peer)) }

// sortedPeers lists what was measured.
func (r *results) sortedPeers() []string {
	rank := func(name string) int {
		if i := slices.Index(peerOrder, name); i >= 0 {
			return i
		}
		return len(peerOrder)
	}
	var list []string
	for p := range r.views {
		list = append(list, p)
	}
	slices.SortFunc(list, func(a, b string) int {
		if d := rank(a) - rank(b); d != 0 {
			return d
		}
		return strings.Compare(a, b)
	})
	return list
}
