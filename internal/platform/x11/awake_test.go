//go:build linux

package x11

import (
	"testing"
	"time"

	"github.com/jezek/xgb"
	"github.com/jezek/xgb/xproto"

	"pindesk/internal/platform/xvfb"
)

// idle asks the server whether its screen saver is on, and for how long there was no input, by a request of MIT-SCREEN-SAVER.
func idle(t *testing.T, c *conn, e extension) (on bool, since time.Duration) {
	t.Helper()
	const queryInfo = 1
	b := make([]byte, 8)
	b[0], b[1] = e.major, queryInfo
	xgb.Put16(b[2:], 2)
	xgb.Put32(b[4:], uint32(c.root))
	r, err := c.send(b).Reply()
	if err != nil {
		t.Fatal(err)
	}
	return r[1] == 1, time.Duration(xgb.Get32(r[16:])) * time.Millisecond
}

// What blanks, locks and suspends a computer looks at how long it was idle: KeepAwake counts as input, and nothing else that a
// presenter does.
func TestKeepAwake(t *testing.T) {
	g := testCapturer(t, xvfb.Start(t, "64x48"))
	saver, there, err := g.c.extend("MIT-SCREEN-SAVER")
	if err != nil || !there {
		t.Fatalf("no MIT-SCREEN-SAVER: %v", err)
	}
	xproto.SetScreenSaver(g.c.x, 1, 0, xproto.BlankingPreferred, xproto.ExposuresAllowed)
	until(t, "the screen saver comes by itself", func() bool {
		if _, _, err := g.Grab(); err != nil {
			t.Fatal(err)
		}
		on, _ := idle(t, g.c, saver)
		return on
	})
	_, before := idle(t, g.c, saver)
	g.KeepAwake()
	on, after := idle(t, g.c, saver)
	if on || after >= before {
		t.Errorf("screen saver: %v, idle for %v, before %v", on, after, before)
	}
}
