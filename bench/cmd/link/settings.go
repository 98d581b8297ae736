//go:build linux

package main

import (
	"flag"
	"fmt"
	"io"
	"time"

	"pindesk/bench/internal/linkemu"
)

// settings are the properties of both directions.
type settings struct {
	down linkemu.Params // a to b
	up   linkemu.Params // b to a
}

// defaultQueue is about what a home router has in front of its uplink, kindly counted.
const defaultQueue = 100 * time.Millisecond

func newSettings() settings {
	par := linkemu.Params{Queue: linkemu.Queue{Time: defaultQueue}}
	return settings{par, par}
}

// flags adds the flags of the properties, which change s as they are parsed.
func (s *settings) flags(f *flag.FlagSet) {
	both := []*linkemu.Params{&s.down, &s.up}
	for _, way := range []struct {
		suffix string
		pars   []*linkemu.Params
	}{{"", both}, {"-down", both[:1]}, {"-up", both[1:]}} {
		property(f, "rate"+way.suffix, "bits a second such as 10M; 0: no limit", way.pars, linkemu.ParseRate,
			func(p *linkemu.Params, v int64) { p.Rate = v })
		property(f, "delay"+way.suffix, "one way, such as 25ms", way.pars, time.ParseDuration,
			func(p *linkemu.Params, v time.Duration) { p.Delay = v })
		property(f, "jitter"+way.suffix, "change of the delay, such as 5ms for -5ms to 5ms", way.pars, time.ParseDuration,
			func(p *linkemu.Params, v time.Duration) { p.Jitter = v })
		property(f, "loss"+way.suffix, "share of packets such as 1%", way.pars, linkemu.ParseLoss,
			func(p *linkemu.Params, v linkemu.Loss) { p.Loss = float64(v) })
		property(f, "queue"+way.suffix, "bound as time (100ms) or bytes (64k)", way.pars, linkemu.ParseQueue,
			func(p *linkemu.Params, v linkemu.Queue) { p.Queue = v })
	}
}

func property[V any](f *flag.FlagSet, name, usage string, pars []*linkemu.Params, parse func(string) (V, error), set func(*linkemu.Params, V)) {
	f.Func(name, usage, func(text string) error {
		v, err := parse(text)
		for _, p := range pars {
			set(p, v)
		}
		return err
	})
}

// parse reads a command line of properties and of what else was added to f, and returns the arguments behind it.
func (s *settings) parse(f *flag.FlagSet, args []string, help io.Writer) ([]string, error) {
	s.flags(f)
	f.SetOutput(help)
	if err := f.Parse(args); err != nil {
		return nil, fmt.Errorf("%w: %w", err, errUsage)
	}
	if err := s.down.Validate(); err != nil {
		return nil, fmt.Errorf("a to b: %w: %w", err, errUsage)
	}
	if err := s.up.Validate(); err != nil {
		return nil, fmt.Errorf("b to a: %w: %w", err, errUsage)
	}
	return f.Args(), nil
}
