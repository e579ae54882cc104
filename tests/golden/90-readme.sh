#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# What the README says holds: its commands run, in its order, in one folder, with the statuses it names; the mail and the trace it shows are
# what is printed; its promises are what lint says.
. "$(dirname "$0")/lib.sh"

readme=$top_srcdir/README.md
[ -r "$readme" ] || readme=$fixtures/../README.md

# blocks MARK: the fenced blocks behind <!-- MARK… -->, each as one file $work/block.N; prints the rest of each mark, one a line
blocks() {
    awk -v mark="<!-- $1" -v to="$work/block" '
        index($0, mark) == 1 { said = substr($0, length(mark) + 1); sub(/ *-->.*/, "", said); sub(/^ */, "", said); wait = 1; next }
        wait && /^```/ { wait = 0; in_block = 1; n++; file = to "." n; printf "" > file; print said; next }
        in_block && /^```/ { in_block = 0; close(file); next }
        in_block { print > file }' "$readme"
}

# What differs from run to run stands as one sign.
masked() {
    sed -E 's/[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:.]+Z/INSTANT/g; s/[0-9]{8}T[0-9]{6}Z-[0-9]+/RUN/g; s/[0-9a-f]{32}/HEX/g; s/ +$//'
}

night() { # night FILE ROWS QTY: orders 1000 to 999 + ROWS; order 1042 has QTY pieces
    awk -v rows="$2" -v qty="$3" 'BEGIN {
        print "order_id,customer,qty,updated_by"
        for (i = 0; i < rows; i++)
            printf "%d,C%d,%d,%s\n", 1000 + i, i % 25, i == 42 ? qty : i % 9 + 1, i == 42 ? "m.ortiz" : "import"
    }' | drop "$1"
}

fresh 'the commands of the README'
for side in mon tue; do
    mkdir "$side"
    night "$side/orders.csv" 60 "$([ "$side" = mon ] && echo 7 || echo 5)"
    sed -i '1s/order_id/id/' "$side/orders.csv"
    tar -czf "$side.tar.gz" -C "$side" orders.csv
done
night drop/orders_20260105.csv.gz 60 7
night drop/orders_20260106.csv.gz 61 5
blocks file >/dev/null
mv "$work/block.1" orders.yaml
is 'the pipeline file has three lines' 3 "$(wc -l <orders.yaml)"

PATH=$(dirname "$daybreak"):$PATH
blocks mail >/dev/null
mv "$work/block.1" "$work/mail"
shown=$(awk '/^<!-- run 0 trace/ { found = 1 } found && /^```text/ { in_block = 1; next } in_block && /^```/ { exit } in_block' "$readme")
mapfile -t marks < <(blocks run)
is 'the README has commands to run' yes "$([ ${#marks[@]} -ge 6 ] && echo yes || echo "${#marks[@]}")"
for ((i = 0; i < ${#marks[@]}; i++)); do
    block=$work/block.$((i + 1))
    if grep -q '^daybreak held' "$block"; then # the night before it broke off
        night "$work/whole.csv.gz" 61 6
        head -c 200 "$work/whole.csv.gz" >.arriving && touch -d '2 hours ago' .arriving && mv .arriving drop/orders_20260107.csv.gz
        db 4 run orders.yaml
        is 'the mail from cron' "$(cat "$work/mail")" "$err"
    fi
    bash -e "$block" >"$work/said" 2>"$work/told" </dev/null
    found=$?
    is "the status of: $(cat "$block")" "${marks[i]%% *}" "$found"
    [ "$found" = "${marks[i]%% *}" ] || cat "$work/said" "$work/told"
    case ${marks[i]} in
    *trace) is 'the trace' "$(masked <<<"$shown")" "$(masked <"$work/said")" ;;
    esac
    if grep -q 'run orders.yaml' "$block"; then
        is 'the rows after the runs' 61 "$(sql orders.db 'SELECT count(*) FROM orders')"
    fi
done
is 'taken out, only the user'"'"'s table is left' 'orders' "$(sql orders.db "SELECT name FROM sqlite_master WHERE name NOT LIKE 'sqlite_%'")"
is 'with all its rows' 61 "$(sql orders.db 'SELECT count(*) FROM orders')"
is 'and its own columns' 'order_id customer qty updated_by' \
    "$(sql orders.db "SELECT group_concat(name, ' ') FROM pragma_table_info('orders')")"

fresh 'the promises of the README'
rows=0
while IFS='|' read -r _ capture sink rows_promise sees _; do
    case $capture in
    *diff*) method='key: [id]' ;;
    *) method='method: append' ;;
    esac
    case $sink in
    *{run}*) to='path: "out/x_{run}.dat"' ;;
    *) to='path: out/x.dat' ;;
    esac
    case $sink in
    *'write: '*) write=${sink#*write: } to="$to, write: ${write%%\`*}" ;;
    esac
    expected=$(sed 's/^ *//; s/ *$//' <<<"$rows_promise")\;\ $(sed 's/^ *//; s/ *$//' <<<"$sees")
    for type in sqlite jsonl csv xml http exec; do
        case $sink in *"$type"*) ;; *) continue ;; esac
        case $type in
        http) to='url: "http://127.0.0.1/"' ;;
        exec) to='command: ["true"]' ;;
        esac
        printf 'source: {path: "drop/x_%%Y%%m%%d.csv", capture: {%s}}\nsink: {type: %s, %s}\n' "$method" "$type" "$to" >p.yaml
        db 0 --json lint p.yaml
        is "$capture, $type,$sink" "$expected" "$(json '.result.guarantees[0].guarantee')"
        rows=$((rows + 1))
    done
done < <(awk '/^<!-- promises/ { on = 1; next } on && /^\| file/ { print } on && /^$/ { exit }' "$readme")
is 'the table was read' yes "$([ "$rows" -ge 8 ] && echo yes || echo "$rows")"

finish
