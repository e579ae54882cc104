#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# `daybreak demo` keeps its promises, tells them at 80 columns, and leaves nothing behind.
. "$(dirname "$0")/lib.sh"
export DAYBREAK_FIXTURES=$fixtures

fresh 'the demo as JSON'
mkdir tmp
TMPDIR=$PWD/tmp db 0 --json demo
is 'every promise held' 'true true' "$(json '"\(.ok) \(.result.held)"')"
is 'all nights are as counted by other means' "$(json .result.nights_compared)" "$(json .result.nights_equal)"
is 'they were compared' true "$(json '.result.nights_compared > 0')"
is 'the cut dump was held and touched nothing' '4 true' "$(json '.result.cut_off | "\(.exit) \(.untouched)"')"
has 'the mail says how far it came' "$(json .result.cut_off.bytes)" "$(json .result.cut_off.mail)"
is 'three kills, each before the end' '3 true' "$(json '.result.kills | "\(length) \(map(.nights_landed < .nights and .after_ms > 0) | all)"')"
is 'nothing is missing, nothing doubled' '0 0 0 true true' \
    "$(json '.result.after_kills | "\(.missing) \(.extra) \(.different) \(.event_ids_equal) \(.balanced)"')"
is 'the nightly figure is marked computed, the live one smaller' 'true true' \
    "$(json '.result.live | "\(.nightly.computed) \(.lag_ms > 0 and .lag_ms < .nightly.average_ms)"')"
is 'the follower ended well' 0 "$(json .result.live.exit)"
is 'nothing is left in TMPDIR' '' "$(ls -A tmp)"

fresh 'the demo for people'
db 0 demo --keep here
for heading in '1  What changed each night' '2  A dump that was cut off' '3  Three kill -9' '4  A file dropped live' '5  Where is this row' 'Your own files, next'; do
    has 'a heading' "$heading" "$out"
done
is 'no line is longer than 80' '' "$(grep -vE '^.{0,80}$' <<<"${out//…/.}" | grep -v "$daybreak")"
lacks 'no promise is broken' ': NO' "$out"
is 'the kept folder is a pipeline to play with' 0 "$("$daybreak" -C here/gov run gov.yaml >/dev/null 2>&1; echo $?)"
db 73 demo --keep here
has 'a folder with something in it is left alone' 'it is not empty' "$err"

fresh 'no dumps'
DAYBREAK_FIXTURES=$PWD/drop db 66 demo
has 'where it looked' "$PWD/drop/dotgov" "$err"

finish
