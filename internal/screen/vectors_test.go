package screen

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"flag"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"

	"pindesk/internal/wire"
)

var updateVectors = flag.Bool("update", false, "write the streams of internal/wire/testdata/vectors anew")

const vectorsDir = "../wire/testdata/vectors/streams"

// vector is one stream, of epoch 1 and stream 0, and what a viewer must show after it.
type vectorFile struct {
	Name     string   `json:"name"`
	Messages []string `json:"messages"` // hex
	Width    int      `json:"width"`
	Height   int      `json:"height"`
	SHA256   string   `json:"sha256"` // of width*height*3 bytes r, g, b
}

// script is a stream in the making.
type script struct {
	t    *testing.T
	s    *scene
	e    *Encoder
	now  uint32
	msgs [][]byte
}

func newScript(t *testing.T, w, h int) *script {
	s := &scene{rnd: rand.New(rand.NewPCG(4, 2))}
	s.pic.resize(w, h)
	s.each(Rect{0, 0, w, h}, func(x, y int) uint32 { return 0x3a6ea5 })
	e := NewEncoder(0)
	e.Begin(1)
	return &script{t: t, s: s, e: e}
}

// key is a catch-up keyframe of the scene, for the first viewer.
func (v *script) key() {
	v.e.Sync(v.s.pic, v.s.take())
	v.msgs = append(v.msgs, v.e.Keyframe(nil, Params{Captured: v.now}))
}

// update sends what was drawn, which must come as ops of the wanted codes only, and of all of
// them; none wanted means any.
func (v *script) update(budget int, want ...wire.OpCode) {
	v.t.Helper()
	v.now += 200
	msg, ok := v.e.Update(nil, v.s.pic, v.s.take(), Params{Captured: v.now, Input: 7, Budget: budget})
	if !ok {
		v.t.Fatal("nothing to update")
	}
	v.msgs = append(v.msgs, msg)
	v.expect(want...)
}

// expect checks the ops of the last message.
func (v *script) expect(want ...wire.OpCode) {
	v.t.Helper()
	if len(want) == 0 {
		return
	}
	seen := map[wire.OpCode]bool{}
	for _, op := range opsOf(v.t, v.msgs) {
		seen[op.Code] = true
	}
	for _, c := range want {
		if !seen[c] {
			v.t.Errorf("no op %d in the update", c)
		}
		delete(seen, c)
	}
	if len(seen) > 0 {
		v.t.Errorf("unexpected ops %v", seen)
	}
}

// opsOf returns the ops of the last of msgs.
func opsOf(t *testing.T, msgs [][]byte) (all []wire.Op) {
	t.Helper()
	d := NewDecoder()
	d.Begin(1)
	for _, m := range msgs[:len(msgs)-1] {
		mustApply(t, d, m)
	}
	h, body, _ := wire.ParseHeader(msgs[len(msgs)-1])
	u, packed, _, err := wire.ParseUpdate(body)
	if err != nil {
		t.Fatal(err)
	}
	from, catchUp := &d.stream, h.Flags&wire.FlagCatchUp != 0
	if catchUp {
		from = &d.alone
	}
	ops, err := from.unpack(packed, int(u.Raw), catchUp || h.Flags&wire.FlagReset != 0, catchUp)
	for err == nil && len(ops) > 0 {
		var op wire.Op
		if op, ops, err = wire.NextOp(ops, int(u.Width), int(u.Height)); err == nil {
			all = append(all, op)
		}
	}
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// palette draws n colours in turn.
func (v *script) palette(r Rect, n int) {
	v.s.each(r, func(x, y int) uint32 { return uint32((x*7+y*3)%n) * 0x010713 })
}

// blur makes the encoder believe that its keyframe was not exact, without a JPEG in it: not
// every test of a viewer has a JPEG decoder.
func (v *script) blur() {
	for t := range v.e.marks.tile {
		v.e.marks.set(t, lossyNew)
	}
	v.e.behind = true
}

// streams are the vectors by name.
var streams = map[string]func(v *script){
	"fill": func(v *script) {
		v.key()
		v.s.fill(Rect{3, 5, 60, 40})
		v.update(0, wire.OpFill)
	},
	"palette": func(v *script) {
		v.key()
		for i, n := range []int{2, 3, 16, 17, 192} {
			v.palette(Rect{i*64 + 1, 2, 29, 23}, n)
			v.update(0, wire.OpPalette)
		}
	},
	"delta": func(v *script) {
		v.key()
		v.s.noise(Rect{33, 33, 31, 9})
		v.s.gradient(Rect{100, 40, 28, 23})
		v.update(0, wire.OpDelta)
	},
	"copy-down":  func(v *script) { v.scrolled(0, 40) },
	"copy-up":    func(v *script) { v.scrolled(0, -40) },
	"copy-left":  func(v *script) { v.scrolled(-40, 0) },
	"copy-right": func(v *script) { v.scrolled(40, 0) },
	"one-compressor": func(v *script) {
		v.key()
		for i := range 12 {
			v.s.text(Rect{10 + i*9, 20, 8, 14})
			v.update(0)
		}
	},
	"keyframe-then-reset": func(v *script) {
		v.key()
		v.s.text(Rect{0, 0, 100, 60})
		v.update(0, wire.OpPalette)
		v.msgs = append(v.msgs, v.e.Keyframe(nil, Params{}))
		v.s.text(Rect{50, 50, 100, 60})
		v.update(0, wire.OpPalette)
		v.s.text(Rect{90, 10, 40, 60})
		v.update(0, wire.OpPalette)
	},
	"resize": func(v *script) {
		v.key()
		v.s.text(Rect{0, 0, 100, 60})
		v.update(0, wire.OpPalette)
		old := v.s.pic
		v.s.pic = Picture{}
		v.s.pic.resize(401, 127)
		v.s.each(Rect{0, 0, 401, 127}, func(x, y int) uint32 { return uint32(x / 40 * 0x0a0b0c) })
		v.s.pic.copyRect(&old, Rect{0, 0, 200, 100})
		v.update(0, wire.OpFill, wire.OpPalette)
		v.s.text(Rect{300, 50, 90, 70})
		v.update(0, wire.OpPalette)
	},
	"catch-up": func(v *script) {
		v.s.gradient(Rect{40, 40, 50, 40})
		v.s.text(Rect{0, 0, 100, 60})
		v.key()
		v.blur()
		for {
			msg, ok := v.e.CatchUp(nil, Params{Budget: 5000})
			if !ok {
				break
			}
			v.msgs = append(v.msgs, msg)
		}
		v.s.text(Rect{50, 50, 100, 60})
		v.update(0, wire.OpPalette)
	},
	"done": func(v *script) {
		v.key()
		v.blur()
		v.s.fill(Rect{0, 0, 320, 240})
		v.update(0, wire.OpFill)
		msg, ok := v.e.CatchUp(nil, Params{Budget: 100_000})
		if h, u := head(v.t, msg); !ok || h.Flags&wire.FlagDone == 0 || u.Raw != 0 {
			v.t.Errorf("not an empty Done: %+v %+v", h, u)
		}
		v.msgs = append(v.msgs, msg)
	},
	"jpeg-then-exact": func(v *script) {
		v.key()
		v.s.gradient(Rect{20, 20, 200, 150})
		v.update(0)
		if n := v.e.marks.count[lossyAll]; n == 0 {
			v.t.Error("no JPEG")
		}
		for v.e.marks.count[lossyAll] > 0 {
			v.update(6000)
		}
	},
}

// scrolled moves nearly the whole picture and expects overlapping copies.
func (v *script) scrolled(dx, dy int) {
	v.s.text(Rect{0, 0, 320, 240})
	v.key()
	v.s.move(Rect{0, 0, 320, 240}, dx, dy)
	v.now += 33
	msg, _ := v.e.Update(nil, v.s.pic, v.s.take(), Params{Captured: v.now})
	v.msgs = append(v.msgs, msg)
	overlap := false
	for _, op := range opsOf(v.t, v.msgs) {
		overlap = overlap || op.Code == wire.OpCopy && op.X-op.SX == dx && op.Y-op.SY == dy &&
			Rect{op.X, op.Y, op.W, op.H}.overlaps(Rect{op.SX, op.SY, op.W, op.H})
	}
	if !overlap {
		v.t.Error("no overlapping copy")
	}
}

// hashOf is the SHA-256 of p as r, g, b.
func hashOf(p Picture) string {
	h := sha256.New()
	for y := range p.H {
		row := p.row(0, y, p.W)
		for i := 0; i < len(row); i += 4 {
			h.Write([]byte{row[i+2], row[i+1], row[i]})
		}
	}
	return hex.EncodeToString(h.Sum(nil))
}

// TestVectors checks that the committed streams still decode to what they say, and that the
// encoder, run twice, says the same twice and the truth. With -update it writes them.
func TestVectors(t *testing.T) {
	for name, run := range streams {
		t.Run(name, func(t *testing.T) {
			v, again := newScript(t, 320, 240), newScript(t, 320, 240)
			run(v)
			run(again)
			if len(v.msgs) != len(again.msgs) {
				t.Fatal("not deterministic")
			}
			out := vectorFile{Name: name, Width: v.s.pic.W, Height: v.s.pic.H, SHA256: hashOf(v.s.pic)}
			for i, m := range v.msgs {
				if !bytes.Equal(m, again.msgs[i]) {
					t.Fatalf("message %d is not deterministic", i)
				}
				out.Messages = append(out.Messages, hex.EncodeToString(m))
			}
			checkVector(t, out)
			file := filepath.Join(vectorsDir, name+".json")
			if *updateVectors {
				b, err := json.MarshalIndent(out, "", " ")
				if err != nil {
					t.Fatal(err)
				}
				if err := os.MkdirAll(vectorsDir, 0o755); err != nil {
					t.Fatal(err)
				}
				if err := os.WriteFile(file, append(b, '\n'), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			b, err := os.ReadFile(file)
			if err != nil {
				t.Fatalf("%v (write it with go test ./internal/screen -run Vectors -update)", err)
			}
			var committed vectorFile
			if err := json.Unmarshal(b, &committed); err != nil {
				t.Fatal(err)
			}
			checkVector(t, committed)
		})
	}
}

func checkVector(t *testing.T, v vectorFile) {
	t.Helper()
	d := NewDecoder()
	d.Begin(1)
	for i, s := range v.Messages {
		m, err := hex.DecodeString(s)
		if err != nil {
			t.Fatal(err)
		}
		if res, err := d.Apply(m); err != nil || res.Verdict != Applied {
			t.Fatalf("message %d: verdict %d, %v", i, res.Verdict, err)
		}
	}
	p := d.Picture()
	if p.W != v.Width || p.H != v.Height || hashOf(p) != v.SHA256 {
		t.Errorf("decodes to %dx%d %s, not to %dx%d %s", p.W, p.H, hashOf(p), v.Width, v.Height, v.SHA256)
	}
	if !d.Done() {
		t.Error("never done")
	}
}
