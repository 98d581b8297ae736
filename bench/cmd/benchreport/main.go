// Command benchreport turns a folder of results into tables: first one row for each bar that
// PinDesk has set itself, with pass or short beside the rivals' figures, then all figures.
//
//	OUT/round-*/PEER/result.json   of viewbench; rounds that were run again are rounds, too
//	OUT/trace/ours/result.json     of viewbench -trace: where the time goes
//	OUT/relay.jsonl                of relaybench, each round a line
//	OUT/go.txt                     of go test -bench -benchmem
package main

import (
	"flag"
	"fmt"
	"os"
)

func main() {
	again := flag.Bool("again", false, "print only what has to be run again because something disturbed it: works LIST, relay, large, link NAME")
	peers := flag.Bool("figures", true, "print all figures after the bars")
	flag.Usage = func() {
		fmt.Fprintln(os.Stderr, "benchreport [flags] OUT")
		flag.PrintDefaults()
	}
	flag.Parse()
	if flag.NArg() != 1 {
		flag.Usage()
		os.Exit(2)
	}
	r, err := read(flag.Arg(0))
	if err != nil {
		fmt.Fprintln(os.Stderr, "benchreport:", err)
		os.Exit(1)
	}
	if *again {
		printAgain(os.Stdout, r.disturbed())
		return
	}
	printBars(os.Stdout, r)
	if *peers {
		printFigures(os.Stdout, r)
	}
}
