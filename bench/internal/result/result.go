// Package result is what the measuring programs write and benchreport reads: one JSON file
// for a product's run, one JSON line for a relay's.
package result

import (
	"encoding/json"
	"fmt"
	"math"
	"os"
	"slices"

	"pindesk/bench/internal/fidelity"
	"pindesk/bench/internal/procstat"
)

// Stats sums up samples, in ms, rounded to 0.1.
type Stats struct {
	N      int     `json:"n"`
	Median float64 `json:"median_ms"`
	P95    float64 `json:"p95_ms"`
	Min    float64 `json:"min_ms"`
	Max    float64 `json:"max_ms"`
	Lost   int     `json:"lost"` // samples that never came
}

// Sum makes Stats of samples in ms; percentiles are the nearest rank.
func Sum(samples []float64, lost int) Stats {
	if len(samples) == 0 {
		return Stats{Lost: lost}
	}
	s := slices.Sorted(slices.Values(samples))
	rank := func(p float64) float64 { return Round(s[max(0, int(math.Ceil(p*float64(len(s))))-1)], 1) }
	return Stats{len(s), rank(0.5), rank(0.95), rank(0), rank(1), lost}
}

// Round rounds to so many digits after the point.
func Round(v float64, digits int) float64 {
	p := math.Pow10(digits)
	return math.Round(v*p) / p
}

// Load is who used the machine while something was measured.
type Load struct {
	Seconds float64 `json:"seconds"`
	// CPU by role: capture, relay, xserver, browser, stim, harness.
	CPU map[string]procstat.Usage `json:"cpu"`
	// Other is the CPU seconds of all that has no role: other people's programs, and the kernel.
	Other float64 `json:"other_cpu_s"`
	Cores int     `json:"cores"`
}

// The links: their rate, and their round trip without a queue.
const (
	Link10M = "10M-50ms"
	Link2M  = "2M-150ms-1%"
)

// View is one run of one product.
type View struct {
	Peer    string `json:"peer"`
	Note    string `json:"note,omitempty"`
	Version string `json:"version"`
	When    string `json:"when"`
	Loadavg string `json:"loadavg_before"`
	// Link is the emulated link between product and browser: Link10M, Link2M or "" for none.
	Link   string          `json:"link,omitempty"`
	Canvas json.RawMessage `json:"canvas,omitempty"`
	// ClockOffset is the page's clock minus ours, in ms, known to ClockError; it is subtracted
	// from the page's times where it is the larger one.
	ClockOffset float64 `json:"clock_offset_ms"`
	ClockError  float64 `json:"clock_error_ms"`

	First *First          `json:"first,omitempty"`
	Flip  *Flip           `json:"flip,omitempty"`
	Input *Input          `json:"input,omitempty"`
	Click *Click          `json:"click,omitempty"`
	Works map[string]Work `json:"works,omitempty"`
	Many  *Many           `json:"viewers,omitempty"`
	Soak  *Soak           `json:"soak,omitempty"`

	Errors []string `json:"errors,omitempty"`
}

// First is how long the page took to its first picture, in ms.
type First struct {
	// FromOpen runs from the opening of the page's first WebSocket.
	FromOpen float64 `json:"from_socket_ms,omitempty"`
	// FromGrant runs from the message that tells the page it may see the screen.
	FromGrant float64 `json:"from_grant_ms,omitempty"`
	// FromStart runs from the beginning of the navigation.
	FromStart float64 `json:"from_navigation_ms"`
}

// Flip is glass to glass: from the drawing in the X server to the page's own picture.
type Flip struct {
	Latency Stats   `json:"latency"`
	Frames  float64 `json:"page_frames_per_s"`
	Load    Load    `json:"load"`
	// Stages are parts of the latency, in their order, of a traced run. Each has medians of its own.
	Stages []Stage `json:"stages,omitempty"`
}

// Stage is a part of the way from the screen to the page's picture.
type Stage struct {
	Name string `json:"name"`
	Stats
}

// Input is round trips from an event in the page to the change in the page's picture that it
// caused.
type Input struct {
	Mouse Trip `json:"mouse"`
	Key   Trip `json:"key"`
	Load  Load `json:"load"`
}

// Click is round trips of a mouse press while something scrolls.
type Click struct {
	Trip
	First  Stats `json:"first_half"` // round trips
	Second Stats `json:"second_half"`
	Load   Load  `json:"load"`
}

// Trip is the whole of a round trip and its two halves; each has medians of its own.
type Trip struct {
	Round Stats `json:"round_trip"`
	Up    Stats `json:"page_to_x"`
	Down  Stats `json:"x_to_page"`
}

// Work is one workload.
type Work struct {
	Load     Load            `json:"load"`
	Down     float64         `json:"down_bytes_per_s"` // to the browser
	Up       float64         `json:"up_bytes_per_s"`   // from the browser
	Drawn    int             `json:"frames_drawn"`
	Seen     int             `json:"frames_seen"` // at an animation frame of the page
	SeenPerS float64         `json:"seen_per_s"`
	Latency  Stats           `json:"latency"` // of the frames seen
	Frames   float64         `json:"page_frames_per_s"`
	Frozen   fidelity.Result `json:"area_at_last_frame"` // when the last frame's number showed
	Settled  fidelity.Result `json:"area_after_3s"`
	Screen   fidelity.Result `json:"screen_after_3s"`
	// Sharp is the time in ms from the last frame's drawing until the viewer acked the update
	// that made its picture exact, of a traced run; 0 if that was not seen.
	Sharp float64 `json:"sharp_after_ms,omitempty"`
	// Unread are animation frames in which the page showed no whole barcode.
	Unread int `json:"unread_frames"`
}

// Many is what became of viewers that joined the session beside the page.
type Many struct {
	Viewers int     `json:"viewers"`
	Live    int     `json:"live"`
	Exact   int     `json:"exact"` // on every pixel of the screen
	Resyncs int     `json:"resyncs"`
	Took    float64 `json:"exact_after_s"` // from the last change to all of them exact
}

// Soak is a long time of mixed work.
type Soak struct {
	Turns  []Turn          `json:"turns"`
	Screen fidelity.Result `json:"screen_at_the_end"`
}

// Turn is the memory after each turn of a soak.
type Turn struct {
	At float64            `json:"s"`
	MB map[string]float64 `json:"pss_mb"` // by role
}

// Growth is how much larger a role's memory is at the end than near the beginning: the median
// of the last third of the turns over that of the first third, the very first turn left out,
// in which everything is allocated. 0 when there are too few turns to say.
func (s *Soak) Growth(role string) float64 {
	const least = 7
	if len(s.Turns) < least {
		return 0
	}
	turns := s.Turns[1:]
	third := len(turns) / 3
	median := func(part []Turn) float64 {
		var list []float64
		for _, t := range part {
			list = append(list, t.MB[role])
		}
		slices.Sort(list)
		return list[len(list)/2]
	}
	first := median(turns[:third])
	if first == 0 {
		return 0
	}
	return median(turns[len(turns)-third:]) / first
}

// Relay is one run of one relay.
type Relay struct {
	Relay   string  `json:"relay"`
	When    string  `json:"when"`
	Loadavg string  `json:"loadavg_before"`
	Cores   int     `json:"cores"`
	Empty   float64 `json:"pss_mb_without_pairs"`
	Sizes   []Pairs `json:"sizes"`
	// Fastest is what one pair carries in messages of 64 KiB, in MB/s, at that CPU time.
	Fastest    float64 `json:"one_pair_mb_per_s,omitempty"`
	FastestCPU float64 `json:"one_pair_cpu_s_per_gb,omitempty"`
	Idle       *Idle   `json:"idle,omitempty"`
	Fan        *Fan    `json:"fan,omitempty"`
	Err        string  `json:"error,omitempty"`
}

// Pairs is one load of a relay. MB are 2^20 bytes, GB 10^9.
type Pairs struct {
	Pairs     int     `json:"pairs"`
	Opened    int     `json:"pairs_opened"`
	OpenTook  float64 `json:"open_s"`
	Seconds   float64 `json:"seconds"`
	Offered   float64 `json:"offered_mb_per_s"`
	Delivered float64 `json:"delivered_mb_per_s"`
	OnTime    float64 `json:"on_time"` // share of the frames due that arrived before the end
	P50       float64 `json:"p50_ms"`  // from when a frame was due to its last byte's arrival
	P99       float64 `json:"p99_ms"`
	CPU       float64 `json:"relay_cpu_s"`
	CPUPerGB  float64 `json:"relay_cpu_s_per_gb"`
	Generator float64 `json:"generator_cpu_s"`
	Other     float64 `json:"other_cpu_s"`
	Open      float64 `json:"pss_mb_pairs_open"`
	After     float64 `json:"pss_mb_after_load"`
	PerPair   float64 `json:"kb_per_pair"` // (After - without pairs)/Opened; 0 where it is less
	Processes int     `json:"processes"`
	Err       string  `json:"error,omitempty"`
}

// Idle is a relay that holds sessions in which nothing happens.
type Idle struct {
	Sessions int     `json:"sessions"`
	PSS      float64 `json:"pss_mb"`
	CPU      float64 `json:"cores"` // in use meanwhile
}

// Fan is one presenter with many viewers.
type Fan struct {
	Viewers int `json:"viewers"`
	Cores   int `json:"cores"`
	// P99 of all viewers, and of the others when one of them reads nothing, in ms: medians of
	// runs in turn.
	P99       float64 `json:"p99_ms"`
	P99Frozen float64 `json:"p99_one_frozen_ms"`
	OnTime    float64 `json:"on_time"` // the least share of frames due that arrived in time
}

// Write stores v as JSON in a file.
func Write(path string, v any) error {
	b, err := json.MarshalIndent(v, "", " ")
	if err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	return os.WriteFile(path, append(b, '\n'), 0o644)
}

// Append adds v as a line of JSON to a file.
func Append(path string, v any) error {
	b, err := json.Marshal(v)
	if err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	f, err := os.OpenFile(path, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o644)
	if err != nil {
		return err
	}
	defer f.Close()
	_, err = f.Write(append(b, '\n'))
	return err
}
