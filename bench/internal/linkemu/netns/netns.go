//go:build linux

// Package netns makes named network namespaces, the way `ip netns` does, and runs code in them. It is for cmd/link and for the
// bench's programs that must open a socket, or start a process, at one end of a link. Making, removing and entering need root.
package netns

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"regexp"
	"runtime"

	"golang.org/x/sys/unix"
)

// dir is where iproute2 keeps its named namespaces, so that `ip netns list` and `ip netns exec` know ours too.
const dir = "/run/netns"

// own is the namespace of the calling thread, which is not always the process's.
const own = "/proc/thread-self/ns/net"

var validName = regexp.MustCompile(`^[a-z0-9][a-z0-9-]{0,62}$`)

func path(name string) (string, error) {
	if !validName.MatchString(name) {
		return "", fmt.Errorf("namespace %q: want up to 63 of a-z, 0-9 and -", name)
	}
	return filepath.Join(dir, name), nil
}

// Exists says whether there is a namespace, or what is left of one, by that name.
func Exists(name string) bool {
	file, err := path(name)
	if err != nil {
		return false
	}
	_, err = os.Lstat(file)
	return err == nil
}

// Create makes a namespace with nothing but a loopback device that is down. It fails if the name is taken.
func Create(name string) (err error) {
	file, err := path(name)
	if err != nil {
		return err
	}
	if err := prepareDir(); err != nil {
		return fmt.Errorf("prepare %s: %w", dir, err)
	}
	f, err := os.OpenFile(file, os.O_RDONLY|os.O_CREATE|os.O_EXCL, 0)
	if err != nil {
		return fmt.Errorf("name the namespace: %w", err)
	}
	f.Close()
	defer func() {
		if err != nil {
			os.Remove(file)
		}
	}()
	return onThread(func() error {
		if err := unix.Unshare(unix.CLONE_NEWNET); err != nil {
			return fmt.Errorf("make namespace %s (needs root): %w", name, err)
		}
		if err := unix.Mount(own, file, "none", unix.MS_BIND, ""); err != nil {
			return fmt.Errorf("name namespace %s: %w", name, err)
		}
		return nil
	})
}

// prepareDir makes dir a mount of its own that is shared with other mount namespaces, as iproute2 does: else a process started
// by `ip netns exec` keeps a private copy of each name, which keeps the namespace after its removal.
func prepareDir() error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	err := unix.Mount("", dir, "none", unix.MS_SHARED|unix.MS_REC, "")
	if !errors.Is(err, unix.EINVAL) { // EINVAL: not a mount yet
		return err
	}
	if err := unix.Mount(dir, dir, "none", unix.MS_BIND|unix.MS_REC, ""); err != nil {
		return err
	}
	return unix.Mount("", dir, "none", unix.MS_SHARED|unix.MS_REC, "")
}

// Remove takes the name away. The namespace itself ends with the last process and socket in it. No such name is no error.
func Remove(name string) error {
	file, err := path(name)
	if err != nil {
		return err
	}
	// EINVAL: a name without its mount, left by a Create that was killed half-way.
	if err := unix.Unmount(file, unix.MNT_DETACH); err != nil && !errors.Is(err, unix.EINVAL) && !errors.Is(err, unix.ENOENT) {
		return fmt.Errorf("unmount namespace %s: %w", name, err)
	}
	if err := os.Remove(file); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("remove namespace %s: %w", name, err)
	}
	return nil
}

// Do runs f in the namespace, on a thread that is then given back. Sockets that f opens and processes that it starts stay in the
// namespace; goroutines that it starts do not.
func Do(name string, f func() error) error {
	return onThread(func() error {
		if err := enter(name); err != nil {
			return err
		}
		return f()
	})
}

// Enter moves the calling goroutine into the namespace and locks it to its thread for ever; for a process about to exec.
func Enter(name string) error {
	runtime.LockOSThread()
	return enter(name)
}

func enter(name string) error {
	file, err := path(name)
	if err != nil {
		return err
	}
	ns, err := os.Open(file)
	if err != nil {
		return fmt.Errorf("no namespace %s: %w", name, err)
	}
	defer ns.Close()
	if err := unix.Setns(int(ns.Fd()), unix.CLONE_NEWNET); err != nil {
		return fmt.Errorf("enter namespace %s (needs root): %w", name, err)
	}
	return nil
}

// onThread runs f, which may change the namespace, on a locked thread, and changes back. A thread that cannot go back ends.
func onThread(f func() error) error {
	done := make(chan error, 1)
	go func() {
		runtime.LockOSThread()
		home, err := os.Open(own)
		if err != nil {
			runtime.UnlockOSThread()
			done <- fmt.Errorf("open the present namespace: %w", err)
			return
		}
		defer home.Close()
		err = f()
		if unix.Setns(int(home.Fd()), unix.CLONE_NEWNET) == nil {
			runtime.UnlockOSThread()
		}
		done <- err
	}()
	return <-done
}

// Dial connects from inside the namespace, e.g. to 127.0.0.1:9222 of a browser in it. Address is IP:port: names would be looked
// up by other threads, outside.
func Dial(ctx context.Context, name, network, address string) (conn net.Conn, err error) {
	if _, err := netip.ParseAddrPort(address); err != nil {
		return nil, fmt.Errorf("dial in namespace %s: want IP:port: %w", name, err)
	}
	err = Do(name, func() error {
		var d net.Dialer
		conn, err = d.DialContext(ctx, network, address)
		return err
	})
	if err != nil {
		return nil, err
	}
	return conn, nil
}
