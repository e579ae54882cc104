#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# The errors that a newcomer meets first. Each says what is wrong, where, what to do about it, and what to type next; word for word, for
# words are what a newcomer has.
. "$(dirname "$0")/lib.sh"

says() { # says WHAT TEXT: all that was printed on stderr, with the folder as HERE
    is "$1" "$2" "${err//$PWD/HERE}"
}

lints() { # lints WHAT TEXT: the finding and its help, without the line and its caret
    is "$1" "$2" "$(grep -E '(error|warning): |^  help: ' <<<"$out" | sed "s|$PWD|HERE|g")"
}

orders() { # orders: a small pipeline that is right, and its data
    mkdir -p drop
    printf 'order_id,qty\nA1,2\nA2,3\n' | drop drop/orders.csv
    cat >orders.yaml <<'Y'
source: {path: drop/orders.csv, capture: {key: order_id}}
sink: {type: sqlite, path: out/orders.db, table: orders}
Y
}

fresh '1: a pipeline file that is not there'
db 66 run orders.yaml
says 'nothing is there' "daybreak: orders.yaml: cannot read the pipeline file: No such file or directory
  \`daybreak init\` writes one, \`daybreak init --from DATA\` one for your data"
orders
db 66 run order.yaml
says 'a near miss' "daybreak: order.yaml: cannot read the pipeline file: No such file or directory
  did you mean 'orders.yaml'?"
db 66 lint drop/orders.yaml
lints 'in another folder' 'drop/orders.yaml: error: cannot read the pipeline file: No such file or directory [no-file]
  help: `daybreak init` writes one, `daybreak init --from DATA` one for your data'

fresh '2: no key'
orders
printf 'source: {path: drop/orders.csv}\nsink: {type: sqlite, path: out/orders.db, write: mirror}\n' >orders.yaml
db 78 lint orders.yaml
lints 'what needs it and where it is written' "orders.yaml:2:50: error: \`write: mirror\` needs a key to find its row again, table 'orders' has none [no-key]
  help: source.capture.key: [columns]"

fresh '3: indentation'
orders
printf 'source:\n  path: drop/orders.csv\n   capture: {key: order_id}\nsink: {type: jsonl, path: o.jsonl}\n' >orders.yaml
db 78 run orders.yaml
says 'the place, and what may be wrong with it' "daybreak: orders.yaml:3:11: this is no YAML: a ': ' cannot stand here
  put a text that holds ': ' in quotes, or check how the line is indented"
has 'and again with the line' '     capture: {key: order_id}' "$("$daybreak" lint orders.yaml)"

fresh '4: a tab'
printf 'source:\n\tpath: drop/orders.csv\nsink: {type: jsonl, path: o.jsonl}\n' >orders.yaml
db 78 lint orders.yaml
lints 'is named' 'orders.yaml:2:1: error: a tab indents this line [tab]
  help: indent with blanks'

fresh '5: a key that nobody knows'
printf 'source: {path: drop/orders.csv, captrue: {key: order_id}}\nsink: {type: jsonl, path: o.jsonl}\n' >orders.yaml
db 78 lint orders.yaml
lints 'and the one that is meant' "orders.yaml:1:33: error: unknown key 'captrue' in 'source' [unknown-key]
  help: did you mean 'capture'?"

fresh '6: a value of the wrong kind'
printf 'source: {path: drop/orders.csv, settle: soon}\nsink: {type: jsonl, path: o.jsonl}\n' >orders.yaml
db 78 lint orders.yaml
lints 'says what the key takes' "orders.yaml:1:41: error: 'settle' must be a duration such as 250ms, 2s, 5m, 1h or 3d, not 'soon' [wrong-type]"

fresh '7: a key twice'
printf 'source:\n  path: drop/orders.csv\n  path: drop/other.csv\nsink: {type: jsonl, path: o.jsonl}\n' >orders.yaml
db 78 run orders.yaml
says 'both places, and what to do' "daybreak: orders.yaml:3:3: key 'path' stands twice, first in line 2
  keep one of them"

fresh '8: a folder that is called otherwise'
orders
sed -i 's|drop/|dorp/|' orders.yaml
db 66 run orders.yaml
says 'which folder, and the near miss' "daybreak: nothing has ever matched the path of pipeline 'orders'. There is no folder 'HERE/dorp': did you mean 'drop'?"

fresh '9: the path is relative to another folder'
orders
mkdir pipelines && mv orders.yaml pipelines
db 66 run pipelines/orders.yaml
says 'relative to the pipeline file' "daybreak: nothing has ever matched the path of pipeline 'orders'. There is no folder 'HERE/pipelines/drop'; source.path is relative to the pipeline file."
sed -i 's|drop/|../drop/|' pipelines/orders.yaml
db 0 run pipelines/orders.yaml

fresh '10: nothing matches'
orders
sed -i 's|orders.csv|ordres_*.csv|' orders.yaml
db 66 run orders.yaml
says 'what is there instead' "daybreak: nothing has ever matched the path of pipeline 'orders'. In 'HERE/drop' nothing is called 'ordres_*.csv': did you mean 'orders.csv'?"
rm drop/*
db 66 run orders.yaml
says 'nothing is' "daybreak: nothing has ever matched the path of pipeline 'orders'. 'HERE/drop' is empty: did the export run, and does it write there?"
sed -i 's|drop/ordres_\*.csv|drop|' orders.yaml
db 66 run orders.yaml
has 'a folder instead of its files' "'$PWD/drop' is a folder: name the files in it, such as drop/*.csv" "$err"

fresh '11: another delimiter'
orders
printf 'order_id;qty\nA1;2\nA2;3\n' | drop drop/orders.csv
db 4 run orders.yaml
says 'it is seen, and how it is declared' "daybreak: pipeline 'orders' holds input drop/orders.csv: key column 'order_id' is missing (its header is one column 'order_id;qty': is the delimiter ';'? format: {type: csv, delimiter: \";\"}). Nothing of it landed, the target is as it was; the next good input replaces it. To look: \`daybreak held show I1\`. When the pipeline file is mended, let it through: \`daybreak approve I1\`."
sed -i 's|capture|format: {type: csv, delimiter: ";"}, capture|' orders.yaml
db 0 approve I1
is 'which then works' 'A1 2 A2 3' "$(sql out/orders.db 'SELECT order_id, qty FROM orders' | xargs)"
printf 'id,qty\nA1,2\n' | drop drop/orders.csv
sed -i 's|delimiter: ";"|delimiter: ","|; s|order_id|number|' orders.yaml
db 4 run orders.yaml
has 'another name' 'source.capture.key names the key columns; its columns are id, qty' "$err"

fresh '12: bytes that are no text'
orders
printf 'order_id,name\nA1,M\xfcller\nA2,Ok\n' | drop drop/orders.csv
db 3 run orders.yaml
says 'the record is set aside' "daybreak: pipeline 'orders' set 1 record aside, the rest landed. To look: \`daybreak dead orders\`."
db 0 dead orders
has 'why' 'encoding' "$out"
db 0 explain encoding
has 'and what to declare' 'encoding: windows-1252' "$out"
orders
printf '\x93\xd0\x01\xfe\x88\x17\xc3\n\x99\x02\n' | drop drop/orders.csv
rm -r .daybreak out
db 4 run orders.yaml
has 'a whole file of them' 'its first line is no text: is the file packed, encrypted, or of another kind?' "$err"
printf 'order_id,qty\nA1,2\n' | iconv -t UTF-16LE | drop drop/orders.csv
rm -rf .daybreak out
db 4 run orders.yaml
has 'UTF-16 without its mark' 'encoding: UTF-16LE' "$err"

fresh '13: the target has rows of somebody else'
orders
mkdir -p out
sqlite3 out/orders.db 'CREATE TABLE orders(order_id TEXT PRIMARY KEY, qty); INSERT INTO orders VALUES (1, 2)'
db 78 run orders.yaml
says 'two ways out' "daybreak: table 'orders' of 'out/orders.db' has rows that Daybreak did not write. \`existing: adopt\` in the sink takes them over; another \`table:\` leaves them alone."
printf 'source: {path: drop/orders.csv, capture: {key: order_id}}\nsink: {type: jsonl, path: out/orders.jsonl}\n' >lines.yaml
echo mine >out/orders.jsonl
db 78 run lines.yaml
says 'a file, too' "daybreak: cannot write to 'HERE/out/orders.jsonl': it holds 5 bytes that this pipeline did not write. Give the sink another path, or \`existing: adopt\` to append behind them."

fresh '14: the folder of the target cannot be made'
orders
rmdir out && echo x >out
db 73 run orders.yaml
has 'a file stands there' 'A file stands where a folder must be: move it away, or give the sink another path.' "$err"
printf 'source: {path: drop/orders.csv, capture: {key: order_id}}\nsink: {type: jsonl, path: out/orders.jsonl}\n' >lines.yaml
db 73 run lines.yaml
has 'for a file of lines' 'A file stands where a folder must be: move it away, or give the sink another path.' "$err"

fresh '15: a second run at the same time'
orders
run 0 orders.yaml
exec 9<>.daybreak/orders/lock
if flock -n 9; then
    db 75 run orders.yaml
    says 'wait or pass over' "daybreak: another run of pipeline 'orders' holds its lock. Wait for it, or use --skip-if-running to pass over it in silence."
    printf 'pid %s\nsince 2026-01-01T00:00:00.000000Z\n' $$ >.daybreak/orders/lock
    db 75 run orders.yaml
    has 'who' "Process $$ has held it since 2026-01-01T00:00:00 UTC: wait for it" "$err"
fi
exec 9>&-

fresh '16: the state is of another pipeline'
orders
run 0 orders.yaml
mv .daybreak/orders .daybreak/sales && mv orders.yaml sales.yaml
db 78 run sales.yaml
says 'how to take it over' "daybreak: the state 'HERE/.daybreak/sales' belongs to pipeline 'orders', not to 'sales'. After renaming it: daybreak run --was orders sales.yaml."

fresh '17: a connector that is not there'
orders
sed -i 's|sqlite|sqlit|' orders.yaml
db 78 run orders.yaml
has 'the near miss and the others' "there is no load connector 'sqlit'
  did you mean 'sqlite'? there are: " "$err"
sed -i 's|{path: drop|{type: kafak, path: drop|' orders.yaml
db 78 lint orders.yaml
has 'of a source' "there is no extract connector 'kafak' [no-connector]" "$out"

fresh '18: a .gz that is cut off'
orders
{ echo order_id; seq 1 5000; } | gzip -n | head -c 3000 >drop/orders.csv.gz
touch -d '1 hour ago' drop/orders.csv.gz
sed -i 's|orders.csv|orders.csv.gz|' orders.yaml
db 4 run orders.yaml
says 'where, and that it can be sent again' "daybreak: pipeline 'orders' holds input drop/orders.csv.gz: its gzip data is cut off at byte 3000. Nothing of it landed, the target is as it was; the next good input replaces it. To look: \`daybreak held show I1\`. To turn it down: \`daybreak reject I1 --reason TEXT\`."
{ echo order_id; seq 1 5000; } | drop drop/orders.csv.gz
run 0 orders.yaml
counts loaded=5000 captured=5000 read=5000 delivered=5000

fresh '19: the disk is full'
orders
{ echo order_id,text; seq -f '%.0f,a text that fills the disk in the end' 1 4000; } | drop drop/orders.csv
printf 'source: {path: drop/orders.csv, capture: {key: order_id}}\nsink: {type: jsonl, path: out/orders.jsonl}\n' >lines.yaml
(trap '' XFSZ && ulimit -f 600 && exec "$daybreak" run lines.yaml) >"$work/out" 2>"$work/err" # as full as a test may make it
is 'exit' 74 "$?"
err=$(cat "$work/err")
has 'what was full' "cannot write '$PWD/out/orders.jsonl'" "$err"
has 'and what to do' 'Make room, then run again: nothing that was committed is lost.' "$err"
run 0 lines.yaml
is 'the next run has all of it' 4000 "$(wc -l <out/orders.jsonl)"

fresh '20: a folder where a file is meant'
orders
db 66 run .
says 'and what is in it' 'daybreak: .: cannot read the pipeline file: Is a directory
  there is orders.yaml'
db 78 run drop/orders.csv
says 'data instead of a pipeline file' 'daybreak: drop/orders.csv: this is data, and no pipeline file
  `daybreak init --from drop/orders.csv` writes a pipeline file for it'
echo hello >hello.yaml
db 78 run hello.yaml
says 'something else' 'daybreak: hello.yaml:1:1: a pipeline file is a mapping with source: and sink:
  `daybreak init` writes an example to begin with'

fresh '21: words in another order'
orders
db 64 --dry-run run orders.yaml
says 'an option before its command' "daybreak: there is no option '--dry-run' for all commands
  options of a command stand behind it: daybreak run --dry-run"
db 64 orders.yaml
says 'no command' "daybreak: there is no command 'orders.yaml'
  the command comes first: daybreak run orders.yaml"
db 64 rnu orders.yaml
says 'a near miss' "daybreak: there is no command 'rnu'
  did you mean \`daybreak run\`?"
db 64 run --dryrun orders.yaml
says 'an option' "daybreak: there is no option '--dryrun'
  did you mean --dry-run?"
db 64 run
says 'a word too few' 'daybreak: `daybreak run` needs FILE…
  daybreak run --help'
db 64 run --inputs
says 'a value too few' 'daybreak: --inputs needs a value: --inputs N
  daybreak run --help'
db 64 run orders.yaml --limit many
says 'a value that is none' "daybreak: --limit takes a whole number, 'many' is none
  daybreak run --help"

fresh '22: nothing ran yet'
db 66 status
says 'where it looked, and the two ways' "daybreak: no pipeline has run here: 'HERE/.daybreak' holds none
  daybreak run FILE, or name the folder of the state with --state"
db 66 dead orders
says 'a name' "daybreak: there is no pipeline 'orders' in 'HERE/.daybreak'
  name a pipeline file, or the folder of the state with --state; \`daybreak status\` lists what is here"

fresh '23: several files, one of them wrong'
orders
db 66 run orders.yaml nosuch.yaml
is 'told once' 1 "$(grep -c nosuch.yaml <<<"$err")"
is 'the other one ran' 2 "$(sql out/orders.db 'SELECT count(*) FROM orders')"

fresh 'no message without advice'
# Whatever has a code and no advice of its own leads to where there is some.
orders
run 0 orders.yaml
head -c 100 /dev/zero >out/orders.db
rm -f out/orders.db-*
db 78 run orders.yaml
has 'advice' 'Put it back from a backup, or move it away and run again with --resync.' "$err"

finish
