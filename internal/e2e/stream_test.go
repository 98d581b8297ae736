package e2e

import (
	"math/rand/v2"
	"os"
	"strconv"
	"testing"
	"time"

	"pindesk/internal/presenter"
)

// TestEveryViewerBecomesExact draws, scrolls and resizes at random while viewers come, go,
// freeze and come back, through the real broker; whenever all is still, every viewer's
// pixels are the desktop's.
func TestEveryViewerBecomesExact(t *testing.T) { everyViewerBecomesExact(t, false) }

// TestEveryViewerOfMonitorsBecomesExact is the same with monitors that come, move and go, and viewers
// that look at one, then at another one.
func TestEveryViewerOfMonitorsBecomesExact(t *testing.T) { everyViewerBecomesExact(t, true) }

func everyViewerBecomesExact(t *testing.T, monitors bool) {
	rounds, seed := 4, uint64(time.Now().UnixNano())
	if os.Getenv("PINDESK_LONG") != "" {
		rounds = 60
	}
	if n, err := strconv.ParseUint(os.Getenv("PINDESK_E2E_SEED"), 10, 64); err == nil {
		seed = n
	}
	t.Logf("seed %d", seed)
	r := rand.New(rand.NewPCG(seed, 1))
	s := startSite(t, nil)
	pin := s.newPIN()
	desk := newFakeDesktop(640, 480)
	s.present(pin, presenter.Config{Screen: desk, Input: desk, Consent: presenter.ControlFree})

	viewers := []*goViewer{s.view(pin, "")}
	for round := range rounds {
		frozen := viewers[r.IntN(len(viewers))]
		if len(viewers) > 1 {
			frozen.freeze(true)
		}
		steps := 20 + r.IntN(60)
		pause := time.NewTicker(3 * time.Millisecond)
		for range steps {
			switch r.IntN(40) {
			case 0:
				desk.resize(200+r.IntN(600), 150+r.IntN(500))
			case 2:
				if monitors {
					desk.plug(r)
				}
			case 3, 4, 5:
				who := viewers[r.IntN(len(viewers))]
				for hops := 1 + r.IntN(2); monitors && hops > 0; hops-- { // the second before it has the first one's picture
					who.watchAny(r)
				}
			case 1:
				if len(viewers) < 6 {
					viewers = append(viewers, s.view(pin, ""))
				}
			default:
				desk.drawRandom(r)
			}
			<-pause.C
		}
		pause.Stop()
		frozen.freeze(false)
		for i, v := range viewers {
			eventually(t, "viewer "+strconv.Itoa(i)+" becomes exact in round "+strconv.Itoa(round), func() bool {
				return v.differs(desk) == 0
			})
		}
		if len(viewers) > 2 {
			viewers[0].close()
			viewers = viewers[1:]
		}
	}
	if n := s.b.Stats().Drops["malformed"]; n > 0 {
		t.Errorf("%d malformed messages", n)
	}
}

// TestLateViewerIsExactAndFree checks that a late viewer costs the first one no update.
func TestLateViewerIsExactAndFree(t *testing.T) {
	s := startSite(t, nil)
	pin := s.newPIN()
	desk := newFakeDesktop(1280, 720)
	r := rand.New(rand.NewPCG(7, 7))
	for range 60 {
		desk.drawRandom(r)
	}
	s.present(pin, presenter.Config{Screen: desk, Input: desk, Consent: presenter.ControlFree})
	first := s.view(pin, "")
	eventually(t, "the first viewer is exact", func() bool { return first.differs(desk) == 0 })
	first.mu.Lock()
	before := first.updates
	first.mu.Unlock()
	start := time.Now()
	late := s.view(pin, "")
	eventually(t, "the late viewer is exact", func() bool { return late.differs(desk) == 0 })
	t.Logf("the late viewer was exact after %v", time.Since(start))
	first.mu.Lock()
	defer first.mu.Unlock()
	if first.updates != before {
		t.Errorf("the first viewer got %d updates because another came", first.updates-before)
	}
	if first.resyncs+late.resyncs > 0 {
		t.Errorf("resyncs: %d and %d", first.resyncs, late.resyncs)
	}
}
