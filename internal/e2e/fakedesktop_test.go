package e2e

import (
	"context"
	"math/rand/v2"
	"slices"
	"sync"
	"time"

	"pindesk/internal/presenter"
	"pindesk/internal/screen"
	"pindesk/internal/wire"
)

var (
	_ presenter.Capturer = (*fakeDesktop)(nil)
	_ presenter.Injector = (*fakeDesktop)(nil)
)

// fakeDesktop is a desktop that tests draw on, for speed; the tests in browser_test.go
// use a real one.
type fakeDesktop struct {
	changed chan struct{}

	mu       sync.Mutex
	pic      screen.Picture
	damage   []screen.Rect
	grabbed  screen.Picture
	grabs    int
	events   []wire.Event
	released int
	monitors []wire.Monitor // as the next Grab finds them
	found    []wire.Monitor // as the last one did
	watched  []screen.Rect
}

func newFakeDesktop(w, h int) *fakeDesktop {
	d := &fakeDesktop{changed: make(chan struct{}, 1)}
	d.resize(w, h)
	return d
}

func (d *fakeDesktop) signal() {
	select {
	case d.changed <- struct{}{}:
	default:
	}
}

func (d *fakeDesktop) resize(w, h int) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.pic = screen.Picture{W: w, H: h, Stride: 4 * w, Pix: make([]byte, 4*w*h)}
	for i := range d.pic.Pix {
		d.pic.Pix[i] = 0x60
	}
	d.damage = []screen.Rect{{X: 0, Y: 0, W: w, H: h}}
	d.grabbed = screen.Picture{}
	d.monitors = nil // those that were there may be outside
	d.signal()
}

// plug makes up to four monitors anywhere on the desktop, of which some may be known by their names.
func (d *fakeDesktop) plug(r *rand.Rand) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.monitors = nil
	for _, name := range r.Perm(5)[:r.IntN(5)] {
		m := wire.Monitor{Name: string(rune('A' + name)), X: r.IntN(d.pic.W - 40), Y: r.IntN(d.pic.H - 40)}
		m.W, m.H = 20+r.IntN(d.pic.W-m.X-20), 20+r.IntN(d.pic.H-m.Y-20)
		d.monitors = append(d.monitors, m)
	}
	d.signal()
}

// draw calls f with the picture and notes its rectangle as damaged.
func (d *fakeDesktop) draw(f func(p screen.Picture) screen.Rect) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.damage = append(d.damage, f(d.pic))
	d.signal()
}

// drawRandom draws one of: a rectangle of one colour, noise, a gradient, glyph-like
// dots, or moves a part of the picture.
func (d *fakeDesktop) drawRandom(r *rand.Rand) {
	d.draw(func(p screen.Picture) screen.Rect {
		q := screen.Rect{X: r.IntN(p.W), Y: r.IntN(p.H)}
		q.W, q.H = 1+r.IntN(min(200, p.W-q.X)), 1+r.IntN(min(150, p.H-q.Y))
		c := [3]byte{byte(r.Uint32()), byte(r.Uint32()), byte(r.Uint32())}
		kind := r.IntN(5)
		if kind == 4 {
			sx, sy := r.IntN(p.W-q.W+1), r.IntN(p.H-q.H+1)
			rows := make([]byte, 0, 4*q.W*q.H)
			for y := range q.H {
				o := (sy+y)*p.Stride + 4*sx
				rows = append(rows, p.Pix[o:o+4*q.W]...)
			}
			for y := range q.H {
				copy(p.Pix[(q.Y+y)*p.Stride+4*q.X:], rows[4*q.W*y:4*q.W*(y+1)])
			}
			return q
		}
		for y := q.Y; y < q.Y+q.H; y++ {
			for x := q.X; x < q.X+q.W; x++ {
				o := y*p.Stride + 4*x
				px := p.Pix[o : o+4]
				switch kind {
				case 0:
					px[0], px[1], px[2] = c[0], c[1], c[2]
				case 1:
					px[0], px[1], px[2] = byte(r.Uint32()), byte(r.Uint32()), byte(r.Uint32())
				case 2:
					px[0], px[1], px[2] = byte(x), byte(y), byte(x+y)
				case 3:
					if r.IntN(4) == 0 {
						px[0], px[1], px[2] = c[0], c[1], c[2]
					}
				}
				px[3] = byte(r.Uint32()) // undefined, and never compared
			}
		}
		return q
	})
}

// Size is not known: nothing is prepared.
func (d *fakeDesktop) Size() (w, h int) { return 0, 0 }

func (d *fakeDesktop) Monitors() []wire.Monitor {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.found
}

func (d *fakeDesktop) Watch(areas []screen.Rect) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.watched = slices.Clone(areas)
}

func (d *fakeDesktop) Changed() <-chan struct{} { return d.changed }

func (d *fakeDesktop) Grab() (screen.Picture, []screen.Rect, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.grabs++
	d.found = d.monitors
	if d.grabbed.W != d.pic.W || d.grabbed.H != d.pic.H {
		d.grabbed = screen.Picture{W: d.pic.W, H: d.pic.H, Stride: d.pic.Stride, Pix: make([]byte, len(d.pic.Pix))}
	}
	areas := d.watched
	if len(areas) == 0 {
		areas = []screen.Rect{{W: d.pic.W, H: d.pic.H}}
	}
	var damage, kept []screen.Rect
	for _, q := range d.damage {
		whole := false
		for _, a := range areas {
			if part := overlap(q, overlap(a, screen.Rect{W: d.pic.W, H: d.pic.H})); part.W > 0 { // of a picture that may have shrunk since
				damage = append(damage, part)
				whole = whole || part == q
			}
		}
		if !whole {
			kept = append(kept, q)
		}
	}
	d.damage = kept
	for _, q := range damage {
		for y := q.Y; y < q.Y+q.H; y++ {
			copy(d.grabbed.Pix[y*d.pic.Stride+4*q.X:][:4*q.W], d.pic.Pix[y*d.pic.Stride+4*q.X:])
		}
	}
	return d.grabbed, damage, nil
}

// overlap is what both rectangles cover; it may be empty.
func overlap(a, b screen.Rect) screen.Rect {
	x, y := max(a.X, b.X), max(a.Y, b.Y)
	w, h := min(a.X+a.W, b.X+b.W)-x, min(a.Y+a.H, b.Y+b.H)-y
	if w <= 0 || h <= 0 {
		return screen.Rect{}
	}
	return screen.Rect{X: x, Y: y, W: w, H: h}
}

func (d *fakeDesktop) Cursor() (wire.Cursor, uint32, error) {
	return wire.Cursor{W: 1, H: 1, RGBA: []byte{0, 0, 0, 255}}, 1, nil
}

func (d *fakeDesktop) Pointer() (int, int, error) { return 1, 1, nil }
func (d *fakeDesktop) Close() error               { return nil }

func (d *fakeDesktop) note(e wire.Event) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.events = append(d.events, e)
	return nil
}

func (d *fakeDesktop) Move(x, y int) error {
	return d.note(wire.Event{Type: wire.EventMove, X: x, Y: y})
}

func (d *fakeDesktop) Button(b wire.Button, down bool) error {
	return d.note(wire.Event{Type: wire.EventButton, Button: b, Down: down})
}

func (d *fakeDesktop) Wheel(dx, dy int) error {
	return d.note(wire.Event{Type: wire.EventWheel, DX: dx, DY: dy})
}

func (d *fakeDesktop) Key(e wire.Event) error { return d.note(e) }

func (d *fakeDesktop) Text(s string) error {
	return d.note(wire.Event{Type: wire.EventText, Text: s})
}

func (d *fakeDesktop) ReleaseAll() error {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.released++
	return nil
}

// typed returns the events so far.
func (d *fakeDesktop) typed() []wire.Event {
	d.mu.Lock()
	defer d.mu.Unlock()
	return append([]wire.Event(nil), d.events...)
}

// guest answers questions by a channel.
type guest struct {
	asked   chan presenter.Question
	answers chan bool
}

func newGuest() *guest {
	return &guest{asked: make(chan presenter.Question, 16), answers: make(chan bool)}
}

func (g *guest) Ask(ctx context.Context, q presenter.Question) bool {
	g.asked <- q
	select {
	case yes := <-g.answers:
		return yes
	case <-ctx.Done():
		return false
	}
}

// wantQuestion waits for a question.
func (g *guest) wantQuestion(fail func(...any)) presenter.Question {
	select {
	case q := <-g.asked:
		return q
	case <-time.After(waitLimit):
		fail("the guest was not asked")
		return presenter.Question{}
	}
}
