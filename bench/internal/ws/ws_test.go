package ws

import (
	"bytes"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/gorilla/websocket"
)

// TestAgainstGorilla talks to the library that the broker uses.
func TestAgainstGorilla(t *testing.T) {
	large := bytes.Repeat([]byte("0123456789abcdef!"), 7000)
	upgrader := websocket.Upgrader{WriteBufferSize: 256 << 10, Subprotocols: []string{"x"}}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		c, err := upgrader.Upgrade(w, r, nil)
		if err != nil {
			return
		}
		defer c.Close()
		for _, m := range []struct {
			kind int
			b    []byte
		}{{websocket.TextMessage, []byte("hello")}, {websocket.BinaryMessage, []byte("one")}, {websocket.BinaryMessage, large}} {
			if c.WriteMessage(m.kind, m.b) != nil {
				return
			}
		}
		for { // echo
			kind, b, err := c.ReadMessage()
			if err != nil || c.WriteControl(websocket.PingMessage, []byte("p"), time.Now().Add(time.Second)) != nil || c.WriteMessage(kind, b) != nil {
				return
			}
		}
	}))
	defer server.Close()
	w, err := Dial("ws"+strings.TrimPrefix(server.URL, "http"), http.Header{"Sec-Websocket-Protocol": {"x"}})
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	if text, err := w.ReadText(5 * time.Second); text != "hello" || err != nil {
		t.Fatalf("%q, %v", text, err)
	}
	if n, err := w.Next(); n != 3 || err != nil {
		t.Fatalf("%d, %v", n, err)
	}
	if n, err := w.Next(); n != len(large) || err != nil { // the first one is skipped
		t.Fatalf("%d, %v", n, err)
	}
	got := make([]byte, len(large))
	if _, err := io.ReadFull(w, got); err != nil || !bytes.Equal(got, large) || w.Left() != 0 {
		t.Fatalf("the payload is not what was sent: %v", err)
	}
	for _, size := range []int{1, 125, 126, 70000} {
		if err := w.WriteParts(large[:size/2], large[size/2:size]); err != nil {
			t.Fatal(err)
		}
		got := make([]byte, size)
		if _, err := io.ReadFull(w, got); err != nil || !bytes.Equal(got, large[:size]) {
			t.Fatalf("%d bytes did not come back: %v", size, err)
		}
	}
}

func TestRefused(t *testing.T) {
	server := httptest.NewServer(http.NotFoundHandler())
	defer server.Close()
	if _, err := Dial("ws"+strings.TrimPrefix(server.URL, "http"), nil); err == nil || !strings.Contains(err.Error(), "404") {
		t.Errorf("%v", err)
	}
}
