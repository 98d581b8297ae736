package arch

import (
	"bytes"
	"go/ast"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// TestPackageDocs: every package says what it is for, in one place. A package that has only
// tests says it in one of them.
func TestPackageDocs(t *testing.T) {
	docs := map[string][]string{}
	for _, f := range goFiles(t) {
		docs[f.dir] = append(docs[f.dir], "")
		if f.ast.Doc == nil {
			continue
		}
		text := f.ast.Doc.Text()
		want := "Package " + f.ast.Name.Name + " "
		if f.ast.Name.Name == "main" {
			want = "Command " + filepath.Base(f.dir) + " "
		}
		if !strings.HasPrefix(text, want) {
			t.Errorf("%s: the package's documentation begins with %q", f.path, want)
		}
		docs[f.dir] = append(docs[f.dir], f.path)
	}
	for dir, paths := range docs {
		paths = slices.DeleteFunc(paths, func(p string) bool { return p == "" })
		switch len(paths) {
		case 0:
			t.Errorf("%s has no package documentation", dir)
		case 1:
		default:
			t.Errorf("%s has more than one package documentation: %s", dir, strings.Join(paths, ", "))
		}
	}
}

// TestPackageNames: a name says what is inside.
func TestPackageNames(t *testing.T) {
	for _, f := range goFiles(t) {
		if slices.Contains(vague, f.ast.Name.Name) || slices.Contains(vague, filepath.Base(f.dir)) {
			t.Errorf("%s: %q says nothing about what is in the package", f.path, f.ast.Name.Name)
		}
	}
}

// TestLength: a file that grew too long is two things.
func TestLength(t *testing.T) {
	paths, err := sources()
	if err != nil {
		t.Fatal(err)
	}
	seen := map[string]bool{}
	for _, p := range paths {
		text, err := os.ReadFile(filepath.Join(root, p))
		if err != nil {
			t.Fatal(err)
		}
		lines := bytes.Count(text, []byte("\n"))
		_, listed := long[p]
		seen[p] = lines > maxLines
		if seen[p] && !listed {
			t.Errorf("%s has %d lines: split it, or list it with a reason in long (internal/arch/rules_test.go)", p, lines)
		}
	}
	for p := range long {
		if !seen[p] {
			t.Errorf("%s is not longer than %d lines: remove it from long", p, maxLines)
		}
	}
}

// TestNoSleepInTests: a test waits for a condition with a deadline, or runs in a synctest
// bubble, where sleeping takes no time. Files that import synctest are taken to sleep in
// bubbles only.
func TestNoSleepInTests(t *testing.T) {
	for _, f := range goFiles(t) {
		_, listed := sleepers[f.path]
		if !f.test || listed || slices.Contains(f.imports(t), "testing/synctest") {
			continue
		}
		ast.Inspect(f.ast, func(n ast.Node) bool {
			if call, ok := n.(*ast.CallExpr); ok && isCall(call, "time", "Sleep") {
				t.Errorf("%s: time.Sleep in a test: poll a condition with a deadline, or use testing/synctest", f.line(n))
			}
			return true
		})
	}
}

// TestNoSkip: a test that cannot run fails and says what is missing. Only long tests, which
// make test-long switches on by PINDESK_LONG, may be skipped.
func TestNoSkip(t *testing.T) {
	for _, f := range goFiles(t) {
		if !f.test || mentions(f.ast, "PINDESK_LONG") {
			continue
		}
		ast.Inspect(f.ast, func(n ast.Node) bool {
			call, ok := n.(*ast.CallExpr)
			if ok && (isCall(call, "t", "Skip") || isCall(call, "t", "Skipf") || isCall(call, "t", "SkipNow")) {
				t.Errorf("%s: a skipped test checks nothing: let it fail with what is missing", f.line(n))
			}
			return true
		})
	}
}

// isCall reports whether call is x.name(...).
func isCall(call *ast.CallExpr, x, name string) bool {
	sel, ok := call.Fun.(*ast.SelectorExpr)
	if !ok || sel.Sel.Name != name {
		return false
	}
	id, ok := sel.X.(*ast.Ident)
	return ok && id.Name == x
}

// mentions reports whether a string literal of f contains s.
func mentions(f *ast.File, s string) bool {
	found := false
	ast.Inspect(f, func(n ast.Node) bool {
		lit, ok := n.(*ast.BasicLit)
		found = found || ok && strings.Contains(lit.Value, s)
		return !found
	})
	return found
}
