package scene

import (
	"errors"
	"io"
	"time"

	"pindesk/bench/internal/xdraw"
)

// square makes the window that flips.
func (c *canvas) square(inputs bool) (xdraw.Surface, error) {
	s, err := c.Window(Square.Min.X, Square.Min.Y, Square.Dx(), Square.Dy(), nil, inputs)
	if err == nil {
		err = c.Sync()
	}
	c.paint(s, 0)
	return s, err
}

func (c *canvas) paint(s xdraw.Surface, colour int) {
	c.Fill(s, Colours[colour], 0, 0, Square.Dx(), Square.Dy())
}

// flip changes the square's colour at random times, 200 to 600 ms apart: so that no rate of
// the screen, the page or the viewer can fall into step with it.
func (c *canvas) flip(o Options) error {
	s, err := c.square(false)
	if err != nil {
		return err
	}
	if err := c.ready(o, o.Flips); err != nil {
		return err
	}
	for i := range o.Flips {
		time.Sleep(200*time.Millisecond + time.Duration(c.random.Int64N(int64(400*time.Millisecond))))
		colour := (i + 1) % 2
		c.paint(s, colour)
		if err := c.Sync(); err != nil {
			return err
		}
		if err := o.Log(Event{Kind: "flip", N: i, Colour: colour, At: time.Now().UnixNano()}); err != nil {
			return err
		}
	}
	time.Sleep(600 * time.Millisecond) // the last one must be seen, too
	return nil
}

// input changes the square's colour at each press of a key or button, until Hold returns.
func (c *canvas) input(o Options) error {
	s, err := c.square(true)
	if err != nil {
		return err
	}
	c.Focus(s)
	if err := c.ready(o, 0); err != nil {
		return err
	}
	failed := make(chan error, 1)
	go func() { failed <- c.answer(o, s) }()
	held := make(chan error, 1)
	go func() { held <- o.Hold() }()
	select {
	case err := <-failed:
		return err
	case err := <-held:
		return err
	}
}

func (c *canvas) answer(o Options, s xdraw.Surface) error {
	for n := 0; ; n++ {
		kind, err := c.NextInput()
		if errors.Is(err, io.EOF) {
			return errors.New("the X server has gone")
		}
		if err != nil {
			return err
		}
		heard := time.Now().UnixNano()
		colour := (n + 1) % 2
		c.paint(s, colour)
		if err := c.Sync(); err != nil {
			return err
		}
		e := Event{Kind: "input", N: n, Colour: colour, Input: string(kind), Heard: heard, At: time.Now().UnixNano()}
		if err := o.Log(e); err != nil {
			return err
		}
	}
}
