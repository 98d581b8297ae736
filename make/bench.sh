#!/usr/bin/env bash
# Measures PinDesk beside what a user would take instead, in turn and on the same screen, and
# prints one row for each bar that PinDesk has set itself. What others' load has disturbed is
# run once more. docs/performance.md says what the figures mean.
#
# Usage: make/bench.sh quick|full|try
#
# quick takes some 35 minutes: PinDesk, T and X interleaved, and the relays, ROUNDS times. full
# adds, once each: the other rivals, large loads of the relay, slow links, 20 viewers that
# decode, ten minutes of mixed work; some 70 minutes together. try does what full does in a few
# minutes: its figures mean nothing, it shows whether everything can be measured.
#
# ROUNDS=3     how often a quick run measures everything; the figures are medians
# OUT=folder   where results, logs and pictures go; without it out/bench. It is emptied first.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

readonly mode=${1:?quick, full or try}
rounds=${ROUNDS:-3} flips=32 length=8s soak=10m quiet=15s benchtime=3s
pairs=50,500 many=1000 idle=5000 load=6s
case $mode in
quick | full) ;;
try)
    rounds=1 flips=4 length=2s soak=10s quiet=0 benchtime=10ms
    pairs=5,10 many=20 idle=50 load=1s
    ;;
*)
    echo "unknown mode: $mode" >&2
    exit 1
    ;;
esac
out=$(realpath -m "${OUT:-out/bench}")
readonly out

readonly views=(ours novnc-x0tigervnc novnc-x11vnc) others=(novnc-xvnc meshcentral xpra-shadow)
readonly relays=(ours websockify)
readonly all=flip,input,typing,scroll,video,drag,idle

# Two runs at once would only measure each other.
exec 9>"${TMPDIR:-/tmp}/pindesk-bench.lock"
flock -n 9 || {
    echo "Another benchmark runs on this machine." >&2
    exit 1
}

title() { printf '== %s, after %d min\n' "$1" $((SECONDS / 60)); }

# viewbench FOLDER FLAGS... -- NAME...: measures products. One that fails does not keep the
# others from it: the report says why.
viewbench() {
    local folder=$1 flags=() files=() name
    shift
    while [[ $1 != -- ]]; do
        flags+=("$1")
        shift
    done
    shift
    for name; do files+=("bench/peers/$name.json"); done
    bin/bench/viewbench -bin bin -quiet "$quiet" -out "$out/$folder" -dur "$length" -n "$flips" "${flags[@]}" "${files[@]}" || true
}

# measure ROUND WORKS NAME...: what a page needs that only uploads is measured with scroll.
measure() {
    local round=$1 list=$2
    shift 2
    viewbench "round-$round" -works "$list" -- "$@"
    [[ ,$list, != *,scroll,* ]] || viewbench "round-$round" -works scroll -- upload
    [[ ,$list, != *,typing,* ]] || viewbench "round-$round" -works flip,typing,scroll,idle -- ours-tab
}

# link ROUND LINK: clicks over a slow link.
link() {
    viewbench "round-$1-$2" -link "$2" -works click -- "${views[@]}"
}

# relay PAIRS [FLAGS...] NAME...: loads relays.
relay() {
    local n=$1
    shift
    bin/bench/relaybench -bin bin -quiet "$quiet" -out "$out/relay.jsonl" -work "$out/relay" -dur "$load" -n "$n" "$@" || true
}

rm -rf "$out"
mkdir -p "$out"
for ((round = 1; round <= rounds; round++)); do
    title "round $round of $rounds"
    # Whoever is first in one round is last in the next one.
    turn=$(((round - 1) % ${#views[@]}))
    measure "$round" "$all" "${views[@]:turn}" "${views[@]:0:turn}"
    relay "$pairs" "${relays[@]}"
done
title "where the time goes"
viewbench trace -trace -works flip,video,drag -- ours
title "Go benchmarks of the hot path"
go test -run '^$' -bench . -benchmem -benchtime "$benchtime" ./internal/screen/... ./internal/relay | tee "$out/go.txt" || true

if [[ $mode != quick ]]; then
    title "the other rivals"
    viewbench round-others -works "$all" -- "${others[@]}"
    relay "$pairs,$many" meshrelay-plain
    title "large loads of the relay"
    relay "$many" -viewers 20 -fastest ours
    relay 0 -idle "$idle" ours # of a broker that has done nothing else
    relay "$many" websockify
    title "slow links"
    for name in 10M-50ms 2M-150ms-1%; do link 1 "$name"; done
    title "20 viewers that decode"
    viewbench round-viewers -works "" -viewers 20 -- ours
    title "$soak of mixed work"
    viewbench round-soak -works "" -soak "$soak" -- ours
fi

mapfile -t again < <(bin/bench/benchreport -again "$out")
for part in "${again[@]}"; do
    title "once more, as others disturbed it: $part"
    case $part in
    "works "*) measure again "${part#works }" "${views[@]}" ;;
    relay) relay "$pairs" "${relays[@]}" ;;
    large) relay "$many" ours ;;
    "link "*) link again "${part#link }" ;;
    esac
done

bin/bench/benchreport "$out" >"$out/report.md"
echo
bin/bench/benchreport -figures=false "$out"
echo
title "all figures: $out/report.md"
