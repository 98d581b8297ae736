package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"syscall"
	"text/tabwriter"
	"time"

	"pindesk/internal/apikey"
	"pindesk/internal/broker"
)

// key works on the database while brokers run on it: what it changes holds for their next
// request.
type key struct {
	Create keyCreate `cmd:"" help:"Make an API key for an organisation and print it, this once."`
	List   keyList   `cmd:"" help:"List the API keys. (What they are is not stored.)"`
	Revoke keyRevoke `cmd:"" help:"Revoke an API key for good."`
}

type keyCreate struct {
	database
	Organisation string `help:"Who gets it. Its sessions show this name as verified." required:"" placeholder:"NAME"`
	Quota        int    `help:"Sessions that it may make in a minute; 0: what --sessions-per-min of serve says. (Default: ${default}.)" default:"0" placeholder:"N"`
}

type keyList struct{ database }

type keyRevoke struct {
	database
	ID string `arg:"" name:"id" help:"As broker key list shows it."`
}

// withKeys runs f on the database of d.
func (d database) withKeys(f func(context.Context, apikey.Service) error) error {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	db, err := broker.OpenStore(ctx, broker.Config{Data: d.Data, DatabaseURL: d.DatabaseURL})
	if err != nil {
		return err
	}
	return errors.Join(f(ctx, apikey.Service{Store: db}), db.Close())
}

func (c *keyCreate) Run() error {
	return c.withKeys(func(ctx context.Context, keys apikey.Service) error {
		k, full, err := keys.Create(ctx, c.Organisation, c.Quota)
		if err != nil {
			return err
		}
		fmt.Fprintf(os.Stderr, "Key %s for %s. It is shown this once; send it as Authorization: Bearer KEY.\n", k.ID, k.Organisation)
		fmt.Println(full) // alone on standard output, for scripts
		return nil
	})
}

func (c *keyList) Run() error {
	return c.withKeys(func(ctx context.Context, keys apikey.Service) error {
		all, err := keys.List(ctx)
		if err != nil {
			return err
		}
		w := tabwriter.NewWriter(os.Stdout, 0, 0, 2, ' ', 0)
		fmt.Fprintln(w, "ID\tCREATED\tLAST USED\tREVOKED\tPER MIN\tORGANISATION")
		for _, k := range all {
			quota := "-"
			if k.Quota > 0 {
				quota = fmt.Sprint(k.Quota)
			}
			fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\t%s\n", k.ID, minute(k.CreatedAt), minute(k.LastUsedAt), minute(k.RevokedAt), quota, k.Organisation)
		}
		return w.Flush()
	})
}

func (c *keyRevoke) Run() error {
	return c.withKeys(func(ctx context.Context, keys apikey.Service) error {
		if err := keys.Revoke(ctx, c.ID); err != nil {
			return err
		}
		fmt.Println("Revoked. Running brokers refuse it from now on.")
		return nil
	})
}

func minute(t time.Time) string {
	if t.IsZero() {
		return "-"
	}
	return t.UTC().Format("2006-01-02T15:04Z")
}
