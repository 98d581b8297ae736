//go:build linux

package main

import (
	"context"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"os/signal"
	"sync"
	"syscall"
	"time"

	"pindesk/bench/internal/linkemu/netns"
)

// dialLimit bounds the connection of a forward; it is within one machine.
const dialLimit = 5 * time.Second

// enterAndExec becomes the command in the namespace; it returns only if that fails.
func enterAndExec(namespace string, args []string) error {
	if len(args) > 0 && args[0] == "--" {
		args = args[1:]
	}
	if len(args) == 0 {
		return fmt.Errorf("exec: no command: %w", errUsage)
	}
	file, err := exec.LookPath(args[0])
	if err != nil {
		return err
	}
	if err := netns.Enter(namespace); err != nil {
		return err
	}
	return fmt.Errorf("exec %s: %w", file, syscall.Exec(file, args, os.Environ()))
}

// forward joins connections to a listener of this namespace to a target in another one, until a signal.
func forward(namespace string, args []string, stdout io.Writer) error {
	if len(args) != 2 {
		return fmt.Errorf("forward: want NAMESPACE LISTEN TARGET: %w", errUsage)
	}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM, syscall.SIGHUP)
	defer stop()
	if !netns.Exists(namespace) {
		return fmt.Errorf("forward: no namespace %s", namespace)
	}
	listener, err := net.Listen("tcp", args[0])
	if err != nil {
		return err
	}
	defer context.AfterFunc(ctx, func() { listener.Close() })()
	if _, err := fmt.Fprintln(stdout, listener.Addr()); err != nil {
		return err
	}
	for {
		near, err := listener.Accept()
		if err != nil {
			if ctx.Err() != nil {
				return nil
			}
			return err
		}
		go join(ctx, near.(*net.TCPConn), namespace, args[1])
	}
}

// join copies both ways until both have ended. A target that does not answer closes the connection: the caller tries again.
func join(ctx context.Context, near *net.TCPConn, namespace, target string) {
	defer near.Close()
	dialing, done := context.WithTimeout(ctx, dialLimit)
	conn, err := netns.Dial(dialing, namespace, "tcp", target)
	done()
	if err != nil {
		return
	}
	far := conn.(*net.TCPConn)
	defer far.Close()
	var both sync.WaitGroup
	for _, way := range [][2]*net.TCPConn{{near, far}, {far, near}} {
		both.Go(func() {
			io.Copy(way[0], way[1])
			way[0].CloseWrite()
		})
	}
	both.Wait()
}
