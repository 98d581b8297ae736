package main

import (
	"context"
	"os"
	"sync"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"pindesk/internal/presenter"
)

// pty opens a real pseudo-terminal: a person's end and a program's end.
func pty(t *testing.T) (person, program *os.File) {
	t.Helper()
	person, err := os.OpenFile("/dev/ptmx", os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		t.Fatal(err)
	}
	if err := unix.IoctlSetPointerInt(int(person.Fd()), unix.TIOCSPTLCK, 0); err != nil {
		t.Fatal(err)
	}
	fd, _, errno := unix.Syscall(unix.SYS_IOCTL, person.Fd(), unix.TIOCGPTPEER, unix.O_RDWR|unix.O_NOCTTY)
	if errno != 0 {
		t.Fatal(errno)
	}
	program = os.NewFile(fd, "terminal")
	// The reader of a terminal lives as long as its program; hanging up ends it.
	t.Cleanup(func() { person.Close() })
	return person, program
}

// clock is one that the test sets. The terminal looks at it when it asks, and once a key.
type clock struct {
	mu    sync.Mutex
	looks int
	late  time.Duration
}

func (c *clock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.looks++
	return time.Unix(0, 0).Add(c.late)
}

// pass waits until all keys that were typed so far have been looked at, and then lets time go by.
func (c *clock) pass(t *testing.T, keys int, d time.Duration) {
	t.Helper()
	eventually(t, "the terminal takes what was typed", func() bool { c.mu.Lock(); defer c.mu.Unlock(); return c.looks >= 1+keys })
	c.mu.Lock()
	defer c.mu.Unlock()
	c.late += d
}

// atTerminal seats a person at a terminal: what it shows is in out, and it lives by the clock hours.
func atTerminal(t *testing.T) (person *os.File, term *terminal, out *shown, hours *clock) {
	t.Helper()
	person, program := pty(t)
	out, hours = &shown{}, &clock{}
	term = newTerminal(program, out)
	term.now = hours.now
	return person, term, out, hours
}

func TestAsk(t *testing.T) {
	const question = "Type y and press Enter"
	for name, c := range map[string]struct {
		before string // typed before the question
		early  string // typed at once when it shows
		typed  string // typed when it listens
		want   bool
	}{
		"y":                                   {typed: "y\r", want: true},
		"YES":                                 {typed: "YES\r", want: true},
		"Enter alone":                         {typed: "\r"},
		"n":                                   {typed: "n\r"},
		"something else":                      {typed: "yesterday\r"},
		"Escape":                              {typed: "\x1b"},
		"Ctrl-D":                              {typed: "\x04"},
		"y taken back":                        {typed: "y\x7f\r"},
		"n taken back":                        {typed: "n\x7fy\r", want: true},
		"a y from before counts not":          {before: "y", typed: "\r"},
		"a whole answer from before":          {before: "y\r", typed: "\r"},
		"a y in the first half second":        {early: "y\r", typed: "\r"},
		"a late y after all that":             {before: "n", early: "n\r", typed: "y\r", want: true},
		"the guest's own Enter after early y": {early: "y", typed: "\r"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			person, term, out, hours := atTerminal(t)
			term.listen()
			if c.before != "" {
				if _, err := person.WriteString(c.before); err != nil {
					t.Fatal(err)
				}
			}
			answer := make(chan bool, 1)
			go func() { answer <- term.Ask(context.Background(), presenter.Question{Name: "Eve", Control: true}) }()
			eventually(t, "the question", func() bool { return out.has(question) })
			person.WriteString(c.early)
			hours.pass(t, len(c.before)+len(c.early), deaf)
			select {
			case yes := <-answer:
				t.Fatalf("answered %v by what was typed too early", yes)
			default:
			}
			person.WriteString(c.typed)
			select {
			case yes := <-answer:
				if yes != c.want {
					t.Errorf("the answer was %v, want %v", yes, c.want)
				}
			case <-time.After(5 * time.Second):
				t.Fatal("no answer")
			}
			if !out.has("“Eve” wants to CONTROL") {
				t.Error("the question does not say who wants what")
			}
		})
	}
}

// Who types /help, as the presenter advises, has not answered.
func TestAskAfterACommand(t *testing.T) {
	person, term, out, hours := atTerminal(t)
	answer := make(chan bool, 1)
	go func() { answer <- term.Ask(context.Background(), presenter.Question{Name: "Eve"}) }()
	hours.pass(t, 0, deaf)
	person.WriteString("/help\r")
	eventually(t, "the advice", func() bool { return out.has("Please answer first") })
	hours.pass(t, len("/help\r")+1, deaf)
	person.WriteString("y\r")
	select {
	case yes := <-answer:
		if !yes {
			t.Error("the y after a command was no yes")
		}
	case <-time.After(5 * time.Second):
		t.Fatal("no answer")
	}
}

func TestAskEndsWithItsViewer(t *testing.T) {
	_, program := pty(t)
	ctx, cancel := context.WithCancel(context.Background())
	out := &shown{}
	answer := make(chan bool, 1)
	go func() { answer <- newTerminal(program, out).Ask(ctx, presenter.Question{}) }()
	eventually(t, "the question", func() bool { return out.has("Somebody without a name wants to see") })
	cancel()
	if <-answer {
		t.Error("yes, although nobody answered")
	}
}

func TestWhoCanAsk(t *testing.T) {
	_, program := pty(t)
	null, err := os.Open(os.DevNull)
	if err != nil {
		t.Fatal(err)
	}
	defer null.Close()
	if !newTerminal(program, nil).canAsk() || newTerminal(null, nil).canAsk() {
		t.Error("a terminal can ask, /dev/null cannot")
	}
}

func TestAskLine(t *testing.T) {
	person, program := pty(t)
	out := &shown{}
	term := newTerminal(program, out)
	person.WriteString("7w2978570\n")
	pin, err := term.askLine(context.Background(), "Session PIN")
	if err != nil || pin != "7w2978570" || !out.has("Session PIN: ") {
		t.Errorf("got %q, %v", pin, err)
	}
	person.WriteString("\n")
	if _, err := term.askLine(context.Background(), "Session PIN"); err == nil {
		t.Error("an empty line was accepted")
	}
}

// TestTypedLines: what is typed while nothing is asked is for the chat; an answer never is.
func TestTypedLines(t *testing.T) {
	person, term, out, hours := atTerminal(t)
	lines := make(chan string, 8)
	term.listenFor(func(line string) { lines <- line })
	next := func(want string) {
		t.Helper()
		select {
		case got := <-lines:
			if got != want {
				t.Errorf("the line is %q, want %q", got, want)
			}
		case <-time.After(5 * time.Second):
			t.Fatalf("no line %q", want)
		}
	}
	person.WriteString("/say hello\n/say jörg 😀\n")
	next("/say hello")
	next("/say jörg 😀")
	answer := make(chan bool, 1)
	go func() { answer <- term.Ask(context.Background(), presenter.Question{Name: "Eve"}) }()
	eventually(t, "the question", func() bool { return out.has("Type y and press Enter") })
	hours.pass(t, 0, deaf)
	person.WriteString("y\r")
	if !<-answer {
		t.Error("the answer was no")
	}
	person.WriteString("/say after\n")
	next("/say after")
}
