package httpapi

import (
	"bytes"
	"strconv"
	"strings"
	"testing"
	"testing/fstest"
)

func TestAccepted(t *testing.T) {
	for header, want := range map[string]string{
		"": "", "br": "br", "gzip": "gzip", "gzip, deflate, br, zstd": "br", "GZIP": "gzip", "x-gzip": "gzip", "deflate": "",
		"*": "br", "br;q=0": "", "br;q=0, *": "gzip", "*;q=0": "", "gzip;q=0.8, br;q=0.5": "gzip", "gzip;q=0.5,br;q=0.5": "br",
		"identity": "", "identity;q=0, gzip": "gzip", "gzip ; q = 1.0": "gzip", "br;q=0.001": "br",
		"br;q=2": "", "br;q=-1": "", "br;q=x": "", "br;q=NaN": "", "br;level=1": "", "br;q=1;q=0, gzip": "gzip", ";q=1": "", ",,,": "", "br;q=": "",
	} {
		got := ""
		if i := accepted([]string{header}); i >= 0 {
			got = encodings[i].name
		}
		if got != want {
			t.Errorf("%q: %q, want %q", header, got, want)
		}
	}
	if accepted(nil) != -1 || accepted([]string{"deflate", "gzip"}) != 1 {
		t.Error("no header, or two")
	}
}

func FuzzAccepted(f *testing.F) {
	f.Add("gzip;q=0.5, br;q=1, *;q=0")
	f.Fuzz(func(t *testing.T, header string) {
		i := accepted([]string{header})
		if i < -1 || i >= len(encodings) {
			t.Fatal(i)
		}
		if i >= 0 && !strings.Contains(header, "*") && !strings.Contains(strings.ToLower(header), encodings[i].name) {
			t.Fatalf("%q was never named in %q", encodings[i].name, header)
		}
	})
}

// longText is worth compressing.
var longText = strings.Repeat("export const answer = 42\n", 100)

func withLong(c *Config) {
	web := testWeb()
	web["shared/long.js"] = &fstest.MapFile{Data: []byte(longText)}
	web["shared/long.png"] = &fstest.MapFile{Data: []byte(longText)}
	c.Web = web
}

// TestFilesAreCompressed: each form has its own tag and length, says that it varies, and gives the same file.
func TestFilesAreCompressed(t *testing.T) {
	d := open(t, withLong)
	tags := map[string]bool{}
	for _, encoding := range []string{"", "br", "gzip"} {
		w := d.call("GET", "/static/shared/long.js", "", "Accept-Encoding", encoding)
		h := w.Header()
		if h.Get("Content-Encoding") != encoding || h.Get("Vary") != "Accept-Encoding" || h.Get("Content-Length") != strconv.Itoa(w.Body.Len()) || tags[h.Get("ETag")] {
			t.Errorf("%q: %v", encoding, h)
		}
		tags[h.Get("ETag")] = true
		body, err := uncompressed(encoding, w.Body.Bytes())
		if err != nil || string(body) != longText {
			t.Errorf("%q: %v, %d bytes", encoding, err, len(body))
		}
		if encoding != "" && w.Body.Len() > len(longText)/4 {
			t.Errorf("%q: %d bytes", encoding, w.Body.Len())
		}
		head := d.call("HEAD", "/static/shared/long.js", "", "Accept-Encoding", encoding)
		if head.Body.Len() != 0 || head.Header().Get("Content-Length") != h.Get("Content-Length") || head.Header().Get("Content-Encoding") != encoding {
			t.Errorf("HEAD, %q: %v", encoding, head.Header())
		}
		same := d.call("GET", "/static/shared/long.js", "", "Accept-Encoding", encoding, "If-None-Match", h.Get("ETag"))
		if same.Code != 304 || same.Header().Get("ETag") != h.Get("ETag") || same.Header().Get("Vary") != "Accept-Encoding" {
			t.Errorf("%q again: status %d, %v", encoding, same.Code, same.Header())
		}
	}
	part := d.call("GET", "/static/shared/long.js", "", "Accept-Encoding", "br", "Range", "bytes=0-5")
	if part.Code != 206 || part.Body.String() != longText[:6] || part.Header().Get("Content-Encoding") != "" {
		t.Errorf("a part: status %d %q %v", part.Code, part.Body, part.Header())
	}
}

// TestNotCompressed: what is tiny, what is a picture, and whatever has a secret or the words of others in it.
func TestNotCompressed(t *testing.T) {
	d := open(t, withLong)
	long := strings.Repeat("x", 2*leastCompressed)
	for _, call := range [][2]string{
		{"GET", "/static/shared/wire.js"}, {"GET", "/static/shared/long.png"}, {"GET", "/api/v1/regions"}, {"GET", "/api/v1/session_pin"},
		{"GET", "/api/v1/session_url" + pinQuery}, {"GET", "/api/v1/session" + pinQuery}, {"GET", "/api/v1/nothing"}, {"GET", "/healthz"}, {"GET", "/" + long},
	} {
		w := d.call(call[0], call[1], "", "Accept-Encoding", "br, gzip")
		if w.Header().Get("Content-Encoding") != "" || strings.Contains(w.Header().Get("Vary"), "Encoding") {
			t.Errorf("%v: %v", call, w.Header())
		}
	}
}

func TestManyRegionsAreCompressed(t *testing.T) {
	d := open(t, nil)
	for i := range 100 {
		d.fake.regions = append(d.fake.regions, "region-"+strconv.Itoa(i))
	}
	plain := d.call("GET", "/api/v1/regions", "")
	small := d.call("GET", "/api/v1/regions", "", "Accept-Encoding", "br")
	body, err := uncompressed("br", small.Body.Bytes())
	if err != nil || !bytes.Equal(body, plain.Body.Bytes()) || small.Body.Len() >= plain.Body.Len() {
		t.Errorf("%v: %d bytes instead of %d", err, small.Body.Len(), plain.Body.Len())
	}
	for _, h := range []string{plain.Header().Get("Vary"), small.Header().Get("Vary")} {
		if h != "Accept-Encoding" {
			t.Errorf("Vary: %q", h)
		}
	}
}
