package linkemu

import (
	"math"
	"testing"
	"time"
)

func TestParseRate(t *testing.T) {
	for text, want := range map[string]int64{"0": 0, "10M": 10_000_000, "2.5M": 2_500_000, "512k": 512_000, "1G": 1_000_000_000, "64000": 64_000} {
		if got, err := ParseRate(text); err != nil || got != want {
			t.Errorf("%q: %d, %v; want %d", text, got, err, want)
		}
	}
	for _, text := range []string{"", "M", "-1M", "999", "101G", "10m", "10 M", "NaN", "Inf", "1e300"} {
		if got, err := ParseRate(text); err == nil {
			t.Errorf("%q: %d, want an error", text, got)
		}
	}
}

func TestParseLoss(t *testing.T) {
	for text, want := range map[string]Loss{"0": 0, "1%": 0.01, "0.5%": 0.005, "0.01": 0.01, "1": 1, "100%": 1} {
		if got, err := ParseLoss(text); err != nil || math.Abs(float64(got-want)) > 1e-12 {
			t.Errorf("%q: %v, %v; want %v", text, got, err, want)
		}
	}
	for _, text := range []string{"", "%", "101%", "1.5", "-1%", "NaN", "one"} {
		if got, err := ParseLoss(text); err == nil {
			t.Errorf("%q: %v, want an error", text, got)
		}
	}
}

func TestParseQueue(t *testing.T) {
	for text, want := range map[string]Queue{"100ms": {Time: 100 * ms}, "1s": {Time: time.Second}, "64k": {Bytes: 64_000}, "1500": {Bytes: 1500}} {
		if got, err := ParseQueue(text); err != nil || got != want {
			t.Errorf("%q: %v, %v; want %v", text, got, err, want)
		}
	}
	for _, text := range []string{"", "0", "0s", "-5ms", "11s", "65M", "-1", "64K"} {
		if got, err := ParseQueue(text); err == nil {
			t.Errorf("%q: %v, want an error", text, got)
		}
	}
}

func TestValidate(t *testing.T) {
	good := Params{Rate: 10_000_000, Delay: 25 * ms, Jitter: 25 * ms, Loss: 0.01, Queue: Queue{Time: 100 * ms}}
	if err := good.Validate(); err != nil {
		t.Fatal(err)
	}
	if got, want := good.String(), "10Mbit/s 25ms ±25ms loss 1% queue 100ms"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
	for name, spoil := range map[string]func(*Params){
		"rate too low":         func(p *Params) { p.Rate = 1 },
		"rate negative":        func(p *Params) { p.Rate = -MinRate },
		"rate too high":        func(p *Params) { p.Rate = MaxRate + 1 },
		"delay negative":       func(p *Params) { p.Delay = -1 },
		"delay too long":       func(p *Params) { p.Delay = MaxDelay + 1 },
		"jitter above delay":   func(p *Params) { p.Jitter = p.Delay + 1 },
		"jitter negative":      func(p *Params) { p.Jitter = -1 },
		"loss above 1":         func(p *Params) { p.Loss = 1.01 },
		"loss no number":       func(p *Params) { p.Loss = math.NaN() },
		"no queue":             func(p *Params) { p.Queue = Queue{} },
		"queue of both":        func(p *Params) { p.Queue.Bytes = 1 },
		"queue negative":       func(p *Params) { p.Queue = Queue{Bytes: -1} },
		"queue of much time":   func(p *Params) { p.Queue = Queue{Time: MaxDelay + 1} },
		"queue of many bytes ": func(p *Params) { p.Queue = Queue{Bytes: MaxQueue + 1} },
	} {
		par := good
		spoil(&par)
		if par.Validate() == nil {
			t.Errorf("%s: accepted", name)
		}
	}
}
