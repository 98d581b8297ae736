//go:build linux

package main

import (
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strconv"

	"golang.org/x/sys/unix"
)

// Scheduling policies of linux/sched.h.
const (
	schedOther = 0 // everybody's
	schedFIFO  = 1 // real time: before everybody else's
)

// goRealTime puts this process before all ordinary ones: an emulator that waits for a processor is late, and then the link has
// other figures than asked for. Nice values would not do, because Linux compares them only within a session (autogroups). It has
// to be all threads, as any of them may hold a lock of Go's runtime that a carrier wants. Threads made later inherit it; a
// process started later too, except by startOrdinary. What it costs others is a few microseconds a packet.
func goRealTime() error {
	attr := unix.SchedAttr{Size: unix.SizeofSchedAttr, Policy: schedFIFO, Priority: 1}
	done := map[int]bool{}
	for {
		threads, err := os.ReadDir("/proc/self/task")
		if err != nil {
			return fmt.Errorf("list threads: %w", err)
		}
		found := false
		for _, thread := range threads {
			id, err := strconv.Atoi(thread.Name())
			if err != nil || done[id] {
				continue
			}
			found, done[id] = true, true
			if err := unix.SchedSetAttr(id, &attr, 0); err != nil && err != unix.ESRCH {
				return fmt.Errorf("real-time priority (needs CAP_SYS_NICE): %w", err)
			}
		}
		if !found { // nor was one made meanwhile by a thread that was still ordinary
			return nil
		}
	}
}

// startOrdinary starts a command that does not inherit the priority.
func startOrdinary(c *exec.Cmd) error {
	started := make(chan error, 1)
	go func() {
		runtime.LockOSThread() // never unlocked: the thread ends with its policy
		attr := unix.SchedAttr{Size: unix.SizeofSchedAttr, Policy: schedOther}
		if err := unix.SchedSetAttr(0, &attr, 0); err != nil {
			started <- fmt.Errorf("ordinary priority: %w", err)
			return
		}
		started <- c.Start()
	}()
	return <-started
}
