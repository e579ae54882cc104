#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# The table of bad input in the README, row by row: a good first night, then the bad one, then a good one. Whatever came, the third
# night's rows stand in the target.
. "$(dirname "$0")/lib.sh"

good_rows() { # good_rows NIGHT: 40 rows, of which one differs from night to night
    echo 'id,n,t'
    for i in {1..39}; do echo "$i,$i,text $i"; done
    echo "40,$1,last"
}

begin() { # begin TITLE [SOURCE-OPTIONS]: the first night has landed
    fresh "$1"
    cat >p.yaml <<Y
source:
  type: file
  path: drop/d_%Y%m%d*
  settle: 0s
  fields: {n: integer}
  capture: {key: [id]}
${2:+  $2}
sink: {type: sqlite, path: out/t.db, table: t}
Y
    good_rows 1 | drop drop/d_20260101.csv
    run 0 p.yaml
    before=$(contents out/t.db)
}

held() { # held GUARD: the second night waits for a person and nothing of it landed
    run 4 p.yaml
    counts delivered=0
    is 'the guard' "$1" "$(json '.result.held_inputs[0].guard')"
    is 'the target is untouched' "$before" "$(contents out/t.db)"
}

goes_on() { # the third night is good, and is what the target holds then
    good_rows 3 | drop drop/d_20260103.csv
    run - p.yaml
    is 'exit status of the third night' 0 "$status"
    is 'the third night stands' '40 3 780 40' "$(sql out/t.db "SELECT count(*), (SELECT n FROM t WHERE id = '40'), sum(n) - 3, count(DISTINCT t) + 0 FROM t")"
    db 0 held --json
    is 'nothing is held any more' 0 "$(json '.result.held | length')"
    db 0 ledger verify
    again p.yaml out/t.db
}

begin 'a truncated .gz'
good_rows 2 | gzip -n | head -c 150 | drop drop/d_20260102.csv
mv drop/d_20260102.csv drop/d_20260102.csv.gz
held unreadable
goes_on

begin 'a .gz with a wrong checksum'
good_rows 2 | gzip -n >whole.gz
size=$(stat -c %s whole.gz)
{ head -c $((size - 8)) whole.gz; printf 'xxxx'; tail -c 4 whole.gz; } >.arriving && touch -d '1 hour ago' .arriving && mv .arriving drop/d_20260102.csv.gz
held unreadable
goes_on

begin 'a truncated archive'
good_rows 2 >d.csv && tar -czf - d.csv | head -c 180 >.arriving && touch -d '1 hour ago' .arriving && mv .arriving drop/d_20260102.tar.gz
held unreadable
goes_on

begin 'wrong column count'
good_rows 2 | sed 's/^5,.*/5,5/; s/^6,.*/6,6,a,b/' | drop drop/d_20260102.csv
run 3 p.yaml
counts updated=1 captured=1 invalid=2 dead=2 delivered=1
db 0 dead --json
is 'the reason' 'column_count column_count' "$(json '[.result.dead[].reason] | join(" ")')"
is 'their last good versions stay' 2 "$(sql out/t.db "SELECT count(*) FROM t WHERE id IN ('5', '6') AND n = id")"
goes_on

begin 'an unclosed quote'
good_rows 2 | sed 's/^38,.*/38,38,"text 38/' | drop drop/d_20260102.csv
run 4 p.yaml
counts delivered=0
is 'the target is untouched' "$before" "$(contents out/t.db)"
goes_on

begin 'NUL bytes'
good_rows 2 | sed 's/^7,7,text 7$/7,7,te\x00xt/' | drop drop/d_20260102.csv
run 3 p.yaml
counts updated=1 captured=1 invalid=1 dead=1 delivered=1
db 0 dead --json
is 'the reason, field and line' 'nul_byte t 8' "$(json '.result.dead[0] | "\(.reason) \(.field) \(.line)"')"
goes_on

begin 'wrong encoding'
good_rows 2 | sed 's/^8,8,text 8$/8,8,t\xe4xt/' | drop drop/d_20260102.csv
run 3 p.yaml
counts updated=1 captured=1 invalid=1 dead=1 delivered=1
db 0 dead --json
is 'the reason, field and line' 'encoding t 9' "$(json '.result.dead[0] | "\(.reason) \(.field) \(.line)"')"
goes_on

begin 'a BOM and CRLF appear'
{ printf '\xef\xbb\xbf'; good_rows 2 | sed 's/$/\r/'; } | drop drop/d_20260102.csv
run 0 p.yaml
counts updated=1 captured=1 unchanged=39 read=40 delivered=1
goes_on

begin 'CR ends lines'
good_rows 2 | tr '\n' '\r' | drop drop/d_20260102.csv
run 0 p.yaml
counts updated=1 captured=1 unchanged=39 read=40 delivered=1
goes_on

begin 'no line end at the end, empty lines at the end'
good_rows 2 | head -c -1 | drop drop/d_20260102.csv
run 0 p.yaml
counts updated=1 captured=1 unchanged=39 read=40 delivered=1
{ good_rows 9; echo; } | drop drop/d_2026010201.csv
goes_on

begin 'UTF-16 by its BOM'
{ printf '\xff\xfe'; good_rows 2 | iconv -t UTF-16LE; } | drop drop/d_20260102.csv
run 0 p.yaml
counts updated=1 captured=1 unchanged=39 read=40 delivered=1
goes_on

begin 'duplicate keys'
{ good_rows 2; echo '9,9,text 9'; echo '10,11,other'; } | drop drop/d_20260102.csv
run 3 p.yaml
counts updated=1 captured=1 unchanged=38 read=42 repeated=1 invalid=2 dead=2 delivered=1
is 'the last good version stays' 10 "$(sql out/t.db "SELECT n FROM t WHERE id = '10'")"
goes_on

begin 'an empty file'
printf '' | drop drop/d_20260102.csv
held empty
goes_on

begin 'an empty .gz'
printf '' | gzip -n | drop drop/d_20260102.csv
mv drop/d_20260102.csv drop/d_20260102.csv.gz
held empty
goes_on

begin 'a header only'
good_rows 2 | head -n 1 | drop drop/d_20260102.csv
held empty
goes_on

begin 'a field of 20 MiB'
{ good_rows 2; printf '41,41,'; head -c $((20 << 20)) /dev/zero | tr '\0' x; echo; } | drop drop/d_20260102.csv
run - p.yaml
case $status in
0) is 'it landed whole' $((20 << 20)) "$(sql out/t.db "SELECT length(t) FROM t WHERE id = '41'")" ;;
3) is 'it was set aside, the rest went on' '1 1' "$(json '.result | "\(.dead) \(.updated)"')" ;;
*) is 'exit status' '0 or 3' "$status" ;;
esac
goes_on

begin 'a field that is too large for max_record'
sed -i '1i max_record: 1MiB' p.yaml
{ good_rows 2 | sed "s/^11,.*/11,11,$(head -c 70000 /dev/zero | tr '\0' y)/"; printf '12000,1,'; head -c $((3 << 20)) /dev/zero | tr '\0' x; echo; echo 41,41,after; } | drop drop/d_20260102.csv
run - p.yaml
is 'exit status: set aside, or held when no key could be read' yes "$(case $status in 3 | 4) echo yes ;; *) echo "$status" ;; esac)"
is 'what stands behind it landed' after "$(sql out/t.db "SELECT t FROM t WHERE id = '41'")"
db 0 dead --json
is 'the reason' 1 "$(json '.result.dead | length')"

begin 'same name, new content'
good_rows 2 | drop drop/d_20260101.csv '1 hour ago'
run 0 p.yaml
counts updated=1 captured=1 unchanged=39 read=40 delivered=1
goes_on

begin 'older content again under a new name'
good_rows 2 | drop drop/d_20260102.csv
run 0 p.yaml
good_rows 1 | drop drop/d_2026010201.csv
before=$(contents out/t.db)
held older
goes_on

begin 'the same content again'
good_rows 1 | drop drop/d_20260102.csv
run 0 p.yaml
counts inputs=1 repeated_inputs=1
is 'the target is untouched' "$before" "$(contents out/t.db)"
goes_on

begin 'a dropped column'
good_rows 2 | cut -d, -f1,3 | drop drop/d_20260102.csv
held missing_column
goes_on

begin 'replaced while it was read'
# Many megabytes, so that the exchange falls into the reading; wherever it falls, a whole dump stands in the end.
long=$(head -c 100000 /dev/zero | tr '\0' z)
{ echo 'id,n,t'; for i in {1..40}; do echo "$i,7,$long"; done; } | drop drop/d_20260102.csv
"$daybreak" run p.yaml >/dev/null 2>&1 &
reader=$!
for _ in {1..20}; do
    good_rows 2 | drop drop/d_20260102.csv now
done
wait "$reader"
run 0 p.yaml
is 'what stands at last is one whole dump, the last one' '40 2 781' "$(sql out/t.db "SELECT count(*), (SELECT n FROM t WHERE id = '40'), sum(n) - 1 FROM t")"
db 0 ledger verify
finish
