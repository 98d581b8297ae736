package procstat

import (
	"os"
	"os/exec"
	"testing"
	"time"
)

// TestTree burns CPU time in a child and finds it.
func TestTree(t *testing.T) {
	burner := exec.Command("sh", "-c", "while :; do :; done")
	if err := burner.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() { _ = burner.Process.Kill(); _ = burner.Wait() }()
	busy := Busy()
	deadline := time.Now().Add(20 * time.Second)
	for CPU(os.Getpid(), burner.Process.Pid)-Own() < 0.1 {
		if time.Now().After(deadline) {
			t.Fatal("a busy child's CPU time does not grow")
		}
	}
	u := Tree(os.Getpid())
	if u.Procs < 2 || u.PSS < 1<<20 || u.CPU < 0.1 {
		t.Errorf("the tree of this process: %+v", u)
	}
	if Busy() <= busy {
		t.Error("the machine was not busy")
	}
}

// TestClock: the kernel's fine clock of another process agrees with its coarse one.
func TestClock(t *testing.T) {
	own, ok := clock(os.Getpid())
	if !ok || own <= 0 {
		t.Fatalf("this process: %v, %v", own, ok)
	}
	if _, ok := clock(1 << 22); ok {
		t.Error("a process that is not there has a clock")
	}
	parent := os.Getppid()
	p, found := read(parent)
	if fine, ok := clock(parent); !found || !ok || (fine-p.cpu).Abs() > time.Second && p.cpu < fine {
		t.Errorf("the parent: %v, %v", fine, p.cpu)
	}
}
