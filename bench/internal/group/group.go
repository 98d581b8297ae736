// Package group starts programs, each in a process group of its own, and ends them with all
// that they have started.
package group

import (
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"time"
)

// Times of starting and ending programs.
const (
	acceptTimeout = 60 * time.Second // MeshCentral makes keys when it starts
	endTimeout    = 5 * time.Second
	pollEvery     = 50 * time.Millisecond
)

// Process is a running program.
type Process struct {
	name string
	log  string
	cmd  *exec.Cmd
	done chan struct{} // closed when it has ended
}

// Command says what to start.
type Command struct {
	Args []string
	Env  []string // added to this program's
	Dir  string
	Log  string // file for what it writes
	// Files are open files that it gets as descriptors 3 and up.
	Files []*os.File
}

// Start runs a program in the background. It dies with the calling thread's process at the
// latest; the caller ends it by Stop.
func Start(c Command) (*Process, error) {
	log, err := os.Create(c.Log)
	if err != nil {
		return nil, err
	}
	defer log.Close() // the program has its own
	p := &Process{name: filepath.Base(c.Args[0]), log: c.Log, cmd: exec.Command(c.Args[0], c.Args[1:]...), done: make(chan struct{})}
	p.cmd.Env = append(os.Environ(), c.Env...)
	p.cmd.Dir, p.cmd.Stdout, p.cmd.Stderr, p.cmd.ExtraFiles = c.Dir, log, log, c.Files
	p.cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if err := p.cmd.Start(); err != nil {
		return nil, fmt.Errorf("start %s: %w", p.name, err)
	}
	go func() {
		defer close(p.done)
		_ = p.cmd.Wait() // how it ended is in its log
	}()
	return p, nil
}

// Pid is the root of the program's process tree.
func (p *Process) Pid() int { return p.cmd.Process.Pid }

// Done is closed when the program has ended.
func (p *Process) Done() <-chan struct{} { return p.done }

// Ended says how the program ended; only once Done is closed.
func (p *Process) Ended() error {
	return fmt.Errorf("%s ended (%v): see %s", p.name, p.cmd.ProcessState, p.log)
}

// Until polls until ready says so. It fails when the program ends before, or ctx does.
func (p *Process) Until(ctx context.Context, what string, ready func() bool) error {
	for !ready() {
		select {
		case <-p.done:
			return fmt.Errorf("%s ended (%v) before %s: see %s", p.name, p.cmd.ProcessState, what, p.log)
		case <-ctx.Done():
			return fmt.Errorf("%s: not yet %s: %w; see %s", p.name, what, ctx.Err(), p.log)
		case <-time.After(pollEvery):
		}
	}
	return nil
}

// Dial reaches an address; net.Dialer's does, or that of another network.
type Dial func(ctx context.Context, network, addr string) (net.Conn, error)

// Accepts waits until something listens at a host:port, as dial sees it (nil: from here).
func (p *Process) Accepts(ctx context.Context, addr string, dial Dial) error {
	if dial == nil {
		dial = (&net.Dialer{}).DialContext
	}
	ctx, cancel := context.WithTimeout(ctx, acceptTimeout)
	defer cancel()
	return p.Until(ctx, "it accepted connections at "+addr, func() bool {
		try, cancel := context.WithTimeout(ctx, time.Second)
		defer cancel()
		c, err := dial(try, "tcp", addr)
		if err != nil {
			return false
		}
		_ = c.Close()
		return true
	})
}

// Stop asks the program's whole group to end, and kills what has not after a while. It
// returns when the program has ended.
func (p *Process) Stop() {
	_ = syscall.Kill(-p.Pid(), syscall.SIGTERM) // it may be gone
	select {
	case <-p.done:
	case <-time.After(endTimeout):
	}
	_ = syscall.Kill(-p.Pid(), syscall.SIGKILL)
	<-p.done
}

// FreePort is a loopback port that nothing listens at.
func FreePort() (int, error) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return 0, err
	}
	defer ln.Close()
	return ln.Addr().(*net.TCPAddr).Port, nil
}
