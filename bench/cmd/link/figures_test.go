//go:build linux

package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"net"
	"os"
	"testing"
	"time"

	"pindesk/bench/internal/linkemu/netns"
)

var nearAddress = [4]byte{10, 99, 0, 2}

// attempts is how often a figure may be measured. Other work on the machine makes a link worse than it is, never better than it
// may be; so the best of a few is the link's own.
const attempts = 3

// figure measures until measure finds nothing wrong.
func figure(t *testing.T, what string, measure func() error) {
	t.Helper()
	for i := range attempts {
		err := measure()
		if err == nil {
			return
		}
		t.Logf("%s, measured %d times: %v", what, i+1, err)
	}
	t.Errorf("%s: not in %d attempts, see above", what, attempts)
}

func roundTrip(t *testing.T, name string, want time.Duration, n int) error {
	rtts, err := ping(name+"-a", nearAddress, n)
	if err != nil {
		return err
	}
	median := rtts[len(rtts)/2]
	if off := median - want; off < 0 || off > 2*time.Millisecond {
		return fmt.Errorf("median %v of %d (%v to %v), want %v to 2ms more", median, len(rtts), rtts[0], rtts[len(rtts)-1], want)
	}
	t.Logf("round trip of %v: median %v of %d (%v to %v)", want, median, len(rtts), rtts[0], rtts[len(rtts)-1])
	return nil
}

// A clean link of 10 Mbit/s and 50 ms: round trips, a bulk transfer that fills it, and the queue that it may make.
func TestLinkOf10Mbit(t *testing.T) {
	t.Parallel()
	// Reno, which every kernel has, fills a queue until it loses: the worst case for the bound.
	name, _, _ := bring(t, "--rate", "10M", "--delay", "25ms", "--queue", "100ms", "--congestion", "reno")
	figure(t, "round trip", func() error { return roundTrip(t, name, 50*time.Millisecond, 20) })
	figure(t, "bulk transfer", func() error {
		loaded := make(chan error, 1)
		var rtts []time.Duration
		go func() {
			var err error
			rtts, err = ping(name+"-a", nearAddress, 20)
			loaded <- err
		}()
		got, err := bulk(name+"-a", name+"-b", "10.99.0.2", time.Second, 4*time.Second)
		if err := errors.Join(err, <-loaded); err != nil {
			return err
		}
		// A ping waits behind at most a full queue; 5 ms are for the machine.
		p90, bound := rtts[len(rtts)*9/10], 155*time.Millisecond
		t.Logf("bulk transfer: %.2f Mbit/s; ping meanwhile: median %v, 90th percentile %v", got/1e6, rtts[len(rtts)/2], p90)
		if got < 9e6 || got > 10e6 || p90 > bound {
			return fmt.Errorf("want 9 to 10 Mbit/s and at most %v", bound)
		}
		return nil
	})
	s := stats(t, name).Down
	t.Logf("%d of %d packets late, at most %v", s.Late, s.Delivered, s.MaxLate)
	if s.MaxQueueTime > 100*time.Millisecond || s.MaxQueueTime < 90*time.Millisecond || s.QueueDrops == 0 || s.LossDrops != 0 {
		t.Errorf("want a queue filled to its 100ms and no further, and drops by it only: %+v", s)
	}
}

// A bad link of 2 Mbit/s, 150 ms and 1 % loss: round trips, the loss, the rate.
func TestLinkOf2Mbit(t *testing.T) {
	t.Parallel()
	name, _, _ := bring(t, "--rate", "2M", "--delay", "75ms", "--loss", "1%", "--seed", "7")
	figure(t, "round trip", func() error { return roundTrip(t, name, 150*time.Millisecond, 10) })

	// Small packets below the rate: the queue has room, so what is missing is the loss.
	before := stats(t, name).Down
	got, err := flood(name+"-a", name+"-b", "10.99.0.2", 40, 1.6e6, 2*time.Second, 400*time.Millisecond)
	if err != nil {
		t.Fatal(err)
	}
	after := stats(t, name).Down
	crowded := int(after.QueueDrops - before.QueueDrops) // not 0 if the test's sender was kept from its processor, then in haste
	through := got.sent - crowded
	lost := through - got.received
	mean := float64(through) / 100
	t.Logf("%d of %d packets lost", lost, through)
	if off := math.Abs(float64(lost) - mean); through < 5000 || off > 4*math.Sqrt(mean) {
		t.Errorf("%d of %d packets lost, want about %.0f", lost, through, mean)
	}
	if counted := int(after.LossDrops - before.LossDrops); counted != lost {
		t.Errorf("%d packets counted as lost, %d missing", counted, lost)
	}
	if !got.ordered {
		t.Error("packets overtook others")
	}

	figure(t, "rate", func() error {
		got, err := flood(name+"-a", name+"-b", "10.99.0.2", 1000, 3e6, 2*time.Second, 400*time.Millisecond)
		if err != nil {
			return err
		}
		t.Logf("sent 3 Mbit/s, got %.3f Mbit/s", got.rate/1e6)
		if want := 2e6 * 0.99; math.Abs(got.rate/want-1) > 0.03 || !got.ordered {
			return fmt.Errorf("want %.2f Mbit/s within 3 %%, in order", want/1e6)
		}
		return nil
	})
	if s := stats(t, name).Down; s.MaxQueueTime > 100*time.Millisecond || s.MaxQueueTime < 90*time.Millisecond {
		t.Errorf("under more than it carries it queued %v, want up to 100ms", s.MaxQueueTime)
	}
}

// 100 Mbit/s, over IPv6, the other way, and then unlike in both directions.
func TestLinkOf100Mbit(t *testing.T) {
	name, _, _ := bring(t, "--rate", "100M", "--delay", "5ms", "--jitter", "1ms", "--queue", "500k")
	figure(t, "bulk transfer", func() error {
		got, err := bulk(name+"-b", name+"-a", "fd00:99::1", time.Second/2, 2*time.Second)
		if err != nil {
			return err
		}
		t.Logf("bulk transfer: %.1f Mbit/s", got/1e6)
		if got < 90e6 || got > 100e6 {
			return errors.New("want 90 to 100 Mbit/s")
		}
		return nil
	})
	s := stats(t, name).Up
	t.Logf("%d of %d packets late, at most %v", s.Late, s.Delivered, s.MaxLate)
	if s.MaxQueueBytes > 500_000 {
		t.Errorf("queued %d bytes", s.MaxQueueBytes)
	}
	must(t, "set", name, "--jitter", "0s", "--delay-up", "10ms", "--delay-down", "30ms")
	figure(t, "round trip", func() error { return roundTrip(t, name, 40*time.Millisecond, 10) })
}

// A change while it runs, a cut, its mending; and both programs that reach into a namespace.
func TestCutMendSetForward(t *testing.T) {
	t.Parallel()
	name, _, _ := bring(t, "--delay", "5ms")
	figure(t, "round trip", func() error { return roundTrip(t, name, 10*time.Millisecond, 10) })
	must(t, "cut", name)
	if rtts, err := ping(name+"-a", nearAddress, 1); err == nil {
		t.Errorf("a ping over the cut link was answered after %v", rtts)
	}
	if s := stats(t, name).Down; !s.Cut || s.CutDrops == 0 {
		t.Errorf("statistics of the cut link: %+v", s)
	}
	must(t, "mend", name)
	must(t, "set", name, "--delay", "20ms", "--rate", "5M")
	figure(t, "round trip", func() error { return roundTrip(t, name, 40*time.Millisecond, 10) })
	if s := stats(t, name); s.Up.Link != "5Mbit/s 20ms loss 0% queue 100ms" || s.Up.Cut {
		t.Errorf("statistics after set: %+v", s.Up)
	}
	if out, err := command("set", name, "--rate", "1").CombinedOutput(); err == nil {
		t.Errorf("a rate of 1 bit/s was taken: %s", out)
	}

	var listener net.Listener
	err := netns.Do(name+"-b", func() (err error) {
		listener, err = net.Listen("tcp", "127.0.0.1:0")
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	go func() {
		conn, err := listener.Accept()
		if err != nil {
			return // the test failed before it connected
		}
		defer conn.Close()
		io.Copy(conn, conn)
	}()
	forwarder := command("forward", name+"-b", "127.0.0.1:0", listener.Addr().String())
	out, err := forwarder.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := forwarder.Start(); err != nil {
		t.Fatal(err)
	}
	address, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	var d net.Dialer
	conn, err := d.DialContext(ctx, "tcp", address[:len(address)-1])
	if err != nil {
		t.Fatal(err)
	}
	fmt.Fprint(conn, "there and back")
	conn.(*net.TCPConn).CloseWrite()
	if back, err := io.ReadAll(conn); err != nil || string(back) != "there and back" {
		t.Errorf("through the forward came %q, %v", back, err)
	}
	conn.Close()
	forwarder.Process.Signal(os.Interrupt)
	if err := forwarder.Wait(); err != nil {
		t.Errorf("forward: %v", err)
	}
}
