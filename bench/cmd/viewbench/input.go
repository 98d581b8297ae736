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

// input measures round trips: DevTools presses a button or key in the page, the X client
// changes the square's colour, the page shows it.
func (b *bench) input(ctx context.Context) error {
	s, err := b.stimulus(ctx, "input")
	if err != nil {
		return err
	}
	defer s.end()
	if err := s.begin(); err != nil {
		return err
	}
	time.Sleep(settle / 2)
	hand, err := b.hand()
	if err != nil {
		return err
	}
	// The first click gives the viewer the keyboard.
	if err := hand.mouse(b, input.DispatchMouseEventTypeMouseMoved); err != nil {
		return err
	}
	if err := hand.click(b); err != nil {
		return err
	}
	time.Sleep(time.Second)
	m := b.meter(s)
	in := &result.Input{}
	if in.Mouse, err = b.trips(s, "button", hand.click); err != nil {
		return err
	}
	if in.Key, err = b.trips(s, "key", hand.key); err != nil {
		return err
	}
	in.Load = m.Stop()
	b.result.Input = in
	return b.browser.Run("__probe.start('off')")
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
func (b *bench) trips(s *stimulus, kind string, press func(*bench) error) (result.Trip, error) {
	s.pending()
	if err := b.browser.Run("__probe.start('flip')"); err != nil {
		return result.Trip{}, err
	}
	time.Sleep(300 * time.Millisecond)
	r := rand.New(rand.NewPCG(5, 5))
	for range b.samples / 2 {
		if err := press(b); err != nil {
			return result.Trip{}, err
		}
		time.Sleep(400*time.Millisecond + time.Duration(r.Int64N(int64(300*time.Millisecond))))
	}
	time.Sleep(time.Second)
	notes, err := b.browser.Notes()
	if err != nil {
		return result.Trip{}, err
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
	return trip(pressed, heard, match(heard, notes.Flips, correction)), nil
}

// trip pairs each event in the page with the X event that it caused, which came before the
// next event in the page, and with the time at which its change was seen (NaN: never).
func trip(pressed []float64, heard []scene.Event, seen []float64) result.Trip {
	var round, up, back []float64
	lost, k := 0, 0
	for i, at := range pressed {
		limit := math.Inf(1)
		if i+1 < len(pressed) {
			limit = pressed[i+1]
		}
		arrived := func() float64 { return float64(heard[k].Heard) / 1e6 }
		for k < len(heard) && arrived() < at-1 {
			k++
		}
		if k >= len(heard) || arrived() > limit || math.IsNaN(seen[k]) {
			lost++
			continue
		}
		round = append(round, seen[k]-at)
		up = append(up, arrived()-at)
		back = append(back, seen[k]-heard[k].Milliseconds())
		k++
	}
	return result.Trip{Round: result.Sum(round, lost), Up: result.Sum(up, 0), Down: result.Sum(back, 0)}
}
