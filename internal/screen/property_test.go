package screen

import (
	"flag"
	"math/rand/v2"
	"os"
	"strconv"
	"testing"
	"time"

	"pindesk/internal/wire"
)

var (
	seedFlag = flag.Uint64("seed", 0, "run the property test with this one seed")
	timeFlag = flag.Duration("property", 5*time.Second, "how long the property test runs")
)

// testLong is set where time does not matter: the property test then runs for a minute, and
// the largest pictures are tried, too.
var testLong = os.Getenv("PINDESK_LONG") != ""

// The relay's states of a viewer.
type state int

const (
	noGrant state = iota
	needKey
	catchup
	live
)

// watcher is one viewer with the relay's queue for it.
type watcher struct {
	state   state
	queue   [][]byte
	decoder *Decoder
	slow    bool // takes its messages late
	asked   bool // a keyframe was asked for
}

// world is presenter, relay and viewers in one.
type world struct {
	t        *testing.T
	rnd      *rand.Rand
	scene    *scene
	change   func()  // lets something happen on the scene
	budget   int     // bytes of refinement of a message in still times
	screen   Picture // what the presenter captured last
	pending  []Rect  // damage that no update has taken yet
	encoder  *Encoder
	watchers []*watcher
	clock    uint32
	epoch    uint16
	copies   int
	catchUps int
}

// newWorld is one whose scene is made up.
func newWorld(t *testing.T, seed uint64) *world {
	w := emptyWorld(t, seed)
	big := w.rnd.IntN(4) == 0
	w.scene = newScene(w.rnd, w.side(big), w.side(big))
	w.change = w.drawOn
	w.populate()
	return w
}

func emptyWorld(t *testing.T, seed uint64) *world {
	w := &world{t: t, rnd: rand.New(rand.NewPCG(seed, 1)), encoder: NewEncoder(0), budget: 4000}
	w.clock = ^uint32(0) - uint32(w.rnd.IntN(2000)) // so that it wraps
	return w
}

// populate lets viewers come and the presenter attach.
func (w *world) populate() {
	for range 2 + w.rnd.IntN(3) {
		w.watchers = append(w.watchers, &watcher{decoder: NewDecoder()})
	}
	w.begin()
	if w.rnd.IntN(3) == 0 { // make the encoder split its updates
		w.encoder.limits = limits{raw: 3000, blobs: 3000, rebuilt: 4000, ops: 40}
	}
}

func (w *world) side(big bool) int {
	if big {
		return 280 + w.rnd.IntN(300)
	}
	return 1 + w.rnd.IntN(200)
}

// begin is a new attach of the presenter.
func (w *world) begin() {
	w.epoch++
	w.encoder.Begin(w.epoch)
	for _, v := range w.watchers {
		v.queue, v.asked = nil, false
		v.decoder.Begin(w.epoch)
		if v.state != noGrant {
			v.state = needKey
		}
	}
	w.pending = []Rect{{0, 0, w.scene.pic.W, w.scene.pic.H}}
}

func (w *world) held() bool {
	for _, v := range w.watchers {
		if v.state == catchup || v.state == live {
			return true
		}
	}
	return false
}

func (w *world) anyIn(s state) bool {
	for _, v := range w.watchers {
		if v.state == s {
			return true
		}
	}
	return false
}

// capture brings the presenter's picture up to date inside the damage, and only there.
func (w *world) capture() {
	damage := w.scene.take()
	if w.screen.W != w.scene.pic.W || w.screen.H != w.scene.pic.H {
		w.screen = Picture{W: w.scene.pic.W, H: w.scene.pic.H, Stride: w.scene.pic.W*4 + 12}
		w.screen.Pix = make([]byte, w.screen.Stride*w.screen.H)
		damage = []Rect{{0, 0, w.screen.W, w.screen.H}}
		w.pending = nil
	}
	for _, r := range damage {
		w.screen.copyRect(&w.scene.pic, r)
	}
	w.pending = append(w.pending, damage...)
}

func (w *world) params(budget int) Params {
	size := 0
	if w.rnd.IntN(3) == 0 { // a slow link
		size = 300 + w.rnd.IntN(8000)
	}
	return Params{Captured: w.clock, Quality: 30 + w.rnd.IntN(60), Budget: budget, Size: size}
}

// update is one turn of the presenter's loop.
func (w *world) update(budget int) bool {
	w.capture()
	if !w.held() {
		w.encoder.Sync(w.screen, w.pending)
		w.pending = nil
		return false
	}
	if w.rnd.IntN(100) == 0 { // the presenter knows no more who holds what: all get a new picture
		w.encoder.Forget()
	}
	before := w.encoder.Seq()
	msg, ok := w.encoder.Update([]byte("prefix"), w.screen, w.pending, w.params(budget))
	w.pending = nil
	w.checkShadow()
	if string(msg[:6]) != "prefix" || !ok && (len(msg) != 6 || w.encoder.Seq() != before) {
		w.t.Fatal("Update broke what was in dst, or counted without a message")
	}
	if !ok {
		return false
	}
	msg = msg[6:]
	h, u := head(w.t, msg)
	if h.Seq != before+1 || h.Epoch != w.epoch || h.Flags&wire.FlagCatchUp != 0 || u.Part != 0 || u.Layout != w.encoder.Layout() {
		w.t.Fatalf("numbered update %+v %+v after %d", h, u, before)
	}
	if h.Flags&wire.FlagKey != 0 && len(msg) > wire.MaxKeySize {
		w.t.Fatalf("resize of %d bytes", len(msg))
	}
	w.copies += w.encoder.copyOps
	for _, v := range w.watchers {
		switch {
		case h.Flags&wire.FlagKey != 0 && v.state != noGrant:
			v.queue = append(v.queue[:0], msg)
			v.state, v.asked = live, false
		case v.state == live || v.state == catchup:
			v.queue = append(v.queue, msg)
		}
	}
	return true
}

// key hands a keyframe to all that need one.
func (w *world) key() {
	if !w.held() {
		w.capture()
		w.encoder.Sync(w.screen, w.pending)
		w.pending = nil
	}
	msg := w.encoder.Keyframe(nil, w.params(0))
	h, u := head(w.t, msg)
	if len(msg) > wire.MaxKeySize || h.Flags&^(wire.FlagDone|wire.FlagExact) != wire.FlagKey|wire.FlagCatchUp || h.Seq != w.encoder.Seq() || u.Part == 0 {
		w.t.Fatalf("keyframe of %d bytes, %+v %+v", len(msg), h, u)
	}
	for _, v := range w.watchers {
		if v.state == needKey && v.asked {
			v.queue = append(v.queue[:0], msg)
			v.state, v.asked = catchup, false
			if h.Flags&wire.FlagDone != 0 {
				v.state = live
			}
		}
	}
}

// catchUp hands one message to all that are catching up.
func (w *world) catchUp(budget int) bool {
	msg, ok := w.encoder.CatchUp(nil, w.params(budget))
	if !ok {
		return false
	}
	w.catchUps++
	h, _ := head(w.t, msg)
	if h.Seq != w.encoder.Seq() || h.Flags&^(wire.FlagDone|wire.FlagExact) != wire.FlagCatchUp {
		w.t.Fatalf("catch-up %+v", h)
	}
	for _, v := range w.watchers {
		if v.state == catchup {
			v.queue = append(v.queue, msg)
			if h.Flags&wire.FlagDone != 0 {
				v.state = live
			}
		}
	}
	return true
}

// deliver hands a viewer its queue.
func (w *world) deliver(v *watcher) {
	if len(v.queue) == 0 {
		return
	}
	exact := false
	for _, msg := range v.queue {
		mustApply(w.t, v.decoder, msg)
		h, _ := head(w.t, msg)
		exact = h.Flags&wire.FlagExact != 0
	}
	v.queue = v.queue[:0]
	if v.state == live || v.state == catchup {
		w.check(v)
	}
	if shown := v.decoder.Picture(); exact && v.state == live {
		if d := firstDifference(&w.encoder.shadow, &shown); d != "" {
			w.t.Fatalf("the flag Exact is not true: %s", d)
		}
	}
}

// check compares what an up-to-date viewer shows with the shadow, but for tiles that may differ.
func (w *world) check(v *watcher) {
	e := w.encoder
	shown := v.decoder.Picture()
	if v.decoder.Seq() != e.Seq() || shown.W != e.shadow.W || shown.H != e.shadow.H {
		w.t.Fatalf("viewer is at %d, %dx%d, the encoder at %d, %dx%d", v.decoder.Seq(), shown.W, shown.H, e.Seq(), e.shadow.W, e.shadow.H)
	}
	if v.state == live && !v.decoder.Done() {
		w.t.Fatal("a live viewer never heard that it has caught up")
	}
	for t, m := range e.marks.tile {
		if m == lossyAll || m == lossyNew && v.state == catchup {
			continue
		}
		if !samePixels(&e.shadow, &shown, e.tileRect(t)) {
			w.t.Fatalf("tile %d, mark %d, state %d: viewer differs from the shadow: %s", t, m, v.state, firstDifference(&e.shadow, &shown))
		}
	}
}

// checkShadow compares what the encoder believes to have sent with what was captured.
func (w *world) checkShadow() {
	if len(w.encoder.waiting) > 0 {
		return
	}
	if d := firstDifference(&w.screen, &w.encoder.shadow); d != "" {
		w.t.Fatalf("shadow differs from the screen: %s", d)
	}
}

// drop is an overflow of a viewer's queue, or a message that it could not use.
func (w *world) drop(v *watcher) {
	v.queue = v.queue[:0]
	if v.state == live || v.state == catchup {
		v.state = needKey
	}
}

// drawOn is the change of a scene that is made up.
func (w *world) drawOn() {
	switch w.rnd.IntN(13) {
	case 0, 1, 2, 3, 4, 5, 6:
		w.scene.draw()
	case 7, 8, 9:
		w.scene.scroll()
	case 10, 11:
		w.scene.drag()
	case 12:
		if w.rnd.IntN(6) == 0 {
			big := w.rnd.IntN(4) == 0
			w.scene.size(w.side(big), w.side(big))
		}
	}
}

// step lets one random thing happen.
func (w *world) step() {
	w.clock += uint32(w.rnd.IntN(60))
	v := w.watchers[w.rnd.IntN(len(w.watchers))]
	switch w.rnd.IntN(24) {
	case 13: // joins, or loses its grant
		if v.state == noGrant {
			v.state = needKey
		} else if w.rnd.IntN(3) == 0 {
			v.state, v.asked, v.queue = noGrant, false, nil
		}
	case 14:
		w.drop(v)
	case 15:
		v.slow = !v.slow
	case 16:
		if w.rnd.IntN(12) == 0 {
			w.begin()
		}
	case 17, 18:
		w.catchUp(w.rnd.IntN(6000))
	case 19, 20, 21, 22, 23:
		// time passes
	default:
		w.change()
	}
	if v.state == needKey {
		v.asked = true
	}
	if w.encoder.shadow.W > 0 || !w.held() {
		for _, v := range w.watchers {
			if v.asked && w.rnd.IntN(3) == 0 {
				w.key()
				break
			}
		}
	}
	if w.rnd.IntN(3) > 0 {
		w.update(w.rnd.IntN(2) * w.rnd.IntN(20000))
	}
	for _, v := range w.watchers {
		if !v.slow || w.rnd.IntN(10) == 0 {
			w.deliver(v)
		} else if len(v.queue) > 6 {
			w.drop(v)
		}
	}
}

// still lets nothing change any more until all is exact.
func (w *world) still() {
	for _, v := range w.watchers {
		if v.state == noGrant {
			v.state = needKey
		}
		if v.state == needKey {
			v.asked = true
		}
	}
	if w.anyIn(needKey) {
		w.key()
	}
	for n := 0; ; n++ {
		if n > 20000 {
			w.t.Fatalf("never exact: marks %v, waiting %d", w.encoder.marks.count, len(w.encoder.waiting))
		}
		w.update(w.budget)
		w.catchUp(w.budget)
		catchUp, refine, quietIn := w.encoder.Pending(w.clock)
		if !catchUp && !refine {
			break
		}
		w.clock += quietIn
	}
	for i, v := range w.watchers {
		w.deliver(v)
		if v.state != live {
			w.t.Fatalf("viewer %d ends in state %d", i, v.state)
		}
		shown := v.decoder.Picture()
		if d := firstDifference(&w.scene.pic, &shown); d != "" {
			w.t.Fatalf("viewer %d is not exact: %s", i, d)
		}
	}
	if _, ok := w.encoder.Update(nil, w.screen, []Rect{{0, 0, w.screen.W, w.screen.H}}, w.params(9999)); ok {
		w.t.Fatal("an update of a picture in which nothing has changed")
	}
}

// TestEveryViewerIsExact replays random desktops, joins, overflows and attaches for several
// viewers and compares pixels all the time.
func TestEveryViewerIsExact(t *testing.T) {
	limit := *timeFlag
	if testLong {
		limit = max(limit, time.Minute)
	}
	if *seedFlag != 0 {
		runWorld(t, *seedFlag)
		return
	}
	start := time.Now()
	seed := uint64(1)
	copies, catchUps := 0, 0
	for ; seed <= 6 || time.Since(start) < limit; seed++ {
		t.Run(strconv.FormatUint(seed, 10), func(t *testing.T) {
			w := runWorld(t, seed)
			copies += w.copies
			catchUps += w.catchUps
		})
		if t.Failed() {
			t.Fatalf("run again with -seed=%d", seed)
		}
	}
	t.Logf("%d seeds, %d copies, %d catch-up messages", seed-1, copies, catchUps)
	if copies == 0 || catchUps == 0 {
		t.Error("the worlds are too tame: no copy or no catching up in any")
	}
}

func runWorld(t *testing.T, seed uint64) *world {
	w := newWorld(t, seed)
	for range 1 + w.rnd.IntN(4) {
		for range w.rnd.IntN(80) {
			w.step()
		}
		w.still()
	}
	return w
}
