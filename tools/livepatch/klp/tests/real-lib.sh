# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#
# real-lib.sh - what came of a diff, and whether it is right; part of real.sh, which has
# $out, $cache, $files, and $nr and $failed, which count.
# shellcheck disable=SC2154

declare -A count_of

name_of() { tr '/-' '__' <<<"${1%.c}"; }

# "vmlinux name,position" for each function that is replaced
functions_of()
{
	awk -F '"' '
	$2 == "functions" { object = name }
	$2 == "position" { split($3, at, /[^0-9]+/); print object, name "," at[2] }
	$2 == "name" { name = $4 }
	$2 == "added" { exit }' "$1"
}

classes_of() { sed -n 's/^ *"class": *"\([^"]*\)".*/\1/p' "$1" | sort -u; }

# Contents of the sections that take memory, a line for each.  What relocations fill in is
# zero there: so it is the code and data alone that tell, and nothing that klp worked out.
sections()
{
	local names
	mapfile -t names < <(objdump -h -w "$1" | awk '/ALLOC/ && /CONTENTS/ { print $2 }' | sort -u |
		grep -vE '^(__mcount_loc|__patchable|\.rodata\.(str|\.?cst)|\.note|__bug_table|\.discard)')
	objdump -s -w "${names[@]/#/--section=}" "$1" |
		awk '/^Contents of section/ { sub(/:$/, "", $4); name = $4; next }
		name { text[name] = text[name] substr($0, index($0, $2), 36) }
		END { for (name in text) print name, text[name] }' | sort
}

# Where klp build has both trees of the kernel that it was last used for
scratch()
{
	find "$cache" -mindepth 2 -maxdepth 2 -name state -printf '%T@ %h\n' | sort -n | tail -n 1 | cut -d ' ' -f 2
}

# Names of those that $1 has otherwise, or new, after the patch
changed_sections()
{
	local object=${1%.c}.o
	if ! [ -f "$(scratch)/after/$object" ] || ! [ -f "$(scratch)/before/$object" ]; then
		echo "(no object)"
		return
	fi
	comm -13 <(sections "$(scratch)/before/$object") <(sections "$(scratch)/after/$object") | cut -d ' ' -f 1
}

# A static function that cannot be traced is fine as a copy, if its callers are replaced.
is_copied()
{
	[ -f "$1.ko" ] && nm "$1.ko" | grep -q " t $3\$" && ! objdump -r -j ".text.$3" "$(scratch)/before/${2%.c}.o" | grep -q __fentry__
}

# Functions of $2 with other code that are neither replaced nor new
left_out()
{
	sed -n 's/^\.text\.\(unlikely\.\|hot\.\|startup\.\)\?//p' "$1.sections" |
		sed 's/\.\(cold\|isra\|part\|constprop\).*//' | sort -u >"$1.expected"
	{
		sed 's/^[^ ]* //; s/,[0-9]*$//; s/\.\(isra\|part\|constprop\).*//' "$1.functions"
		awk -F '"' '$2 == "added" { new = 1 } new && $2 == "name" { sub(/\.(isra|part|constprop|cold).*/, "", $4); print $4 }' "$1.json"
	} | sort -u | comm -23 "$1.expected" - | while read -r function; do
		is_copied "$1" "$2" "$function" || echo "$function"
	done | paste -sd ' '
}

# verdict RESULT FILE CLASS TEXT: prints and counts it
verdict()
{
	[ "$1" = ok ] || failed=$((failed + 1))
	count_of[$3]=$((${count_of[$3]:-0} + 1))
	echo "$1 $nr $2 # $3${4:+: $4}"
}

judge_loaded()
{
	local file=$1 at=$2 left said
	left=$(<"$at.left")
	said=$(awk -v name="$(name_of "$file")" '$2 == name' "$out/boot.log")
	if [ ! -s "$at.functions" ]; then
		verdict "not ok" "$file" wrong "it replaces no function"
	elif [ -n "$left" ]; then
		verdict "not ok" "$file" wrong "not replaced, though their code changed: $left"
	elif [[ $said != ok* ]]; then
		verdict "not ok" "$file" wrong "${said:-the machine went down, or never came to it}"
	else
		verdict ok "$file" loaded "$(wc -l <"$at.functions") functions"
	fi
}

judge_refused()
{
	local file=$1 at=$2 classes why
	classes=$(classes_of "$at.json" | paste -sd +)
	why=$(head -n 1 "$at.err" | sed "s|klp: ||; s|$at|DIFF|g")
	if [ -n "$classes" ]; then
		verdict ok "$file" "$classes" "$why"
	elif grep -q 'it changes nothing' "$at.err" && [ -s "$at.sections" ]; then
		verdict "not ok" "$file" wrong "it says: changes nothing; but these changed: $(paste -sd ' ' "$at.sections")"
	elif grep -q 'it changes nothing' "$at.err"; then
		verdict ok "$file" nothing "no section of this kernel's object differs"
	elif [ -s "$at.err" ]; then
		verdict ok "$file" other "$why"
	else
		verdict "not ok" "$file" wrong "refused without a word"
	fi
}

judge()
{
	local file=$1 at status
	at=$out/$(name_of "$file")
	status=$(<"$at.status")
	if grep -qE 'Sanitizer|runtime error' "$at.err" || [ "$status" -gt 3 ]; then
		verdict "not ok" "$file" wrong "klp build crashed (status $status)"
		sed 's/^/# /' "$at.err"
	elif [ "$status" -eq 0 ]; then
		judge_loaded "$file" "$at"
	elif [ "$status" -eq 3 ]; then
		judge_refused "$file" "$at"
	elif grep -q 'does not compile' "$at.err"; then
		verdict ok "$file" "not-alone" "$(cat "$at.shared" 2>/dev/null || grep -m 1 error: "$at.err")"
	else
		verdict "not ok" "$file" wrong "$(head -n 1 "$at.err")"
	fi
}

explain()
{
	case $1 in
	loaded) echo "loaded and unloaded, these functions and no others" ;;
	nothing) echo "the change is not part of this configuration" ;;
	not-alone) echo "one file of a larger change; needs the diff of all of it" ;;
	init) echo "code that ran at boot; needs a callback written by hand" ;;
	data) echo "initial values; need a callback or a new variable written by hand" ;;
	layout) echo "the layout of a type; needs shadow variables" ;;
	notrace) echo "functions without an ftrace site; need ftrace there, or callers changed" ;;
	wrong) echo "a fault of klp" ;;
	*) echo "refused" ;;
	esac
}

table()
{
	local class code=0
	for class in "${!count_of[@]}"; do
		printf '# %-12s %3d of %d: %s\n' "$class" "${count_of[$class]}" "${#files[@]}" "$(explain "$class")"
	done | sort -k 3 -nr
	code=$((${#files[@]} - ${count_of[nothing]:-0}))
	[ $code -eq 0 ] || echo "# loaded: ${count_of[loaded]:-0} of $code that change code, $((${count_of[loaded]:-0} * 100 / code)) %"
}
