#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# A connector of one's own, begun outside of this tree; and every module that is shipped is what the engine needs.
. "$(dirname "$0")/lib.sh"

# What `make install` leaves, in a folder; as the tutorial types it, but for where things lie.
place='make install'
inst=$work/inst
make -s -C "$DAYBREAK_BUILD" DESTDIR="$inst" install-binPROGRAMS install-moduleexecPROGRAMS install-pkgincludeHEADERS \
    install-pkgconfigDATA install-templateDATA >"$work/install" 2>&1 || { bad "$(tail -5 "$work/install")"; finish; }
pc=$(find "$inst" -name daybreak.pc)
has 'daybreak.pc is installed' daybreak.pc "$pc"
has 'the header too' connector.h "$(find "$inst" -name connector.h)"
has 'and the templates' template_format.c "$(find "$inst" -name template_format.c)"
bin=$(find "$inst" -type f -name daybreak)
modules=$(dirname "$(find "$inst" -name format_csv.so)")
own=(DAYBREAK="$bin" PKG_CONFIG_PATH="$(dirname "$pc")" PKG_CONFIG_SYSROOT_DIR="$inst" DAYBREAK_CONNECTORS="$modules")

for role in extract format load transform; do
    fresh "new $role"
    db 0 connector new shop --role $role --json
    is 'the folder' "${role}_shop" "$(json .result.folder)"
    is 'its files' "$(json '.result.files | sort | join(" ")')" "$(cd "${role}_shop" && LC_ALL=C ls | paste -sd' ')"
    lacks 'nothing of the template is left' template "$(cat "${role}_shop"/*)"
    if command -v pkg-config >/dev/null && command -v "${CC:-cc}" >/dev/null; then
        env "${own[@]}" make -s -C "${role}_shop" check DAYBREAK="$bin" CFLAGS='-O1 -Wall -Wextra -Wshadow -Werror' >"$work/made" 2>&1 ||
            bad "$(tail -15 "$work/made")"
        has 'it builds and passes, and a pipeline runs through it' 'what came out is what was expected' "$(cat "$work/made")"
    fi
    db 73 connector new shop --role $role
    has 'nothing is overwritten' 'nothing is overwritten' "$err"
done

# The tutorial, word for word, by somebody who has nothing but an installed daybreak.
fresh 'the tutorial'
if command -v pkg-config >/dev/null && command -v "${CC:-cc}" >/dev/null; then
    { echo 'set -e'; sed -n '/^```sh$/,/^```$/{/^```/d;p;}' "$top_srcdir/connectors/README.md"; } >tutorial.sh
    is 'there is one' true "$([ "$(wc -l <tutorial.sh)" -gt 15 ] && echo true)"
    env "${own[@]}" PATH="$(dirname "$bin"):$PATH" bash tutorial.sh >"$work/told" 2>&1 || bad "$(tail -15 "$work/told")"
    told=$(cat "$work/told")
    has 'what is begun works' 'what came out is what was expected' "$told"
    has 'the new option is explained' 'The sign between a name and its value.' "$told"
    has 'the wound is found' 'FAIL  resume' "$told"
    has 'and its line is reached' 'as it should be' "$told"
    has 'the empty sign is refused' 'option between is empty' "$told"
    has 'to the end' 'it is refused' "$told"
    is 'the last module is whole' 1 "$(grep -c 'FAIL  resume' "$work/told")"
fi

fresh 'words that are wrong'
db 64 connector new Shop --role format
db 64 connector new shop
db 64 connector new shop --role sink
db 64 connector old shop
db 64 connector test csv --option delimiter
db 66 connector test no_such_module
db 66 connector test ./format_none.so
cp "$modules/format_csv.so" csv.so
db 64 connector test ./csv.so
has 'how a file is called' 'ROLE_NAME.so' "$err"
printf 'optons: {}\n' >kit.yaml
db 65 connector test csv --with kit.yaml
has 'its place' 'kit.yaml:1' "$err"
cp "$DAYBREAK_BUILD/daybreak" format_broken.so
db 1 connector test ./format_broken.so --json
is 'no module at all' fail "$(json '.result.modules[0].properties[0].result')"

for module in "$modules"/*.so; do
    name=$(basename "$module" .so)
    fresh "shipped: $name"
    kit=$top_srcdir/tests/kit/$name.yaml
    [ -f "$kit" ] || { bad 'no tests/kit/NAME.yaml says what it is tried with'; continue; }
    if grep -q '^# needs a server' "$kit"; then
        db - connector test "$name" --with "$kit" --json # what needs no server is tried all the same
        is 'its table and options hold' 'pass pass' "$(json '[.result.modules[0].properties[] | select(.property == "table" or .property == "options").result] | join(" ")')"
        continue
    fi
    db 0 connector test "$name" --with "$kit" --json
    is 'nothing fails' '[]' "$(json '[.result.modules[].properties[] | select(.result == "fail")]')"
done
finish
