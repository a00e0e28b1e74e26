#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Broken input gives an error, never a crash; in KTAP.
#
# Files that are cut off or spoilt at many places, through klp itself; and libFuzzer, with
# seeds that are made here: 100,000 runs of each target, always the same ones; or, with
# FUZZ_SECONDS=N, other ones each time for so long.  What crashes is kept in build/fuzz.
#
# Usage: tests/fuzz.sh [CASE...]	BIN= directory of klp, built with sanitizers

set -u
export LC_ALL=C ASAN_OPTIONS=allocator_may_return_null=1:detect_leaks=0
cd "$(dirname "$0")/.." || exit 1
top=$(cd ../../.. && pwd)
BIN=$(realpath "${BIN:?the directory of klp}")
CLANG=${CLANG:-clang}
SECONDS_EACH=${FUZZ_SECONDS:-0}
keep=$top/build/fuzz
work=$(mktemp -d -p "$([ -w /dev/shm ] && echo /dev/shm || echo /tmp)")	# klp syncs what it writes
trap 'rm -rf "$work"' EXIT
mkdir -p "$keep"

SOURCES="object unit refer special match align compare refuse select outside emit write diff x86
	 link elffile source lines run file message"
KERNEL="-nostdinc -std=gnu11 -O2 -mcmodel=kernel -fno-pic -fno-pie -ffunction-sections
	-fdata-sections -fno-asynchronous-unwind-tables -mno-red-zone -fno-stack-protector -mno-sse
	-pg -mrecord-mcount -mfentry -w -Itests/diff -fcf-protection=branch
	-fpatchable-function-entry=16,16 -falign-functions=16"

# --- seeds ----------------------------------------------------------------------------

objects()
{
	local name
	mkdir -p "$work/object"
	for name in alternatives bug-table cold const-table dyndbg ex-table jump-label static-local strings \
		declared printk-index runtime-const; do
		# shellcheck disable=SC2086 # lists of words
		gcc $KERNEL -c "tests/diff/$name.c" -o "$work/object/$name.before.o" &&
		gcc $KERNEL -DAFTER -c "tests/diff/$name.c" -o "$work/object/$name.after.o" || return 1
	done
	# shellcheck disable=SC2086
	far | cat tests/diff/alternatives.c - | gcc $KERNEL -DAFTER -x c -c -o "$work/object/far.o" - &&
	gcc $KERNEL -g -c tests/diff/alternatives.c -o "$work/debug.o"
}

# No section bounds the value of an absolute symbol.
far()
{
	cat <<-'END'
	asm(".globl far; far = 0x7fffffffffffffff\n.pushsection .data\n.quad far + 8\n.popsection");
	END
}

# As a module is before it is linked: undefined symbols, .modinfo, names for klp link
modules()
{
	mkdir -p "$work/link"
	# shellcheck disable=SC2086
	gcc $KERNEL -x c -c -o "$work/link/module.o" - <<-'END'
	const char info[] __attribute__((section(".modinfo"))) = "license=GPL\0depends=other,exp\0name=fuzz\0klp_func=vmlinux:run,1\0livepatch=Y";
	extern int lost_one(int), mod_one(int), exp_printk(const char *fmt, ...);
	extern int marked __asm__("\".klp.sym.vmlinux.marked,1\""), other __asm__("\".klp.sym.other.value,0\"");
	int *table[] = { &marked, &other };
	int run(int value) { exp_printk("x"); return lost_one(value) + mod_one(*table[value]) + marked; }
	END
	[ -f "$work/link/module.o" ] && cp "$work/object"/static-local.*.o "$work/link"
}

diffs()
{
	mkdir -p "$work/diff"
	cat > "$work/diff/git.patch" <<-'END'
	diff --git a/x.c b/x.c
	index 1..2 100644
	--- a/x.c
	+++ b/x.c	2024
	@@ -1,2 +1,3 @@ here
	 int x;
	-int z;
	+int y;
	+int z;
	\ No newline at end of file
	diff --git a/o.c b/n.c
	rename from o.c
	rename to n.c
	diff --git a/g b/g
	deleted file mode 100644
	--- a/g
	+++ /dev/null
	@@ -1 +0,0 @@
	-g
	END
	diff -u tests/diff.c tests/fuzz.c > "$work/diff/big.patch"
	printf '*** a/x\n--- b/x\n' > "$work/diff/context.patch"
}

lines()
{
	local name
	mkdir -p "$work/lines"
	for name in diff source types; do
		sed '5,9d; 20s/^/int more;\n/; 30s/.*/changed/' "tests/$name.c" > "$work/$name.c"
		{ cat "$work/$name.c"; printf '\0'; diff -a "tests/$name.c" "$work/$name.c"; } > "$work/lines/$name"
	done
	printf 'int a;\n#if 1\nint f(void)\n{ return "x\\"" /* \\\n*/; }\n#endif // y\n\0002a3,4\n> x\n3c4\n< y\n' > "$work/lines/short"
}

# --- cases ----------------------------------------------------------------------------

result()
{
	nr=$((nr + 1))
	if [ "$1" -eq 0 ]; then
		echo "ok $nr $2"
		return
	fi
	failed=1
	echo "not ok $nr $2 # input kept in ${keep#"$top"/}"
	{ grep -m 1 -A 20 -E 'ERROR|runtime error' "$work/said" || tail -n 30 "$work/said"; } | sed 's/^/# /'
}

# 0 to 3 are klp's own; the sanitizers end with 1, too, but not in silence.
fine() { [ "$1" -le 3 ] && ! grep -qE 'Sanitizer|runtime error' "$work/said"; }

# check NAME COMMAND...: what it makes of the broken file NAME
check()
{
	timeout 20 "${@:2}" > "$work/said" 2>&1 < /dev/null
	fine $? && return
	cp "$work/$1" "$keep/$at-$1"
	return 1
}

# broken FILE NAME COMMAND...: FILE as NAME, cut off at many lengths, and spoilt there
broken()
{
	local file=$1 name=$2 size step at
	size=$(stat -c %s "$file")
	step=$((size / 160 + 1))
	for ((at = 0; at < size; at += at < 128 ? 5 : step)); do
		head -c "$at" "$file" > "$work/$name"
		check "${@:2}" || return
		{ head -c "$at" "$file"; printf '\377\377\377'; tail -c +$((at + 4)) "$file"; } > "$work/$name"
		check "${@:2}" || return
	done
}

case_link_broken() { broken "$work/link/module.o" bad.o "$BIN/klp" link -o "$work/out.ko" "$work/bad.o"; }
case_info_broken() { broken "$work/link/module.o" bad.ko "$BIN/klp" info "$work/bad.ko"; }
case_info_debug_broken() { broken "$work/debug.o" bad.ko "$BIN/klp" info --json "$work/bad.ko"; }

# An empty tree is no kernel: so it is after the diff was read that the build ends.
case_diff_broken()
{
	broken "$work/diff/git.patch" bad.patch "$work/source" "$work/none" "$work/none" "$work/bad.patch"
}

# What libFuzzer tries next depends on addresses, too: so they are not drawn by lot, where
# that may be asked for.
steady()
{
	if setarch -R true 2> /dev/null; then
		setarch -R "$@"
	else
		"$@"
	fi
}

fuzz()
{
	local how=(-seed=1 -runs=100000)
	[ "$SECONDS_EACH" -eq 0 ] || how=(-max_total_time="$SECONDS_EACH")
	mkdir -p "$work/corpus-$1" "$work/tmp"
	export KLP_FUZZ=$1 KLP_FUZZ_DIR=$work/tmp KLP_FUZZ_OTHER=${2:-}
	steady "$work/fuzz" "${how[@]}" \
		-max_len=32768 -timeout=10 -rss_limit_mb=3000 -len_control=0 \
		-close_fd_mask=3 -artifact_prefix="$keep/$1-" "$work/corpus-$1" "$work/$1" > "$work/said" 2>&1 ||
		return 1
	grep -E 'DONE|Done' "$work/said" | sed 's/^/# /'
}

case_object_code() { fuzz object "$work/object/alternatives.after.o"; }
case_object_data() { fuzz object "$work/object/static-local.before.o"; }
case_link() { fuzz link; }
case_diff() { fuzz diff; }
case_lines() { fuzz lines; }

# NULL + 0, as an empty list has it, is nothing that a compiler of ours minds.
build()
{
	local name list=()
	for name in $SOURCES; do
		list+=("$name.c")
	done
	"$CLANG" -std=gnu11 -D_GNU_SOURCE -O1 -g -w -fsanitize=fuzzer,address,undefined -fno-sanitize-recover=all \
		-fno-sanitize=pointer-overflow -Wl,--wrap=exit,--wrap=file_read \
		-Wl,--wrap=elf_memory,--wrap=elf_end tests/fuzz.c "${list[@]}" -o "$work/fuzz" \
		-lelf -ldw -lcapstone -ljson-c -lnettle &&
	gcc -std=gnu11 -D_GNU_SOURCE -O1 -g -fsanitize=address,undefined -fno-sanitize-recover=all \
		tests/source.c source.c lines.c memory.c message.c file.c run.c -o "$work/source" -ljson-c -lnettle
}

command -v "$CLANG" > /dev/null || { printf 'TAP version 13\n1..0 # SKIP %s is not installed\n' "$CLANG"; exit 4; }
cases=$(declare -F | sed -n 's/^declare -f case_//p')
[ $# -eq 0 ] || cases=$*
echo "TAP version 13"
echo "1..$(wc -w <<< "$cases")"
nr=0 failed=0
if ! { objects && modules && diffs && lines && build; } > "$work/said" 2>&1; then
	# shellcheck disable=SC2034
	sed 's/^/# /' "$work/said"
	echo "Bail out! the targets cannot be built"
	exit 1
fi
for name in $cases; do
	"case_$name"
	result $? "$name"
done
exit $failed
