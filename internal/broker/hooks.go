package broker

import (
	"context"
	"fmt"
	"time"

	"pindesk/internal/hook"
	"pindesk/internal/jobs"
	"pindesk/internal/origin"
	"pindesk/internal/outbound"
)

// hooksAtOnce is how many deliveries are sent at a time. They mostly wait, and receivers that take
// long must not hold up the others.
const hooksAtOnce = 32

// openHooks makes what delivers hooks.
func (b *Broker) openHooks(c Config, origins origin.Origins) error {
	key, err := b.keys.Derive("hook signatures v1")
	if err != nil {
		return err
	}
	b.hookKey = key
	client, err := outbound.New(outbound.Config{Allow: c.HookAllow, AllowPrivate: c.HookAllowPrivate})
	if err != nil {
		return fmt.Errorf("hooks: %w", err)
	}
	base := origins.List()[0]
	deliverer := hook.New(hook.Config{
		Store: b.store, OpenPIN: b.keys.Open, Base: base, Own: origins.List(), Key: key,
		Post: client.Post, Mail: b.mailHook(),
	})
	b.hooks = jobs.New(jobs.Config{Store: b.store, Kind: jobs.Hook, Handler: deliverer.Do, Log: b.log, Clock: c.Clock,
		Concurrency: hooksAtOnce})
	return nil
}

// HookSecret is what the deliveries of a session are signed with, as its maker is told it.
func (b *Broker) hookSecret(sessionID string) string {
	return hook.SecretText(hook.Secret(b.hookKey, sessionID))
}

// now is the clock of all that is stored.
func (b *Broker) now() time.Time {
	if b.clock != nil {
		return b.clock()
	}
	return b.store.Now()
}

// attend keeps the presence of those who are here, and then looks who has gone: never the other
// way round, and not at all if presence could not be written, or a database that was away for a
// minute would make everybody absent.
func (b *Broker) attend(ctx context.Context) {
	if !b.present(ctx, b.hub.Parties(nil)) {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, workTimeout)
	defer cancel()
	if err := b.sessions.Absences(ctx); err != nil {
		b.log.Error("absences could not be looked for", "err", err)
	}
}
