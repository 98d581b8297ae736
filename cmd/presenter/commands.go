package main

import (
	"errors"
	"fmt"
	"strconv"
	"strings"

	"pindesk/internal/presenter"
)

// sharing is what the guest's commands need of a presenter.
type sharing interface {
	Tell(text string, viewer uint16) error
	Watchers() []presenter.Watcher
	TakeControl() error
	EndView(viewer uint16) error
	SendFile(path string, viewer uint16) error
	CancelFiles() int
}

// command is one thing that the guest can type while nothing is asked.
type command struct {
	name string // with its slash
	args string // for the help; empty for none
	help string
	run  func(t *terminal, p sharing, rest string)
}

// commands are all of them, in the order of the help.
func commands() []command {
	return []command{
		{"/who", "", "shows who is here and what they may do", who},
		{"/take", "", "takes control back from whoever has it", func(t *terminal, p sharing, _ string) {
			if err := p.TakeControl(); err != nil {
				t.say("There is nothing to take back: %v.", err)
				return
			}
			t.say("You have taken control back. Nobody gets it again without asking you.")
		}},
		{"/end", "NUMBER", "stops showing this screen to one of them (/who shows the numbers)", func(t *terminal, p sharing, rest string) {
			number, ok := viewerNumber(rest)
			if !ok {
				t.say("Write /end and the number of the technician; /who shows the numbers.")
				return
			}
			if err := p.EndView(number); err != nil {
				t.say("Nothing has changed: %v.", err)
				return
			}
			t.say("Number %d sees this screen no more, and does not see it again without asking you.", number)
		}},
		{"/say", "TEXT", "says something to all who see this screen", func(t *terminal, p sharing, rest string) {
			if err := p.Tell(rest, 0); err != nil {
				t.say("Not sent: %v.", err)
			}
		}},
		{"/tell", "NUMBER TEXT", "says something to somebody whom you have not let in", func(t *terminal, p sharing, rest string) {
			first, text, _ := strings.Cut(strings.TrimSpace(rest), " ")
			number, ok := viewerNumber(first)
			if !ok {
				t.say("Write /tell, the number of the technician, and the text.")
				return
			}
			if err := p.Tell(text, number); err != nil {
				t.say("Not sent: %v.", err)
			}
		}},
		{"/send", "PATH", "sends a file to the technician", send},
		{"/cancel", "", "stops all files that are on their way", func(t *terminal, p sharing, _ string) {
			if p.CancelFiles() == 0 {
				t.say("No file is on its way.")
			}
		}},
		{"/help", "", "shows this list", func(t *terminal, _ sharing, _ string) { help(t) }},
	}
}

// obey takes a line that the guest has typed.
func obey(t *terminal, p sharing, line string) {
	name, rest, _ := strings.Cut(strings.TrimSpace(line), " ")
	if name == "" { // just Enter
		return
	}
	for _, c := range commands() {
		if c.name == strings.ToLower(name) {
			c.run(t, p, rest)
			return
		}
	}
	t.say("That is no command. To talk with the technicians write /say and your text.")
	help(t)
}

func help(t *terminal) {
	var b strings.Builder
	for _, c := range commands() {
		fmt.Fprintf(&b, "\n  %-18s %s", strings.TrimSpace(c.name+" "+c.args), c.help)
	}
	t.say("You can type:%s\n  %-18s %s", b.String(), "Ctrl-C", "stops sharing at once")
}

// send takes a path, or the number of a technician and a path.
func send(t *terminal, p sharing, rest string) {
	if strings.TrimSpace(rest) == "" {
		t.say("Write /send and the path of the file.")
		return
	}
	err := p.SendFile(expand(rest), 0)
	first, path, _ := strings.Cut(strings.TrimSpace(rest), " ")
	if number, ok := viewerNumber(first); ok && err != nil && path != "" { // a file may be called "7 days"
		err = p.SendFile(expand(path), number)
	}
	switch {
	case errors.Is(err, presenter.ErrChoose):
		t.say("Who shall get it? Write /send, the number and the path; /who shows the numbers.")
	case err != nil:
		t.say("Not sent: %v.", err)
	}
}

// who shows who is here.
func who(t *terminal, p sharing, _ string) {
	all := p.Watchers()
	if len(all) == 0 {
		t.say("Nobody is here.")
		return
	}
	for _, w := range all {
		can := "waits for your yes"
		switch {
		case w.Control:
			can = "sees this screen and CONTROLS this computer"
		case w.May:
			can = "sees this screen and may take control"
		case w.View:
			can = "sees this screen"
		}
		twin := ""
		if w.Twin {
			twin = " (careful: another one uses the same name)"
		}
		t.say("Number %d: %s%s %s.", w.Viewer, presenter.SaysInside(w.Name), twin, can)
	}
}

// viewerNumber reads a number of a viewer.
func viewerNumber(s string) (uint16, bool) {
	n, err := strconv.ParseUint(strings.TrimSpace(s), 10, 16)
	return uint16(n), err == nil && n != 0
}
