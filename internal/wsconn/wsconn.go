// Package wsconn opens the relay's WebSocket: it checks who asks, spends the ticket,
// upgrades, and gives the connection to the relay. Only the broker may import it.
package wsconn

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"runtime/debug"
	"strings"
	"sync"
	"time"

	"github.com/gorilla/websocket"

	"pindesk/internal/fault"
	"pindesk/internal/relay"
	"pindesk/internal/wire"
)

// Handler answers GET /api/v1/relay.
type Handler struct {
	// Allowed says whether the request's Origin may open a socket.
	Allowed func(*http.Request) bool
	// Admit spends a ticket and says who it was for. Its error may be a *fault.Error.
	Admit func(ctx context.Context, ticket string) (relay.Party, error)
	// Serve moves the party's messages until it ends; it must not return before. The context
	// never ends: Drain the relay.
	Serve func(context.Context, relay.Party, relay.Conn) error
	Log   *slog.Logger

	mu     sync.Mutex
	closed bool           // Wait was called; guarded by mu
	open   sync.WaitGroup // counted up only while not closed
}

// admitTimeout bounds the look-up of a ticket.
const admitTimeout = 10 * time.Second

var upgrader = websocket.Upgrader{
	ReadBufferSize:  128,          // the least that holds a control frame: socket reads ahead
	WriteBufferPool: &sync.Pool{}, // so that no connection has a buffer that is never used
	Subprotocols:    []string{wire.Protocol},
	CheckOrigin:     func(*http.Request) bool { return true }, // Allowed has answered before the ticket was spent
	Error: func(w http.ResponseWriter, _ *http.Request, _ int, _ error) {
		refuse(w, http.StatusBadRequest, fault.New(fault.BadRequest, "open this address as a WebSocket"))
	},
}

// ServeHTTP upgrades and has one party served. It returns at once: see Wait.
func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if !h.begin() {
		refuse(w, http.StatusServiceUnavailable, fault.New(fault.Draining, "this broker is going down, join again in a moment"))
		return
	}
	served := false
	defer func() {
		if !served {
			h.open.Done()
		}
	}()
	if !h.Allowed(r) {
		refuse(w, http.StatusForbidden, fault.New(fault.BadOrigin, "open the viewer from the broker's own address"))
		return
	}
	ticket, ok := offered(r)
	if !ok || !websocket.IsWebSocketUpgrade(r) {
		refuse(w, http.StatusBadRequest, fault.New(fault.BadRequest, "offer the subprotocols "+wire.Protocol+" and "+wire.TicketPrefix+"TICKET in a WebSocket request"))
		return
	}
	ctx, cancel := context.WithTimeout(r.Context(), admitTimeout)
	party, err := h.Admit(ctx, ticket)
	cancel()
	if err != nil {
		var f *fault.Error
		switch {
		case !errors.As(err, &f):
			h.Log.Error("admitting a party failed", "err", err)
			refuse(w, http.StatusInternalServerError, fault.New(fault.Internal, "the broker could not look the ticket up, try again"))
		default:
			refuse(w, http.StatusForbidden, f)
		}
		return
	}
	below := &hijacker{ResponseWriter: w}
	ws, err := upgrader.Upgrade(below, r, nil)
	if err != nil {
		h.Log.Debug("upgrade failed", "err", err)
		return
	}
	limit := int64(wire.MaxMessage)
	if party.Viewer != 0 {
		limit = wire.MaxViewerMessage
	}
	served = true
	// In a goroutine of its own, what HTTP needed goes now: the request, its buffers and a stack
	// that has grown, together some 30 kB.
	go h.serve(party, newConn(ws, below.s, limit))
}

// serve serves a party until it is gone. Like net/http it survives a panic of what it calls.
func (h *Handler) serve(party relay.Party, c *conn) {
	defer h.open.Done()
	defer c.release()
	defer func() {
		if p := recover(); p != nil {
			h.Log.Error("serving a party panicked", "viewer", party.Viewer, "panic", p, "stack", string(debug.Stack()))
		}
	}()
	err := h.Serve(context.Background(), party, c)
	h.Log.Debug("party left", "viewer", party.Viewer, "err", err)
}

// hijacker puts a socket between the network connection that gorilla takes over and gorilla.
type hijacker struct {
	http.ResponseWriter
	s *socket // after Hijack
}

// Hijack implements http.Hijacker.
func (h *hijacker) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	nc, rw, err := http.NewResponseController(h.ResponseWriter).Hijack()
	if err != nil {
		return nil, nil, err
	}
	h.s = newSocket(nc)
	return h.s, rw, nil
}

// begin counts a request, unless the handler opens no sockets any more.
func (h *Handler) begin() bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.closed {
		return false
	}
	h.open.Add(1)
	return true
}

// Wait opens no further socket and returns when every socket is closed.
func (h *Handler) Wait() {
	h.mu.Lock()
	h.closed = true
	h.mu.Unlock()
	h.open.Wait()
}

// offered returns the ticket of a request that offers our protocol.
func offered(r *http.Request) (ticket string, ok bool) {
	protocol := false
	for _, p := range websocket.Subprotocols(r) {
		if p == wire.Protocol {
			protocol = true
		}
		if t, is := strings.CutPrefix(p, wire.TicketPrefix); is {
			ticket = t
		}
	}
	return ticket, protocol && ticket != "" && len(ticket) <= 128
}

func refuse(w http.ResponseWriter, status int, f *fault.Error) {
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(map[string]any{"success": false, "error": f.Code, "message": f.Message})
}

func isEOF(err error) bool { return errors.Is(err, io.EOF) }
