package main

import (
	"errors"
	"os"
	"slices"
	"testing"

	"pindesk/internal/presenter"
)

// told is a presenter that writes down what it is told.
type told struct {
	got  []string
	here []presenter.Watcher
	err  error
}

func (f *told) note(s string) error { f.got = append(f.got, s); return f.err }

func (f *told) Tell(text string, viewer uint16) error {
	return f.note("tell " + string(rune('0'+viewer)) + " " + text)
}
func (f *told) Watchers() []presenter.Watcher { return f.here }
func (f *told) TakeControl() error            { return f.note("take") }
func (f *told) SendFile(path string, viewer uint16) error {
	return f.note("send " + string(rune('0'+viewer)) + " " + path)
}
func (f *told) CancelFiles() int            { f.got = append(f.got, "cancel"); return 1 }
func (f *told) EndView(viewer uint16) error { return f.note("end " + string(rune('0'+viewer))) }

func TestCommands(t *testing.T) {
	here := []presenter.Watcher{{Viewer: 1, Name: "Eve", View: true, Control: true, May: true}, {Viewer: 2, View: true, May: true}, {Viewer: 3, Name: "Eve", Twin: true, View: true}, {Viewer: 4}}
	for line, c := range map[string]struct {
		done []string
		err  error
		says []string
	}{
		"":                   {},
		"  ":                 {},
		"/say hello you":     {done: []string{"tell 0 hello you"}},
		"/tell 7 who is it?": {done: []string{"tell 7 who is it?"}},
		"/tell x who":        {says: []string{"Write /tell"}},
		"/tell 0 who":        {says: []string{"Write /tell"}},
		"/take":              {done: []string{"take"}, says: []string{"You have taken control back"}},
		"/TAKE ":             {done: []string{"take"}, says: []string{"You have taken control back"}},
		"/take now":          {done: []string{"take"}, err: errors.New("nobody controls"), says: []string{"nothing to take back: nobody controls"}},
		"/end 2":             {done: []string{"end 2"}, says: []string{"Number 2 sees this screen no more"}},
		"/end 3 ":            {done: []string{"end 3"}, err: errors.New("no such"), says: []string{"Nothing has changed: no such"}},
		"/end":               {says: []string{"Write /end"}},
		"/end 65536":         {says: []string{"Write /end"}},
		"/who": {says: []string{"Number 1: somebody who says to be “Eve” sees this screen and CONTROLS", "Number 2: somebody without a name sees this screen and may take control",
			"Number 3: somebody who says to be “Eve” (careful", "Number 4: somebody without a name waits for your yes"}},
		"/send /tmp/a b": {done: []string{"send 0 /tmp/a b"}},
		"/send '7 days'": {done: []string{"send 0 7 days"}},
		"/send 2 /tmp/a": {done: []string{"send 0 2 /tmp/a", "send 2 /tmp/a"}, err: presenter.ErrChoose, says: []string{"Write /send, the number and the path"}},
		"/send /tmp/a":   {done: []string{"send 0 /tmp/a"}, err: errors.New("no such file"), says: []string{"Not sent: no such file."}},
		"/send":          {says: []string{"Write /send and the path"}},
		"/cancel":        {done: []string{"cancel"}},
		"/help":          {says: []string{"/who ", "/take ", "/end NUMBER ", "/say TEXT ", "/tell NUMBER TEXT ", "Ctrl-C"}},
		"hello you":      {says: []string{"That is no command", "/help"}},
		"/endless":       {says: []string{"That is no command"}},
	} {
		out, p := &shown{}, &told{here: here, err: c.err}
		obey(newTerminal(os.Stdin, out), p, line)
		if !slices.Equal(p.got, c.done) {
			t.Errorf("%q did %q, want %q", line, p.got, c.done)
		}
		for _, want := range c.says {
			if !out.has(want) {
				t.Errorf("%q: %q is not shown in %q", line, want, out.b.String())
			}
		}
	}
	out := &shown{}
	obey(newTerminal(os.Stdin, out), &told{}, "/who")
	if !out.has("Nobody is here") {
		t.Error("who is nowhere")
	}
}
