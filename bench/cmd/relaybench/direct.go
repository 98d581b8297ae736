package main

import (
	"context"
	"io"
	"net"
)

// direct is no relay: one loopback TCP connection.
type direct struct{ ln net.Listener }

func (d *direct) start(context.Context) (pids []int, err error) {
	d.ln, err = net.Listen("tcp", "127.0.0.1:0")
	return nil, err
}

func (d *direct) pair(int) (io.WriteCloser, io.ReadCloser, error) {
	// Whose connection Accept returns is unknown while several are made, and does not matter:
	// every end that dialled is a viewer, every one that was accepted a presenter. But both
	// ends of one pair must be closed together.
	viewer, err := net.Dial("tcp", d.ln.Addr().String())
	if err != nil {
		return nil, nil, err
	}
	presenter, err := d.ln.Accept()
	if err != nil {
		_ = viewer.Close()
		return nil, nil, err
	}
	return presenter, viewer, nil
}

func (d *direct) stop() {
	if d.ln != nil {
		_ = d.ln.Close()
	}
}
