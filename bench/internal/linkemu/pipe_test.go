package linkemu

import (
	"encoding/binary"
	"math/rand/v2"
	"testing"
	"time"
)

const ms = time.Millisecond

// full is a packet of 1500 bytes: 1.2 ms at 10 Mbit/s.
var full = make([]byte, 1500)

func roomy(par Params) Params {
	if par.Queue == (Queue{}) {
		par.Queue.Bytes = MaxQueue
	}
	return par
}

// arrivals pops all that is inside, looking at just the times that Next names, and returns when each packet came.
func arrivals(p *Pipe) (at []time.Duration) {
	for now := p.Next(); now != Never; now = p.Next() {
		for {
			if _, ok := p.Pop(now); !ok {
				break
			}
			at = append(at, now)
		}
	}
	return at
}

func TestRateIsExact(t *testing.T) {
	for _, rate := range []int64{MinRate, 2_000_000, 10_000_000, 100_000_000, 1_000_000_000} {
		p := New(roomy(Params{Rate: rate}), 1)
		for range 1000 {
			p.Push(0, full)
		}
		at := arrivals(p)
		if len(at) != 1000 {
			t.Fatalf("%d bit/s: %d of 1000 packets came", rate, len(at))
		}
		want := time.Duration(1000 * 1500 * 8 * int64(time.Second) / rate)
		if off := want - at[999]; off < 0 || off > 1000 { // less than 1 ns a packet
			t.Errorf("%d bit/s: 1000 packets took %v, want %v", rate, at[999], want)
		}
	}
}

func TestLookingLateDelaysNothingBehind(t *testing.T) {
	p := New(roomy(Params{Rate: 10_000_000, Delay: 25 * ms}), 1)
	for range 10 {
		p.Push(0, full)
	}
	if n := popAll(p, 25*ms+6*ms); n != 5 {
		t.Errorf("%d packets had come after 5 sending times, want 5", n)
	}
	p.Push(31*ms, full) // the wire was free since 12 ms
	if at := arrivals(p); at[len(at)-1] != 31*ms+1200*time.Microsecond+25*ms {
		t.Errorf("the last came at %v", at[len(at)-1])
	}
	if s := p.Stats(time.Second); s.MaxLate != 4800*time.Microsecond || s.Late != 3 {
		t.Errorf("most late %v, %d late; want 4.8ms and the 3 packets due before 29 ms", s.MaxLate, s.Late)
	}
}

func TestDelay(t *testing.T) {
	for _, test := range []struct {
		name string
		par  Params
		want time.Duration
	}{
		{"nothing", Params{}, 0},
		{"delay only", Params{Delay: 25 * ms}, 25 * ms},
		{"rate only", Params{Rate: 10_000_000}, 1200 * time.Microsecond},
		{"both", Params{Rate: 2_000_000, Delay: 75 * ms}, 81 * ms},
	} {
		p := New(roomy(test.par), 1)
		p.Push(time.Hour, full)
		if at := arrivals(p); len(at) != 1 || at[0]-time.Hour != test.want {
			t.Errorf("%s: came at %v, want %v", test.name, at, time.Hour+test.want)
		}
	}
}

func TestQueueDropsItsTail(t *testing.T) {
	for _, test := range []struct {
		name  string
		queue Queue
		taken int
	}{
		{"time", Queue{Time: 100 * ms}, 83}, // 125,000 bytes at 10 Mbit/s
		{"bytes", Queue{Bytes: 64_000}, 42},
		{"less than a packet", Queue{Bytes: 100}, 1},
	} {
		p := New(Params{Rate: 10_000_000, Queue: test.queue}, 1)
		taken := 0
		for i := range 200 {
			ok := p.Push(0, full)
			if ok != (i < test.taken) {
				t.Fatalf("%s: packet %d: taken is %v", test.name, i, ok)
			}
			if ok {
				taken++
			}
		}
		s := p.Stats(0)
		if s.QueueDrops != int64(200-taken) || s.MaxQueueBytes != int64(1500*taken) {
			t.Errorf("%s: %+v", test.name, s)
		}
		at := arrivals(p)
		if bound := max(test.queue.Time, time.Duration(test.queue.Bytes)*800, 1200*time.Microsecond); at[len(at)-1] > bound {
			t.Errorf("%s: the last waited %v, more than %v", test.name, at[len(at)-1], bound)
		}
		if !p.Push(at[len(at)-1], full) {
			t.Errorf("%s: no room after all was sent", test.name)
		}
	}
}

// Twice what the wire carries, for ten seconds: it is never idle, and nobody waits longer than the bound.
func TestQueueUnderOverload(t *testing.T) {
	p := New(Params{Rate: 10_000_000, Delay: 25 * ms, Queue: Queue{Time: 100 * ms}}, 1)
	var delivered int
	for now := time.Duration(0); now < 10*time.Second; now += 600 * time.Microsecond {
		p.Push(now, full)
		delivered += popAll(p, now)
	}
	if want := int((10*time.Second - 25*ms) / (1200 * time.Microsecond)); delivered < want-1 || delivered > want {
		t.Errorf("%d packets in 10 s, want %d", delivered, want)
	}
	if s := p.Stats(10 * time.Second); s.MaxQueueTime > 100*ms || s.MaxQueueTime < 98*ms {
		t.Errorf("longest wait %v, want just below 100ms", s.MaxQueueTime)
	}
}

func popAll(p *Pipe, now time.Duration) (n int) {
	for {
		if _, ok := p.Pop(now); !ok {
			return n
		}
		n++
	}
}

func TestLossIsSeededAndIndependent(t *testing.T) {
	const n = 100_000
	pattern := func(seed uint64, par Params) (came []uint32) {
		p := New(roomy(par), seed)
		packet := make([]byte, 40)
		for i := range uint32(n) {
			now := time.Duration(i) * ms
			binary.BigEndian.PutUint32(packet, i)
			p.Push(now, packet)
			for got, ok := p.Pop(now + ms); ok; got, ok = p.Pop(now + ms) {
				came = append(came, binary.BigEndian.Uint32(got))
			}
		}
		return came
	}
	one := pattern(1, Params{Loss: 0.01})
	if lost := n - len(one); lost < 875 || lost > 1125 { // 4 standard deviations
		t.Errorf("%d of %d lost, want about 1000", lost, n)
	}
	pairs := 0 // lost with the one before: 1 in 10,000
	for i := 1; i < len(one); i++ {
		if gap := one[i] - one[i-1]; gap > 2 {
			pairs += int(gap) - 2
		}
	}
	if pairs > 25 {
		t.Errorf("%d of %d losses follow another: not independent", pairs, n-len(one))
	}
	if again := pattern(1, Params{Loss: 0.01, Rate: 10_000_000}); len(again) != len(one) || again[n/2] != one[n/2] {
		t.Error("the same seed lost other packets on a slower link")
	}
	if other := pattern(2, Params{Loss: 0.01}); len(other) == len(one) && other[n/2] == one[n/2] {
		t.Error("another seed lost the same packets")
	}
	if all := pattern(1, Params{Loss: 1}); len(all) != 0 {
		t.Errorf("%d packets came through a loss of 100%%", len(all))
	}
}

func TestLostPacketsTakeTheirTime(t *testing.T) {
	p := New(roomy(Params{Rate: 10_000_000, Loss: 0.5}), 3)
	for range 1000 {
		p.Push(0, full)
	}
	at := arrivals(p)
	if last := at[len(at)-1]; last < 1190*ms {
		t.Errorf("the last of 1000 packets came after %v, want about 1.2s", last)
	}
	if s := p.Stats(time.Hour); s.LossDrops+s.Delivered != 1000 || s.LossDrops < 430 || s.LossDrops > 570 {
		t.Errorf("%+v", s)
	}
}

func TestJitterIsBoundedAndKeepsOrder(t *testing.T) {
	p := New(roomy(Params{Delay: 25 * ms, Jitter: 5 * ms, Loss: 0.1}), 1)
	packet := make([]byte, 8)
	pushed, popped := uint64(0), int64(-1)
	low, high := time.Hour, time.Duration(0)
	for now := time.Duration(0); now < 10*time.Second; now += ms / 4 {
		binary.BigEndian.PutUint64(packet, pushed)
		pushed++
		p.Push(now, packet)
		for p.Next() <= now {
			at := p.Next()
			got, ok := p.Pop(at)
			if !ok {
				continue // a lost one; Next moved on
			}
			i := int64(binary.BigEndian.Uint64(got))
			if i <= popped {
				t.Fatalf("packet %d came after %d", i, popped)
			}
			popped = i
			took := at - time.Duration(i)*(ms/4)
			low, high = min(low, took), max(high, took)
		}
	}
	if low < 20*ms || high > 30*ms || low > 21*ms || high < 29*ms {
		t.Errorf("packets took %v to %v, want about all of 20ms to 30ms", low, high)
	}
}

func TestSetHoldsForWhatWaits(t *testing.T) {
	for _, test := range []struct {
		name string
		to   Params
		want []time.Duration // of 3 packets pushed at 0, 6 ms each at 2 Mbit/s; Set at 3 ms, with the first half sent
	}{
		{"faster", Params{Rate: 4_000_000}, []time.Duration{4500 * time.Microsecond, 7500 * time.Microsecond, 10500 * time.Microsecond}},
		{"slower", Params{Rate: 1_000_000}, []time.Duration{9 * ms, 21 * ms, 33 * ms}},
		{"no limit", Params{}, []time.Duration{3 * ms, 3 * ms, 3 * ms}},
		{"same", Params{Rate: 2_000_000, Delay: 5 * ms}, []time.Duration{11 * ms, 17 * ms, 23 * ms}},
	} {
		p := New(roomy(Params{Rate: 2_000_000}), 1)
		for range 3 {
			p.Push(0, full)
		}
		p.Set(3*ms, roomy(test.to))
		at := arrivals(p)
		if len(at) != 3 || at[0] != test.want[0] || at[1] != test.want[1] || at[2] != test.want[2] {
			t.Errorf("%s: came at %v, want %v", test.name, at, test.want)
		}
	}
}

func TestShorterDelayKeepsOrder(t *testing.T) {
	p := New(roomy(Params{Delay: 100 * ms}), 1)
	p.Push(0, full)
	p.Set(10*ms, roomy(Params{}))
	p.Push(20*ms, full)
	if at := arrivals(p); len(at) != 2 || at[0] != 100*ms || at[1] != 100*ms {
		t.Errorf("came at %v, want both at 100ms", at)
	}
}

func TestCutLosesAllAndMendEndsIt(t *testing.T) {
	p := New(roomy(Params{Rate: 10_000_000, Delay: 25 * ms}), 1)
	for range 10 {
		p.Push(0, full)
	}
	p.Cut(5 * ms) // 4 travel, 6 wait
	if next := p.Next(); next != Never || !p.Severed() {
		t.Errorf("after the cut: next %v, severed %v", next, p.Severed())
	}
	if p.Push(6*ms, full) {
		t.Error("taken by a cut link")
	}
	p.Mend()
	if p.Severed() || !p.Push(7*ms, full) {
		t.Error("not taken after mending")
	}
	if at := arrivals(p); len(at) != 1 || at[0] != 33200*time.Microsecond {
		t.Errorf("came at %v, want 33.2ms: nothing left from before the cut", at)
	}
	if s := p.Stats(time.Second); s.CutDrops != 11 || s.Delivered != 1 {
		t.Errorf("%+v", s)
	}
}

func TestHoldsNoMoreThanMaxHeld(t *testing.T) {
	p := New(roomy(Params{Delay: time.Second}), 1)
	for range MaxHeld + 7 {
		p.Push(0, []byte{1})
	}
	if s := p.Stats(0); s.Overflow != 7 {
		t.Errorf("%d over, want 7", s.Overflow)
	}
	if n := len(arrivals(p)); n != MaxHeld {
		t.Errorf("%d came, want %d", n, MaxHeld)
	}
}

// Every packet is counted once, in order and unchanged, whatever is done to the link.
func TestNothingGoesMissing(t *testing.T) {
	for seed := range uint64(50) {
		r := rand.New(rand.NewPCG(seed, 0))
		random := func() Params {
			par := Params{Rate: MinRate + r.Int64N(20_000_000), Delay: time.Duration(r.Int64N(int64(50 * ms))), Loss: r.Float64() / 4}
			par.Jitter = time.Duration(r.Float64() * float64(par.Delay))
			par.Queue.Time = 1 + time.Duration(r.Int64N(int64(200*ms)))
			return par
		}
		p := New(random(), seed)
		var now time.Duration
		newest := int64(-1)
		for i := range int64(3000) {
			now += time.Duration(r.ExpFloat64() * float64(ms))
			packet := make([]byte, 40+r.IntN(1460))
			binary.BigEndian.PutUint64(packet, uint64(i))
			packet[len(packet)-1] = byte(len(packet))
			p.Push(now, packet)
			for got, ok := p.Pop(now); ok; got, ok = p.Pop(now) {
				n := int64(binary.BigEndian.Uint64(got))
				if n <= newest || got[len(got)-1] != byte(len(got)) {
					t.Fatalf("seed %d: packet %d of %d bytes after %d", seed, n, len(got), newest)
				}
				newest = n
			}
			switch r.IntN(200) {
			case 0:
				p.Set(now, random())
			case 1:
				p.Cut(now)
			case 2, 3, 4:
				p.Mend()
			}
		}
		popAll(p, now+time.Hour)
		s := p.Stats(now + time.Hour)
		if s.Entered != 3000 || s.Delivered+s.QueueDrops+s.LossDrops+s.CutDrops+s.Overflow != 3000 || p.Next() != Never {
			t.Fatalf("seed %d: %+v", seed, s)
		}
	}
}

func TestSteadyStateAllocatesNothing(t *testing.T) {
	p := New(Params{Rate: 100_000_000, Delay: 25 * ms, Jitter: ms, Loss: 0.01, Queue: Queue{Time: 100 * ms}}, 1)
	var now time.Duration
	step := func() {
		now += 100 * time.Microsecond
		p.Push(now, full)
		popAll(p, now)
		p.Next()
	}
	for range 20_000 {
		step()
	}
	if n := testing.AllocsPerRun(10_000, step); n != 0 {
		t.Errorf("%v allocations a packet", n)
	}
}

func BenchmarkPipe(b *testing.B) {
	p := New(Params{Rate: 100_000_000, Delay: 25 * ms, Queue: Queue{Time: 100 * ms}}, 1)
	var now time.Duration
	b.SetBytes(int64(len(full)))
	b.ReportAllocs()
	for b.Loop() {
		now += 120 * time.Microsecond
		p.Push(now, full)
		popAll(p, now)
		p.Next()
	}
}
