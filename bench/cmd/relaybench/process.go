package main

import (
	"context"
	"path/filepath"

	"pindesk/bench/internal/group"
)

// process runs a relay as a child.
type process struct {
	work string
	p    *group.Process
}

// run starts it and waits until it accepts connections.
func (r *process) run(ctx context.Context, dir, addr string, args ...string) ([]int, error) {
	p, err := group.Start(group.Command{Args: args, Dir: dir, Log: filepath.Join(r.work, filepath.Base(args[0])+".log")})
	if err != nil {
		return nil, err
	}
	r.p = p
	return []int{p.Pid()}, p.Accepts(ctx, addr, nil)
}

func (r *process) stop() {
	if r.p != nil {
		r.p.Stop()
	}
}
