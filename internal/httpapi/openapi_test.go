package httpapi

import (
	"context"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/go-chi/chi/v5"
)

// withRoute is a context such as chi gives to handlers.
func withRoute(t *testing.T) context.Context {
	return context.WithValue(t.Context(), chi.RouteCtxKey, chi.NewRouteContext())
}

// TestOpenAPIListsExactlyTheRoutes: nothing is described that is not there, and the other way round.
func TestOpenAPIListsExactlyTheRoutes(t *testing.T) {
	doc, err := description()
	if err != nil {
		t.Fatal(err)
	}
	described := map[string]bool{}
	for path, item := range doc.Paths.Map() {
		for method := range item.Operations() {
			described[method+" "+path] = true
		}
	}
	mounted := map[string]bool{}
	if err := chi.Walk(open(t, nil).api.mux, func(method, route string, _ http.Handler, _ ...func(http.Handler) http.Handler) error {
		if method == "OPTIONS" || method == "HEAD" { // described in words, for all routes
			return nil
		}
		mounted[method+" "+specPath(route)] = true
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	got, want := slices.Sorted(maps.Keys(described)), slices.Sorted(maps.Keys(mounted))
	if !slices.Equal(got, want) {
		t.Errorf("described: %q\nmounted:   %q", got, want)
	}
	if len(want) != 31 {
		t.Errorf("%d routes are mounted: %q", len(want), want)
	}
}

func TestOpenAPIListsTheErrorCodes(t *testing.T) {
	doc, err := description()
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, code := range doc.Components.Schemas["Failure"].Value.Properties["error"].Value.Enum {
		got = append(got, code.(string))
	}
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
