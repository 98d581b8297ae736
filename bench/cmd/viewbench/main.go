// Command viewbench measures screen viewers that end in a browser page: how late their
// picture is, what their input takes, and what workloads cost. Each product is described by
// a file, peers/NAME.json; results go to OUT/NAME/result.json.
package main

import (
	"context"
	"flag"
	"fmt"
	"maps"
	"os"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"

	"pindesk/bench/internal/browser"
	"pindesk/bench/internal/result"
	"pindesk/bench/internal/scene"
)

// options are the flags.
type options struct {
	works   []string
	length  time.Duration
	samples int
	out     string
	bin     string
	peers   string
	chrome  string
	quiet   time.Duration
	hold    time.Duration
	pixels  bool
	// traced runs show where the time goes.
	traced bool
	// viewers join beside the page in the end, 0 for none.
	viewers int
	// soakLength is that of the soak, 0 for none.
	soakLength time.Duration
	// link is the profile of the link between product and browser, "" for none.
	link string
}

// shortest is the length of a workload below which CPU times, which the kernel counts in
// 10 ms, mean nothing.
const shortest = 2 * time.Second

func main() {
	o := options{}
	all := append([]string{"flip", "input"}, scene.Works()...)
	list := flag.String("works", strings.Join(all, ","), "what to measure, in that order; the first picture always is")
	flag.DurationVar(&o.length, "dur", 20*time.Second, "length of each workload, 2s to 30s")
	flag.IntVar(&o.samples, "n", 80, "flips; half as many presses each of mouse and key, and of click")
	flag.StringVar(&o.out, "out", "out", "folder for results, logs and pictures")
	flag.StringVar(&o.bin, "bin", "../bin", "folder of PinDesk's programs; bench/stim is below it")
	flag.StringVar(&o.chrome, "chrome", "", "browser (default: CHROME, or what is in PATH)")
	flag.DurationVar(&o.quiet, "quiet", 30*time.Second, "how long to wait for a quiet machine before each product")
	flag.DurationVar(&o.hold, "hold", 0, "keep product and page open for so long afterwards, to look at them")
	flag.BoolVar(&o.traced, "trace", false, "also note when updates pass from program to program, which costs a little (PinDesk only)")
	flag.IntVar(&o.viewers, "viewers", 0, "afterwards let so many more viewers join, draw, and see whether each becomes exact (PinDesk only)")
	flag.DurationVar(&o.soakLength, "soak", 0, "afterwards put each product through all workloads for so long, and watch its memory")
	flag.BoolVar(&o.pixels, "pixels", true, "read pixels during workloads; without it only bytes and CPU mean anything (what does reading cost?)")
	flag.StringVar(&o.link, "link", "", fmt.Sprintf("put this link between product and browser (needs root): %q", slices.Sorted(maps.Keys(profiles))))
	flag.Usage = func() {
		fmt.Fprintln(os.Stderr, "viewbench [flags] peers/NAME.json ...")
		flag.PrintDefaults()
	}
	flag.Parse()
	o.works = works(*list)
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	failed, err := run(ctx, o, flag.Args())
	stop()
	switch {
	case err != nil:
		fmt.Fprintln(os.Stderr, "viewbench:", err)
		os.Exit(2)
	case failed:
		os.Exit(1)
	}
}

// works splits a list of them.
func works(list string) []string {
	return strings.FieldsFunc(list, func(r rune) bool { return r == ',' })
}

// run measures each product. A product that cannot be measured does not keep the others from
// it: its result says why.
func run(ctx context.Context, o options, files []string) (failed bool, err error) {
	for _, w := range o.works {
		if !scene.Known(w) || w == "desktop" {
			return false, fmt.Errorf("there is no work %q", w)
		}
	}
	if slices.ContainsFunc(o.works, func(w string) bool { return slices.Contains(scene.Works(), w) }) &&
		(o.length < shortest || o.length > 30*time.Second) {
		return false, fmt.Errorf("-dur %v: 2s to 30s", o.length)
	}
	if _, ok := profiles[o.link]; o.link != "" && !ok {
		return false, fmt.Errorf("there is no link %q", o.link)
	}
	if i := slices.IndexFunc(o.works, func(w string) bool { return w != "click" }); o.link != "" && (i >= 0 || o.soakLength > 0 || o.viewers > 0) {
		return false, fmt.Errorf("at a link only the first picture and click are measured")
	}
	if len(files) == 0 {
		return false, fmt.Errorf("name at least one peers/NAME.json")
	}
	if o.chrome == "" {
		if o.chrome, err = browser.Find(); err != nil {
			return false, err
		}
	}
	for _, p := range []*string{&o.out, &o.bin} {
		if *p, err = filepath.Abs(*p); err != nil {
			return false, err
		}
	}
	for _, file := range files {
		if ctx.Err() != nil {
			return failed, context.Cause(ctx)
		}
		v, work, err := measure(ctx, o, file)
		if err != nil { // it has nothing to do with the product, but the next one may be luckier
			fmt.Fprintf(os.Stderr, "viewbench: %s: %v\n", file, err)
			failed = true
			continue
		}
		for _, e := range v.Errors {
			fmt.Fprintf(os.Stderr, "viewbench: %s: %s\n", v.Peer, e)
			failed = true
		}
		path := filepath.Join(work, "result.json")
		if err := result.Write(path, v); err != nil {
			return failed, err
		}
		fmt.Println(path)
	}
	return failed, nil
}
