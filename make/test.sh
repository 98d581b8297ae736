#!/usr/bin/env bash
# Everything that must pass before a commit lands. Every stage runs even when an earlier one
# has failed, so that one run shows all there is to mend. The last line counts the tests, and
# each stage that is no test runner as one.
#
# The linter is not among the stages: building it takes longer than everything else here
# (make lint).
#
# Usage: make/test.sh [PACKAGES]      ./... without any
set -uo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.." || exit

(($#)) || set -- ./...
out=$(mktemp -d "${TMPDIR:-/tmp}/pindesk-test.XXXXXX")
readonly out
trap 'rm -rf "$out"' EXIT
passed=0 failed=0

title() { printf '\n== %s\n' "$1"; }

# stage TITLE COMMAND...: runs a check and counts it as one test.
stage() {
    title "$1"
    shift
    if "$@"; then
        passed=$((passed + 1))
    else
        failed=$((failed + 1))
    fi
}

# count STATUS PASSED FAILED: adds what a test runner counted. One that failed before it could
# count a failure (a package that does not compile, a time limit) counts as one.
count() {
    passed=$((passed + $2))
    failed=$((failed + $3))
    if (($1 != 0 && $3 == 0)); then
        failed=$((failed + 1))
    fi
}

is_formatted() {
    local files
    files=$(git ls-files -z --cached --others --exclude-standard '*.go' | xargs -0 gofmt -l)
    [[ -z $files ]] || {
        echo "not formatted (gofmt -w):" "$files"
        return 1
    }
}

# What cannot be run here must at least build, and stay without cgo.
vet_windows() {
    CGO_ENABLED=0 GOOS=windows GOARCH=amd64 go vet ./... &&
        CGO_ENABLED=0 GOOS=windows GOARCH=arm64 go build -o "$out/arm64.exe" ./cmd/presenter
}

# run_go PACKAGES: gotestsum prints each package and what failed; the events are kept for counting.
run_go() {
    title "Go tests, with the race detector"
    make -s --no-print-directory tools/bin/gotestsum || {
        count 1 0 0
        return
    }
    tools/bin/gotestsum --format pkgname --hide-summary skipped --jsonfile "$out/go.json" -- \
        -race -timeout 20m "$@"
    local status=$?
    count "$status" \
        "$(grep -c '"Action":"pass".*"Test":' "$out/go.json")" \
        "$(grep -c '"Action":"fail".*"Test":' "$out/go.json")"
}

run_web() {
    local files
    mapfile -t files < <(find web/test -name node_modules -prune -o -name '*.test.js' -print | sort)
    title "tests of the pages' modules"
    node --test --test-reporter=tap "${files[@]}" >"$out/web.tap"
    local status=$?
    ((status == 0)) || cat "$out/web.tap"
    tail -n 8 "$out/web.tap"
    count "$status" \
        "$(sed -n 's/^# pass //p' "$out/web.tap")" \
        "$(sed -n 's/^# fail //p' "$out/web.tap")"
}

# tsc, and axe-core, which the Go tests put into the pages.
fetch_page_tools() { npm ci --prefix web/test --no-audit --no-fund --loglevel=error; }

stage "gofmt" is_formatted
stage "go vet" go vet "$@"
stage "go vet for Windows" vet_windows
stage "tools that check the pages" fetch_page_tools
stage "types of the pages' modules" web/test/node_modules/.bin/tsc -p web/jsconfig.json
run_web
run_go "$@"

echo
echo "$passed passed, $failed failed"
((failed == 0))
