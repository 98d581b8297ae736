//go:build unix

package wsconn

import (
	"errors"

	"golang.org/x/sys/unix"
)

// rawCalls: this system reads and writes a descriptor as far as that goes without waiting.
const rawCalls = true

// errNotNow: nothing can be read or written without waiting.
var errNotNow error = unix.EAGAIN

// setNotSent bounds what the system holds back unsent; without it only lag is noticed later.
func setNotSent(fd uintptr) {
	_ = unix.SetsockoptInt(int(fd), unix.IPPROTO_TCP, unix.TCP_NOTSENT_LOWAT, notSent)
}

func readNow(fd uintptr, p []byte) (int, error) {
	return ignoreInterrupts(func() (int, error) { return unix.Read(int(fd), p) })
}

func writeNow(fd uintptr, bufs [][]byte) (int, error) {
	return ignoreInterrupts(func() (int, error) { return unix.Writev(int(fd), bufs) })
}

func ignoreInterrupts(call func() (int, error)) (n int, err error) {
	for {
		if n, err = call(); !errors.Is(err, unix.EINTR) {
			return n, err
		}
	}
}
