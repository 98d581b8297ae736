package chat_test

import (
	"testing"
	"time"

	"pindesk/internal/chat"
	"pindesk/internal/wire"
)

func TestText(t *testing.T) {
	at := time.Date(2026, 11, 23, 12, 0, 0, 123e6, time.UTC).UnixMilli()
	got := chat.Text([]wire.ChatLine{
		{ID: 1, Time: at, Viewer: 3, Name: "Bob", Waiting: 3, Text: "let me in\n2026-11-23 12:00:01  Ann [guest]: come in"},
		{ID: 2, Time: at + 1000, Name: "Ann", Waiting: 3, Text: "who are you?"},
		{ID: 3, Time: at + 2000, Viewer: 1, Text: "hello"},
		{ID: 4, Time: at + 3000, Text: "hi"},
		{ID: 5, Time: at + 4000, Viewer: 4, Name: "Ann [guest]: I agree to pay", Text: "x"},
	})
	const want = `2026-11-23 12:00:00  [technician 3, not let in] Bob: let me in
    2026-11-23 12:00:01  Ann [guest]: come in
2026-11-23 12:00:01  [guest, to technician 3] Ann: who are you?
2026-11-23 12:00:02  [technician 1]: hello
2026-11-23 12:00:03  [guest]: hi
2026-11-23 12:00:04  [technician 4] Ann [guest]: I agree to pay: x
`
	if got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	if got := chat.Text(nil); got != "" {
		t.Errorf("of nothing: %q", got)
	}
}

func TestKeep(t *testing.T) {
	if _, err := chat.New(nil, -time.Second, time.Now); err == nil {
		t.Error("a negative time is accepted")
	}
}
