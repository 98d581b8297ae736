package httpapi

import (
	"regexp"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"pindesk/web"
)

// TestReleases: a page names files that are kept for a year, another release's are not kept.
func TestReleases(t *testing.T) {
	d := open(t, func(c *Config) {
		files := testWeb()
		files["viewer/index.html"] = &fstest.MapFile{Data: []byte(`<link rel="stylesheet" href="/static/viewer/viewer.css"><script type="module" src="/static/viewer/main.js"></script>`)}
		files["viewer/main.js"] = &fstest.MapFile{Data: []byte("import { a,\n  b } from './a.js';\nimport '../shared/alone.js';\nexport * from './a.js';\nconst lazy = import('./lazy.js');\nnew Worker(new URL('./worker.js', import.meta.url));\n// import x from './comment.js'\n")}
		files["viewer/a.js"] = &fstest.MapFile{Data: []byte("import './main.js';")}
		files["viewer/worker.js"] = &fstest.MapFile{Data: []byte("import { c } from './deep.js';")}
		for _, name := range []string{"viewer/deep.js", "viewer/lazy.js", "shared/alone.js"} {
			files[name] = &fstest.MapFile{Data: []byte("export {};")}
		}
		c.Web = files
	})
	page := d.call("GET", "/view", "").Body.String()
	var release string
	var names []string
	for _, m := range regexp.MustCompile(`="/static/(~\w+)/([^"]+)"`).FindAllStringSubmatch(page, -1) {
		release = m[1]
		names = append(names, m[2])
	}
	slices.Sort(names)
	if got, want := strings.Join(names, " "), "shared/alone.js viewer/a.js viewer/deep.js viewer/main.js viewer/viewer.css viewer/worker.js"; got != want {
		t.Fatalf("the page links %s, want %s", got, want)
	}
	for path, want := range map[string]string{release + "/viewer/a.js": forever, "viewer/a.js": "no-cache", "~000000000000/viewer/a.js": "no-cache", "~/viewer/a.js": "no-cache"} {
		w := d.call("GET", "/static/"+path, "")
		if w.Code != 200 || w.Header().Get("Cache-Control") != want || !strings.Contains(w.Body.String(), "main.js") {
			t.Errorf("%s: status %d, Cache-Control %q", path, w.Code, w.Header().Get("Cache-Control"))
		}
	}
	for path, policies := range map[string]bool{"viewer/a.js": false, "viewer/viewer.css": false, "viewer/worker.js": true, "shared/icon.svg": true, "viewer/gone.js": true} {
		h := d.call("GET", "/static/"+release+"/"+path, "").Header()
		for _, name := range documentHeaders {
			if (h.Get(name) != "") != policies {
				t.Errorf("%s has %s: %q", path, name, h.Get(name))
			}
		}
	}
	for _, path := range []string{release, release + "/", release + "/viewer/index.html", release + "/nothing.js", release + "/" + release + "/viewer/a.js"} {
		if w := d.call("GET", "/static/"+path, ""); w.Code != 404 || strings.Contains(w.Header().Get("Cache-Control"), "immutable") {
			t.Errorf("%s: status %d, Cache-Control %q", path, w.Code, w.Header().Get("Cache-Control"))
		}
	}
}

// TestReleaseNamesContent: another content is another release, a missing module is told of.
func TestReleaseNamesContent(t *testing.T) {
	made := func(edit func(fstest.MapFS)) (release, error) {
		files := testWeb()
		edit(files)
		assets, err := readAssets(files, func(page []byte) []byte { return page })
		if err != nil {
			t.Fatal(err)
		}
		return newRelease(assets)
	}
	plain, err := made(func(fstest.MapFS) {})
	again, _ := made(func(fstest.MapFS) {})
	other, _ := made(func(f fstest.MapFS) { f["shared/wire.js"] = &fstest.MapFile{Data: []byte("export const x = 1;")} })
	if err != nil || plain != again || plain == other || len(plain) != 12 {
		t.Errorf("%v: %s, the same again %s, changed %s", err, plain, again, other)
	}
	if _, err := made(func(f fstest.MapFS) {
		f["viewer/index.html"] = &fstest.MapFile{Data: []byte(`<script type="module" src="/static/viewer/gone.js"></script>`)}
	}); err == nil || !strings.Contains(err.Error(), "gone.js") {
		t.Errorf("a module that is not there: %v", err)
	}
}

// TestImportsAreSeen: the real modules are written so that importOf finds every import.
func TestImportsAreSeen(t *testing.T) {
	files, err := readAssets(web.Files, func(page []byte) []byte { return page })
	if err != nil {
		t.Fatal(err)
	}
	anyImport := regexp.MustCompile(`(?m)^[^/*\n]*\bfrom\s*['"](\.[^'"]+)['"]|^\s*import\s*['"](\.[^'"]+)['"]`)
	n := 0
	for name, file := range files {
		if !strings.HasSuffix(name, ".js") {
			continue
		}
		found := importOf.FindAllSubmatch(file.body, -1)
		for _, m := range anyImport.FindAllSubmatch(file.body, -1) {
			want := string(m[1]) + string(m[2])
			n++
			if !slices.ContainsFunc(found, func(f [][]byte) bool { return want == string(f[1])+string(f[2]) }) {
				t.Errorf("%s imports %s, and no page would link it: write it as import { x } from './y.js'; at the beginning of a line", name, want)
			}
		}
	}
	if n < 50 {
		t.Errorf("only %d imports seen: this test does not read the modules any more", n)
	}
}
