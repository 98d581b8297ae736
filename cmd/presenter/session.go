package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"runtime"
	"strings"

	"pindesk/internal/handout"
	"pindesk/internal/platform"
	"pindesk/internal/presenter"
	"pindesk/internal/transfer"
)

// brokers is the list of those that this program may talk to, set by make release; see
// handout.ParseBrokers. A build without one asks its guest.
var brokers string

// What a guest is asked to type.
const (
	askBroker = "Address of the broker"
	askPIN    = "Session PIN"
)

// guest is who is asked what a program cannot know.
type guest interface {
	presenter.Asker
	canAsk() bool
	askLine(ctx context.Context, question string) (string, error)
}

// whichSession works out the broker's address and the PIN: from what the program was called with, from
// its own file, and else from its guest.
func whichSession(ctx context.Context, known handout.Known, list handout.Brokers, g guest) (broker, pin string, err error) {
	found, err := list.Find(known)
	if err != nil {
		return "", "", err
	}
	if found.Place.Host == "" {
		typed, err := g.askLine(ctx, askBroker)
		if err != nil {
			return "", "", err
		}
		if found.Place, err = handout.Address(typed); err == nil {
			found.Place, err = list.Check(found.Place)
		}
		if err != nil {
			return "", "", err
		}
	}
	if found.Claimed {
		if !g.canAsk() {
			return "", "", fmt.Errorf("only this file's name says that the session is at %s, and there is no terminal to ask you in: say so by --broker %s", found.Place, found.Place.URL())
		}
		if !g.Ask(ctx, presenter.Question{Broker: found.Place.String()}) {
			return "", "", errNotConfirmed
		}
	}
	if found.PIN == "" {
		if found.PIN, err = g.askLine(ctx, askPIN); err != nil {
			return "", "", err
		}
	}
	return found.Place.URL(), found.PIN, nil
}

var errNotConfirmed = errors.New("not connected: you did not say yes")

// known is what this process can know of its session.
func known(c cli) handout.Known {
	k := handout.Known{Broker: c.Broker, PIN: c.PIN}
	self, err := os.Executable()
	if err != nil {
		return k // no name says nothing
	}
	k.File = filepath.Base(self)
	if runtime.GOOS == "windows" {
		k.Mark = readMark(self + ":Zone.Identifier")
	}
	return k
}

// readMark reads the alternate stream that a browser has written; nil if there is none.
func readMark(name string) []byte {
	f, err := os.Open(name)
	if err != nil {
		return nil
	}
	defer f.Close()
	mark, err := io.ReadAll(io.LimitReader(f, handout.MaxZone+1))
	if err != nil {
		return nil
	}
	return mark
}

// askLine reads a line from the terminal, or from a pipe.
func (t *terminal) askLine(ctx context.Context, question string) (string, error) {
	t.print(question + ": ")
	line, err := t.readLine(ctx)
	line = strings.TrimSpace(line)
	switch {
	case ctx.Err() != nil:
		return "", errors.New("stopped")
	case err != nil || line == "":
		return "", fmt.Errorf("nothing was typed for %q: the technician tells it to you; it can be given by --broker and --pin as well", question)
	}
	return line, nil
}

// downloads is where files go that the guest takes. They bear the system's mark of what came from elsewhere.
func downloads(log *slog.Logger) transfer.Folder {
	return transfer.Marked{Dir: transfer.Dir(platform.Downloads()), Mark: func(path string) {
		if err := platform.MarkDownload(path); err != nil {
			log.Warn("the disk keeps no mark of where a file came from", "err", err)
		}
	}}
}
