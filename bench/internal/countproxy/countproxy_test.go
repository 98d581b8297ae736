package countproxy

import (
	"io"
	"net"
	"testing"
)

// TestCounts sends through the proxy and back.
func TestCounts(t *testing.T) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	go func() {
		c, err := ln.Accept()
		if err != nil {
			return
		}
		defer c.Close()
		if _, err := io.CopyN(io.Discard, c, 1000); err != nil {
			return
		}
		_, _ = c.Write(make([]byte, 5000)) // the other end counts
	}()
	p, err := Listen(ln.Addr().String, nil)
	if err != nil {
		t.Fatal(err)
	}
	c, err := net.Dial("tcp", p.Addr())
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if _, err := c.Write(make([]byte, 1000)); err != nil {
		t.Fatal(err)
	}
	if n, err := io.Copy(io.Discard, c); n != 5000 || err != nil {
		t.Fatalf("%d bytes came back, %v", n, err)
	}
	p.Close()
	if up, down := p.Up.Load(), p.Down.Load(); up != 1000 || down != 5000 {
		t.Errorf("counted %d up and %d down", up, down)
	}
	if _, err := net.Dial("tcp", p.Addr()); err == nil {
		t.Error("it still listens after Close")
	}
}
