package httpapi

import (
	"maps"
	"net/http"
	"net/netip"
	"net/url"
	"regexp"
	"slices"
	"strings"

	"pindesk/internal/httpapi/openapi"
)

// regional is where regions are measured. It does not change after newRegional.
//
// The reference's rule is https://{region}.loginwith.me for the site www.loginwith.me, so ours is
// "{region}." and the public host without a leading "www.", unless Config.RegionHosts says else.
// A public host that can have no hosts below it (an address, localhost) stands for all regions.
type regional struct {
	public     *url.URL
	domain     string // below which regions' hosts are; "" if there can be none
	configured map[string]string
	hosts      map[string]bool // those of regions that may reach this broker, without ports
	own        string          // the region of this broker
	regionsCSP string          // of GET regions: as the reference, it names the operator's hosts
	exampleCSP string          // of the example, which must reach all of them
	newCSP     string          // of the page that makes sessions, likewise
}

// isLabel finds names of regions that can be part of a host's name.
var isLabel = regexp.MustCompile(`^[0-9a-z]([0-9a-z-]{0,61}[0-9a-z])?$`).MatchString

// newRegional takes origins that package origin has checked.
func newRegional(public, own string, configured map[string]string) regional {
	u, err := url.Parse(public)
	if err != nil {
		panic("httpapi: " + err.Error())
	}
	r := regional{public: u, configured: configured, own: own, hosts: map[string]bool{}, regionsCSP: apiCSP}
	host := strings.TrimSuffix(strings.TrimPrefix(u.Hostname(), "www."), ".")
	if _, err := netip.ParseAddr(host); err != nil && strings.Contains(host, ".") {
		r.domain = host
	}
	connect := []string{"'self'"}
	if r.domain != "" {
		r.regionsCSP = strings.Replace(apiCSP, "connect-src 'self'", "connect-src *."+r.domain, 1)
		connect = append(connect, u.Scheme+"://*."+r.domain+port(u))
		r.hosts[strings.ToLower(own)+"."+r.domain] = true
	}
	for _, o := range slices.Sorted(maps.Values(configured)) {
		connect = append(connect, o)
		if at, err := url.Parse(o); err == nil {
			r.hosts[at.Hostname()] = true
		}
	}
	delete(r.hosts, u.Hostname()) // is the home page's
	r.newCSP = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src " +
		strings.Join(slices.Compact(connect), " ") + "; manifest-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
	r.exampleCSP = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src " +
		strings.Join(slices.Compact(connect), " ") + "; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
	return r
}

// port is u's with its colon, or "".
func port(u *url.URL) string {
	if u.Port() == "" {
		return ""
	}
	return ":" + u.Port()
}

// origin is where a region is measured, one of n.
func (a regional) origin(region string, n int) string {
	if o := a.configured[region]; o != "" {
		return o
	}
	name := strings.ToLower(region)
	if n < 2 || a.domain == "" || !isLabel(name) { // without a choice, nobody needs another host
		return a.public.Scheme + "://" + a.public.Host
	}
	return a.public.Scheme + "://" + name + "." + a.domain + port(a.public)
}

// isRegion says whether r was sent to a region's host.
func (a regional) isRegion(r *http.Request) bool {
	u := url.URL{Host: r.Host}
	return a.hosts[strings.TrimSuffix(strings.ToLower(u.Hostname()), ".")]
}

// home: GET /. At a region's host it is what the time is taken of: a few bytes from memory that a
// page of any site may ask for. A person who goes there is sent to the broker's own pages, since
// a page from a region's host could join nothing; a PIN after # goes along.
func (a *api) home(w http.ResponseWriter, r *http.Request) error {
	w.Header().Set("Timing-Allow-Origin", "*")
	if !a.isRegion(r) {
		return serveAsset(a.files[sitePage])(w, r)
	}
	w.Header().Set("Cache-Control", "no-store")
	if r.Header.Get("Sec-Fetch-Mode") == "navigate" {
		w.Header().Set("Location", a.base+"/")
		w.WriteHeader(http.StatusFound)
		return nil
	}
	writeBody(w, r, http.StatusOK, "text/plain; charset=utf-8", []byte(a.own+"\n"))
	return nil
}

// latencyHosts: GET /resources/latency_hosts.json
func (a *api) latencyHosts(w http.ResponseWriter, r *http.Request) error {
	names, err := a.Sessions.Regions(r.Context())
	if err != nil {
		return err
	}
	at := openapi.RegionHosts{}
	for _, name := range names {
		at[name] = a.origin(name, len(names))
	}
	a.regionHosts.write(w, r, jsonType, encode(at, ""))
	return nil
}

// newSession: GET /new. The page measures the regions.
func (a *api) newSession(w http.ResponseWriter, r *http.Request) error {
	w.Header().Set("Content-Security-Policy", a.newCSP)
	return a.page("/new", newPage)(w, r)
}

// latencyExample: GET /resources/latency_example.html
func (a *api) latencyExample(w http.ResponseWriter, r *http.Request) error {
	w.Header().Set("Content-Security-Policy", a.exampleCSP)
	return serveAsset(a.files[latencyPage])(w, r)
}
