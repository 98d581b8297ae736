package main

import (
	"errors"
	"fmt"
	"net/netip"
	"strconv"
	"strings"
	"time"

	"pindesk/internal/broker"
)

// proxy is one address, or a network of them.
type proxy struct{ netip.Prefix }

// UnmarshalText reads 10.0.0.0/8 as well as 10.0.0.1.
func (p *proxy) UnmarshalText(b []byte) error {
	text := string(b)
	if strings.Contains(text, "/") {
		prefix, err := netip.ParsePrefix(text)
		if err != nil {
			return fmt.Errorf("%q is not a network such as 10.0.0.0/8", text)
		}
		p.Prefix = prefix
		return nil
	}
	addr, err := netip.ParseAddr(text)
	if err != nil || addr.Zone() != "" {
		return fmt.Errorf("%q is neither an address such as 127.0.0.1 nor a network such as 10.0.0.0/8", text)
	}
	p.Prefix = netip.PrefixFrom(addr, addr.BitLen())
	return nil
}

func prefixes(all []proxy) []netip.Prefix {
	var list []netip.Prefix
	for _, p := range all {
		list = append(list, p.Prefix)
	}
	return list
}

// span is a time of a setting: as Go writes it (36h, 90m), or whole days (30d).
type span time.Duration

// UnmarshalText implements encoding.TextUnmarshaler.
func (s *span) UnmarshalText(b []byte) error {
	text := string(b)
	var d time.Duration
	var err error
	if days, is := strings.CutSuffix(text, "d"); is {
		var n uint64
		if n, err = strconv.ParseUint(days, 10, 16); err == nil && n > maxDays {
			err = errors.New("too long")
		}
		d = time.Duration(n) * 24 * time.Hour
	} else {
		d, err = time.ParseDuration(text)
	}
	if err != nil || d < 0 {
		return fmt.Errorf("%q is not a time such as 36h or 30d", text)
	}
	*s = span(d)
	return nil
}

// maxDays is a century: far below what a time.Duration holds.
const maxDays = 36500

// retention says how long what a session leaves behind is kept after its end.
type retention struct {
	KeepPIN        span `name:"keep-pin" help:"How long an ended session's record is kept, with all that is left of it; its PIN is issued to nobody else meanwhile. (Default: ${default}.)" default:"30d" env:"PINDESK_KEEP_PIN" placeholder:"TIME"`
	KeepAudit      span `help:"How long the log of an ended session is kept, at least --keep-deliveries. (Default: ${default}.)" default:"30d" env:"PINDESK_KEEP_AUDIT" placeholder:"TIME"`
	KeepDeliveries span `help:"How long deliveries and mails of an ended session are kept, and the PIN for repeating them; 25h at least. (Default: ${default}.)" default:"7d" env:"PINDESK_KEEP_DELIVERIES" placeholder:"TIME"`
}

// checkKept refuses a 0, which would stand for the default further inside.
func (r retention) checkKept() error {
	if r.KeepPIN == 0 || r.KeepAudit == 0 || r.KeepDeliveries == 0 {
		return errors.New("--keep-pin, --keep-audit and --keep-deliveries must be more than 0")
	}
	return nil
}

// transport are the settings of TLS.
type transport struct {
	TLSCert        string   `name:"tls-cert" help:"Certificate for HTTPS (PEM, with its intermediates); read again when it changes, and at SIGHUP." env:"PINDESK_TLS_CERT" placeholder:"FILE"`
	TLSKey         string   `name:"tls-key" help:"Key of --tls-cert (PEM)." env:"PINDESK_TLS_KEY" placeholder:"FILE"`
	Autocert       []string `help:"Host names for which certificates are got from Let's Encrypt, which must reach port 443, or --autocert-http. Kept in --data." env:"PINDESK_AUTOCERT" placeholder:"DOMAIN"`
	AutocertHTTP   string   `name:"autocert-http" help:"Second address to listen on, such as :80, for the authority's HTTP-01 and to send people on to https." env:"PINDESK_AUTOCERT_HTTP" placeholder:"HOST:PORT"`
	AutocertEmail  string   `help:"Where the authority may write to." env:"PINDESK_AUTOCERT_EMAIL" placeholder:"ADDRESS"`
	AutocertURL    string   `name:"autocert-url" help:"ACME directory of another authority than Let's Encrypt." env:"PINDESK_AUTOCERT_URL" placeholder:"URL"`
	HSTSSubdomains bool     `name:"hsts-subdomains" help:"Add includeSubDomains to Strict-Transport-Security: all hosts below this one must speak TLS." env:"PINDESK_HSTS_SUBDOMAINS"`
	HSTSPreload    bool     `name:"hsts-preload" help:"Add preload to Strict-Transport-Security; needs --hsts-subdomains." env:"PINDESK_HSTS_PRELOAD"`
}

func (t transport) config() (broker.TLS, error) {
	if t.HSTSPreload && !t.HSTSSubdomains {
		return broker.TLS{}, errors.New("--hsts-preload needs --hsts-subdomains: browsers' lists take nothing less")
	}
	return broker.TLS{CertFile: t.TLSCert, KeyFile: t.TLSKey, Domains: t.Autocert, HTTP: t.AutocertHTTP, Email: t.AutocertEmail, Directory: t.AutocertURL}, nil
}
