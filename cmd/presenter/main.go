// Command presenter is the guest's program: it shares this computer's screen in a PinDesk
// session.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"runtime/debug"
	"strings"
	"syscall"

	"github.com/alecthomas/kong"

	"pindesk/internal/handout"
	"pindesk/internal/platform"
	"pindesk/internal/presenter"
	"pindesk/internal/transfer"
)

// version is set by the build.
var version string

type cli struct {
	Broker        string           `help:"Address of the broker, such as https://help.example.com; without it as the name of this program's file says, else you are asked." placeholder:"URL"`
	PIN           string           `name:"pin" help:"Session PIN, such as 7W2-97-8570; without it likewise." placeholder:"PIN"`
	Handover      string           `kong:"-"` // from the environment: all users can read a command line
	Consent       string           `help:"What needs your yes: ask (seeing and controlling), view (only controlling), control (nothing)." enum:"ask,view,control" default:"ask" placeholder:"ask|view|control"`
	Name          string           `help:"Name of this computer for the technician; without it the host's." placeholder:"NAME"`
	Clipboard     string           `help:"Which way copied text goes while somebody controls: both, in (only what the technician pastes here), off." enum:"both,in,off" default:"both" placeholder:"both|in|off"`
	Files         string           `help:"Which way files may go if you say yes: both, in (to this computer), out (to technicians), off." enum:"both,in,out,off" default:"both" placeholder:"both|in|out|off"`
	MaxFile       fileSize         `help:"Largest file that is taken, such as 500MB or 4GB." default:"4GiB" placeholder:"SIZE"`
	Window        bool             `help:"Show a window, also when this is started in a terminal." xor:"guest"`
	Terminal      bool             `help:"Ask and tell in the terminal, and show no window." xor:"guest"`
	Language      string           `help:"Language of the window: auto (the system's, else English), en, de." enum:"auto,en,de" default:"auto" placeholder:"auto|en|de"`
	AllowXWayland bool             `name:"allow-xwayland" help:"Share under Wayland, too, although only X11 windows can be seen there."`
	Capture       string           `help:"How the screen of Windows is read: gdi, which works everywhere, or auto: by desktop duplication (DXGI) where it shows the same, else gdi. Other systems have one way." enum:"gdi,auto" default:"gdi" placeholder:"gdi|auto"`
	Inherit       string           `hidden:"" help:"Go on where the process was that has started this one as administrator."`
	Debug         bool             `help:"Say more."`
	Version       kong.VersionFlag `help:"Print the version."`

	args    []string              // all of this
	inherit *presenter.Succession // what that process has left; nil: nothing
}

func main() {
	list, err := handout.ParseBrokers(brokers)
	if err != nil { // a mistake of who has built this
		fmt.Fprintln(os.Stderr, "presenter:", err)
		os.Exit(2)
	}
	c, err := parse(os.Args[1:])
	if err == nil {
		c, err = inherit(c, parse, platform.Inherit)
	}
	if err != nil {
		fmt.Fprintf(os.Stderr, "presenter: error: %v\nSee presenter --help.\n", err)
		os.Exit(2)
	}
	c.Handover = takeHandover()
	if err := run(c, list); err != nil {
		fmt.Fprintln(os.Stderr, "presenter:", err)
		os.Exit(1)
	}
}

// parse reads a command line.
func parse(args []string) (c cli, err error) {
	k := kong.Must(&c, kong.Name("presenter"), kong.Vars{"version": "PinDesk presenter " + versionText()},
		kong.Description("Shares this computer's screen with a technician, who can control it if you say yes. Ctrl-C stops at once. The variable "+handoverVariable+", which your browser's tab shows, lets it go on in that tab's place."))
	c.args = args
	_, err = k.Parse(args)
	return c, err
}

// handoverVariable has what the guest's browser tab, which shares now, gives this program to go on in its
// place; it works once.
const handoverVariable = "PINDESK_HANDOVER"

// takeHandover reads it, and leaves it to no program that this one starts.
func takeHandover() string {
	secret := strings.TrimSpace(os.Getenv(handoverVariable))
	_ = os.Unsetenv(handoverVariable) // fails for no name such as this
	return secret
}

func versionText() string {
	v := buildVersion()
	if brokers != "" {
		v += "\nMade for " + brokers // the operator's check of a release
	}
	return v
}

func buildVersion() string {
	if version != "" {
		return version
	}
	if info, ok := debug.ReadBuildInfo(); ok && info.Main.Version != "" {
		return info.Main.Version
	}
	return "unknown"
}

func run(c cli, list handout.Brokers) error {
	level := slog.LevelWarn
	if c.Debug {
		level = slog.LevelDebug
	}
	log := slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: level}))
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
	defer stop()
	context.AfterFunc(ctx, stop) // a second signal ends at once

	terminal := newTerminal(os.Stdin, os.Stderr)
	if wantsWindow(c, terminal.canAsk()) {
		return runWindow(ctx, c, list, log)
	}
	return runTerminal(ctx, c, list, terminal, log)
}

// runTerminal shares with a guest who is asked and told in the terminal.
func runTerminal(ctx context.Context, c cli, list handout.Brokers, terminal *terminal, log *slog.Logger) error {
	broker, pin, err := whichSession(ctx, known(c), list, terminal)
	if err != nil {
		return err
	}
	consent := presenter.Consent(c.Consent)
	if consent != presenter.ControlFree && !terminal.canAsk() {
		return fmt.Errorf("--consent %s asks you in the terminal, and there is none: start it in a terminal, ask for the window by --window, or say yes beforehand by --consent control", consent)
	}
	p, end, err := openPresenter(ctx, c, log, presenter.Config{Broker: broker, PIN: pin, Guest: terminal, Say: terminal.say})
	if err != nil {
		return err
	}
	defer end()
	terminal.say("This screen is ready to be shared. Press Ctrl-C to stop at any time.")
	if consent != presenter.ControlFree { // who asks nothing may run without a terminal to read from
		terminal.say("Type /help and press Enter to see what else you can do.")
		terminal.listenFor(func(line string) { obey(terminal, p, line) })
	}
	err = p.Run(ctx)
	if errors.Is(err, presenter.ErrEnded) || errors.Is(err, presenter.ErrMoved) {
		terminal.say("%s.", strings.ToUpper(err.Error()[:1])+err.Error()[1:])
		return nil
	}
	if errors.Is(err, presenter.ErrNoSession) {
		return fmt.Errorf("%w.\nNothing was left on this computer: this program's file can be deleted", err)
	}
	if err == nil {
		terminal.say("Sharing has stopped.")
	}
	return err
}

// openPresenter opens the desktop for a presenter of which cfg says broker, PIN and guest. end closes it.
func openPresenter(ctx context.Context, c cli, log *slog.Logger, cfg presenter.Config) (p *presenter.Presenter, end func(), err error) {
	cfg.Name = c.Name
	if cfg.Name == "" {
		cfg.Name, _ = os.Hostname() // no name is fine
	}
	screen, input, err := platform.Open(ctx, platform.Config{AllowXWayland: c.AllowXWayland, Duplicate: c.Capture == "auto", Log: log})
	if err != nil {
		return nil, nil, err
	}
	cfg.Waker, _ = screen.(presenter.Waker)
	closers := []io.Closer{input, screen}
	end = func() {
		for _, c := range closers {
			c.Close()
		}
	}
	if c.Debug {
		screen = tracedScreen{screen, log}
	}
	clipboard, err := openClipboard(ctx, c, log)
	if err != nil {
		cfg.Say("%v The screen is shared without it.", err)
	} else if clipboard != nil {
		closers = append(closers, clipboard)
		cfg.Clipboard = clipboard
	}
	cfg.Inherit, cfg.Handover, cfg.Consent, cfg.Screen, cfg.Input, cfg.Log = c.inherit, c.Handover, presenter.Consent(c.Consent), screen, input, log
	cfg.Proxy = platform.Proxies(log)
	cfg.Share = presenter.ClipboardUse(c.Clipboard)
	cfg.Conditions = platform.Conditions(ctx)
	cfg.Files = transfer.Config{Policy: transfer.Policy(c.Files), MaxSize: int64(c.MaxFile), Folder: downloads(log)}
	if p, err = presenter.New(cfg); err != nil {
		end()
		return nil, nil, err
	}
	return p, end, nil
}

// openClipboard opens the desktop's clipboard; nil without an error when it is not to be shared.
func openClipboard(ctx context.Context, c cli, log *slog.Logger) (platform.Clipboard, error) {
	if presenter.ClipboardUse(c.Clipboard) == presenter.ClipboardOff {
		return nil, nil
	}
	return platform.OpenClipboard(ctx, platform.Config{AllowXWayland: c.AllowXWayland, Log: log})
}
