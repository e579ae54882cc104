#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Changes given to a program: JSON on its stdin, its exit status is the answer. Nothing of a record comes near a command line.
. "$(dirname "$0")/lib.sh"

pipeline() { # pipeline OPTIONS
    cat >p.yaml <<Y
source: {type: file, path: drop/o_%Y%m%d.csv, settle: 0s, capture: {key: [id], guards: {max_deletes: 100%, min_rows: 0%}}}
sink: {type: exec, command: [./take.sh, '\$(reboot) "x"'], $1 on_error: {backoff: 1ms, give_up: 1ms}}
Y
    cat >take.sh <<'S2'
#!/bin/sh
cat >>taken.jsonl
echo "$DAYBREAK_EVENT_ID $1" >>ids
echo "no room for it" >&2
exit "$(cat code)"
S2
    chmod +x take.sh
    echo 0 >code
}

fresh 'one run a change'
pipeline ''
printf 'id,v\nA,"a""b; rm -rf /"\nB,\n' | drop drop/o_20260301.csv
run 0 p.yaml
counts loaded=2 captured=2 delivered=2
is 'values arrive as they are' 'a"b; rm -rf /' "$(head -n 1 taken.jsonl | jq -r .after.v)"
is 'the event id is in the environment, arguments stand as written' "$(head -n 1 taken.jsonl | jq -r .event_id) \$(reboot) \"x\"" "$(head -n 1 ids)"
run 0 p.yaml
is 'nothing new runs nothing' 2 "$(wc -l <ids)"
echo 65 >code
printf 'id,v\nA,x\nB,\n' | drop drop/o_20260302.csv
run 3 p.yaml
counts updated=1 captured=1 dead=1
db 0 dead show D1
has 'refused with its stderr' "'./take.sh' ended with exit status 65: no room for it" "$out"
echo 0 >code
db 0 dead retry D1
is 'and taken at last' x "$(tail -n 1 taken.jsonl | jq -r .after.v)"

fresh 'one run a batch'
pipeline 'each: batch,'
printf 'id,v\nA,1\nB,2\nC,3\n' | drop drop/o_20260301.csv
run 0 p.yaml
is 'a line a change, one run' '3 1' "$(wc -l <taken.jsonl) $(wc -l <ids)"

cat >take.sh <<'S2'
#!/bin/sh
cat >now
if grep -q '"id":"B"' now; then echo "not B" >&2; exit 65; fi
cat now >>taken.jsonl
S2
rm taken.jsonl
printf 'id,v\nA,2\nB,3\nC,4\n' | drop drop/o_20260302.csv
run 3 p.yaml
counts updated=3 captured=3 delivered=2 dead=1
is 'of a batch that is refused each goes alone' 'A C' "$(jq -r .after.id taken.jsonl | sort | tr '\n' ' ' | sed 's/ $//')"

fresh 'what is tried again'
pipeline ''
echo 1 >code
printf 'id,v\nA,1\n' | drop drop/o_20260301.csv
run 69 p.yaml
has 'says how it ended' 'ended with exit status 1: no room for it' "$err$out"
echo 0 >code
run 0 p.yaml
is 'the same event again' 1 "$(sort -u ids | wc -l)"
pipeline 'timeout: 200ms,'
printf '#!/bin/sh\nsleep 60\n' >take.sh
printf 'id,v\nA,2\n' | drop drop/o_20260302.csv
run 69 p.yaml
has 'a time limit' 'took longer than its `timeout`' "$err$out"
rm take.sh
run 78 p.yaml
has 'a program that is not there' "cannot execute './take.sh'" "$err$out"
finish
