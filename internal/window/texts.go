package window

import (
	"io/fs"
	"regexp"
	"strings"

	catalogue "pindesk/web/window"
)

var (
	textLine = regexp.MustCompile(`(?m)^  '((?:[^'\\]|\\.)*)': '((?:[^'\\]|\\.)*)',$`)
	unescape = strings.NewReplacer(`\'`, `'`, `\\`, `\`)
)

// Texts are the window's words in one language.
type Texts struct {
	Tag string // BCP 47
	of  map[string]string
}

// LoadTexts returns the words of the first language wanted that there is, else English. Wanted are
// tags such as "de-AT", or a system's names such as "de_AT.UTF-8".
func LoadTexts(wanted ...string) *Texts {
	for _, w := range wanted {
		w, _, _ = strings.Cut(strings.NewReplacer("_", "-").Replace(strings.ToLower(w)), ".")
		w, _, _ = strings.Cut(w, "@")
		for w != "" {
			if t := readTexts(w); t != nil {
				return t
			}
			w = w[:max(0, strings.LastIndexByte(w, '-'))]
		}
	}
	return readTexts("en")
}

func readTexts(tag string) *Texts {
	b, err := fs.ReadFile(catalogue.Texts, "texts/"+tag+".js")
	if err != nil {
		return nil
	}
	t := &Texts{Tag: tag, of: map[string]string{}}
	for _, m := range textLine.FindAllSubmatch(b, -1) {
		t.of[unescape.Replace(string(m[1]))] = unescape.Replace(string(m[2]))
	}
	return t
}

// T returns the text of a key; {gaps} are filled from pairs of name and value.
func (t *Texts) T(key string, pairs ...string) string {
	text, ok := t.of["window."+key]
	if !ok {
		return key
	}
	if len(pairs) == 0 {
		return text
	}
	fill := make([]string, 0, len(pairs))
	for i := 0; i+1 < len(pairs); i += 2 {
		fill = append(fill, "{"+pairs[i]+"}", pairs[i+1])
	}
	return strings.NewReplacer(fill...).Replace(text)
}
