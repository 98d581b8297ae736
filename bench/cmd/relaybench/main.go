// Command relaybench loads a relay with pairs of a presenter and a viewer, and measures what
// it adds: latency, CPU, memory. Each relay is one adapter.
//
// Every pair sends frames of a fixed size at a fixed rate, the pairs spread evenly over the
// time of a frame. Latency runs from when a frame was due, so that a presenter that is held
// up counts as lateness. The adapter "direct" is one TCP connection without a relay: the
// generator's own floor. Generator and relay share the machine.
package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"maps"
	"os"
	"os/signal"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	"pindesk/bench/internal/procstat"
	"pindesk/bench/internal/result"
)

// adapter is one relay product.
type adapter interface {
	// start brings the relay up on loopback and returns the roots of its process trees.
	start(ctx context.Context) (pids []int, err error)
	// pair opens pair i; both ends are joined when it returns. What is written to the
	// presenter's end comes out of the viewer's; one Write is one message. It is called by
	// several goroutines.
	pair(i int) (presenter io.WriteCloser, viewer io.ReadCloser, err error)
	// stop ends the relay, also after a start that failed.
	stop()
}

// adapters makes them, by name.
var adapters = map[string]func(options) adapter{
	"direct":          func(options) adapter { return &direct{} },
	"websockify":      func(o options) adapter { return &websockify{process: process{work: o.work}} },
	"meshrelay":       func(o options) adapter { return &meshrelay{process: process{work: o.work}, tls: true} },
	"meshrelay-plain": func(o options) adapter { return &meshrelay{process: process{work: o.work}} },
	"ours":            func(o options) adapter { return &ours{process: process{work: o.work}, bin: o.bin} },
}

// options are the flags.
type options struct {
	sizes    []int
	length   time.Duration
	rate     int
	size     int
	idle     int
	viewers  int
	fastest  bool
	work     string
	bin      string
	out      string
	quiet    time.Duration
	patience time.Duration
}

func main() {
	o := options{}
	sizes := flag.String("n", "50,500", "pairs, one load after the other")
	flag.DurationVar(&o.length, "dur", 15*time.Second, "length of each load")
	flag.IntVar(&o.rate, "fps", 30, "frames a second of each pair")
	flag.IntVar(&o.size, "size", 20<<10, "bytes of a frame, at least 12")
	flag.IntVar(&o.idle, "idle", 0, "also hold that many sessions in which nothing happens")
	flag.IntVar(&o.viewers, "viewers", 0, "also give one presenter that many viewers, one of them frozen")
	flag.BoolVar(&o.fastest, "fastest", false, "also see how much one pair can carry")
	flag.StringVar(&o.work, "work", "", "folder for logs and databases (default: a temporary one)")
	flag.StringVar(&o.bin, "bin", "../bin", "folder of PinDesk's programs")
	flag.StringVar(&o.out, "out", "", "file that a line of JSON is appended to for each relay")
	flag.DurationVar(&o.quiet, "quiet", 30*time.Second, "how long to wait for a quiet machine before each load")
	flag.DurationVar(&o.patience, "open", 90*time.Second, "how long to go on opening pairs")
	flag.Usage = func() {
		fmt.Fprintln(os.Stderr, "relaybench [flags] ADAPTER ...   of", slices.Sorted(maps.Keys(adapters)))
		flag.PrintDefaults()
	}
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx, o, *sizes, flag.Args())
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "relaybench:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, o options, sizes string, names []string) error {
	for s := range strings.SplitSeq(sizes, ",") {
		n, err := strconv.Atoi(s)
		if err != nil || n < 0 {
			return fmt.Errorf("-n %s: numbers of pairs", sizes)
		}
		if n > 0 { // 0: none, only -idle or -fastest
			o.sizes = append(o.sizes, n)
		}
	}
	if o.size < headSize || o.rate < 1 || o.length <= 0 {
		return fmt.Errorf("-size is at least %d, -fps and -dur are more than nothing", headSize)
	}
	if o.work == "" {
		dir, err := os.MkdirTemp("", "pindesk-relaybench-")
		if err != nil {
			return err
		}
		defer os.RemoveAll(dir)
		o.work = dir
	}
	if err := os.MkdirAll(o.work, 0o755); err != nil {
		return err
	}
	var err error
	if o.bin, err = filepath.Abs(o.bin); err != nil {
		return err
	}
	if len(names) == 0 {
		return fmt.Errorf("name at least one adapter of %v", slices.Sorted(maps.Keys(adapters)))
	}
	for _, name := range names {
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		make, ok := adapters[name]
		if !ok {
			return fmt.Errorf("there is no adapter %q, only %v", name, slices.Sorted(maps.Keys(adapters)))
		}
		r := measure(ctx, o, name, make(o))
		if r.Err != "" {
			fmt.Fprintf(os.Stderr, "relaybench: %s: %s\n", name, r.Err)
		}
		if o.out == "" {
			continue
		}
		if err := result.Append(o.out, r); err != nil {
			return err
		}
	}
	return nil
}

// tooMuch is the share of frames below which a larger load tells nothing any more.
const tooMuch = 0.2

// measure puts one relay through all loads.
func measure(ctx context.Context, o options, name string, a adapter) *result.Relay {
	r := &result.Relay{Relay: name, When: time.Now().UTC().Format(time.RFC3339), Loadavg: procstat.Loadavg(), Cores: runtime.NumCPU()}
	pids, err := a.start(ctx)
	defer a.stop()
	if err != nil {
		r.Err = err.Error()
		return r
	}
	l := &loader{options: o, adapter: a, pids: pids}
	time.Sleep(2 * time.Second)
	r.Empty = mb(procstat.Tree(pids...).PSS)
	for _, n := range o.sizes {
		if ctx.Err() != nil {
			r.Err = context.Cause(ctx).Error()
			return r
		}
		procstat.WaitQuiet(o.quiet)
		p := l.load(ctx, n)
		if p.Opened > 0 && p.After > r.Empty {
			p.PerPair = result.Round((p.After-r.Empty)*1024/float64(p.Opened), 1)
		}
		r.Sizes = append(r.Sizes, p)
		fmt.Fprintf(os.Stderr, "%s: %d of %d pairs, %.0f%% on time, p50 %.1f ms, p99 %.1f ms, %.2f CPU s/GB, %.0f KB a pair, other load %.1f CPU s %s\n",
			name, p.Opened, n, 100*p.OnTime, p.P50, p.P99, p.CPUPerGB, p.PerPair, p.Other, p.Err)
		if p.Opened < n || p.OnTime < tooMuch {
			break
		}
	}
	if o.fastest {
		if r.Fastest, r.FastestCPU, err = l.onePair(ctx); err != nil {
			r.Err = err.Error()
		}
	}
	if o.viewers > 1 {
		if r.Fan, err = l.fan(ctx, o.viewers); err != nil {
			r.Err = err.Error()
		}
	}
	if o.idle > 0 {
		if r.Idle, err = l.idleSessions(ctx, o.idle); err != nil {
			r.Err = err.Error()
		}
	}
	return r
}

// mb are bytes in MB.
func mb(bytes int64) float64 { return result.Round(float64(bytes)/(1<<20), 2) }
