package main

import (
	"bufio"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"pindesk/bench/internal/procstat"
	"pindesk/bench/internal/result"
)

// headSize is the length of what begins each frame: u32 length, u64 ns from the start of the
// load to when the frame was due, both big-endian.
const headSize = 12

// openers open pairs at once.
const openers = 8

// loader puts loads on one relay.
type loader struct {
	options
	adapter adapter
	pids    []int
	next    int        // number of the next pair
	opened  func(pair) // if not nil, called for each pair, by several goroutines
}

type pair struct {
	presenter io.WriteCloser
	viewer    io.ReadCloser
}

func (p pair) close() {
	_ = p.presenter.Close() // the relay may have closed it before
	_ = p.viewer.Close()
}

func closeAll(pairs []pair) {
	for _, p := range pairs {
		p.close()
	}
}

// open opens n pairs, or as many as it can; the error is the last one.
func (l *loader) open(ctx context.Context, n int) (pairs []pair, err error) {
	ctx, cancel := context.WithTimeout(ctx, l.patience)
	defer cancel()
	var (
		mu    sync.Mutex
		work  sync.WaitGroup
		todo  = make(chan int)
		opens = func() {
			for i := range todo {
				p, v, e := l.adapter.pair(i)
				if e == nil && l.opened != nil {
					l.opened(pair{p, v})
				}
				mu.Lock()
				if e != nil {
					err = e
				} else {
					pairs = append(pairs, pair{p, v})
				}
				mu.Unlock()
			}
		}
	)
	for range openers {
		work.Go(opens)
	}
	for range n {
		if ctx.Err() != nil {
			break
		}
		todo <- l.next
		l.next++
	}
	close(todo)
	work.Wait()
	if err == nil && len(pairs) < n {
		err = fmt.Errorf("only %d of %d pairs were open after %v", len(pairs), n, l.patience)
	}
	return pairs, err
}

// load measures n pairs.
func (l *loader) load(ctx context.Context, n int) (p result.Pairs) {
	p.Pairs = n
	begun := time.Now()
	pairs, err := l.open(ctx, n)
	defer closeAll(pairs)
	p.Opened, p.OpenTook = len(pairs), result.Round(time.Since(begun).Seconds(), 2)
	if err != nil {
		p.Err = err.Error()
	}
	if len(pairs) == 0 {
		return p
	}
	time.Sleep(time.Second)
	p.Open = mb(procstat.Tree(l.pids...).PSS)

	relay, all, busy := procstat.CPU(l.pids...), procstat.CPU(os.Getpid()), procstat.Busy()
	g := newGenerator(l.options, len(pairs))
	g.run(pairs)
	p.CPU = procstat.CPU(l.pids...) - relay
	all, busy = procstat.CPU(os.Getpid())-all, procstat.Busy()-busy
	after := procstat.Tree(l.pids...)
	closeAll(pairs) // ends readers and held-up writers
	g.work.Wait()

	p.Seconds = l.length.Seconds()
	p.Generator = result.Round(all-p.CPU, 2) // the relay is our child
	p.Other = result.Round(busy-all, 2)
	p.After, p.Processes = mb(after.PSS), after.Procs
	late := g.lateness()
	p.OnTime = result.Round(float64(len(late))/float64(g.due), 4)
	if len(late) > 0 {
		p.P50, p.P99 = result.Round(late[len(late)/2], 2), result.Round(late[(len(late)-1)*99/100], 2)
	}
	p.Offered = result.Round(float64(len(pairs)*l.rate*l.size)/(1<<20), 2)
	p.Delivered = result.Round(float64(g.got.Load())/(1<<20)/p.Seconds, 2)
	if got := g.got.Load(); got > 0 {
		p.CPUPerGB = result.Round(p.CPU/(float64(got)/1e9), 2)
	}
	p.CPU = result.Round(p.CPU, 2)
	return p
}

// generator sends frames through pairs and takes when they arrive.
type generator struct {
	options
	start, end time.Time
	step       time.Duration
	due        int // frames, of all pairs
	got        atomic.Int64
	late       [][]float32 // ms, by pair; each owned by its viewer
	work       sync.WaitGroup
}

func newGenerator(o options, pairs int) *generator {
	// Rounded up: else a frame would be due some ns before the end.
	g := &generator{options: o, step: time.Second/time.Duration(o.rate) + 1, late: make([][]float32, pairs)}
	for i := range pairs {
		g.due += int((o.length - g.offset(i) + g.step - 1) / g.step)
		g.late[i] = make([]float32, 0, int(o.length/g.step)+2)
	}
	return g
}

// offset spreads the pairs over the time of a frame.
func (g *generator) offset(i int) time.Duration {
	return g.step * time.Duration(i) / time.Duration(len(g.late))
}

// run returns when the load's time is over; its goroutines end when the pairs are closed.
func (g *generator) run(pairs []pair) {
	g.start = time.Now().Add(200 * time.Millisecond)
	g.end = g.start.Add(g.length)
	for i, p := range pairs {
		g.work.Go(func() { g.view(i, p.viewer) })
		g.work.Go(func() { g.present(i, p.presenter) })
	}
	time.Sleep(time.Until(g.end))
}

func (g *generator) present(i int, w io.Writer) {
	frame := make([]byte, g.size)
	for j := range frame {
		frame[j] = byte(j*7 + i)
	}
	for k := 0; ; k++ {
		due := g.start.Add(g.offset(i) + time.Duration(k)*g.step)
		if !due.Before(g.end) || time.Now().After(g.end) {
			return
		}
		time.Sleep(time.Until(due))
		binary.BigEndian.PutUint32(frame, uint32(len(frame)))
		binary.BigEndian.PutUint64(frame[4:], uint64(due.Sub(g.start)))
		if _, err := w.Write(frame); err != nil {
			return
		}
	}
}

func (g *generator) view(i int, r io.Reader) {
	in := bufio.NewReaderSize(r, 32<<10)
	var head [headSize]byte
	for {
		if _, err := io.ReadFull(in, head[:]); err != nil {
			return
		}
		n := int(binary.BigEndian.Uint32(head[:]))
		if n != g.size {
			panic(fmt.Sprintf("the adapter gave a frame of %d bytes: it is out of step", n))
		}
		if _, err := in.Discard(n - headSize); err != nil {
			return
		}
		now := time.Now()
		if now.After(g.end) {
			continue // late frames do not count
		}
		g.got.Add(int64(n))
		due := time.Duration(binary.BigEndian.Uint64(head[4:]))
		g.late[i] = append(g.late[i], float32((now.Sub(g.start)-due).Seconds()*1e3))
	}
}

// lateness is that of all frames in time, sorted, in ms. Only after work has ended.
func (g *generator) lateness() []float64 {
	var all []float64
	for _, list := range g.late {
		for _, ms := range list {
			all = append(all, float64(ms))
		}
	}
	slices.Sort(all)
	return all
}

// onePair is how much one pair carries in messages of 64 KiB, in MB/s, and the relay's CPU
// seconds a GB.
func (l *loader) onePair(ctx context.Context) (mbPerS, cpuPerGB float64, err error) {
	pairs, err := l.open(ctx, 1)
	defer closeAll(pairs)
	if err != nil {
		return 0, 0, err
	}
	var (
		got  atomic.Int64
		work sync.WaitGroup
	)
	work.Go(func() {
		b := make([]byte, 256<<10)
		for {
			n, err := pairs[0].viewer.Read(b)
			got.Add(int64(n))
			if err != nil {
				return
			}
		}
	})
	work.Go(func() {
		for m := make([]byte, 64<<10); ; {
			if _, err := pairs[0].presenter.Write(m); err != nil {
				return
			}
		}
	})
	time.Sleep(time.Second)
	cpu, bytes, begun := procstat.CPU(l.pids...), got.Load(), time.Now()
	time.Sleep(8 * time.Second)
	cpu, bytes = procstat.CPU(l.pids...)-cpu, got.Load()-bytes
	took := time.Since(begun).Seconds()
	closeAll(pairs)
	work.Wait()
	if bytes == 0 {
		return 0, 0, errors.New("one pair: nothing came through")
	}
	return result.Round(float64(bytes)/(1<<20)/took, 1), result.Round(cpu/(float64(bytes)/1e9), 2), nil
}

// idleSessions holds n pairs in which nothing happens.
func (l *loader) idleSessions(ctx context.Context, n int) (*result.Idle, error) {
	idle := *l
	idle.patience = max(l.patience, time.Duration(n)*50*time.Millisecond)
	var (
		readers sync.WaitGroup
		lost    atomic.Int64
	)
	// Pings must be answered from the beginning: to open them all takes longer than a relay
	// waits for a silent peer.
	idle.opened = func(p pair) {
		readers.Go(func() {
			_, _ = io.Copy(io.Discard, p.viewer)
			lost.Add(1)
		})
	}
	pairs, err := idle.open(ctx, n)
	l.next = idle.next
	defer readers.Wait()
	defer closeAll(pairs)
	if err != nil {
		return nil, err
	}
	const span = 30 * time.Second
	cpu := procstat.CPU(l.pids...)
	time.Sleep(span)
	r := &result.Idle{Sessions: n, PSS: mb(procstat.Tree(l.pids...).PSS),
		CPU: result.Round((procstat.CPU(l.pids...)-cpu)/span.Seconds(), 3)}
	if gone := lost.Load(); gone > 0 {
		return r, fmt.Errorf("%d of %d idle sessions were lost", gone, n)
	}
	return r, nil
}
