package session_test

import (
	"context"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"pindesk/internal/session"
)

// memory is a Store that keeps only which MACs are taken, as the database's unique index does.
type memory struct {
	session.Store
	mu    sync.Mutex
	taken map[string]bool // guarded by mu
	again int             // guarded by mu: PINs that were drawn twice
}

func (m *memory) Now() time.Time { return time.Unix(1_800_000_000, 0) }

func (m *memory) Create(_ context.Context, n session.NewSession) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.taken[n.PINMAC] {
		m.again++
		return session.ErrTaken
	}
	m.taken[n.PINMAC] = true
	return nil
}

// TestNoPINTwice: by the birthday paradox a million PINs of 36^3 * 10^6 are drawn twice some
// 11 times, and still none is issued twice. (bench/cmd/pinbench -n 1000000 does the same with a
// broker and a real database.)
func TestNoPINTwice(t *testing.T) {
	n, workers := 20_000, 4
	if os.Getenv("PINDESK_LONG") != "" {
		n = 1_000_000
	}
	keys, err := session.MakeKeyring(filepath.Join(t.TempDir(), "secret.key"))
	if err != nil {
		t.Fatal(err)
	}
	store := &memory{taken: make(map[string]bool, n)}
	svc, err := session.New(session.Config{Store: store, Keys: keys, Region: "test"})
	if err != nil {
		t.Fatal(err)
	}
	issued := make([]map[string]bool, workers)
	var work sync.WaitGroup
	for w := range workers {
		issued[w] = make(map[string]bool, n/workers)
		work.Go(func() {
			for range n / workers {
				c, err := svc.Create(t.Context(), "", session.Maker{})
				if err != nil {
					t.Error(err)
					return
				}
				issued[w][c.Session.PIN] = true
			}
		})
	}
	work.Wait()
	all := issued[0]
	for _, more := range issued[1:] {
		for pin := range more {
			all[pin] = true
		}
	}
	t.Logf("%d PINs, %d of them drawn again and not issued", len(all), store.again)
	if len(all) != n {
		t.Errorf("%d different PINs of %d", len(all), n)
	}
}
