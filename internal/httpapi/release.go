package httpapi

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"maps"
	"net/http"
	"path"
	"regexp"
	"slices"
	"strings"

	"pindesk/internal/fault"
)

// What a first visit waits for is round trips, more than bytes: a page names its modules, those
// name others, and so on; and the viewer's worker asks for many of them a second time. So each
// page links every module that it will need (modulepreload), and the links say which release
// they mean: such a file never changes, so a browser asks once, and not again at the next visit.
//
//	/static/~RELEASE/viewer/main.js   kept for a year
//	/static/viewer/main.js            the same file, asked for each time
//
// Modules import each other by relative paths, so they stay within their release.

const forever = "public, max-age=31536000, immutable"

// documentHeaders are policies of documents and workers. On a style or a module that a page loads
// they mean nothing, and on the sixty of them they were a fifth of what a first visit transfers.
var documentHeaders = []string{
	"Content-Security-Policy", "Permissions-Policy", "Referrer-Policy", "Cross-Origin-Opener-Policy", "Cross-Origin-Embedder-Policy",
}

// release names one state of all static files.
type release string

var (
	// moduleTag is how a page names its module.
	moduleTag = regexp.MustCompile(`<script type="module" src="/static/([^"]+)"></script>`)
	// importOf is a module's static import or re-export, or its worker. A dynamic import is not
	// needed by everybody and is left out.
	importOf = regexp.MustCompile(`(?m)^(?:import|export)\b[^;'"]*?from '(\.[^']+)'|^import '(\.[^']+)'|new Worker\(new URL\('(\.[^']+)'`)
)

// workersOf are the modules that others start as workers.
func workersOf(files map[string]*asset) map[string]bool {
	workers := map[string]bool{}
	for name, file := range files {
		if path.Ext(name) != ".js" {
			continue
		}
		for _, m := range importOf.FindAllSubmatch(file.body, -1) {
			if len(m[3]) > 0 {
				workers[path.Join(path.Dir(name), string(m[3]))] = true
			}
		}
	}
	return workers
}

// newRelease names the files by their content and gives the pages among them their links.
func newRelease(files map[string]*asset) (release, error) {
	sum := sha256.New()
	names := slices.Sorted(maps.Keys(files))
	for _, name := range names {
		if !isPage(name) {
			fmt.Fprintf(sum, "%s %s\n", name, files[name].tag)
		}
	}
	r := release(hex.EncodeToString(sum.Sum(nil)[:6]))
	for _, name := range names {
		if !isPage(name) {
			continue
		}
		page, err := r.linked(files, files[name].body)
		if err != nil {
			return "", fmt.Errorf("%s: %w", name, err)
		}
		files[name] = newAsset(files[name].contentType, page)
	}
	return r, nil
}

// linked is a page that links all modules that it will load, and names the release.
func (r release) linked(files map[string]*asset, page []byte) ([]byte, error) {
	var fail error
	text := moduleTag.ReplaceAllStringFunc(string(page), func(tag string) string {
		entry := moduleTag.FindStringSubmatch(tag)[1]
		all, err := modules(files, entry)
		if err != nil {
			fail = err
		}
		var b strings.Builder
		for _, name := range all {
			if name != entry {
				fmt.Fprintf(&b, "<link rel=\"modulepreload\" href=\"/static/%s\">\n", name)
			}
		}
		return b.String() + tag
	})
	return []byte(strings.ReplaceAll(text, `="/static/`, `="/static/~`+string(r)+`/`)), fail
}

// modules lists what a module imports, and what that imports, and itself: nearest first.
func modules(files map[string]*asset, entry string) ([]string, error) {
	all := []string{entry}
	for i := 0; i < len(all); i++ {
		file := files[all[i]]
		if file == nil {
			return nil, fmt.Errorf("there is no %s", all[i])
		}
		for _, m := range importOf.FindAllSubmatch(file.body, -1) {
			name := path.Join(path.Dir(all[i]), string(m[1])+string(m[2])+string(m[3]))
			if !slices.Contains(all, name) {
				all = append(all, name)
			}
		}
	}
	return all, nil
}

// static: GET /static/*. A file of another release is this one's, while brokers are being
// upgraded one after the other: it is not kept.
func (a *api) static(w http.ResponseWriter, r *http.Request) error {
	name := strings.TrimPrefix(r.URL.Path, "/static/")
	wanted, rest, _ := strings.Cut(name, "/")
	if strings.HasPrefix(wanted, "~") {
		name = rest
	}
	file, found := a.files[name]
	if !found || isPage(name) {
		return fault.New(fault.NotFound, "There is no such file.")
	}
	if wanted == "~"+string(a.release) {
		w.Header().Set("Cache-Control", forever)
	}
	if ext := path.Ext(name); ext == ".css" || ext == ".js" && !a.workers[name] {
		for _, header := range documentHeaders {
			w.Header().Del(header)
		}
	}
	return serveAsset(file)(w, r)
}
