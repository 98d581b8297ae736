package main

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"pindesk/bench/internal/fidelity"
	"pindesk/bench/internal/result"
	"pindesk/bench/internal/scene"
)

// column is one column of a table: its title and how a peer's cell is written.
type column struct {
	title string
	cell  func(r *results, peer string) string
}

// plain is a column with the median of a figure.
func plain(title string, f figure) column {
	return column{title, func(r *results, peer string) string {
		v := r.of(peer, f)
		if !v.ok {
			return "–"
		}
		return number(v.v)
	}}
}

// two is a column with two figures: a / b.
func two(title string, a, b figure) column {
	first, second := plain("", a), plain("", b)
	return column{title, func(r *results, peer string) string {
		return first.cell(r, peer) + " / " + second.cell(r, peer)
	}}
}

// printFigures writes all that was measured, medians of the rounds.
func printFigures(w io.Writer, r *results) {
	all := r.sortedPeers()
	products := slices.DeleteFunc(slices.Clone(all), func(p string) bool { return p == floor || p == "floor" })
	table(w, r, "Glass to glass, ms", products, []column{
		plain("median", flipMedian), plain("p95", flipP95),
		plain("min", flipFigure(func(s result.Stats) float64 { return s.Min })),
		plain("max", flipFigure(func(s result.Stats) float64 { return s.Max })),
		plain("lost", flipLost),
		plain("page frames/s", viewFigure(func(v *result.View) (float64, result.Load, bool) {
			if v.Flip == nil {
				return 0, result.Load{}, false
			}
			return v.Flip.Frames, v.Flip.Load, true
		})),
	})
	printTrace(w, r)
	table(w, r, "Input round trip, ms: median / p95", products, tripColumns())
	table(w, r, "First picture, ms", products, []column{
		plain("after the grant", firstGrant),
		plain("after the socket opened", firstFigure(func(f *result.First) float64 { return f.FromOpen })),
		plain("after the navigation began", firstFigure(func(f *result.First) float64 { return f.FromStart })),
	})
	printLinks(w, r)
	for _, name := range scene.Works() {
		table(w, r, "Workload: "+name, with(r, all, name), workColumns(name))
	}
	printRelays(w, r)
	printRuns(w, r, all)
}

// printTrace writes where the time goes.
func printTrace(w io.Writer, r *results) {
	if r.trace == nil {
		return
	}
	if f := r.trace.Flip; f != nil && len(f.Stages) > 0 {
		fmt.Fprintf(w, "\n### Where the time of a flip goes: ours, ms\n\nOf a run of its own with proxies in between: %s in the middle instead of what is above.\n\n| | median | p95 |\n|---|---|---|\n", number(f.Latency.Median))
		for _, s := range f.Stages {
			fmt.Fprintf(w, "| %s | %s | %s |\n", s.Name, number(s.Median), number(s.P95))
		}
	}
	for _, name := range slices.Sorted(maps.Keys(r.trace.Works)) {
		if work := r.trace.Works[name]; work.Sharp > 0 {
			fmt.Fprintf(w, "\nTime to sharp after %s: %s ms from the last change to the picture exact everywhere.\n", name, number(work.Sharp))
		}
	}
}

// printLinks writes what was measured over slow links.
func printLinks(w io.Writer, r *results) {
	stats := func(get func(*result.Click) result.Stats) (median, p95 figure) {
		return clickFigure(func(c *result.Click) float64 { return get(c).Median }), clickFigure(func(c *result.Click) float64 { return get(c).P95 })
	}
	for _, link := range slices.Sorted(maps.Keys(r.links)) {
		at := r.links[link]
		median, p95 := stats(func(c *result.Click) result.Stats { return c.Round })
		up, _ := stats(func(c *result.Click) result.Stats { return c.Up })
		down, _ := stats(func(c *result.Click) result.Stats { return c.Down })
		first, _ := stats(func(c *result.Click) result.Stats { return c.First })
		second, _ := stats(func(c *result.Click) result.Stats { return c.Second })
		table(w, at, "Link "+link+": click while scrolling, first picture, ms", at.sortedPeers(), []column{
			plain("click to sight, median", median), plain("p95", p95), plain("page to X", up), plain("X to page", down),
			plain("first half", first), plain("second half", second),
			plain("not seen", clickFigure(func(c *result.Click) float64 { return float64(c.Round.Lost) })),
			plain("first picture after the grant", firstGrant),
			plain("after the socket opened", firstFigure(func(f *result.First) float64 { return f.FromOpen })),
		})
	}
}

func firstFigure(get func(*result.First) float64) figure {
	return viewFigure(func(v *result.View) (float64, result.Load, bool) {
		if v.First == nil || get(v.First) == 0 {
			return 0, result.Load{}, false
		}
		return get(v.First), result.Load{}, true
	})
}

func tripColumns() (list []column) {
	for _, kind := range []struct {
		name string
		get  func(*result.Input) result.Trip
	}{
		{"mouse", func(in *result.Input) result.Trip { return in.Mouse }},
		{"key", func(in *result.Input) result.Trip { return in.Key }},
	} {
		for _, part := range []struct {
			name string
			get  func(result.Trip) result.Stats
		}{
			{"", func(t result.Trip) result.Stats { return t.Round }},
			{", page to X", func(t result.Trip) result.Stats { return t.Up }},
			{", X to page", func(t result.Trip) result.Stats { return t.Down }},
		} {
			stats := func(pick func(result.Stats) float64) figure {
				return viewFigure(func(v *result.View) (float64, result.Load, bool) {
					if v.Input == nil {
						return 0, result.Load{}, false
					}
					return pick(part.get(kind.get(v.Input))), v.Input.Load, true
				})
			}
			list = append(list, two(kind.name+part.name,
				stats(func(s result.Stats) float64 { return s.Median }), stats(func(s result.Stats) float64 { return s.P95 })))
		}
	}
	return list
}

// with are the peers that were put through a workload, or should have been.
func with(r *results, peers []string, name string) []string {
	return slices.DeleteFunc(slices.Clone(peers), func(p string) bool {
		return !r.of(p, workFigure(name, seen)).ok && r.reason(p) == ""
	})
}

// reason is why a peer could not be measured at all; "" if it could.
func (r *results) reason(peer string) string {
	reason := ""
	for _, v := range r.views[peer] {
		if v.First != nil || len(v.Works) > 0 || len(v.Errors) == 0 {
			return ""
		}
		reason = v.Errors[0]
	}
	return strings.ReplaceAll(strings.Join(strings.Fields(reason), " "), "|", "/")
}

func workColumns(name string) []column {
	f := func(get func(result.Work) float64) figure { return workFigure(name, get) }
	cpu := func(role string) figure {
		return f(func(w result.Work) float64 { return w.Load.CPU[role].CPU / w.Load.Seconds })
	}
	mem := func(role string) column {
		return plain(role+" MB", f(func(w result.Work) float64 { return float64(w.Load.CPU[role].PSS) / (1 << 20) }))
	}
	good := func(title string, get func(result.Work) fidelity.Result) column {
		return plain(title, f(func(w result.Work) float64 { return get(w).PSNR }))
	}
	return []column{
		plain("kB/s", f(kilobytes)), plain("B/s back", f(func(w result.Work) float64 { return w.Up })),
		two("frames seen/s of drawn/s", f(seen), f(func(w result.Work) float64 { return float64(w.Drawn) / w.Load.Seconds })),
		two("latency ms, median / p95", f(func(w result.Work) float64 { return w.Latency.Median }), f(func(w result.Work) float64 { return w.Latency.P95 })),
		plain("cores: capture", cpu("capture")), plain("relay", cpu("relay")), plain("browser", cpu("browser")), plain("X server", cpu("xserver")),
		plain("others", f(func(w result.Work) float64 { return w.Load.Other / w.Load.Seconds })),
		mem("capture"), mem("relay"), mem("browser"),
		good("PSNR frozen", func(w result.Work) fidelity.Result { return w.Frozen }),
		good("after 3 s", func(w result.Work) fidelity.Result { return w.Settled }),
		good("screen after 3 s", func(w result.Work) fidelity.Result { return w.Screen }),
	}
}

func table(w io.Writer, r *results, title string, peers []string, columns []column) {
	if len(peers) == 0 {
		return
	}
	fmt.Fprintf(w, "\n### %s\n\n| |", title)
	for _, c := range columns {
		fmt.Fprintf(w, " %s |", c.title)
	}
	fmt.Fprintf(w, "\n|%s\n", strings.Repeat("---|", len(columns)+1))
	for _, p := range peers {
		fmt.Fprintf(w, "| %s |", p)
		if why := r.reason(p); why != "" {
			fmt.Fprintf(w, " could not be measured: %s |%s\n", why, strings.Repeat(" |", len(columns)-1))
			continue
		}
		for _, c := range columns {
			fmt.Fprintf(w, " %s |", c.cell(r, p))
		}
		fmt.Fprintln(w)
	}
}

func printRelays(w io.Writer, r *results) {
	if len(r.relays) == 0 {
		return
	}
	var names []string
	var sizes []int
	for name, list := range r.relays {
		names = append(names, name)
		for _, one := range list {
			for _, p := range one.Sizes {
				if !slices.Contains(sizes, p.Pairs) {
					sizes = append(sizes, p.Pairs)
				}
			}
		}
	}
	slices.Sort(names)
	slices.Sort(sizes)
	fmt.Fprintln(w, "\n### Relay: each pair 20 KB frames at 30/s\n\n| | pairs | opened | offered MB/s | delivered | on time % | p50 ms | p99 ms | CPU s/GB | KB a pair | generator CPU s | others CPU s |\n|"+strings.Repeat("---|", 12))
	for _, n := range sizes {
		for _, name := range names {
			get := func(f func(result.Pairs) float64) string { return plain("", pairsFigure(n, f)).cell(r, name) }
			if get(p99) == "–" {
				continue
			}
			fmt.Fprintf(w, "| %s | %d | %s | %s | %s | %s | %s | %s | %s | %s | %s | %s |\n", name, n,
				get(func(p result.Pairs) float64 { return float64(p.Opened) }),
				get(func(p result.Pairs) float64 { return p.Offered }), get(delivered),
				get(func(p result.Pairs) float64 { return 100 * p.OnTime }),
				get(func(p result.Pairs) float64 { return p.P50 }), get(p99),
				get(func(p result.Pairs) float64 { return p.CPUPerGB }), get(func(p result.Pairs) float64 { return p.PerPair }),
				get(func(p result.Pairs) float64 { return p.Generator }), get(func(p result.Pairs) float64 { return p.Other }))
		}
	}
	for _, name := range names {
		for _, one := range r.relays[name] {
			if one.Idle != nil {
				fmt.Fprintf(w, "\n%s with %d idle sessions: %.0f MB, %.2f cores.\n", name, one.Idle.Sessions, one.Idle.PSS, one.Idle.CPU)
			}
			if one.Err != "" {
				fmt.Fprintf(w, "\n%s: %s\n", name, one.Err)
			}
		}
	}
}

func printRuns(w io.Writer, r *results, peers []string) {
	if len(peers) == 0 {
		return
	}
	fmt.Fprintln(w, "\n### Runs\n\n| | when | load before | versions | errors |\n|---|---|---|---|---|")
	for _, p := range peers {
		for _, v := range r.views[p] {
			fmt.Fprintf(w, "| %s | %s | %s | %s | %s |\n", p, v.When, v.Loadavg, v.Version, strings.ReplaceAll(strings.Join(v.Errors, "; "), "|", "/"))
		}
	}
}
