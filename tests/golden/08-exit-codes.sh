#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Every way to end has its number, and cron gets one paragraph: what, how many, the next command to type.
. "$(dirname "$0")/lib.sh"

pipeline() { # pipeline NAME: a small good one
    cat >"$1.yaml" <<Y
source: {type: file, path: drop/$1_*.csv, settle: 0s, capture: {key: [id]}}
sink: {type: sqlite, path: out/$1.db, table: t}
Y
}

fresh 'usage: 64'
db 64
db 64 nosuchverb
has 'a near miss is suggested' run "$("$daybreak" rum 2>&1)"
db 64 run
db 64 run --nosuch p.yaml
db 64 compare one.csv
db 0 --help
db 0 version
has 'version' daybreak "$out"
db 0 version --json
is 'json of version' version "$(json .command)"

fresh 'no such file: 66'
db 66 run missing.yaml
has 'the file is named' missing.yaml "$err"
db 66 lint missing.yaml
db 66 run missing.yaml --json
is 'an object even so' 'run false' "$(json '"\(.command) \(.ok)"')"
is 'with the error in it' true "$(json '.error != null')"

fresh 'nothing ever matched: 66'
pipeline a
db 66 run a.yaml
has 'the pipeline is named' "'a'" "$err"
is 'no table was made' '' "$(sql out/a.db "SELECT name FROM sqlite_schema WHERE name = 't'")"
echo 'id,v' >drop/a_1.csv
echo 1,x >>drop/a_1.csv
run 0 a.yaml
counts loaded=1 delivered=1
rm drop/a_1.csv
run 0 a.yaml
is 'an empty folder later is no error' 0 "$(json .result.inputs)"

fresh 'not valid: 78'
echo 'sauce: {}' >bad.yaml
db 78 run bad.yaml
db 78 lint bad.yaml
has 'file, line and column' 'bad.yaml:1:1' "$out$err"
printf 'source: {type: file, path: drop/*.csv}\nsink: {type: jsonl, path: out/x.jsonl}\nreplaces: {job: x}\n' >late.yaml
db 78 lint late.yaml
has 'what is not built says so' 'not' "$out$err"
db 78 lint late.yaml --json
is 'json of findings' 'error late.yaml true true' "$(json '.result.findings[0] | "\(.severity) \(.file) \(.line > 0) \(.code != "")"')"
printf 'source: {type: file, path: drop/*.csv}\nsource: {type: file, path: drop/*.csv}\nsink: {type: jsonl, path: out/x.jsonl}\n' >twice.yaml
db 78 lint twice.yaml
printf 'source: {type: file, path: "${HOME}/*.csv"}\nsink: {type: jsonl, path: out/x.jsonl}\n' >dollar.yaml
db 78 lint dollar.yaml
pipeline good
db 0 lint good.yaml
db - lint good.yaml --strict
is 'strict: 1 with warnings, else 0' yes "$([ "$status" = 0 ] || [ "$status" = 1 ] && echo yes)"

fresh 'another run holds the lock: 75'
pipeline a
printf 'id,v\n1,x\n' >drop/a_1.csv
run 0 a.yaml
printf 'id,v\n1,y\n' >drop/a_2.csv
exec 9<>.daybreak/a/lock
if flock -n 9; then
    db 75 run a.yaml
    has 'it says who' "'a'" "$err"
    db 0 run a.yaml --skip-if-running
    is 'in silence' '' "$out$err"
    is 'nothing was written' x "$(sql out/a.db 'SELECT v FROM t')"
fi
exec 9>&-
run 0 a.yaml
is 'written afterwards' y "$(sql out/a.db 'SELECT v FROM t')"

fresh 'dead letters: 3, held: 4, both: 4'
pipeline a
sed -i 's/settle: 0s,/settle: 0s, fields: {v: integer},/' a.yaml
printf 'id,v\n1,1\n2,2\n3,3\n4,4\n5,5\n6,6\n' | drop drop/a_1.csv
run 0 a.yaml
printf 'id,v\n1,x\n2,2\n3,3\n4,4\n5,5\n6,6\n' | drop drop/a_2.csv
db 3 run a.yaml
has 'one paragraph says what and how to look' 'daybreak dead' "$err"
is 'one paragraph' 1 "$(wc -l <"$work/err")"
run 0 a.yaml
is 'not new any more' 0 "$(json .result.dead)"
printf 'id,v\n1,1\n' | drop drop/a_3.csv
db 4 run a.yaml
has 'one paragraph says what and how to decide' 'daybreak approve I' "$err"
printf 'id,v\n1,y\n2,2\n3,3\n4,4\n5,5\n' | drop drop/a_4.csv
printf 'id,v\n1,y\n' | drop drop/a_5.csv
run 4 a.yaml
is 'its dead letter is counted nevertheless' 1 "$(json .result.dead)"

fresh 'late: 4'
cat >a.yaml <<'Y'
source: {type: file, path: drop/a_*.csv, settle: 0s, capture: {key: [id]}, expect: {every: 1h, grace: 10m}}
sink: {type: sqlite, path: out/a.db, table: t}
Y
printf 'id,v\n1,1\n' | drop drop/a_1.csv '30 minutes ago'
db 0 run a.yaml
fresh 'late: 4, the last input is too old'
cat >a.yaml <<'Y'
source: {type: file, path: drop/a_*.csv, settle: 0s, capture: {key: [id]}, expect: {every: 1h, grace: 10m}}
sink: {type: sqlite, path: out/a.db, table: t}
Y
printf 'id,v\n1,1\n' | drop drop/a_1.csv '3 hours ago'
db 4 run a.yaml
has 'it says so' 'no new input' "$err"
is 'the rows landed' 1 "$(sql out/a.db 'SELECT count(*) FROM t')"
db 0 status --json
is 'status knows' true "$(json '.result[0].late')"

fresh 'a HALT: 78'
pipeline a
printf 'id,v\n1,x\n' | drop drop/a_1.csv
run 0 a.yaml
rm -rf .daybreak
printf 'id,v\n1,y\n' | drop drop/a_2.csv
db 78 run a.yaml
has 'the way out is named' daybreak "$err"
is 'nothing was written' x "$(sql out/a.db 'SELECT v FROM t')"
db 78 run a.yaml --json
is 'the object says so' false "$(json .ok)"

fresh 'cannot write: 73, 74 or 69 by name'
pipeline a
printf 'id,v\n1,x\n' | drop drop/a_1.csv
rmdir out && echo in the way >out
db - run a.yaml
is 'a target that cannot be made' yes "$(case $status in 69 | 73 | 74 | 78) echo yes ;; *) echo "$status" ;; esac)"
rm out

fresh 'several pipelines in one run'
pipeline a
pipeline b
pipeline c
printf 'id,v\n1,x\n' | drop drop/a_1.csv
printf 'id,v\n1,x\n' | drop drop/b_1.csv
run - a.yaml b.yaml
is 'exit' 0 "$status"
is 'an array of results' 'a b' "$(json '[.result[].pipeline] | join(" ")')"
run 66 a.yaml b.yaml c.yaml
is 'the worse one is told' 3 "$(json '.result | length')"

fresh 'quiet and loud'
pipeline a
printf 'id,v\n1,x\n' | drop drop/a_1.csv
db 0 -v run a.yaml
has 'loud says what it does' batch "$err"
printf 'id,v\n1,x\n2\n' | drop drop/a_2.csv
db 3 -q run a.yaml
db 0 -C "$PWD" status
finish
