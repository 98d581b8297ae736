// Command benchreport turns a folder of results into tables: first one row for each bar that
// PinDesk has set itself, with pass or short beside the rivals' figures, then all figures.
//
//	OUT/round-*/PEER/result.json   of viewbench; rounds that were run again are rounds, too
//	OUT/relay.jsonl                of relaybench, each round a line
//	OUT/go.txt                     of go test -bench -benchmem
package main

import (
	"flag"
	"fmt"
	"os"
	"strings"
)

func main() {
	again := flag.Bool("again", false, "print only the works that have to be run again because something disturbed them, separated by commas")
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
		fmt.Println(strings.Join(r.disturbedWorks(), ","))
		return
	}
	printBars(os.Stdout, r)
	if *peers {
		printFigures(os.Stdout, r)
	}
}
