package main

import (
	"strconv"
	"strings"

	"pindesk/internal/presenter"
)

// chat takes a line that the guest has typed: /say TEXT to those who may see the screen, /tell
// NUMBER TEXT to somebody who was not let in.
func chat(t *terminal, p *presenter.Presenter, line string) {
	command, rest, _ := strings.Cut(strings.TrimSpace(line), " ")
	var err error
	switch command {
	case "": // just Enter
		return
	case "/say":
		err = p.Tell(rest, 0)
	case "/tell":
		number, text, _ := strings.Cut(strings.TrimSpace(rest), " ")
		viewer, bad := strconv.ParseUint(number, 10, 16)
		if bad != nil || viewer == 0 {
			t.say("Write /tell, the number of the technician, and the text.")
			return
		}
		err = p.Tell(text, uint16(viewer))
	default:
		t.say("To talk with the technicians write /say and your text.")
		return
	}
	if err != nil {
		t.say("Not sent: %v.", err)
	}
}
