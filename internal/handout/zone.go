package handout

import (
	"net/url"
	"strings"
)

// MaxZone is how much of a mark is read, in bytes. A real one has some hundred.
const MaxZone = 64 << 10

// ExePath is the call that hands the program out.
const ExePath = "/api/v1/exe"

// ParseZone reads the mark that Windows' browsers put beside a download, its alternate stream
// Zone.Identifier: HostUrl is what was downloaded, ReferrerUrl the page that had the link. Whoever gives a
// file away can write a mark, so only what looks like our own is taken, and nothing of it is an error.
func ParseZone(mark []byte) (b Bearings) {
	if len(mark) > MaxZone {
		return b
	}
	inside := false
	values := map[string]string{}
	for line := range strings.Lines(string(mark)) {
		line = strings.TrimSpace(strings.TrimPrefix(line, "\ufeff"))
		if strings.HasPrefix(line, "[") {
			inside = strings.EqualFold(line, "[ZoneTransfer]")
			continue
		}
		key, value, is := strings.Cut(line, "=")
		if key = strings.ToLower(strings.TrimSpace(key)); inside && is && values[key] == "" {
			values[key] = strings.TrimSpace(value)
		}
	}
	if u := webURL(values["hosturl"]); u != nil && strings.TrimSuffix(u.Path, "/") == ExePath {
		query, err := url.ParseQuery(u.RawQuery)
		pins := query["session_pin"]
		if p, err2 := placeOf(u); err == nil && err2 == nil && len(pins) == 1 && NormalPIN(pins[0]) != "" {
			return Bearings{PIN: NormalPIN(pins[0]), Place: p}
		}
	}
	// The guest's page, without its fragment: it says where, and not which session.
	if u := webURL(values["referrerurl"]); u != nil && strings.TrimSuffix(u.Path, "/") == "/help" && u.RawQuery == "" {
		b.Place, _ = placeOf(u) // a place that is none is nowhere
	}
	return b
}

// webURL is s if it is a URL of the web as browsers write it, else nil.
func webURL(s string) *url.URL {
	u, err := url.Parse(s)
	if err != nil || len(s) > 4096 || u.Scheme != "https" && u.Scheme != "http" || u.User != nil || u.Opaque != "" {
		return nil
	}
	return u
}
