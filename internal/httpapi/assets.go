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
	"strings"
	"time"

	"pindesk/internal/fault"
)

// The two pages; each has its own path, so no .html is served below /static/.
const (
	sitePage   = "site/index.html"
	viewerPage = "viewer/index.html"
)

// assetTypes are the files that are served below /static/, by their extension.
var assetTypes = map[string]string{
	".js":    "text/javascript; charset=utf-8",
	".css":   "text/css; charset=utf-8",
	".svg":   "image/svg+xml",
	".png":   "image/png",
	".ico":   "image/x-icon",
	".woff2": "font/woff2",
}

//go:embed openapi.yaml
var openAPIText []byte

func openAPI() asset { return newAsset("application/yaml; charset=utf-8", openAPIText) }

// asset is a file in memory. It never changes.
type asset struct {
	body        []byte
	contentType string
	etag        string // of the content: the same in every node and after a restart
}

func newAsset(contentType string, body []byte) asset {
	sum := sha256.Sum256(body)
	return asset{body: body, contentType: contentType, etag: `"` + base64.RawURLEncoding.EncodeToString(sum[:16]) + `"`}
}

// readAssets reads the pages and all files that may be served below /static/. Folders
// named test and everything whose name begins with a dot are left out.
func readAssets(web fs.FS) (map[string]asset, error) {
	files := make(map[string]asset)
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
		if name == sitePage || name == viewerPage {
			contentType = "text/html; charset=utf-8"
		}
		if hidden || contentType == "" {
			return nil
		}
		body, err := fs.ReadFile(web, name)
		if err != nil {
			return err
		}
		files[name] = newAsset(contentType, body)
		return nil
	})
	if err != nil {
		return nil, err
	}
	for _, page := range []string{sitePage, viewerPage} {
		if _, found := files[page]; !found {
			return nil, fmt.Errorf("it lacks %s", page)
		}
	}
	return files, nil
}

// serveAsset answers a with its ETag, or 304 to who has it already.
func serveAsset(a asset) handler {
	return func(w http.ResponseWriter, r *http.Request) error {
		w.Header().Set("Content-Type", a.contentType)
		w.Header().Set("ETag", a.etag)
		http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(a.body))
		return nil
	}
}

// static: GET /static/*
func (a *api) static(w http.ResponseWriter, r *http.Request) error {
	name := strings.TrimPrefix(r.URL.Path, "/static/")
	file, found := a.files[name]
	if !found || name == sitePage || name == viewerPage {
		return fault.New(fault.NotFound, "There is no such file.")
	}
	return serveAsset(file)(w, r)
}
