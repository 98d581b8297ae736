package main

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"time"

	"github.com/chromedp/cdproto/input"

	"pindesk/bench/internal/browser"
	"pindesk/bench/internal/result"
	"pindesk/bench/internal/scene"
)

// click measures round trips of mouse presses while a terminal beside scrolls, and whether
// they grow with time.
func (b *bench) click(ctx context.Context) error {
	s, hand, err := b.square(ctx, "click")
	if err != nil {
		return err
	}
	defer s.end()
	m := b.meter(s)
	t, err := b.trips(s, "button", b.samples, hand.click)
	if err != nil {
		return err
	}
	half := len(t.all) / 2
	b.result.Click = &result.Click{Trip: t.sums(), First: result.Sum(rounds(t.all[:half]), 0), Second: result.Sum(rounds(t.all[half:]), 0), Load: m.Stop()}
	return b.browser.Run("__probe.start('off')")
}

// input measures round trips: DevTools presses a button or key in the page, the X client
// changes the square's colour, the page shows it.
func (b *bench) input(ctx context.Context) error {
	s, hand, err := b.square(ctx, "input")
	if err != nil {
		return err
	}
	defer s.end()
	m := b.meter(s)
	mouse, err := b.trips(s, "button", b.samples/2, hand.click)
	if err != nil {
		return err
	}
	key, err := b.trips(s, "key", b.samples/2, hand.key)
	if err != nil {
		return err
	}
	b.result.Input = &result.Input{Mouse: mouse.sums(), Key: key.sums(), Load: m.Stop()}
	return b.browser.Run("__probe.start('off')")
}

// square shows a stimulus with the square that answers to presses, and gives the viewer the
// keyboard.
func (b *bench) square(ctx context.Context, mode string) (*stimulus, hand, error) {
	s, err := b.stimulus(ctx, mode)
	if err != nil {
		return nil, hand{}, err
	}
	h, err := b.focus(s)
	if err != nil {
		s.end()
		return nil, hand{}, err
	}
	return s, h, nil
}

func (b *bench) focus(s *stimulus) (hand, error) {
	if err := s.begin(); err != nil {
		return hand{}, err
	}
	time.Sleep(settle / 2)
	h, err := b.hand()
	if err != nil {
		return hand{}, err
	}
	if err := h.mouse(b, input.DispatchMouseEventTypeMouseMoved); err != nil {
		return hand{}, err
	}
	if err := h.click(b); err != nil {
		return hand{}, err
	}
	time.Sleep(time.Second)
	return h, nil
}

// hand presses things at a place in the page.
type hand struct{ x, y float64 }

// hand is over the square, but not over the pixel that the probe reads.
func (b *bench) hand() (hand, error) {
	p, err := b.browser.Place()
	if err != nil {
		return hand{}, err
	}
	spot := scene.Square.Min.Add(scene.Square.Max).Div(2)
	return hand{
		p.Left + float64(spot.X+10)*p.ShownWidth/scene.Width,
		p.Top + float64(spot.Y+10)*p.ShownHeight/scene.Height,
	}, nil
}

func (h hand) mouse(b *bench, kind input.DispatchMouseEventType) error {
	p := input.DispatchMouseEventParams{Type: kind, X: h.x, Y: h.y}
	if kind != input.DispatchMouseEventTypeMouseMoved {
		p.Button, p.ClickCount = input.MouseButtonLeft, 1
	}
	_, err := browser.Call(b.browser, input.DispatchMouseEvent, p)
	return err
}

// down is how long a button or key is held.
const down = 30 * time.Millisecond

func (h hand) click(b *bench) error {
	if err := h.mouse(b, input.DispatchMouseEventTypeMousePressed); err != nil {
		return err
	}
	time.Sleep(down)
	return h.mouse(b, input.DispatchMouseEventTypeMouseReleased)
}

func (h hand) key(b *bench) error {
	p := input.DispatchKeyEventParams{Type: input.DispatchKeyEventTypeKeyDown, Text: "a", Key: "a", Code: "KeyA",
		WindowsVirtualKeyCode: 65, NativeVirtualKeyCode: 65}
	if _, err := browser.Call(b.browser, input.DispatchKeyEvent, p); err != nil {
		return err
	}
	time.Sleep(down)
	p.Type, p.Text = input.DispatchKeyEventTypeKeyUp, ""
	_, err := browser.Call(b.browser, input.DispatchKeyEvent, p)
	return err
}

// trips presses n times, 400 to 700 ms apart, and takes the times.
func (b *bench) trips(s *stimulus, kind string, n int, press func(*bench) error) (trips, error) {
	s.pending()
	if err := b.browser.Run("__probe.start('flip')"); err != nil {
		return trips{}, err
	}
	time.Sleep(300 * time.Millisecond)
	r := rand.New(rand.NewPCG(5, 5))
	for range n {
		if err := press(b); err != nil {
			return trips{}, err
		}
		time.Sleep(400*time.Millisecond + time.Duration(r.Int64N(int64(300*time.Millisecond))))
	}
	time.Sleep(time.Second)
	notes, err := b.browser.Notes()
	if err != nil {
		return trips{}, err
	}
	correction := b.correction()
	var heard []scene.Event
	for _, e := range s.pending() {
		if e.Kind == "input" && e.Input == kind {
			heard = append(heard, e)
		}
	}
	var pressed []float64
	for _, p := range notes.Inputs {
		if at, ok := p[1].(float64); ok && p[0] == kind {
			pressed = append(pressed, at-correction)
		}
	}
	if len(heard) != len(pressed) {
		b.failed("input", fmt.Errorf("%d %s events in the page, %d in X", len(pressed), kind, len(heard)))
	}
	return pair(pressed, heard, match(heard, notes.Flips, correction)), nil
}

// trip is one round trip and its two halves, in ms.
type trip struct{ round, up, down float64 }

// trips are those that came to their end, in order, and how many did not.
type trips struct {
	all  []trip
	lost int
}

// pair pairs each event in the page with the X event that it caused, which came before the
// next event in the page, and with the time at which its change was seen (NaN: never). Where
// the way up is longer than the time between two events the page's next one comes first: so
// each X event is taken for the oldest event in the page that still has none, if both are as many.
func pair(pressed []float64, heard []scene.Event, seen []float64) (t trips) {
	k := 0
	for i, at := range pressed {
		limit := math.Inf(1)
		if i+1 < len(pressed) && len(pressed) != len(heard) {
			limit = pressed[i+1]
		}
		arrived := func() float64 { return float64(heard[k].Heard) / 1e6 }
		for k < len(heard) && arrived() < at-1 {
			k++
		}
		if k >= len(heard) || arrived() > limit {
			t.lost++
			continue
		}
		if math.IsNaN(seen[k]) {
			t.lost++
			if len(pressed) == len(heard) {
				k++
			}
			continue
		}
		t.all = append(t.all, trip{seen[k] - at, arrived() - at, seen[k] - heard[k].Milliseconds()})
		k++
	}
	return t
}

func (t trips) sums() result.Trip {
	var up, down []float64
	for _, one := range t.all {
		up, down = append(up, one.up), append(down, one.down)
	}
	return result.Trip{Round: result.Sum(rounds(t.all), t.lost), Up: result.Sum(up, 0), Down: result.Sum(down, 0)}
}

func rounds(all []trip) (list []float64) {
	for _, one := range all {
		list = append(list, one.round)
	}
	return list
}
