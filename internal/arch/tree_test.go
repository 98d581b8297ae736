package arch

import (
	"go/ast"
	"go/build/constraint"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
)

// root is the module's folder, seen from this package's.
const root = "../.."

// file is one Go file of the module.
type file struct {
	path string // below the module's folder, with slashes
	dir  string
	test bool
	ast  *ast.File
	fset *token.FileSet
}

// imports lists the import paths of f.
func (f *file) imports(t *testing.T) []string {
	t.Helper()
	var paths []string
	for _, spec := range f.ast.Imports {
		p, err := strconv.Unquote(spec.Path.Value)
		if err != nil {
			t.Fatalf("%s: %v", f.path, err)
		}
		paths = append(paths, p)
	}
	return paths
}

// line says where n is, for messages.
func (f *file) line(n ast.Node) string {
	return f.path + ":" + strconv.Itoa(f.fset.Position(n.Pos()).Line)
}

// constrained reports whether only some systems build f.
func (f *file) constrained() bool {
	for _, group := range f.ast.Comments {
		for _, c := range group.List {
			if c.Pos() < f.ast.Package && constraint.IsGoBuild(c.Text) {
				return true
			}
		}
	}
	name := strings.TrimSuffix(strings.TrimSuffix(path.Base(f.path), ".go"), "_test")
	for _, system := range []string{"_linux", "_windows", "_darwin", "_unix", "_amd64", "_arm64"} {
		if strings.HasSuffix(name, system) {
			return true
		}
	}
	return false
}

// isSource reports whether name is a file whose length is limited.
func isSource(name string) bool {
	switch path.Ext(name) {
	case ".go", ".js", ".css":
		return !strings.HasSuffix(name, "_gen.go") && !strings.HasSuffix(name, ".gen.go")
	}
	return false
}

// sources lists the source files of the module that are its own, below its folder: neither
// vendored ones nor those of the modules inside it.
func sources() ([]string, error) {
	var paths []string
	err := filepath.WalkDir(root, func(name string, d fs.DirEntry, err error) error {
		if err != nil || name == root {
			return err
		}
		if !d.IsDir() {
			if isSource(name) {
				rel, err := filepath.Rel(root, name)
				if err != nil {
					return err
				}
				paths = append(paths, filepath.ToSlash(rel))
			}
			return nil
		}
		switch d.Name() {
		case ".git", "bin", "node_modules", "out", "testdata", "vendor":
			return fs.SkipDir
		}
		if _, err := os.Stat(filepath.Join(name, "go.mod")); err == nil {
			return fs.SkipDir
		}
		return nil
	})
	return paths, err
}

// load parses all Go files of the module, once.
var load = sync.OnceValues(func() ([]*file, error) {
	paths, err := sources()
	if err != nil {
		return nil, err
	}
	var (
		files []*file
		fset  = token.NewFileSet()
		mode  = parser.ParseComments | parser.SkipObjectResolution
	)
	for _, p := range paths {
		if path.Ext(p) != ".go" {
			continue
		}
		parsed, err := parser.ParseFile(fset, filepath.Join(root, p), nil, mode)
		if err != nil {
			return nil, err
		}
		files = append(files, &file{
			path: p,
			dir:  path.Dir(p),
			test: strings.HasSuffix(p, "_test.go"),
			ast:  parsed,
			fset: fset,
		})
	}
	return files, nil
})

// goFiles is load for tests.
func goFiles(t *testing.T) []*file {
	t.Helper()
	files, err := load()
	if err != nil {
		t.Fatal(err)
	}
	if len(files) < 2*len(rules) {
		t.Fatalf("only %d Go files were found below %s: the rules were not checked", len(files), root)
	}
	return files
}
