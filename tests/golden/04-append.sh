#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Files that grow: each row once, whatever happens to the file's name, and a line that is not finished waits.
. "$(dirname "$0")/lib.sh"

pipeline() {
    cat >log.yaml <<Y
source: {type: file, path: "log/*.csv*", settle: 0s, capture: {method: append}, fields: {n: integer}${1:+, $1}}
sink: {type: sqlite, path: out/log.db, table: log}
Y
    mkdir -p log
}

rows() {
    sql out/log.db "SELECT group_concat(n, ' ') FROM (SELECT n FROM log ORDER BY rowid)"
}

fresh 'a growing file'
pipeline
printf 'n,t\n1,a\n2,b\n' >log/a.csv
run 0 log.yaml
counts created=2 captured=2 read=2 delivered=2
is 'rows' '1 2' "$(rows)"
is 'op' c "$(sql out/log.db 'SELECT group_concat(DISTINCT _op) FROM log')"
again log.yaml out/log.db
printf '3,c\n4,' >>log/a.csv
run 0 log.yaml
counts created=1 captured=1 read=1 delivered=1
is 'a line without its end waits' '1 2 3' "$(rows)"
again log.yaml out/log.db
printf 'd\n5,"e\n' >>log/a.csv
run 0 log.yaml
is 'then it comes; so waits an open quote' '1 2 3 4' "$(rows)"
printf '"\n6,f\n' >>log/a.csv
run 0 log.yaml
is 'all' '1 2 3 4 5 6' "$(rows)"
is 'the text of two lines' 650A "$(sql out/log.db 'SELECT hex(t) FROM log WHERE n = 5')"
again log.yaml out/log.db
is 'positions are all different' 6 "$(sql out/log.db 'SELECT count(DISTINCT _position) FROM log')"
is 'event ids too' 6 "$(sql out/log.db 'SELECT count(DISTINCT _event_id) FROM log')"
db 0 ledger verify

place='rotation'
mv log/a.csv log/a.csv.1
printf '7,g\n' >>log/a.csv.1
printf 'n,t\n8,h\n' >log/a.csv
run 0 log.yaml
is 'what was renamed goes on where it stood, the new one from its beginning' '1 2 3 4 5 6 7 8' "$(rows | tr ' ' '\n' | sort -n | xargs)"
again log.yaml out/log.db

place='truncation'
printf 'n,t\n9,i\n' >log/new && cat log/new >log/a.csv && rm log/new
run 0 log.yaml
is 'a file begun anew is read from its beginning' 9 "$(rows | tr ' ' '\n' | sort -n | tail -n 1)"
is 'nothing twice' 9 "$(sql out/log.db 'SELECT count(*) FROM log')"
again log.yaml out/log.db

place='replacement of the same size'
printf 'n,t\n7,j\n' >log/.x && mv log/.x log/a.csv
run 0 log.yaml
is 'other content under the name is another file' 10 "$(sql out/log.db 'SELECT count(*) FROM log')"
again log.yaml out/log.db

fresh 'nothing in it yet'
pipeline
: >log/a.csv
run 0 log.yaml
counts
printf 'n,' >log/a.csv
run 0 log.yaml
counts
printf 't\n' >>log/a.csv
run 0 log.yaml
counts
printf '1,a\n' >>log/a.csv
run 0 log.yaml
counts created=1 delivered=1
again log.yaml out/log.db

fresh 'CRLF, and a line end that comes in two halves'
pipeline
printf 'n,t\r\n1,a\r' >log/a.csv
run 0 log.yaml
printf '\n2,b\r\n' >>log/a.csv
run 0 log.yaml
is 'rows' '1 a|2 b' "$(sql out/log.db 'SELECT n, t FROM log ORDER BY n' | xargs | sed 's/ 2/|2/')"
again log.yaml out/log.db

fresh 'a packed file ends where it ends'
pipeline
printf 'n,t\n1,a\n2,b' | gzip -n >log/a.csv.gz
touch -d '1 hour ago' log/a.csv.gz
run 0 log.yaml
is 'its end completes the last line' '1 2' "$(rows)"
again log.yaml out/log.db
printf 'n,t\n3,c\n' | gzip -n >log/b.csv.gz
run 0 log.yaml
is 'the next' '1 2 3' "$(rows)"

fresh 'JSON lines that grow'
cat >log.yaml <<'Y'
source: {type: file, path: "log/*.jsonl", settle: 0s, capture: {method: append}, fields: {n: integer}}
sink: {type: jsonl, path: out/log.jsonl}
Y
mkdir log
printf '{"n":1}\n{"n":2' >log/a.jsonl
run 0 log.yaml
is 'the unfinished waits' 1 "$(jq -c .after.n out/log.jsonl | xargs)"
printf '}\n' >>log/a.jsonl
run 0 log.yaml
is 'then it comes' '1 2' "$(jq -c .after.n out/log.jsonl | xargs)"
is 'ops' 'c c' "$(jq -r .op out/log.jsonl | xargs)"
again log.yaml out/log.jsonl

fresh 'JSON lines with a member that comes late'
printf 'source: {type: file, path: drop/*.jsonl, settle: 0s}\nsink: {type: jsonl, path: out/p.jsonl}\n' >p.yaml
printf '{"id":1}\n{"id":2}\n{"id":3,"late":"x"}\n{"id":4}\n{"id":5,"later":"y","late":"z"}\n{"id":6' | drop drop/a.jsonl
run 0 p.yaml
counts created=5 captured=5 read=5 delivered=5
is 'all of them, up to the line that has no end yet' '1 null|2 null|3 x|4 null|5 z' \
    "$(jq -r '"\(.after.id) \(.after.late)"' out/p.jsonl | paste -sd'|')"
again p.yaml out/p.jsonl
printf ',"later":"w"}\n' >>drop/a.jsonl
touch -d '1 hour ago' drop/a.jsonl
run 0 p.yaml
is 'and its end' '6 w' "$(tail -1 out/p.jsonl | jq -r '"\(.after.id) \(.after.later)"')"

fresh 'bad rows go aside, the rest goes on'
pipeline
printf 'n,t\n1,a\nx,b\n3\n4,d\n' >log/a.csv
run 3 log.yaml
counts created=2 captured=2 read=4 invalid=2 dead=2 delivered=2
is 'rows' '1 4' "$(rows)"
again log.yaml out/log.db
printf '5,e\n' >>log/a.csv
run 0 log.yaml
counts created=1 read=1 captured=1 delivered=1
db 0 ledger verify

fresh 'again: dead_letter'
cat >log.yaml <<'Y'
source: {type: file, path: "log/*.csv", settle: 0s, capture: {method: append, key: [n], again: dead_letter}}
sink: {type: sqlite, path: out/log.db, table: log, write: append}
Y
mkdir log
printf 'n,t\n1,a\n2,b\n' >log/a.csv
run 0 log.yaml
printf '1,c\n3,d\n' >>log/a.csv
run 3 log.yaml
counts created=2 captured=2 read=2 dead=1 delivered=1
is 'rows' '1 2 3' "$(sql out/log.db "SELECT group_concat(n, ' ') FROM log")"
db 0 dead --json
is 'the reason' 'again 1' "$(json '.result.dead[0] | "\(.reason) \(.key)"')"
again log.yaml out/log.db

fresh 'upsert by key'
cat >log.yaml <<'Y'
source: {type: file, path: "log/*.csv", settle: 0s, capture: {method: append, key: [n]}}
sink: {type: sqlite, path: out/log.db, table: log, write: upsert}
Y
mkdir log
printf 'n,t\n1,a\n2,b\n1,c\n' >log/a.csv
run 0 log.yaml
is 'the last version of each key' '1 c|2 b' "$(sqlite3 -separator ' ' out/log.db 'SELECT n, t FROM log ORDER BY n' | paste -sd'|')"
counts created=3 captured=3 read=3 delivered=3
again log.yaml out/log.db

fresh 'many rows, several batches'
pipeline
awk 'BEGIN {print "n,t"; for (i = 1; i <= 120000; i++) print i ",text of row " i}' >log/a.csv
run 0 log.yaml
counts created=120000 delivered=120000
awk 'BEGIN {for (i = 120001; i <= 130000; i++) print i ",text of row " i}' >>log/a.csv
run 0 log.yaml
counts created=10000 delivered=10000
is 'each once' '130000 130000 130000' "$(sql out/log.db 'SELECT count(*), count(DISTINCT n), max(n) FROM log')"
is 'event ids' 130000 "$(sql out/log.db 'SELECT count(DISTINCT _event_id) FROM log')"
is 'the target has the counts too' '130000 130000' "$(sql out/log.db 'SELECT sum(changes), sum(captured) FROM _daybreak_batch')"
db 0 ledger verify

fresh 'nothing overtakes a held file but its own better copy, in later runs neither'
cat >p.yaml <<'Y'
source: {type: file, path: drop/p_%Y%m%d.csv.gz, settle: 0s}
sink: {type: jsonl, path: out.jsonl}
Y
for night in 1 2 3; do
    printf 'id\n%s\n' "$night" | drop "drop/p_2026010$night.csv.gz"
done
mv drop/p_20260102.csv.gz whole.gz
head -c 20 whole.gz >cut.gz && mv cut.gz drop/p_20260102.csv.gz
run 4 p.yaml
run 4 p.yaml
is 'the third night waits' 1 "$(wc -l <out.jsonl)"
mv whole.gz drop/p_20260102.csv.gz
run 0 p.yaml
is 'in order' '1 2 3' "$(jq -r .after.id out.jsonl | paste -sd' ')"
db 0 ledger verify
finish
