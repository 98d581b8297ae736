package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"sync/atomic"
	"time"

	"pindesk/bench/internal/browser"
	"pindesk/bench/internal/countproxy"
	"pindesk/bench/internal/meter"
	"pindesk/bench/internal/peer"
	"pindesk/bench/internal/procstat"
	"pindesk/bench/internal/result"
)

// Times of bringing a product up.
const (
	stepTimeout = 30 * time.Second
	// settle lets a picture become as good as it gets, before what follows and after it.
	settle = 3 * time.Second
)

// bench is one product while it is measured.
type bench struct {
	options
	work    string // folder
	peer    *peer.Running
	proxy   *countproxy.Proxy // nil at a link: its buffers would be part of it
	link    *link             // nil without one
	trace   *trace            // nil without one
	browser *browser.Browser
	result  *result.View
}

// measure brings a product up and measures it. What fails then is in the result; an error is
// a description that cannot be read, or a folder that cannot be written.
func measure(ctx context.Context, o options, file string) (v *result.View, work string, err error) {
	p, err := peer.Load(file)
	if err != nil {
		return nil, "", err
	}
	peers, err := filepath.Abs(filepath.Dir(file))
	if err != nil {
		return nil, "", err
	}
	work = filepath.Join(o.out, p.Name)
	if err := os.MkdirAll(work, 0o755); err != nil {
		return nil, "", err
	}
	procstat.WaitQuiet(o.quiet)
	b := &bench{options: o, work: work, result: &result.View{Peer: p.Name, Note: p.Note, Link: o.link, When: time.Now().UTC().Format(time.RFC3339),
		Loadavg: procstat.Loadavg(), Works: map[string]result.Work{}}}
	start := peer.Options{Work: work, Peers: peers, Bin: o.bin, Host: "127.0.0.1"}
	open := browser.Options{Path: o.chrome, Log: filepath.Join(work, "browser.log")}
	end, err := b.between(ctx, &start, &open)
	defer end()
	if err != nil {
		b.failed("start", err)
		return b.result, work, nil
	}
	b.peer, err = peer.Start(ctx, p, start)
	defer b.peer.Stop()
	if err != nil {
		b.failed("start", err)
		return b.result, work, nil
	}
	b.result.Version = p.Versions(ctx, b.peer.Expand)
	if b.browser, err = browser.Open(ctx, open); err != nil {
		b.failed("start", err)
		return b.result, work, nil
	}
	defer b.browser.Close()
	b.all(ctx)
	return b.result, work, nil
}

// between puts a link, or the counting proxy, between product and browser, and in a traced run a
// proxy between the product's capture and its relay. end takes them away, also after an error.
func (b *bench) between(ctx context.Context, start *peer.Options, open *browser.Options) (end func(), err error) {
	if b.options.link != "" {
		if b.link, err = startLink(ctx, b.bin, b.options.link, b.work); err != nil {
			return func() {}, err
		}
		start.Host, start.Prefix, start.Dial = far, b.link.at("a"), b.link.dial
		open.Prefix, open.Reach = b.link.at("b"), b.link.reach
		return b.link.end, nil
	}
	var relay atomic.Pointer[string]
	start.Told = func(addr string) { relay.Store(&addr) }
	forward := func() string { return *relay.Load() } // it is told before anything can connect
	var near *countproxy.Proxy
	end = func() {
		for _, p := range []*countproxy.Proxy{b.proxy, near} {
			if p != nil {
				p.Close()
			}
		}
	}
	var tap countproxy.Tap
	if b.traced {
		b.trace = &trace{}
		tap = b.trace.viewer
		if near, err = countproxy.Listen(forward, b.trace.presenter); err != nil {
			return end, err
		}
		start.Tap = near.Addr()
	}
	if b.proxy, err = countproxy.Listen(forward, tap); err != nil {
		return end, err
	}
	start.Proxy = b.proxy.Addr()
	return end, nil
}

func (b *bench) failed(what string, err error) {
	b.result.Errors = append(b.result.Errors, what+": "+err.Error())
}

// all shows the desktop, opens the page, and measures one work after the other.
func (b *bench) all(ctx context.Context) {
	desk, err := b.stimulus(ctx, "desktop")
	if err != nil {
		b.failed("desktop", err)
		return
	}
	defer desk.end()
	if err := b.connect(); err != nil {
		b.failed("connect", err)
		b.shot("failed.png")
		return
	}
	for _, work := range b.works {
		if ctx.Err() != nil {
			b.failed(work, context.Cause(ctx))
			return
		}
		var err error
		switch work {
		case "flip":
			err = b.flip(ctx)
		case "input":
			err = b.input(ctx)
		case "click":
			err = b.click(ctx)
		default:
			err = b.workload(ctx, work)
		}
		if err != nil {
			b.failed(work, err)
			b.shot("failed-" + work + ".png")
		}
		if err := b.peer.Alive(); err != nil { // what was just measured means nothing
			b.failed(work, err)
			delete(b.result.Works, work)
			return
		}
	}
	if b.viewers > 0 {
		if err := b.many(ctx, b.viewers); err != nil {
			b.failed("viewers", err)
		}
	}
	if b.soakLength > 0 {
		if err := b.soak(ctx); err != nil {
			b.failed("soak", err)
		}
	}
	b.shot("page.png")
	time.Sleep(b.hold)
}

// shot keeps what the page looks like, for whoever doubts the figures.
func (b *bench) shot(name string) {
	if err := b.browser.Screenshot(filepath.Join(b.work, name)); err != nil {
		b.failed(name, err)
	}
}

// connect opens the page, waits for its picture, and injects the probe.
func (b *bench) connect() error {
	url, err := b.peer.Expand(b.peer.URL)
	if err != nil {
		return err
	}
	if err := b.browser.Navigate(url, b.peer.Canvas, b.peer.Grant); err != nil {
		return err
	}
	for _, js := range b.peer.Steps {
		if err := b.browser.Until(js, stepTimeout); err != nil {
			return err
		}
	}
	large := fmt.Sprintf("(e => e && (e.videoWidth || e.width) >= 1000)(%s)", b.peer.Canvas)
	if err := b.browser.Until(large, stepTimeout); err != nil {
		return err
	}
	if len(b.peer.Procs) > 0 { // else it shows no screen
		if err := b.first(); err != nil {
			return err
		}
	}
	time.Sleep(settle)
	if err := b.browser.Probe(b.peer.Canvas); err != nil {
		return err
	}
	place, err := b.browser.Place()
	if err != nil {
		return err
	}
	if b.result.Canvas, err = json.Marshal(place); err != nil {
		return err
	}
	b.result.ClockOffset, b.result.ClockError, err = b.browser.Clock()
	b.result.ClockOffset, b.result.ClockError = result.Round(b.result.ClockOffset, 2), result.Round(b.result.ClockError, 2)
	return err
}

// first reads what first.js noted.
func (b *bench) first() error {
	if err := b.browser.Until("__first.picture", stepTimeout); err != nil {
		return errors.Join(errors.New("the desktop never showed"), err)
	}
	f, err := browser.Eval[struct {
		Start   float64 `json:"start"`
		Open    float64 `json:"open"`
		Grant   float64 `json:"grant"`
		Picture float64 `json:"picture"`
	}](b.browser, "__first")
	if err != nil {
		return err
	}
	b.result.First = &result.First{FromStart: result.Round(f.Picture-f.Start, 1)}
	if f.Open > 0 {
		b.result.First.FromOpen = result.Round(f.Picture-f.Open, 1)
	}
	if f.Grant > 0 {
		b.result.First.FromGrant = result.Round(f.Picture-f.Grant, 1)
	}
	return nil
}

// meter begins to measure the machine.
func (b *bench) meter(s *stimulus) *meter.Meter {
	roles := maps.Clone(b.peer.Roles())
	roles["browser"] = []int{b.browser.Pid()}
	roles["stim"] = []int{s.pid()}
	return meter.Start(roles)
}

// correction is what to subtract from the page's times, in ms: nothing while the clocks agree
// as far as that was measured.
func (b *bench) correction() float64 {
	if offset := b.result.ClockOffset; offset > b.result.ClockError || -offset > b.result.ClockError {
		return offset
	}
	return 0
}
