// Package docpage makes the page /docs from openapi.yaml: plain HTML without a script, so that it
// needs nothing that a strict Content-Security-Policy forbids and nothing from another site. It
// runs when the description changes (`go test ./internal/httpapi -run DocsPage -update`), not in
// the broker, which therefore needs no parser of YAML. Only tests of httpapi import it.
package docpage

import (
	"bytes"
	"cmp"
	"context"
	_ "embed"
	"encoding/json"
	"fmt"
	"html/template"
	"iter"
	"maps"
	"regexp"
	"slices"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"
)

//go:embed page.tmpl.html
var pageText string

// site is all that the template shows.
type site struct {
	Title   string
	Summary string
	Intro   template.HTML
	Groups  []group
	Schemas []schema
}

type group struct {
	Name        string
	Description template.HTML
	Operations  []operation
}

type operation struct {
	ID, Method, Path, Summary string
	Description               template.HTML
	Needs                     string
	Parameters                []field
	Body                      *body
	Answers                   []answer
	Samples                   []string
}

type field struct {
	Name, In    string
	Required    bool
	Type        template.HTML
	Description template.HTML
}

type body struct {
	Type    template.HTML
	Example string
}

type answer struct {
	Status      string
	Description template.HTML
	Headers     []string
	Bodies      []body
}

type schema struct {
	Name        string
	Description template.HTML
	Type        template.HTML // of what is no object
	Fields      []field
}

// headings of the tags.
var headings = map[string]string{"reference": "The cloned API", "own": "This broker's own", "pages": "Pages and files", "probes": "Probes"}

// everywhere are headers of all answers: they are described once.
var everywhere = []string{"X-Request-Id", "Access-Control-Allow-Origin", "ETag"}

// Render returns the page for spec, the text of openapi.yaml. It fails for a description that is
// not valid, or has an operation without a tag.
func Render(spec []byte) ([]byte, error) {
	doc, err := openapi3.NewLoader().LoadFromData(spec)
	if err != nil {
		return nil, err
	}
	if err := doc.Validate(context.Background()); err != nil {
		return nil, err
	}
	s := site{Title: doc.Info.Title, Summary: doc.Info.Summary, Intro: prose(doc.Info.Description)}
	for _, tag := range doc.Tags {
		s.Groups = append(s.Groups, group{Name: cmp.Or(headings[tag.Name], tag.Name), Description: prose(tag.Description)})
	}
	paths := slices.SortedFunc(maps.Keys(doc.Paths.Map()), func(a, b string) int {
		return bytes.Index(spec, []byte("\n  "+a+":\n")) - bytes.Index(spec, []byte("\n  "+b+":\n"))
	})
	for _, path := range paths {
		methods := doc.Paths.Value(path).Operations()
		for _, method := range slices.SortedFunc(maps.Keys(methods), func(a, b string) int { return strings.Compare(b, a) }) {
			o := methods[method]
			i := slices.IndexFunc(doc.Tags, func(t *openapi3.Tag) bool { return len(o.Tags) == 1 && t.Name == o.Tags[0] })
			if i < 0 {
				return nil, fmt.Errorf("docpage: %s %s needs one of the tags", method, path)
			}
			s.Groups[i].Operations = append(s.Groups[i].Operations, operationOf(method, path, o))
		}
	}
	var schemas openapi3.Schemas
	if doc.Components != nil {
		schemas = doc.Components.Schemas
	}
	for _, name := range slices.Sorted(maps.Keys(schemas)) {
		if v := schemas[name].Value; len(v.Properties) > 0 || v.AdditionalProperties.Schema != nil || len(v.Enum) > 0 {
			s.Schemas = append(s.Schemas, schemaOf(name, v))
		}
	}
	t, err := template.New("page").Parse(pageText)
	if err != nil {
		return nil, err
	}
	var b bytes.Buffer
	err = t.Execute(&b, s)
	return b.Bytes(), err
}

func operationOf(method, path string, o *openapi3.Operation) operation {
	op := operation{ID: o.OperationID, Method: method, Path: path, Summary: o.Summary, Description: prose(o.Description), Needs: needs(o)}
	for _, p := range o.Parameters {
		v := p.Value
		op.Parameters = append(op.Parameters, field{Name: v.Name, In: v.In, Required: v.Required, Type: typeOf(v.Schema), Description: prose(v.Description)})
	}
	if o.RequestBody != nil {
		media := o.RequestBody.Value.Content["application/json"]
		op.Body = &body{typeOf(media.Schema), shown(media.Example, media.Schema)}
	}
	for _, status := range slices.Sorted(maps.Keys(o.Responses.Map())) {
		r := o.Responses.Value(status).Value
		a := answer{Status: status, Description: prose(*r.Description)}
		for _, name := range slices.Sorted(maps.Keys(r.Headers)) {
			if !slices.Contains(everywhere, name) {
				a.Headers = append(a.Headers, name)
			}
		}
		for _, kind := range slices.Sorted(maps.Keys(r.Content)) {
			if media := r.Content[kind]; kind == "application/json" && status[0] == '2' || media.Example != nil {
				a.Bodies = append(a.Bodies, body{typeOf(media.Schema), shown(media.Example, media.Schema)})
			}
		}
		op.Answers = append(op.Answers, a)
	}
	if samples, ok := o.Extensions["x-codeSamples"].([]any); ok {
		for _, sample := range samples {
			if m, ok := sample.(map[string]any); ok {
				op.Samples = append(op.Samples, fmt.Sprint(m["source"]))
			}
		}
	}
	return op
}

// needs says in words what an operation's security asks for.
func needs(o *openapi3.Operation) string {
	if o.Security == nil {
		return ""
	}
	var all []string
	for _, r := range *o.Security {
		for name := range r {
			all = append(all, map[string]string{"key": "an API key", "token": "the Session-Token"}[name])
		}
		if len(r) == 0 {
			all = append(all, "")
		}
	}
	slices.Sort(all)
	if all[0] == "" {
		return "An API key may be sent; a session made with one asks for it where the guide says so."
	}
	return "Needs " + strings.Join(all, " or ") + " of the session."
}

func schemaOf(name string, v *openapi3.Schema) schema {
	s := schema{Name: name, Description: prose(v.Description)}
	for _, p := range inOrder(v, maps.Keys(v.Properties)) {
		ref := v.Properties[p]
		f := field{Name: p, Required: slices.Contains(v.Required, p), Type: typeOf(ref)}
		if isPlain(ref) {
			f.Description = prose(ref.Value.Description)
		}
		s.Fields = append(s.Fields, f)
	}
	if len(s.Fields) == 0 {
		s.Type = typeOf(&openapi3.SchemaRef{Value: v})
	}
	return s
}

// inOrder sorts names of v's properties as answers have them, by x-order.
func inOrder(v *openapi3.Schema, names iter.Seq[string]) []string {
	order := func(name string) float64 {
		p := v.Properties[name]
		if p == nil {
			return 0
		}
		n, _ := p.Extensions["x-order"].(float64)
		if n == 0 {
			n, _ = p.Value.Extensions["x-order"].(float64)
		}
		return n
	}
	return slices.SortedFunc(names, func(a, b string) int {
		return cmp.Or(cmp.Compare(order(a), order(b)), strings.Compare(a, b))
	})
}

// isPlain says whether a schema is described where it is used.
func isPlain(r *openapi3.SchemaRef) bool { return r.Ref == "" || r.Value.Const != nil }

// typeOf is a schema in a few words, with a link to where it is described.
func typeOf(r *openapi3.SchemaRef) template.HTML {
	if r == nil || r.Value == nil {
		return ""
	}
	v := r.Value
	escape := template.HTMLEscapeString
	if name, found := strings.CutPrefix(r.Ref, "#/components/schemas/"); found && (len(v.Properties) > 0 || len(v.Enum) > 0 || v.AdditionalProperties.Schema != nil) {
		return template.HTML(`<a href="#schema-` + escape(name) + `">` + escape(name) + `</a>`) //nolint:gosec // escaped
	}
	switch {
	case v.Const != nil:
		return template.HTML(fmt.Sprintf("<code>%v</code>", v.Const)) //nolint:gosec // true or false
	case len(v.Enum) > 0:
		var all []string
		for _, e := range v.Enum {
			all = append(all, "<code>"+escape(fmt.Sprint(e))+"</code>")
		}
		return template.HTML(strings.Join(all, " ")) //nolint:gosec // escaped
	case v.Type.Is("array"):
		return "array of " + typeOf(v.Items)
	case v.AdditionalProperties.Schema != nil:
		return "object of " + typeOf(v.AdditionalProperties.Schema)
	}
	words := strings.Join(v.Type.Slice(), " or ")
	if v.Format != "" && v.Format != "binary" {
		words += ", " + v.Format
	}
	return template.HTML(escape(words)) //nolint:gosec // escaped
}

// shown is an example as it is shown: text as it stands, JSON indented, in the order of its schema.
func shown(example any, r *openapi3.SchemaRef) string {
	switch e := example.(type) {
	case nil:
		return ""
	case string:
		return strings.TrimSuffix(e, "\n")
	}
	var b bytes.Buffer
	if err := json.Indent(&b, ordered(example, r), "", "  "); err != nil {
		panic(err) // only if ordered writes something else than JSON
	}
	return b.String()
}

// ordered writes an example that was read from YAML as JSON.
func ordered(example any, r *openapi3.SchemaRef) []byte {
	if r == nil || r.Value == nil {
		r = openapi3.NewSchemaRef("", &openapi3.Schema{})
	}
	var b bytes.Buffer
	switch e := example.(type) {
	case map[string]any:
		b.WriteByte('{')
		for i, name := range inOrder(r.Value, maps.Keys(e)) {
			if i > 0 {
				b.WriteByte(',')
			}
			b.Write(ordered(name, nil))
			b.WriteByte(':')
			b.Write(ordered(e[name], r.Value.Properties[name]))
		}
		b.WriteByte('}')
	case []any:
		b.WriteByte('[')
		for i, item := range e {
			if i > 0 {
				b.WriteByte(',')
			}
			b.Write(ordered(item, r.Value.Items))
		}
		b.WriteByte(']')
	default:
		enc := json.NewEncoder(&b)
		enc.SetEscapeHTML(false)
		if err := enc.Encode(e); err != nil {
			panic(err) // YAML has nothing else that JSON cannot have
		}
		b.Truncate(b.Len() - 1)
	}
	return b.Bytes()
}

var code = regexp.MustCompile("`([^`]+)`")

// prose makes HTML of the little Markdown that the description has: paragraphs, ## headings and
// `code`.
func prose(text string) template.HTML {
	var b strings.Builder
	var lines []string
	end := func() {
		if len(lines) > 0 {
			b.WriteString("<p>" + strings.Join(lines, "\n") + "</p>\n")
		}
		lines = nil
	}
	for line := range strings.Lines(text) {
		line = strings.TrimRight(line, "\n")
		heading, isHeading := strings.CutPrefix(line, "## ")
		switch {
		case isHeading:
			end()
			b.WriteString("<h2>" + template.HTMLEscapeString(heading) + "</h2>\n")
		case line == "":
			end()
		default:
			lines = append(lines, code.ReplaceAllString(template.HTMLEscapeString(line), "<code>$1</code>"))
		}
	}
	end()
	return template.HTML(b.String()) //nolint:gosec // escaped
}
