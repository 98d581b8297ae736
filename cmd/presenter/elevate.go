package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"pindesk/internal/platform"
	"pindesk/internal/presenter"
)

// inheritFlag has the token behind it by which a process finds what the one that has started it as administrator has left. The
// token is no secret: see platform.Elevate.
const inheritFlag = "--inherit="

// estate is what a process leaves to the one that goes on as administrator.
type estate struct {
	Args []string `json:"args"` // of the command line
	presenter.Succession
}

// elevate returns what presenter.Config has, for a process with a command line.
func elevate(args []string) func(ctx context.Context, leave func() presenter.Succession) error {
	return func(ctx context.Context, leave func() presenter.Succession) error {
		err := platform.Elevate(ctx, inheritFlag, func() []byte { return bequeath(args, leave()) })
		if errors.Is(err, platform.ErrDeclined) {
			return presenter.ErrDeclined
		}
		return err
	}
}

func bequeath(args []string, s presenter.Succession) []byte {
	b, err := json.Marshal(estate{args, s})
	if err != nil { // strings and numbers
		panic(err)
	}
	return b
}

// inherit makes of the command line of a process that was started by elevate that of the one that has started it.
func inherit(c cli, parse func(args []string) (cli, error), read func(token string) ([]byte, error)) (cli, error) {
	if c.Inherit == "" {
		return c, nil
	}
	raw, err := read(c.Inherit)
	if err != nil {
		return cli{}, err
	}
	var e estate
	if err := json.Unmarshal(raw, &e); err != nil || e.Broker == "" || e.PIN == "" || e.Resume == "" {
		return cli{}, errors.New("what was left to this program cannot be read")
	}
	c, err = parse(e.Args)
	if err != nil || c.Inherit != "" {
		return cli{}, fmt.Errorf("what was left to this program is no command line of its own: %v", err)
	}
	c.Broker, c.PIN, c.inherit = e.Broker, e.PIN, &e.Succession
	return c, nil
}
