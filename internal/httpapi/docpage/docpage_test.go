package docpage

import (
	"strings"
	"testing"
)

const spec = `openapi: 3.1.0
info: {title: T, version: "1", summary: "<b>", description: "a & b\n\n## H\nc ` + "`<d>`" + `"}
tags: [{name: own}]
paths:
  /z:
    get:
      tags: [TAG]
      operationId: z
      summary: <script>
      responses:
        "200":
          description: "1 < 2"
          content:
            application/json:
              schema:
                type: object
                properties:
                  b: {type: string, x-order: 1}
                  a: {type: array, items: {type: integer}, x-order: 2}
              example: {a: [1, 2], b: "</pre>"}
`

func TestRender(t *testing.T) {
	page, err := Render([]byte(strings.Replace(spec, "TAG", "own", 1)))
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"<p>a &amp; b</p>", "<h2>H</h2>", "<p>c <code>&lt;d&gt;</code></p>", "&lt;b&gt;", "&lt;script&gt;", "<p>1 &lt; 2</p>", `id="z"`,
		"{\n  &#34;b&#34;: &#34;&lt;/pre&gt;&#34;,\n  &#34;a&#34;: [\n    1,\n    2\n  ]\n}", // in the order of the schema
	} {
		if !strings.Contains(string(page), want) {
			t.Errorf("the page lacks %q", want)
		}
	}
	if strings.Contains(string(page), "<script>") || strings.Contains(string(page), "<b>") {
		t.Error("something was not escaped")
	}
}

func TestRenderRefuses(t *testing.T) {
	for name, text := range map[string]string{
		"no YAML":        "openapi: [",
		"no description": "openapi: 3.1.0",
		"an unknown tag": strings.Replace(spec, "TAG", "other", 1),
		"no tag":         strings.Replace(spec, "tags: [TAG]", "deprecated: true", 1),
	} {
		if page, err := Render([]byte(text)); err == nil {
			t.Errorf("%s: a page of %d bytes", name, len(page))
		}
	}
}
