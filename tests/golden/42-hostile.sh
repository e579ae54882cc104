#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Inputs that were made to do harm: each is refused, with its reason, within 5 s of processor time and 256 MiB, and nothing of it lands.
. "$(dirname "$0")/lib.sh"

export PYTHONDONTWRITEBYTECODE=1

pipeline() { # pipeline FILE FORMAT [MORE]
    cat >p.yaml <<Y
source: {type: file, path: "$1", settle: 0s, format: $2, capture: {key: [id]}${3:+, $3}}
sink: {type: sqlite, path: out/p.db}
Y
}

refused() { # refused WHAT REASON: held, for this reason
    local before=$failed
    (ulimit -t 5 && memory_at_most 400000 && exec "$daybreak" run --json p.yaml) >"$work/out" 2>"$work/err" </dev/null
    status=$?
    out=$(tr -d '\0' <"$work/out")
    is "$1: exit status" 4 "$status"
    has "$1: why" "$2" "$(json '.result.held_inputs[0].reason')"
    is "$1: nothing landed" 0 "$(json .result.delivered)"
    [ "$failed" = "$before" ] || printf '  %s\n' "${out:0:600}" "$(head -c 600 "$work/err")"
    db - reject I1 --reason test >/dev/null
    rm -rf .daybreak out/*
}

fresh 'XML'
pipeline x.xml '{type: xml, record: //r, fields: {id: "@id", v: v}}'
{
    echo '<!DOCTYPE x [<!ENTITY a "aaaaaaaaaaaaaaaaaaaa">'
    last=a
    for name in b c d e f g h i j k; do
        echo "<!ENTITY $name \"&$last;&$last;&$last;&$last;&$last;&$last;&$last;&$last;&$last;&$last;\">"
        last=$name
    done
    echo ']><x><r id="1"><v>&k;</v></r></x>'
} >x.xml
refused 'entities that grow' 'the document has a DOCTYPE'
echo secret >secret.txt
echo "<!DOCTYPE x [<!ENTITY s SYSTEM \"file://$PWD/secret.txt\">]><x><r id='1'><v>&s;</v></r></x>" >x.xml
refused 'a file that is to be read' 'the document has a DOCTYPE'
echo '<!DOCTYPE x SYSTEM "http://127.0.0.1:9/x.dtd"><x><r id="1"/></x>' >x.xml
refused 'a DTD that is to be fetched' 'the document has a DOCTYPE'
echo '<x><!DOCTYPE y [<!ENTITY a "b">]><r id="1"><v>&a;</v></r></x>' >x.xml
refused 'a DOCTYPE where none may be' 'no well-formed XML'
printf '<?xml version="1.0" encoding="UTF-16"?><!DOCTYPE x [<!ENTITY a "b">]><x/>' | iconv -f UTF-8 -t UTF-16 >x.xml
refused 'a DOCTYPE in another encoding' 'the document has a DOCTYPE'
awk 'BEGIN { for (i = 0; i < 200000; i++) printf "<a>" }' >x.xml
refused 'elements without an end in each other' 'no well-formed XML'
{
    printf '<x><r id="1" v="'
    head -c 60000000 /dev/zero | tr '\0' a
    printf '"/></x>'
} >x.xml
refused 'an attribute of 60 MB' 'no well-formed XML'
printf '<x><r id="1"><v>\0</v></r></x>' >x.xml
refused 'a NUL byte' 'NUL byte'

fresh 'JSON'
pipeline x.json '{type: json}'
{ printf '[{"id":'; head -c 3000000 /dev/zero | tr '\0' '['; } >x.json
refused 'arrays without an end in each other' 'line 1'
{ printf '[{"id":"'; head -c 60000000 /dev/zero | tr '\0' a; } >x.json
refused 'a text without an end' 'its first record cannot be read'

fresh 'what is packed'
for packer in zstd bzip2; do # which pack a thousand times what gzip does
    pipeline x.csv '{type: csv}'
    { echo id,v && head -c 400000000 /dev/zero; } | $packer -c >x.csv
    refused "a bomb of one stream, $packer" 'more than'
done
pipeline x.zip '{type: csv}' 'max_ratio: 100'
python3 - <<'P'
import zipfile
with zipfile.ZipFile("x.zip", "w", zipfile.ZIP_DEFLATED, compresslevel=9) as z:
    with z.open("a.csv", "w", force_zip64=True) as m:
        m.write(b"id,v\n")
        zeros = b"\0" * (1 << 24)
        for _ in range(10):
            m.write(zeros)
P
refused 'a zip bomb' 'more than'
names() { # names NAME: a zip with a member called so
    python3 - "$1" <<'P'
import sys, zipfile
with zipfile.ZipFile("x.zip", "w") as z:
    z.writestr(zipfile.ZipInfo(sys.argv[1].encode().decode("unicode_escape")), "id,v\n1,a\n")
P
}
for name in ../../etc/passwd /etc/passwd 'a/../../b.csv' '..\\..\\b.csv'; do
    names "$name"
    refused "a member called '$name'" ''
done
pipeline x.zip '{type: csv}'
python3 - <<'P'
import struct, zipfile
with zipfile.ZipFile("x.zip", "w") as z:
    z.writestr(zipfile.ZipInfo("a.csv"), "id,v\n1,a\n2,b\n")
data = bytearray(open("x.zip", "rb").read())
for sign, at in ((b"PK\x03\x04", 22), (b"PK\x01\x02", 24)):  # sizes that lie, in both places
    where = data.find(sign)
    data[where + at:where + at + 4] = struct.pack("<I", 9)
    data[where + at - 4:where + at] = struct.pack("<I", 9)
open("x.zip", "wb").write(data)
P
refused 'a member whose size lies' ''
python3 - <<'P'
import zipfile
with zipfile.ZipFile("x.zip", "w") as z:
    z.writestr(zipfile.ZipInfo("a.csv"), "id,v\n" + "1,a\n" * 1000)
data = bytearray(open("x.zip", "rb").read())
central = data.find(b"PK\x01\x02")
eocd = data.find(b"PK\x05\x06")
data[eocd + 8:eocd + 12] = b"\xff\xff\xff\xff"  # members that are not there
open("x.zip", "wb").write(data)
P
refused 'members that are not there' ''
pipeline x.tar '{type: csv}'
python3 - <<'P'
import io, tarfile
with tarfile.open("x.tar", "w") as t:
    link = tarfile.TarInfo("a.csv")
    link.type, link.linkname = tarfile.SYMTYPE, "/etc/passwd"
    t.addfile(link)
P
refused 'a link' ''
python3 - <<'P'
import tarfile
with tarfile.open("x.tar", "w") as t:
    t.addfile(tarfile.TarInfo("a.csv"))
data = bytearray(open("x.tar", "rb").read())
data[124:136] = b"77777777777\0"  # 8 GiB that are not there
data[148:156] = b"        "
data[148:156] = b"%06o\0 " % sum(data[:512])
open("x.tar", "wb").write(data)
P
refused 'a member of 8 GiB that are not there' ''
finish
