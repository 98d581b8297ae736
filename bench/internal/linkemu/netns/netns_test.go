//go:build linux

package netns

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"strings"
	"testing"
)

// create makes a namespace for the test's time.
func create(t *testing.T) string {
	t.Helper()
	name := fmt.Sprintf("testns%d", os.Getpid())
	if err := Create(name); err != nil {
		t.Fatalf("this test makes a network namespace and must run as root: %v", err)
	}
	t.Cleanup(func() {
		if err := Remove(name); err != nil || Exists(name) {
			t.Errorf("remove: %v, still there: %v", err, Exists(name))
		}
	})
	return name
}

// where is the identity of the namespace that the calling thread is in.
func where() string {
	link, err := os.Readlink(own)
	if err != nil {
		return err.Error()
	}
	return link
}

func TestDoGoesThereAndBack(t *testing.T) {
	name := create(t)
	home := where()
	wrong := errors.New("wrong")
	for range 100 { // on whichever threads
		var there string
		if err := Do(name, func() error { there = where(); return wrong }); !errors.Is(err, wrong) {
			t.Fatalf("error of f: %v", err)
		}
		if there == home || !strings.HasPrefix(there, "net:[") {
			t.Fatalf("ran in %s, home is %s", there, home)
		}
		if now := where(); now != home {
			t.Fatalf("came back to %s, home is %s", now, home)
		}
	}
	if err := Create(name); err == nil {
		t.Error("made a second one of that name")
	}
}

func TestDialConnectsInside(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	name := create(t)
	if conn, err := Dial(context.Background(), name, "tcp", listener.Addr().String()); err == nil {
		conn.Close()
		t.Error("reached a listener outside the namespace")
	}
	if _, err := Dial(context.Background(), name, "tcp", "localhost:80"); err == nil || !strings.Contains(err.Error(), "IP:port") {
		t.Errorf("a name was not refused: %v", err)
	}
}

func TestNames(t *testing.T) {
	for _, name := range []string{"", ".", "..", "a/b", "-a", "A", strings.Repeat("a", 64), "a\n"} {
		if Create(name) == nil || Remove(name) == nil || Do(name, func() error { return nil }) == nil || Exists(name) {
			t.Errorf("%q was taken as a name", name)
		}
	}
	if err := Do("no-such-namespace", func() error { t.Error("ran"); return nil }); err == nil {
		t.Error("entered a namespace that does not exist")
	}
	if err := Remove("no-such-namespace"); err != nil {
		t.Errorf("removing nothing: %v", err)
	}
}
