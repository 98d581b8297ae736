// Command pinbench loads GET /api/v1/session_pin of a broker: how many sessions a second it
// makes, how long one takes, and whether a PIN is ever issued twice.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"os"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"syscall"
	"time"
)

// row is the result, one line of JSON.
type row struct {
	Engine     string  `json:"engine"`
	Conns      int     `json:"conns"`
	Seconds    float64 `json:"seconds"`
	Made       int     `json:"made"`
	PerSecond  float64 `json:"per_second"`
	P50        float64 `json:"p50_ms"`
	P99        float64 `json:"p99_ms"`
	Max        float64 `json:"max_ms"`
	Failed     int     `json:"failed"`     // answers other than 200, and none
	ServerErrs int     `json:"server_5xx"` // of those
	Duplicates int     `json:"duplicates"`
	BrokerCPU  float64 `json:"broker_cpu_seconds,omitempty"` // without the database's own process
}

func main() {
	broker := flag.String("broker", "bin/broker", "program to start, with a new data folder")
	database := flag.String("database-url", "", "Postgres for it; without it SQLite")
	conns := flag.Int("conns", 16, "connections that ask, one call at a time each")
	total := flag.Int("n", 0, "stop after so many sessions instead of -dur")
	dur := flag.Duration("dur", 10*time.Second, "how long")
	flag.Parse()
	r, err := run(*broker, *database, *conns, *total, *dur)
	if err != nil {
		log.Fatal(err)
	}
	if err := json.NewEncoder(os.Stdout).Encode(r); err != nil {
		log.Fatal(err)
	}
	if r.ServerErrs > 0 || r.Duplicates > 0 {
		os.Exit(1)
	}
}

func run(broker, database string, conns, total int, dur time.Duration) (r row, err error) {
	url, stop, err := start(broker, database)
	if err != nil {
		return r, err
	}
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	if total == 0 {
		ctx, cancel = context.WithTimeout(ctx, dur)
		defer cancel()
	}
	client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: conns, MaxConnsPerHost: conns}, Timeout: time.Minute}
	var mu sync.Mutex
	seen := map[string]bool{}
	var times []time.Duration
	r = row{Engine: "sqlite", Conns: conns}
	if database != "" {
		r.Engine = "postgres"
	}
	began := time.Now()
	var work sync.WaitGroup
	for range conns {
		work.Go(func() {
			for ctx.Err() == nil {
				pin, status, took, err := create(ctx, client, url)
				if ctx.Err() != nil {
					return
				}
				mu.Lock()
				switch {
				case err != nil || status != http.StatusOK:
					if r.Failed++; status >= 500 {
						r.ServerErrs++
					}
				case seen[pin]:
					r.Duplicates++
				default:
					seen[pin] = true
					times = append(times, took)
					if len(times) == total {
						cancel()
					}
				}
				mu.Unlock()
			}
		})
	}
	work.Wait()
	r.Seconds = time.Since(began).Seconds()
	if r.BrokerCPU, err = stop(); err != nil {
		return r, err
	}
	if r.Made = len(times); r.Made == 0 {
		return r, errors.New("no session was made")
	}
	slices.Sort(times)
	ms := func(share float64) float64 {
		return float64(times[min(r.Made-1, int(share*float64(r.Made)))].Microseconds()) / 1000
	}
	r.PerSecond, r.P50, r.P99, r.Max = float64(r.Made)/r.Seconds, ms(0.5), ms(0.99), ms(1)
	return r, nil
}

func create(ctx context.Context, c *http.Client, url string) (pin string, status int, took time.Duration, err error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url+"/api/v1/session_pin", nil)
	if err != nil {
		return "", 0, 0, err
	}
	began := time.Now()
	resp, err := c.Do(req)
	if err != nil {
		return "", 0, 0, err
	}
	defer resp.Body.Close()
	var body struct {
		PIN string `json:"session_pin"`
	}
	b, err := io.ReadAll(io.LimitReader(resp.Body, 1<<16))
	took = time.Since(began)
	if err == nil {
		err = json.Unmarshal(b, &body)
	}
	return body.PIN, resp.StatusCode, took, err
}

// start runs a broker on a free port of this machine; stop ends it and says what CPU it took.
func start(broker, database string) (url string, stop func() (cpu float64, err error), err error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", nil, err
	}
	addr := l.Addr().String()
	l.Close()
	data, err := os.MkdirTemp("", "pinbench")
	if err != nil {
		return "", nil, err
	}
	args := []string{"serve", "--listen", addr, "--data", data, "--sessions-per-min", "0", "--log-level", "warn"}
	if database != "" {
		args = append(args, "--database-url", database)
	}
	cmd := exec.Command(broker, args...)
	cmd.Stderr = os.Stderr
	if err := cmd.Start(); err != nil {
		return "", nil, errors.Join(err, os.RemoveAll(data))
	}
	stop = func() (float64, error) {
		_ = cmd.Process.Signal(syscall.SIGTERM)
		err := cmd.Wait()
		return (cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime()).Seconds(), errors.Join(err, os.RemoveAll(data))
	}
	url = "http://" + addr
	for deadline := time.Now().Add(20 * time.Second); ; time.Sleep(20 * time.Millisecond) {
		resp, err := http.Get(url + "/readyz")
		if err == nil {
			resp.Body.Close()
			if resp.StatusCode == http.StatusOK {
				return url, stop, nil
			}
		}
		if time.Now().After(deadline) {
			_, err := stop()
			return "", nil, fmt.Errorf("%s does not get ready: %w", strings.Join(cmd.Args, " "), err)
		}
	}
}
