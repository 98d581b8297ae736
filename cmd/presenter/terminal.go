package main

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"
	"unicode/utf8"

	"golang.org/x/term"

	"pindesk/internal/presenter"
	"pindesk/internal/transfer"
)

// deaf is how long a question takes no notice of the keyboard: what comes so soon was
// meant for something else, or typed by a viewer before its input was stopped.
const deaf = 500 * time.Millisecond

// Bytes of a terminal in raw mode.
const (
	keyCtrlC     = 3
	keyCtrlD     = 4
	keyBackspace = 8
	keyEscape    = 27
	keyDelete    = 127
)

// terminal asks the guest and tells the guest what happens. It owns standard input.
type terminal struct {
	in  *os.File
	out io.Writer
	now func() time.Time // of the deaf time
	// keys are the bytes from in; what comes while nobody takes them is lost, on purpose.
	keys  chan byte
	start sync.Once

	mu     sync.Mutex
	raw    bool              // lines need a carriage return; guarded by mu
	taking int               // who waits for keys; guarded by mu
	line   []byte            // typed while nobody does; guarded by mu
	typed  func(line string) // takes it when it is whole; nil: nobody; guarded by mu
}

var (
	_ presenter.Asker      = (*terminal)(nil)
	_ presenter.FilePicker = (*terminal)(nil)
)

func newTerminal(in *os.File, out io.Writer) *terminal {
	return &terminal{in: in, out: out, now: time.Now, keys: make(chan byte, 256)}
}

// canAsk reports whether somebody can answer: /dev/null cannot.
func (t *terminal) canAsk() bool {
	if term.IsTerminal(int(t.in.Fd())) {
		return true
	}
	info, err := t.in.Stat()
	return err == nil && info.Mode()&os.ModeNamedPipe != 0
}

// listen starts the one goroutine that reads standard input. It ends with the process, or
// closes keys at the end of input.
func (t *terminal) listen() {
	t.start.Do(func() {
		go func() {
			defer close(t.keys)
			r := bufio.NewReader(t.in)
			for {
				b, err := r.ReadByte()
				if err != nil {
					return
				}
				t.key(b)
			}
		}()
	})
}

// maxLine is the longest line for typed, in bytes; what is beyond is lost.
const maxLine = 4096

// key passes on a byte: to who waits for keys, else into the line for typed. While there is
// neither it is kept for who asks next, as a terminal does.
func (t *terminal) key(b byte) {
	t.mu.Lock()
	defer t.mu.Unlock()
	switch {
	case t.taking > 0 || t.typed == nil:
		select {
		case t.keys <- b:
		default:
		}
	case b == '\n' || b == '\r':
		line := string(t.line)
		t.line = t.line[:0]
		typed := t.typed
		t.mu.Unlock() // it may say something
		typed(line)
		t.mu.Lock()
	case len(t.line) < maxLine:
		t.line = append(t.line, b)
	}
}

// take claims all keys until the result is called. A half line is no part of what is asked.
func (t *terminal) take() (done func()) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.taking++
	t.line = t.line[:0]
	return func() {
		t.mu.Lock()
		defer t.mu.Unlock()
		t.taking--
	}
}

// listenFor gives each line that is typed while nothing is asked to f, on the goroutine that
// reads.
func (t *terminal) listenFor(f func(line string)) {
	t.mu.Lock()
	t.typed = f
	t.mu.Unlock()
	t.listen()
}

// say prints a line, or several.
func (t *terminal) say(format string, arg ...any) {
	t.mu.Lock()
	defer t.mu.Unlock()
	end := "\n"
	if t.raw {
		end = "\r\n"
	}
	io.WriteString(t.out, strings.ReplaceAll(fmt.Sprintf(format, arg...), "\n", end)+end)
}

func (t *terminal) print(s string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	io.WriteString(t.out, s)
}

// readLine reads one line, which is echoed by the terminal.
func (t *terminal) readLine(ctx context.Context) (string, error) {
	defer t.take()()
	t.listen()
	var line []byte
	for {
		select {
		case b, ok := <-t.keys:
			switch {
			case !ok && len(line) == 0:
				return "", io.EOF
			case !ok, b == '\n', b == '\r':
				return string(line), nil
			case len(line) < 256:
				line = append(line, b)
			}
		case <-ctx.Done():
			return "", ctx.Err()
		}
	}
}

// Ask puts a question. Only "y" or "yes" and Enter is a yes.
func (t *terminal) Ask(ctx context.Context, q presenter.Question) bool {
	defer t.take()()
	t.listen()
	defer t.makeRaw()()
	switch {
	case q.Broker != "":
		t.say("\aOnly the name of this program's file says where your session is, and anybody can name a file.")
		t.say("Connect to %s? Say yes only if you know that this is the address of those who help you.", q.Broker)
	case q.File != nil:
		t.say("\a%s wants to send you a file: “%s” (%s). It is saved in %s.", presenter.Says(q.Name), q.File.Name, transfer.Size(q.File.Size), q.File.Folder)
		if q.File.Program {
			t.say("Careful: a file of this kind can be a program. Whoever opens it lets it do what it wants.")
		}
	case q.Elevate:
		t.say("\a%s wants this program to go on as ADMINISTRATOR. Who controls this computer can then change everything on it. The system asks you, too.", presenter.Says(q.Name))
	case q.Hand:
		t.say("\a%s wants to hand CONTROL of this computer to another one: %s.", presenter.Says(q.Name), presenter.SaysInside(q.To))
	case q.Control:
		t.say("\a%s wants to CONTROL this computer.", presenter.Says(q.Name))
	default:
		t.say("\a%s wants to see this computer.", presenter.Says(q.Name))
	}
	if q.Twin || q.ToTwin {
		t.say("Careful: somebody else here uses the same name.")
	}
	if q.Control {
		t.say("Who controls it can do everything that you can do here. Say yes only to somebody whose help you asked for.")
		switch q.Share {
		case presenter.ClipboardBoth:
			t.say("Text that is copied here while somebody controls it goes to that person's clipboard, and theirs can be pasted here.")
		case presenter.ClipboardIn:
			t.say("Text from that person's clipboard can be pasted here; nothing that is copied here goes there.")
		}
	}
	yes := t.answer(ctx)
	switch {
	case ctx.Err() != nil:
		t.say("\nNot allowed: the question is no longer open.")
	case yes:
		t.say("\nAllowed.")
	default:
		t.say("\nNot allowed.")
	}
	return yes && ctx.Err() == nil
}

// answer asks until something is typed that is no command: who types /help, as the presenter
// itself advises, has not said no.
func (t *terminal) answer(ctx context.Context) bool {
	for {
		t.print("Allow it? Type y and press Enter for yes, just Enter for no: ")
		s := strings.ToLower(t.typedLine(ctx, 16))
		if !strings.HasPrefix(s, "/") {
			return s == "y" || s == "yes"
		}
		t.say("\nCommands are for afterwards. Please answer first.")
	}
}

// typedLine is what is typed from some time after now until Enter, without spaces around it; ""
// when it is not finished.
func (t *terminal) typedLine(ctx context.Context, most int) string {
	asked := t.now()
	var typed []byte
	for {
		select {
		case <-ctx.Done():
			return ""
		case b, ok := <-t.keys:
			switch {
			case !ok:
				return ""
			case t.now().Sub(asked) < deaf && b != keyCtrlC:
			case b == keyCtrlC:
				interrupt()
				return ""
			case b == keyEscape, b == keyCtrlD:
				return ""
			case b == '\r', b == '\n':
				return strings.TrimSpace(string(typed))
			case b == keyBackspace, b == keyDelete:
				if _, n := utf8.DecodeLastRune(typed); n > 0 {
					typed = typed[:len(typed)-n]
					t.echo("\b \b")
				}
			case b >= ' ' && len(typed) < most:
				typed = append(typed, b)
				t.echo(string([]byte{b})) // a byte of a longer character as it is
			}
		}
	}
}

// pickTries is how often a path may be wrong.
const pickTries = 3

// PickFile asks for a path.
func (t *terminal) PickFile(ctx context.Context, q presenter.Question) string {
	defer t.take()()
	t.listen()
	defer t.makeRaw()()
	t.say("\a%s asks you for a file of this computer.", presenter.Says(q.Name))
	if q.Twin {
		t.say("Careful: somebody else here uses the same name.")
	}
	for range pickTries {
		t.print("Type the path of the file and press Enter, just Enter for no: ")
		path := expand(t.typedLine(ctx, maxLine))
		t.say("")
		switch {
		case ctx.Err() != nil:
			t.say("No file is sent: the question is no longer open.")
			return ""
		case path == "":
			t.say("No file is sent.")
			return ""
		}
		err := transfer.Sendable(path)
		if err == nil {
			return path
		}
		t.say("%s: %v.", path, err)
	}
	t.say("No file is sent.")
	return ""
}

// expand makes a path of what a person types or drops into a terminal: quotes go, ~ is the home folder.
func expand(path string) string {
	path = strings.TrimSpace(path)
	if n := len(path); n >= 2 && (path[0] == '\'' || path[0] == '"') && path[n-1] == path[0] {
		path = path[1 : n-1]
	}
	if rest, is := strings.CutPrefix(path, "~/"); is {
		if home, err := os.UserHomeDir(); err == nil {
			return filepath.Join(home, rest)
		}
	}
	return path
}

// echo shows what is typed, which a terminal in raw mode does not.
func (t *terminal) echo(s string) {
	t.mu.Lock()
	raw := t.raw
	t.mu.Unlock()
	if raw {
		t.print(s)
	}
}

// makeRaw takes the terminal out of its line mode, so that a half line which was typed
// before the question does not become its answer. The result sets it back.
func (t *terminal) makeRaw() (restore func()) {
	fd := int(t.in.Fd())
	old, err := term.MakeRaw(fd)
	if err != nil {
		return func() {} // no terminal: a pipe
	}
	t.mu.Lock()
	t.raw = true
	t.mu.Unlock()
	return func() {
		t.mu.Lock()
		t.raw = false
		t.mu.Unlock()
		_ = term.Restore(fd, old)
	}
}

// interrupt does what Ctrl-C does in a terminal that is not in raw mode.
func interrupt() {
	if p, err := os.FindProcess(os.Getpid()); err == nil {
		_ = p.Signal(os.Interrupt)
	}
}
