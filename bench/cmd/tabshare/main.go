// Command tabshare is a guest who shares a screen from a browser tab: it opens the guest's page in a
// Chromium with a window, has it share the whole screen, and lets everybody see. It goes on until it
// is told to end, and takes no time of its own by then.
package main

import (
	"context"
	"flag"
	"fmt"
	"net/url"
	"os"
	"os/signal"
	"syscall"
	"time"

	"pindesk/bench/internal/browser"
)

const patience = 30 * time.Second

func main() {
	address := flag.String("url", "", "address of the guest's page, with the PIN")
	connect := flag.String("connect", "", "host:port to connect to instead of the one in the address")
	log := flag.String("log", os.DevNull, "file for what the browser says")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, *address, *connect, *log); err != nil {
		fmt.Fprintln(os.Stderr, "tabshare:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, address, connect, log string) error {
	at, err := url.Parse(address)
	if err != nil {
		return err
	}
	path, err := browser.Find()
	if err != nil {
		return err
	}
	// Its window is all but off the screen, where it covers nothing of what is measured.
	b, err := browser.Open(ctx, browser.Options{Path: path, Log: log, Display: os.Getenv("DISPLAY"),
		More: []string{"--auto-select-desktop-capture-source=Entire screen", "--window-size=900,700", "--window-position=1900,1060",
			"--host-resolver-rules=MAP " + at.Host + " " + connect}})
	if err != nil {
		return err
	}
	defer b.Close()
	if err := b.Open(address); err != nil {
		return err
	}
	for _, button := range []string{"#share", "#allow"} {
		there := fmt.Sprintf("(b => b && !b.ariaDisabled)(document.querySelector('%s'))", button)
		if err := b.Until(there, patience); err != nil {
			return err
		}
		if err := b.Click(button); err != nil {
			return err
		}
	}
	<-ctx.Done()
	return nil
}
