#!/usr/bin/env bash
# Runs every fuzz target of the tree for a while, one after the other. What it finds is kept
# in the package's testdata/fuzz: commit that file together with the repair.
#
# Usage: make/fuzz.sh DURATION      such as 30s
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

readonly duration=${1:?how long each target runs, such as 30s}
passed=0 failed=0

# Only packages that have a target are compiled.
mapfile -t folders < <(grep -rlE '^func Fuzz' --include='*_test.go' . | xargs -r dirname | sort -u)
for folder in "${folders[@]}"; do
    targets=$(go -C "$folder" test -list '^Fuzz' . | grep '^Fuzz') # -C: bench is a module of its own
    for target in $targets; do
        echo "== $folder $target"
        if go -C "$folder" test -run '^$' -fuzz "^$target\$" -fuzztime "$duration" .; then
            passed=$((passed + 1))
        else
            failed=$((failed + 1))
        fi
    done
done

echo "$passed passed, $failed failed"
((failed == 0))
