//go:build linux

package main

import (
	"errors"
	"fmt"
	"sync"
	"time"

	"golang.org/x/sys/unix"

	"pindesk/bench/internal/linkemu"
)

// readBurst bounds the packets read before those due are written: 64 full packets are 0.8 ms at 1 Gbit/s.
const readBurst = 64

// direction carries packets one way: from one device, through a pipe, to the other device.
type direction struct {
	from, to int // descriptors of the devices; static
	epoch    time.Time
	event    int // descriptor that wakes carry; static until close

	mu   sync.Mutex // guards all below
	pipe *linkemu.Pipe
	// refused counts the packets that the kernel did not take at the far device: somebody brought it down.
	refused int64
	stopped bool
}

// newDirection makes a direction; close it after carry has returned.
func newDirection(from, to int, par linkemu.Params, seed uint64) (*direction, error) {
	event, err := unix.Eventfd(0, unix.EFD_CLOEXEC|unix.EFD_NONBLOCK)
	if err != nil {
		return nil, fmt.Errorf("eventfd: %w", err)
	}
	return &direction{from: from, to: to, event: event, epoch: time.Now(), pipe: linkemu.New(par, seed)}, nil
}

func (d *direction) close() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.stopped = true
	unix.Close(d.event)
	d.event = -1
}

func (d *direction) now() time.Duration { return time.Since(d.epoch) }

// carry runs until stop. It waits in ppoll with a time limit in nanoseconds, which is more punctual than a Go timer, whose
// granularity is a millisecond in an idle program.
func (d *direction) carry() error {
	buffer := make([]byte, 1<<16)
	waitFor := []unix.PollFd{{Fd: int32(d.from), Events: unix.POLLIN}, {Fd: int32(d.event), Events: unix.POLLIN}}
	for {
		next, stopped := d.deliver()
		if stopped {
			return nil
		}
		var limit *unix.Timespec
		if next != linkemu.Never {
			left := unix.NsecToTimespec(int64(max(0, next-d.now())))
			limit = &left
		}
		switch n, err := unix.Ppoll(waitFor, limit, nil); {
		case errors.Is(err, unix.EINTR):
			continue
		case err != nil:
			return fmt.Errorf("ppoll: %w", err)
		case n == 0:
			continue
		}
		if waitFor[1].Revents != 0 {
			unix.Read(d.event, buffer) // only empties it
		}
		if waitFor[0].Revents != 0 {
			if err := d.take(buffer); err != nil {
				return err
			}
		}
	}
}

// deliver writes the packets that are due, and says when the next one is.
func (d *direction) deliver() (next time.Duration, stopped bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for {
		packet, ok := d.pipe.Pop(d.now())
		if !ok {
			return d.pipe.Next(), d.stopped
		}
		if _, err := unix.Write(d.to, packet); err != nil {
			d.refused++
		}
	}
}

// take reads the packets that wait at the near device.
func (d *direction) take(buffer []byte) error {
	for range readBurst {
		n, err := unix.Read(d.from, buffer)
		switch {
		case errors.Is(err, unix.EAGAIN):
			return nil
		case errors.Is(err, unix.EINTR):
			continue
		case err != nil:
			return fmt.Errorf("read device: %w", err)
		}
		d.mu.Lock()
		d.pipe.Push(d.now(), buffer[:n])
		d.mu.Unlock()
	}
	return nil
}

// change runs f with the pipe at the present time, and has carry look again.
func (d *direction) change(f func(now time.Duration, p *linkemu.Pipe)) {
	d.mu.Lock()
	defer d.mu.Unlock()
	f(d.now(), d.pipe)
	d.wake()
}

// stop ends carry.
func (d *direction) stop() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.stopped = true
	d.wake()
}

// wake has carry look at the pipe again; after close there is none to wake. It needs the lock, lest close takes the descriptor
// away. An event that is set already stays set.
func (d *direction) wake() {
	if d.event >= 0 {
		unix.Write(d.event, []byte{1, 0, 0, 0, 0, 0, 0, 0})
	}
}

// report is a direction's part of the statistics.
type report struct {
	Link string `json:"link"` // the properties in force
	Cut  bool   `json:"cut"`
	linkemu.Stats
	Refused int64 `json:"refused"` // not taken by the far device
}

func (d *direction) report() report {
	d.mu.Lock()
	defer d.mu.Unlock()
	return report{d.pipe.Params().String(), d.pipe.Severed(), d.pipe.Stats(d.now()), d.refused}
}
