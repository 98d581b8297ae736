package e2e

import (
	"bytes"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"pindesk/internal/broker"
)

// handOut makes an operator's folder with the presenter that was built for these tests.
func handOut(t *testing.T) (dir string) {
	t.Helper()
	dir = t.TempDir()
	copyFile(t, filepath.Join(bin, "presenter"), filepath.Join(dir, "presenter-linux-"+runtime.GOARCH))
	return dir
}

func copyFile(t *testing.T, from, to string) {
	t.Helper()
	b, err := os.ReadFile(from)
	if err == nil {
		err = os.WriteFile(to, b, 0o755)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// download gets a program and the name that it is to have.
func (s *site) download(pin, query string) (name string, body []byte) {
	s.t.Helper()
	resp, err := http.Get(s.url + "/api/v1/exe?session_pin=" + pin + query)
	if err != nil {
		s.t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err = io.ReadAll(resp.Body)
	if err != nil || resp.StatusCode != http.StatusOK {
		s.t.Fatalf("status %d, %v, %.200s", resp.StatusCode, err, body)
	}
	_, name, _ = strings.Cut(resp.Header.Get("Content-Disposition"), `filename="`)
	return strings.TrimSuffix(name, `"`), body
}

// runNamed starts a program from a file with that name, in an empty home, and answers its question. A
// question takes no notice of what comes in its first half second: whose y was lost, and whose Enter was not,
// is asked again.
func runNamed(t *testing.T, d *xdesktop, from, name string, yes bool) (p *program, home string) {
	t.Helper()
	for range 5 {
		var typing *os.File
		p, typing, home = startNamed(t, d, from, name)
		p.says("Type y and press Enter")
		answer := "\n"
		if yes {
			answer = "y\n"
		}
		last := time.Now()
		eventually(t, "the answer is taken", func() bool {
			if strings.Contains(p.out.String(), "llowed.") {
				return true
			}
			if time.Since(last) > 2*time.Second {
				last = time.Now()
				_, err := io.WriteString(typing, answer)
				return err != nil
			}
			return false
		})
		if !yes || !strings.Contains(p.out.String(), "Not allowed.") {
			break
		}
	}
	return p, home
}

func startNamed(t *testing.T, d *xdesktop, from, name string) (p *program, typing *os.File, home string) {
	t.Helper()
	file := filepath.Join(t.TempDir(), name)
	copyFile(t, from, file)
	home = t.TempDir()
	keys, typing, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { keys.Close(); typing.Close() })
	p = &program{t: t, out: &logBuffer{}, done: make(chan struct{})}
	p.cmd = exec.Command(file)
	p.cmd.Env = append(d.env(), "PATH="+os.Getenv("PATH"), "HOME="+home, "TMPDIR="+home, "LANG=C.UTF-8")
	p.cmd.Stdin, p.cmd.Stdout, p.cmd.Stderr = keys, p.out, p.out
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func() { _ = p.cmd.Wait(); close(p.done) }()
	t.Cleanup(func() {
		p.signal(os.Kill)
		<-p.done
		if t.Failed() {
			t.Logf("%s said:\n%s", name, p.out)
		}
	})
	return p, typing, home
}

// says waits until the program has said something.
func (p *program) says(text string) {
	p.t.Helper()
	eventually(p.t, "the program says "+text, func() bool { return strings.Contains(p.out.String(), text) })
}

// TestDownloadedProgram: the guest's page hands out the program for this system, and from the file that
// the browser has saved, under its name, it finds its session; no argument says which.
func TestDownloadedProgram(t *testing.T) {
	d := startDesktop(t, "640x480")
	s := startSite(t, func(c *broker.Config) { c.Programs = handOut(t) })
	pin := s.newPIN()
	g := startChromium(t, 1200, 900)
	dir := g.downloads()
	g.open(s.url + "/help#" + pin)
	g.wantHelp("start")
	g.until("the program is offered", "document.querySelector('#download')?.textContent.includes('Linux')")
	g.screenshot("offered")
	g.do(chromedp.Click("#download"))
	var saved string
	within(t, 30*time.Second, "the program is downloaded", func() bool {
		all, _ := filepath.Glob(filepath.Join(dir, "PinDesk_"+pin+"_*.bin"))
		if len(all) == 1 {
			saved = all[0]
		}
		return saved != ""
	})
	want, err := os.ReadFile(filepath.Join(bin, "presenter"))
	if err != nil {
		t.Fatal(err)
	}
	var got []byte
	within(t, 30*time.Second, "all of it is there", func() bool {
		got, _ = os.ReadFile(saved)
		return bytes.Equal(got, want)
	})

	// The same bytes under the name of a second download, in another language.
	name := strings.Replace(filepath.Base(saved), ".bin", " (1) – Kopie.bin", 1)
	p, _ := runNamed(t, d, saved, name, true)
	p.says("Connected to " + strings.TrimPrefix(s.url, "http://"))
	eventually(t, "the presenter is in the session", func() bool {
		_, a := s.call("GET", "/api/v1/session?session_pin="+pin, nil)
		return a["presenter_online"] == true
	})

	no, _ := runNamed(t, d, saved, filepath.Base(saved), false)
	if code := no.wait(); code != 1 || strings.Contains(no.out.String(), "Connected") {
		t.Errorf("a guest who does not say yes: exit code %d, %s", code, no.out)
	}
}

// TestProgramOfAnEndedSession says so and leaves nothing behind.
func TestProgramOfAnEndedSession(t *testing.T) {
	d := startDesktop(t, "640x480")
	s := startSite(t, func(c *broker.Config) { c.Programs = handOut(t) })
	pin := s.newPIN()
	name, _ := s.download(pin, "&os=linux&arch="+runtime.GOARCH)
	s.call("DELETE", "/api/v1/session?session_pin="+pin, nil)
	if status, a := s.call("GET", "/api/v1/exe?os=linux&session_pin="+pin, nil); status != 404 || a["error"] != "unknown_session" {
		t.Errorf("%d %v", status, a)
	}
	p, home := runNamed(t, d, filepath.Join(bin, "presenter"), name, true)
	if code := p.wait(); code != 1 || !strings.Contains(p.out.String(), "or it has ended") || !strings.Contains(p.out.String(), "Nothing was left on this computer") {
		t.Errorf("exit code %d, %s", code, p.out)
	}
	if left, err := os.ReadDir(home); err != nil || len(left) > 0 {
		t.Errorf("left behind: %v, %v", left, err)
	}
}
