// Package party joins sessions of PinDesk's broker: sockets for load generators, and viewers
// that decode what they get, to see whether it is right.
package party

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"time"

	"pindesk/bench/internal/ws"
	"pindesk/internal/wire"
)

// Client asks one broker. It is safe for concurrent use.
type Client struct {
	addr string
	http http.Client
}

// NewClient is one of the broker at host:port, for so many calls at once; each may take at
// most timeout.
func NewClient(addr string, calls int, timeout time.Duration) *Client {
	return &Client{addr, http.Client{Timeout: timeout, Transport: &http.Transport{MaxIdleConnsPerHost: calls}}}
}

// Session makes one and returns its PIN.
func (c *Client) Session() (pin string, err error) {
	var made struct {
		PIN string `json:"session_pin"`
	}
	if err := c.call(http.MethodGet, "/api/v1/session_pin", nil, &made); err != nil {
		return "", fmt.Errorf("session: %w", err)
	}
	return made.PIN, nil
}

// Join opens a party's socket. The caller closes it.
func (c *Client) Join(pin, role string) (*ws.Conn, error) {
	var joined struct {
		Ticket string `json:"ticket"`
		Relay  string `json:"relay_path"`
	}
	who := map[string]string{"session_pin": pin, "role": role, "name": "bench"}
	if err := c.call(http.MethodPost, "/api/v1/join", who, &joined); err != nil {
		return nil, fmt.Errorf("join as %s: %w", role, err)
	}
	return ws.Dial("ws://"+c.addr+joined.Relay, http.Header{"Sec-Websocket-Protocol": {wire.Protocol + ", " + wire.TicketPrefix + joined.Ticket}})
}

func (c *Client) call(method, path string, body, into any) error {
	b, err := json.Marshal(body)
	if err != nil {
		return err
	}
	req, err := http.NewRequest(method, "http://"+c.addr+path, bytes.NewReader(b))
	if err != nil {
		return err
	}
	req.Header.Set("Content-Type", "application/json")
	answer, err := c.http.Do(req)
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(io.LimitReader(answer.Body, 64<<10))
	if err != nil {
		return err
	}
	if answer.StatusCode != http.StatusOK {
		return fmt.Errorf("%s: %s", answer.Status, text)
	}
	return json.Unmarshal(text, into)
}
