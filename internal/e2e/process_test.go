package e2e

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

// bin is the folder of the programs that TestMain builds.
var bin string

func TestMain(m *testing.M) {
	os.Exit(func() int {
		dir, err := os.MkdirTemp("", "pindesk-e2e")
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			return 1
		}
		defer os.RemoveAll(dir)
		bin = dir
		build := exec.Command("go", "build", "-o", dir+"/", "pindesk/cmd/broker", "pindesk/cmd/presenter")
		build.Env = append(os.Environ(), "CGO_ENABLED=0")
		if out, err := build.CombinedOutput(); err != nil {
			fmt.Fprintf(os.Stderr, "building the programs: %v\n%s", err, out)
			return 1
		}
		return m.Run()
	}())
}

// program is one running program of ours, or of the desktop.
type program struct {
	t    *testing.T
	cmd  *exec.Cmd
	out  *logBuffer
	done chan struct{}
}

// run starts a program with nothing of this process's settings but what it needs.
func run(t *testing.T, env []string, name string, args ...string) *program {
	t.Helper()
	p := &program{t: t, out: &logBuffer{}, done: make(chan struct{})}
	p.cmd = exec.Command(name, args...)
	p.cmd.Env = append(environment(t), env...)
	p.cmd.Stdout, p.cmd.Stderr = p.out, p.out
	p.cmd.WaitDelay = time.Second // what it has started may keep its output open: wine's server does
	if err := p.cmd.Start(); err != nil {
		t.Fatalf("%s: %v (is the package installed? see make test)", name, err)
	}
	go func() { _ = p.cmd.Wait(); close(p.done) }()
	t.Cleanup(func() {
		p.signal(os.Interrupt)
		select {
		case <-p.done:
		case <-time.After(15 * time.Second):
			p.signal(os.Kill)
			<-p.done
		}
		if t.Failed() {
			t.Logf("%s said:\n%s", filepath.Base(name), p.out)
		}
	})
	return p
}

// environment is what our programs are started with: the settings of who runs the tests are
// none of theirs.
func environment(t *testing.T) []string {
	return []string{"PATH=" + os.Getenv("PATH"), "HOME=" + t.TempDir(), "LANG=C.UTF-8"}
}

func (p *program) signal(sig os.Signal) { _ = p.cmd.Process.Signal(sig) }

// wait waits for the end and returns the exit code.
func (p *program) wait() int {
	p.t.Helper()
	select {
	case <-p.done:
	case <-time.After(waitLimit):
		p.t.Fatalf("%s goes on", p.cmd.Path)
	}
	return p.cmd.ProcessState.ExitCode()
}

// portsFrom and portsTo are below what Linux gives to connections and to listeners on port 0
// (net.ipv4.ip_local_port_range): none of these takes a port between freePort and its use.
const portsFrom, portsTo = 20000, 30000

// portsGiven counts from a place of the process's own: several may run at once.
var portsGiven atomic.Uint32

func init() { portsGiven.Store(rand.Uint32N(portsTo - portsFrom)) }

// freePort returns a loopback port that nothing listens on, and no other call does.
func freePort(t *testing.T) string {
	t.Helper()
	for range portsTo - portsFrom {
		port := fmt.Sprint(portsFrom + portsGiven.Add(1)%(portsTo-portsFrom))
		if l, err := net.Listen("tcp", "127.0.0.1:"+port); err == nil {
			l.Close()
			return port
		}
	}
	t.Fatal("no port is free")
	return ""
}

// brokerProgram is the real program.
type brokerProgram struct {
	*site
	args  []string
	prog  *program
	first *logBuffer // what a broker said that was killed
}

// startBroker runs bin/broker on a free port; databaseURL "" means SQLite. more are flags.
func startBroker(t *testing.T, databaseURL string, more ...string) *brokerProgram {
	t.Helper()
	port := freePort(t)
	b := &brokerProgram{site: &site{t: t, url: "http://127.0.0.1:" + port, log: &logBuffer{}}}
	b.args = []string{"serve", "--listen", "127.0.0.1:" + port, "--data", t.TempDir(), "--region", "test", "--log-level", "debug"}
	if databaseURL != "" {
		b.args = append(b.args, "--database-url", databaseURL)
	}
	b.args = append(b.args, more...)
	b.run()
	return b
}

func (b *brokerProgram) run() {
	b.t.Helper()
	b.prog = run(b.t, nil, filepath.Join(bin, "broker"), b.args...)
	eventually(b.t, "the broker is ready", func() bool {
		select {
		case <-b.prog.done:
			b.t.Fatalf("the broker ended:\n%s", b.prog.out)
		default:
		}
		resp, err := http.Get(b.url + "/readyz")
		if err != nil {
			return false
		}
		resp.Body.Close()
		return resp.StatusCode == http.StatusOK
	})
}

func TestBrokerProgram(t *testing.T) {
	broker := filepath.Join(bin, "broker")
	t.Run("unknown settings are errors", func(t *testing.T) {
		for name, c := range map[string]struct{ env, args []string }{
			"environment": {[]string{"PINDESK_LISTN=x"}, []string{"serve"}},
			"flag":        {nil, []string{"serve", "--listn", "x"}},
			"value":       {[]string{"PINDESK_SESSION_IDLE=soon"}, []string{"serve"}},
		} {
			p := run(t, c.env, broker, c.args...)
			if code := p.wait(); code == 0 || !bytes.Contains([]byte(p.out.String()), []byte("broker: error")) {
				t.Errorf("%s: exit code %d, %s", name, code, p.out)
			}
		}
	})
	t.Run("a signal drains, and a stopped broker exits with 0", func(t *testing.T) {
		b := startBroker(t, "")
		ws, err := b.open(b.newPIN(), "viewer", "")
		if err != nil {
			t.Fatal(err)
		}
		defer ws.Close()
		b.prog.signal(os.Interrupt)
		code := 0
		for code == 0 {
			if _, _, err := ws.ReadMessage(); err != nil {
				code = closeCode(err)
				break
			}
		}
		if code != 4000 {
			t.Errorf("the socket was closed with %d, want the code that says reconnect", code)
		}
		if code := b.prog.wait(); code != 0 {
			t.Errorf("exit code %d", code)
		}
	})
	t.Run("a second signal ends at once", func(t *testing.T) {
		b := startBroker(t, "")
		slow, err := net.Dial("tcp", strings.TrimPrefix(b.url, "http://"))
		if err != nil {
			t.Fatal(err)
		}
		defer slow.Close()
		// A request whose body is on its way holds the drain up.
		fmt.Fprintf(slow, "POST /api/v1/join HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n{")
		eventually(t, "the request has begun", func() bool {
			b.newPIN() // a later request was answered
			return true
		})
		b.prog.signal(os.Interrupt)
		eventually(t, "the drain has begun", func() bool { return strings.Contains(b.prog.out.String(), "going down") })
		select {
		case <-b.prog.done:
			t.Fatal("the broker did not wait for the request: this test proves nothing")
		case <-time.After(300 * time.Millisecond):
		}
		start := time.Now()
		b.prog.signal(os.Interrupt)
		if code := b.prog.wait(); code == 0 || time.Since(start) > 3*time.Second {
			t.Errorf("ended with %d after %v", code, time.Since(start))
		}
	})
	t.Run("migrate", func(t *testing.T) {
		dir := t.TempDir()
		for range 2 {
			p := run(t, nil, broker, "migrate", "--data", dir)
			if code := p.wait(); code != 0 {
				t.Errorf("exit code %d: %s", code, p.out)
			}
		}
	})
	t.Run("version", func(t *testing.T) {
		if p := run(t, nil, broker, "version"); p.wait() != 0 || !bytes.HasPrefix([]byte(p.out.String()), []byte("PinDesk broker ")) {
			t.Error(p.out)
		}
	})
}
