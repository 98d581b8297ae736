package relay

import (
	"encoding/json"
	"testing"

	"pindesk/internal/wire"
)

// FuzzAnyMessages throws random messages of both roles at a feed: nothing may panic, at
// most one viewer holds control, and no queue grows beyond its cap.

func FuzzAnyMessages(f *testing.F) {
	grant, _ := json.Marshal(wire.Control{Type: wire.TypeGrant, Viewer: 2, View: true, Control: true})
	f.Add([]byte{0, byte(wire.KindControl), 0, byte(len(grant))}, grant)
	f.Add([]byte{0, byte(wire.KindUpdate), 6, 0, 0, byte(wire.KindUpdate), 1, 9, 2, byte(wire.KindAck), 0, 12}, make([]byte, 64))
	f.Fuzz(func(t *testing.T, script, body []byte) {
		h := New(Config{})
		fd := newFeed(h, "s")
		var members []*member
		for n := range uint16(4) {
			fd.mu.Lock()
			m, err := fd.attachLocked(Party{Session: "s", Viewer: n, Epoch: 1}, newFakeConn())
			fd.unlock()
			if err != nil {
				t.Fatal(err)
			}
			members = append(members, m)
		}
		for ; len(script) >= 4; script = script[4:] {
			n := min(int(script[3]), len(body))
			msg := ownMessage(append(wire.AppendHeader(nil, wire.Header{Kind: wire.Kind(script[1]), Flags: script[2], Epoch: 1, Seq: uint32(script[3])}), body[:n]...))
			head, b, _ := wire.ParseHeader(msg.b)
			if m := members[script[0]%4]; m.viewer == nil {
				fd.fromPresenter(m, head, b, msg)
			} else {
				fd.fromViewer(m, head, b, msg)
			}
			msg.release()
			controllers := 0
			for _, v := range fd.viewers {
				if v.control {
					controllers++
				}
				if v.control && !v.view || v.pic != noGrant && !v.view {
					t.Fatalf("viewer %+v sees or controls without the grant", v)
				}
				if v.unacked < 0 || v.unacked > MaxUnacked+len(msg.b) {
					t.Fatalf("viewer has %d bytes unacked", v.unacked)
				}
			}
			if controllers > 1 {
				t.Fatalf("%d viewers hold control", controllers)
			}
		}
	})
}
