package main

import (
	"fmt"
	"io"
	"math"
	"slices"
	"strings"

	"pindesk/bench/internal/fidelity"
	"pindesk/bench/internal/result"
)

// bar is one thing that PinDesk has to reach.
type bar struct {
	// part is what measures it, and is run again when it was disturbed: a work of viewbench, or
	// one of the parts below.
	part string
	name string
	want string
	unit string
	get  figure
	// least: the limit is the smallest good value; else it is the largest.
	least bool
	// limit comes from fixed numbers or from rivals in the same run; ok is false when they
	// were not measured.
	limit func(*results) value
	// beside are the rivals whose figures are shown.
	beside []string
}

// Parts of a run that are no works of viewbench.
const (
	anyWork  = ""        // whatever viewbench runs
	code     = "code"    // Go benchmarks
	small    = "relay"   // loads of 50 and 500 pairs
	large    = "large"   // 1,000 pairs, idle sessions, one frozen viewer of 20
	viewers  = "viewers" // 20 viewers that decode
	soak     = "soak"
	overLink = "link " // and the link's name
)

// isFull tells parts that only make bench-full runs.
func (b bar) isFull() bool {
	return slices.Contains([]string{large, viewers, soak}, b.part) || strings.HasPrefix(b.part, overLink)
}

var (
	screens = []string{tiger, x11}
	relays  = []string{relay, "meshrelay-plain"}
)

// fixed is a limit that depends on nobody.
func fixed(v float64) func(*results) value {
	return func(*results) value { return value{v: v, ok: true} }
}

// times is a rival's figure times k.
func times(k float64, rival string, f figure) func(*results) value {
	return func(r *results) value {
		v := r.of(rival, f)
		v.v *= k
		return v
	}
}

// either is the limit that is easier to reach: of two that may be missing, the one that is there.
func either(a, b func(*results) value) func(*results) value {
	return func(r *results) value {
		va, vb := a(r), b(r)
		switch {
		case !va.ok:
			return vb
		case !vb.ok || va.v >= vb.v:
			return va
		}
		return vb
	}
}

// Figures of a product's runs.
var (
	flipMedian = flipFigure(func(s result.Stats) float64 { return s.Median })
	flipP95    = flipFigure(func(s result.Stats) float64 { return s.P95 })
	flipLost   = flipFigure(func(s result.Stats) float64 { return float64(s.Lost) })
	keyTrip    = inputFigure(func(in *result.Input) result.Stats { return in.Key.Round })
	mouseTrip  = inputFigure(func(in *result.Input) result.Stats { return in.Mouse.Round })
	firstGrant = viewFigure(func(v *result.View) (float64, result.Load, bool) {
		if v.First == nil || v.First.FromGrant == 0 {
			return 0, result.Load{}, false
		}
		return v.First.FromGrant, result.Load{}, true
	})
)

func flipFigure(get func(result.Stats) float64) figure {
	return viewFigure(func(v *result.View) (float64, result.Load, bool) {
		if v.Flip == nil {
			return 0, result.Load{}, false
		}
		return get(v.Flip.Latency), v.Flip.Load, true
	})
}

func inputFigure(get func(*result.Input) result.Stats) figure {
	return viewFigure(func(v *result.View) (float64, result.Load, bool) {
		if v.Input == nil || get(v.Input).N == 0 {
			return 0, result.Load{}, false
		}
		return get(v.Input).Median, v.Input.Load, true
	})
}

func kilobytes(w result.Work) float64  { return w.Down / 1e3 }
func seen(w result.Work) float64       { return w.SeenPerS }
func exactness(w result.Work) float64  { return w.Screen.PSNR }
func browserCPU(w result.Work) float64 { return w.Load.CPU["browser"].CPU / w.Load.Seconds }
func presenter(w result.Work) float64  { return 100 * w.Load.CPU["capture"].CPU / w.Load.Seconds }

// captureCPU is the CPU seconds of presenter and X server together.
func captureCPU(w result.Work) float64 {
	return w.Load.CPU["capture"].CPU + w.Load.CPU["xserver"].CPU
}

// perFrame is that in ms for each frame that was seen.
func perFrame(w result.Work) float64 { return 1e3 * captureCPU(w) / float64(max(1, w.Seen)) }

// spare is how much more CPU a whole run may take than the cheaper rival's, in seconds: what
// the kernel's clock of 10 ms and the noise between runs come to.
const spare = 0.1

// cheaper is the CPU of the cheaper rival for each frame that it showed, and spare for the run.
func cheaper(work string) func(*results) value {
	return func(r *results) value {
		var best value
		for _, rival := range screens {
			if v := r.of(rival, workFigure(work, perFrame)); v.ok && (!best.ok || v.v < best.v) {
				best = v
			}
		}
		frames := r.of(ours, workFigure(work, func(w result.Work) float64 { return float64(max(1, w.Seen)) }))
		if best.ok && frames.ok {
			best.v += 1e3 * spare / frames.v
		}
		return best
	}
}

// bars are all of them. Every figure is the median of the rounds.
var bars = slices.Concat([]bar{
	{"flip", "flip, median", "<= 0.65 T", "ms", flipMedian, false, times(0.65, tiger, flipMedian), screens},
	{"flip", "flip, p95", "<= 0.75 T", "ms", flipP95, false, times(0.75, tiger, flipP95), screens},
	{"flip", "flips lost", "none", "", flipLost, false, fixed(0), screens},
	{"input", "key to sight, median", "<= 0.8 T", "ms", keyTrip, false, times(0.8, tiger, keyTrip), screens},
	{"input", "mouse to sight, median", "<= 0.7 T", "ms", mouseTrip, false, times(0.7, tiger, mouseTrip), screens},
	work("typing", "bytes", "<= T", "kB/s", kilobytes, false, times(1, tiger, workFigure("typing", kilobytes))),
	work("typing", "frames not seen", "none", "", func(w result.Work) float64 { return float64(w.Drawn - w.Seen) }, false, fixed(0)),
	exact("typing"),
	work("scroll", "frames seen", ">= 19.5", "/s", seen, true, fixed(19.5)),
	work("scroll", "bytes", "<= 150", "kB/s", kilobytes, false, fixed(150)),
	exact("scroll"),
	work("scroll", "browser CPU", "<= 0.5 T or 1.3 of a page that only uploads", "cores", browserCPU, false,
		either(times(0.5, tiger, workFigure("scroll", browserCPU)), times(1.3, floor, workFigure("scroll", browserCPU)))),
	work("video", "frames seen", ">= 29", "/s", seen, true, fixed(29)),
	work("video", "bytes", "<= 900", "kB/s", kilobytes, false, fixed(900)),
	work("video", "PSNR when frozen", ">= 34", "dB", func(w result.Work) float64 { return w.Frozen.PSNR }, true, fixed(34)),
	exact("video"),
	work("drag", "frames seen", ">= 28", "/s", seen, true, fixed(28)),
	work("drag", "bytes", "<= 500", "kB/s", kilobytes, false, fixed(500)),
	exact("drag"),
	work("idle", "bytes", "<= 0.3", "kB/s", kilobytes, false, fixed(0.3)),
	work("idle", "presenter", "<= 0.5", "% of a core", presenter, false, fixed(0.5)),
}, cpuBars(), []bar{
	{anyWork, "first picture after the grant", "<= 300", "ms", firstGrant, false, fixed(300), nil},
	{overLink + result.Link10M, "first picture after the grant, 10 Mbit/s, RTT 50 ms", "<= 1000", "ms", linkFigure(result.Link10M, firstGrant), false, fixed(1000), nil},
}, linkBars(result.Link10M, "10 Mbit/s, RTT 50 ms", 50, 120), linkBars(result.Link2M, "2 Mbit/s, RTT 150 ms, 1 % loss", 150, 200), []bar{
	pairs("on time", ">= 99", "%", 500, func(p result.Pairs) float64 { return 100 * p.OnTime }, true, fixed(99)),
	pairs("p99", "<= 60 or 0.1 websockify", "ms", 500, p99, false, either(fixed(60), times(0.1, relay, pairsFigure(500, p99)))),
	pairs("CPU", "<= 2.7", "s/GB", 500, func(p result.Pairs) float64 { return p.CPUPerGB }, false, fixed(2.7)),
	pairs("memory a pair", "<= 100", "KB", 500, func(p result.Pairs) float64 { return p.PerPair }, false, fixed(100)),
	pairs("delivered", ">= at 500", "MB/s", 1000, delivered, true, times(1, ours, pairsFigure(500, delivered))),
	{viewers, "20 viewers beside the page: live and exact", ">= 20", "", manyFigure(func(m *result.Many) float64 { return float64(min(m.Live, m.Exact)) }), true, fixed(20), nil},
	{large, "20 viewers: p99 with one frozen", "<= 1.2 of without, or 5 ms more", "ms", fanFigure(func(f *result.Fan) float64 { return f.P99Frozen }), false,
		either(times(1.2, ours, fanP99), func(r *results) value { v := r.of(ours, fanP99); v.v += 5; return v }), nil},
	{large, "20 viewers: frames on time", ">= 99", "%", fanFigure(func(f *result.Fan) float64 { return 100 * f.OnTime }), true, fixed(99), nil},
	{soak, "soak: growth of the presenter's memory", "<= 1.1", "", growth("capture"), false, fixed(flat), nil},
	{soak, "soak: growth of the broker's memory", "<= 1.1", "", growth("relay"), false, fixed(flat), nil},
	{soak, "soak: growth of the browser's memory", "<= 1.1", "", growth("browser"), false, fixed(flat), nil},
	{soak, "soak: PSNR of the screen at the end", "exact", "dB", soakFigure(func(s *result.Soak) float64 { return s.Screen.PSNR }), true, fixed(fidelity.Exact), nil},
	{large, "5,000 idle sessions, memory", "<= 500", "MB", idleMemory, false, fixed(500), relays},
	inCode("hot path of the screen: allocations", "0", "/update", func(g goBench) float64 { return g.allocs }, 0, "Idle", "Typing", "Scroll"),
	inCode("JPEG: allocations", "<= 8", "/rectangle", func(g goBench) float64 { return g.allocs }, 8, "Append", "Photo"),
	inCode("relay: allocations", "<= 1", "/message", func(g goBench) float64 { return g.allocs }, 1, "Update/1_viewer"),
	inCode("relay: memory", "<= 64", "B/message", func(g goBench) float64 { return g.bytes }, 64, "Update/1_viewer"),
})

func work(name, what, want, unit string, get func(result.Work) float64, least bool, limit func(*results) value) bar {
	return bar{name, name + ", " + what, want, unit, workFigure(name, get), least, limit, screens}
}

func exact(name string) bar {
	return work(name, "PSNR of the screen after 3 s", "exact", "dB", exactness, true, fixed(fidelity.Exact))
}

func cpuBars() (list []bar) {
	for _, w := range []string{"typing", "scroll", "video", "drag", "idle"} {
		list = append(list, work(w, "presenter and X server", "<= the cheaper of T and X, or 0.1 s a run more", "CPU ms/frame", perFrame, false, cheaper(w)))
	}
	return list
}

// grown is how much later clicks were seen in the second half than in the first, and how much
// of that is chance: both medians move by some frames.
func grown(c *result.Click) float64 { return c.Second.Median - c.First.Median }

const chance = 50 // ms: three frames of the page

// linkBars are the bars over a link: what a click may take beyond the round trip, in ms.
func linkBars(link, name string, rtt, beyond float64) []bar {
	f := func(get func(*result.Click) float64) figure { return linkFigure(link, clickFigure(get)) }
	return []bar{
		{overLink + link, name + ": click to sight while scrolling, median", fmt.Sprintf("<= RTT + %.0f", beyond), "ms",
			f(func(c *result.Click) float64 { return c.Round.Median }), false, fixed(rtt + beyond), screens},
		{overLink + link, name + ": second half of the run over the first", fmt.Sprintf("<= %d", chance), "ms", f(grown), false, fixed(chance), screens},
		{overLink + link, name + ": clicks not seen", "none", "", f(func(c *result.Click) float64 { return float64(c.Round.Lost) }), false, fixed(0), screens},
	}
}

func clickFigure(get func(*result.Click) float64) figure {
	return viewFigure(func(v *result.View) (float64, result.Load, bool) {
		if v.Click == nil || v.Click.Round.N == 0 {
			return 0, result.Load{}, false
		}
		return get(v.Click), v.Click.Load, true
	})
}

func p99(p result.Pairs) float64       { return p.P99 }
func delivered(p result.Pairs) float64 { return p.Delivered }

func pairs(what, want, unit string, n int, get func(result.Pairs) float64, least bool, limit func(*results) value) bar {
	part := small
	if n > 500 {
		part = large
	}
	return bar{part, fmt.Sprintf("relay, %d pairs, %s", n, what), want, unit, pairsFigure(n, get), least, limit, relays}
}

func inCode(name, want, unit string, get func(goBench) float64, limit float64, names ...string) bar {
	return bar{code, name, want, unit, codeFigure(get, names...), false, fixed(limit), nil}
}

func idleMemory(r *results, peer string) (all []sample) {
	for _, one := range r.relays[peer] {
		if one.Idle != nil && one.Idle.Sessions >= 5000 {
			all = append(all, sample{one.Idle.PSS, false})
		}
	}
	return all
}

// flat is how much memory may grow in a soak.
const flat = 1.1

func soakFigure(get func(*result.Soak) float64) figure {
	return viewFigure(func(v *result.View) (float64, result.Load, bool) {
		if v.Soak == nil || len(v.Soak.Turns) == 0 {
			return 0, result.Load{}, false
		}
		return get(v.Soak), result.Load{}, true
	})
}

func manyFigure(get func(*result.Many) float64) figure {
	return viewFigure(func(v *result.View) (float64, result.Load, bool) {
		if v.Many == nil {
			return 0, result.Load{}, false
		}
		return get(v.Many), result.Load{}, true
	})
}

func growth(role string) figure {
	return viewFigure(func(v *result.View) (float64, result.Load, bool) {
		if v.Soak == nil || v.Soak.Growth(role) == 0 {
			return 0, result.Load{}, false
		}
		return v.Soak.Growth(role), result.Load{}, true
	})
}

var fanP99 = fanFigure(func(f *result.Fan) float64 { return f.P99 })

func fanFigure(get func(*result.Fan) float64) figure {
	return func(r *results, peer string) (all []sample) {
		for _, one := range r.relays[peer] {
			if one.Fan != nil {
				all = append(all, sample{get(one.Fan), false})
			}
		}
		return all
	}
}

const unmeasured = "not measured"

// verdict says how ours does: pass, short, noisy when the figures that decide were disturbed,
// or "not measured".
func (b bar) verdict(r *results) string {
	have, limit := r.of(ours, b.get), b.limit(r)
	switch {
	case !have.ok || !limit.ok:
		return unmeasured
	case have.noisy || limit.noisy:
		return "noisy: " + b.compare(have.v, limit.v)
	}
	return b.compare(have.v, limit.v)
}

func (b bar) compare(have, limit float64) string {
	const hair = 1e-9
	if b.least && have >= limit-hair || !b.least && have <= limit+hair {
		return "pass"
	}
	return "short"
}

// disturbed are the parts with a bar that is noisy.
func (r *results) disturbed() []string {
	var list []string
	for _, b := range bars {
		if b.part != anyWork && strings.HasPrefix(b.verdict(r), "noisy") && !slices.Contains(list, b.part) {
			list = append(list, b.part)
		}
	}
	return list
}

// printAgain writes what has to be run again, a line a program: "works LIST" of viewbench, or
// another part.
func printAgain(w io.Writer, parts []string) {
	var works, others []string
	for _, p := range parts {
		if p == small || p == large || strings.HasPrefix(p, overLink) {
			others = append(others, p)
		} else {
			works = append(works, p)
		}
	}
	if len(works) > 0 {
		fmt.Fprintln(w, "works", strings.Join(works, ","))
	}
	for _, p := range others {
		fmt.Fprintln(w, p)
	}
}

// printBars writes the table of bars, and under it what could not be measured. Bars of make
// bench-full are left out of a run that measured none of them.
func printBars(w io.Writer, r *results) {
	full := slices.ContainsFunc(bars, func(b bar) bool { return b.isFull() && b.verdict(r) != unmeasured })
	left := 0
	fmt.Fprintln(w, "| what | bar | limit | ours | rivals | |\n|---|---|---|---|---|---|")
	for _, b := range bars {
		if b.isFull() && !full {
			left++
			continue
		}
		limit := "–"
		if l := b.limit(r); l.ok {
			limit = number(l.v)
		}
		var rivals []string
		for _, p := range b.beside {
			if v := r.of(p, b.get); v.ok {
				rivals = append(rivals, short(p)+" "+number(v.v))
			}
		}
		have := "–"
		if v := r.of(ours, b.get); v.ok {
			have = strings.TrimSpace(number(v.v) + " " + b.unit)
		}
		fmt.Fprintf(w, "| %s | %s | %s | %s | %s | %s |\n", b.name, b.want, limit, have, strings.Join(rivals, ", "), b.verdict(r))
	}
	if left > 0 {
		fmt.Fprintf(w, "\n%d more bars are measured by `make bench-full`.\n", left)
	}
	if failed := r.failures(); len(failed) > 0 {
		fmt.Fprintf(w, "\nWhat failed:\n\n- %s\n", strings.Join(failed, "\n- "))
	}
}

// short is a rival's name in the table of bars.
func short(peer string) string {
	switch peer {
	case tiger:
		return "T"
	case x11:
		return "X"
	case "meshrelay-plain":
		return "MeshCentral"
	}
	return peer
}

// number writes a value with three digits that count.
func number(v float64) string {
	a := math.Abs(v)
	switch {
	case v == math.Trunc(v) && a < 1e6, a >= 100:
		return fmt.Sprintf("%.0f", v)
	case a >= 10:
		return fmt.Sprintf("%.1f", v)
	}
	return fmt.Sprintf("%.2f", v)
}
