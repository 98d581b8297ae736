package handout

import (
	"errors"
	"strings"
	"testing"
)

func brokers(t *testing.T, list string) Brokers {
	t.Helper()
	b, err := ParseBrokers(list)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestAllow(t *testing.T) {
	for list, addresses := range map[string]map[string]bool{
		"support.example.com": {
			"https://support.example.com": true, "https://SUPPORT.example.com.": true, "https://support.example.com:443": true,
			"https://support.example.com:8443": false, "http://support.example.com": false, "http://support.example.com:443": false,
			"https://support.example.com.evil.example": false, "https://evilsupport.example.com": false, "https://a.support.example.com": false,
			"https://example.com": false, "https://support.example.co": false, "https://support-example.com": false, "https://127.0.0.1": false,
		},
		"*.example.com": {
			"https://us-east-1.example.com": true, "https://US.EXAMPLE.COM": true, "https://example.com": false, "https://a.b.example.com": false,
			"https://notexample.com": false, "https://us.example.com.evil.example": false, "https://us.example.com:444": false, "http://us.example.com": false,
			"https://xn--bcher-kva.example.com": true,
		},
		"Support.Example.com.:8443": {"https://support.example.com:8443": true, "https://support.example.com": false, "https://support.example.com:443": false},
		"support.example.com:443":   {"https://support.example.com": true, "https://support.example.com:8443": false},
		"support.example.com:*":     {"https://support.example.com": true, "https://support.example.com:1": true, "http://support.example.com:1": false},
		"127.0.0.1:8080":            {"http://127.0.0.1:8080": true, "https://127.0.0.1:8080": true, "http://127.0.0.1": false, "http://localhost:8080": false, "http://127.0.0.2:8080": false},
		"localhost":                 {"http://localhost": true, "https://localhost": true, "http://localhost:8080": false},
		"[::1]:8080":                {"http://[::1]:8080": true, "http://[0:0:0:0:0:0:0:1]:8080": true, "http://[::2]:8080": false},
		"192.0.2.7":                 {"https://192.0.2.7": true, "http://192.0.2.7": false, "https://[::ffff:192.0.2.7]": true},
		"a.example, b.example":      {"https://a.example": true, "https://b.example": true, "https://c.example": false},
	} {
		b := brokers(t, list)
		for address, want := range addresses {
			p, err := Address(address)
			if err != nil {
				t.Fatalf("%s: %v", address, err)
			}
			if got := b.Allow(p); got != want {
				t.Errorf("%s by %q: %v", address, list, got)
			}
			at, err := b.At(p)
			if foreign := (*ForeignError)(nil); want && (err != nil || at != p) || !want && !errors.As(err, &foreign) {
				t.Errorf("%s by %q: %+v, %v", address, list, at, err)
			}
		}
		if again := brokers(t, b.String()); again.String() != b.String() {
			t.Errorf("%q becomes %q", b, again)
		}
	}
	if p, _ := Address("https://a.example"); (Brokers{}).Allow(p) {
		t.Error("no list allows nothing")
	}
	if (Brokers{}).Allow(Place{}) || brokers(t, "*.example.com").Allow(Place{Host: ".example.com", Scheme: "https"}) {
		t.Error("nowhere was allowed")
	}
}

func TestParseBrokersRefuses(t *testing.T) {
	for _, list := range []string{
		",", "a.example,", "https://a.example", "a.example/", "*", "*.", "*.com", "*.*.example.com", "a.*.example.com", "a*.example.com", "*.127.0.0.1", "*.192.0.2.1",
		"a.example:0", "a.example:99999", "a.example:", "a.example:+1", "a.example:080", "a b.example", "a_b.example", "bücher.example", "a.example;b.example",
		"127.1", "::1", "[::1", "[a.example]", "[fe80::1%eth0]", "-a.example", "a..example", "user@a.example", strings.Repeat("a.", 130) + "example",
	} {
		if b, err := ParseBrokers(list); err == nil {
			t.Errorf("%q is taken as %q", list, b)
		}
	}
	var many []string
	for i := range maxBrokers + 1 {
		many = append(many, string(rune('a'+i%26))+string(rune('a'+i/26))+".example.com")
	}
	if _, err := ParseBrokers(strings.Join(many, ",")); err == nil {
		t.Error("a list without end is taken")
	}
	if b := brokers(t, " \t"); !b.None() {
		t.Errorf("%q", b)
	}
}

func TestRegions(t *testing.T) {
	for _, c := range []struct{ list, part, want string }{
		{"support.example.com,*.example.com", "us-east-1", "https://us-east-1.example.com"},
		{"support.example.com,*.example.com", "support", "https://support.example.com"},
		{"support.example.com,*.example.com", "us-east-1+8443", ""},
		{"support.example.com:8443,*.example.com:8443", "us-east-1", "https://us-east-1.example.com:8443"},
		{"support.example.com:*,*.example.com:*", "us-east-1+8443", "https://us-east-1.example.com:8443"},
		{"support.example.com", "us-east-1", "https://support.example.com"}, // of one broker the region says nothing
		{"us-east-1.example.com,eu.example.org", "eu", "https://eu.example.org"},
		{"us-east-1.example.com,eu.example.org", "ap", ""},
		{"*.example.com,*.example.org", "eu", ""},
		{"eu.example.com,eu.example.org", "eu", ""},
		{"*.example.com,eu.example.org", "eu", "https://eu.example.org"},
		{"localhost:*", "us-east-1+8080", "http://localhost:8080"},
		{"*.example.com", "us-east-1+http", "https://us-east-1.example.com"}, // a list has https
	} {
		b := brokers(t, c.list)
		name, err := ParseName("PinDesk_7W2-97-8570_" + c.part + ".exe")
		if err != nil {
			t.Fatal(err)
		}
		at, err := b.At(name.Place)
		if got := at.URL(); c.want == "" && err == nil || c.want != "" && got != c.want {
			t.Errorf("%s by %q: %s, %v; want %q", c.part, c.list, got, err, c.want)
		}
		if c.want == "" {
			continue
		}
		// The broker names its files so that this is what becomes of them.
		named, err := ParseName(Name(Bearings{pin, b.Short(at)}, ".exe"))
		if back, err2 := b.At(named.Place); err != nil || err2 != nil || back != at {
			t.Errorf("%s by %q is named %s, and that is %s, %v, %v", c.want, c.list, Name(Bearings{pin, b.Short(at)}, ".exe"), back.URL(), err, err2)
		}
	}
	b := brokers(t, "support.example.com,*.example.com")
	for address, want := range map[string]string{
		"https://us-east-1.example.com": "PinDesk_7W2-97-8570_us-east-1.exe", "https://support.example.com": "PinDesk_7W2-97-8570_support.exe",
		"https://us-east-1.example.com:8443": "PinDesk_7W2-97-8570_us-east-1.example.com+8443.exe", "https://foreign.example": "PinDesk_7W2-97-8570_foreign.example.exe",
		"http://127.0.0.1:8080": "PinDesk_7W2-97-8570_127.0.0.1+8080.exe",
	} {
		p, err := Address(address)
		if got := Name(Bearings{pin, b.Short(p)}, ".exe"); err != nil || got != want {
			t.Errorf("%s: %q, %v; want %q", address, got, err, want)
		}
		if got := Name(Bearings{pin, Brokers{}.Short(p)}, ".exe"); !strings.Contains(got, p.Host) {
			t.Errorf("%s: %q has not the whole host, and there is no list", address, got)
		}
	}
}

const mark = "[ZoneTransfer]\r\nZoneId=3\r\nReferrerUrl=https://support.example.com/help\r\nHostUrl=https://support.example.com:8443/api/v1/exe?session_pin=7w2978570&os=windows\r\n"

func TestParseZone(t *testing.T) {
	there := Place{Host: "support.example.com", Port: 8443, Scheme: "https"}
	for _, c := range []struct {
		mark string
		want Bearings
	}{
		{mark, Bearings{pin, there}},
		{"\ufeff" + mark, Bearings{pin, there}},
		{strings.ReplaceAll(mark, "\r\n", "\n"), Bearings{pin, there}},
		{strings.ToLower(mark), Bearings{pin, there}},
		{"[ZoneTransfer]\nHostUrl=https://support.example.com:8443/api/v1/exe/?session_pin=7W2-97-8570", Bearings{pin, there}},
		{"[ZoneTransfer]\nHostUrl=http://127.0.0.1:8080/api/v1/exe?session_pin=7W2-97-8570", Bearings{pin, Place{Host: "127.0.0.1", Port: 8080, Scheme: "http"}}},
		{"[ZoneTransfer]\nReferrerUrl=https://support.example.com/help\nHostUrl=https://cdn.example.net/PinDesk.exe", Bearings{"", Place{Host: "support.example.com", Scheme: "https"}}},
		{"[ZoneTransfer]\nReferrerUrl=https://www.example.com/\nHostUrl=about:internet", Bearings{}},
		{"[ZoneTransfer]\nHostUrl=https://support.example.com/api/v1/exe?session_pin=7W2-97-8570&session_pin=AAA-11-1111", Bearings{}},
		{"[ZoneTransfer]\nHostUrl=https://support.example.com/api/v1/exe?session_pin=x", Bearings{}},
		{"[ZoneTransfer]\nHostUrl=https://support.example.com/other?session_pin=7W2-97-8570", Bearings{}},
		{"[ZoneTransfer]\nHostUrl=https://a@support.example.com/api/v1/exe?session_pin=7W2-97-8570", Bearings{}},
		{"[ZoneTransfer]\nHostUrl=https://2130706433/api/v1/exe?session_pin=7W2-97-8570", Bearings{}},
		{"[ZoneTransfer]\nHostUrl=blob:https://support.example.com/api/v1/exe?session_pin=7W2-97-8570", Bearings{}},
		{"[ZoneTransfer]\nHostUrl=https://support.example.com/api/v1/exe?session_pin=7W2-97-8570&x=" + strings.Repeat("a", 5000), Bearings{}},
		{"[Other]\nHostUrl=https://support.example.com/api/v1/exe?session_pin=7W2-97-8570", Bearings{}},
		{"HostUrl=https://support.example.com/api/v1/exe?session_pin=7W2-97-8570", Bearings{}},
		{mark + strings.Repeat("x", MaxZone), Bearings{}},
		{"", Bearings{}},
	} {
		if got := ParseZone([]byte(c.mark)); got != c.want {
			t.Errorf("%.200q: %+v; want %+v", c.mark, got, c.want)
		}
	}
}

func FuzzParseZone(f *testing.F) {
	f.Add([]byte(mark))
	f.Add([]byte("[ZoneTransfer]\nReferrerUrl=http://[::1]:80/help\nHostUrl=https://a:b@c/%zz"))
	f.Fuzz(func(t *testing.T, b []byte) {
		got := ParseZone(b)
		if got.PIN != "" && (NormalPIN(got.PIN) != got.PIN || got.Place.Host == "") {
			t.Errorf("%+v", got)
		}
		if got.Place.Host == "" {
			return
		}
		if p, err := Address(got.Place.URL()); err != nil || p != got.Place {
			t.Errorf("%+v is %s, which is %+v, %v", got.Place, got.Place.URL(), p, err)
		}
	})
}

func TestFind(t *testing.T) {
	const (
		file    = "PinDesk_7W2-97-8570_support.example.com+8443.exe"
		region  = "PinDesk_7W2-97-8570_us-east-1.exe"
		renamed = "help 7W2-97-8570.exe"
		foreign = "PinDesk_7W2-97-8570_support.example.com.evil.example.exe"
	)
	elsewhere := strings.ReplaceAll(mark, "support.example.com", "evil.example")
	for name, c := range map[string]struct {
		list    string
		known   Known
		pin, at string
		claimed bool
		err     string
	}{
		"the name":                        {"", Known{File: file}, pin, "https://support.example.com:8443", true, ""},
		"the name, of the list":           {"support.example.com:8443", Known{File: file}, pin, "https://support.example.com:8443", false, ""},
		"a port that is not of the list":  {"support.example.com", Known{File: file}, "", "", false, "support.example.com:8443"},
		"a foreign name":                  {"support.example.com,*.example.com", Known{File: foreign}, "", "", false, "not made for support.example.com.evil.example"},
		"a foreign argument":              {"support.example.com", Known{File: file, Broker: "https://evil.example"}, "", "", false, "not made for evil.example"},
		"a region":                        {"support.example.com,*.example.com", Known{File: region}, pin, "https://us-east-1.example.com", false, ""},
		"a region and nothing else":       {"", Known{File: region}, pin, "https://us-east-1", true, ""},
		"a region with its mark":          {"", Known{File: region, Mark: []byte(mark)}, pin, "https://support.example.com:8443", true, ""},
		"renamed, with its mark":          {"", Known{File: renamed, Mark: []byte(mark)}, pin, "https://support.example.com:8443", true, ""},
		"renamed, of the only broker":     {"support.example.com", Known{File: renamed}, pin, "https://support.example.com", false, ""},
		"renamed, with nothing":           {"", Known{File: renamed}, pin, "", false, ""},
		"renamed, one of many":            {"a.example,b.example", Known{File: renamed}, pin, "", false, ""},
		"no PIN left, with its mark":      {"", Known{File: "PinDesk.exe", Mark: []byte(mark)}, pin, "https://support.example.com:8443", true, ""},
		"a foreign mark":                  {"support.example.com", Known{File: "PinDesk.exe", Mark: []byte(elsewhere)}, "", "", false, "not made for evil.example"},
		"a mark of another session":       {"", Known{File: "AAA-11-1111.exe", Mark: []byte(mark)}, "AAA-11-1111", "", false, ""},
		"another site's page has a link":  {"support.example.com", Known{File: renamed, Mark: []byte("[ZoneTransfer]\nReferrerUrl=https://www.example.net/help\n")}, pin, "https://support.example.com", false, ""},
		"two sessions":                    {"support.example.com", Known{File: "7W2-97-8570 AAA-11-1111.exe"}, "", "", false, "more than one"},
		"arguments":                       {"", Known{File: "7W2-97-8570 AAA-11-1111.exe", Broker: "https://a.example", PIN: "x"}, "x", "https://a.example", false, ""},
		"one argument":                    {"", Known{File: file, Broker: "https://a.example"}, pin, "https://a.example", false, ""},
		"the other one":                   {"", Known{File: file, PIN: "x"}, "x", "https://support.example.com:8443", true, ""},
		"nothing":                         {"", Known{File: "presenter"}, "", "", false, ""},
		"an argument that is no address":  {"", Known{Broker: "https://a/b"}, "", "", false, "must look like"},
		"a mark cannot change the broker": {"", Known{File: file, Mark: []byte(elsewhere)}, pin, "https://support.example.com:8443", true, ""},
	} {
		f, err := brokers(t, c.list).Find(c.known)
		if c.err != "" {
			if err == nil || !strings.Contains(err.Error(), c.err) {
				t.Errorf("%s: %+v, %v; want an error with %q", name, f, err, c.err)
			}
			continue
		}
		at := ""
		if f.Place.Host != "" {
			at = f.Place.URL()
		}
		if err != nil || f.PIN != c.pin || at != c.at || f.Claimed != c.claimed {
			t.Errorf("%s: %s at %q, claimed %v, %v; want %s at %q, %v", name, f.PIN, at, f.Claimed, err, c.pin, c.at, c.claimed)
		}
	}
}
