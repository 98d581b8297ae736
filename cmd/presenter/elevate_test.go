package main

import (
	"encoding/json"
	"errors"
	"testing"

	"pindesk/internal/presenter"
)

// What one process leaves, the next one goes on with: its command line, the session and the secret, which stands in no command line.
func TestInherit(t *testing.T) {
	left := presenter.Succession{Broker: "https://b.example", PIN: "7W2-97-8570", Resume: "secret", Grants: []presenter.Bequest{{Viewer: 1, View: true, May: true}}}
	read := func(raw []byte, err error) func(string) ([]byte, error) {
		return func(token string) ([]byte, error) {
			if token != "T" {
				t.Errorf("the token is %q", token)
			}
			return raw, err
		}
	}
	c, err := parse([]string{inheritFlag + "T", "--name", "of the process itself"})
	if err != nil {
		t.Fatal(err)
	}
	got, err := inherit(c, parse, read(bequeath([]string{"--name", "desk", "--files", "in", "--pin", "AAA-00-0000"}, left), nil))
	if err != nil || got.Name != "desk" || got.Files != "in" || got.PIN != left.PIN || got.Broker != left.Broker || got.Consent != "ask" {
		t.Fatalf("%+v, %v", got, err)
	}
	if len(got.args) != 6 || got.args[1] != "desk" {
		t.Errorf("it would leave the command line %q", got.args)
	}
	if s := got.inherit; s == nil || s.Resume != "secret" || len(s.Grants) != 1 || s.Grants[0] != left.Grants[0] {
		t.Errorf("inherits %+v", s)
	}
	for name, f := range map[string]func(string) ([]byte, error){
		"nothing there":       read(nil, errors.New("no pipe")),
		"garbage":             read([]byte("MZ"), nil),
		"no secret":           read(bequeath(nil, presenter.Succession{Broker: "x", PIN: "y"}), nil),
		"another inheritance": read(bequeath([]string{inheritFlag + "T"}, left), nil),
		"no command line":     read(bequeath([]string{"--consent", "never"}, left), nil),
	} {
		if got, err := inherit(c, parse, f); err == nil || got.inherit != nil {
			t.Errorf("%s: %+v, %v", name, got, err)
		}
	}
	c, err = parse(nil)
	if err != nil {
		t.Fatal(err)
	}
	if got, err := inherit(c, parse, func(string) ([]byte, error) { t.Error("read"); return nil, nil }); err != nil || got.inherit != nil {
		t.Errorf("by itself: %+v, %v", got, err)
	}
}

func FuzzInherit(f *testing.F) {
	f.Add(bequeath([]string{"--name", "desk"}, presenter.Succession{Broker: "b", PIN: "p", Resume: "r"}))
	f.Fuzz(func(t *testing.T, raw []byte) {
		c, err := inherit(cli{Inherit: "T"}, func([]string) (cli, error) { return cli{}, nil }, func(string) ([]byte, error) { return raw, nil })
		if err == nil && (c.inherit == nil || c.inherit.Resume == "" || c.PIN == "" || !json.Valid(raw)) {
			t.Errorf("%+v", c)
		}
	})
}
