package arch

import (
	"slices"
	"strings"
	"testing"
)

const module = "pindesk/"

// within reports whether the import path p is prefix or below it.
func within(p, prefix string) bool {
	return p == prefix || strings.HasPrefix(p, prefix+"/")
}

// isStandard reports whether p is of the standard library: no dot in its first element.
func isStandard(p string) bool {
	first, _, _ := strings.Cut(p, "/")
	return !strings.Contains(first, ".")
}

// ruleFor finds the rule of a package: its own, or that of the platform whose backend it is.
func ruleFor(dir string) (rule, bool) {
	if r, ok := rules[dir]; ok {
		return r, true
	}
	const platform = "internal/platform"
	if within(dir, platform) {
		r := rules[platform]
		r.uses = append(slices.Clone(r.uses), platform)
		return r, true
	}
	return rule{}, false
}

// TestEveryPackageHasARule catches new packages, and rules of packages that are gone.
func TestEveryPackageHasARule(t *testing.T) {
	seen := map[string]bool{}
	for _, f := range goFiles(t) {
		if _, ok := ruleFor(f.dir); !ok && !seen[f.dir] {
			t.Errorf("%s has no rule: add it to rules in internal/arch/rules_test.go, with its layer and what it may import", f.dir)
		}
		seen[f.dir] = true
	}
	for dir := range rules {
		if !seen[dir] {
			t.Errorf("there is no package %s: remove its rule", dir)
		}
	}
}

// TestRulesPointDown holds the table itself: no rule may allow an arrow that goes up, or
// sideways among the adapters.
func TestRulesPointDown(t *testing.T) {
	for dir, r := range rules {
		for _, use := range r.uses {
			to, ok := rules[use]
			switch {
			case !ok:
				t.Errorf("%s may use %s, which has no rule", dir, use)
			case to.layer > r.layer, to.layer == r.layer && r.layer != l0:
				t.Errorf("%s may not use %s: imports go to lower layers only", dir, use)
			}
		}
	}
}

// TestImports holds what each package's code may import.
func TestImports(t *testing.T) {
	for _, f := range goFiles(t) {
		r, ok := ruleFor(f.dir)
		if !ok || f.test {
			continue // the first is TestEveryPackageHasARule's, the second TestImportsOfTests'
		}
		for _, p := range f.imports(t) {
			checkImport(t, f, r, p)
		}
	}
}

func checkImport(t *testing.T, f *file, r rule, p string) {
	t.Helper()
	local, ours := strings.CutPrefix(p, module)
	switch {
	case p == "C":
		t.Errorf("%s imports C: PinDesk is built without cgo", f.path)
	case ours && rules[local].testOnly && !r.testOnly:
		t.Errorf("%s imports %s, which is for tests only", f.path, p)
	case ours && !r.testOnly:
		if !slices.Contains(r.uses, local) && !isBackend(f.dir, local) {
			t.Errorf("%s imports %s: %s may use %s only (internal/arch/rules_test.go)",
				f.path, p, f.dir, list(r.uses))
		}
	case !ours && !isStandard(p):
		allowed := func(prefix string) bool { return within(p, prefix) }
		if !slices.ContainsFunc(r.modules, allowed) {
			t.Errorf("%s imports %s: of other modules, %s may use %s only (internal/arch/rules_test.go)",
				f.path, p, f.dir, list(r.modules))
		}
	}
}

// isBackend reports whether to is a backend below the platform package from.
func isBackend(from, to string) bool {
	return within(from, "internal/platform") && within(to, "internal/platform")
}

// TestImportsOfTests lets tests reach further than code, but not up.
func TestImportsOfTests(t *testing.T) {
	for _, f := range goFiles(t) {
		from, ok := ruleFor(f.dir)
		if !ok || !f.test {
			continue
		}
		for _, p := range f.imports(t) {
			local, ours := strings.CutPrefix(p, module)
			if !ours || slices.Contains(from.inTests, local) {
				continue
			}
			if to, ok := ruleFor(local); ok && to.layer > from.layer {
				t.Errorf("%s imports %s, which is of a higher layer than %s", f.path, p, f.dir)
			}
		}
	}
}

// TestOnlyPlatformIsConstrained keeps code for one system in one place.
func TestOnlyPlatformIsConstrained(t *testing.T) {
	for _, f := range goFiles(t) {
		if within(f.dir, "internal/platform") || !f.constrained() {
			continue
		}
		if _, ok := constrained[f.path]; !ok {
			t.Errorf("%s is built for some systems only: that belongs into internal/platform, or with a reason into constrained (internal/arch/rules_test.go)", f.path)
		}
	}
}

func list(s []string) string {
	if len(s) == 0 {
		return "none"
	}
	return strings.Join(s, ", ")
}
