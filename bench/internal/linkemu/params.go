package linkemu

import (
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"
)

// Limits of Params. They bound what a Pipe may have to remember, and keep its arithmetic in nanoseconds far from overflow.
const (
	MinRate  = 1_000           // bits/s: a full packet then takes 12 s
	MaxRate  = 100_000_000_000 // bits/s
	MaxDelay = 10 * time.Second
	MaxQueue = 64_000_000 // bytes
)

// Params are the properties of one direction of a link.
type Params struct {
	// Rate is in bits of IP packets a second, MinRate to MaxRate; 0 means no limit, hence no queue.
	Rate int64
	// Delay is added after a packet has been sent: 0 to MaxDelay.
	Delay time.Duration
	// Jitter changes each packet's delay by an evenly distributed amount of -Jitter to +Jitter, but never its place: a packet that
	// would overtake the one before it arrives together with it. 0 to Delay.
	Jitter time.Duration
	// Loss is the chance that a packet is lost, independent of all others: 0 to 1. A lost packet has used its time on the wire.
	Loss float64
	// Queue bounds what waits for the wire.
	Queue Queue
}

// Queue is the bound of the queue in front of the wire, in bytes or in time at the present rate: just one of them is not 0.
// The packet that is being sent counts as waiting, so that a packet never waits longer than the bound, its own sending time
// included. A packet that finds the wire free is always taken, however small the bound.
type Queue struct {
	Bytes int64
	Time  time.Duration
}

// Validate says which property is out of its range.
func (p Params) Validate() error {
	switch {
	case p.Rate != 0 && (p.Rate < MinRate || p.Rate > MaxRate):
		return fmt.Errorf("rate %d bit/s: want %d to %d, or 0 for no limit", p.Rate, MinRate, MaxRate)
	case p.Delay < 0 || p.Delay > MaxDelay:
		return fmt.Errorf("delay %v: want 0 to %v", p.Delay, MaxDelay)
	case p.Jitter < 0 || p.Jitter > p.Delay:
		return fmt.Errorf("jitter %v: want 0 to the delay (%v)", p.Jitter, p.Delay)
	case math.IsNaN(p.Loss) || p.Loss < 0 || p.Loss > 1:
		return fmt.Errorf("loss %v: want 0 to 1", p.Loss)
	case p.Queue.Bytes < 0 || p.Queue.Time < 0 || (p.Queue.Bytes == 0) == (p.Queue.Time == 0):
		return errors.New("queue: want a bound above 0, in bytes or in time")
	case p.Queue.Bytes > MaxQueue || p.Queue.Time > MaxDelay:
		return fmt.Errorf("queue: want at most %d bytes or %v", MaxQueue, MaxDelay)
	}
	return nil
}

// sending is the time that size bytes take on the wire.
func (p *Params) sending(size int) time.Duration {
	if p.Rate == 0 {
		return 0
	}
	return time.Duration(int64(size) * 8 * int64(time.Second) / p.Rate)
}

// room is the queue's bound in bytes.
func (p *Params) room() int64 {
	if p.Queue.Bytes != 0 {
		return p.Queue.Bytes
	}
	bytes := p.Queue.Time.Seconds() * float64(p.Rate) / 8
	return int64(min(bytes, MaxQueue))
}

// String is for people: `10M 25ms ±5ms loss 1% queue 100ms`.
func (p Params) String() string {
	var b strings.Builder
	if p.Rate == 0 {
		b.WriteString("no rate limit")
	} else {
		b.WriteString(decimal(p.Rate) + "bit/s")
	}
	fmt.Fprintf(&b, " %v", p.Delay)
	if p.Jitter > 0 {
		fmt.Fprintf(&b, " ±%v", p.Jitter)
	}
	fmt.Fprintf(&b, " loss %s queue %s", Loss(p.Loss), p.Queue)
	return b.String()
}

// Loss is a chance of 0 to 1 that prints, and is parsed, as a percentage.
type Loss float64

func (l Loss) String() string { return strconv.FormatFloat(float64(l)*100, 'g', 6, 64) + "%" }

// String is what ParseQueue takes.
func (q Queue) String() string {
	if q.Bytes != 0 {
		return decimal(q.Bytes)
	}
	return q.Time.String()
}

// ParseRate takes bits a second as `512k`, `2.5M`, `1G` or a plain number; 0 means no limit.
func ParseRate(s string) (int64, error) {
	n, err := parseDecimal(s)
	if err != nil || (n != 0 && (n < MinRate || n > MaxRate)) {
		return 0, fmt.Errorf("rate %q: want bits a second of 1k to 100G such as 512k or 2.5M, or 0 for no limit", s)
	}
	return n, nil
}

// ParseLoss takes `1%`, `0.5%` or a chance such as `0.01`.
func ParseLoss(s string) (Loss, error) {
	text, percent := strings.CutSuffix(s, "%")
	v, err := strconv.ParseFloat(text, 64)
	if percent {
		v /= 100
	}
	if err != nil || math.IsNaN(v) || v < 0 || v > 1 {
		return 0, fmt.Errorf("loss %q: want a percentage such as 1%%, or a chance of 0 to 1", s)
	}
	return Loss(v), nil
}

// ParseQueue takes a time such as `100ms`, or bytes such as `64k` (64,000) or `1500`.
func ParseQueue(s string) (Queue, error) {
	if d, err := time.ParseDuration(s); err == nil && d > 0 && d <= MaxDelay {
		return Queue{Time: d}, nil
	}
	if n, err := parseDecimal(s); err == nil && n > 0 && n <= MaxQueue {
		return Queue{Bytes: n}, nil
	}
	return Queue{}, fmt.Errorf("queue %q: want a time up to %v such as 100ms, or bytes up to 64M such as 64k", s, MaxDelay)
}

var units = []struct {
	suffix string
	factor int64
}{{"G", 1_000_000_000}, {"M", 1_000_000}, {"k", 1_000}}

// parseDecimal reads a number of at least 0 with an optional unit; the result is at most 1<<53, where float64 is still exact.
func parseDecimal(s string) (int64, error) {
	factor := int64(1)
	for _, u := range units {
		if text, ok := strings.CutSuffix(s, u.suffix); ok {
			s, factor = text, u.factor
			break
		}
	}
	v, err := strconv.ParseFloat(s, 64)
	if err != nil {
		return 0, err
	}
	v *= float64(factor)
	if math.IsNaN(v) || v < 0 || v > 1<<53 {
		return 0, errors.New("out of range")
	}
	return int64(math.Round(v)), nil
}

// decimal is n in the largest unit that it reaches: 2500000 is 2.5M.
func decimal(n int64) string {
	for _, u := range units {
		if n >= u.factor {
			return strconv.FormatFloat(float64(n)/float64(u.factor), 'f', -1, 64) + u.suffix
		}
	}
	return strconv.FormatInt(n, 10)
}
