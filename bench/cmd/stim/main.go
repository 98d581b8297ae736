// Command stim draws on an X screen what the viewers must show; package scene says what.
//
// It writes events as JSON lines. After {"ev":"ready"} it waits for a line on standard input,
// draws, writes {"ev":"freeze"}, and keeps its windows as they are until standard input ends.
package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"time"

	"pindesk/bench/internal/scene"
)

func main() {
	in, out := bufio.NewReader(os.Stdin), json.NewEncoder(os.Stdout)
	o := scene.Options{
		Log: func(e scene.Event) error { return out.Encode(e) },
		Start: func() error {
			_, err := in.ReadString('\n')
			return err
		},
		Hold: func() error {
			_, err := io.Copy(io.Discard, in)
			return err
		},
	}
	flag.StringVar(&o.Display, "display", os.Getenv("DISPLAY"), "X display of 1920x1080 pixels")
	flag.StringVar(&o.Mode, "mode", "desktop", "desktop, flip, input, click, "+fmt.Sprint(scene.Works()))
	flag.DurationVar(&o.Length, "dur", 20*time.Second, "length of a workload")
	flag.IntVar(&o.Flips, "n", 80, "flips")
	flag.Parse()
	if err := scene.Run(o); err != nil && !errors.Is(err, io.EOF) {
		fmt.Fprintln(os.Stderr, "stim:", err)
		os.Exit(1)
	}
}
