//go:build !unix

package wsconn

import "errors"

// rawCalls: on Windows all sockets overlap their reads and writes, so all go the way of TLS, which
// hides its descriptor, too: what follows is never called.
const rawCalls = false

var errNotNow = errors.ErrUnsupported

func setNotSent(uintptr) {}

func readNow(uintptr, []byte) (int, error) { return 0, errNotNow }

func writeNow(uintptr, [][]byte) (int, error) { return 0, errNotNow }
