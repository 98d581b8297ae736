// Package procstat reads CPU time and memory of process trees, and the whole machine's CPU
// time, as Linux counts them.
package procstat

import (
	"bytes"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// tick is the unit of CPU times in /proc: USER_HZ is 100 on every architecture of Linux that
// Go supports.
const tick = 10 * time.Millisecond

// Usage is what a set of process trees took.
type Usage struct {
	CPU   float64 `json:"cpu_s"`     // user and system seconds, those of ended and waited-for children included
	PSS   int64   `json:"pss_bytes"` // proportional set size: a shared page counts in parts
	Procs int     `json:"procs"`
}

type process struct {
	pid, parent int
	cpu         time.Duration // its own, and that of children that it has waited for
}

// read returns what /proc says of a process, and false where it has ended.
func read(pid int) (process, bool) {
	b, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat")
	if err != nil {
		return process{}, false
	}
	f := strings.Fields(string(b[bytes.LastIndexByte(b, ')')+1:])) // the name before may hold anything
	if len(f) < 15 {
		return process{}, false
	}
	field := func(k int) int64 { // by its number in proc(5); state, the first of f, is 3
		v, _ := strconv.ParseInt(f[k-3], 10, 64) // the kernel writes numbers
		return v
	}
	own, ok := clock(pid)
	if !ok {
		own = time.Duration(field(14)+field(15)) * tick
	}
	return process{pid, int(field(4)), own + time.Duration(field(16)+field(17))*tick}, true
}

// clock is the CPU time of a process to the nanosecond: /proc has it in ticks only, too
// coarse for what uses half a percent of a core.
func clock(pid int) (time.Duration, bool) {
	const wholeProcess = 2 // CPUCLOCK_SCHED without the bit for one thread: linux/posix-timers.h
	var t unix.Timespec
	if err := unix.ClockGettime(int32(^pid<<3|wholeProcess), &t); err != nil {
		return 0, false
	}
	return time.Duration(t.Nano()), true
}

// Tree adds up the processes of the given ids and all their descendants.
func Tree(roots ...int) Usage {
	var u Usage
	for _, p := range descendants(roots) {
		u.CPU += p.cpu.Seconds()
		u.PSS += pss(p.pid)
		u.Procs++
	}
	return u
}

// CPU is Tree's CPU seconds, without reading memory, which is slow where there are many.
func CPU(roots ...int) float64 {
	var sum time.Duration
	for _, p := range descendants(roots) {
		sum += p.cpu
	}
	return sum.Seconds()
}

// Own is the CPU seconds of this process alone.
func Own() float64 {
	p, _ := read(os.Getpid()) // it has not ended
	return p.cpu.Seconds()
}

func descendants(roots []int) []process {
	all, children := map[int]process{}, map[int][]int{}
	dirs, _ := filepath.Glob("/proc/[0-9]*") // the pattern is right
	for _, d := range dirs {
		pid, _ := strconv.Atoi(filepath.Base(d))
		if p, ok := read(pid); ok {
			all[pid] = p
			children[p.parent] = append(children[p.parent], pid)
		}
	}
	var found []process
	for todo := roots; len(todo) > 0; todo = todo[1:] {
		if p, ok := all[todo[0]]; ok {
			found = append(found, p)
			delete(all, todo[0]) // counted once, also where one root is below another
			todo = append(todo[:1:1], append(children[todo[0]], todo[1:]...)...)
		}
	}
	return found
}

func pss(pid int) int64 {
	b, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/smaps_rollup")
	if err != nil {
		return 0 // it has just ended
	}
	for line := range strings.Lines(string(b)) {
		if f := strings.Fields(line); len(f) > 1 && f[0] == "Pss:" {
			kb, _ := strconv.ParseInt(f[1], 10, 64)
			return kb << 10
		}
	}
	return 0
}

// Busy is the machine's CPU seconds since it was started that were not idle: user, nice,
// system, interrupts, and what was stolen from it.
func Busy() float64 {
	b, err := os.ReadFile("/proc/stat")
	if err != nil {
		return 0
	}
	line, _, _ := strings.Cut(string(b), "\n")
	var ticks int64
	for i, f := range strings.Fields(line) {
		switch i {
		case 1, 2, 3, 6, 7, 8:
			v, _ := strconv.ParseInt(f, 10, 64)
			ticks += v
		}
	}
	return float64(ticks) * tick.Seconds()
}

// Loadavg is the kernel's load averages over 1, 5 and 15 minutes, as it writes them.
func Loadavg() string {
	b, _ := os.ReadFile("/proc/loadavg")
	f := strings.Fields(string(b))
	return strings.Join(f[:min(3, len(f))], " ")
}

// WaitQuiet waits until the whole machine has used less than a fifth of a core for two
// seconds, but not longer than patience. It returns the cores in use when it stopped.
func WaitQuiet(patience time.Duration) float64 {
	const (
		span  = 2 * time.Second
		quiet = 0.2
	)
	for end := time.Now().Add(patience); ; {
		before, from := Busy(), time.Now()
		time.Sleep(span)
		cores := (Busy() - before) / time.Since(from).Seconds()
		if cores < quiet || time.Now().After(end) {
			return cores
		}
	}
}
