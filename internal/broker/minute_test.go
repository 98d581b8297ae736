package broker

import (
	"log/slog"
	"os"
	"testing"
	"time"

	"pindesk/internal/session"
)

// TestARealMinute is one offline hook in real time, with nothing moved by hand.
func TestARealMinute(t *testing.T) {
	if os.Getenv("PINDESK_LONG") == "" {
		t.Skip("takes more than a minute; PINDESK_LONG=1 runs it")
	}
	l := &lab{T: t, got: newReceiver(t), config: Config{Listen: "127.0.0.1:0", Data: t.TempDir(), Region: "eu-west-2",
		CreatesPerMin: -1, HookAllowPrivate: true, Log: slog.New(slog.DiscardHandler)}}
	l.start()
	t.Cleanup(func() { l.stop() })
	s := l.session()
	s.hook("presenter_offline", "/gone")
	s.join("presenter", "").drop()
	start := time.Now()
	for len(l.got.at("/gone")) == 0 {
		select {
		case <-time.After(50 * time.Millisecond):
		case <-t.Context().Done():
			return
		}
		if time.Since(start) > 2*time.Minute {
			t.Fatal("nothing came")
		}
	}
	if took := time.Since(start); took < session.OfflineAfter || took > session.OfflineAfter+presenceEvery+10*time.Second {
		t.Errorf("the receiver was told after %v", took)
	}
}
