// Package meter measures what processes of several roles took of the machine in a span of
// time, and what all others did.
package meter

import (
	"maps"
	"runtime"
	"time"

	"pindesk/bench/internal/procstat"
	"pindesk/bench/internal/result"
)

// Meter is a measurement under way.
type Meter struct {
	roles  map[string][]int
	before map[string]procstat.Usage
	own    float64
	busy   float64
	begun  time.Time
}

// Start begins. Roles name the roots of process trees; this process itself is "harness".
func Start(roles map[string][]int) *Meter {
	m := &Meter{roles: maps.Clone(roles), before: map[string]procstat.Usage{}}
	for role, pids := range m.roles {
		m.before[role] = procstat.Tree(pids...)
	}
	m.own, m.busy, m.begun = procstat.Own(), procstat.Busy(), time.Now()
	return m
}

// Stop ends. Memory is that of the end.
func (m *Meter) Stop() result.Load {
	l := result.Load{Seconds: result.Round(time.Since(m.begun).Seconds(), 3), CPU: map[string]procstat.Usage{}, Cores: runtime.NumCPU()}
	other := procstat.Busy() - m.busy
	l.CPU["harness"] = procstat.Usage{CPU: procstat.Own() - m.own, Procs: 1}
	for role, pids := range m.roles {
		u := procstat.Tree(pids...)
		u.CPU -= m.before[role].CPU
		l.CPU[role] = u
	}
	for role, u := range l.CPU {
		u.CPU = result.Round(u.CPU, 3)
		other -= u.CPU
		l.CPU[role] = u
	}
	l.Other = result.Round(other, 2)
	return l
}
