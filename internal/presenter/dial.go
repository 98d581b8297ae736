package presenter

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/gorilla/websocket"

	"pindesk/internal/fault"
	"pindesk/internal/puzzle"
	"pindesk/internal/wire"
)

// Times and sizes of reaching the broker.
const (
	dialTimeout = 15 * time.Second
	maxAnswer   = 64 << 10
	maxPuzzles  = 3 // of one join
)

// errRefused wraps an answer after which trying again is of no use.
var errRefused = errors.New("the broker refuses")

// errSpent is the answer to a handover secret that opens nothing any more. Who went on all the same
// would be another computer: it would end the sharing of the guest's own tab or program, and all grants.
var errSpent = fmt.Errorf("%w: what your browser gave this program works once, and was used already; get it anew in the browser", errRefused)

// waitError is an answer that says when to try again.
type waitError struct {
	wait time.Duration
	err  error
}

func (e *waitError) Error() string { return e.err.Error() }

// joinAnswer is what POST /api/v1/join gives.
type joinAnswer struct {
	Ticket    string        `json:"ticket"`
	Resumed   bool          `json:"resumed"`
	RelayPath string        `json:"relay_path"`
	Error     string        `json:"error"`
	Message   string        `json:"message"`
	Puzzle    puzzle.Puzzle `json:"puzzle"`
}

// brokerURL checks what a person gave as the broker's address.
func brokerURL(s string) (*url.URL, error) {
	if !strings.Contains(s, "://") {
		scheme := "https://"
		if host, _, _ := strings.Cut(s, ":"); host == "localhost" || strings.HasPrefix(host, "127.") {
			scheme = "http://" // a broker on this machine, for trying things out
		}
		s = scheme + s
	}
	u, err := url.Parse(s)
	if err != nil || u.Host == "" || (u.Scheme != "http" && u.Scheme != "https") || u.User != nil ||
		strings.Trim(u.Path, "/") != "" || u.RawQuery != "" || u.Fragment != "" {
		return nil, errors.New("the broker's address must look like https://help.example.com")
	}
	return &url.URL{Scheme: u.Scheme, Host: u.Host}, nil
}

// join gets a ticket and opens the relay's socket with it. Where the broker sets a puzzle,
// because many wrong PINs come in, it is solved on the way.
func (p *Presenter) join(ctx context.Context) (*websocket.Conn, error) {
	ctx, cancel := context.WithTimeout(ctx, dialTimeout)
	defer cancel()
	solved := ""
	for puzzles := 0; ; puzzles++ {
		a, resp, err := p.ask(ctx, solved)
		switch {
		case err != nil:
			return nil, err
		case resp.StatusCode == http.StatusOK:
			if a.Ticket == "" || !strings.HasPrefix(a.RelayPath, "/") {
				return nil, fmt.Errorf("%s gave no ticket", p.broker.Host)
			}
			if p.inherited() != "" && p.resume == p.inherited() && !a.Resumed {
				return nil, errSpent
			}
			return p.open(ctx, a)
		case a.Error != fault.Puzzle || puzzles == maxPuzzles:
			return nil, joinError(resp, a)
		}
		if solved, err = puzzle.Solve(ctx, a.Puzzle); err != nil {
			return nil, joinError(resp, a)
		}
	}
}

// ask makes the call; solved is the answer to a puzzle, or "". The response's body is read.
func (p *Presenter) ask(ctx context.Context, solved string) (a joinAnswer, resp *http.Response, err error) {
	body, err := json.Marshal(map[string]string{"session_pin": p.cfg.PIN, "role": "presenter", "name": p.cfg.Name, "resume": p.resume})
	if err != nil {
		return a, nil, err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, p.broker.JoinPath("/api/v1/join").String(), bytes.NewReader(body))
	if err != nil {
		return a, nil, err
	}
	req.Header.Set("Content-Type", "application/json")
	if solved != "" {
		req.Header.Set(puzzle.Header, solved)
	}
	if resp, err = p.calls.Do(req); err != nil {
		return a, nil, proxyError(unURL(err))
	}
	defer resp.Body.Close()
	if resp.StatusCode == http.StatusProxyAuthRequired {
		return a, nil, errProxyAuth
	}
	raw, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswer))
	if err != nil {
		return a, nil, err
	}
	if err := json.Unmarshal(raw, &a); err != nil {
		return a, nil, fmt.Errorf("%s does not answer like a PinDesk broker (status %d)", p.broker.Host, resp.StatusCode)
	}
	return a, resp, nil
}

func joinError(resp *http.Response, a joinAnswer) error {
	err := errors.New(a.Message)
	if a.Message == "" {
		err = fmt.Errorf("status %d", resp.StatusCode)
	}
	if s, convErr := strconv.Atoi(resp.Header.Get("Retry-After")); convErr == nil && s >= 0 {
		return &waitError{min(time.Duration(s)*time.Second, 5*time.Minute), err}
	}
	if a.Error == fault.UnknownSession {
		return ErrNoSession
	}
	if resp.StatusCode >= 500 || a.Error == fault.Draining {
		return err
	}
	return fmt.Errorf("%w: %w", errRefused, err)
}

func (p *Presenter) open(ctx context.Context, a joinAnswer) (*websocket.Conn, error) {
	u := *p.broker
	u.Scheme = map[string]string{"http": "ws", "https": "wss"}[u.Scheme]
	u.Path = a.RelayPath
	d := websocket.Dialer{Proxy: p.cfg.Proxy, HandshakeTimeout: dialTimeout,
		ReadBufferSize: 4 << 10, WriteBufferSize: 32 << 10, Subprotocols: []string{wire.Protocol, wire.TicketPrefix + a.Ticket}}
	ws, resp, err := d.DialContext(ctx, u.String(), nil)
	if err != nil {
		if resp != nil {
			return nil, fmt.Errorf("the relay answers with status %d", resp.StatusCode)
		}
		return nil, proxyError(unURL(err))
	}
	if ws.Subprotocol() != wire.Protocol {
		ws.Close()
		return nil, fmt.Errorf("%w: it does not speak %s", errRefused, wire.Protocol)
	}
	ws.SetReadLimit(wire.MaxViewerMessage) // the most that the relay passes on; its own messages are shorter
	return ws, nil
}

// errProxy wraps what a proxy on the way says.
var errProxy = errors.New("the network's proxy does not let this through")

var errProxyAuth = fmt.Errorf("%w: it wants to know who you are (%s)", errProxy, strings.ToLower(http.StatusText(http.StatusProxyAuthRequired)))

// proxyError finds out whether an error is a proxy's. Both net/http and the socket's dialer hand over the proxy's answer as
// nothing but its text.
func proxyError(err error) error {
	var way *net.OpError
	switch text := http.StatusText(http.StatusProxyAuthRequired); {
	case errors.As(err, &way) && way.Op == "proxyconnect":
		return fmt.Errorf("%w: %w", errProxy, way.Err)
	case err.Error() == text:
		return errProxyAuth
	}
	for _, code := range []int{http.StatusForbidden, http.StatusMethodNotAllowed, http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout} {
		if err.Error() == http.StatusText(code) {
			return fmt.Errorf("%w: %s", errProxy, strings.ToLower(err.Error()))
		}
	}
	return err
}

// callsBy makes a client that uses some proxies.
func callsBy(proxy func(*http.Request) (*url.URL, error)) *http.Client {
	t, _ := http.DefaultTransport.(*http.Transport)
	t = t.Clone()
	t.Proxy = proxy
	return &http.Client{Transport: t}
}

// unURL takes the URL out of an error of net/http: people know it, and it is long.
func unURL(err error) error {
	var u *url.Error
	if errors.As(err, &u) {
		return u.Err
	}
	return err
}
