#!/usr/bin/env bash
# Makes the recordings of this folder anew: real programs on a screen of their own, recorded
# with the presenter's capturer. Needs Xvfb, openbox, xterm, vim, ImageMagick, Chromium and
# fonts-dejavu-core. Look at what came out before you commit it: a recording holds all pixels.
#
# Usage: make.sh [NAME...]      terminal page drag film; without any all
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
readonly here
root=$(git -C "$here" rev-parse --show-toplevel)
work=$(mktemp -d)
readonly work
pids=()
cleanup() {
    ((${#pids[@]} == 0)) || kill "${pids[@]}" 2>/dev/null || true
    wait
    rm -rf "$work"
}
trap cleanup EXIT
(cd "$root" && go build -o "$work/screenrec" ./cmd/screenrec)

# Nothing of who makes them is in the picture.
export HOME=$work PS1='$ ' LANG=C.UTF-8
unset XDG_CONFIG_HOME XDG_DATA_HOME
cd "$work"

# begin COMMAND...: starts something that cleanup ends.
begin() {
    "$@" >>"$work/log" 2>&1 9>&- &
    pids+=($!)
}

# screen WxH: starts a screen and sets DISPLAY.
screen() {
    local number
    mkfifo "$work/display"
    Xvfb -displayfd 9 -screen 0 "$1x24" -nolisten tcp -noreset 9>"$work/display" 2>>"$work/log" &
    pids+=($!)
    read -r number <"$work/display"
    rm "$work/display"
    export DISPLAY=:$number
}

# record NAME SECONDS FPS: records DISPLAY and ends all programs on it.
record() {
    "$work/screenrec" record --for "$2s" --fps "$3" "$here/$1.rec"
    kill "${pids[@]}" 2>/dev/null || true
    wait
    pids=()
}

terminal() { xterm -xrm 'XTerm*allowWindowOps: true' -fa 'DejaVu Sans Mono' -fs 9 -T Notes "$@"; }

# prose prints that many lines of text.
prose() {
    awk -v lines="$1" 'BEGIN {
        n = split("the screen of a person who needs help is mostly text and so every line must stay sharp while it moves", word, " ")
        for (i = 1; i <= lines; i++) {
            line = sprintf("%4d ", i)
            for (k = 0; k < 5 + i * 7 % 9; k++) line = line " " word[1 + (i * 31 + k * k * 17 + k * 3) % n]
            print line (i % 6 ? "" : " // " i * 7919 % 1000)
        }
    }'
}

photo() { # FILE WxH: clouds with a little grain
    convert -seed 4 -size "$2" plasma:steelblue-tan -blur 0x2 -attenuate 0.06 -seed 5 +noise Gaussian -depth 8 "$1"
}

# An editor scrolls by lines and pages, and somebody types.
make_terminal() {
    screen 640x480
    prose 400 >notes.c
    cat >script.vim <<'VIM'
syntax on
set number nomodeline noswapfile laststatus=2
function! Show(keys, times, pause)
  for i in range(a:times)
    execute "normal! " . a:keys
    redraw
    execute "sleep " . a:pause . "m"
  endfor
endfunction
call Show("\<C-e>", 30, 60)
call Show("\<C-f>", 3, 300)
call Show("\<C-y>", 15, 60)
call Show("oif (sharp) { send(exact); }\<Esc>", 4, 150)
for c in split("int lines = 25;", '\zs')
  execute "normal! A" . c
  redraw
  sleep 70m
endfor
call Show("dd", 8, 120)
sleep 3
qall!
VIM
    begin terminal -geometry 90x34+0+0 -e vim -u NONE -i NONE -S script.vim notes.c
    sleep 0.3
    record terminal 9 12
}

# A browser scrolls a page of text, tables and a picture.
make_page() {
    screen 640x480
    photo photo.png 260x170
    {
        echo '<!doctype html><meta charset=utf-8><title>Notes</title>'
        echo '<style>body{font:14px/1.5 DejaVu Sans;margin:16px 60px}table{border-collapse:collapse}td{border:1px solid #999;padding:2px 9px}img{float:right;margin:8px}</style>'
        for part in 1 2 3; do
            echo "<h2>Part $part</h2>"
            ((part != 2)) || echo '<img src=photo.png>'
            prose 12 | sed 's/.*/<p>&<\/p>/'
            prose 6 | awk '{ print "<table><tr><td>" $1 "<td>" $2 "<td>" $3 "</table>" }'
        done
        echo '<script>let n=-30;setInterval(()=>{if(n++<0)return;if(n<70)scrollBy(0,n<40?17:40);else if(n<90)scrollBy(0,-53)},80)</script>'
    } >page.html
    begin chromium --no-sandbox --disable-gpu --no-first-run --disable-background-networking --disable-component-update \
        --disable-sync --user-data-dir="$work/profile" --kiosk --window-size=640,480 --window-position=0,0 --app="file://$work/page.html"
    sleep 3
    record page 10 8
}

# A window manager's window is moved over a picture, and a second one comes and goes.
make_drag() {
    screen 480x360
    photo photo.png 480x360
    display -window root photo.png || true # it says 1 where it has worked
    begin openbox
    prose 60 >notes.txt
    cat >move.sh <<'SH'
tail -n 30 notes.txt
for i in $(seq 0 45); do
    printf '\033[3;%d;%dt' $((10 + i * 4)) $((20 + i * i / 16))
    sleep 0.09
done
head -n 20 notes.txt
for i in $(seq 0 20); do
    printf '\033[3;%d;%dt' $((190 - i * 7)) $((146 - i * 5))
    sleep 0.09
done
sleep 9
SH
    begin terminal -geometry 38x10+10+20 -e sh move.sh
    sleep 0.7
    (
        sleep 3
        terminal -geometry 20x5+250+40 -e sh -c 'cat notes.txt; sleep 1' >>"$work/log" 2>&1
    ) &
    pids+=($!)
    record drag 8 10
}

# A moving picture in a window beside text that stands still.
make_film() {
    screen 400x300
    photo photo.png 420x320
    for i in $(seq -w 0 35); do
        convert photo.png -crop "160x120+$((10#$i * 5))+$((10#$i * 10#$i % 90))" +repage -fill white -draw "circle $((10#$i * 5)),60 $((10#$i * 5 + 14)),60" "film-$i.miff"
    done
    prose 30 >notes.txt
    begin terminal -geometry 40x20+0+0 -e sh -c 'cat notes.txt; sleep 20'
    begin animate -geometry +210+90 -delay 12 'film-*.miff'
    sleep 2
    record film 5 10
}

(($#)) || set -- terminal page drag film
for name; do
    "make_$name"
done
