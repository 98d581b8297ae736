package chat

import (
	"fmt"
	"strings"
	"time"

	"pindesk/internal/wire"
)

// Text writes lines for people: one for each, with its time in UTC and who said it. What
// follows a line break within a line is indented, and the role stands before the name, which may
// be "Ann [guest]: hello", so that no line can look like another one.
func Text(lines []wire.ChatLine) string {
	var b strings.Builder
	for _, l := range lines {
		fmt.Fprintf(&b, "%s  %s: %s\n", time.UnixMilli(l.Time).UTC().Format("2006-01-02 15:04:05"), speaker(l),
			strings.ReplaceAll(l.Text, "\n", "\n    "))
	}
	return b.String()
}

// speaker says who said a line. A name is only what somebody says of himself, so it never
// stands alone.
func speaker(l wire.ChatLine) string {
	who := "guest"
	if l.Viewer != 0 {
		who = fmt.Sprint("technician ", l.Viewer)
	}
	switch {
	case l.Waiting != 0 && l.Waiting == l.Viewer:
		who += ", not let in"
	case l.Waiting != 0:
		who += fmt.Sprint(", to technician ", l.Waiting)
	}
	if l.Name == "" {
		return "[" + who + "]"
	}
	return fmt.Sprintf("[%s] %s", who, l.Name)
}
