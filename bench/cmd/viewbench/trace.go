package main

import (
	"bufio"
	"errors"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"pindesk/bench/internal/result"
	"pindesk/bench/internal/scene"
	"pindesk/bench/internal/wiretap"
	"pindesk/internal/wire"
)

// trace is what is noted of the way of updates in a traced run.
type trace struct {
	sent wiretap.Tap // from the presenter to the broker
	came wiretap.Tap // from the broker to the page, and its acks
}

// presenter and viewer are countproxy.Taps.
func (t *trace) presenter() (down, up func([]byte)) { return nil, t.sent.Stream() }
func (t *trace) viewer() (down, up func([]byte))    { return t.came.Stream(), t.came.Stream() }

// grab is a capture, as the presenter's log has it, in ms.
type grab struct{ began, took float64 }

// stages takes apart the flips that were seen. Times are ms; seen is NaN where it was not.
func (b *bench) stages(drawn []scene.Event, seen []float64) ([]result.Stage, error) {
	grabs, err := readGrabs(b.work)
	if err != nil {
		return nil, err
	}
	parts := []struct {
		name string
		ms   []float64
	}{
		{"until the capture begins", nil}, {"capture", nil}, {"encode and send", nil}, {"broker", nil},
		{"delivery in the browser", nil}, {"decode and paint", nil}, {"wait for the page's frame", nil},
	}
	for i, d := range drawn {
		if math.IsNaN(seen[i]) {
			continue
		}
		times, ok := b.trace.way(grabs, d.Milliseconds(), seen[i])
		if !ok {
			continue
		}
		for k, ms := range times {
			parts[k].ms = append(parts[k].ms, ms)
		}
	}
	var stages []result.Stage
	for _, p := range parts {
		stages = append(stages, result.Stage{Name: p.name, Stats: result.Sum(p.ms, len(drawn)-len(p.ms))})
	}
	return stages, nil
}

// way is what the parts of one change took, from its drawing until it was seen. The change is in
// the first update whose capture began after it was drawn, or shortly before that was confirmed.
func (t *trace) way(grabs []grab, drawn, seen float64) (parts [7]float64, ok bool) {
	for _, sent := range t.sent.Messages(wire.KindUpdate) {
		left := ms(sent.At)
		i, _ := slices.BinarySearchFunc(grabs, left, func(g grab, at float64) int {
			if g.began <= at {
				return -1
			}
			return 1
		})
		if left < drawn || i == 0 || grabs[i-1].began < drawn-early {
			continue
		}
		g := grabs[i-1]
		came, is := find(t.came.Messages(wire.KindUpdate), sent.Head)
		ack, acked := firstAck(t.came.Messages(wire.KindAck), sent.Head)
		if !is || !acked || ms(ack.At) > seen+early {
			return parts, false
		}
		work := float64(ack.Ack.Took) / 10
		return [7]float64{g.began - drawn, g.took, left - g.began - g.took, ms(came.At) - left,
			ms(ack.At) - ms(came.At) - work, work, seen - ms(ack.At)}, true
	}
	return parts, false
}

// sharp is the time in ms from the last change to the ack of the update after which everything
// was exact, 0 if there was none.
func (t *trace) sharp(last float64) float64 {
	updates := t.came.Messages(wire.KindUpdate)
	var exact *wiretap.Message
	for i := range slices.Backward(updates) {
		u := &updates[i]
		if ms(u.At) < last || u.Head.Flags&wire.FlagExact == 0 {
			break
		}
		exact = u
	}
	if exact == nil {
		return 0
	}
	ack, ok := firstAck(t.came.Messages(wire.KindAck), exact.Head)
	if !ok {
		return 0
	}
	return ms(ack.At) - last
}

func find(all []wiretap.Message, h wire.Header) (m wiretap.Message, ok bool) {
	i := slices.IndexFunc(all, func(m wiretap.Message) bool {
		return m.Head.Seq == h.Seq && m.Head.Epoch == h.Epoch && m.Head.Flags&wire.FlagCatchUp == h.Flags&wire.FlagCatchUp
	})
	if i < 0 {
		return m, false
	}
	return all[i], true
}

// firstAck is the first that says that an update was painted.
func firstAck(all []wiretap.Message, h wire.Header) (m wiretap.Message, ok bool) {
	i := slices.IndexFunc(all, func(m wiretap.Message) bool { return m.Head.Seq >= h.Seq && m.Head.Epoch == h.Epoch })
	if i < 0 {
		return m, false
	}
	return all[i], true
}

func ms(t time.Time) float64 { return float64(t.UnixNano()) / 1e6 }

// readGrabs reads the presenter's log.
func readGrabs(work string) (all []grab, err error) {
	logs, err := filepath.Glob(filepath.Join(work, "*-presenter.log"))
	if err != nil || len(logs) != 1 {
		return nil, errors.Join(errors.New("there is no log of a presenter"), err)
	}
	file, err := os.Open(logs[0])
	if err != nil {
		return nil, err
	}
	defer file.Close() // it was only read
	lines := bufio.NewScanner(file)
	for lines.Scan() {
		if !strings.Contains(lines.Text(), "msg=grab ") {
			continue
		}
		if g := (grab{field(lines.Text(), "began"), field(lines.Text(), "took")}); g.began > 0 {
			all = append(all, g)
		}
	}
	if len(all) == 0 && lines.Err() == nil {
		return nil, errors.New("the presenter's log has no captures")
	}
	return all, lines.Err()
}

// field is a number in µs of a line of the log, in ms; 0 if it is not there.
func field(line, name string) float64 {
	_, rest, _ := strings.Cut(line, " "+name+"=")
	number, _, _ := strings.Cut(rest, " ")
	us, _ := strconv.ParseInt(number, 10, 64)
	return float64(us) / 1e3
}
