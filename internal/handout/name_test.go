package handout

import (
	"errors"
	"strings"
	"testing"
	"unicode/utf8"
)

const pin = "7W2-97-8570"

func TestParseName(t *testing.T) {
	region := Place{Host: "us-east-1", Scheme: "https", Region: true}
	host := Place{Host: "support.example.com", Scheme: "https"}
	ported := Place{Host: "support.example.com", Port: 8443, Scheme: "https"}
	plain := Place{Host: "192.0.2.7", Port: 8080, Scheme: "http"}
	for _, c := range []struct {
		name  string
		pin   string
		place Place
		err   error
	}{
		{"PinDesk_7W2-97-8570_us-east-1.exe", pin, region, nil},
		{"PinDesk_7W2-97-8570_support.example.com.exe", pin, host, nil},
		{"PinDesk_7W2-97-8570_support.example.com+8443.exe", pin, ported, nil},
		{"PinDesk_7W2-97-8570_support.example.com%2B8443.exe", pin, ported, nil},
		{"PinDesk_7W2-97-8570_support.example.com+443.exe", pin, host, nil},
		{"PinDesk_7W2-97-8570_192.0.2.7+8080+http.exe", pin, plain, nil},
		{"PinDesk_7W2-97-8570_127.0.0.1+8080.bin", pin, Place{Host: "127.0.0.1", Port: 8080, Scheme: "http"}, nil},
		{"PinDesk_7W2-97-8570_localhost+8443+https.bin", pin, Place{Host: "localhost", Port: 8443, Scheme: "https"}, nil},
		{"PinDesk_7W2-97-8570_us-east-1+8443.exe", pin, Place{Host: "us-east-1", Port: 8443, Scheme: "https", Region: true}, nil},
		{`C:\Users\Ann\Downloads\PinDesk_7W2-97-8570_us-east-1.exe`, pin, region, nil},
		{"/home/ann/PinDesk_7W2-97-8570_us-east-1", pin, region, nil},
		// what browsers make of a second download
		{"PinDesk_7W2-97-8570_us-east-1 (1).exe", pin, region, nil},
		{"PinDesk_7W2-97-8570_us-east-1(1).exe", pin, region, nil},
		{"PinDesk_7W2-97-8570_us-east-1[1].exe", pin, region, nil},
		{"PinDesk_7W2-97-8570_us-east-1_(1).exe", pin, region, nil},
		{"PinDesk_7W2-97-8570_us-east-1_2.exe", pin, region, nil},
		{"PinDesk_7W2-97-8570_us-east-1.exe.1", pin, region, nil},
		{"PinDesk_7W2-97-8570_us-east-1.exe (1)", pin, region, nil},
		{"PinDesk_7W2-97-8570_us-east-1%20(1).exe", pin, region, nil},
		{"PinDesk_7W2-97-8570_us-east-1%2520%25281%2529.exe", pin, region, nil},
		{"PinDesk_7W2-97-8570_us-east-1+(1).exe", pin, region, nil},
		{"PinDesk_7W2-97-8570_us-east-1+copy.exe", pin, region, nil},
		{"PinDesk_7W2-97-8570_support.example.com+8443 (12).exe", pin, ported, nil},
		// what systems make of a copy
		{"PinDesk_7W2-97-8570_us-east-1 - Copy.exe", pin, region, nil},
		{"PinDesk_7W2-97-8570_us-east-1 - Copy (2).exe", pin, region, nil},
		{"PinDesk_7W2-97-8570_us-east-1 - Kopie.exe", pin, region, nil},
		{"PinDesk_7W2-97-8570_us-east-1 – Kopie.exe", pin, region, nil},
		{"PinDesk_7W2-97-8570_us-east-1 - コピー.exe", pin, region, nil},
		{"PinDesk_7W2-97-8570_us-east-1 - 副本.exe", pin, region, nil},
		{"PinDesk_7W2-97-8570_us-east-1 — копия.exe", pin, region, nil},
		{"PinDesk_7W2-97-8570_us-east-1 (Kopie)", pin, region, nil},
		{"Copie de PinDesk_7W2-97-8570_us-east-1.exe", pin, region, nil},
		{"Kopie von PinDesk_7W2-97-8570_support.example.com.exe", pin, host, nil},
		// what people and mail programs make of it
		{"pindesk_7w2-97-8570_US-EAST-1.EXE", pin, region, nil},
		{"PinDesk_7W2-97-8570_Support.Example.COM.exe", pin, host, nil},
		{"PinDesk_7W2-97-8570_support.example.com..exe", pin, host, nil},
		{"PinDesk_7W2-97-8570_us-east-1.exe.exe", pin, region, nil},
		{"PinDesk_7W2-97-8570_us-east-1.exe. ", pin, region, nil},
		{"PinDesk_7W2–97–8570_us-east-1.exe", pin, region, nil},
		{"PinDesk 7W2-97-8570 us-east-1.exe", pin, Place{}, nil},
		{"PinDesk%207W2-97-8570.exe", pin, Place{}, nil},
		{"100% help%207W2-97-8570%.exe", pin, Place{}, nil},
		{"PinDesk7W2978570.exe", pin, Place{}, nil},
		{"PinDesk_7w2978570_us-east-1.exe", pin, region, nil},
		{"7W2-97-8570.exe", pin, Place{}, nil},
		{"for Bob (7W2-97-8570).exe", pin, Place{}, nil},
		{"2026-11-23 help 7W2-97-8570.exe", pin, Place{}, nil},
		{"7W2-97-8570 and 7w2-97-8570.exe", pin, Place{}, nil},
		// no PIN
		{"", "", Place{}, nil},
		{"presenter", "", Place{}, nil},
		{"PinDesk.exe", "", Place{}, nil},
		{"PinDesk_us-east-1.exe", "", Place{}, nil},
		{"setup123456.exe", "", Place{}, nil},
		{"7W2978570.exe", "", Place{}, nil},
		{"2026-11-23.exe", "", Place{}, nil},
		{"x7W2-97-8570.exe", "", Place{}, nil},
		{"7W2-97-85701.exe", "", Place{}, nil},
		{"7W2-97-857.exe", "", Place{}, nil},
		{"７Ｗ２-97-8570.exe", "", Place{}, nil},
		{"7W2-97-8570/presenter.exe", "", Place{}, nil}, // only a folder has it
		{strings.Repeat("a", maxName) + "_7W2-97-8570.exe", "", Place{}, nil},
		// hostile
		{"7W2-97-8570 AAA-11-1111.exe", "", Place{}, ErrManySessions},
		{"PinDesk_7W2-97-8570_us-east-1+99999.exe", pin, Place{}, ErrPlace},
		{"PinDesk_7W2-97-8570_us-east-1+0.exe", pin, Place{}, ErrPlace},
		{"PinDesk_7W2-97-8570_us-east-1+0443.exe", pin, Place{}, ErrPlace},
		{"PinDesk_7W2-97-8570_a..b.exe", pin, Place{}, ErrPlace},
		{"PinDesk_7W2-97-8570_127.1.exe", pin, Place{}, ErrPlace},
		{"PinDesk_7W2-97-8570_0x7f000001.exe", pin, Place{}, ErrPlace},
		{"PinDesk_7W2-97-8570_2130706433.exe", pin, Place{}, ErrPlace},
		{"PinDesk_7W2-97-8570_256.1.1.1.exe", pin, Place{}, ErrPlace},
		{"PinDesk_7W2-97-8570_a-.b.exe", pin, Place{}, ErrPlace},
		{"PinDesk_7W2-97-8570_" + strings.Repeat("a", 64) + ".example.com.exe", pin, Place{}, ErrPlace},
		{"PinDesk_7W2-97-8570_good.example.com@evil.example.exe", pin, Place{Host: "good.example.com", Scheme: "https"}, nil},
		{"PinDesk_7W2-97-8570_good.example.com%40evil.example.exe", pin, Place{Host: "good.example.com", Scheme: "https"}, nil},
		{"PinDesk_7W2-97-8570_good.example.com%00.evil.example.exe", pin, Place{Host: "good.example.com", Scheme: "https"}, nil},
		{"PinDesk_7W2-97-8570_bücher.example.exe", pin, Place{Host: "b", Scheme: "https", Region: true}, nil},
		{"PinDesk_7W2-97-8570_evil.example%2Fsupport.example.com.exe", pin, Place{Host: "evil.example", Scheme: "https"}, nil},
		{"PinDesk_7W2-97-8570_[::1].exe", pin, Place{}, nil},
		{"\u202eexe.PinDesk_7W2-97-8570_us-east-1.exe", pin, region, nil},
		{"PinDesk_7W2-97-8570_us-east-1\u202egpj.exe", pin, region, nil},
		{"PinDesk_7W2-97-8570\n_us-east-1.exe", pin, Place{}, nil},
	} {
		got, err := ParseName(c.name)
		if !errors.Is(err, c.err) || got != (Bearings{c.pin, c.place}) {
			t.Errorf("%q: %+v, %v; want %s %+v, %v", c.name, got, err, c.pin, c.place, c.err)
		}
	}
}

// TestNameIsReadAgain: also after all that may happen to it at once.
func TestNameIsReadAgain(t *testing.T) {
	for _, address := range []string{
		"https://support.example.com", "https://support.example.com:8443", "http://192.0.2.7:8080", "http://127.0.0.1:8080",
		"https://localhost", "http://intranet.example", "https://xn--bcher-kva.example",
	} {
		p, err := Address(address)
		if err != nil {
			t.Fatal(err)
		}
		if p.URL() != address {
			t.Errorf("%s is written %s", address, p.URL())
		}
		for _, ending := range []string{".exe", ".bin"} {
			name := Name(Bearings{pin, p}, ending)
			if strings.ContainsAny(name, `<>:"/\|?* `) {
				t.Errorf("%q is no name for a file on Windows", name)
			}
			for _, seen := range []string{name, strings.ToUpper(name), strings.Replace(name, ending, " (1)"+ending, 1), "Kopie von " + strings.ReplaceAll(name, "_", "%5F")} {
				if got, err := ParseName(seen); err != nil || got != (Bearings{pin, p}) {
					t.Errorf("%q is read as %+v, %v; want %+v", seen, got, err, p)
				}
			}
		}
	}
	v6, err := Address("https://[2001:db8::1]:8443")
	if err != nil || v6.URL() != "https://[2001:db8::1]:8443" {
		t.Errorf("%+v, %v", v6, err)
	}
	if name := Name(Bearings{pin, v6}, ".exe"); name != "PinDesk_7W2-97-8570.exe" {
		t.Errorf("%q: an IPv6 address is in no file's name", name)
	}
}

func TestAddress(t *testing.T) {
	for in, want := range map[string]string{
		"help.example.com": "https://help.example.com", "Help.Example.COM.": "https://help.example.com", "https://help.example.com/": "https://help.example.com",
		"help.example.com:8443": "https://help.example.com:8443", "https://help.example.com:443": "https://help.example.com",
		"localhost:8080": "http://localhost:8080", "127.0.0.1": "http://127.0.0.1", "[::1]:8080": "http://[::1]:8080", "https://[::1]": "https://[::1]",
		"http://help.example.com:80": "http://help.example.com", "https://127.0.0.1": "https://127.0.0.1",
		"": "", "https://": "", "https://a/b": "", "https://a@b": "", "https://a?b": "", "https://a#b": "", "ftp://a": "", "https://a:0": "", "https://a:": "",
		"https://a:99999": "", "https://bücher.example": "", "https://a_b": "", "https://[fe80::1%25eth0]": "", "https:help.example.com": "",
	} {
		p, err := Address(in)
		if (err == nil) != (want != "") || err == nil && p.URL() != want {
			t.Errorf("%q: %q, %v; want %q", in, p.URL(), err, want)
		}
	}
}

func FuzzParseName(f *testing.F) {
	for _, s := range []string{
		"PinDesk_7W2-97-8570_us-east-1.exe", "PinDesk_7W2-97-8570_support.example.com+8443+http (1).exe", "Kopie von PinDesk%5F7W2-97-8570%2520.bin.1",
		"7W2-97-8570 AAA-11-1111", "PinDesk7W2978570_[::1].exe", "\u202e7W2–97–8570_a..b", "PinDesk_7W2-97-8570_%2e%2e%2f%00.exe",
	} {
		f.Add(s)
	}
	list, err := ParseBrokers("support.example.com,*.example.com")
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, s string) {
		b, err := ParseName(s)
		if b.PIN != "" && NormalPIN(b.PIN) != b.PIN {
			t.Errorf("PIN %q", b.PIN)
		}
		if b.PIN == "" && b.Place != (Place{}) || err != nil && b.Place != (Place{}) {
			t.Errorf("%+v, %v", b, err)
		}
		if b.Place.Host == "" {
			return
		}
		if h, err := host(b.Place.Host); err != nil || h != b.Place.Host {
			t.Errorf("host %q: %v", b.Place.Host, err)
		}
		// What was read is what it would be named by.
		name := Name(b, ".exe")
		if again, err := ParseName(name); err != nil || again != b {
			t.Errorf("%q is read as %+v, %v; want %+v", name, again, err, b)
		}
		if at, err := list.At(b.Place); err == nil && at.Host != "example.com" && !strings.HasSuffix(at.Host, ".example.com") || err == nil && at.Scheme != "https" {
			t.Errorf("%+v was let through as %+v", b.Place, at)
		}
		if !utf8.ValidString(b.Place.Host) {
			t.Errorf("host %q", b.Place.Host)
		}
	})
}
