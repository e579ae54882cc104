# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# What every golden test stands on; sourced first. A test makes folders with `fresh`, runs the binary with `db`, and compares with
# `is` and the like, which print both sides of what differs and go on: the last line tells how many comparisons held.
#
# Nothing here waits for a clock. Dumps appear by rename with an old time, so that no settling is waited for.
set -u

top_srcdir=${top_srcdir:-$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)}
DAYBREAK_BUILD=${DAYBREAK_BUILD:-$PWD}
if [ -z "${DAYBREAK_SHARED-}" ] && [ -d "$top_srcdir/../shared" ]; then
    DAYBREAK_SHARED=$(cd "$top_srcdir/../shared" && pwd)
fi
fixtures=$(cd "$top_srcdir" && pwd)/fixtures
daybreak=$(cd "$DAYBREAK_BUILD" && pwd)/daybreak
unset DAYBREAK_STATE
export LC_ALL=C TZ=UTC NO_COLOR=1

work=$(mktemp -d) || exit 1
children=() # followers that must not outlive the test
clean() {
    local child
    for child in ${children[@]+"${children[@]}"}; do
        kill -KILL "$child" 2>/dev/null
    done
    cd / && rm -rf "$work"
}
trap clean EXIT
trap 'exit 1' INT TERM HUP

passed=0
failed=0
folder=0
place=start

for needed in "$daybreak" "$(command -v jq)" "$(command -v sqlite3)"; do
    [ -x "$needed" ] || { echo "${needed:-jq or sqlite3} is missing: scripts/setup installs it, make builds the binary" >&2; exit 1; }
done

sanitized() { # is this a build beside AddressSanitizer?
    nm -D "$daybreak" 2>/dev/null | grep -q __asan
}

memory_at_most() { # memory_at_most KIB: of address space, for this shell; beside a sanitizer, which maps terabytes, nothing is bounded
    sanitized || ulimit -v "$1"
}

fresh() { # fresh TITLE: a new empty folder to work in; TITLE opens the messages until the next one
    place=$1
    folder=$((folder + 1))
    mkdir -p "$work/$folder/drop" "$work/$folder/out" && cd "$work/$folder" || exit 1
}

good() {
    passed=$((passed + 1))
}

bad() { # bad TEXT: a comparison that did not hold
    failed=$((failed + 1))
    printf 'FAILED %s: %s\n' "$place" "$1"
}

is() { # is WHAT EXPECTED FOUND
    if [ "$2" = "$3" ]; then
        good
    else
        bad "$1"
        printf '  expected: %s\n  found:    %s\n' "${2//$'\n'/$'\n            '}" "${3//$'\n'/$'\n            '}"
    fi
}

has() { # has WHAT PART TEXT: TEXT contains PART
    case $3 in
    *"$2"*) good ;;
    *)
        bad "$1"
        printf '  expected somewhere: %s\n  found:              %s\n' "$2" "${3//$'\n'/$'\n                      '}"
        ;;
    esac
}

lacks() { # lacks WHAT PART TEXT
    case $3 in
    *"$2"*)
        bad "$1"
        printf '  expected nowhere: %s\n  found:            %s\n' "$2" "$3"
        ;;
    *) good ;;
    esac
}

drop() { # drop NAME [AGE]: standard input becomes the file NAME, whole at once; packed as NAME's ending says
    local file=$1
    case $file in
    *.gz) gzip -n >.arriving ;;
    *.zst) zstd -q >.arriving ;;
    *.bz2) bzip2 >.arriving ;;
    *.xz) xz >.arriving ;;
    *) cat >.arriving ;;
    esac
    touch -d "${2:-2 hours ago}" .arriving
    mv .arriving "$file"
}

db() { # db STATUS ARGUMENT…: runs daybreak; leaves $out, $err and $status; its exit status must be STATUS (- for any)
    local expected=$1
    shift
    "$daybreak" "$@" >"$work/out" 2>"$work/err" </dev/null
    status=$?
    out=$(tr -d '\0' <"$work/out")
    err=$(tr -d '\0' <"$work/err")
    if [ "$expected" = - ] || [ "$status" = "$expected" ]; then
        good
    else
        bad "daybreak $*: exit status"
        printf '  expected: %s\n  found:    %s\n  stdout:   %s\n  stderr:   %s\n' "$expected" "$status" "${out:0:1500}" "${err:0:1500}"
    fi
}

json() { # json FILTER: of the last output
    jq -r "$1" <<<"$out" 2>&1
}

# The law of the counts, which every run must obey, asked of each pipeline in the last output.
law='[.result] | flatten | map(
    .read == .unchanged + .repeated + .captured + .invalid and
    .captured + .absent + .invalid + .copied ==
        .filtered + .delivered + .held + .waiting + .dead + ([.closed[]] | add) and
    .created + .updated + .deleted + .loaded == .captured + .absent and
    ((.tables | map(.read) | add) == .read) and ((.handoffs | map(.delivered) | add) == .delivered) and
    .balanced) | all'

run() { # run STATUS PIPELINE… [OPTION…]: one pass with --json; the counts must balance
    local expected=$1
    shift
    db "$expected" run --json "$@"
    case $status in
    0 | 3 | 4) is "the counts of run $* balance" true "$(json "$law")" ;;
    esac
}

counts() { # counts NAME=N…: of the last run; names not given must be 0 where they are of the eight that matter most
    local pair name seen=' ' wrong=''
    for pair in "$@"; do
        name=${pair%%=*}
        seen="$seen$name "
        [ "$(json ".result.$name")" = "${pair#*=}" ] || wrong="$wrong $name=$(json ".result.$name")"
    done
    for name in created updated deleted loaded invalid dead delivered absent; do
        case $seen in
        *" $name "*) ;;
        *) [ "$(json ".result.$name")" = 0 ] || wrong="$wrong $name=$(json ".result.$name")" ;;
        esac
    done
    if [ -z "$wrong" ]; then
        good
    else
        bad 'the counts of the run'
        printf '  expected: %s\n  found:   %s\n  stderr:  %s\n' "$*" "$wrong" "${err:0:800}"
    fi
}

sql() { # sql FILE QUERY
    sqlite3 -batch -init /dev/null -separator ' ' "$1" "$2" 2>&1
}

contents() { # contents FILE: all that a target holds but the epoch, which every contact raises
    sqlite3 -batch -init /dev/null "$1" .dump | grep -v '^INSERT INTO _daybreak_checkpoint' | sha256sum
}

again() { # again PIPELINE TARGET…: a run with nothing new ends well and leaves the targets as they are
    local pipeline=$1 target before=()
    shift
    for target; do
        case $target in *.db) before+=("$(contents "$target")") ;; *) before+=("$(sha256sum <"$target")") ;; esac
    done
    run 0 "$pipeline"
    is 'a second run reads and writes nothing' '0 0 0 0' "$(json '.result | "\(.read) \(.captured) \(.absent) \(.delivered)"')"
    for target; do
        case $target in
        *.db) is "$target is as it was" "${before[0]}" "$(contents "$target")" ;;
        *) is "$target is as it was" "${before[0]}" "$(sha256sum <"$target")" ;;
        esac
        before=("${before[@]:1}")
    done
}

until_true() { # until_true COMMAND…: what must come true, given up on only when something is broken
    local try
    for ((try = 0; try < 1200; try++)); do
        "$@" >/dev/null 2>&1 && return
        sleep 0.05
    done
    return 1
}

listen_to() { # listen_to http|smtp: a server of ours until the end; $port, and $told, where it puts what it is told and reads its answers
    told=$work/told_$1
    mkdir -p "$told"
    "$DAYBREAK_BUILD/tests/support/listener" "$1" "$told" &
    children+=($!)
    listener=$1
    until [ -s "$told/0.port" ]; do
        kill -0 "${children[-1]}" || exit 1
        sleep 0.02
    done
    port=$(cat "$told/0.port")
}

quiet() { # the server forgets all: another one takes its place
    { kill -KILL "${children[-1]}" && wait "${children[-1]}"; } 2>/dev/null
    unset 'children[-1]'
    rm -rf "$told"
    listen_to "$listener"
}

requests() { # numbers of what the server was told, in order
    find "$told" -name '*.body' -printf '%f\n' | sed 's/[.]body//' | sort -n | tr '\n' ' ' | sed 's/ $//'
}

header() { # header REQUEST NAME
    sed -n "s/^$2: *//Ip" "$told/$1.head"
}

told_ids() { # told_ids FILTER: of each request in order
    local number
    for number in $(requests); do jq -r "$1" "$told/$number.body"; done | tr '\n' ' ' | sed 's/ $//'
}

finish() { # the last word of a test
    printf '%d passed, %d failed\n' "$passed" "$failed"
    [ "$failed" -eq 0 ]
    exit
}

skip() { # skip WHY: what this test needs is not here
    echo "$1"
    exit 77
}
