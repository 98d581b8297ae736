package httpapi

import (
	"bytes"
	"crypto/sha256"
	_ "embed"
	"encoding/base64"
	"fmt"
	"io/fs"
	"net/http"
	"path"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
)

// The pages; each has its own path, so no .html is served below /static/.
const (
	sitePage    = "site/index.html"
	newPage     = "site/new.html"
	viewerPage  = "viewer/index.html"
	guestPage   = "guest/index.html"
	latencyPage = "resources/latency_example.html"
)

// The latency library: its paths are the reference's, below /resources/.
const (
	latencyScript = "resources/latency_test.js"
	latencyModule = "resources/latency_test.mjs"
)

// required files must be in Config.Web.
var required = []string{sitePage, newPage, viewerPage, guestPage, latencyPage, latencyScript, latencyModule}

// isPage says whether a file has a path of its own and is not served below /static/.
func isPage(name string) bool { return path.Ext(name) == ".html" }

// assetTypes are the files that are served below /static/, by their extension.
var assetTypes = map[string]string{
	".js":    "text/javascript; charset=utf-8",
	".mjs":   "text/javascript; charset=utf-8",
	".css":   "text/css; charset=utf-8",
	".svg":   "image/svg+xml",
	".png":   "image/png",
	".ico":   "image/x-icon",
	".woff2": "font/woff2",
}

//go:embed openapi.yaml
var openAPIText []byte

//go:embed docs.html
var docsText []byte

var openAPI = sync.OnceValue(func() *asset { return newAsset("application/yaml; charset=utf-8", openAPIText) })

// asset is a file in memory. It never changes.
type asset struct {
	body        []byte
	contentType string
	tag         string // of the content: the same in every node and after a restart
	// small is the body in each of encodings, made when it is first asked for; nil where that
	// makes it no shorter. small is nil for what is short or compressed already.
	small []func() []byte
}

func newAsset(contentType string, body []byte) *asset {
	sum := sha256.Sum256(body)
	a := &asset{body: body, contentType: contentType, tag: base64.RawURLEncoding.EncodeToString(sum[:16])}
	if len(body) < leastCompressed || !isText(contentType) {
		return a
	}
	for i := range encodings {
		a.small = append(a.small, sync.OnceValue(func() []byte { return compressed(i, body) }))
	}
	return a
}

func isText(contentType string) bool {
	return strings.HasPrefix(contentType, "text/") || strings.HasPrefix(contentType, "application/") || contentType == "image/svg+xml"
}

// readAssets reads the pages, each as brand makes it, and all files that may be served below /static/. Folders
// named test and everything whose name begins with a dot are left out.
func readAssets(web fs.FS, brand func(page []byte) []byte) (map[string]*asset, error) {
	files := make(map[string]*asset)
	err := fs.WalkDir(web, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		base := path.Base(name)
		hidden := base != "." && strings.HasPrefix(base, ".")
		if d.IsDir() {
			if hidden || base == "test" {
				return fs.SkipDir
			}
			return nil
		}
		contentType := assetTypes[path.Ext(base)]
		if isPage(name) && slices.Contains(required, name) {
			contentType = "text/html; charset=utf-8"
		}
		if hidden || contentType == "" {
			return nil
		}
		body, err := fs.ReadFile(web, name)
		if err != nil {
			return err
		}
		if isPage(name) {
			body = brand(body)
		}
		if hasComments(name) {
			body = uncommented(body)
		}
		files[name] = newAsset(contentType, body)
		return nil
	})
	if err != nil {
		return nil, err
	}
	for _, name := range required {
		if _, found := files[name]; !found {
			return nil, fmt.Errorf("it lacks %s", name)
		}
	}
	return files, nil
}

// serveAsset answers a with its ETag, compressed as the caller accepts, or 304 to who has it already.
func serveAsset(a *asset) handler {
	return func(w http.ResponseWriter, r *http.Request) error {
		h := w.Header()
		body, tag := a.body, a.tag
		if a.small != nil {
			h.Add("Vary", "Accept-Encoding")
			// A part is a part of the plain file.
			if i := accepted(r.Header["Accept-Encoding"]); i >= 0 && r.Header.Get("Range") == "" {
				if small := a.small[i](); small != nil {
					body, tag = small, tag+"-"+encodings[i].name
					h.Set("Content-Encoding", encodings[i].name)
					if r.Header.Get("If-Match") == "" { // ServeContent leaves the length to us, and sends no body if that fails
						h.Set("Content-Length", strconv.Itoa(len(small)))
					}
				}
			}
		}
		h.Set("Content-Type", a.contentType)
		h.Set("ETag", `"`+tag+`"`)
		http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(body))
		return nil
	}
}
