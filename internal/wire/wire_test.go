package wire

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"errors"
	"flag"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "rewrite testdata/vectors")

// vector is one case that Go and JS must agree on. Value is what the bytes mean; Error
// says that they must be refused.
type vector struct {
	Name  string `json:"name"`
	Hex   string `json:"hex"`
	Value any    `json:"value,omitempty"`
	Error bool   `json:"error,omitempty"`
}

func good(name string, b []byte, value any) vector {
	return vector{Name: name, Hex: hex.EncodeToString(b), Value: value}
}

func bad(name string, b []byte) vector {
	return vector{Name: name, Hex: hex.EncodeToString(b), Error: true}
}

func cut(b []byte, n int) []byte { return b[:len(b)-n] }

type inputValue struct {
	Layout uint16
	Events []Event
}

type updateValue struct {
	Head          UpdateHead
	Packed, Blobs string // hex
}

func op(c OpCode, x, y, w, h int, rest ...byte) []byte {
	return append(AppendOpHead(nil, c, x, y, w, h), rest...)
}

func palette(n, w, h int) []byte {
	b := []byte{byte(n - 1)}
	for i := range 3 * n {
		b = append(b, byte(i))
	}
	return append(b, bytes.Repeat([]byte{0xa5}, (w*IndexBits(n)+7)/8*h)...)
}

// opsSize is the picture that ops.json is checked against.
const opsWidth, opsHeight = 100, 50

func sets() map[string][]vector {
	ack := AppendAck(nil, Ack{Captured: 0xfffefdfc, Part: 7, Took: 65535, Hidden: true})
	in := AppendInput(nil, 3, Event{Type: EventMove, X: 65535, Y: 1}, Event{Type: EventButton, Button: ButtonForward, Down: true},
		Event{Type: EventWheel, DX: -120, DY: 32767}, Event{Type: EventKey, Down: true, IsText: true, Code: "KeyQ", Text: "@"},
		Event{Type: EventText, Text: "äß€ 本 😀"})
	many := make([]Event, MaxInputEvents)
	for i := range many {
		many[i] = Event{Type: EventMove, X: i, Y: i}
	}
	cursor := AppendCursor(nil, Cursor{HotX: 1, HotY: 0, W: 2, H: 1, RGBA: []byte{1, 2, 3, 4, 5, 6, 7, 8}})
	head := UpdateHead{Layout: 2, Width: 100, Height: 50, Ops: 3, Captured: 1, Input: 2, Part: 3, Raw: 40, Packed: 4}
	upd := append(AppendUpdateHead(nil, head), 1, 2, 3, 4, 9, 9)
	edit := func(f func(*UpdateHead)) []byte {
		h := head
		f(&h)
		return append(AppendUpdateHead(nil, h), 1, 2, 3, 4, 9, 9)
	}
	key := func(code, text string) []byte {
		return AppendInput(nil, 0, Event{Type: EventKey, Code: code, Text: text})
	}
	h := Header{Kind: KindUpdate, Flags: FlagReset | FlagKey, Stream: 1, Epoch: 0xfffe, Viewer: 0x1234, Seq: 0xfffffffd}
	chunk := AppendChunk(nil, 0x0001020304050607, []byte("data"))
	return map[string][]vector{
		"clip": {
			good("text", AppendClip(nil, "a\tb\nc"), "a\tb\nc"),
			good("emoji, right to left, marks", AppendClip(nil, "👩‍💻 שלום \u200fمرحبا\u0301 \ufeff"), "👩‍💻 שלום \u200fمرحبا\u0301 \ufeff"),
			bad("empty", nil), good("too long to be sent", []byte{0}, ""), bad("too long, but something follows", []byte{0, 0}), bad("no text", []byte{1}), bad("another format", []byte{2, 'a'}),
			bad("NUL", AppendClip(nil, "a\x00")), bad("carriage return", AppendClip(nil, "a\r\n")), bad("escape", AppendClip(nil, "\x1b[201~")),
			bad("DEL", AppendClip(nil, "\x7f")), bad("C1", AppendClip(nil, "\u009b")), bad("no UTF-8", []byte{1, 0xff}), bad("a surrogate", []byte{1, 0xed, 0xa0, 0x80}),
		},
		"cleanclip": {
			good("clean", []byte("a\tb\nc 😀"), "a\tb\nc 😀"), good("line ends", []byte("a\r\nb\rc\n\rd\n"), "a\nb\nc\n\nd\n"),
			good("control characters", []byte("\x00a\x1b[31m\x07\x7f\u0085\u009bb"), "a[31mb"), good("marks of direction stay", []byte("\u200f\u202aשלום\u202c"), "\u200f\u202aשלום\u202c"),
			good("nothing left", []byte("\x00"), ""), good("a byte order mark stays", []byte("\ufeffa"), "\ufeffa"),
		},
		"point": {
			good("a place", AppendPoint(nil, &Point{Layout: 0xfffe, X: 65535, Y: 258}), &Point{Layout: 0xfffe, X: 65535, Y: 258}),
			good("the origin", make([]byte, MaxPoint), &Point{}),
			good("no more", nil, (*Point)(nil)),
			bad("cut short", make([]byte, MaxPoint-1)), bad("too long", make([]byte, MaxPoint+1)), bad("one byte", []byte{1}),
		},
		"chunk": {
			good("four bytes", chunk, chunkValue{0x0001020304050607, "64617461"}),
			good("largest", AppendChunk(nil, 0, make([]byte, MaxChunkData)), chunkValue{0, strings.Repeat("00", MaxChunkData)}),
			good("end of the largest file", AppendChunk(nil, MaxFileSize-1, []byte{1}), chunkValue{MaxFileSize - 1, "01"}),
			bad("beyond the largest file", AppendChunk(nil, MaxFileSize, []byte{1})), bad("offset that overflows", AppendChunk(nil, 1<<64-1, []byte{1, 2})),
			bad("no data", chunk[:8]), bad("cut short", chunk[:7]), bad("empty", nil), bad("too long", AppendChunk(nil, 0, make([]byte, MaxChunkData+1))),
		},
		"filename": names(),
		"header": {
			good("all fields", AppendHeader(nil, h), h),
			good("zero", make([]byte, HeaderSize), Header{}),
			bad("cut short", cut(AppendHeader(nil, h), 1)), bad("empty", nil),
		},
		"ack": {
			good("hidden, saturated", ack, Ack{Captured: 0xfffefdfc, Part: 7, Took: 65535, Hidden: true}),
			good("zero", make([]byte, AckSize), Ack{}),
			bad("cut short", cut(ack, 1)), bad("too long", append(bytes.Clone(ack), 0)),
		},
		"input": {
			good("every event", in, inputValue{3, []Event{{Type: EventMove, X: 65535, Y: 1}, {Type: EventButton, Button: ButtonForward, Down: true},
				{Type: EventWheel, DX: -120, DY: 32767}, {Type: EventKey, Down: true, IsText: true, Code: "KeyQ", Text: "@"}, {Type: EventText, Text: "äß€ 本 😀"}}}),
			good("heartbeat", AppendInput(nil, 9), inputValue{9, nil}),
			good("key up, repeat", AppendInput(nil, 1, Event{Type: EventKey, Repeat: true, Code: "F5"}), inputValue{1, []Event{{Type: EventKey, Repeat: true, Code: "F5"}}}),
			good("most events", AppendInput(nil, 0, many...), inputValue{0, many}),
			bad("one event too many", AppendInput(nil, 0, append(many[:len(many):len(many)], Event{Type: EventMove})...)),
			bad("cut in a text", cut(in, 1)), bad("no layout", []byte{1}), bad("unknown event", []byte{0, 0, 99}),
			bad("no such button", AppendInput(nil, 0, Event{Type: EventButton, Button: 4})),
			bad("code with a slash", key("../x", "")), bad("code too long", key(strings.Repeat("a", MaxCode+1), "")),
			bad("text too long", key("KeyA", strings.Repeat("a", MaxKeyText+1))), bad("text not UTF-8", key("KeyA", "\xff")),
			bad("text with NUL", key("KeyA", "\x00")), bad("surrogate", key("KeyA", "\xed\xa0\x80")),
			bad("Text too long", AppendInput(nil, 0, Event{Type: EventText, Text: strings.Repeat("a", MaxText+1)})),
		},
		"cursor": {
			good("two pixels", cursor, Cursor{HotX: 1, W: 2, H: 1, RGBA: []byte{1, 2, 3, 4, 5, 6, 7, 8}}),
			good("hidden", AppendCursor(nil, Cursor{}), Cursor{RGBA: []byte{}}),
			bad("cut short", cut(cursor, 1)), bad("too long", append(bytes.Clone(cursor), 0)), bad("hot spot outside", []byte{2, 0, 0, 0, 2, 0, 1, 0, 1, 2, 3, 4, 5, 6, 7, 8}),
			bad("too wide", append([]byte{0, 0, 0, 0, 129, 0, 1, 0}, make([]byte, 4*129)...)), bad("no height", []byte{0, 0, 0, 0, 1, 0, 0, 0}),
		},
		"update": {
			good("ops and a blob", upd, updateValue{head, "01020304", "0909"}),
			good("empty", AppendUpdateHead(nil, UpdateHead{Width: 1, Height: 1}), updateValue{Head: UpdateHead{Width: 1, Height: 1}}),
			bad("cut short", upd[:UpdateHeadSize-1]), bad("packed beyond the end", edit(func(u *UpdateHead) { u.Packed = 7 })),
			bad("huge packed", edit(func(u *UpdateHead) { u.Packed = 0xffffffff })), bad("raw over the cap", edit(func(u *UpdateHead) { u.Raw = MaxRaw + 1 })),
			bad("raw without packed", edit(func(u *UpdateHead) { u.Packed = 0 })), bad("packed without raw", edit(func(u *UpdateHead) { u.Raw = 0 })),
			bad("no width", edit(func(u *UpdateHead) { u.Width = 0 })), bad("too wide", edit(func(u *UpdateHead) { u.Width = MaxSide + 1 })),
			bad("too many pixels", edit(func(u *UpdateHead) { u.Width, u.Height = MaxSide, MaxSide })),
			bad("ops without raw", AppendUpdateHead(nil, UpdateHead{Width: 1, Height: 1, Ops: 1})),
		},
		"ops": {
			good("fill", op(OpFill, 99, 49, 1, 1, 1, 2, 3), Op{Code: OpFill, X: 99, Y: 49, W: 1, H: 1, Colours: []byte{1, 2, 3}}),
			good("copy", op(OpCopy, 1, 2, 3, 4, 97, 0, 46, 0), Op{Code: OpCopy, X: 1, Y: 2, W: 3, H: 4, SX: 97, SY: 46}),
			good("palette of 2", op(OpPalette, 0, 0, 9, 2, palette(2, 9, 2)...), Op{Code: OpPalette, W: 9, H: 2, Colours: palette(2, 9, 2)[1:7], Data: palette(2, 9, 2)[7:]}),
			good("palette of 256", op(OpPalette, 0, 0, 1, 1, palette(256, 1, 1)...), Op{Code: OpPalette, W: 1, H: 1, Colours: palette(256, 1, 1)[1:769], Data: []byte{0xa5}}),
			good("delta", op(OpDelta, 0, 0, 1, 2, 1, 2, 3, 4, 5, 6), Op{Code: OpDelta, W: 1, H: 2, Data: []byte{1, 2, 3, 4, 5, 6}}),
			good("jpeg", op(OpJPEG, 0, 0, 100, 50, 1, 2, 0, 0), Op{Code: OpJPEG, W: 100, H: 50, Blob: 513}),
			bad("empty", nil), bad("unknown", op(9, 0, 0, 1, 1)), bad("no width", op(OpFill, 0, 0, 0, 1, 1, 2, 3)),
			bad("outside", op(OpFill, 99, 0, 2, 1, 1, 2, 3)), bad("far outside", op(OpFill, 65535, 65535, 65535, 65535, 1, 2, 3)),
			bad("fill cut short", op(OpFill, 0, 0, 1, 1, 1, 2)), bad("copy from outside", op(OpCopy, 0, 0, 3, 4, 98, 0, 0, 0)),
			bad("copy cut short", op(OpCopy, 0, 0, 3, 4, 0, 0, 0)), bad("palette of 1", op(OpPalette, 0, 0, 1, 1, 0, 1, 2, 3, 0)),
			bad("palette cut in colours", op(OpPalette, 0, 0, 1, 1, 1, 1, 2, 3)), bad("palette cut in indices", cut(op(OpPalette, 0, 0, 9, 2, palette(2, 9, 2)...), 1)),
			bad("delta cut short", op(OpDelta, 0, 0, 100, 50, 1)), bad("jpeg without bytes", op(OpJPEG, 0, 0, 1, 1, 0, 0, 0, 0)), bad("huge jpeg", op(OpJPEG, 0, 0, 1, 1, 0xff, 0xff, 0xff, 0xff)),
		},
		"control": {
			good("welcome to an organisation's session", []byte(`{"type":"welcome","role":"viewer","viewer":3,"epoch":1,"resume":"r","organisation":"Example GmbH"}`),
				Control{Type: "welcome", Role: "viewer", Viewer: 3, Epoch: 1, Resume: "r", Organisation: "Example GmbH"}),
			good("welcome of a presenter", []byte(`{"type":"welcome","role":"presenter","epoch":1,"resume":"r","handover":"h"}`), Control{Type: "welcome", Role: "presenter", Epoch: 1, Resume: "r", Handover: "h"}),
			good("ask", []byte(`{"type":"ask","control":true}`), Control{Type: "ask", Control: true}),
			good("shares", []byte(`{"type":"shares","view_only":true}`), Control{Type: "shares", ViewOnly: true}),
			good("condition", []byte(`{"type":"condition","condition":"secure"}`), Control{Type: "condition", Condition: ConditionSecure}),
			good("state of a locked computer", []byte(`{"type":"state","epoch":3,"presenter":{"attached":true,"changed":false,"condition":"locked"}}`),
				Control{Type: "state", Epoch: 3, Presenter: &PresenterState{Attached: true, Condition: ConditionLocked}}),
			good("privileges", []byte(`{"type":"privileges","privileges":"user"}`), Control{Type: "privileges", Privileges: PrivilegesUser}),
			good("elevate", []byte(`{"type":"elevate"}`), Control{Type: "elevate"}),
			good("refused to be administrator", []byte(`{"type":"refused","elevate":true,"reason":"declined"}`), Control{Type: "refused", Elevate: true, Reason: ReasonDeclined}),
			good("state of an administrator", []byte(`{"type":"state","epoch":3,"presenter":{"attached":true,"changed":false,"privileges":"admin"},"viewers":[{"viewer":7,"online":true,"attach":1,"view":true,"control":true,"asking":"elevate"}]}`),
				Control{Type: "state", Epoch: 3, Presenter: &PresenterState{Attached: true, Privileges: PrivilegesAdmin},
					Viewers: []ViewerState{{Viewer: 7, Online: true, Attach: 1, View: true, Control: true, Asking: "elevate"}}}),
			bad("elevate of the wrong type", []byte(`{"type":"refused","elevate":"yes"}`)),
			good("refused by a browser", []byte(`{"type":"refused","control":true,"reason":"view_only"}`), Control{Type: "refused", Control: true, Reason: ReasonViewOnly}),
			good("state with a browser", []byte(`{"type":"state","epoch":3,"presenter":{"attached":true,"changed":false,"view_only":true}}`),
				Control{Type: "state", Epoch: 3, Presenter: &PresenterState{Attached: true, ViewOnly: true}}),
			bad("shares of the wrong type", []byte(`{"type":"shares","view_only":1}`)),
			good("hand", []byte(`{"type":"hand","viewer":7}`), Control{Type: "hand", Viewer: 7}),
			good("permission", []byte(`{"type":"grant","viewer":7,"view":true,"may":true}`), Control{Type: "grant", Viewer: 7, View: true, May: true}),
			good("state with a hand-over", []byte(`{"type":"state","viewers":[{"viewer":1,"online":true,"attach":1,"view":true,"control":true,"may":true,"asking":"hand","to":2},{"viewer":2,"online":true,"attach":1,"view":true,"control":false,"why":"gave"}]}`),
				Control{Type: "state", Viewers: []ViewerState{{Viewer: 1, Online: true, Attach: 1, View: true, Control: true, May: true, Asking: "hand", To: 2}, {Viewer: 2, Online: true, Attach: 1, View: true, Why: "gave"}}}),
			good("unknown field", []byte(`{"type":"yield","later":[1]}`), Control{Type: "yield"}),
			good("chat of a party", []byte(`{"type":"chat","text":"a\nb \"<😀>","client":"a-Z_09"}`), Control{Type: "chat", Text: "a\nb \"<😀>", Client: "a-Z_09"}),
			good("chat to a waiting viewer", []byte(`{"type":"chat","viewer":7,"text":"who are you?","client":"1"}`), Control{Type: "chat", Viewer: 7, Text: "who are you?", Client: "1"}),
			good("chat of the relay", []byte(`{"type":"chat","more":true,"lines":[{"id":4294967295,"time":1795435200123,"text":"hi","viewer":65535,"name":"Eve","waiting":65535,"client":"x"},{"id":1,"time":0,"text":"."}]}`),
				Control{Type: "chat", More: true, Lines: []ChatLine{{ID: 4294967295, Time: 1795435200123, Viewer: 65535, Name: "Eve", Waiting: 65535, Client: "x", Text: "hi"}, {ID: 1, Text: "."}}}),
			good("chat log", []byte(`{"type":"chat_log","before":17}`), Control{Type: "chat_log", Before: 17}),
			good("unsaid", []byte(`{"type":"unsaid","reason":"flood","client":"1"}`), Control{Type: "unsaid", Reason: "flood", Client: "1"}),
			good("watch", []byte(`{"type":"watch","stream":255}`), Control{Type: "watch", Stream: 255}),
			good("monitors", []byte(`{"type":"monitors","monitors":[{"stream":1,"x":0,"y":0,"w":1920,"h":1080,"name":"HDMI-1","primary":true},{"stream":255,"x":1920,"y":60,"w":1280,"h":1024}]}`),
				Control{Type: "monitors", Monitors: []Monitor{{Stream: 1, Name: "HDMI-1", W: 1920, H: 1080, Primary: true}, {Stream: 255, X: 1920, Y: 60, W: 1280, H: 1024}}}),
			good("state with monitors", []byte(`{"type":"state","epoch":3,"presenter":{"attached":true,"changed":false,"monitors":[{"stream":1,"x":0,"y":0,"w":800,"h":600,"name":"DP-1"}]},"viewers":[{"viewer":7,"online":true,"attach":1,"view":true,"control":false,"lead":true,"stream":1}]}`),
				Control{Type: "state", Epoch: 3, Presenter: &PresenterState{Attached: true, Monitors: []Monitor{{Stream: 1, Name: "DP-1", W: 800, H: 600}}},
					Viewers: []ViewerState{{Viewer: 7, Online: true, Attach: 1, View: true, Lead: true, Stream: 1}}}),
			bad("monitors not an array", []byte(`{"type":"monitors","monitors":{}}`)), bad("monitor with half a pixel", []byte(`{"type":"monitors","monitors":[{"stream":1,"x":0.5,"y":0,"w":1,"h":1}]}`)),
			bad("monitor of stream 256", []byte(`{"type":"monitors","monitors":[{"stream":256,"x":0,"y":0,"w":1,"h":1}]}`)), bad("watch -1", []byte(`{"type":"watch","stream":-1}`)),
			good("file: offer", []byte(`{"type":"file","viewer":2,"file":{"op":"offer","number":4294967295,"name":"a.txt","size":1125899906842624}}`),
				Control{Type: "file", Viewer: 2, File: &File{Op: FileOffer, Number: 4294967295, Name: "a.txt", Size: MaxFileSize}}),
			good("file: ack", []byte(`{"type":"file","file":{"op":"ack","number":1,"offset":9,"again":true}}`), Control{Type: "file", File: &File{Op: FileAck, Number: 1, Offset: 9, Again: true}}),
			good("file: done", []byte(`{"type":"file","file":{"op":"done","number":1,"sha256":"00ff"}}`), Control{Type: "file", File: &File{Op: FileDone, Number: 1, SHA256: "00ff"}}),
			good("file: cancel", []byte(`{"type":"file","file":{"op":"cancel","number":0,"reason":"reload"}}`), Control{Type: "file", File: &File{Op: FileCancel, Reason: FileReload}}),
			bad("file without an op", []byte(`{"type":"file","file":{"number":1}}`)), bad("file of a negative size", []byte(`{"type":"file","file":{"op":"offer","number":1,"size":-1}}`)),
			bad("file too large to be", []byte(`{"type":"file","file":{"op":"offer","number":1,"size":1125899906842625}}`)), bad("file's offset too large", []byte(`{"type":"file","file":{"op":"ack","number":1,"offset":1125899906842625}}`)),
			bad("file not an object", []byte(`{"type":"file","file":[]}`)),
			bad("lines not an array", []byte(`{"type":"chat","lines":{}}`)), bad("line with a negative id", []byte(`{"type":"chat","lines":[{"id":-1}]}`)),
			bad("line with a number as its text", []byte(`{"type":"chat","lines":[{"id":1,"text":1}]}`)),
			bad("no type", []byte(`{}`)), bad("not an object", []byte(`[]`)), bad("two objects", []byte(`{"type":"a"}{"type":"b"}`)),
			bad("cut short", []byte(`{"type":`)), bad("empty", nil), bad("wrong field type", []byte(`{"type":"grant","viewer":-1}`)),
		},
	}
}

func parse(set string, b []byte) (any, error) {
	switch set {
	case "clip":
		return ParseClip(b)
	case "cleanclip":
		return CleanClip(string(b)), nil
	case "point":
		return ParsePoint(b)
	case "chunk":
		offset, data, err := ParseChunk(b)
		return chunkValue{offset, hex.EncodeToString(data)}, err
	case "filename":
		return CleanFileName(string(b)), nil
	case "header":
		h, _, err := ParseHeader(b)
		return h, err
	case "ack":
		return ParseAck(b)
	case "input":
		l, ev, err := ParseInput(b, nil)
		return inputValue{l, ev}, err
	case "cursor":
		return ParseCursor(b)
	case "update":
		u, packed, blobs, err := ParseUpdate(b)
		return updateValue{u, hex.EncodeToString(packed), hex.EncodeToString(blobs)}, err
	case "ops":
		op, rest, err := NextOp(b, opsWidth, opsHeight)
		if err == nil && len(rest) != 0 {
			err = errors.New("bytes left")
		}
		return op, err
	case "control":
		return ParseControl(b)
	}
	panic(set)
}

// TestVectors holds the committed vectors, which the browser's tests read too, against
// both the table above and the parsers.
func TestVectors(t *testing.T) {
	for set, vectors := range sets() {
		path := filepath.Join("testdata", "vectors", set+".json")
		want, err := json.MarshalIndent(vectors, "", " ")
		if err != nil {
			t.Fatal(err)
		}
		if *update {
			if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(path, append(want, '\n'), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		got, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(bytes.TrimSpace(got), want) {
			t.Errorf("%s differs from the table in wire_test.go: go test ./internal/wire -update", path)
		}
		for _, v := range vectors {
			t.Run(set+"/"+v.Name, func(t *testing.T) {
				b, err := hex.DecodeString(v.Hex)
				if err != nil {
					t.Fatal(err)
				}
				value, err := parse(set, b)
				if v.Error {
					if err == nil {
						t.Fatalf("accepted as %+v", value)
					}
					return
				}
				if err != nil {
					t.Fatal(err)
				}
				if !reflect.DeepEqual(value, v.Value) {
					t.Errorf("got  %+v\nwant %+v", value, v.Value)
				}
			})
		}
	}
}

func TestMaxBodyKnowsEveryKind(t *testing.T) {
	kinds := map[Kind]int{KindUpdate: MaxUpdate, KindCursor: MaxCursor, KindPointer: 4, KindAck: 12, KindInput: MaxInput,
		KindResync: 0, KindNeedKey: 0, KindControl: MaxControl, KindChunk: MaxChunk, KindClip: MaxClip, KindPoint: 6}
	for k := range 256 {
		want, known := kinds[Kind(k)]
		if !known {
			want = -1
		}
		if got := MaxBody(Kind(k)); got != want {
			t.Errorf("MaxBody(%d) = %d, want %d", k, got, want)
		}
	}
}

func TestControlRoundTrip(t *testing.T) {
	c := Control{Type: TypeState, Epoch: 3, Presenter: &PresenterState{Name: "desk", Attached: true},
		Viewers: []ViewerState{{Viewer: 1, Name: "Eve", Online: true, View: true, Attach: 2}}}
	msg := AppendControl(nil, 3, 0, c)
	h, body, err := ParseHeader(msg)
	if err != nil || h != (Header{Kind: KindControl, Epoch: 3}) {
		t.Fatalf("header %+v, %v", h, err)
	}
	got, err := ParseControl(body)
	if err != nil || !reflect.DeepEqual(got, c) {
		t.Fatalf("got %+v, %v", got, err)
	}
	if _, err := ParseControl(bytes.Repeat([]byte(" "), MaxControl+1)); !errors.Is(err, ErrMalformed) {
		t.Fatalf("oversize control: %v", err)
	}
}

func TestTerminal(t *testing.T) {
	for code, want := range map[int]bool{1000: false, 1006: false, CloseReconnect: false, CloseProtocol: false, CloseSlow: false,
		CloseReplaced: true, CloseMoved: true, CloseEnded: true, CloseBlocked: true, CloseFull: true, 4100: false} {
		if Terminal(code) != want {
			t.Errorf("Terminal(%d) = %v", code, !want)
		}
	}
}

// FuzzParse feeds every parser with the same bytes: none may panic, and what is accepted
// must survive being written and read again.
func FuzzParse(f *testing.F) {
	for _, vectors := range sets() {
		for _, v := range vectors {
			b, _ := hex.DecodeString(v.Hex)
			f.Add(b)
		}
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		if h, _, err := ParseHeader(b); err == nil {
			if again, _, err := ParseHeader(AppendHeader(nil, h)); err != nil || again != h {
				t.Errorf("header %+v became %+v, %v", h, again, err)
			}
		}
		if a, err := ParseAck(b); err == nil {
			if again, err := ParseAck(AppendAck(nil, a)); err != nil || again != a {
				t.Errorf("ack %+v became %+v, %v", a, again, err)
			}
		}
		if l, ev, err := ParseInput(b, nil); err == nil {
			l2, again, err := ParseInput(AppendInput(nil, l, ev...), nil)
			if err != nil || l2 != l || !reflect.DeepEqual(again, ev) {
				t.Errorf("input %+v became %+v, %v", ev, again, err)
			}
		}
		if c, err := ParseCursor(b); err == nil {
			if !bytes.Equal(AppendCursor(nil, c), b) {
				t.Errorf("cursor %+v changed", c)
			}
		}
		if u, packed, blobs, err := ParseUpdate(b); err == nil {
			if again := append(append(AppendUpdateHead(nil, u), packed...), blobs...); !bytes.Equal(again, b) {
				t.Errorf("update %+v changed", u)
			}
		}
		if op, rest, err := NextOp(b, opsWidth, opsHeight); err == nil {
			if op.X+op.W > opsWidth || op.Y+op.H > opsHeight || len(rest) >= len(b) {
				t.Errorf("op %+v outside the picture or without progress", op)
			}
		}
		if c, err := ParseControl(b); err == nil {
			body := AppendControl(nil, 0, 0, c)[HeaderSize:]
			if again, err := ParseControl(body); err != nil || !reflect.DeepEqual(again, c) {
				t.Errorf("control %+v became %+v, %v", c, again, err)
			}
		}
		if text, err := ParseClip(b); err == nil && (!bytes.Equal(AppendClip(nil, text), b) || CleanClip(text) != text) {
			t.Error("clip changed")
		}
		if s := CleanClip(string(b)); CleanClip(s) != s || s != "" && len(s) <= MaxClipText && !canParseClip(s) {
			t.Errorf("%q is not clean", s)
		}
		if offset, data, err := ParseChunk(b); err == nil && !bytes.Equal(AppendChunk(nil, offset, data), b) {
			t.Error("chunk changed")
		}
		if p, err := ParsePoint(b); err == nil && !bytes.Equal(AppendPoint(nil, p), b) {
			t.Error("point changed")
		}
		if x, y, err := ParsePointer(b); err == nil && !bytes.Equal(AppendPointer(nil, x, y), b) {
			t.Error("pointer changed")
		}
	})
}
