//go:build linux

package main

import (
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"os"
	"regexp"
	"time"

	"golang.org/x/sys/unix"

	"pindesk/bench/internal/linkemu"
	"pindesk/bench/internal/linkemu/netns"
)

// runDir holds the control sockets. It is for root only on every Linux.
const runDir = "/run"

// controlLimit bounds an exchange over the control socket in bytes, controlTime in time.
const (
	controlLimit = 1 << 16
	controlTime  = 10 * time.Second
)

// validName leaves room for the ends' suffixes, and begins with no dash.
var validName = regexp.MustCompile(`^[a-z0-9][a-z0-9-]{0,31}$`)

func socketPath(name string) (string, error) {
	if !validName.MatchString(name) {
		return "", fmt.Errorf("name %q: want up to 32 of a-z, 0-9 and -: %w", name, errUsage)
	}
	return runDir + "/pindesk-link-" + name + ".sock", nil
}

// request and answer are the two lines of JSON of an exchange over the control socket.
type request struct {
	Command string   `json:"command"`
	Args    []string `json:"args"`
}

type answer struct {
	Error string          `json:"error,omitempty"`
	Stats json.RawMessage `json:"stats,omitempty"`
}

// claim takes the name: it removes what a killed link of that name left, and listens at the control socket. Only root may
// connect to it. Others that claim meanwhile wait.
func claim(name string) (listener *net.UnixListener, err error) {
	path, err := socketPath(name)
	if err != nil {
		return nil, err
	}
	err = withRunDir(func() error {
		if err := removeDead(name, path); err != nil {
			return err
		}
		for _, e := range ends(name) {
			if netns.Exists(e.namespace) {
				return fmt.Errorf("namespace %s exists, and no link made it: choose another name", e.namespace)
			}
		}
		mask := unix.Umask(0o077)
		defer unix.Umask(mask)
		listener, err = net.ListenUnix("unix", &net.UnixAddr{Name: path, Net: "unix"})
		return err
	})
	return listener, err
}

// withRunDir runs f alone among all links of the machine.
func withRunDir(f func() error) error {
	dir, err := os.Open(runDir)
	if err != nil {
		return err
	}
	defer dir.Close() // and unlocks
	if err := unix.Flock(int(dir.Fd()), unix.LOCK_EX); err != nil {
		return fmt.Errorf("lock %s: %w", runDir, err)
	}
	return f()
}

// removeDead removes the namespaces and the socket that a killed link of that name left. A link that lives is an error. The
// socket is made before the namespaces and removed after them, so that it shows whose they are.
func removeDead(name, path string) error {
	if _, err := os.Lstat(path); err != nil {
		return nil
	}
	if conn, err := net.Dial("unix", path); err == nil {
		conn.Close()
		return fmt.Errorf("link %s is up already", name)
	}
	for _, e := range ends(name) {
		if err := netns.Remove(e.namespace); err != nil {
			return err
		}
	}
	return os.Remove(path)
}

// ask sends a command to `link up NAME` and prints what it answers.
func ask(name string, req request, stdout io.Writer) error {
	path, err := socketPath(name)
	if err != nil {
		return err
	}
	if req.Command != "set" && len(req.Args) > 0 {
		return fmt.Errorf("%s: arguments behind the name: %w", req.Command, errUsage)
	}
	conn, err := net.Dial("unix", path)
	if err != nil {
		if req.Command == "down" {
			return withRunDir(func() error { return removeDead(name, path) })
		}
		return fmt.Errorf("link %s is not up: %w", name, err)
	}
	defer conn.Close()
	if err := conn.SetDeadline(time.Now().Add(controlTime)); err != nil {
		return err
	}
	if err := json.NewEncoder(conn).Encode(req); err != nil {
		return err
	}
	var ans answer
	if err := json.NewDecoder(io.LimitReader(conn, controlLimit)).Decode(&ans); err != nil {
		return fmt.Errorf("answer of link %s: %w", name, err)
	}
	switch {
	case ans.Error != "":
		return errors.New(ans.Error)
	case req.Command == "stats":
		_, err = fmt.Fprintf(stdout, "%s\n", ans.Stats)
	case req.Command == "down":
		_, err = io.Copy(io.Discard, conn) // held open until all is removed
	}
	return err
}

// serve answers commands until the listener closes. It takes one connection after the other: each is bounded in time.
func (l *link) serve(listener *net.UnixListener) {
	for {
		conn, err := listener.Accept()
		if err != nil {
			return
		}
		if !l.converse(conn) {
			conn.Close()
		}
	}
}

// converse has one exchange; it reports whether the connection was kept, to close with the process.
func (l *link) converse(conn net.Conn) (kept bool) {
	var req request
	var ans answer
	if err := conn.SetDeadline(time.Now().Add(controlTime)); err != nil {
		return false
	}
	if err := json.NewDecoder(io.LimitReader(conn, controlLimit)).Decode(&req); err != nil {
		return false // claim and removeDead only look whether somebody is here
	}
	switch req.Command {
	case "set":
		if err := l.set(req.Args); err != nil {
			ans.Error = err.Error()
		}
	case "cut":
		for _, d := range l.directions {
			d.change(func(now time.Duration, p *linkemu.Pipe) { p.Cut(now) })
		}
	case "mend":
		for _, d := range l.directions {
			d.change(func(_ time.Duration, p *linkemu.Pipe) { p.Mend() })
		}
	case "stats":
		ans.Stats = l.stats()
	case "down":
		l.end()
	default:
		ans.Error = fmt.Sprintf("no command %q", req.Command)
	}
	if err := json.NewEncoder(conn).Encode(ans); err != nil {
		return false
	}
	return req.Command == "down"
}

// set changes the properties named in args.
func (l *link) set(args []string) error {
	var s settings
	for i, par := range []*linkemu.Params{&s.down, &s.up} {
		l.directions[i].change(func(_ time.Duration, p *linkemu.Pipe) { *par = p.Params() })
	}
	if len(args) == 0 {
		return fmt.Errorf("set: no properties: %w", errUsage)
	}
	rest, err := s.parse(flag.NewFlagSet("link set", flag.ContinueOnError), args, io.Discard)
	if err != nil {
		return err
	}
	if len(rest) > 0 {
		return fmt.Errorf("set: %q is no property: %w", rest[0], errUsage)
	}
	for i, par := range []linkemu.Params{s.down, s.up} {
		l.directions[i].change(func(now time.Duration, p *linkemu.Pipe) { p.Set(now, par) })
	}
	return nil
}
