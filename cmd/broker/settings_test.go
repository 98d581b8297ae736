package main

import (
	"strings"
	"testing"
	"time"

	"github.com/alecthomas/kong"
)

func TestProxy(t *testing.T) {
	for text, want := range map[string]string{
		"10.0.0.0/8": "10.0.0.0/8", "127.0.0.1": "127.0.0.1/32", "2001:db8::1": "2001:db8::1/128", "2001:db8::/32": "2001:db8::/32",
		"": "", "1.2.3": "", "10.0.0.0/33": "", "fe80::1%eth0": "", "help.example.com": "", "10.0.0.1:80": "",
	} {
		var p proxy
		if err := p.UnmarshalText([]byte(text)); (err == nil) != (want != "") || err == nil && p.String() != want {
			t.Errorf("%q is %v (%v), want %q", text, p.Prefix, err, want)
		}
	}
}

func TestSpan(t *testing.T) {
	for text, want := range map[string]time.Duration{
		"30d": 720 * time.Hour, "0d": 0, "36500d": 36500 * 24 * time.Hour, "36h": 36 * time.Hour, "1h30m": 90 * time.Minute,
		"": -1, "d": -1, "-1d": -1, "-1h": -1, "1.5d": -1, "36501d": -1, "99999999999999999999d": -1, "soon": -1,
	} {
		var s span
		if err := s.UnmarshalText([]byte(text)); (err == nil) != (want >= 0) || err == nil && time.Duration(s) != want {
			t.Errorf("%q is %v (%v), want %v", text, time.Duration(s), err, want)
		}
	}
}

// TestFlags reads what an operator may write, from flags as from the environment.
func TestFlags(t *testing.T) {
	t.Setenv("PINDESK_AUTOCERT", "a.example.com,b.example.com")
	var c cli
	parser, err := kong.New(&c)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := parser.Parse([]string{"serve", "--trusted-proxies", "127.0.0.1,10.0.0.0/8", "--keep-audit", "7d", "--require-key"}); err != nil {
		t.Fatal(err)
	}
	s := c.Serve
	if got := prefixes(s.TrustedProxies); len(got) != 2 || got[0].String() != "127.0.0.1/32" || got[1].String() != "10.0.0.0/8" {
		t.Errorf("proxies %v", got)
	}
	if len(s.Autocert) != 2 || time.Duration(s.KeepAudit) != 168*time.Hour || time.Duration(s.KeepPIN) != 720*time.Hour || !s.RequireKey {
		t.Errorf("%+v", s)
	}
	if err := unknownEnv(parser, []string{"PINDESK_AUTOCERT=x", "PINDESK_REQUIRE_KEY=1", "PATH=/"}); err != nil {
		t.Error(err)
	}
	if err := unknownEnv(parser, []string{"PINDESK_AUTOCRT=x"}); err == nil || !strings.Contains(err.Error(), "PINDESK_AUTOCRT") {
		t.Errorf("a typo: %v", err)
	}
	if err := (retention{KeepPIN: 1, KeepAudit: 1}).checkKept(); err == nil {
		t.Error("deliveries are kept for no time at all")
	}
	if _, err := (transport{HSTSPreload: true}).config(); err == nil {
		t.Error("preload without subdomains")
	}
}

// TestBranding: a mistake names its flag.
func TestBranding(t *testing.T) {
	for _, tc := range []struct {
		set  branding
		want string
	}{
		{branding{}, ""}, {branding{BrandName: "Hilfe", BrandColour: "#0a7d5a", BrandSupport: "help@example.com"}, ""},
		{branding{BrandName: "a\nb"}, "--brand-name: "}, {branding{BrandColour: "green"}, "--brand-colour: "}, {branding{BrandLogo: "none.svg"}, "--brand-logo: none.svg: "},
		{branding{BrandSupport: "javascript:alert(1)"}, "--brand-support: "}, {branding{BrandAbuse: "nobody"}, "--brand-abuse: "},
	} {
		if _, err := tc.set.config(); (err == nil) != (tc.want == "") || err != nil && !strings.HasPrefix(err.Error(), tc.want) {
			t.Errorf("%+v: %v, want %q", tc.set, err, tc.want)
		}
	}
}
