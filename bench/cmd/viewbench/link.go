package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"pindesk/bench/internal/group"
	"pindesk/bench/internal/linkemu/netns"
	"pindesk/bench/internal/result"
)

// profiles are the links that bars speak of; command link's flags. The queue is what a home
// router has. The congestion control is the one that every kernel has and allows in a
// container; at these rates and delays cubic behaves like it.
var profiles = map[string][]string{
	result.Link10M: {"--rate", "10M", "--delay", "25ms"},
	result.Link2M:  {"--rate", "2M", "--delay", "75ms", "--loss", "1%"},
}

// linkName is that of the link and its namespaces; far is the address of the products' side.
const (
	linkName = "viewbench"
	far      = "10.99.0.1"
)

// link is an emulated link with the product at its far side and the browser at its near side.
// Screens are reached by their sockets in the file system, from here and there.
type link struct {
	bin   string
	up    *exec.Cmd
	procs []*group.Process
	work  string
}

// startLink brings a link up. It needs root. The caller ends it.
func startLink(ctx context.Context, bin, profile, work string) (*link, error) {
	args := slices.Concat([]string{"up", linkName, "--queue", "100ms", "--congestion", "reno"}, profiles[profile])
	l := &link{bin: filepath.Join(bin, "bench", "link"), work: work}
	l.up = exec.CommandContext(ctx, l.bin, args...)
	l.up.Cancel = func() error { return l.up.Process.Signal(os.Interrupt) }
	l.up.WaitDelay = 10 * time.Second
	log, err := os.Create(filepath.Join(work, "link.log"))
	if err != nil {
		return nil, err
	}
	defer log.Close() // the program has its own
	l.up.Stderr = log
	out, err := l.up.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := l.up.Start(); err != nil {
		return nil, err
	}
	if line, err := bufio.NewReader(out).ReadString('\n'); err != nil || strings.TrimSpace(line) != "ready" {
		return nil, errors.Join(fmt.Errorf("the link did not come up: see %s", log.Name()), l.up.Wait())
	}
	return l, nil
}

// end takes the link down, after those who use it.
func (l *link) end() {
	for _, p := range l.procs {
		p.Stop()
	}
	_ = l.up.Process.Signal(os.Interrupt)
	_ = l.up.Wait() // what it says is in its log
}

// at is what runs a command at one side: a is the far one, b the near one.
func (l *link) at(side string) []string {
	return []string{l.bin, "exec", linkName + "-" + side, "--"}
}

// dial reaches the far side, past the link.
func (l *link) dial(ctx context.Context, network, addr string) (net.Conn, error) {
	return netns.Dial(ctx, linkName+"-a", network, addr)
}

// reach brings an address of the near side here, past the link.
func (l *link) reach(addr string) (string, error) {
	port, err := group.FreePort()
	if err != nil {
		return "", err
	}
	here := fmt.Sprintf("127.0.0.1:%d", port)
	p, err := group.Start(group.Command{Args: []string{l.bin, "forward", linkName + "-b", here, addr}, Log: filepath.Join(l.work, "forward.log")})
	if err != nil {
		return "", err
	}
	l.procs = append(l.procs, p)
	return here, p.Accepts(context.Background(), here, nil)
}
