package httpapi

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"pindesk/internal/programs"
	"pindesk/internal/session"
)

// folder is an operator's, with two programs.
func folder(t *testing.T, brokers string) *programs.Folder {
	t.Helper()
	dir := t.TempDir()
	files := map[string]string{"presenter-windows-amd64.exe": "MZ of Windows", "presenter-linux-amd64": "ELF of Linux"}
	if brokers != "" {
		files[programs.BrokersFile] = brokers + "\n"
	}
	for name, text := range files {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Chtimes(filepath.Join(dir, name), time.Time{}, time.Unix(1e9, 0)); err != nil {
			t.Fatal(err)
		}
	}
	f, err := programs.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

const windowsUA = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36"

func TestExe(t *testing.T) {
	d := open(t, func(c *Config) { c.Programs = folder(t, "") })
	sum := sha256.Sum256([]byte("MZ of Windows"))
	tag := `"` + hex.EncodeToString(sum[:]) + `"`
	const name = `attachment; filename="PinDesk_7W2-97-8570_help.example.com.exe"`

	for _, query := range []string{"?session_pin=7w2978570&os=windows&arch=amd64", pinQuery} {
		for _, path := range []string{"/api/v1/exe", "/api/v1/exe/"} {
			w := d.call("GET", path+query, "", "User-Agent", windowsUA)
			if w.Code != 200 || w.Body.String() != "MZ of Windows" {
				t.Fatalf("status %d %q", w.Code, w.Body)
			}
			for k, want := range map[string]string{
				"Content-Type": "application/vnd.microsoft.portable-executable", "Content-Length": "13", "ETag": tag, "Content-Disposition": name,
				"Accept-Ranges": "bytes", "Access-Control-Allow-Origin": "*", "X-Content-Type-Options": "nosniff", "Content-Encoding": "",
				"Last-Modified": "Sun, 09 Sep 2001 01:46:40 GMT",
			} {
				if got := w.Header().Get(k); got != want {
					t.Errorf("%s: %q, want %q", k, got, want)
				}
			}
		}
	}
	if w := d.call("HEAD", "/api/v1/exe"+pinQuery+"&os=linux", ""); w.Code != 200 || w.Body.Len() != 0 || w.Header().Get("Content-Length") != "12" ||
		w.Header().Get("Content-Type") != "application/x-executable" || !strings.Contains(w.Header().Get("Content-Disposition"), `.com.bin"`) {
		t.Errorf("HEAD: %d %v", w.Code, w.Header())
	}

	for _, c := range []struct {
		status     int
		body, span string
		head       []string
	}{
		{206, "of", "bytes 3-4/13", []string{"Range", "bytes=3-4"}},
		{206, "Windows", "bytes 6-12/13", []string{"Range", "bytes=-7"}},
		{206, "Windows", "bytes 6-12/13", []string{"Range", "bytes=6-", "If-Range", tag}},
		{200, "MZ of Windows", "", []string{"Range", "bytes=6-", "If-Range", `"another"`}},
		{200, "MZ of Windows", "", []string{"If-None-Match", `"another"`}},
		{304, "", "", []string{"If-None-Match", tag}},
		{412, "", "", []string{"If-Match", `"another"`}},
		{416, "", "bytes */13", []string{"Range", "bytes=13-"}},
	} {
		w := d.call("GET", "/api/v1/exe"+pinQuery+"&os=windows", "", c.head...)
		if w.Code != c.status || c.body != "" && w.Body.String() != c.body || w.Header().Get("Content-Range") != c.span {
			t.Errorf("%q: %d %q %q; want %d %q %q", c.head, w.Code, w.Body, w.Header().Get("Content-Range"), c.status, c.body, c.span)
		}
	}
}

// TestExeIsTheSameForEveryPIN but for the name of the download.
func TestExeIsTheSameForEveryPIN(t *testing.T) {
	const another = "AAA-11-1111"
	d := open(t, func(c *Config) { c.Programs = folder(t, "help.example.com,*.example.com") })
	d.fake.live[another] = session.State{Session: session.Session{ID: "session-2", PIN: another}}
	one := d.call("GET", "/api/v1/exe"+pinQuery+"&os=windows", "")
	two := d.call("GET", "/api/v1/exe?session_pin="+another+"&os=windows", "")
	if one.Code != 200 || two.Code != 200 || one.Body.String() != two.Body.String() || one.Header().Get("ETag") != two.Header().Get("ETag") {
		t.Errorf("%d %q, %d %q", one.Code, one.Body, two.Code, two.Body)
	}
	if got := one.Header().Get("Content-Disposition") + two.Header().Get("Content-Disposition"); got !=
		`attachment; filename="PinDesk_7W2-97-8570_help.exe"attachment; filename="PinDesk_AAA-11-1111_help.exe"` {
		t.Errorf("%q", got)
	}
}

func TestExeRefuses(t *testing.T) {
	d := open(t, func(c *Config) { c.Programs = folder(t, "") })
	d.fake.ended = map[string]session.Session{"END-00-0000": {ID: "ended", PIN: "END-00-0000", EndedAt: time.Now()}}
	for query, want := range map[string]struct {
		status int
		code   string
	}{
		"":                                        {400, "bad_request"},
		"?session_pin=" + testPIN:                 {400, "bad_request"}, // and nobody knows for which system
		pinQuery + "&os=beos":                     {400, "bad_request"},
		pinQuery + "&os=Windows":                  {400, "bad_request"},
		pinQuery + "&os=":                         {400, "bad_request"},
		pinQuery + "&os=windows&arch=mips":        {400, "bad_request"},
		pinQuery + "&os=windows&os=linux":         {400, "bad_request"},
		pinQuery + "&session_pin=x&os=windows":    {400, "bad_request"},
		pinQuery + "&os=macos":                    {404, "no_program"},
		pinQuery + "&os=windows&arch=arm64":       {404, "no_program"},
		"?session_pin=END-00-0000&os=windows":     {404, "unknown_session"},
		"?session_pin=NOT-00-0000&os=macos":       {404, "unknown_session"},
		"?session_pin=..%2F..&os=windows":         {404, "unknown_session"},
		"?session_pin=" + brokenPIN + "&os=linux": {500, "internal"},
	} {
		d.from = "192.0.2." + fmt.Sprint(len(query)) + ":1" // another caller, so that none is held for guessing
		d.wantFailure(d.call("GET", "/api/v1/exe"+query, ""), want.status, want.code)
	}
	ended := d.call("GET", "/api/v1/exe?session_pin=END-00-0000&os=windows", "")
	never := d.call("GET", "/api/v1/exe?session_pin=NOT-00-0000&os=windows", "")
	if ended.Body.String() != never.Body.String() {
		t.Errorf("%q is not %q", ended.Body, never.Body)
	}
	none := open(t, nil)
	none.wantFailure(none.call("GET", "/api/v1/exe"+pinQuery+"&os=windows", ""), 404, "no_program")
	if w := none.call("GET", "/resources/programs.json", ""); w.Code != 200 || w.Body.String() != "[]" {
		t.Errorf("%d %q", w.Code, w.Body)
	}
}

func TestExeHasAQuota(t *testing.T) {
	d := open(t, func(c *Config) { c.Programs = folder(t, "") })
	for range exesPerMinute {
		if w := d.call("HEAD", "/api/v1/exe"+pinQuery+"&os=linux", ""); w.Code != 200 {
			t.Fatalf("status %d", w.Code)
		}
	}
	d.wantFailure(d.call("GET", "/api/v1/exe"+pinQuery+"&os=linux", ""), 429, "too_many_requests")
}

func TestProgramsAreListed(t *testing.T) {
	d := open(t, func(c *Config) { c.Programs = folder(t, "") })
	w := d.call("GET", "/resources/programs.json", "")
	sum := sha256.Sum256([]byte("ELF of Linux"))
	if want := fmt.Sprintf(`{"os":"linux","arch":"amd64","bytes":12,"sha256":"%x"}]`, sum); w.Code != 200 || !strings.HasSuffix(w.Body.String(), want) {
		t.Errorf("%d %s; want %s at its end", w.Code, w.Body, want)
	}
}

func TestGuessSystem(t *testing.T) {
	const chrome = " AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36"
	for _, c := range []struct{ ua, platform, arch, want string }{
		{windowsUA, `"Windows"`, "", "windows amd64"},
		{windowsUA, `"Windows"`, `"arm"`, "windows arm64"},
		{"Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:140.0) Gecko/20100101 Firefox/140.0", "", "", "windows amd64"},
		{"Mozilla/5.0 (X11; Linux x86_64)" + chrome, `"Linux"`, "", "linux amd64"},
		{"Mozilla/5.0 (X11; Linux aarch64; rv:140.0) Gecko/20100101 Firefox/140.0", "", "", "linux arm64"},
		{"Mozilla/5.0 (X11; Ubuntu; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0", "", "", "linux amd64"},
		{"Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.0 Safari/605.1.15", "", "", "macos amd64"},
		{"Mozilla/5.0 (Linux; Android 10; K)" + chrome, `"Android"`, "", "android amd64"},
		{"Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15", "", "", "ios amd64"},
		{"Mozilla/5.0 (X11; CrOS x86_64 14541.0.0)" + chrome, `"Chrome OS"`, "", "chromeos amd64"},
		{"curl/8.5.0", "", "", " amd64"},
		{"", "", "", " amd64"},
	} {
		h := http.Header{"User-Agent": {c.ua}, "Sec-Ch-Ua-Platform": {c.platform}, "Sec-Ch-Ua-Arch": {c.arch}}
		if s := guessSystem(h); s.OS+" "+s.Arch != c.want {
			t.Errorf("%q: %+v, want %s", c.ua, s, c.want)
		}
	}
	d := open(t, func(c *Config) { c.Programs = folder(t, "") })
	w := d.call("GET", "/api/v1/exe"+pinQuery, "", "User-Agent", "Mozilla/5.0 (Linux; Android 10; K)"+chrome)
	d.wantFailure(w, 404, "no_program")
	if !strings.Contains(w.Body.String(), "Android") {
		t.Errorf("%s", w.Body)
	}
}

// TestSlowDownloads: who reads on gets all of it, however long that takes; who does not read holds nothing
// for long. The server's own time for answers is far too short for the first.
func TestSlowDownloads(t *testing.T) {
	const size = 24 << 20 // more than the kernel keeps
	f, err := os.Create(filepath.Join(t.TempDir(), "presenter"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if err := f.Truncate(size); err != nil {
		t.Fatal(err)
	}
	stall := make(chan time.Duration, 2)
	stall <- time.Minute
	stall <- time.Millisecond
	gone := make(chan struct{}, 2)
	srv := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		p := newPatient(&recorder{ResponseWriter: w})
		p.stall = <-stall
		http.ServeContent(p, r, "", time.Time{}, f)
		gone <- struct{}{}
	}))
	srv.Config.WriteTimeout, srv.Config.ReadTimeout = time.Nanosecond, 0
	srv.Start()
	defer srv.Close()

	resp, err := http.Get(srv.URL)
	if err != nil {
		t.Fatal(err)
	}
	n, err := io.Copy(io.Discard, resp.Body)
	resp.Body.Close()
	if n != size || err != nil {
		t.Errorf("%d of %d bytes, %v", n, size, err)
	}
	<-gone

	conn, err := net.Dial("tcp", srv.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if _, err := io.WriteString(conn, "GET / HTTP/1.1\r\nHost: x\r\n\r\n"); err != nil {
		t.Fatal(err)
	}
	select {
	case <-gone: // nothing was read
	case <-time.After(20 * time.Second):
		t.Error("a reader that reads nothing is waited for")
	}
}
