#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# tests/build.sh [CASE | FUNCTION]...
#
# klp build with real diffs against a built kernel.  Each build/CASE has diffs and a file
# "expect".  It either begins with
#
#	refused TEXT		there must be no module, and this text in what klp says
#
# or is for the guest (see build-guest.sh), where the module is loaded, observed and
# unloaded; these lines of it are for here:
#
#	sections [CONFIG_X] NAME...	the module has these, if the kernel has that
#	module NAME...		patch the modules of build/modules, and take them along
#
# The guest's core verifies what each module was built against.  One module is built against
# a vmlinux in which a byte of a function is another one: that has to be refused.
#
# Needs $BIN/klp and $KLP_TREE, a kernel built in its source.  Scratch trees are kept in
# $KLP_BUILD_CACHE (default $BIN/build-cache).  Prints KTAP.

set -u
export LC_ALL=C
bin=$(realpath "${BIN:?the directory of klp}")
tree=$(realpath "${KLP_TREE:?a built kernel}")
cd "$(dirname "$0")" || exit 1
top=$(cd ../../../.. && pwd)
cache=${KLP_BUILD_CACHE:-$bin/build-cache}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
nr=0 failed=0
seconds_max=20		# for one file that changed, when the scratch tree is there

verdict()
{
	nr=$((nr + 1))
	if [ -z "$2" ]; then
		echo "ok $nr $1"
	else
		failed=$((failed + 1))
		echo "# $1: ${2//$'\n'/$'\n# '}"
		echo "not ok $nr $1"
	fi
}

# klp OUTPUT ARGUMENT...: what it says is in $said, its end in $status
klp()
{
	said=$("$bin/klp" build --build "$tree" --cache "$cache" -j 1 -o "$@" 2>&1 < /dev/null)
	status=$?
	case $said in
	*"runtime error"*|*Sanitizer*) status=255 ;;
	esac
}

# What there is to complain about, or nothing: wants STATUS [TEXT]
wants()
{
	if [ "$status" -ne "$1" ] || [[ $said != *"${2:-}"* ]]; then
		echo "want status $1${2:+ and \"$2\"}, got $status: $said"
	fi
}

refuses()
{
	verdict "$1" "$(wants 3 "$2")"
}

source_of()
{
	if grep -q '^module ' "build/$1/expect"; then
		echo "--module $work/modules"
	else
		echo "--source $tree"
	fi
}

missing_sections()
{
	local has s

	has=$(readelf -SW "$2")
	for s in $(sed -n 's/^sections //p' "build/$1/expect"); do
		if [[ $s == CONFIG_* ]]; then
			grep -q "^$s=y" "$tree/.config" || return
			continue
		fi
		[[ $has == *" $s "* || $has == *".$s "* ]] || echo "no section $s"
	done
}

build_case()
{
	local case=$1 text ko=$work/guest/$1.ko

	text=$(sed -n 's/^refused //p' "build/$case/expect")
	# shellcheck disable=SC2046
	klp "$ko" -n "klp_$case" $(source_of "$case") "build/$case"/*.patch
	if [ -n "$text" ]; then
		refuses "$case" "$text"
		rm -f "$ko"
		return
	fi
	cp "build/$case/expect" "$work/guest/$case.expect"
	if [ "$status" -eq 0 ] && grep -q '^sections ' "build/$case/expect"; then
		verdict "$case.has_its_special_sections" "$(missing_sections "$case" "$ko")"
	fi
	verdict "$case.builds" "$(wants 0)"
}

build_modules()
{
	cp -r build/modules "$work/modules"
	make -C "$tree" M="$work/modules" modules > "$work/log" 2>&1 || tail -20 "$work/log"
	for ko in "$work"/modules/*.ko; do
		cp "$ko" "$work/guest/$(basename "$ko" .ko).mod"
	done
	cc -O2 -Wall -o "$work/guest/syscall" build/syscall.c
}

# --- what is wrong with what klp is given --------------------------------------------

plain=build/several/1.patch

fake_compiler()
{
	mkdir "$work/bin"
	printf '#!/bin/sh\necho "gcc (Another) 99.1"\n' > "$work/bin/gcc"
	chmod +x "$work/bin/gcc"
	PATH=$work/bin:$PATH klp "$work/x.ko" --source "$tree" "$plain"
	refuses refused_another_compiler 'but the kernel was built by'
}

another_vmlinux()
{
	local at id byte

	cp "$tree/vmlinux" "$work/vmlinux"
	at=$((16#$(readelf -SW "$work/vmlinux" | sed 's/\[ *//' | awk '$2 == ".notes" || $2 == ".note.gnu.build-id" { print $5; exit }')))
	id=$(readelf -n "$work/vmlinux" 2> /dev/null | sed -n 's/.*Build ID: //p' | head -1)
	# Its first byte, wherever in the notes it is
	byte=$(od -An -v -tx1 -w1 -j "$at" -N 4096 "$work/vmlinux" | tr -d ' \n')
	byte=${byte%%"$id"*}
	byte=$((at + ${#byte} / 2))
	printf '%b' "\\x$(printf %02x $((16#${id:0:2} ^ 255)))" |
		dd of="$work/vmlinux" bs=1 seek="$byte" conv=notrunc status=none
	klp "$work/x.ko" --source "$tree" --vmlinux "$work/vmlinux" "$plain"
	refuses refused_another_vmlinux 'it is another build'
	rm "$work/vmlinux"
}

# Another byte in a push of a function that "plain" changes, which no kernel rewrites
another_function()
{
	local function=meminfo_proc_show at text

	grep -q '^CONFIG_LIVEPATCH=y' "$tree/.config" && [ -e "$tree/kernel/livepatch/verify.c" ] || return
	at=$(objdump -d --no-show-raw-insn --disassemble=$function "$tree/vmlinux" |
		awk '$2 == "push" { sub(":", "", $1); print $1; exit }')
	text=$(readelf -SW "$tree/vmlinux" | sed 's/\[ *//' | awk '$2 == ".text" { print $4, $5; exit }')
	[ -n "$at" ] && [ -n "$text" ] || { verdict another_function "no push in $function"; return; }
	cp "$tree/vmlinux" "$work/vmlinux"
	printf '\x90' | dd of="$work/vmlinux" bs=1 conv=notrunc status=none \
		seek=$((16#$at - 16#${text% *} + 16#${text#* }))
	klp "$work/guest/changed.ko" -n klp_changed --source "$tree" --vmlinux "$work/vmlinux" "$plain"
	verdict another_function.builds "$(wants 0)"
	echo $function > "$work/guest/changed.refused"
	rm "$work/vmlinux"
}

# bad_diff NAME STATUS TEXT SED-PROGRAM: a good diff, made bad
bad_diff()
{
	sed "$4" "$plain" > "$work/bad.patch"
	klp "$work/x.ko" --source "$tree" "$work/bad.patch"
	verdict "$1" "$(wants "$2" "$3")"
}

bad_diffs()
{
	bad_diff refused_fuzz 3 'only with fuzz' 's/^ static int version_proc_show/ static long version_proc_show/'
	bad_diff refused_diff_of_another_file 1 'there is no such file' 's/meminfo\.c/nomeminfo.c/'
	bad_diff refused_truncated_in_a_hunk 1 'bad.patch:' '10,$d'
	bad_diff refused_truncated_header 3 'it changes no' '5,$d'
	bad_diff refused_no_diff 1 'no unified diff' 's/^[-+@]/ /'
	{
		echo '--- a/fs/proc/version.c'
		echo '+++ /dev/null'
		echo "@@ -1,$(wc -l < "$tree/fs/proc/version.c") +0,0 @@"
		sed 's/^/-/' "$tree/fs/proc/version.c"
	} > "$work/deleted.patch"
	klp "$work/x.ko" --source "$tree" "$work/deleted.patch"
	refuses refused_deleted_file 'fs/proc/version.c'
}

# --- the same bytes, and in time -------------------------------------------------------

differs()
{
	cmp "$1" "$2" 2>&1
}

reproducible()
{
	local first=$work/guest/tables.ko start

	[ -e "$first" ] || return
	start=$(date +%s%N)
	klp "$work/one/tables.ko" -n klp_tables --source "$tree" "$plain"
	verdict another_diff_between "$(wants 0)"
	start=$((($(date +%s%N) - start) / 1000000))
	echo "# the build of a diff for two files that were built before took $start ms"
	verdict repeated_build_takes_at_most_${seconds_max}_seconds \
		"$([ $start -le $((seconds_max * 1000)) ] || echo "$start ms")"
	klp "$work/one/tables.ko" -n klp_tables --source "$tree" build/tables/fix.patch
	verdict same_bytes_in_another_directory "$(wants 0; differs "$first" "$work/one/tables.ko")"
	cache=$work/another-cache klp "$work/two/tables.ko" -n klp_tables --source "$tree" build/tables/fix.patch
	verdict same_bytes_with_another_cache "$(wants 0; differs "$first" "$work/two/tables.ko")"
	rm -rf "$work/another-cache"
}

# --- the virtual machine ----------------------------------------------------------------

in_guest()
{
	local line said=0

	cp build-guest.sh "$bin/klp" "$work/guest"
	"$top/scripts/vm" -k "$tree" -T 400 -m 1536M -a kunit.enable=0 -a livepatch.verify=1 -a log_buf_len=4M -l "$work/console" \
		-f "$work/guest:/guest" -- 'PATH=/guest:$PATH bash /guest/build-guest.sh /guest' > "$work/out" 2>&1
	while IFS= read -r line; do
		line=${line%$'\r'}
		case $line in
		"ok "*) verdict "${line#ok }" '' ;;
		"not ok "*) line=${line#not ok }; verdict "${line%% *}" "${line#* # }" ;;
		"end of cases") said=1 ;;
		*) echo "# guest: $line" ;;
		esac
	done < "$work/out"
	verdict guest_comes_to_its_end "$([ $said = 1 ] || tail -20 "$work/console")"
}

main()
{
	local case dir

	mkdir -p "$work/guest" "$work/one" "$work/two" "$cache"
	echo "TAP version 13"
	build_modules
	for case; do
		if [ -d "build/$case" ]; then
			build_case "$case"
		else
			"$case"
		fi
	done
	if [ $# -eq 0 ]; then
		for dir in build/*/expect; do build_case "$(basename "$(dirname "$dir")")"; done
		fake_compiler
		another_vmlinux
		bad_diffs
		reproducible
		another_function
	fi
	in_guest
	echo "1..$nr"
	[ $failed -eq 0 ]
}

main "$@"
