package httpapi

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"

	"github.com/andybalholm/brotli"
	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/getkin/kin-openapi/routers"
	"github.com/go-chi/chi/v5"
)

// The contract: whatever a test of this package asks, the answer must be one that openapi.yaml
// describes: its status, its headers, its body. See open.

// description is openapi.yaml, parsed once.
var description = sync.OnceValues(func() (*openapi3.T, error) {
	for _, text := range []string{"text/html", "text/javascript", "application/yaml",
		programTypes["windows"], programTypes["linux"], programTypes["macos"]} {
		openapi3filter.RegisterBodyDecoder(text, openapi3filter.FileBodyDecoder)
	}
	doc, err := openapi3.NewLoader().LoadFromData(openAPIText)
	if err != nil {
		return nil, err
	}
	return doc, doc.Validate(context.Background())
})

// found are the answers that are as described.
var found sync.Map

// contract checks what a passes through it.
type contract struct {
	t *testing.T
	a *api
}

// overheard keeps a copy of an answer.
type overheard struct {
	http.ResponseWriter
	status int
	header http.Header
	body   bytes.Buffer
}

func (o *overheard) WriteHeader(status int) {
	if o.status == 0 && status >= 200 {
		o.status, o.header = status, o.Header().Clone()
	}
	o.ResponseWriter.WriteHeader(status)
}

func (o *overheard) Write(p []byte) (int, error) {
	if o.status == 0 {
		o.status, o.header = http.StatusOK, o.Header().Clone()
	}
	o.body.Write(p)
	return o.ResponseWriter.Write(p)
}

func (o *overheard) Unwrap() http.ResponseWriter { return o.ResponseWriter }

func (c contract) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	var sent bytes.Buffer
	asked := r.Clone(r.Context())
	if r.Body != nil {
		r.Body = struct {
			io.Reader
			io.Closer
		}{io.TeeReader(r.Body, &sent), r.Body}
	}
	o := &overheard{ResponseWriter: w}
	c.a.mux.ServeHTTP(o, r)
	asked.Body = io.NopCloser(&sent)
	if o.status == 0 {
		return // the connection was taken over, or nothing was written
	}
	// An answer that was found good is not looked at again: compiling schemas takes its time.
	header := o.header.Clone()
	header.Del("X-Request-Id")
	seen := fmt.Sprintf("%s %s %q: %d %v %q", r.Method, r.URL, sent.Bytes(), o.status, header, o.body.Bytes())
	if _, good := found.Load(seen); good {
		return
	}
	if err := c.check(asked, o); err == nil {
		found.Store(seen, true)
	} else {
		c.t.Errorf("%s %.80s: status %d %.200q breaks openapi.yaml: %v", r.Method, r.URL, o.status, o.body.Bytes(), err)
	}
}

// described is the operation for r: nil where there is none.
func (c contract) described(doc *openapi3.T, r *http.Request) (route *routers.Route, params map[string]string) {
	method, path := r.Method, r.URL.RawPath
	if path == "" {
		path = r.URL.Path
	}
	if method == http.MethodHead {
		method = http.MethodGet
	}
	ctx := chi.NewRouteContext()
	pattern := c.a.mux.Find(ctx, method, path)
	if pattern == "" {
		return nil, nil
	}
	params = map[string]string{}
	for i, key := range ctx.URLParams.Keys {
		params[strings.Replace(key, "*", "path", 1)] = ctx.URLParams.Values[i]
	}
	pattern = specPath(pattern)
	item := doc.Paths.Value(pattern)
	if item == nil || item.GetOperation(method) == nil {
		return nil, nil
	}
	return &routers.Route{Spec: doc, Path: pattern, PathItem: item, Method: method, Operation: item.GetOperation(method)}, params
}

// specPath is how openapi.yaml writes a route: without a slash at its end, but where the
// reference has one.
func specPath(pattern string) string {
	pattern = strings.ReplaceAll(pattern, "*", "{path}")
	if bare := strings.TrimSuffix(pattern, "/"); bare != "" {
		pattern = bare
	}
	if pattern == "/api/v1/hook" {
		pattern += "/"
	}
	return pattern
}

func (c contract) check(r *http.Request, o *overheard) error {
	doc, err := description()
	if err != nil {
		return err
	}
	body, err := uncompressed(o.header.Get("Content-Encoding"), o.body.Bytes())
	if err != nil {
		return err
	}
	route, params := c.described(doc, r)
	if route == nil || r.Method == http.MethodOptions { // what the description says in words
		switch {
		case r.Method == http.MethodOptions && o.status == http.StatusNoContent:
			return nil
		case r.Method == http.MethodHead || !isAPI(r):
			return nil
		}
		return c.isFailure(doc, body)
	}
	if route.Operation.OperationID == "openRelay" {
		return nil // the answer of Config.Relay
	}
	in := &openapi3filter.RequestValidationInput{
		Request: r, PathParams: params, Route: route,
		Options: &openapi3filter.Options{AuthenticationFunc: openapi3filter.NoopAuthenticationFunc},
	}
	var wrong error
	if o.status == http.StatusOK { // what was taken must be described as well
		if r.Body != http.NoBody {
			r.Header.Set("Content-Type", "application/json") // which is not looked at
		}
		wrong = openapi3filter.ValidateRequest(r.Context(), in)
	}
	out := &openapi3filter.ResponseValidationInput{
		RequestValidationInput: in, Status: o.status, Header: o.header,
		Options: &openapi3filter.Options{
			IncludeResponseStatus: true,
			ExcludeResponseBody:   r.Method == http.MethodHead || route.Path == "/static/{path}" || hasNoBody(o.status),
		},
	}
	out.SetBodyBytes(body)
	return errors.Join(wrong, openapi3filter.ValidateResponse(context.WithoutCancel(r.Context()), out))
}

func (c contract) isFailure(doc *openapi3.T, body []byte) error {
	var v any
	if err := json.Unmarshal(body, &v); err != nil {
		return err
	}
	return doc.Components.Schemas["Failure"].Value.VisitJSON(v, openapi3.EnableJSONSchema2020())
}

// hasNoBody: answers that have none, or only a part of one.
func hasNoBody(status int) bool {
	switch status {
	case http.StatusPartialContent, http.StatusFound, http.StatusNotModified, http.StatusPreconditionFailed, http.StatusRequestedRangeNotSatisfiable:
		return true
	}
	return false
}

// uncompressed undoes a Content-Encoding.
func uncompressed(encoding string, body []byte) ([]byte, error) {
	var r io.Reader = bytes.NewReader(body)
	switch encoding {
	case "":
	case "gzip":
		z, err := gzip.NewReader(r)
		if len(body) == 0 { // HEAD
			return nil, nil
		} else if err != nil {
			return nil, err
		}
		r = z
	case "br":
		if len(body) == 0 {
			return nil, nil
		}
		r = brotli.NewReader(r)
	default:
		return nil, fmt.Errorf("Content-Encoding %q", encoding)
	}
	return io.ReadAll(r)
}

// TestContractIsHeld shows that a broken answer is found.
func TestContractIsHeld(t *testing.T) {
	d := open(t, nil)
	c := contract{t, d.api}
	for name, o := range map[string]*overheard{
		"another type":   {status: 200, header: http.Header{"Content-Type": {jsonType}}},
		"another status": {status: 418, header: http.Header{"Content-Type": {jsonType}}},
		"no header":      {status: 200, header: http.Header{"Content-Type": {jsonType}}},
		"text":           {status: 200, header: http.Header{"Content-Type": {"text/plain"}}},
	} {
		o.header.Set("X-Request-Id", "0123456789abcdef")
		if name != "no header" {
			o.header.Set("Access-Control-Allow-Origin", "*")
		}
		o.body.WriteString(map[bool]string{true: `{"regions":["x"]}`, false: `["x"]`}[name == "another type"])
		if c.check(d.request("GET", "/api/v1/regions", ""), o) == nil {
			t.Errorf("%s: nothing was found", name)
		}
	}
}
