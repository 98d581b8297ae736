//go:build linux

package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"pindesk/bench/internal/linkemu/netns"
)

// asLink makes the test's own binary behave as link, so that the tests run the real program, race detector and all.
const asLink = "LINK_TEST_AS_LINK"

func TestMain(m *testing.M) {
	if os.Getenv(asLink) != "" {
		os.Exit(run(os.Args[1:], os.Stdout, os.Stderr))
	}
	if err := prepared(); err != nil {
		fmt.Fprintln(os.Stderr, "link's tests make network namespaces:", err)
		os.Exit(1)
	}
	os.Exit(m.Run())
}

// prepared says what the machine lacks.
func prepared() error {
	if os.Geteuid() != 0 {
		return fmt.Errorf("run them as root")
	}
	if _, err := os.Stat("/dev/net/tun"); err != nil {
		return fmt.Errorf("load the kernel's tun module: %w", err)
	}
	if _, err := exec.LookPath("ip"); err != nil {
		return fmt.Errorf("install iproute2, which checks what link made: %w", err)
	}
	for name, value := range map[string]string{asLink: "1", "GORACE": "atexit_sleep_ms=0"} { // for the children
		if err := os.Setenv(name, value); err != nil {
			return err
		}
	}
	if err := flag.Set("test.parallel", "16"); err != nil { // the tests wait, they do not compute
		return err
	}
	return goRealTime() // what measures the link must not wait for a processor either
}

var links atomic.Int32

// newName is a link's name that no other test has, on this machine.
func newName() string { return fmt.Sprintf("test%d-%d", os.Getpid(), links.Add(1)) }

func command(args ...string) *exec.Cmd { return exec.Command(os.Args[0], args...) }

// must runs link with args and returns what it printed.
func must(t *testing.T, args ...string) string {
	t.Helper()
	var errors bytes.Buffer
	c := command(args...)
	c.Stderr = &errors
	out, err := c.Output()
	if err != nil {
		t.Fatalf("link %s: %v: %s", strings.Join(args, " "), err, &errors)
	}
	return string(out)
}

// bring starts `link up` and waits until it is ready. At the test's end it is told to end, and must have left nothing.
func bring(t *testing.T, properties ...string) (name string, process *exec.Cmd, stderr *bytes.Buffer) {
	t.Helper()
	name = newName()
	process = command(append([]string{"up", name}, properties...)...)
	stderr = new(bytes.Buffer)
	process.Stderr = stderr
	out, err := process.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := process.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if process.ProcessState == nil {
			process.Process.Signal(syscall.SIGTERM)
			if err := process.Wait(); err != nil {
				t.Errorf("link up: %v: %s", err, stderr)
			}
		}
		if left := remains(t, name); left != "" {
			t.Errorf("left behind: %s", left)
		}
	})
	if line, err := bufio.NewReader(out).ReadString('\n'); line != "ready\n" {
		process.Wait()
		t.Fatalf("link up printed %q (%v): %s", line, err, stderr)
	}
	return name, process, stderr
}

// remains lists what there is of a link, as iproute2 and the file system see it.
func remains(t *testing.T, name string) string {
	t.Helper()
	var left []string
	for _, args := range [][]string{{"netns", "list"}, {"-brief", "link"}} {
		out, err := exec.Command("ip", args...).CombinedOutput()
		if err != nil {
			t.Fatalf("ip %v: %v: %s", args, err, out)
		}
		for line := range strings.Lines(string(out)) {
			if strings.HasPrefix(line, name+"-") || strings.HasPrefix(line, deviceName) {
				left = append(left, strings.TrimSpace(line))
			}
		}
	}
	socket, err := socketPath(name)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Lstat(socket); err == nil {
		left = append(left, socket)
	}
	return strings.Join(left, ", ")
}

type statistics struct {
	Down, Up report
}

func stats(t *testing.T, name string) (s statistics) {
	t.Helper()
	if err := json.Unmarshal([]byte(must(t, "stats", name)), &s); err != nil {
		t.Fatal(err)
	}
	return s
}

// until polls a condition for ten seconds.
func until(t *testing.T, what string, condition func() bool) {
	t.Helper()
	deadline := time.After(10 * time.Second)
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for !condition() {
		select {
		case <-deadline:
			t.Fatalf("not within 10 s: %s", what)
		case <-tick.C:
		}
	}
}

func TestEndsAndLeavesNothing(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name string
		end  func(t *testing.T, name string, process *exec.Cmd)
	}{
		{"SIGINT", func(t *testing.T, _ string, p *exec.Cmd) { p.Process.Signal(syscall.SIGINT) }},
		{"down", func(t *testing.T, name string, _ *exec.Cmd) {
			must(t, "down", name)
			if left := remains(t, name); left != "" {
				t.Errorf("after down has returned: %s", left)
			}
		}},
	} {
		t.Run(test.name, func(t *testing.T) {
			name, process, stderr := bring(t, "--delay", "1ms")
			if here := remains(t, name); strings.Count(here, ",") != 2 { // else the check above shows nothing
				t.Fatalf("of a link that is up: %q", here)
			}
			process.Process.Signal(syscall.SIGUSR1)
			test.end(t, name, process)
			if err := process.Wait(); err != nil {
				t.Errorf("link up: %v", err)
			}
			for line := range strings.Lines(stderr.String()) {
				var s statistics
				if err := json.Unmarshal([]byte(line), &s); err != nil || s.Down.Link != "no rate limit 1ms loss 0% queue 100ms" {
					t.Errorf("statistics %q: %v", line, err)
				}
			}
		})
	}
}

func TestEndsWithItsParent(t *testing.T) {
	t.Parallel()
	name := newName()
	shell := exec.Command("sh", "-c", `"$0" "$@" & wait`, os.Args[0], "up", name)
	if err := shell.Start(); err != nil {
		t.Fatal(err)
	}
	until(t, "link is up", func() bool { return command("stats", name).Run() == nil })
	if err := shell.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	shell.Wait()
	until(t, "nothing left", func() bool { return remains(t, name) == "" })
}

func TestRemovesWhatAKilledOneLeft(t *testing.T) {
	t.Parallel()
	name, process, _ := bring(t)
	if out, err := command("up", name).CombinedOutput(); err == nil || !bytes.Contains(out, []byte("is up already")) {
		t.Errorf("a second one of that name: %v: %s", err, out)
	}
	process.Process.Kill()
	process.Wait()
	if !netns.Exists(name + "-a") {
		t.Fatal("nothing was left, so this test shows nothing")
	}
	if out, err := command("up", name, "--", "true").CombinedOutput(); err != nil {
		t.Errorf("up again: %v: %s", err, out)
	}
	must(t, "down", name) // nothing is left: no error
}

func TestDoesNotTakeOthersNamespaces(t *testing.T) {
	t.Parallel()
	name := newName()
	if err := netns.Create(name + "-b"); err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := netns.Remove(name + "-b"); err != nil {
			t.Error(err)
		}
	}()
	if out, err := command("up", name).CombinedOutput(); err == nil || !bytes.Contains(out, []byte("no link made it")) {
		t.Errorf("%v: %s", err, out)
	}
	must(t, "down", name)
	if !netns.Exists(name + "-b") {
		t.Error("down removed a namespace that link did not make")
	}
}

func TestRunsACommand(t *testing.T) {
	t.Parallel()
	name := newName()
	c := command("up", name, "--rate", "10M", "--", "sh", "-c",
		`ip netns list | grep -c "^$LINK-"; "$0" exec "$LINK-a" -- sh -c 'ip -o -brief address show link0; exit 3'`, os.Args[0])
	out, err := c.Output()
	if c.ProcessState.ExitCode() != 3 {
		t.Errorf("status %v, want the command's 3", err)
	}
	if got := strings.Join(strings.Fields(string(out)), " "); !strings.HasPrefix(got, "2 link0 ") ||
		!strings.Contains(got, "10.99.0.1/30") || !strings.Contains(got, "fd00:99::1/64") {
		t.Errorf("the command saw %q", got)
	}
	if left := remains(t, name); left != "" {
		t.Errorf("left behind: %s", left)
	}
}

func TestRefusesWrongCommandLines(t *testing.T) {
	t.Parallel()
	for _, args := range [][]string{
		{}, {"up"}, {"fly", "x"}, {"up", "../x"}, {"up", "-x"}, {"up", "x", "--rate", "fast"}, {"up", "x", "--delay", "-1s"}, {"up", "x", "--loss", "200%"},
		{"up", "x", "--queue", "0"}, {"up", "x", "--jitter", "5ms"}, {"up", "x", "--speed", "1"}, {"stats", "x", "y"}, {"exec", "x", "--"}, {"forward", "x", "y"},
	} {
		c := command(args...)
		out, _ := c.CombinedOutput()
		if c.ProcessState.ExitCode() != 2 {
			t.Errorf("link %q: status %d, want 2: %s", args, c.ProcessState.ExitCode(), out)
		}
	}
}
