//go:build linux

package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"runtime"
	"sync"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"pindesk/bench/internal/linkemu/netns"
)

// processors is the least GOMAXPROCS of `link up`: with spare ones, a carrier that is due never waits for another thread.
const processors = 8

// commandGrace is how long a command may take to end after SIGTERM.
const commandGrace = 5 * time.Second

// link is a link that is up.
type link struct {
	name       string
	started    time.Time
	directions [2]*direction // a to b, b to a
	end        func()        // begins the end; may be called again and by anybody
}

// up makes a link and keeps it until its end.
func up(name string, args []string, stdout, stderr io.Writer) (err error) {
	s := newSettings()
	f := flag.NewFlagSet("link up NAME", flag.ContinueOnError)
	seed := f.Uint64("seed", 1, "of losses and jitter")
	congestion := f.String("congestion", "", "TCP congestion control in both namespaces, such as cubic; empty: the machine's")
	command, err := s.parse(f, args, stderr)
	if err != nil {
		return err
	}
	if os.Geteuid() != 0 {
		return errors.New("needs root, to make network namespaces and TUN devices")
	}
	ctx, end := context.WithCancel(context.Background())
	defer end()
	// SIGPIPE is caught so that a reader who went away does not end the process before it has removed all.
	signals := make(chan os.Signal, 8)
	signal.Notify(signals, syscall.SIGINT, syscall.SIGTERM, syscall.SIGHUP, syscall.SIGUSR1, syscall.SIGPIPE)
	defer signal.Stop(signals)
	if err := watchParent(end); err != nil {
		return err
	}
	runtime.GOMAXPROCS(max(processors, runtime.GOMAXPROCS(0)))
	if err := goRealTime(); err != nil {
		return err
	}

	listener, err := claim(name)
	if err != nil {
		return err
	}
	l := &link{name: name, started: time.Now(), end: end}
	defer func() { err = errors.Join(err, listener.Close()) }() // after the namespaces: see removeDead
	var devices [2]int
	for i, e := range ends(name) {
		if err := netns.Create(e.namespace); err != nil {
			return err
		}
		defer func() { err = errors.Join(err, netns.Remove(e.namespace)) }()
		if devices[i], err = e.open(*congestion); err != nil {
			return err
		}
		defer unix.Close(devices[i])
	}
	stopCarriers, failed, err := l.start(s, devices, *seed)
	if err != nil {
		return err
	}
	defer stopCarriers()
	defer func() { fmt.Fprintf(stderr, "%s\n", l.stats()) }()
	go l.serve(listener)

	finished := make(chan error, 1)
	if len(command) > 0 {
		wait, err := startCommand(ctx, name, command)
		if err != nil {
			return err
		}
		go func() { finished <- wait() }()
	} else if _, err := fmt.Fprintln(stdout, "ready"); err != nil {
		return err
	}
	for {
		select {
		case got := <-signals:
			switch got {
			case syscall.SIGUSR1:
				fmt.Fprintf(stderr, "%s\n", l.stats())
			case syscall.SIGPIPE:
			default:
				end()
			}
		case err := <-failed:
			return err
		case err := <-finished:
			return err
		case <-ctx.Done():
			if len(command) > 0 {
				return <-finished
			}
			return nil
		}
	}
}

// start begins to carry packets both ways. stop ends that and returns when it has ended; failed gets an error that ends the link.
func (l *link) start(s settings, devices [2]int, seed uint64) (stop func(), failed <-chan error, err error) {
	failures := make(chan error, len(l.directions))
	if l.directions[0], err = newDirection(devices[0], devices[1], s.down, 2*seed); err != nil {
		return nil, nil, err
	}
	if l.directions[1], err = newDirection(devices[1], devices[0], s.up, 2*seed+1); err != nil {
		l.directions[0].close()
		return nil, nil, err
	}
	var running sync.WaitGroup
	for _, d := range l.directions {
		running.Go(func() {
			if err := d.carry(); err != nil {
				failures <- err
			}
		})
	}
	return func() {
		for _, d := range l.directions {
			d.stop()
		}
		running.Wait()
		for _, d := range l.directions {
			d.close()
		}
	}, failures, nil
}

// startCommand starts a command, which is told to end when ctx does; wait returns when it has ended.
func startCommand(ctx context.Context, name string, args []string) (wait func() error, err error) {
	c := exec.CommandContext(ctx, args[0], args[1:]...)
	c.Env = append(os.Environ(), "LINK="+name)
	c.Stdin, c.Stdout, c.Stderr = os.Stdin, os.Stdout, os.Stderr
	c.Cancel = func() error { return c.Process.Signal(syscall.SIGTERM) }
	c.WaitDelay = commandGrace
	return c.Wait, startOrdinary(c)
}

// watchParent calls end when the process that started this one ends. A parent that is process 1 is none.
func watchParent(end func()) error {
	parent := os.Getppid()
	if parent <= 1 {
		return nil
	}
	fd, err := unix.PidfdOpen(parent, 0)
	if err != nil {
		return fmt.Errorf("watch the parent process: %w", err)
	}
	go func() { // ends with the process
		defer unix.Close(fd)
		for {
			n, err := unix.Poll([]unix.PollFd{{Fd: int32(fd), Events: unix.POLLIN}}, -1)
			if n > 0 || err != nil && !errors.Is(err, unix.EINTR) {
				end()
				return
			}
		}
	}()
	return nil
}

// stats is one line of JSON.
func (l *link) stats() json.RawMessage {
	line, err := json.Marshal(struct {
		Name    string  `json:"name"`
		Seconds float64 `json:"seconds"`
		Down    report  `json:"down"` // a to b
		Up      report  `json:"up"`   // b to a
	}{l.name, time.Since(l.started).Seconds(), l.directions[0].report(), l.directions[1].report()})
	if err != nil {
		panic(err) // numbers and valid strings always have a JSON form
	}
	return line
}
