package relay

import (
	"bytes"
	"testing"
)

// Each size gets the least class that holds it, and no class wastes more than half.
func TestClasses(t *testing.T) {
	for n := 0; n <= 1<<mostBits; n++ {
		c := classOf(n)
		if c >= classes || sizeOf(c) < n || c > 0 && sizeOf(c-1) >= n {
			t.Fatalf("%d bytes get class %d of %d bytes", n, c, sizeOf(c))
		}
	}
	if c := classOf(1<<mostBits + 1); c < classes {
		t.Errorf("more than the largest size gets class %d", c)
	}
}

func TestGrowKeepsTheBytes(t *testing.T) {
	want := []byte("begin")
	b := append(newMessage(0).b, want...)
	for cap(b) <= 1<<mostBits {
		was := cap(b)
		if b = grow(b); cap(b) < 4*was || !bytes.Equal(b, want) {
			t.Fatalf("%d bytes grew to %d with %q", was, cap(b), b)
		}
	}
}
