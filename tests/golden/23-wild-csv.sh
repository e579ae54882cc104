#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# CSV as people write it: however one and the same table is written, it is the same table; what proves it whole is believed, and missed.
. "$(dirname "$0")/lib.sh"

pipeline() { # pipeline FORMAT-OPTIONS [SOURCE-LINES]: p.yaml over drop/t_%Y%m%d*
    cat >p.yaml <<Y
source:
  type: file
  path: drop/t_%Y%m%d*
  settle: 0s
  format: {type: csv${1:+, $1}}
  fields: {id: integer, name: text, amount: "decimal(12,2)", qty: integer, day: {type: date, pattern: "%d.%m.%y"}}
  capture: {key: [id], guards: {max_deletes: 90%, min_rows: 0}}
${2:+$2}
sink: {type: sqlite, path: out/t.db, table: t}
Y
}

rows() {
    sql out/t.db "SELECT id || '|' || name || '|' || coalesce(amount, '~') || '|' || coalesce(qty, '~') || '|' || day FROM t ORDER BY id"
}

wanted=$'1|a, "b"\nc|1234.5|1000|2026-01-31\n2|O\'Brien|-0.05|~|1999-12-01'

written() { # written TITLE FORMAT-OPTIONS: standard input is the table, written so
    fresh "$1"
    pipeline "$2"
    drop drop/t_20260101.csv
    db 0 lint p.yaml
    run 0 p.yaml
    counts loaded=2 captured=2 read=2 delivered=2
    is 'the table' "$wanted" "$(rows)"
    again p.yaml out/t.db
}

written 'as RFC 4180 has it' '' <<'C'
id,name,amount,qty,day
1,"a, ""b""
c",1234.50,1000,31.01.26
2,O'Brien,-0.05,,01.12.99
C
written 'single quotes, semicolons, a decimal comma, points between thousands' "delimiter: ';', quote: \"'\", decimal: ',', thousands: '.'" <<'C'
id;name;amount;qty;day
1;'a, "b"
c';1.234,50;1.000;31.01.26
2;'O''Brien';-0,05;;01.12.99
C
written 'backslashes' "escape: \\, null_text: \\N" <<'C'
id,name,amount,qty,day
1,a\, \"b\"\
c,1234.5,1000,31.01.26
2,"O'Brien",-0.05,\N,01.12.99
C
written 'a delimiter of two' 'delimiter: "||", decimal: ",", thousands: space' <<C
id||name||amount||qty||day
1||"a, ""b""
c"||1 234,5||1 000||31.01.26
2||O'Brien||-0,05||||1.12.99
C
written 'a tab, a bar, a tab; no-break blanks' 'delimiter: \t|\t, decimal: ",", thousands: " "' < <(printf 'id\t|\tname\t|\tamount\t|\tqty\t|\tday\n1\t|\t"a, ""b""\nc"\t|\t1\xc2\xa0234,50\t|\t1\xe2\x80\xaf000\t|\t31.01.26\n2\t|\tO'\''Brien\t|\t-0,05\t|\t\t|\t1.12.99\n')
written 'lines before, comments, blanks around, all line ends' 'skip: 2, comment: "#", trim: true, thousands: ","' < <(printf 'Export of all orders, "nightly\r\n\r\n# key first\r\nid , name , amount, qty , day\r\n1 , "a, ""b""\nc" ,"1,234.50" , "1,000" ,31.01.26\r2,O'\''Brien,-0.05 ,  ,01.12.99\n# the end\n\n')
written 'no header, too long, a trailer, the end of file of DOS' 'header: false, delimiter: "|", ragged: cut, trailer: {starts: "TRAILER|", count: 2}' < <(printf '1|"a, ""b""\nc"|1234.50|1000|31.01.26|more|and more\n2|O'\''Brien|-0.05||01.12.99\nTRAILER|00002|x\n\x1a')
written 'UTF-16, by its BOM' '' < <(printf 'id,name,amount,qty,day\n1,"a, ""b""\nc",1234.50,1000,31.01.26\n2,O'\''Brien,-0.05,,01.12.99\n' | iconv -t UTF-16)

fresh 'a trailer decides'
pipeline 'trailer: {starts: TRAILER, count: 2}'
held() { # held INPUT: why it is
    json ".result.held_inputs[] | select(.input == \"drop/t_202601$1.csv\").reason"
}
night() { # night DAY TRAILER: two rows and what follows them
    printf 'id,name,amount,qty,day\n1,a,1,1,01.01.26\n2,%s,2,2,01.01.26\n%s' "$1" "$2" | drop "drop/t_202601$1.csv"
}
night 01 $'TRAILER,2\n'
run 0 p.yaml
night 02 $'TRAILER,3\n'
run 4 p.yaml
is 'both numbers' 'the trailer in line 4 says 3 rows, there are 2' "$(held 02)"
night 03 ''
run 4 p.yaml
is 'none is a file cut off' "the trailer is missing: no line begins with 'TRAILER'" "$(held 03)"
night 04 $'TRAILER,2\n3,c,3,3,01.01.26\n'
run 4 p.yaml
is 'nothing stands behind it' 'line 5 stands behind the trailer' "$(held 04)"
night 05 $'TRAILER|2\n'
run 4 p.yaml
is 'cut by what?' 'the trailer in line 4 has 1 field, its count should be field 2' "$(held 05)"
is 'nothing of them landed' '01' "$(sql out/t.db 'SELECT name FROM t WHERE id = 2')"
night 06 $'"TRAILER",  "2"\n\n'
run 4 p.yaml
night 07 $'"TRAILER","2"\n\n'
run 0 p.yaml
is 'in quotes it is one too' 07 "$(sql out/t.db 'SELECT name FROM t WHERE id = 2')"
db 0 ledger verify

fresh 'numbers that are grouped wrongly are set aside, each with its field and value'
pipeline 'delimiter: ";", decimal: ",", thousands: "."'
drop drop/t_20260101.csv <<'C'
id;name;amount;qty;day
1;good;1.234,56;1.000;31.01.26
2;bad;1.23.4;1;31.01.26
3;bad;1234.567;1;31.01.26
4;bad;1;1.5;31.01.26
5;bad;0.123;1;31.01.26
1.006;good;12,5;;31.01.26
C
run 3 p.yaml
counts loaded=2 captured=2 read=6 invalid=4 dead=4 delivered=2
db 0 dead --json
is 'why' 'bad_decimal amount 1.23.4|bad_decimal amount 1234.567|bad_integer qty 1.5|bad_decimal amount 0.123' \
    "$(json '[.result.dead[] | "\(.reason) \(.field) \(.value)"] | join("|")')"
is 'a key may be grouped too' '1 1234.56 1000|1006 12.5 ~' "$(sql out/t.db "SELECT id, amount, coalesce(qty, '~') FROM t ORDER BY id" | paste -sd'|')"
drop drop/t_20260102.csv now <<'C'
id;name;amount;qty;day
1;good;1234,56;1000;31.01.26
1006;good;12,50;;31.01.26
C
run 0 p.yaml
counts read=2 unchanged=2 deleted=4 absent=4 dead=-4 # what was only ever set aside, and is gone

fresh 'encodings'
pipeline 'encoding: windows-1252'
{
    echo 'id,name,amount,qty,day'
    for i in {1..4000}; do printf '%s,\x80 caf\xe9 %s \x93%0*d\x94,1,1,01.01.26\n' "$i" "$i" $((i % 97)) 0; done # more than one block, of characters that grow
} | drop drop/t_20260101.csv
run 0 p.yaml
counts loaded=4000 captured=4000 read=4000 delivered=4000
is 'characters' '€ café 7 “0000000”' "$(sql out/t.db 'SELECT name FROM t WHERE id = 7')"
# Some night it comes in UTF-8 with a BOM, which says more than the file that declares the encoding.
{
    printf '\xef\xbb\xbf'
    echo 'id,name,amount,qty,day'
    for i in {1..4000}; do printf '%s,€ café %s “%0*d”,1,1,01.01.26\n' "$i" "$i" $((i % 97)) 0; done
} | drop drop/t_20260102.csv now
run 0 p.yaml
counts read=4000 unchanged=4000
fresh 'half a character'
pipeline 'encoding: UTF-16LE'
{
    printf 'id,name,amount,qty,day\n1,' | iconv -t UTF-16LE
    printf '\x00\xd8'
    printf ',1,1,01.01.26\n2,good,1,1,01.01.26\n' | iconv -t UTF-16LE
} | drop drop/t_20260103.csv
run 3 p.yaml
is 'half a pair is one bad row' 'encoding name 2' "$(db 0 dead --json; json '.result.dead[0] | "\(.reason) \(.field) \(.line)"')"
is 'and shifts nothing' good "$(sql out/t.db 'SELECT name FROM t WHERE id = 2')"

fresh 'options that cannot be meant'
wrong() { # wrong FORMAT-OPTIONS LINE:COLUMN MESSAGE [CODE]
    pipeline "$1"
    db 78 lint p.yaml --json
    is "$1" "$2 ${4:-bad-options} $3" "$(json '.result.findings[0] | "\(.line):\(.column) \(.code) \(.message)"')"
}
wrong "delimiter: ';', quote: ';'" 5:34 "cannot use delimiter ';': it is the quote too"
wrong 'trailer: {count: 2}' 5:40 'trailer needs starts: how its line begins'
wrong 'trailer: {starts: T, count: none}' 5:51 "cannot use trailer.count 'none': it is the number of a field, from 1"
wrong 'thousands: "."' 5:34 "cannot use thousands '.': it is the decimal point too"
wrong 'comment: "\""' 5:32 "cannot use comment '\"': a record whose first field is quoted would be one"
wrong 'decimal: ";"' 5:32 "'decimal' may be . or ,, not ';'" unknown-choice
wrong 'encoding: latin9000' 5:33 "encoding 'latin9000' is not known here" unknown-encoding
pipeline 'delimiter: ";", quote: ";", trailer: {start: x}, thousands: x'
db 78 lint p.yaml --json
is 'all at once' 'delimiter trailer trailer.start thousands' \
    "$(json '[.result.findings[].message] | map(if test("delimiter") then "delimiter" elif test("unknown key") then "trailer.start" elif test("needs starts") then "trailer" else "thousands" end) | join(" ")')"
db 78 lint p.yaml
has 'the line and a caret' '  format: {type: csv, delimiter: ";"' "$err$out"
drop drop/t_20260101.csv </dev/null
db 78 run p.yaml
has 'run says where too' "p.yaml:5:" "$err"
for other in 'sep: delimiter' 'delim: delimiter' 'quotechar: quote' 'escapechar: escape' 'skiprows: skip' 'skip_rows: skip' 'nullstr: null_text' \
    'na_values: null_text' 'decimal_separator: decimal' 'thousands_separator: thousands' 'skipinitialspace: trim' 'charset: encoding'; do
    pipeline "${other%%:*}: x"
    db 78 lint p.yaml --json
    is "who knows ${other%%:*} finds ${other##*: }" "did you mean '${other##*: }'?" "$(json '.result.findings[0].suggestion')"
done
db 0 explain bad-options

fresh 'the example of the README'
{
    echo 'source:'
    echo '  path: drop/*.csv'
    awk '/^<!-- wild/ { wait = 1 } wait && /^```yaml/ { in_block = 1; next } in_block && /^```/ { exit } in_block { print "  " $0 }' "$top_srcdir/README.md"
    echo 'sink: {type: sqlite, path: out/t.db}'
} >p.yaml
db 0 lint p.yaml
is 'it is there' 1 "$(grep -c manifest.json p.yaml)"
finish
