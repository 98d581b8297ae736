package e2e

import (
	"image"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"pindesk/internal/wire"
)

// asUser runs a program without the rights of an administrator, which all programs have under wine unless they are
// started with the other token of its one user.
const asUser = `#include <windows.h>
int main(void) {
	HANDLE own; TOKEN_LINKED_TOKEN other; DWORD n, code = 99;
	STARTUPINFOW start = { sizeof start }; PROCESS_INFORMATION made;
	WCHAR *line = wcschr(GetCommandLineW(), L' ');
	if (!line || !OpenProcessToken(GetCurrentProcess(), TOKEN_ALL_ACCESS, &own)) return 97;
	if (!GetTokenInformation(own, TokenLinkedToken, &other, sizeof other, &n)) return 98;
	while (*line == L' ') line++;
	if (!CreateProcessAsUserW(other.LinkedToken, NULL, line, NULL, NULL, TRUE, 0, NULL, NULL, &start, &made)) return 96;
	WaitForSingleObject(made.hProcess, INFINITE);
	GetExitCodeProcess(made.hProcess, &code);
	return code;
}
`

// commandLines are those of all processes that have a word in theirs.
func commandLines(t *testing.T, word string) (all []string) {
	t.Helper()
	files, err := filepath.Glob("/proc/[0-9]*/cmdline")
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		if line, err := os.ReadFile(file); err == nil && strings.Contains(string(line), word) {
			all = append(all, string(line))
		}
	}
	return all
}

// TestWindowsElevate: the guest is asked, and then another process of the program has the session, the viewers and their
// rights. (wine starts it without a question, and no more rights than before.)
func TestWindowsElevate(t *testing.T) {
	if os.Getenv("PINDESK_LONG") == "" {
		t.Skip("makes a Windows under wine, which takes a minute; PINDESK_LONG=1 runs it")
	}
	w := startWine(t)
	user := filepath.Join(t.TempDir(), "asuser.exe")
	compileForWindows(t, asUser, user)
	s := startSite(t, nil)
	p, pin := person{w.xdesktop}, s.newPIN()
	prog := w.start(t, user, `Z:`+strings.ReplaceAll(w.exe, "/", `\`), "--broker", s.url, "--name", "Windows", "--pin", pin)
	v := s.viewAs("Eve", pin, "")
	answer := func(what string, button image.Point, ok func() bool) {
		t.Helper()
		id := p.window("Somebody asks you")
		p.listens(id)
		p.shot("wine-elevate-" + what)
		p.click(p.corner(id, button))
		eventually(t, what, ok)
		eventually(t, "the question is gone", func() bool { return p.do("search", "--onlyvisible", "--name", "Somebody asks you") == "" })
	}
	answer("seeing", allowButton, func() bool { return v.me().View })
	v.control(wire.Control{Type: wire.TypeAsk, Control: true})
	answer("control", allowButton, func() bool { return v.me().Control })
	epoch := func() uint16 { v.mu.Lock(); defer v.mu.Unlock(); return v.epoch }
	privileges := func() wire.Privileges {
		v.mu.Lock()
		defer v.mu.Unlock()
		if v.state.Presenter == nil {
			return ""
		}
		return v.state.Presenter.Privileges
	}
	before := epoch()
	eventually(t, "it is offered", func() bool { return privileges() == wire.PrivilegesUser })

	v.control(wire.Control{Type: wire.TypeElevate})
	answer("no", denyButton, func() bool { v.mu.Lock(); defer v.mu.Unlock(); return len(v.refused) == 1 && v.refused[0].Elevate })
	if epoch() != before {
		t.Error("another process shares all the same")
	}
	v.control(wire.Control{Type: wire.TypeElevate})
	answer("yes", allowButton, func() bool { return epoch() != before })
	eventually(t, "the first process has ended", func() bool { return len(commandLines(t, pin)) == 0 })
	next := commandLines(t, "--inherit=")
	if len(next) != 1 || strings.Contains(next[0], pin) || strings.Contains(next[0], "--broker") {
		t.Errorf("the command lines are %q", next)
	}
	eventually(t, "the next process has said what it is", func() bool { return privileges() == wire.PrivilegesUser })
	if me := v.me(); !me.View || !me.Control || me.Held {
		t.Errorf("who controls is now %+v", me)
	}
	eventually(t, "the picture is exact", func() bool { return v.shows(w.xdesktop) })
	w.fill(50, 60, 200, 100, 0x2255ee)
	eventually(t, "and stays so", func() bool { return v.shows(w.xdesktop) })
	v.mu.Lock()
	layout := v.dec.Layout()
	v.mu.Unlock()
	at := [2]int{600, 40}
	v.input(layout, wire.Event{Type: wire.EventMove, X: at[0], Y: at[1]})
	eventually(t, "input arrives", func() bool { return w.pointer() == at })
	p.window("Screen is shared")
	banner := p.window("this screen is shared")
	p.shot("wine-elevated")
	wide := p.area(banner).Dx()
	eventually(t, "the keys that the guest has learnt take control back", func() bool {
		p.do("key", "ctrl+alt+Escape")
		return !v.me().Control && v.me().View
	})
	p.shot("wine-elevated-keys")
	eventually(t, "the banner has a button less", func() bool { return p.area(banner).Dx() < wide })
	p.click(p.corner(banner, image.Pt(-30, -10)))
	eventually(t, "Stop of the next process ends it", func() bool {
		v.mu.Lock()
		defer v.mu.Unlock()
		return v.state.Presenter != nil && !v.state.Presenter.Attached
	})
	p.do("windowfocus", "--sync", p.window("^PinDesk$"))
	p.do("key", "Return")
	eventually(t, "nothing of it is left", func() bool { return len(commandLines(t, "--inherit=")) == 0 })
	if code := prog.wait(); code != 0 { // only now nobody has its output any more
		t.Errorf("the first process ended with %d", code)
	}
}
