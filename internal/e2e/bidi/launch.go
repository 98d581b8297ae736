package bidi

import (
	"bufio"
	"bytes"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
)

// launchLimit bounds the start of Firefox on a busy machine.
const launchLimit = 2 * time.Minute

// preferences keep Firefox from doing anything but what the test asks: no first-run page, no call home.
var preferences = map[string]any{
	"app.normandy.enabled":                       false,
	"app.update.disabledForTesting":              true,
	"browser.aboutConfig.showWarning":            false,
	"browser.newtabpage.enabled":                 false,
	"browser.safebrowsing.malware.enabled":       false,
	"browser.safebrowsing.phishing.enabled":      false,
	"browser.shell.checkDefaultBrowser":          false,
	"browser.startup.homepage_override.mstone":   "ignore",
	"browser.startup.page":                       0,
	"datareporting.policy.dataSubmissionEnabled": false,
	"extensions.systemAddon.update.enabled":      false,
	"network.captive-portal-service.enabled":     false,
	"network.connectivity-service.enabled":       false,
	"services.settings.server":                   "data:,none",
	"toolkit.telemetry.enabled":                  false,
}

// launch runs Firefox on an X display, or on none, with more preferences, and returns the URL at which it listens.
func launch(tb testing.TB, display string, more map[string]any) string {
	tb.Helper()
	path := find()
	if path == "" {
		tb.Fatal("Firefox is missing: install the package firefox-esr, or set FIREFOX to its path (make test does the former)")
	}
	profile := tb.TempDir()
	var prefs strings.Builder
	all := maps.Clone(preferences)
	maps.Copy(all, more)
	for name, value := range all {
		if s, is := value.(string); is {
			value = fmt.Sprintf("%q", s)
		}
		fmt.Fprintf(&prefs, "user_pref(%q, %v);\n", name, value)
	}
	if err := os.WriteFile(filepath.Join(profile, "user.js"), []byte(prefs.String()), 0o600); err != nil {
		tb.Fatal(err)
	}
	cmd := exec.CommandContext(tb.Context(), path, "--no-remote", "--remote-debugging-port=0", "--profile", profile)
	cmd.Env = append(os.Environ(), "HOME="+profile, "MOZ_CRASHREPORTER_DISABLE=1")
	if display == "" {
		cmd.Args = append(cmd.Args, "--headless")
	} else {
		cmd.Env = append(cmd.Env, "DISPLAY="+display, "WAYLAND_DISPLAY=", "MOZ_ENABLE_WAYLAND=0")
	}
	stderr, err := cmd.StderrPipe()
	if err != nil {
		tb.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		tb.Fatal(err)
	}
	var (
		said  = &buffer{}
		url   = make(chan string, 1)
		ended = make(chan struct{})
	)
	go func() {
		defer close(ended)
		for lines := bufio.NewScanner(stderr); lines.Scan(); {
			said.add(lines.Text())
			if at, found := strings.CutPrefix(lines.Text(), "WebDriver BiDi listening on "); found {
				url <- at
			}
		}
		_ = cmd.Wait()
	}()
	tb.Cleanup(func() {
		_ = cmd.Process.Kill() // its other processes see that and end
		<-ended
		if tb.Failed() {
			tb.Logf("%s said:\n%s", filepath.Base(path), said)
		}
	})
	select {
	case at := <-url:
		return at
	case <-ended:
		tb.Fatalf("%s ended before it listened:\n%s", path, said)
	case <-time.After(launchLimit):
		tb.Fatalf("%s does not listen:\n%s", path, said)
	}
	return ""
}

// find returns the path of a Firefox, or "".
func find() string {
	for _, name := range []string{os.Getenv("FIREFOX"), "firefox-esr", "firefox"} {
		if name == "" {
			continue
		}
		if path, err := exec.LookPath(name); err == nil {
			return path
		}
	}
	return ""
}

// buffer collects lines.
type buffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (b *buffer) add(line string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.b.WriteString(line + "\n")
}

func (b *buffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.String()
}
