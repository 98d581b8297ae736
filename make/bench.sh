#!/usr/bin/env bash
# Measures PinDesk beside what a user would take instead, in turn and on the same screen, and
# prints one row for each bar that PinDesk has set itself. What others' load has disturbed is
# run once more. docs/performance.md says what the figures mean.
#
# Usage: make/bench.sh quick|full
#
# ROUNDS=3     how often everything is measured; the figures are medians
# OUT=folder   where results, logs and pictures go; without it out/bench. It is emptied first.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

readonly mode=${1:?quick or full}
readonly rounds=${ROUNDS:-3}
out=$(realpath -m "${OUT:-out/bench}")
readonly out
readonly flips=32 length=8s relay_length=6s

views=(ours novnc-x0tigervnc novnc-x11vnc)
relays=(ours websockify)
case $mode in
quick) ;;
full)
    views+=(novnc-xvnc meshcentral xpra-shadow)
    relays+=(meshrelay-plain)
    ;;
*)
    echo "unknown mode: $mode" >&2
    exit 1
    ;;
esac

# Two runs at once would only measure each other.
exec 9>"${TMPDIR:-/tmp}/pindesk-bench.lock"
flock -n 9 || {
    echo "Another benchmark runs on this machine." >&2
    exit 1
}

# peers NAME...: the names' descriptions.
peers() {
    local name
    for name; do
        printf 'bench/peers/%s.json\n' "$name"
    done
}

# measure ROUND WORKS NAME...: measures products. One that fails does not keep the others from
# it: its row says "not measured", and its result why.
measure() {
    local round=$1 works=$2 files
    shift 2
    mapfile -t files < <(peers "$@")
    bin/bench/viewbench -bin bin -out "$out/round-$round" -works "$works" -n "$flips" -dur "$length" "${files[@]}" || true
}

# links ROUND LINK NAME...: clicks over a slow link, for about 20 s a product.
links() {
    local round=$1 link=$2 files
    shift 2
    mapfile -t files < <(peers "$@")
    bin/bench/viewbench -bin bin -out "$out/round-$round-$link" -link "$link" -works click -n 32 "${files[@]}" || true
}

# relay PAIRS [FLAGS...] NAME...: loads relays.
relay() {
    local pairs=$1
    shift
    bin/bench/relaybench -bin bin -out "$out/relay.jsonl" -work "$out/relay" -dur "$relay_length" -n "$pairs" "$@" || true
}

readonly all=flip,input,typing,scroll,video,drag,idle
rm -rf "$out"
mkdir -p "$out"
for ((round = 1; round <= rounds; round++)); do
    echo "== round $round of $rounds"
    # Whoever is first in one round is last in the next one.
    turn=$(((round - 1) % ${#views[@]}))
    measure "$round" "$all" "${views[@]:turn}" "${views[@]:0:turn}"
    measure "$round" scroll upload
    relay 50,500 "${relays[@]}"
done
if [[ $mode == full ]]; then
    echo "== large loads of the relay"
    relay 1000 -idle 5000 -viewers 20 -fastest ours
    relay 1000 websockify meshrelay-plain
    echo "== slow links"
    for ((round = 1; round <= rounds; round++)); do
        for link in 10M-50ms 2M-150ms-1%; do
            links "$round" "$link" ours novnc-x0tigervnc novnc-x11vnc
        done
    done
    echo "== ten minutes of mixed work"
    bin/bench/viewbench -bin bin -out "$out/round-soak" -works "" -dur "$length" -soak 10m bench/peers/ours.json || true
fi

echo "== Go benchmarks of the hot path"
go test -run '^$' -bench . -benchmem -benchtime 2s ./internal/screen ./internal/relay | tee "$out/go.txt"

works=$(bin/bench/benchreport -again "$out")
if [[ -n $works ]]; then
    echo "== once more, as others disturbed it: $works"
    measure again "$works" "${views[@]:0:3}"
    [[ $works != *scroll* ]] || measure again scroll upload
fi

bin/bench/benchreport "$out" >"$out/report.md"
echo
bin/bench/benchreport -figures=false "$out"
echo
echo "All figures: $out/report.md"
