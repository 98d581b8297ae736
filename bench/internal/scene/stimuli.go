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
	return c.answer(o, s, nil, nil)
}

// click is input while beside the square a terminal scrolls.
func (c *canvas) click(o Options) error {
	s, err := c.square(true)
	if err != nil {
		return err
	}
	t, err := c.term(beside)
	if err != nil {
		return err
	}
	t.fill(t.rows)
	c.Focus(s)
	lines := time.NewTicker(works["scroll"].step)
	defer lines.Stop()
	return c.answer(o, s, lines.C, t.next)
}

// press is an input as it came.
type press struct {
	kind  xdraw.Input
	heard int64
	err   error
}

// answer paints the square at each press, and calls frame, which may be nil, at each tick. It
// returns when Hold does.
func (c *canvas) answer(o Options, s xdraw.Surface, tick <-chan time.Time, frame func()) error {
	if err := c.ready(o, 0); err != nil {
		return err
	}
	presses := make(chan press)
	go func() { // ends with the program: only its end closes the display
		for {
			kind, err := c.NextInput()
			presses <- press{kind, time.Now().UnixNano(), err}
			if err != nil {
				return
			}
		}
	}()
	held := make(chan error, 1)
	go func() { held <- o.Hold() }()
	for n := 0; ; {
		select {
		case err := <-held:
			return err
		case <-tick:
			frame()
		case p := <-presses:
			if errors.Is(p.err, io.EOF) {
				return errors.New("the X server has gone")
			}
			if p.err != nil {
				return p.err
			}
			colour := (n + 1) % 2
			c.paint(s, colour)
			if err := c.Sync(); err != nil {
				return err
			}
			e := Event{Kind: "input", N: n, Colour: colour, Input: string(p.kind), Heard: p.heard, At: time.Now().UnixNano()}
			if err := o.Log(e); err != nil {
				return err
			}
			n++
		}
	}
}
