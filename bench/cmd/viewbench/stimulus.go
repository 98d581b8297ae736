package main

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"time"

	"pindesk/bench/internal/scene"
)

// prepareTimeout bounds the drawing of the first picture on a busy machine.
const prepareTimeout = 60 * time.Second

// stimulus is a running stim.
type stimulus struct {
	cmd    *exec.Cmd
	in     io.WriteCloser
	events chan scene.Event // closed when stim has ended
	frames int              // as it announced
}

// stimulus starts stim and waits until all is drawn that its mode begins with.
func (b *bench) stimulus(ctx context.Context, mode string, args ...string) (*stimulus, error) {
	args = append([]string{"-display", b.peer.Display(), "-mode", mode}, args...)
	s := &stimulus{cmd: exec.CommandContext(ctx, filepath.Join(b.bin, "bench", "stim"), args...), events: make(chan scene.Event, 4*scene.Numbers)}
	s.cmd.Stderr = os.Stderr
	var err error
	if s.in, err = s.cmd.StdinPipe(); err != nil {
		return nil, err
	}
	out, err := s.cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := s.cmd.Start(); err != nil {
		return nil, err
	}
	go s.read(out)
	e, _, err := s.until("ready", prepareTimeout)
	if err != nil {
		s.end()
		return nil, err
	}
	s.frames = e.N
	return s, nil
}

func (s *stimulus) read(out io.Reader) {
	defer close(s.events)
	for lines := bufio.NewScanner(out); lines.Scan(); {
		var e scene.Event
		if json.Unmarshal(lines.Bytes(), &e) == nil {
			s.events <- e
		}
	}
}

func (s *stimulus) pid() int { return s.cmd.Process.Pid }

// begin lets it draw.
func (s *stimulus) begin() error {
	_, err := io.WriteString(s.in, "\n")
	return err
}

// until returns the next event of that kind and all that came before it.
func (s *stimulus) until(kind string, patience time.Duration) (scene.Event, []scene.Event, error) {
	var before []scene.Event
	late := time.After(patience)
	for {
		select {
		case e, ok := <-s.events:
			if !ok {
				return e, before, fmt.Errorf("stim ended before %q", kind)
			}
			if e.Kind == kind {
				return e, before, nil
			}
			before = append(before, e)
		case <-late:
			return scene.Event{}, before, fmt.Errorf("stim said no %q within %v", kind, patience)
		}
	}
}

// pending returns the events that have come.
func (s *stimulus) pending() (all []scene.Event) {
	for {
		select {
		case e, ok := <-s.events:
			if !ok {
				return all
			}
			all = append(all, e)
		default:
			return all
		}
	}
}

// end removes what it has drawn.
func (s *stimulus) end() {
	_ = s.in.Close() // it may have ended
	for range s.events {
	}
	_ = s.cmd.Wait() // its errors are on standard error
}
