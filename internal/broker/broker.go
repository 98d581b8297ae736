// Package broker wires one broker process together: database, sessions, relay, API and
// pages. It holds no rules of its own. Only cmd/broker and end-to-end tests import it.
package broker

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"

	"pindesk/internal/apikey"
	"pindesk/internal/brand"
	"pindesk/internal/fault"
	"pindesk/internal/httpapi"
	"pindesk/internal/jobs"
	"pindesk/internal/mail"
	"pindesk/internal/origin"
	"pindesk/internal/relay"
	"pindesk/internal/session"
	"pindesk/internal/store"
	"pindesk/internal/wsconn"
	"pindesk/web"
)

// Times of a broker.
const (
	presenceEvery = 5 * time.Second
	presenceFor   = 15 * time.Second // a node that dies is seen as gone after this
	sweepEvery    = 10 * time.Second
	clockEvery    = time.Minute
	forgetEvery   = 5 * time.Minute
	workTimeout   = 10 * time.Second // of one round of the above
	drainTimeout  = 10 * time.Second // each for sockets and for requests
)

// Config of a broker. See the flags of cmd/broker for what the fields mean to an operator.
type Config struct {
	Listen         string // host:port; port 0 picks a free one
	Data           string // folder; made if missing
	Region         string
	RegionHosts    map[string]string // see httpapi.Config; any URL of an origin
	DatabaseURL    string            // "" means SQLite in Data
	PublicURL      string            // "" means http:// and the listen address
	SecretFile     string            // "" means secret.key in Data
	TrustedProxies []netip.Prefix
	Limits         session.Limits
	CreatesPerMin  int  // 0: httpapi's default; less: no bound
	RequireKey     bool // see httpapi.Config
	TLS            TLS
	// HSTSSubdomains and HSTSPreload: see httpapi.Config.
	HSTSSubdomains, HSTSPreload bool
	// HookAllow and HookAllowPrivate are Allow and AllowPrivate of outbound.Config.
	HookAllow        []string
	HookAllowPrivate bool
	Mail             Mail
	Programs         string        // folder of the guest's programs; "": none are handed out
	KeepChat         time.Duration // after a session's end; 0: chat.DefaultKeep
	Brand            *brand.Brand  // nil: brand.Default()
	Web              fs.FS         // nil means the embedded pages
	Log              *slog.Logger
	// Clock is the time of all that is stored. Tests move it; nil: the database's.
	Clock func() time.Time
}

// Broker is one running process's worth of PinDesk.
type Broker struct {
	log      *slog.Logger
	store    *store.Store
	keys     *session.Keyring
	sessions *session.Service
	hub      *relay.Hub
	sockets  *wsconn.Handler
	listener net.Listener
	server   *http.Server
	public   *url.URL
	admitted atomic.Uint64 // tickets
	tls      transport
	draining atomic.Bool
	clock    func() time.Time // of Config
	witness  *witness
	hooks    *jobs.Worker
	hookKey  []byte
	chats    chats
	mail     *mail.Service // nil: no mail server is set
	mails    *jobs.Worker  // as mail
}

// OpenStore opens and migrates the database of c. The caller closes it.
func OpenStore(ctx context.Context, c Config) (*store.Store, error) {
	db, err := store.Open(ctx, store.Config{DataDir: c.Data, DatabaseURL: c.DatabaseURL})
	if err != nil {
		return nil, err
	}
	if err := db.Migrate(ctx); err != nil {
		return nil, errors.Join(err, db.Close())
	}
	return db, nil
}

// New opens everything that a broker needs and starts to listen, so that its address is
// known and callers queue; nothing is answered before Run. Close it in any case.
func New(ctx context.Context, c Config) (b *Broker, err error) {
	if c.Log == nil {
		c.Log = slog.Default()
	}
	b = &Broker{log: c.Log, clock: c.Clock}
	defer func() {
		if err != nil {
			err = errors.Join(err, b.Close())
			b = nil
		}
	}()
	if b.store, err = OpenStore(ctx, c); err != nil {
		return b, err
	}
	if err = b.openSessions(ctx, c); err != nil {
		return b, err
	}
	if b.listener, err = net.Listen("tcp", c.Listen); err != nil {
		return b, fmt.Errorf("%w: choose another address by --listen, or end what uses this one", err)
	}
	origins, err := b.origins(c)
	if err != nil {
		return b, err
	}
	if err = errors.Join(b.openChats(c), b.openMail(c, origins.List()[0])); err != nil {
		return b, err
	}
	if err = b.openHooks(c, origins); err != nil {
		return b, err
	}
	regionHosts, err := hostsOf(c.RegionHosts)
	if err != nil {
		return b, err
	}
	b.witness = newWitness(b.store.Note, b.now, c.Log)
	b.hub = relay.New(relay.Config{Log: c.Log, Observe: b.witness.see, Chat: b.chats})
	b.sockets = &wsconn.Handler{Allowed: origins.Allowed, Admit: b.admit, Serve: b.serve, Log: c.Log}
	puzzleKey, err := b.keys.Derive("puzzle v1")
	if err != nil {
		return b, err
	}
	pages := c.Web
	if pages == nil {
		pages = web.Files
	}
	var mailer httpapi.Mailer // not a nil pointer in an interface
	if b.mail != nil {
		mailer = b.mail
	}
	handedOut, err := b.openPrograms(c.Programs, origins.List()[0])
	if err != nil {
		return b, err
	}
	b.server = &http.Server{
		Handler: httpapi.New(httpapi.Config{
			Sessions: b.sessions, PublicURL: b.public, Origins: origins, Region: c.Region, RegionHosts: regionHosts, Relay: b.sockets, Web: pages,
			Log: c.Log, Ready: b.ready, TrustedProxies: c.TrustedProxies, CreatesPerMinute: c.CreatesPerMin, OnEnd: b.hub.End,
			Keys: apikey.Service{Store: b.store}, RequireKey: c.RequireKey, HSTSSubdomains: c.HSTSSubdomains, HSTSPreload: c.HSTSPreload, PuzzleKey: puzzleKey, Now: b.now,
			Records: b.store, HookSecret: b.hookSecret, Mail: mailer, Chats: b.chats, Brand: c.Brand, Programs: handedOut,
		}),
		ReadHeaderTimeout: httpapi.ReadHeaderTimeout, ReadTimeout: httpapi.ReadTimeout,
		WriteTimeout: httpapi.WriteTimeout, IdleTimeout: httpapi.IdleTimeout, MaxHeaderBytes: httpapi.MaxHeaderBytes,
		ErrorLog: slog.NewLogLogger(c.Log.Handler(), slog.LevelDebug),
	}
	b.warnPlain(c)
	return b, b.openTLS(c)
}

func (b *Broker) openSessions(ctx context.Context, c Config) error {
	secret := c.SecretFile
	open := session.OpenKeyring // a file that the operator named must be there
	if secret == "" {
		secret, open = filepath.Join(c.Data, "secret.key"), session.MakeKeyring
	}
	if c.DatabaseURL != "" && c.SecretFile == "" {
		if err := os.MkdirAll(c.Data, 0o700); err != nil { // SQLite's store has made it
			return fmt.Errorf("data folder: %w", err)
		}
	}
	keys, err := open(secret)
	if err != nil {
		return err
	}
	b.keys = keys
	b.sessions, err = session.New(session.Config{Store: b.store, Keys: keys, Region: c.Region, Limits: c.Limits, Clock: c.Clock})
	if err != nil {
		return err
	}
	return b.sessions.CheckKey(ctx)
}

// origins works out what people call this broker and which pages may use it.
func (b *Broker) origins(c Config) (origin.Origins, error) {
	if c.PublicURL != "" {
		u, err := url.Parse(c.PublicURL)
		if err != nil {
			return origin.Origins{}, fmt.Errorf("public URL: %w", err)
		}
		b.public = u
		o, err := origin.New(u)
		if err != nil {
			return o, fmt.Errorf("public URL: %w", err)
		}
		return o, nil
	}
	host, _, err := net.SplitHostPort(c.Listen)
	if err != nil {
		return origin.Origins{}, fmt.Errorf("listen: %w", err)
	}
	port := b.listener.Addr().(*net.TCPAddr).Port
	if len(c.TLS.Domains) > 0 {
		host = c.TLS.Domains[0]
	}
	if ip, err := netip.ParseAddr(host); host == "" || err == nil && ip.IsUnspecified() {
		b.log.Warn("no --public-url: links and pages work on this machine only, as localhost")
		host = "localhost"
	}
	b.public = &url.URL{Scheme: c.scheme(), Host: net.JoinHostPort(host, fmt.Sprint(port))}
	if loopback(host) {
		return origin.NewLoopback(b.public)
	}
	return origin.New(b.public)
}

// hostsOf checks what the operator says of regions' hosts, and writes it as browsers do.
func hostsOf(configured map[string]string) (map[string]string, error) {
	hosts := make(map[string]string, len(configured))
	for region, text := range configured {
		u, err := url.Parse(text)
		if err != nil {
			return nil, fmt.Errorf("host of region %q: %w", region, err)
		}
		o, err := origin.New(u)
		if err != nil {
			return nil, fmt.Errorf("host of region %q: %w", region, err)
		}
		hosts[region] = o.List()[0]
	}
	return hosts, nil
}

// URL is the origin of this broker's pages.
func (b *Broker) URL() string { return b.public.String() }

// Stats are the relay's figures.
func (b *Broker) Stats() relay.Stats { return b.hub.Stats() }

func (b *Broker) ready(ctx context.Context) error {
	if b.draining.Load() {
		return errors.New("going down")
	}
	return b.store.Ping(ctx)
}

// admit spends a ticket.
func (b *Broker) admit(ctx context.Context, ticket string) (relay.Party, error) {
	if b.draining.Load() {
		return relay.Party{}, fault.New(fault.Draining, "this broker is going down, join again in a moment")
	}
	a, err := b.sessions.Admit(ctx, ticket)
	if err != nil {
		return relay.Party{}, err
	}
	return relay.Party{Session: a.Session.ID, ID: a.Party, Viewer: a.Number, Name: a.Name, Organisation: a.Session.Organisation,
		Resumed: a.Resumed, Resume: a.Resume, Handover: a.Handover, Epoch: a.Epoch, Order: b.admitted.Add(1), Replaced: a.Replaced}, nil
}

// serve keeps a party's presence while the relay serves it.
func (b *Broker) serve(ctx context.Context, p relay.Party, c relay.Conn) error {
	b.present(ctx, []string{p.ID})
	b.log.Info("party joined", "session", p.Session, "viewer", p.Viewer, "epoch", p.Epoch, "resumed", p.Resumed)
	err := b.hub.Serve(ctx, p, c)
	b.log.Info("party left", "session", p.Session, "viewer", p.Viewer, "why", err)
	// A party that comes back elsewhere, or has come back here already, is not offline.
	if !b.draining.Load() && !b.hub.Attached(p.Session, p.ID) {
		ctx, cancel := context.WithTimeout(ctx, workTimeout)
		defer cancel()
		if err := b.sessions.Offline(ctx, p.ID); err != nil {
			b.log.Error("presence could not be ended", "err", err)
		}
	}
	return err
}

// present stores that parties are here, and reports whether it could.
func (b *Broker) present(ctx context.Context, parties []string) bool {
	if len(parties) == 0 {
		return true
	}
	ctx, cancel := context.WithTimeout(ctx, workTimeout)
	defer cancel()
	if err := b.sessions.Online(ctx, parties, b.now().Add(presenceFor)); err != nil {
		b.log.Error("presence could not be stored", "err", err)
		return false
	}
	return true
}

// Run serves until ctx is done, then drains: parties are told to reconnect, requests end.
func (b *Broker) Run(ctx context.Context) error {
	work, stopWork := context.WithCancel(context.WithoutCancel(ctx))
	var done sync.WaitGroup
	every := func(d time.Duration, f func(context.Context)) {
		done.Go(func() {
			t := time.NewTicker(d)
			defer t.Stop()
			for {
				select {
				case <-t.C:
					f(work)
				case <-work.Done():
					return
				}
			}
		})
	}
	// Those whom this broker served before may need a moment to come back.
	if err := errors.Join(b.sessions.Restarted(ctx), b.store.FreeJobs(ctx, b.now())); err != nil {
		stopWork()
		return err
	}
	every(presenceEvery, b.attend)
	every(sweepEvery, b.sweep)
	every(clockEvery, func(ctx context.Context) {
		ctx, cancel := context.WithTimeout(ctx, workTimeout)
		defer cancel()
		if err := b.store.Ping(ctx); err != nil {
			b.log.Error("the database does not answer", "err", err)
		}
	})
	every(forgetEvery, b.forget)
	claims, stopClaims := context.WithCancel(ctx) // nothing more is claimed while the broker drains
	done.Go(func() { b.hooks.Run(claims) })
	if b.mails != nil {
		done.Go(func() { b.mails.Run(claims) })
	}
	done.Go(func() { b.witness.run(work) })
	done.Go(func() { b.runTLS(work) })
	defer done.Wait()
	defer stopWork()
	defer stopClaims()

	failed := make(chan error, 1)
	go func() { failed <- b.serveHTTP() }()
	b.log.Info("broker is up", "url", b.URL(), "listen", b.listener.Addr().String())
	select {
	case err := <-failed:
		return err
	case <-ctx.Done():
	}
	return b.drain()
}

func (b *Broker) drain() error {
	b.draining.Store(true)
	b.log.Info("going down: parties are told to reconnect; once more ends at once")
	b.hub.Drain()
	gone := make(chan struct{})
	go func() { b.sockets.Wait(); b.hub.Wait(); close(gone) }()
	select {
	case <-gone:
	case <-time.After(drainTimeout):
		b.log.Warn("some sockets did not close in time")
	}
	ctx, cancel := context.WithTimeout(context.Background(), drainTimeout)
	defer cancel()
	if err := b.server.Shutdown(ctx); err != nil {
		return errors.Join(err, b.server.Close())
	}
	return nil
}

func (b *Broker) sweep(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, workTimeout)
	defer cancel()
	ended, err := b.sessions.Sweep(ctx)
	if err != nil {
		b.log.Error("sweeping failed", "err", err)
	}
	for _, id := range ended {
		b.hub.End(id, "expired")
	}
}

// Close frees what New opened. After Run it only closes the database.
func (b *Broker) Close() error {
	var err error
	if b.server != nil {
		err = b.server.Close()
	}
	if b.listener != nil {
		_ = b.listener.Close() // closed already where the server ran
	}
	if b.tls.plainNet != nil {
		_ = b.tls.plainNet.Close()
	}
	if b.store != nil {
		err = errors.Join(err, b.store.Close())
	}
	return err
}
