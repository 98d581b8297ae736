package relay

import (
	"encoding/json"
	"testing"

	"pindesk/internal/wire"
)

// FuzzAnyMessages throws random messages of both roles at a feed: nothing may panic, at
// most one viewer holds control, no queue grows beyond its cap, only clean lines are stored, and
// who was never let in reads nothing but its own talk with the guest.

func FuzzAnyMessages(f *testing.F) {
	grant, _ := json.Marshal(wire.Control{Type: wire.TypeGrant, Viewer: 2, View: true, Control: true})
	f.Add([]byte{0, byte(wire.KindControl), 0, byte(len(grant))}, grant)
	f.Add([]byte{0, byte(wire.KindUpdate), 6, 0, 0, byte(wire.KindUpdate), 1, 9, 2, byte(wire.KindAck), 0, 12}, make([]byte, 64))
	say, _ := json.Marshal(wire.Control{Type: wire.TypeChat, Text: "hi", Client: "1"})
	f.Add([]byte{1, byte(wire.KindControl), 0, byte(len(say)), 0, byte(wire.KindControl), 0, byte(len(say))}, say)
	tell, _ := json.Marshal(wire.Control{Type: wire.TypeChat, Text: "hi", Client: "1", Viewer: 3})
	f.Add([]byte{0, byte(wire.KindControl), 0, byte(len(tell))}, tell)
	log, _ := json.Marshal(wire.Control{Type: wire.TypeChatLog, Before: 9})
	f.Add([]byte{2, byte(wire.KindControl), 0, byte(len(log))}, log)
	list, _ := json.Marshal(wire.Control{Type: wire.TypeMonitors, Monitors: []wire.Monitor{{Stream: 1, W: 8, H: 8}, {Stream: 3, X: 8, W: 8, H: 8}}})
	f.Add([]byte{0, byte(wire.KindControl), 0, byte(len(list)), 0, byte(wire.KindUpdate), 0x46, 0, 1, byte(wire.KindAck), 0xc0, 12}, list)
	watch, _ := json.Marshal(wire.Control{Type: wire.TypeWatch, Stream: 3})
	share := []byte(`{"type":"clipboard","clipboard":"both"}`)
	f.Add([]byte{0, byte(wire.KindControl), 0, byte(len(share)), 0, byte(wire.KindClip), 0, 5, 2, byte(wire.KindClip), 0, 5}, share)
	hand := []byte(`{"type":"hand","viewer":2}`)
	f.Add([]byte{2, byte(wire.KindControl), 0, byte(len(hand)), 1, byte(wire.KindControl), 0, byte(len(hand))}, hand)
	f.Add([]byte{2, byte(wire.KindControl), 0, byte(len(watch)), 2, byte(wire.KindResync), 0xc0, 0}, watch)
	offer, _ := json.Marshal(wire.Control{Type: wire.TypeFile, Viewer: 2, File: &wire.File{Op: wire.FileOffer, Number: 1, Name: "x", Size: 9}})
	f.Add([]byte{0, byte(wire.KindControl), 0, byte(len(offer)), 2, byte(wire.KindControl), 0, byte(len(offer)), 2, byte(wire.KindChunk), 0, 20}, offer)
	browser := []byte(`{"type":"shares","view_only":true}`)
	f.Add([]byte{0, byte(wire.KindControl), 0, byte(len(browser)), 1, byte(wire.KindPoint), 0, 6, 2, byte(wire.KindPoint), 0xc0, 0}, browser)
	user := []byte(`{"type":"privileges","privileges":"user"}`)
	f.Add([]byte{0, byte(wire.KindControl), 0, byte(len(user)), 1, byte(wire.KindControl), 0, 18}, user)
	elevate := []byte(`{"type":"elevate","elevate":true}`)
	f.Add([]byte{2, byte(wire.KindControl), 0, byte(len(elevate)), 0, byte(wire.KindControl), 0, byte(len(elevate))}, elevate)
	f.Fuzz(func(t *testing.T, script, body []byte) {
		chat := &fakeChat{by: map[string]uint32{}}
		h := New(Config{Chat: chat})
		letIn := map[uint16]bool{}
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
		fd.mu.Lock()
		fd.monitorsLocked([]wire.Monitor{{Stream: 1, W: 8, H: 8}, {Stream: 2, X: 8, W: 8, H: 8}})
		fd.unlock()
		for ; len(script) >= 4; script = script[4:] {
			n := min(int(script[3]), len(body))
			msg := ownMessage(append(wire.AppendHeader(nil, wire.Header{Kind: wire.Kind(script[1]), Flags: script[2], Stream: script[2] >> 6, Epoch: 1, Seq: uint32(script[3])}), body[:n]...))
			head, b, _ := wire.ParseHeader(msg.b)
			if m := members[script[0]%4]; m.viewer == nil {
				fd.fromPresenter(m, head, b, msg)
			} else {
				fd.fromViewer(m, head, b, msg)
			}
			msg.release()
			controllers := 0
			fd.mu.Lock()
			for _, v := range fd.viewers {
				if v.control {
					controllers++
				}
				if v.asking == asksElevate && (!v.control || v.member == nil) {
					t.Fatalf("viewer %+v wishes for what only who controls may", v)
				}
				if fd.viewOnly && (v.control || v.may) {
					t.Fatalf("viewer %+v controls a browser", v)
				}
				letIn[v.number] = letIn[v.number] || v.view
				if v.control && !v.view || v.pic != noGrant && !v.view {
					t.Fatalf("viewer %+v sees or controls without the grant", v)
				}
				if fd.streamLocked(v.stream.number()) != v.stream {
					t.Fatalf("viewer %+v watches what is not listed", v)
				}
				for _, it := range v.member.out.items[v.member.out.head:] {
					if it.kind == wire.KindUpdate && it.msg.b[2] != v.stream.number() {
						t.Fatalf("viewer of stream %d has an update of %d before it", v.stream.number(), it.msg.b[2])
					}
				}
				if v.member.out.spare < 0 || v.member.out.spare > maxChunks {
					t.Fatalf("%d bytes of files wait for a viewer", v.member.out.spare)
				}
				if v.unacked < 0 || v.unacked > MaxUnacked+2*(wire.HeaderSize+len(body)) {
					t.Fatalf("viewer has %d bytes unacked", v.unacked)
				}
			}
			fd.mu.Unlock()
			if controllers > 1 {
				t.Fatalf("%d viewers hold control", controllers)
			}
		}
		h.Wait()
		for _, l := range chat.lines {
			if wire.CleanChat(l.Text) != l.Text || l.Text == "" || !wire.ValidChatClient(l.Client) || l.Viewer > 3 || l.Waiting > 3 || l.Viewer != 0 && l.Waiting != 0 && l.Waiting != l.Viewer {
				t.Fatalf("stored %+v", l)
			}
		}
		for _, m := range members {
			for _, it := range m.out.items[m.out.head:] {
				_, b, _ := wire.ParseHeader(it.msg.b)
				c, err := wire.ParseControl(b)
				if it.kind != wire.KindControl || err != nil {
					continue
				}
				for _, l := range c.Lines {
					if n := m.party.Viewer; n != 0 && !letIn[n] && l.Waiting != n {
						t.Fatalf("viewer %d was never let in and reads %+v", n, l)
					}
				}
			}
		}
	})
}
