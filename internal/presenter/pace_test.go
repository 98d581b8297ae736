package presenter

import (
	"testing"
	"time"
)

func TestCredit(t *testing.T) {
	start := time.Unix(1000, 0)
	at := func(ms int) time.Time { return start.Add(time.Duration(ms) * time.Millisecond) }
	for name, c := range map[string]struct {
		do   func(p *pace)
		now  int
		ok   bool
		wait time.Duration
	}{
		"no lead":                  {func(p *pace) { p.setLead(0, at(0)) }, 0, false, 0},
		"nothing sent":             {func(*pace) {}, 0, true, 0},
		"too soon after the last":  {func(p *pace) { p.spend(1, 100, false, at(0)) }, 4, false, 8 * time.Millisecond},
		"window of one round trip": {func(p *pace) { p.spend(1, 100, false, at(0)) }, 20, false, 0},
		"acked":                    {func(p *pace) { p.spend(1, 100, false, at(0)); p.ack(7, 1, 0, false, 0, at(10)) }, 20, true, 0},
		"an older ack":             {func(p *pace) { p.spend(5, 100, false, at(0)); p.ack(7, 4, 0, false, 0, at(10)) }, 20, false, 0},
		"another viewer's ack":     {func(p *pace) { p.spend(1, 100, false, at(0)); p.ack(8, 1, 0, false, 0, at(10)) }, 20, false, 0},
		"a long way is a wide window": {func(p *pace) {
			p.flow.rtt = 100 * time.Millisecond
			p.spend(1, 1, false, at(0))
			p.spend(2, 1, false, at(0))
			p.spend(3, 1, false, at(0))
		}, 20, true, 0},
		"a wide window has its end": {func(p *pace) {
			p.flow.rtt = 66 * time.Millisecond
			p.spend(1, 1, false, at(0))
			p.spend(2, 1, false, at(0))
			p.spend(3, 1, false, at(0))
		}, 20, false, 0},
		"too many bytes on the way": {func(p *pace) { p.flow.rtt = time.Second; p.spend(1, firstMost, false, at(0)) }, 20, false, 0},
		"a new lead starts afresh":  {func(p *pace) { p.spend(1, 100, false, at(0)); p.setLead(9, at(0)) }, 20, true, 0},
		"acks wrap around":          {func(p *pace) { p.spend(1<<32-1, 100, false, at(0)); p.ack(7, 2, 0, false, 0, at(10)) }, 20, true, 0},
	} {
		t.Run(name, func(t *testing.T) {
			p := newPace()
			p.setLead(7, start)
			c.do(p)
			ok, wait := p.credit(at(c.now))
			if ok != c.ok || wait != c.wait {
				t.Errorf("credit %v, wait %v; want %v, %v", ok, wait, c.ok, c.wait)
			}
		})
	}
}

func TestQualityFollowsTheQueue(t *testing.T) {
	p, now, seq := newPace(), time.Unix(1000, 0), uint32(0)
	p.setLead(1, now)
	trip := func(d time.Duration) {
		seq++
		p.spend(seq, 4000, false, now)
		now = now.Add(d)
		p.ack(1, seq, 0, false, 0, now)
		now = now.Add(400 * time.Millisecond)
	}
	trip(20 * time.Millisecond)
	for range 10 {
		trip(400 * time.Millisecond)
	}
	if p.quality != len(qualities)-1 {
		t.Fatalf("step %d after long queues, want the last", p.quality)
	}
	if p.flow.rtt != 20*time.Millisecond {
		t.Errorf("the queue's delay was taken for the way: %v", p.flow.rtt)
	}
	trip(25 * time.Millisecond)
	if p.quality != len(qualities)-1 {
		t.Error("quality came back at once")
	}
	for range 60 {
		trip(25 * time.Millisecond)
	}
	if p.quality != 0 {
		t.Errorf("step %d after a calm time, want the best", p.quality)
	}
}

func TestCatchUpCredit(t *testing.T) {
	start := time.Unix(1000, 0)
	p := newPace()
	want := func(what string, after time.Duration, ok bool) {
		t.Helper()
		if got, wait := p.catchUpCredit(start.Add(after)); got != ok || !got && wait <= 0 {
			t.Errorf("%s: %v, wait %v; want %v", what, got, wait, ok)
		}
	}
	p.spendKey(100, start) // part 1
	want("before the keyframe is acked", 10*time.Millisecond, false)
	p.ack(1, 0, 1, true, 0, start.Add(20*time.Millisecond))
	want("acked", 30*time.Millisecond, true)
	p.spendCatchUp(100, start.Add(30*time.Millisecond))
	want("one on the way", 40*time.Millisecond, true)
	p.spendCatchUp(100, start.Add(40*time.Millisecond))
	want("two on the way", 50*time.Millisecond, false)
	p.ack(2, 0, 3, true, 0, start.Add(60*time.Millisecond))
	want("the slowest decides", 70*time.Millisecond, false)
	p.ack(1, 0, 3, false, 0, start.Add(80*time.Millisecond))
	want("the slow one is live now", 90*time.Millisecond, true)
	p.spendCatchUp(100, start.Add(90*time.Millisecond))
	p.spendCatchUp(100, start.Add(90*time.Millisecond))
	want("waiting for the other", 100*time.Millisecond, false)
	want("at the very end of the patience", 60*time.Millisecond+catchUpWait, false) // and a wait, not 0
	want("who is silent counts no more", 3*time.Second, true)
}

// TestKeyframeForSomebodyElse: a keyframe that the relay gives to another viewer only must not
// wait for an ack of the lead, which is still catching up.
func TestKeyframeForSomebodyElse(t *testing.T) {
	p, now := newPace(), time.Unix(1000, 0)
	pass := func(d time.Duration) { now = now.Add(d) }
	p.spendKey(60_000, now)
	p.setLead(1, now)
	pass(200 * time.Millisecond)
	p.ack(1, 0, 1, true, 0, now)
	p.spendCatchUp(10_000, now)
	p.spendKey(120_000, now) // for viewer 2
	pass(30 * time.Millisecond)
	p.ack(1, 0, 2, true, 0, now)
	pass(30 * time.Millisecond)
	if ok, _ := p.credit(now); !ok {
		t.Error("the stream waits for an ack of what the lead was never sent")
	}
}

// TestLatenessThatNobodySent: a page that is late with everything while little is sent says nothing
// of the link.
func TestLatenessThatNobodySent(t *testing.T) {
	p, now, seq := newPace(), time.Unix(1000, 0), uint32(0)
	p.setLead(1, now)
	trip := func(bytes int, d time.Duration) {
		seq++
		p.spend(seq, bytes, false, now)
		now = now.Add(d)
		p.ack(1, seq, 0, false, 0, now)
	}
	trip(40_000, 20*time.Millisecond)
	before := p.flow.rate
	for range 100 {
		trip(150, 300*time.Millisecond)
	}
	if p.flow.rate < before || p.quality != 0 {
		t.Errorf("rate %.0f after %.0f, quality %d", p.flow.rate, before, qualities[p.quality])
	}
}

// TestCreditComesBackByTime: a part that the lead never got is not acked, and nothing else may happen
// that makes the loop look again.
func TestCreditComesBackByTime(t *testing.T) {
	p, now := newPace(), time.Unix(1_000_000, 0)
	p.spendKey(2*firstMost, now)
	p.setLead(1, now)
	now = now.Add(time.Second)
	ok, wait := p.credit(now)
	if ok || wait <= 0 {
		t.Fatalf("credit %v, look again in %v", ok, wait)
	}
	if ok, wait = p.credit(now.Add(wait)); !ok {
		t.Errorf("no credit then, look again in %v", wait)
	}
}
