# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC2034
# Routes to be disturbed, and how to tell that nothing came of it: sourced by what kills runs and by what makes their calls fail.
#
# A route is a folder with a pipeline file and a row of steps (nights, decisions). `reference ROUTE` goes them all undisturbed and keeps
# the folder as it stood before each step and what could be seen after it. `restore STEP` brings the folder back, as often as wanted; a
# disturbed step is then gone to its end by `go STEP` and compared by `same STEP`. Inputs stay what they are (a file is known by its
# inode and times), and a target that grows keeps its inode.
set -u

top_srcdir=${top_srcdir:-$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)}
top_srcdir=$(cd "$top_srcdir" && pwd)
DAYBREAK_BUILD=${DAYBREAK_BUILD:-$PWD}
daybreak=$(cd "$DAYBREAK_BUILD" && pwd)/daybreak
unset DAYBREAK_STATE DAYBREAK_CRASH_AT DAYBREAK_CRASH_LIST
export LC_ALL=C TZ=UTC NO_COLOR=1
shopt -s nullglob

for needed in "$daybreak" "$(command -v jq)" "$(command -v sqlite3)"; do
    [ -x "$needed" ] || { echo "${needed:-jq or sqlite3} is missing: scripts/setup installs it, make builds the binary" >&2; exit 1; }
done

# No disk is needed to see what a kill leaves; in memory there is time for more of them.
if [ -d /dev/shm ] && [ -w /dev/shm ] && [ "$(df -Pk /dev/shm | awk 'NR == 2 {print $4}')" -gt 1000000 ]; then
    work=$(mktemp -d -p /dev/shm) || exit 1
else
    work=$(mktemp -d) || exit 1
fi
children=() # processes that must not outlive the test
clean() {
    local child
    [ -z "${server-}" ] || bash "$top_srcdir/tests/support/postgres.sh" stop "$server"
    for child in ${children[@]+"${children[@]}"}; do
        kill -KILL "$child" 2>/dev/null
    done
    cd / && rm -rf "$work"
}
trap clean EXIT
trap 'exit 1' INT TERM HUP

passed=0
failed=0
shown=0
place=start

good() {
    passed=$((passed + 1))
}

bad() { # bad TEXT [FILE…]: what failed, and the ends of files that tell more
    local file
    failed=$((failed + 1))
    shown=$((shown + 1))
    [ "$shown" -gt 40 ] && return # the first ones tell enough
    printf 'FAILED %s: %s\n' "$place" "$1"
    shift
    for file; do
        [ -s "$file" ] && tail -n 12 "$file" | cut -c1-600 | sed 's/^/  /'
    done
}

finish() {
    printf '%d passed, %d failed\n' "$passed" "$failed"
    [ "$failed" -eq 0 ]
    exit
}

sql() { # sql FILE QUERY
    sqlite3 -batch -init /dev/null "$1" "$2"
}

# ---- data ------------------------------------------------------------------------------------

# Rows of a night, of 1..ROWS: in night n some have changed since, some are gone, some are new.
people() { # people NIGHT ROWS [WIDTH]: CSV; WIDTH bytes more a row
    awk -v night="$1" -v rows="$2" -v width="${3:-0}" 'BEGIN {
        while (length(fill) < width) fill = fill "abcdefghij"
        print "id,name,qty,price,who" (width > 0 ? ",note" : "")
        for (i = 1; i <= rows + night; i++) {
            if ((i + 7 * night) % 41 == 0) continue # not there tonight
            age = i % 23 == 5 ? night : i % 7 == 3 ? int(night / 2) : 0
            printf "%d,\"name %d, of %d\",%d,%d.%02d,w%d%s\n", i, i, age, (i * 13 + age) % 500, i + age, i % 100, i % 5,
                   (width > 0 ? "," fill : "")
        }
    }'
}

put() { # put FILE [AGE]: standard input becomes FILE, whole at once
    case $1 in
    *.gz) gzip -n >.arriving ;;
    *) cat >.arriving ;;
    esac
    touch -d "${2:-2 hours ago}" .arriving
    mkdir -p "${1%/*}"
    mv .arriving "$1"
}

stored() { # stored FILE: input from the store into its drop folder, if it is not there
    [ -e "drop/$1" ] || mv "store/$1" "drop/$1"
}

# ---- routes ----------------------------------------------------------------------------------
# ROUTE_steps, ROUTE_make (pipeline file, inputs into store/), ROUTE_prepare STEP and ROUTE_undo STEP (inputs; both may be repeated),
# ROUTE_go STEP (the command, where it is not a run); ROUTE_keep STEP, ROUTE_restore STEP and ROUTE_see for a target that is no file.

routes=(mirror files growing torn named append adopt tables parts replaced partlines held withheld resync taken csvlines filtered filterparts program served told hooked document)

yaml() { # yaml SINK [CAPTURE] [MORE]: a pipeline over dumps of people
    cat >route.yaml <<END
source:
  type: file
  path: drop/people_%Y%m%d.csv.gz
  format: {type: csv}
  fields: {id: integer, qty: integer, price: "decimal(8,2)"}
  capture: {method: diff, key: [id]${2:+, $2}}
context: {actor: who}
sink: {$1, on_error: {backoff: 5ms..20ms, give_up: 100ms}}
${3:-}
END
}

night_files() { # night_files COUNT ROWS [WIDTH]
    local night
    for ((night = 1; night <= $1; night++)); do
        people "$night" "$2" "${3:-0}" | put "store/people_2024010$night.csv.gz"
    done
}

night_prepare() { stored "people_2024010$1.csv.gz"; }
night_undo() { [ ! -e "drop/people_2024010$1.csv.gz" ] || mv "drop/people_2024010$1.csv.gz" store/; }

# Full dumps into a table that follows them: rows that cannot be read are set aside and heal, keys come twice, rows go.
mirror_steps=5
mirror_make() {
    yaml 'type: sqlite, path: out/people.db, write: mirror, history: all'
    night_files 5 150
    people 2 150 | sed -e '5s/,[0-9]*\./,x./' -e '9s/^\([0-9]*,"[^"]*"\),[0-9]*/\1,many/' | put store/people_20240102.csv.gz
    { people 3 150 | sed -e '12s/^\([0-9]*,"[^"]*"\),[0-9]*/\1,none/'; echo '140,twice,1,1.00,w1'; } | put store/people_20240103.csv.gz
}
mirror_prepare() { night_prepare "$1"; }
mirror_undo() { night_undo "$1"; }

# Each change a line behind the last one.
growing_steps=4
growing_make() {
    yaml 'type: jsonl, path: out/people.jsonl, write: append' 'before: true'
    night_files 4 120
    people 2 120 | sed -e '7s/,[0-9]*\./,x./' | put store/people_20240102.csv.gz
}
growing_prepare() { night_prepare "$1"; }
growing_undo() { night_undo "$1"; }

# Its last line is torn by a kill; the run that finds it is ended, too.
torn_steps=3
torn_make() {
    yaml 'type: jsonl, path: out/people.jsonl, write: append'
    night_files 3 60
}
torn_prepare() {
    night_prepare "$1"
    if [ "$1" = 2 ] && [ ! -e .daybreak/route/torn ]; then
        disturb=(DAYBREAK_CRASH_AT=target.synced)
        once run --json route.yaml
        disturb=()
        : >.daybreak/route/torn
    fi
}
torn_undo() { night_undo "$1"; }

# One file a run.
named_steps=3
named_make() {
    yaml 'type: jsonl, path: "out/people_{run}.jsonl", write: append, done: ".done"'
    night_files 4 120
}
named_prepare() {
    night_prepare "$1"
    [ "$1" -lt 3 ] || night_prepare 4 # two inputs in one run
}
named_undo() {
    night_undo "$1"
    [ "$1" -lt 3 ] || night_undo 4
}

# The same for CSV, growing and with a header.
csvlines_steps=3
csvlines_make() {
    yaml 'type: csv, path: out/people.csv, write: append'
    night_files 3 80
}
csvlines_prepare() { night_prepare "$1"; }
csvlines_undo() { night_undo "$1"; }

# Two folders of one run: sinks that are told the run's end.
files_steps=2
files_make() {
    yaml 'type: jsonl, path: "out/{date}/people.jsonl", write: append'
    night_files 2 60
    cat >>route.yaml <<END
name: files
END
    sed -i 's|{date}/people|people_{date}_{run}|' route.yaml
}
files_prepare() { night_prepare "$1"; }
files_undo() { night_undo "$1"; }

# A file that grows, its last line open at times; then a large piece; then a second file.
append_steps=4
append_make() {
    cat >route.yaml <<'END'
source:
  type: file
  path: drop/*.csv
  settle: 0s
  format: {type: csv}
  fields: {n: integer}
  capture: {method: append}
sink: {type: sqlite, path: out/events.db, table: events, write: append, on_error: {backoff: 5ms..20ms, give_up: 100ms}}
END
    { echo n,what; seq 1 300 | sed 's/$/,early/'; printf '301,op'; } >store/1
    { echo en; seq 302 400 | sed 's/$/,later/'; echo 'x,bad'; } >store/2
    awk 'BEGIN { while (length(fill) < 400) fill = fill "0123456789"; for (i = 401; i <= 7000; i++) print i "," fill }' >store/3
    { echo n,what; seq 1 50 | sed 's/$/,other/'; } >store/4
}
append_prepare() {
    local size
    case $1 in
    1) size=0 ;;
    2) size=$(stat -c %s store/1) ;;
    3) size=$(($(stat -c %s store/1) + $(stat -c %s store/2))) ;;
    4) [ -e drop/b.csv ] || { cp store/4 .arriving && touch -d '2 hours ago' .arriving && mv .arriving drop/b.csv; } && return ;;
    esac
    [ -e drop/a.csv ] || : >drop/a.csv
    [ "$(stat -c %s drop/a.csv)" != "$size" ] || { cat "store/$1" >>drop/a.csv && touch -d '1 hour ago' drop/a.csv; }
}
append_undo() {
    case $1 in
    1) [ ! -e drop/a.csv ] || truncate -s 0 drop/a.csv ;;
    2) truncate -s "$(stat -c %s store/1)" drop/a.csv ;;
    3) truncate -s $(($(stat -c %s store/1) + $(stat -c %s store/2))) drop/a.csv ;;
    4) rm -f drop/b.csv ;;
    esac
    [ ! -e drop/a.csv ] || touch -d '1 hour ago' drop/a.csv
}

# What a program prints goes behind what it printed before; killed, it cannot be had again in another way than by another run.
program_steps=3
program_make() {
    local night
    cat >route.yaml <<'END'
source:
  type: exec
  command: [sh, -c, "cat now.csv; echo said >&2; exit $(cat code)"]
  format: {type: csv}
  fields: {n: integer}
  capture: {method: append}
sink: {type: sqlite, path: out/events.db, table: events, write: append, on_error: {backoff: 5ms..20ms, give_up: 100ms}}
END
    for night in 1 2 3; do
        { echo n,what; seq "$((night * 1000))" "$((night * 1000 + 900))" | sed "s/$/,night $night/"; } >"store/$night"
    done
}
program_prepare() {
    cp "store/$1" .arriving && mv .arriving now.csv
    echo "$(($1 == 2 ? 3 : 0))" >code
}
program_undo() { :; }

# A program is told of each change; a good one knows by the event id what it was told before. One record it refuses; people are told, too.
told_steps=3
told_make() {
    local night
    cat >route.yaml <<'END'
source: {type: file, path: drop/people_%Y%m%d.csv.gz, capture: {key: [id]}}
sink: {type: exec, command: [./take.sh], on_error: {backoff: 5ms..20ms, give_up: 100ms}}
alerts: [{events: [dead_letter], every: 0s, command: ["true"]}]
END
    cat >take.sh <<'END'
#!/bin/sh
read -r change
case $change in *'"id":"7"'*) echo "not this one" >&2; exit 65 ;; esac
grep -qs "$DAYBREAK_EVENT_ID" out/told.jsonl || printf '%s\n' "$change" >>out/told.jsonl
END
    chmod +x take.sh
    night_files 3 8
}
told_prepare() { night_prepare "$1"; }
told_undo() { night_undo "$1"; }

# A server is told; what it had is not compared, but that all goes on to the same end.
hooked_steps=2
hooked_make() {
    mkdir -p "$work/hook" && rm -f "$work/hook"/*
    "$DAYBREAK_BUILD/tests/support/listener" http "$work/hook" &
    children+=($!)
    until [ -s "$work/hook/0.port" ]; do kill -0 $! || exit 1; sleep 0.02; done
    yaml "type: http, url: \"http://127.0.0.1:$(cat "$work/hook/0.port")/\", parallel: 2"
    night_files 2 12
}
hooked_prepare() { night_prepare "$1"; }
hooked_undo() { night_undo "$1"; }

# XML documents: each has an end, also where the run that wrote it came to none.
document_steps=3
document_make() {
    yaml 'type: xml, path: "out/people_{run}.xml", envelope: none' 'guards: {max_deletes: 50%}'
    night_files 3 40
}
document_prepare() { night_prepare "$1"; }
document_undo() { night_undo "$1"; }
document_go() { # in the second night a run ends between its input and its own end
    local kept=(${disturb[@]+"${disturb[@]}"})
    if [ "$1" = 2 ] && [ ! -e .daybreak/route/open ]; then
        disturb=(DAYBREAK_CRASH_AT=run.input-settled)
        once run --json route.yaml
        : >.daybreak/route/open
        disturb=(${kept[@]+"${kept[@]}"})
    fi
    once run --json route.yaml
}

# A table that was there before, which refuses some rows; what it refused is tried again, and dropped.
adopt_steps=6
adopt_make() {
    yaml 'type: sqlite, path: out/people.db, table: people, write: mirror, existing: adopt' 'guards: {max_deletes: 50%}'
    night_files 3 100
    people 2 100 | sed -e '6s/^\([0-9]*,"[^"]*"\),[0-9]*/\1,900/' -e '8s/^\([0-9]*,"[^"]*"\),[0-9]*/\1,901/' | put store/people_20240102.csv.gz
    people 3 100 | sed -e '6s/^\([0-9]*,"[^"]*"\),[0-9]*/\1,900/' -e '8s/^\([0-9]*,"[^"]*"\),[0-9]*/\1,901/' | put store/people_20240103.csv.gz
    {
        echo 'CREATE TABLE people (id INTEGER PRIMARY KEY, name TEXT, qty INTEGER, price NUMERIC, who TEXT);'
        echo "INSERT INTO people VALUES (1, 'old', 1, 1, 'w1'), (2, 'name 2, of 0', 26, 2.02, 'w2'), (999, 'gone', 0, 0, 'w0');"
        for verb in INSERT UPDATE; do
            echo "CREATE TRIGGER few_$verb BEFORE $verb ON people WHEN new.qty >= 900 BEGIN SELECT raise(ABORT, 'too many'); END;"
        done
    } | sqlite3 -batch out/people.db
}
adopt_prepare() {
    case $1 in
    1 | 2) night_prepare "$1" ;;
    4) sql out/people.db 'DROP TRIGGER IF EXISTS few_INSERT; DROP TRIGGER IF EXISTS few_UPDATE;' ;;
    6) night_prepare 3 ;;
    esac
}
letter_of() { # letter_of KEY: a letter whose batch did not land had a number, too
    echo "D$(sql .daybreak/route/ledger.db "SELECT max(id) FROM dead WHERE key = '$1'")"
}
adopt_undo() { case $1 in 1 | 2) night_undo "$1" ;; 6) night_undo 3 ;; esac }
adopt_go() {
    case $1 in
    3) decide dead retry "$(letter_of 5)" ;; # refused again
    4) decide dead retry "$(letter_of 5)" ;;
    5) decide dead drop "$(letter_of 7)" --reason 'not wanted' ;;
    *) once run --json route.yaml ;;
    esac
}

# Two tables in one archive.
tables_steps=3
tables_make() {
    local night
    cat >route.yaml <<'END'
source:
  type: file
  path: drop/all_%Y%m%d.tar.gz
  format: {type: csv}
  tables:
    people: {member: "*people.csv", key: [id], fields: {id: integer, qty: integer, price: "decimal(8,2)"}}
    places: {member: "*places.csv", key: [code]}
sink: {type: sqlite, path: out/all.db, write: mirror, on_error: {backoff: 5ms..20ms, give_up: 100ms}}
END
    for night in 1 2 3; do
        people "$night" 90 >people.csv
        { echo code,town; seq "$night" $((40 + night)) | awk -v n="$night" '{ print "p" $1 ",town " ($1 % 9 == 0 ? $1 + n : $1) }'; } >places.csv
        tar --sort=name --mtime=@0 --owner=0 --group=0 -czf - people.csv places.csv | cat >.packed
        rm people.csv places.csv
        touch -d '2 hours ago' .packed && mv .packed "store/all_2024010$night.tar.gz"
    done
}
tables_prepare() { stored "all_2024010$1.tar.gz"; }
tables_undo() { [ ! -e "drop/all_2024010$1.tar.gz" ] || mv "drop/all_2024010$1.tar.gz" store/; }

# A first load in parts, and a night with more changes than one commit may have.
parts_steps=3
parts_make() {
    yaml 'type: sqlite, path: out/people.db, write: mirror' '' 'commit_max: 20'
    night_files 3 1700 1500
    { people 1 1700 1500 | sed -e '1300s/,[0-9]*\./,x./'; people 1 3 1500 | sed 1d | sed 's/name/twice/'; } | put store/people_20240101.csv.gz
    people 2 1700 1500 | sed -e 's/"name/"Name/' -e '900s/,[0-9]*\./,x./' | put store/people_20240102.csv.gz # more than one batch of changes
}
parts_prepare() { night_prepare "$1"; }
parts_undo() { night_undo "$1"; }

# A first load is ended when a part of it has landed, and then the dump is another one.
replaced_steps=2
replaced_make() {
    yaml 'type: sqlite, path: out/people.db, write: mirror' '' 'commit_max: 20'
    people 3 1700 1500 | put store/people_20240103.csv.gz
    people 1 1700 1500 >store/early
}
replaced_prepare() {
    if [ "$1" = 2 ]; then
        night_prepare 3
    elif [ ! -e .daybreak/route/torn ]; then
        put drop/people_20240102.csv.gz <store/early
        disturb=(DAYBREAK_CRASH_AT=sink.counted:2)
        once run --json route.yaml
        disturb=()
        : >.daybreak/route/torn
        rm drop/people_20240102.csv.gz # what a name led to before is no input of this life
        sed -e 's/"name/"Name/' <store/early | awk 'NR % 60 != 7' | put drop/people_20240102.csv.gz '1 hour ago'
    fi
}
replaced_undo() { [ "$1" = 1 ] || night_undo 3; }

partlines_steps=2
partlines_make() {
    yaml 'type: jsonl, path: "out/people_{run}.jsonl", write: append' '' 'commit_max: 20'
    night_files 2 1100 1000
}
partlines_prepare() { night_prepare "$1"; }
partlines_undo() { night_undo "$1"; }

# A guard holds a night; it is let through, another one is not.
held_steps=5
held_make() {
    yaml 'type: sqlite, path: out/people.db, write: mirror' 'guards: {max_deletes: 10%}'
    night_files 4 100
    people 2 100 | sed -e '30,70d' | put store/people_20240102.csv.gz
    people 3 100 | sed -e '2,80d' | put store/people_20240103.csv.gz
}
held_prepare() { case $1 in 1 | 2) night_prepare "$1" ;; 4) night_prepare 3 ;; esac }
held_undo() { case $1 in 1 | 2) night_undo "$1" ;; 4) night_undo 3 ;; esac }
held_go() {
    case $1 in
    3) decide approve I2 && once run --json route.yaml ;; # killed behind the decision, the next run takes it
    5) decide reject I3 --reason 'half of it is missing' ;;
    *) once run --json route.yaml ;;
    esac
}

# A key that cannot be read: what else is new lands, the deletes wait.
withheld_steps=4
withheld_make() {
    yaml 'type: sqlite, path: out/people.db, write: mirror'
    night_files 3 100
    people 2 100 | sed -e '5s/^[0-9]*,/,/' | put store/people_20240102.csv.gz
}
withheld_prepare() { case $1 in 1 | 2) night_prepare "$1" ;; 4) night_prepare 3 ;; esac }
withheld_undo() { case $1 in 1 | 2) night_undo "$1" ;; 4) night_undo 3 ;; esac }
withheld_go() {
    case $1 in
    3) decide approve I2 && once run --json route.yaml ;;
    *) once run --json route.yaml ;;
    esac
}

# Somebody wrote into the target; it is compared and repaired.
resync_steps=3
resync_make() {
    yaml 'type: sqlite, path: out/people.db, write: mirror'
    night_files 2 90
}
resync_prepare() {
    case $1 in
    1) night_prepare 1 ;;
    2) sql out/people.db "DELETE FROM route WHERE id = 9; UPDATE route SET name = 'altered' WHERE id = 10;" ;;
    3) night_prepare 2 ;;
    esac
}
resync_undo() { case $1 in 1) night_undo 1 ;; 3) night_undo 2 ;; esac }
# A second --resync would compare once more and say so in a batch of its own: when the first one landed, any run settles it.
resync_go() {
    if [ "$1" = 2 ] && [ "$(sql out/people.db 'SELECT count(*) FROM _daybreak_batch')" = 1 ]; then
        once run --json --resync route.yaml
    else
        once run --json route.yaml
    fi
}

# Rows leave by a filter, come back, are deleted while they were out; some cannot be computed, are tried again, arrive, or leave at last; and
# then the filter is another one, and the target is made equal to it.
filtered_steps=8
filtered_make() {
    filtered_yaml 1 'qty % 7'
    night_files 6 120
}
filtered_yaml() { # filtered_yaml REST DIVISOR
    yaml 'type: sqlite, path: out/people.db, write: mirror, history: all' 'before: true' "transforms:
  - filter: {name: not $1, keep: \"qty % 3 <> $1\"}
  - set: {share: \"price / ($2)\"}"
}
filtered_night() { case $1 in 1 | 2) echo "$1" ;; 3) echo 4 ;; 6) echo 5 ;; 8) echo 6 ;; esac }
filtered_prepare() {
    case $1 in
    1 | 2 | 3) filtered_yaml 1 'qty % 7' ;;
    4) filtered_yaml 1 'nullif(qty % 7, 0)' ;;
    *) filtered_yaml 0 'qty % 7' ;;
    esac
    [ -z "$(filtered_night "$1")" ] || night_prepare "$(filtered_night "$1")"
}
filtered_undo() { [ -z "$(filtered_night "$1")" ] || night_undo "$(filtered_night "$1")"; }
filtered_go() {
    case $1 in
    4) decide dead retry "$(letter_of 14)" ;; # arrives
    5) decide dead retry "$(letter_of 80)" ;; # leaves, and its row with it
    7)
        if [ "$(sql out/people.db 'SELECT count(*) FROM _daybreak_batch')" = 6 ]; then
            once run --json --resync route.yaml
        else
            once run --json route.yaml
        fi
        ;;
    *) once run --json route.yaml ;;
    esac
}

# The same in parts, with keys that come twice. (Deletes by absence come in the order of the memory, which a settling that was ended changes.)
filterparts_steps=3
filterparts_make() {
    yaml 'type: sqlite, path: out/people.db, write: mirror, history: none' 'guards: {max_invalid: 100%}' 'commit_max: 20
transforms:
  - filter: {name: thirds, keep: "qty % 3 <> 1"}
  - set: {share: "price / (qty % 7)"}'
    night_files 3 1300 1500
    { people 1 1300 1500; people 1 40 1500 | sed 1d | sed 's/name/twice/'; } | put store/people_20240101.csv.gz
    people 2 1300 1500 | awk -F, -v OFS=, 'NR > 1 { $4 = ($4 + 7) % 500 } { print }' | put store/people_20240102.csv.gz
}
filterparts_prepare() { night_prepare "$1"; }
filterparts_undo() { night_undo "$1"; }

# What was taken is taken away.
taken_steps=2
taken_make() {
    yaml 'type: sqlite, path: out/people.db, write: mirror'
    sed -i 's|^  format:|  after: {move: done/}\n  format:|' route.yaml
    mkdir -p done
    night_files 2 40
}
taken_prepare() {
    [ ! -e "drop/done/people_2024010$1.csv.gz" ] || mv "drop/done/people_2024010$1.csv.gz" store/
    [ ! -e "done/people_2024010$1.csv.gz" ] || mv "done/people_2024010$1.csv.gz" store/
    night_prepare "$1"
}
taken_undo() {
    [ ! -e "drop/done/people_2024010$1.csv.gz" ] || mv "drop/done/people_2024010$1.csv.gz" store/
    [ ! -e "done/people_2024010$1.csv.gz" ] || mv "done/people_2024010$1.csv.gz" store/
    night_undo "$1"
}

# Tables of a database server: it stays while the writer goes, so what it holds is kept and put back through it.
served_steps=2
server=
served_make() {
    if [ -z "$server" ]; then
        server=$work/server
        mkdir "$server"
        chmod a+x "$work"
        bash "$top_srcdir/tests/support/postgres.sh" start "$server" || { server=; return 1; }
    fi
    served_ask 'DROP SCHEMA IF EXISTS people CASCADE' >/dev/null
    yaml "type: postgres, host: '$server', user: tester, dbname: postgres, schema: people, write: mirror, history: all" '' 'commit_max: 60'
    night_files 3 150
    people 2 150 | sed -e '5s/,[0-9]*\./,x./' | put store/people_20240102.csv.gz
}
served_prepare() { night_prepare "$1"; }
served_undo() { night_undo "$1"; }
served_ask() { psql -X -q -h "$server" -U tester -d postgres -At -c "$1" 2>&1; }
served_keep() { # keep STEP, as SQL
    { echo 'DROP SCHEMA IF EXISTS people CASCADE;'; pg_dump -h "$server" -U tester -d postgres -n people; } >"$ref/$1.sql" 2>/dev/null
}
served_restore() { PGOPTIONS='-c client_min_messages=error' psql -X -q -h "$server" -U tester -d postgres -f "$ref/$1.sql" >/dev/null; }
served_see() {
    served_ask "SELECT * FROM people.route ORDER BY id"
    served_ask "SELECT id, _event_id, _op, _batch, _position, _row FROM people._daybreak_history_route ORDER BY _daybreak_n"
    served_ask "SELECT batch, pipeline, handoff, source, input, part, first, last, changes, created, updated, deleted, loaded, read, unchanged, repeated,
        captured, absent, invalid, copied, filtered, held, waiting, dead FROM people._daybreak_batch ORDER BY batch"
    served_ask "SELECT handoff, position, released, batch FROM people._daybreak_checkpoint WHERE batch > 0"
}

# ---- going -----------------------------------------------------------------------------------

# Runs daybreak once, disturbed as the array `disturb` says. 0: done, as far as the run can tell; else its status.
disturb=()
once() {
    { env ${disturb[@]+"${disturb[@]}"} "$daybreak" "$@" >"$work/stdout" 2>"$work/stderr" </dev/null; } 2>/dev/null # nothing of "Killed"
    status=$?
    case $status in
    0 | 3 | 4) return 0 ;; # dead letters and what is held are normal
    esac
    return "$status"
}

# A decision that was taken before the kill is refused as such; that is its end too.
decide() {
    once "$@" && return 0
    [ "$status" -eq 1 ] && grep -qE 'before|no longer|stays dead|outdated|(it|that) is (approved|rejected|done|dropped|delivered|superseded)' "$work/stdout" "$work/stderr" && return 0
    return "$status"
}

go() { # go STEP: disturbed or not
    if declare -F "${route}_go" >/dev/null; then
        "${route}_go" "$1"
    else
        once run --json route.yaml
    fi
}

whole() { # whole STEP: once more until it is done; at most a few times, since nothing disturbs it now
    local tries
    disturb=()
    for tries in 1 2 3; do
        go "$1" && return 0
    done
    bad "a run that nothing disturbs ends with $status" "$work/stdout" "$work/stderr"
    return 1
}

# ---- looking ---------------------------------------------------------------------------------

# All that a target and the ledger hold, but what differs from run to run: instants, runs, epochs, drawn numbers.
see() {
    local file
    for file in out/*.db; do
        see_target "$file"
    done
    for file in out/*.jsonl; do # lines, however many files they are in
        sed -E -e 's/"(run|trace)":"[^"]*"/"\1":0/g' -e 's/"(visible_at|read_at|ready_at|loaded_at)":"[^"]*"/"\1":0/g' "$file"
    done
    for file in out/*.xml; do # records, however many documents they are in; each is whole
        [ "$(tail -n 1 "$file")" = '</records>' ] || echo "$file has no end"
        grep '^  ' "$file"
    done
    for file in out/*.csv; do
        sed -E -e 's/[0-9]{8}T[0-9]{6}Z-[0-9]+/RUN/g' -e 's/[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:.]+Z/AT/g' \
            -e 's/00-[0-9a-f]{32}-[0-9a-f]{16}-01/TRACE/g' "$file"
    done
    if declare -F "${route}_see" >/dev/null; then
        "${route}_see"
    fi
    see_ledger .daybreak/route/ledger.db
}

see_target() { # see_target FILE
    local ask name
    if [ ! -v "shape[$1]" ]; then # the tables of the user, asked for once a route
        shape[$1]=$(sql "$1" "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE '\\_daybreak%' ESCAPE '\\' AND name NOT LIKE 'sqlite%'
            UNION ALL SELECT name FROM sqlite_schema WHERE type = 'table' AND name LIKE '\\_daybreak\\_history%' ESCAPE '\\'
            UNION ALL SELECT name FROM sqlite_schema WHERE type = 'table' AND name LIKE '\\_daybreak\\_row%' ESCAPE '\\' ORDER BY 1")
    fi
    ask='.mode quote'$'\n'
    for name in ${shape[$1]}; do
        case $name in
        _daybreak_history*) ask+="CREATE TEMP TABLE h AS SELECT * FROM \"$name\"; UPDATE h SET _gone_at = 0; SELECT * FROM h ORDER BY rowid; DROP TABLE h;"$'\n' ;;
        *) ask+="SELECT * FROM \"$name\" ORDER BY rowid;"$'\n' ;;
        esac
    done
    ask+="SELECT batch, pipeline, handoff, connector, source, input, part, first, last, changes, created, updated, deleted, loaded, read,
        unchanged, repeated, captured, absent, invalid, copied, filtered, held, waiting, dead, time_basis FROM _daybreak_batch ORDER BY batch;
        SELECT handoff, position, released, batch FROM _daybreak_checkpoint WHERE batch > 0;"$'\n'
    sqlite3 -batch -init /dev/null "$1" <<<"$ask" 2>&1
}

see_ledger() {
    sqlite3 -batch -init /dev/null "$1" 2>&1 <<'END'
.mode quote
SELECT 'dead', batch, handoff, table_name, stage, rule, reason, detail, key, input, member, line, byte, field, value, record, op, event_id, state FROM dead ORDER BY 2, table_name, input, line, key, state;
SELECT 'batch', kind, batch, handoff, source, input, part, "first", "last", changes, "read", unchanged, repeated, captured, created, updated, deleted, loaded, absent, invalid, copied, filtered, delivered, dead, dropped, superseded, healed, withdrawn FROM batch ORDER BY kind, batch, source;
SELECT 'input', name, digest, bytes, state, guard, reason, rows, last_batch FROM input WHERE state NOT IN ('repeated') ORDER BY name, digest;
SELECT DISTINCT 'evidence', verb, iif(subject LIKE 'D%', 'D', subject), actor, reason FROM evidence ORDER BY id; -- a decision that was ended midway and taken again stands there twice; a letter whose batch did not land had a number, too
SELECT 'checkpoint', handoff, position, released, batch FROM checkpoint;
SELECT 'totals', * FROM totals;
SELECT 'route', * FROM route ORDER BY number;
PRAGMA integrity_check;
END
}

same() { # same STEP WHAT: what can be seen is what the undisturbed one showed
    see >"$work/seen"
    if cmp -s "$work/seen" "$ref/$1.seen"; then
        good
        return 0
    fi
    diff "$ref/$1.seen" "$work/seen" | cut -c1-300 | head -n 14 >"$work/differs"
    bad "$2: what is there is not what an undisturbed run leaves (< expected, > found)" "$work/differs" "$work/stderr"
    return 1
}

verified() {
    if "$daybreak" ledger verify route.yaml >"$work/stdout" 2>"$work/stderr" </dev/null; then
        good
    else
        bad 'daybreak ledger verify' "$work/stdout" "$work/stderr"
    fi
}

tidy() { # nothing of a life that ended lies about
    local left
    left=$(find out -name '*.part' -o -name '*.new' -o -name '*.writing' -o -name '*-journal' | head -n 3)
    left+=$(find .daybreak -name '*.new' -o -name '.*.??????' -o -name '*.damaged' | head -n 3)
    if [ -z "$left" ]; then
        good
    else
        bad "left behind: $left"
    fi
}

# ---- references ------------------------------------------------------------------------------

declare -A shape
reference() { # reference ROUTE
    local step
    route=$1
    place="$route, undisturbed"
    steps=${route}_steps
    steps=${!steps}
    dir=$work/$route
    ref=$work/$route.ref
    shape=()
    rm -rf "$dir" "$ref"
    mkdir -p "$dir/drop" "$dir/out" "$dir/store" "$ref" && cd "$dir" || exit 1
    "${route}_make"
    for ((step = 1; step <= steps; step++)); do
        "${route}_prepare" "$step"
        keep "$step"
        disturb=("DAYBREAK_CRASH_LIST=$ref/$step.points")
        : >"$ref/$step.points"
        if ! go "$step"; then
            bad "step $step ends with $status" "$work/stdout" "$work/stderr"
            return 1
        fi
        disturb=()
        shape=()
        see >"$ref/$step.seen"
        sort -u "$ref/$step.points" >>"$work/reached"
    done
    verified
    tidy
}

keep() { # keep STEP: the folder before it
    mkdir -p "$ref/$1"
    cp -a out "$ref/$1/"
    [ ! -d .daybreak ] || cp -a .daybreak "$ref/$1/"
    if declare -F "${route}_keep" >/dev/null; then
        "${route}_keep" "$1"
    fi
}

restore() { # restore STEP
    local step file
    for ((step = steps; step > $1; step--)); do
        "${route}_undo" "$step"
    done
    rm -rf .daybreak
    for file in out/* out/.[!.]*; do
        [ -e "$ref/$1/$file" ] || rm -rf "$file"
    done
    cp -a "$ref/$1/." . # in place, where a file is still there
    if declare -F "${route}_restore" >/dev/null; then
        "${route}_restore" "$1"
    fi
    "${route}_prepare" "$1"
}
