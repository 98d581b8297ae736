package httpapi

import (
	"bytes"
	"path"
	"strings"
)

// hasComments reports whether a file is one of ours, whose comments are for who reads the source.
// Those of others have their licence in them, and the latency library says there how it is used.
func hasComments(name string) bool {
	ext := path.Ext(name)
	return (ext == ".js" || ext == ".css") && !strings.HasPrefix(name, "vendor/") && !strings.HasPrefix(name, "resources/")
}

// uncommented is a script or style without the comments that begin a line: a third of what a first
// visit would transfer. All lines stay where they are, so that a browser's messages name the
// right ones. Within a template literal nothing is a comment; what looks like one there at the
// beginning of a line is kept, as is every comment behind code.
func uncommented(text []byte) []byte {
	var out bytes.Buffer
	inBlock, ticks := false, 0
	for line := range bytes.Lines(text) {
		end := []byte{}
		if bytes.HasSuffix(line, []byte("\n")) {
			line, end = line[:len(line)-1], []byte("\n")
		}
		for {
			begin := bytes.TrimLeft(line, " \t")
			switch {
			case inBlock:
			case ticks%2 == 0 && bytes.HasPrefix(begin, []byte("/*")):
				inBlock = true
				line = begin[2:]
			case ticks%2 == 0 && bytes.HasPrefix(begin, []byte("//")):
				line = nil
			}
			if !inBlock {
				break
			}
			_, rest, closed := bytes.Cut(line, []byte("*/"))
			if !closed {
				line = nil
				break
			}
			inBlock, line = false, rest
		}
		ticks += bytes.Count(line, []byte("`")) - bytes.Count(line, []byte("\\`"))
		out.Write(line)
		out.Write(end)
	}
	return out.Bytes()
}
