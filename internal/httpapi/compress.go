package httpapi

import (
	"bytes"
	"compress/gzip"
	"io"
	"net/http"
	"strconv"
	"strings"
	"sync/atomic"

	"github.com/andybalholm/brotli"
)

// What is compressed, and what never is.
//
// Compressing makes the length of an answer depend on its content. Where somebody can put text of
// his own beside a secret and sees how long the encrypted answers get that another person asks
// for, the lengths give the secret away (the attack is known as BREACH). So compression is chosen
// for each route, and only where an answer is the same for everybody: pages, scripts, this API's
// description, and the list of regions, which the reference compresses as well. Everything that
// has a PIN, a token, a signing secret, names, chats or URLs in it goes out as it is.

// leastCompressed bytes are worth the header that says how they are compressed.
const leastCompressed = 512

// encodings that are offered, the better one first.
var encodings = []struct {
	name     string
	compress func(io.Writer) io.WriteCloser
}{
	// Above level 6 each writer takes 8 to 32 MB (a broker's memory went from 20 to 110), for a few
	// hundredths fewer bytes.
	{"br", func(w io.Writer) io.WriteCloser { return brotli.NewWriterLevel(w, 6) }},
	{"gzip", func(w io.Writer) io.WriteCloser {
		z, err := gzip.NewWriterLevel(w, gzip.BestCompression)
		if err != nil { // only for a level that there is not
			panic(err)
		}
		return z
	}},
}

// compressed is body in one of encodings, or nil if that makes it no shorter.
func compressed(encoding int, body []byte) []byte {
	var b bytes.Buffer
	z := encodings[encoding].compress(&b)
	_, err := z.Write(body)
	if err2 := z.Close(); err != nil || err2 != nil { // a bytes.Buffer takes everything
		panic("httpapi: compressing into memory failed")
	}
	if b.Len() >= len(body) {
		return nil
	}
	return b.Bytes()
}

// accepted is the best of encodings for the values of a header Accept-Encoding, or -1 to send the
// body as it is (RFC 9110, section 12.5.3). What is not well-formed is as if it were not there.
func accepted(header []string) int {
	quality := make([]int, len(encodings)) // in thousandths; -1: named by nobody so far
	for i := range quality {
		quality[i] = -1
	}
	others := 0 // of "*"
	for _, line := range header {
		for part := range strings.SplitSeq(line, ",") {
			name, q, known := encodingOf(part)
			if !known {
				continue
			}
			if name == "*" {
				others = q
			}
			for i, e := range encodings {
				if e.name == name || e.name == "gzip" && name == "x-gzip" {
					quality[i] = q
				}
			}
		}
	}
	best, bestQuality := -1, 0
	for i, q := range quality {
		if q < 0 {
			q = others
		}
		if q > bestQuality {
			best, bestQuality = i, q
		}
	}
	return best
}

// encodingOf reads one part of Accept-Encoding, such as " gzip;q=0.5".
func encodingOf(part string) (name string, thousandths int, wellFormed bool) {
	name, weight, weighed := strings.Cut(part, ";")
	name = strings.ToLower(strings.TrimSpace(name))
	if !weighed {
		return name, 1000, name != ""
	}
	key, value, _ := strings.Cut(weight, "=")
	q, err := strconv.ParseFloat(strings.TrimSpace(value), 64)
	if err != nil || !(q >= 0 && q <= 1) || !strings.EqualFold(strings.TrimSpace(key), "q") {
		return "", 0, false
	}
	return name, int(q * 1000), name != ""
}

// public is an answer that is the same for everybody and seldom changes: it is compressed when it
// has changed, and not for every caller. Safe for concurrent use.
type public struct {
	latest atomic.Pointer[asset]
}

// write answers body, compressed as the caller accepts.
func (p *public) write(w http.ResponseWriter, r *http.Request, contentType string, body []byte) {
	a := p.latest.Load()
	if a == nil || !bytes.Equal(a.body, body) {
		a = newAsset(contentType, body)
		p.latest.Store(a)
	}
	if a.small != nil {
		w.Header().Add("Vary", "Accept-Encoding")
		if i := accepted(r.Header["Accept-Encoding"]); i >= 0 {
			if small := a.small[i](); small != nil {
				w.Header().Set("Content-Encoding", encodings[i].name)
				body = small
			}
		}
	}
	writeBody(w, r, http.StatusOK, contentType, body)
}
