package main

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"pindesk/internal/presenter"
	"pindesk/internal/transfer"
)

// TestAskAboutAFile: what is asked says all that the guest must know.
func TestAskAboutAFile(t *testing.T) {
	person, term, out, hours := atTerminal(t)
	answer := make(chan bool, 1)
	q := presenter.Question{Name: "Eve", File: &transfer.Wish{Name: "fix.exe", Size: 12_345_678, Folder: "/home/ann/Downloads", Program: true}}
	go func() { answer <- term.Ask(context.Background(), q) }()
	eventually(t, "the question", func() bool { return out.has("Type y and press Enter") })
	for _, want := range []string{"“Eve” wants to send you a file: “fix.exe” (12.3 MB). It is saved in /home/ann/Downloads.", "can be a program"} {
		if !out.has(want) {
			t.Errorf("%q is not shown", want)
		}
	}
	hours.pass(t, 0, deaf)
	person.WriteString("y\r")
	if !<-answer {
		t.Error("the answer was no")
	}
}

// TestPickFile: a path is typed, maybe wrong first, maybe with what a terminal puts around it.
func TestPickFile(t *testing.T) {
	dir := t.TempDir()
	t.Setenv("HOME", dir)
	path := filepath.Join(dir, "größe 7.txt")
	if err := os.WriteFile(path, []byte("x"), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		typed []string // each after a question
		want  string
		says  string
	}{
		"its path":                {[]string{path + "\r"}, path, ""},
		"in quotes":               {[]string{"'" + path + "'\r"}, path, ""},
		"in the home folder":      {[]string{"~/größe 7.txt\r"}, path, ""},
		"with a character undone": {[]string{path + "ä\x7f\r"}, path, ""},
		"nothing":                 {[]string{"\r"}, "", "No file is sent"},
		"Escape":                  {[]string{"\x1b"}, "", "No file is sent"},
		"wrong, then right":       {[]string{"/no/such\r", path + "\r"}, path, "/no/such: there is no such file"},
		"a folder, then nothing":  {[]string{dir + "\r", "\r"}, "", "that is a folder"},
		"wrong three times":       {[]string{"/x\r", "/y\r", "/z\r"}, "", "No file is sent"},
	} {
		t.Run(name, func(t *testing.T) {
			person, term, out, hours := atTerminal(t)
			picked := make(chan string, 1)
			go func() {
				picked <- term.PickFile(context.Background(), presenter.Question{Name: "Eve", File: &transfer.Wish{Give: true}})
			}()
			keys := 0 // and questions before: how often the terminal has looked at the clock
			for i, typed := range c.typed {
				eventually(t, "the question", func() bool { return out.count("Type the path") == i+1 })
				hours.pass(t, keys+i, deaf)
				person.WriteString(typed)
				keys += len(typed)
			}
			select {
			case got := <-picked:
				if got != c.want {
					t.Errorf("picked %q, want %q", got, c.want)
				}
			case <-time.After(5 * time.Second):
				t.Fatal("nothing was picked")
			}
			if !out.has("“Eve” asks you for a file") || !out.has(c.says) {
				t.Errorf("shown: %q", out.text())
			}
		})
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	_, program := pty(t)
	if got := newTerminal(program, &shown{}).PickFile(ctx, presenter.Question{File: &transfer.Wish{Give: true}}); got != "" {
		t.Errorf("picked %q although the question is gone", got)
	}
}

func (s *shown) text() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.String()
}

func (s *shown) count(text string) int { return strings.Count(s.text(), text) }
