package httpapi

import (
	"context"
	"maps"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/go-chi/chi/v5"
)

// withRoute is a context such as chi gives to handlers.
func withRoute(t *testing.T) context.Context {
	return context.WithValue(t.Context(), chi.RouteCtxKey, chi.NewRouteContext())
}

// TestOpenAPIListsExactlyTheRoutes reads the description by its indentation: paths by 2
// spaces, methods by 4, as everything in that file is written.
func TestOpenAPIListsExactlyTheRoutes(t *testing.T) {
	described := map[string]bool{}
	path, inPaths := "", false
	for line := range strings.Lines(string(openAPIText)) {
		line = strings.TrimRight(line, "\n")
		switch {
		case regexp.MustCompile(`^\S`).MatchString(line):
			inPaths = line == "paths:"
		case inPaths && regexp.MustCompile(`^  /\S*:$`).MatchString(line):
			path = strings.TrimSuffix(strings.TrimSpace(line), ":")
		case inPaths && regexp.MustCompile(`^    (get|put|post|delete|options|head|patch|trace):$`).MatchString(line):
			described[strings.ToUpper(strings.Trim(line, " :"))+" "+path] = true
		case inPaths && regexp.MustCompile(`^ {0,3}\S|^    \S`).MatchString(line):
			t.Errorf("this line is neither a path nor a method: %q", line)
		}
	}
	mounted := map[string]bool{}
	if err := chi.Walk(open(t, nil).mux, func(method, route string, _ http.Handler, _ ...func(http.Handler) http.Handler) error {
		if method == "OPTIONS" || method == "HEAD" { // described in words, for all routes
			return nil
		}
		route = strings.ReplaceAll(route, "*", "{path}")
		if bare := strings.TrimSuffix(route, "/"); bare != "" && route != "/api/v1/hook/" {
			route = bare
		}
		if route == "/api/v1/hook" { // described with the slash that the reference has
			route += "/"
		}
		mounted[method+" "+route] = true
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	got, want := slices.Sorted(maps.Keys(described)), slices.Sorted(maps.Keys(mounted))
	if !slices.Equal(got, want) {
		t.Errorf("described: %q\nmounted:   %q", got, want)
	}
	if len(want) != 19 {
		t.Errorf("%d routes are mounted: %q", len(want), want)
	}
}

func TestOpenAPIListsTheErrorCodes(t *testing.T) {
	_, list, found := strings.Cut(string(openAPIText), "          enum:\n            - ")
	if !found {
		t.Fatal("no list of codes")
	}
	list, _, _ = strings.Cut(list, "\n        message:")
	got := strings.Split(list, "\n            - ")
	if want := slices.Sorted(maps.Keys(answers)); !slices.Equal(got, want) {
		t.Errorf("described: %q\nin use:    %q", got, want)
	}
}

func TestOpenAPIIsServed(t *testing.T) {
	w := open(t, nil).call("GET", "/openapi.yaml", "")
	if w.Code != 200 || !strings.HasPrefix(w.Body.String(), "openapi: 3.") || w.Header().Get("Content-Type") != "application/yaml; charset=utf-8" {
		t.Errorf("status %d %q %.40q", w.Code, w.Header().Get("Content-Type"), w.Body)
	}
}
