// Package xvfb starts X servers without a screen for tests, here and end to end. Only
// tests import it.
package xvfb

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"
)

// startTimeout bounds the start of a server on a busy machine.
const startTimeout = 30 * time.Second

// Server is a running X server.
type Server struct {
	Display string // such as ":7"
	cmd     *exec.Cmd
	ended   chan struct{} // closed when the process has been waited for
}

// Start runs Xvfb with one screen of size "WxH" (24 bits deep) and the extra arguments, and
// returns the name of its display. The server ends with the test.
func Start(tb testing.TB, size string, extra ...string) string {
	tb.Helper()
	return StartServer(tb, size, extra...).Display
}

// StartServer is Start for tests that also end the server.
func StartServer(tb testing.TB, size string, extra ...string) *Server {
	tb.Helper()
	path, err := exec.LookPath("Xvfb")
	if err != nil {
		tb.Fatal("Xvfb is missing: install the package xvfb")
	}
	r, w, err := os.Pipe()
	if err != nil {
		tb.Fatal(err)
	}
	defer r.Close()
	args := append([]string{"-displayfd", "3", "-screen", "0", size + "x24", "-nolisten", "tcp", "-noreset"}, extra...)
	s := &Server{cmd: exec.Command(path, args...), ended: make(chan struct{})}
	var stderr bytes.Buffer
	s.cmd.Stderr = &stderr
	s.cmd.ExtraFiles = []*os.File{w}
	dieWithTest(s.cmd)
	err = s.cmd.Start()
	w.Close()
	if err != nil {
		tb.Fatalf("start Xvfb: %v", err)
	}
	go func() {
		defer close(s.ended)
		_ = s.cmd.Wait()
	}()
	tb.Cleanup(func() {
		s.Kill()
		if tb.Failed() && stderr.Len() > 0 {
			tb.Logf("Xvfb: %v\n%s", s.cmd.ProcessState, stderr.String())
		}
	})
	if err := r.SetReadDeadline(time.Now().Add(startTimeout)); err != nil {
		tb.Fatal(err)
	}
	line, err := bufio.NewReader(r).ReadString('\n')
	if err != nil {
		s.Kill()
		tb.Fatalf("Xvfb %s did not start: %v\n%s", strings.Join(args, " "), err, stderr.String())
	}
	s.Display = ":" + strings.TrimSpace(line)
	return s
}

// Kill ends the server at once and waits for its end.
func (s *Server) Kill() {
	_ = s.cmd.Process.Kill()
	<-s.ended
}

// Signal sends a signal to the server, for example SIGSTOP.
func (s *Server) Signal(sig syscall.Signal) error { return s.cmd.Process.Signal(sig) }

// Resize changes the size of a running server's screen to "WxH", at most the size it was
// started with.
func Resize(display, size string) error {
	run := func(args ...string) (string, error) { return xrandr(display, args...) }
	modes, err := run()
	if err != nil {
		return err
	}
	if !strings.Contains(modes, " "+size+" ") {
		w, h, _ := strings.Cut(size, "x")
		// The clock and the timings mean nothing here.
		if _, err := run("--newmode", size, "40", w, w, w, w, h, h, h, h); err != nil {
			return err
		}
		if _, err := run("--addmode", "screen", size); err != nil {
			return err
		}
	}
	_, err = run("--output", "screen", "--mode", size)
	return err
}

// SetMonitor makes the rectangle "WxH+X+Y" of a running server's screen a monitor of this name. The first one
// takes the place of the monitor that the server has by itself. A name may be used once.
func SetMonitor(display, name, rect string) error {
	size, place, _ := strings.Cut(rect, "+")
	w, h, _ := strings.Cut(size, "x")
	list, err := xrandr(display, "--listmonitors")
	if err != nil {
		return err
	}
	output := "none"
	for line := range strings.Lines(list) { // " 0: +*name 1/2x3/4+5+6  output"
		f := strings.Fields(line)
		if strings.TrimLeft(f[1], "+*") == "screen" {
			output = "screen"
		}
	}
	_, err = xrandr(display, "--setmonitor", name, w+"/200x"+h+"/200+"+place, output)
	return err
}

// RemoveMonitor undoes SetMonitor.
func RemoveMonitor(display, name string) error {
	_, err := xrandr(display, "--delmonitor", name)
	return err
}

func xrandr(display string, args ...string) (string, error) {
	path, err := exec.LookPath("xrandr")
	if err != nil {
		return "", errors.New("xrandr is missing: install the package x11-xserver-utils")
	}
	out, err := exec.Command(path, append([]string{"-display", display}, args...)...).CombinedOutput()
	if err != nil {
		err = fmt.Errorf("xrandr %v: %w: %s", args, err, out)
	}
	return string(out), err
}
