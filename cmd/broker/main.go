// Command broker is PinDesk's server.
package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"os/signal"
	"runtime/debug"
	"strings"
	"syscall"
	"time"

	"github.com/alecthomas/kong"
	"golang.org/x/term"

	"pindesk/internal/broker"
	"pindesk/internal/session"
)

// version is set by the build; see versionText for builds that do not.
var version string

type database struct {
	Data        string `help:"Folder for the database and the secret file. (Default: ${default}.)" default:"./data" env:"PINDESK_DATA" placeholder:"DIR"`
	DatabaseURL string `help:"Postgres, as postgres://user:password@host/database; without it SQLite in --data." env:"PINDESK_DATABASE_URL" placeholder:"URL"`
}

type serve struct {
	database
	Listen           string            `help:"Address to listen on. (Default: ${default}.)" default:"127.0.0.1:8080" env:"PINDESK_LISTEN" placeholder:"HOST:PORT"`
	Region           string            `help:"Name of this broker's region, such as us-east-1. (Default: ${default}.)" default:"local" env:"PINDESK_REGION" placeholder:"NAME"`
	RegionHosts      map[string]string `help:"Where regions are measured that are not at their name and the public host, as us-east-1=https://use.example.com,..." env:"PINDESK_REGION_HOSTS" mapsep:"," placeholder:"REGION=URL"`
	PublicURL        string            `help:"How people reach this broker, such as https://help.example.com; without it http:// and the listen address." env:"PINDESK_PUBLIC_URL" placeholder:"URL"`
	SecretFile       string            `help:"Key that protects PINs in the database, the same on all brokers of a database; without it secret.key in --data, made at the first start." env:"PINDESK_SECRET_FILE" placeholder:"FILE"`
	SessionUnclaimed time.Duration     `help:"A session that nobody joined ends after this. (Default: ${default}.)" default:"1h" env:"PINDESK_SESSION_UNCLAIMED" placeholder:"TIME"`
	SessionIdle      time.Duration     `help:"A session in which nobody is online ends after this. (Default: ${default}.)" default:"4h" env:"PINDESK_SESSION_IDLE" placeholder:"TIME"`
	TrustedProxies   []proxy           `help:"Reverse proxies whose X-Forwarded-For is believed: addresses, or networks such as 10.0.0.0/8." env:"PINDESK_TRUSTED_PROXIES" placeholder:"PREFIX"`
	SessionsPerMin   int               `help:"Sessions that one address, or one API key, may make in a minute; 0: no bound. (Default: ${default}.)" default:"60" env:"PINDESK_SESSIONS_PER_MIN" placeholder:"N"`
	RequireKey       bool              `help:"Ask for an API key on calls that make sessions or send mail. (Without it, everybody may.)" env:"PINDESK_REQUIRE_KEY"`
	HookAllow        []string          `help:"Targets that hooks may reach although they are not on the public internet: addresses, networks, host names." env:"PINDESK_HOOK_ALLOW" placeholder:"TARGET"`
	HookAllowPrivate bool              `help:"Hooks may reach this machine and private networks: for labs." env:"PINDESK_HOOK_ALLOW_PRIVATE"`
	Programs         string            `help:"Folder with the guest's program for each system, as make release writes it; it is handed out to guests." env:"PINDESK_PROGRAMS" placeholder:"DIR"`
	LogFormat        string            `help:"text, json, or auto: text on a terminal. (Default: ${default}.)" enum:"auto,text,json" default:"auto" env:"PINDESK_LOG_FORMAT" placeholder:"FORMAT"`
	LogLevel         slog.Level        `help:"debug, info, warn or error. (Default: ${default}.)" default:"info" env:"PINDESK_LOG_LEVEL" placeholder:"LEVEL"`
	transport
	retention
	mailing
	branding
}

type cli struct {
	Serve   serve     `cmd:"" help:"Run the broker."`
	Key     key       `cmd:"" help:"Make, list and revoke API keys, also while brokers run."`
	Migrate migrate   `cmd:"" help:"Bring the database up to date and exit. (serve does it, too.)"`
	Version versionOf `cmd:"" help:"Print the version."`
}

type migrate struct{ database }

type versionOf struct{}

// gcPercent is Go's GOGC unless the environment has it. The relay allocates next to nothing
// while it works, so that a smaller heap costs no time: with 500 pairs the process took 38 MB
// instead of 42, with the same CPU time within what two runs differ.
const gcPercent = 50

func main() {
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(gcPercent)
	}
	var c cli
	parser := kong.Must(&c, kong.Name("broker"),
		kong.Description("PinDesk's broker: sessions, relay, API and pages in one program. Every flag can also be given as the environment variable at its end."),
		kong.ConfigureHelp(kong.HelpOptions{Compact: true}))
	k, err := parser.Parse(os.Args[1:])
	if err == nil {
		err = unknownEnv(parser, os.Environ())
	}
	if err != nil {
		refuse(err)
	}
	if err := k.Run(); err != nil {
		fmt.Fprintln(os.Stderr, "broker:", err)
		os.Exit(1)
	}
}

// refuse ends the program because of what it was called with.
func refuse(err error) {
	command := "broker"
	if parse := (*kong.ParseError)(nil); errors.As(err, &parse) {
		if node := parse.Context.Selected(); node != nil {
			command = node.FullPath()
		}
	}
	fmt.Fprintf(os.Stderr, "broker: error: %v\nSee %s --help.\n", err, command)
	os.Exit(2)
}

// unknownEnv refuses PINDESK_ variables that no flag of any command reads: a typo there
// would otherwise leave a default in force without a word.
func unknownEnv(parser *kong.Kong, environ []string) error {
	known := map[string]bool{}
	_ = kong.Visit(parser.Model, func(node kong.Visitable, next kong.Next) error {
		if f, is := node.(*kong.Flag); is {
			for _, e := range f.Envs {
				known[e] = true
			}
		}
		return next(nil)
	})
	var bad []string
	for _, kv := range environ {
		name, _, _ := strings.Cut(kv, "=")
		if strings.HasPrefix(name, "PINDESK_") && !known[name] {
			bad = append(bad, name)
		}
	}
	if len(bad) > 0 {
		return fmt.Errorf("unknown setting %s in the environment", strings.Join(bad, ", "))
	}
	return nil
}

func (s *serve) Run() error {
	tls, err := s.transport.config()
	if err != nil {
		return err
	}
	if err := s.checkKept(); err != nil {
		return err
	}
	mails, err := s.mailing.config()
	if err != nil {
		return err
	}
	look, err := s.branding.config()
	if err != nil {
		return err
	}
	if s.SessionsPerMin < 0 {
		return errors.New("--sessions-per-min must not be negative")
	}
	creates := s.SessionsPerMin
	if creates == 0 {
		creates = -1 // no bound
	}
	log := newLog(s.LogFormat, s.LogLevel)
	slog.SetDefault(log)
	tellColours(log, look)
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	b, err := broker.New(ctx, broker.Config{
		Listen: s.Listen, Data: s.Data, Region: s.Region, RegionHosts: s.RegionHosts, DatabaseURL: s.DatabaseURL, PublicURL: s.PublicURL, SecretFile: s.SecretFile,
		TrustedProxies: prefixes(s.TrustedProxies), CreatesPerMin: creates, RequireKey: s.RequireKey,
		TLS: tls, HSTSSubdomains: s.HSTSSubdomains, HSTSPreload: s.HSTSPreload, Log: log,
		Limits: session.Limits{Unclaimed: s.SessionUnclaimed, Idle: s.SessionIdle, KeepPIN: time.Duration(s.KeepPIN),
			KeepAudit: time.Duration(s.KeepAudit), KeepDeliveries: time.Duration(s.KeepDeliveries)},
		HookAllow: s.HookAllow, HookAllowPrivate: s.HookAllowPrivate, Mail: mails, KeepChat: time.Duration(s.KeepChat), Brand: look, Programs: s.Programs,
	})
	if err != nil {
		return err
	}
	// After the first signal the default action is back: a second one ends the process at once.
	context.AfterFunc(ctx, stop)
	return errors.Join(b.Run(ctx), b.Close())
}

func (m *migrate) Run() error {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	db, err := broker.OpenStore(ctx, broker.Config{Data: m.Data, DatabaseURL: m.DatabaseURL})
	if err != nil {
		return err
	}
	fmt.Println("The database is up to date.")
	return db.Close()
}

func (versionOf) Run() error {
	fmt.Println("PinDesk broker", versionText())
	return nil
}

// versionText falls back to what go build has noted of the checkout.
func versionText() string {
	if version != "" {
		return version
	}
	if info, ok := debug.ReadBuildInfo(); ok && info.Main.Version != "" {
		return info.Main.Version
	}
	return "unknown"
}

func newLog(format string, level slog.Level) *slog.Logger {
	o := &slog.HandlerOptions{Level: level}
	if format == "text" || format == "auto" && term.IsTerminal(int(os.Stderr.Fd())) {
		return slog.New(slog.NewTextHandler(os.Stderr, o))
	}
	return slog.New(slog.NewJSONHandler(os.Stderr, o))
}
