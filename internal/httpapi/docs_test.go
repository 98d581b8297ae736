package httpapi

import (
	"flag"
	"os"
	"regexp"
	"strings"
	"testing"

	"pindesk/internal/httpapi/docpage"
)

var update = flag.Bool("update", false, "write docs.html anew")

// TestDocsPage: docs.html is what openapi.yaml says now.
func TestDocsPage(t *testing.T) {
	want, err := docpage.Render(openAPIText)
	if err != nil {
		t.Fatal(err)
	}
	if *update {
		if err := os.WriteFile("docs.html", want, 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if string(docsText) != string(want) {
		t.Error("docs.html is out of date: go test ./internal/httpapi -run DocsPage -update")
	}
}

// TestDocsPageIsStrict: nothing that the pages' policy forbids, nothing of another site, and no
// link into nowhere.
func TestDocsPageIsStrict(t *testing.T) {
	w := open(t, nil).call("GET", "/docs", "")
	page := w.Body.String()
	if w.Code != 200 || w.Header().Get("Content-Type") != "text/html; charset=utf-8" {
		t.Fatalf("status %d %s", w.Code, w.Header().Get("Content-Type"))
	}
	if bad := regexp.MustCompile(`<(script|style|form|iframe)|<[^>]* (style|on[a-z]+)=|(src|href)="(https?:|//|javascript:)`).FindString(page); bad != "" {
		t.Errorf("the page has %s", bad)
	}
	for _, link := range regexp.MustCompile(`href="#([^"]+)"`).FindAllStringSubmatch(page, -1) {
		if !strings.Contains(page, `id="`+link[1]+`"`) {
			t.Errorf("a link leads to #%s, which is not there", link[1])
		}
	}
	doc, err := description()
	if err != nil {
		t.Fatal(err)
	}
	for path, item := range doc.Paths.Map() {
		for method, o := range item.Operations() {
			if !strings.Contains(page, `<article id="`+o.OperationID+`"`) {
				t.Errorf("%s %s is not on the page", method, path)
			}
			if o.OperationID != "openRelay" && o.Extensions["x-codeSamples"] == nil {
				t.Errorf("%s %s has no example", method, path)
			}
		}
	}
}
