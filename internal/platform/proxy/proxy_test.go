package proxy

import (
	"net/url"
	"strings"
	"testing"
)

func TestFor(t *testing.T) {
	const broker = "https://help.example.com"
	for _, c := range []struct{ server, override, url, want string }{
		{"", "", broker, ""},
		{"proxy:8080", "", broker, "http://proxy:8080"},
		{"proxy:8080", "", "wss://help.example.com/relay", "http://proxy:8080"},
		{"proxy", "", broker, "http://proxy:80"},
		{" proxy:8080 ", "", broker, "http://proxy:8080"},
		{"http://proxy:8080/", "", broker, "http://proxy:8080"},
		{"http=a:1;https=b:2", "", broker, "http://b:2"},
		{"http=a:1;https=b:2", "", "ws://help.example.com", "http://a:1"},
		{"HTTPS=b:2 http=a:1", "", broker, "http://b:2"},
		{"http=a:1", "", broker, ""}, // as Windows has it: nothing is said of https
		{"http=a:1;socks=c:3", "", broker, "socks5://c:3"},
		{"https=b:2;socks=c:3", "", broker, "http://b:2"},
		{"socks=c", "", broker, "socks5://c:1080"},
		{"https=socks5://c:3", "", broker, "socks5://c:3"},
		{"a:1;b:2", "", broker, "http://a:1"}, // what a script answers: the first, then what to do when it fails
		{"[2001:db8::1]:3128", "", broker, "http://[2001:db8::1]:3128"},
		{"https://proxy:443", "", broker, ""},
		{"https=", "", broker, ""},
		{"=;==;://;http://", "", broker, ""},
		{"proxy:port", "", broker, ""},
		{"p:1", "<local>", broker, "http://p:1"},
		{"p:1", "<local>", "https://help", ""},
		{"p:1", "<local>", "https://[2001:db8::1]", "http://p:1"},
		{"p:1", "*.corp;10.*", "https://help.CORP", ""},
		{"p:1", "*.corp;10.*", "https://10.1.2.3:8443", ""},
		{"p:1", "*.corp;10.*", "https://110.1.2.3", "http://p:1"},
		{"p:1", "*.corp;10.*", "https://corp", "http://p:1"},
		{"p:1", ".corp", "https://help.corp", ""},
		{"p:1", "*", broker, ""},
		{"p:1", "help*com", broker, ""},
		{"p:1", "h*ex*ple*m", broker, ""},
		{"p:1", "h*ex*ex*m", broker, "http://p:1"},
		{"p:1", "help.example.com", "https://help.example.com.", ""},
		{"p:1", "https://help.example.com", broker, ""},
		{"p:1", "http://help.example.com", broker, "http://p:1"},
		{"p:1", "help.example.com:8443", broker, "http://p:1"},
		{"p:1", "help.example.com:443", broker, ""},
		{"p:1", "[2001:db8::1]", "https://[2001:db8::1]", ""},
		{"p:1", "[2001:db8::1]:443", "https://[2001:db8::1]", ""},
		{"p:1", "", "http://localhost:8080", ""},
		{"p:1", "", "http://127.0.0.2", ""},
		{"p:1", "", "http://[::1]:80", ""},
		{"p:1", "<-loopback>", "http://127.0.0.2", "http://p:1"},
		{"p:1", strings.Repeat("x;", maxText), broker, "http://p:1"},
	} {
		u, err := url.Parse(c.url)
		if err != nil {
			t.Fatal(err)
		}
		got := ""
		if at := Parse(c.server, c.override).For(u); at != nil {
			got = at.String()
		}
		if got != c.want {
			t.Errorf("%q without %q: %s goes by %q, want %q", c.server, c.override, c.url, got, c.want)
		}
	}
}

func FuzzFor(f *testing.F) {
	f.Add("http=a:1;https=b:2;socks=c", "<local>;*.corp;10.*;[::1]:8", "https://help.example.com:8443")
	f.Add("proxy:8080", "<-loopback> a*b*c", "ws://127.0.0.1")
	f.Fuzz(func(t *testing.T, server, override, address string) {
		u, err := url.Parse(address)
		if err != nil {
			return
		}
		at := Parse(server, override).For(u)
		if at == nil {
			return
		}
		if at.Scheme != "http" && at.Scheme != "socks5" || at.Hostname() == "" || at.Port() == "" || at.Path != "" {
			t.Errorf("%q: %q", server, at)
		}
		if Parse(server, override+";*").For(u) != nil && len(override) < maxText/2 && len(split(override)) < maxRules {
			t.Errorf("%q without %q is not all", server, override)
		}
	})
}
