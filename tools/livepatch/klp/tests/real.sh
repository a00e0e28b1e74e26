#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Real fixes: what klp makes of the difference between two releases of the kernel.
#
# The older version of Debian's linux-source-6.12 that is next to the one of our base is
# fetched, and every source file that the kernel $KLP_TREE is made of gets a diff from the
# base's version to the older one.  So each fix is taken backwards; that needs no kernel but
# the one that is there, and as a change of code it is as good as any.  Each diff is built;
# one boot in QEMU loads and unloads what came of it.  Prints KTAP: a line per file, then how
# many of how many; a refusal with its reason is ok, a wrong outcome is not:
#
#	a crash, or an error without a reason
#	a function with other bytes in its section that the patch does not replace
#	"it changes nothing", where sections differ
#	other functions redirected than those that klp build named
#	a patch that does not load or unload, or of which the kernel complains
#
# Usage: tests/real.sh [FILE...]	KLP_TREE= built kernel, BIN= directory of klp,
#					KLP_BASE= pristine source, OLDER= version to take,
#					MOST= how many files, evenly chosen
set -u
shopt -s lastpipe
export LC_ALL=C
here=$(cd "$(dirname "$0")" && pwd)
top=$(cd "$here/../../../.." && pwd)
tree=$(realpath "${KLP_TREE:-$top/build/linux}")
base=$(realpath "${KLP_BASE:-$top/build/base}")
bin=$(realpath "${BIN:-$top/build/klp}")
store=$top/build/real
out=$store/out
package=linux-source-6.12
LIMIT=1500
MOST=${MOST:-72}
SHARED=40	# objects: a header that more depend on is no part of the change of one file

# shellcheck source=real-lib.sh
. "$here/real-lib.sh"

skip()
{
	echo "TAP version 13"
	echo "1..0 # SKIP $*"
	exit 4
}

# --- the two releases ----------------------------------------------------------------

release_of() { awk -F ' *= *' '/^VERSION|^PATCHLEVEL|^SUBLEVEL/ { printf "%s%s", dot, $2; dot = "." }' "$1/Makefile"; }

older_version()
{
	local newest
	newest=$(release_of "$base")
	apt-cache madison "$package" 2>/dev/null | awk -F ' *[|] *' '{ print $2 }' | sort -uVr |
		awk -v than="$newest" '{ split($0, at, "-"); print at[1], $0 }' |
		while read -r release version; do
			[ "$release" != "$newest" ] || continue
			[ "$(printf '%s\n' "$release" "$newest" | sort -V | head -n 1)" = "$release" ] || continue
			echo "$version"
			break
		done
}

# What was compiled, and the headers that go with it
wanted()
{
	local files=("${tree}" -name '*.o' -path '*/*')
	find "${files[@]}" -printf '%P\n' | grep -vE '^(scripts|tools|arch/x86/(tools|realmode|entry/vdso|boot))/' |
		sed 's/\.o$/.c/' | (cd "$base" && xargs ls -d 2>/dev/null)
	(cd "$base" && find include arch/x86/include block drivers fs init ipc kernel lib mm net \
		security -name '*.h')
}

# Unpacks version $1 once, into $store/$1; only what may be compared.
fetch()
{
	local dir=$store/$1 work
	[ ! -d "$dir" ] || return 0
	mkdir -p "$store"
	work=$(mktemp -d "$store/tmp.XXXXXX")
	find "$store" -maxdepth 1 -name "${package}_${1//:/%3a}_*.deb" -exec cp -l {} "$work" \;
	ls "$work"/*.deb >/dev/null 2>&1 || (cd "$work" && apt-get -q download "$package=$1" >apt.log 2>&1) ||
		{ rm -rf "$work"; return 1; }
	{ wanted; echo Makefile; } | sed "s|^|$package/|" >"$work/list"
	mkdir "$work/tree"
	dpkg-deb --fsys-tarfile "$work"/*.deb | tar -xOf - "./usr/src/$package.tar.xz" |
		tar -C "$work/tree" --strip-components=1 -xJf - -T "$work/list" 2>"$work/missing"
	[ -f "$work/tree/Makefile" ] && mv "$work/tree" "$dir"
	rm -rf "$work"
	[ -d "$dir" ]
}

# The kernel may have patches of its own, where the difference does not fit.
applies() { diff_of "$1" | patch -p1 -F0 -f -s --dry-run -d "$tree" >/dev/null 2>&1; }

changed_sources()
{
	wanted | grep '\.c$' | sort -u | while read -r file; do
		[ -f "$older/$file" ] && ! cmp -s "$base/$file" "$older/$file" && applies "$file" && echo "$file"
	done
}

# Not more than $MOST of $1 lines: the test is to be done in ten minutes.
evenly() { awk -v nr="$1" -v most="$MOST" 'nr <= most || int(NR * most / nr) > int((NR - 1) * most / nr)'; }

# --- one file -------------------------------------------------------------------------

# The headers that differ and that the object of $1 includes
changed_headers()
{
	tr ' ' '\n' <"$tree/$(dirname "$1")/.$(basename "$1" .c).o.cmd" | sed -n 's|^\./||; /\.h$/p' |
		grep -v '^/' | sort -u | while read -r header; do
		[ -f "$older/$header" ] && ! cmp -s "$base/$header" "$older/$header" && echo "$header"
	done
}

dependents() { find "$tree" -name '.*.o.cmd' -print0 | xargs -0 grep -lwF "$1" | wc -l; }

diff_of()
{
	local file
	for file; do
		diff -u --label "a/$file" --label "b/$file" "$base/$file" "$older/$file"
	done
}

klp_build()
{
	timeout "$LIMIT" "$bin/klp" build --json --source "$tree" --build "$tree" --cache "$cache" \
		-o "$1.ko" "$1.patch" >"$1.json" 2>"$1.err" </dev/null
	echo $? >"$1.status"
}

# What does not compile alone gets the headers that go with it, unless half the kernel does.
build_with_headers()
{
	local file=$1 at=$2 header nr most=0
	grep -q 'does not compile' "$at.err" || return 0
	mapfile -t headers < <(changed_headers "$file")
	[ ${#headers[@]} -gt 0 ] || return 0
	for header in "${headers[@]}"; do
		nr=$(dependents "$header")
		[ "$nr" -le $most ] || most=$nr
	done
	if [ $most -gt $SHARED ]; then
		echo "$(sed -n 's/.*error: //p' "$at.err" | head -n 1); with ${headers[*]} $most objects change" >"$at.shared"
		return 0
	fi
	diff_of "$file" "${headers[@]}" >"$at.patch"
	klp_build "$at"
}

build_one()
{
	local file=$1 at
	at=$out/$(name_of "$file")
	diff_of "$file" >"$at.patch"
	klp_build "$at"
	[ "$(<"$at.status")" -eq 0 ] || build_with_headers "$file" "$at"
	functions_of "$at.json" >"$at.functions"
	changed_sections "$file" >"$at.sections"
	left_out "$at" "$file" >"$at.left"
	if [ "$(<"$at.status")" -eq 0 ]; then
		mkdir -p "$out/guest"
		strip -g -o "$out/guest/$(name_of "$file").ko" "$at.ko"
		cp "$at.functions" "$out/guest/$(name_of "$file").functions"
	fi
	echo "# built: $file: $(<"$at.status")"
}

# --- all -------------------------------------------------------------------------------

boot()
{
	[ -d "$out/guest" ] || return 0
	make -s -C "$top/tools/livepatch/klp" O="$top/build/klp" >"$out/make.log" 2>&1 ||
		{ sed 's/^/# /' "$out/make.log"; return 1; }
	"$top/scripts/vm" -k "$tree" -T 600 -a kunit.enable=0 -a log_buf_len=4M -l "$out/console.log" \
		-f "$top/build/klp/klp:/usr/bin/klp" -f "$out/guest:/mods" -f "$here/real-guest.sh:/real-guest.sh" \
		-- 'bash /real-guest.sh' 2>"$out/vm.err" | tr -d '\r' >"$out/boot.log"
	grep -q '^done' "$out/boot.log" || sed 's/^/# /' "$out/vm.err"
}

command -v apt-get dpkg-deb >/dev/null || skip "this is not a Debian system"
version=${OLDER:-$(older_version)}
[ -n "$version" ] || skip "apt knows no $package older than $(release_of "$base")"
older=$store/$version
fetch "$version" || skip "$package $version cannot be downloaded"

cache=$top/build/klp-cache
rm -rf "$out"
mkdir -p "$out"
[ $# -gt 0 ] || mapfile -t all < <(changed_sources)
[ $# -eq 0 ] || all=("$@")
mapfile -t files < <(printf '%s\n' "${all[@]}" | evenly ${#all[@]})
echo "TAP version 13"
echo "# $package: $(release_of "$base") with the changes since $version taken back, ${#files[@]} of ${#all[@]} files"
echo "1..${#files[@]}"
for file in "${files[@]}"; do
	build_one "$file"
done
touch "$out/boot.log"
boot
failed=0 nr=0
for file in "${files[@]}"; do
	nr=$((nr + 1))
	judge "$file"
done
table
exit $((failed > 0))
