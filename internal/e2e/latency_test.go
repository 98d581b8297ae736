package e2e

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"testing"
	"time"

	"pindesk/internal/broker"
)

// regionAt is a region's host with a longer way to it: the broker's own answer to GET /, later.
func regionAt(t *testing.T, s func() string, delay time.Duration) string {
	t.Helper()
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		<-time.After(delay)
		to, err := url.Parse(s())
		if err != nil {
			panic(err)
		}
		httputil.NewSingleHostReverseProxy(to).ServeHTTP(w, r)
	}))
	t.Cleanup(srv.Close)
	return srv.URL
}

// latency is what the library tells.
type latency struct {
	Region  string
	Latency float64
	Results []struct {
		Region  string
		Latency *float64
		Samples []float64
		Error   string
	}
	Progress int // calls of onProgress
	Done     int // as the last one said
	Total    int
	Best     string // at the last one
	Callback string // region that the callback was told
}

// measured runs the library in the page and tells what it said, in Go's words.
func (p *page) measured(run, options string) latency {
	p.t.Helper()
	js := fmt.Sprintf(`(async () => {
		let n = 0, last, callback = '';
		const o = await (%s)({...%s, onProgress(p) { n++; last = p; }}, (e, r) => { callback = e ? String(e) : r.region; });
		return JSON.stringify({...o, results: o.results.map((r) => ({...r, error: String(r.error || '')})),
			progress: n, done: last.done, total: last.total, best: last.results[0].region, callback});
	})()`, run, options)
	var l latency
	if err := json.Unmarshal([]byte(eval[string](p, js)), &l); err != nil {
		p.t.Fatal(err)
	}
	return l
}

// TestLatencyLibrary uses it in a page of another site, as a script and as a module.
func TestLatencyLibrary(t *testing.T) {
	s := startSite(t, nil)
	own := func() string { return s.url }
	near, far := regionAt(t, own, 20*time.Millisecond), regionAt(t, own, 150*time.Millisecond)
	gone := httptest.NewServer(http.NotFoundHandler())
	gone.Close()
	elsewhere := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html")
		fmt.Fprintf(w, `<!doctype html><title>another site</title><script src="%s/resources/latency_test.js"></script>`, s.url)
	}))
	t.Cleanup(elsewhere.Close)
	v := startChromium(t, 600, 400)
	v.open(elsewhere.URL)

	hosts := fmt.Sprintf(`{hosts: {far: %q, gone: %q, near: %q}, probes: 3}`, far, gone.URL, near)
	module := fmt.Sprintf(`(...a) => import(%q).then((m) => m.run(...a))`, s.url+"/resources/latency_test.mjs")
	for name, run := range map[string]string{"script": "LatencyTest.run", "module": module} {
		l := v.measured(run, hosts)
		if l.Region != "near" || l.Callback != "near" || l.Best != "near" || l.Latency < 20 || l.Latency >= 150 {
			t.Errorf("%s: the best is %s with %.1f ms, the callback heard of %q", name, l.Region, l.Latency, l.Callback)
		}
		if len(l.Results) != 3 || l.Results[1].Region != "far" || len(l.Results[1].Samples) != 3 || *l.Results[1].Latency < 150 ||
			l.Results[2].Region != "gone" || l.Results[2].Latency != nil || l.Results[2].Error == "" {
			t.Errorf("%s: %+v", name, l.Results)
		}
		// One call for each request: four of each region that answers, one of the other.
		if l.Progress != 9 || l.Done != 12 || l.Total != 12 {
			t.Errorf("%s: %d calls of onProgress, %d of %d done", name, l.Progress, l.Done, l.Total)
		}
	}
	if l := v.measured("LatencyTest.run", "{}"); l.Region != "test" || len(l.Results[0].Samples) != 5 {
		t.Errorf("the broker's own region: %+v", l)
	}
	for what, call := range map[string]string{
		"no region answers":   fmt.Sprintf(`LatencyTest.run({hosts: {gone: %q}})`, gone.URL),
		"an unknown region":   `LatencyTest.run({regions: ['mars']})`,
		"another site":        fmt.Sprintf(`LatencyTest.run({broker: %q})`, elsewhere.URL),
		"ended by a signal":   fmt.Sprintf(`(() => { const c = new AbortController(); setTimeout(() => c.abort(), 60); return LatencyTest.run({hosts: {far: %q}, signal: c.signal}); })()`, far),
		"slower than allowed": fmt.Sprintf(`LatencyTest.run({hosts: {far: %q}, timeout: 50})`, far),
	} {
		if got := eval[string](v, call+`.then(() => 'fulfilled', (e) => e instanceof Error ? 'rejected' : 'thrown ' + e)`); got != "rejected" {
			t.Errorf("%s: %s", what, got)
		}
	}
}

// TestLatencyExample shows the bars of several regions under the page's own policy. The list of
// hosts is put in by a proxy, as one broker has one region.
func TestLatencyExample(t *testing.T) {
	var s *site
	own := func() string { return s.url }
	delays := map[string]time.Duration{"eu-west-2": 12, "us-east-1": 45, "us-west-2": 80, "ap-southeast-2": 160}
	hosts := map[string]string{}
	for region, ms := range delays {
		hosts[region] = regionAt(t, own, ms*time.Millisecond)
	}
	s = startSite(t, func(c *broker.Config) { c.RegionHosts = hosts })
	to, err := url.Parse(s.url)
	if err != nil {
		t.Fatal(err)
	}
	proxy := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/resources/latency_hosts.json" {
			httputil.NewSingleHostReverseProxy(to).ServeHTTP(w, r)
			return
		}
		w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode(hosts)
	}))
	t.Cleanup(proxy.Close)

	v := startChromium(t, 900, 1000)
	v.open(proxy.URL + "/resources/latency_example.html")
	eventually(t, "the first bar", func() bool { return v.text(`document.querySelectorAll('.bar').length > 0`) == "true" })
	v.screenshot("measuring")
	wantDone := func() {
		t.Helper()
		eventually(t, "the test is over", func() bool { return v.text(`document.documentElement.dataset.state`) == "done" })
		if got := v.text(`[...document.querySelectorAll('#regions .name')].map((e) => e.textContent)`); got != "eu-west-2,us-east-1,us-west-2,ap-southeast-2" {
			t.Errorf("the order of the bars: %s", got)
		}
		if got := v.text(`document.getElementById('verdict').textContent`); got[:len("eu-west-2 is nearest: ")] != "eu-west-2 is nearest: " {
			t.Errorf("the verdict: %s", got)
		}
	}
	wantDone()
	v.screenshot("done")
	v.do(clicks("#again"))
	eventually(t, "it starts again", func() bool { return v.text(`document.documentElement.dataset.state`) == "measuring" })
	wantDone()

	alone := newTab(v.ctx, t)
	alone.open(s.url + "/resources/latency_example.html")
	eventually(t, "the broker's own page", func() bool {
		return alone.text(`document.documentElement.dataset.state + document.querySelectorAll('.bar').length`) == "done1"
	})
}

// TestDocsInChromium: the page stands under its own policy, with its style.
func TestDocsInChromium(t *testing.T) {
	s := startSite(t, nil)
	v := startChromium(t, 1280, 900)
	v.open(s.url + "/docs")
	if got := v.text(`getComputedStyle(document.body).display + ' ' + document.querySelectorAll('article').length`); got[:5] != "grid " || got < "grid 30" {
		t.Errorf("the page has %q articles", got)
	}
	v.screenshot("docs")
	v.do(clicks(`nav a[href="#setHook"]`))
	if got := v.text(`document.querySelector(':target h3').textContent`); got != "Set the URL that is told of the next event of a type" {
		t.Errorf("the link led to %q", got)
	}
	v.screenshot("call")
}
