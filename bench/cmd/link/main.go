//go:build linux

// Link joins two network namespaces by an emulated network link, so that a bench can run a broker at one end and a browser at
// the other. It needs Linux, root (with CAP_SYS_ADMIN, CAP_NET_ADMIN and CAP_SYS_NICE, as in a privileged container) and
// /dev/net/tun; neither netem nor iproute2. It runs at real-time priority, so that its figures hold on a busy machine.
//
//	link up NAME [properties] [--seed N] [--congestion NAME] [-- COMMAND...]
//	link set NAME properties       change properties; those not named stay
//	link cut NAME                  lose all packets, those on their way too
//	link mend NAME                 end of the cut
//	link stats NAME                one line of JSON
//	link down NAME                 end `link up NAME`, or remove what a killed one left; returns when all is gone
//	link exec NAMESPACE -- COMMAND...
//	link forward NAMESPACE LISTEN TARGET
//
// `up` makes the namespaces NAME-a and NAME-b, which `ip netns` knows too. Each has a loopback device and `link0` of MTU 1500:
//
//	NAME-a  10.99.0.1  fd00:99::1   the far side: the servers
//	NAME-b  10.99.0.2  fd00:99::2   the near side: the person with the browser
//
// It prints `ready` and stays in the foreground until SIGINT, SIGTERM, SIGHUP, `link down`, or the end of its parent process.
// With a COMMAND it runs that instead of printing `ready` (outside the namespaces, with LINK=NAME in its environment), ends with
// it, and exits with its status. At its end it removes all that it made; programs that still run in the namespaces lose the
// device. It has no names and no route to anywhere else: use the addresses.
//
// Properties hold for both directions; with -up for b to a only, with -down for a to b only. Of several for the same, the last
// counts.
//
//	--rate 10M      bits of IP packets a second: k, M, G; 0 (at first): no limit
//	--delay 25ms    one way; 0 at first
//	--jitter 5ms    evenly distributed, +- so much, without reordering; 0 at first, at most the delay
//	--loss 1%       independent for each packet, by a generator seeded with --seed; 0 at first
//	--queue 100ms   bound of the queue before the wire, as time at the rate or as bytes (64k); what does not fit is dropped
//
// The sender's congestion control decides much of what a link with loss carries; --congestion (cubic, bbr, reno) sets it for
// both namespaces, so that figures of two machines compare. Without it they have the machine's.
//
// SIGUSR1 and the end print statistics to stderr, one line of JSON: of each direction the packets, bytes, drops by reason and
// most queued. Look at `late`: so many packets came more than 2 ms after their time because the emulator did not get the
// processor, and a run where they are not few was disturbed. Packets count whole, as IP packets; there is no link layer.
//
// `exec` replaces itself by the command in the namespace. `forward` listens at LISTEN, here, and joins each connection to TARGET
// in the namespace (both IP:port), past the emulated link, and prints the address that it listens at: that is how a bench outside reaches the DevTools port of a browser
// inside without measuring itself. Programs in Go use the package internal/linkemu/netns instead.
//
// A bench of a browser that is 50 ms away:
//
//	link up slow --rate 10M --delay 25ms -- ./bench.sh   # and in bench.sh:
//	link exec slow-a -- bin/broker serve --listen 10.99.0.1:7443 &
//	link exec slow-b -- chromium --headless --remote-debugging-port=9222 http://10.99.0.1:7443/ &
//	link forward slow-b 127.0.0.1:9222 127.0.0.1:9222 &
//	link set slow --rate 2M --delay 75ms --loss 1%
package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
)

// errUsage marks errors of the command line.
var errUsage = errors.New("see `go doc ./cmd/link` for the usage")

func main() { os.Exit(run(os.Args[1:], os.Stdout, os.Stderr)) }

// run is main with the exit status as its result: 2 for a wrong command line, that of the command for `up -- COMMAND`, else 1
// for a failure.
func run(args []string, stdout, stderr io.Writer) int {
	err := dispatch(args, stdout, stderr)
	var status *exec.ExitError
	switch {
	case err == nil, errors.Is(err, flag.ErrHelp):
		return 0
	case errors.As(err, &status) && status.ExitCode() > 0:
		return status.ExitCode()
	}
	fmt.Fprintln(stderr, "link:", err)
	if errors.Is(err, errUsage) {
		return 2
	}
	return 1
}

func dispatch(args []string, stdout, stderr io.Writer) error {
	if len(args) < 2 {
		return fmt.Errorf("want a command and a name: %w", errUsage)
	}
	command, name, rest := args[0], args[1], args[2:]
	switch command {
	case "exec":
		return enterAndExec(name, rest)
	case "forward":
		return forward(name, rest, stdout)
	case "up":
		return up(name, rest, stdout, stderr)
	case "set", "cut", "mend", "stats", "down":
		return ask(name, request{Command: command, Args: rest}, stdout)
	}
	return fmt.Errorf("no command %q: %w", command, errUsage)
}
