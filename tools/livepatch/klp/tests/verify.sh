#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# What klp masks in functions of built kernels; prints KTAP.
#
#	BIN=<directory of the test programs> tests/verify.sh [CASE...]

# Assembler has dollars.
# shellcheck disable=SC2016
# shellcheck source=/dev/null
. "$(dirname "$0")/built-lib.sh"

BASE=0xffffffff81000000

# vmlinux: assembler source on standard input, between a start and an end
vmlinux()
{
	{
		echo '.text; .globl _text; _text: .skip 64, 0x90'
		cat
		echo '.text; .skip 64, 0x90; .data; .globl datum; datum: .quad 0; .skip 0x1000'
		echo '.section .data..percpu, "aw"; .globl percpu; percpu: .quad 0; .skip 0x100'
	} > vmlinux.s
	cat > vmlinux.lds <<-END
	SECTIONS {
		. = $BASE;
		.text : { *(.text) }
		.data : { *(.data) }
		.data..percpu 0 : { *(.data..percpu) }
		. = $BASE + 0x100000;
		.init.text : { *(.init.text) }
	}
	END
	as -o vmlinux.o vmlinux.s
	ld -o vmlinux -e 0 -T vmlinux.lds vmlinux.o 2> /dev/null || fail "cannot link"
}

# fn INSTRUCTION...: a function; with labels 1: 2: ... for sites
fn()
{
	echo '.text; .globl fn; .type fn, @function; fn:'
	printf '%s\n' "$@"
	echo '.size fn, .-fn'
}

# between NAME END: a table between two symbols; its entries are on standard input
between()
{
	echo ".section .init.tables.$1, \"a\"; .globl $1, $2; $1:"
	cat
	echo "$2: .text"
}

# masks MASK...: exactly those of fn
masks()
{
	run 0 masks vmlinux fn
	OUT=$(cut -d' ' -f5- <<< "$OUT ")
	expect_is "${*:+$* }"
}

sum()
{
	run 0 masks vmlinux fn
	cut -d' ' -f4 <<< "$OUT"
}

case_plain_code_has_no_masks()
{
	fn 'mov %rdi, %rax' 'add $1000000, %eax' 'call 1f' '1: ret' | vmlinux
	masks
}

case_the_sum_is_of_the_bytes()
{
	local bytes

	fn 'mov %rdi, %rax' 'ret' | vmlinux
	bytes=$(printf '\x48\x89\xf8\xc3' | sha256sum | cut -d' ' -f1)
	[ "$(sum)" = "$bytes" ] || fail "not the sum of the bytes: $(sum)"
}

case_masked_bytes_count_as_zeroes()
{
	local bytes

	fn 'endbr64' 'ret' | vmlinux
	masks 0+4
	bytes=$(printf '\0\0\0\0\xc3' | sha256sum | cut -d' ' -f1)
	[ "$(sum)" = "$bytes" ] || fail "not the sum of the bytes: $(sum)"
}

# ---- Tables -------------------------------------------------------------------------------

case_ftrace()
{
	{
		fn 'endbr64' '1: call _text' 'ret'
		echo '.quad 1b, 0' | between __start_mcount_loc __stop_mcount_loc
	} | vmlinux
	masks 0+9
}

case_alternatives()
{
	{
		fn 'nop' '1: .skip 7, 0x90' 'nop' '2: .skip 3, 0x90' 'ret'
		{
			echo '.long 1b - ., 1b - ., 0; .byte 7, 2'
			echo '.long 2b - ., 1b - ., 0; .byte 3, 2'
			echo '.long 2b - ., 1b - ., 0; .byte 0, 0'
		} | between __alt_instructions __alt_instructions_end
	} | vmlinux
	masks 1+7 9+3
}

case_jump_labels_are_short_or_long()
{
	{
		fn 'nop' '1: .byte 0x66, 0x90' 'nop' '2: .byte 0x0f, 0x1f, 0x44, 0x00, 0x00' 'nop' \
			'3: .byte 0xeb, 0xf5' '4: .byte 0xe9; .long 0'
		{
			for i in 1 2 3 4; do
				echo ".long ${i}b - ., 0; .quad 0"
			done
		} | between __start___jump_table __stop___jump_table
	} | vmlinux
	masks 1+2 4+5 10+7
}

case_static_calls_may_be_conditional()
{
	{
		fn 'nop' '1: call _text' 'nop' '2: .byte 0x0f, 0x84; .long 0' 'ret'
		echo '.long 1b - ., 0, 2b - ., 0' | between __start_static_call_sites __stop_static_call_sites
	} | vmlinux
	masks 1+5 7+6
}

# one_instruction START STOP: a table of single instructions
one_instruction()
{
	{
		fn 'nop' '1: cs; call _text' 'nop' '2: .byte 0xe9; .long 0' 'ret'
		echo '.long 1b - ., 2b - .' | between "$1" "$2"
	} | vmlinux
	masks 1+6 8+5
}

case_retpolines() { one_instruction __retpoline_sites __retpoline_sites_end; }
case_returns() { one_instruction __return_sites __return_sites_end; }
case_calls() { one_instruction __call_sites __call_sites_end; }

case_lock_prefixes_and_padding_of_their_table()
{
	{
		fn 'nop' '1: lock; incl (%rdi)' 'ret'
		echo '.long 1b - ., 0, 0, 0' | between __smp_locks __smp_locks_end
	} | vmlinux
	masks 1+1
}

case_seals_of_endbr()
{
	{
		fn 'nop' '1: endbr64' 'ret'
		echo '.long 1b - .' | between __ibt_endbr_seal __ibt_endbr_seal_end
	} | vmlinux
	masks 1+4
}

case_fineibt_reaches_into_the_function()
{
	{
		echo '1: .skip 16, 0x90'
		fn '.byte 1, 2, 3, 4' 'ret'
		echo '.long 1b - .' | between __cfi_sites __cfi_sites_end
	} | vmlinux
	masks 0+4
}

case_callers_under_kcfi()
{
	{
		fn 'nop' 'mov $0x12345678, %r10d' 'add -15(%r11), %r10d' 'je 1f' 'ud2' '1: call _text' 'ret'
		echo '.long 1b - .' | between __retpoline_sites __retpoline_sites_end
	} | vmlinux
	masks 1+19
}

case_runtime_constants()
{
	{
		fn 'movabs $0x0123456789abcdef, %rax' '1: shr $12, %eax' '2: ret'
		echo '.section runtime_ptr_it, "a"; .long 1b - 8 - .'
		echo '.section runtime_shift_it, "a"; .long 2b - 1 - .'
	} | vmlinux
	masks 2+8 12+1
}

case_runtime_constants_of_an_unknown_kind_are_refused()
{
	{ fn '1: ret'; echo '.section runtime_neu_it, "a"; .long 1b - .'; } | vmlinux
	run 1 masks vmlinux fn
	expect_has "section runtime_neu_it of vmlinux is not known"
}

case_sites_of_neighbours_do_not_count()
{
	{
		echo '1: .skip 5, 0x90'
		fn 'ret'
		echo '2: .skip 5, 0x90'
		echo '.long 1b - ., 2b - .' | between __call_sites __call_sites_end
	} | vmlinux
	masks
}

case_a_table_that_is_not_understood_is_refused()
{
	{ fn '1: ret'; echo '.long datum - .' | between __call_sites __call_sites_end; } | vmlinux
	run 1 masks vmlinux fn
	expect_has "the table .call_sites of vmlinux is not understood"
	{ fn '1: ret'; echo '.long 1b - .; .byte 0' | between __call_sites __call_sites_end; } | vmlinux
	run 1 masks vmlinux fn
	expect_has "the table .call_sites of vmlinux is not understood"
	{ fn '1: ret'; echo '.globl __call_sites; .set __call_sites, _text'; } | vmlinux
	run 1 masks vmlinux fn
	expect_has "the table .call_sites of vmlinux cannot be read"
}

case_a_site_that_is_no_instruction_is_refused()
{
	{ fn '1: .byte 0x06'; echo '.long 1b - .' | between __call_sites __call_sites_end; } | vmlinux
	run 1 masks vmlinux fn
	expect_has "is no known instruction"
}

# ---- Addresses --------------------------------------------------------------------------------

case_addresses_of_the_image()
{
	fn 'mov $datum, %rdi' 'mov datum(,%rax,8), %rdx' 'movabs $datum, %rcx' 'movq $datum, 8(%rsp)' \
		'cmp $datum, %rax' 'push $datum' 'call _text' 'mov datum(%rip), %eax' 'ret' | vmlinux
	masks 3+4 11+4 17+8 30+4 36+4 41+4
}

case_distances_to_percpu_variables()
{
	fn 'incl %gs:percpu(%rip)' 'movl $0x11223344, %gs:percpu+8(%rip)' 'incl %gs:percpu' 'ret' | vmlinux
	masks 3+4 10+4
}

case_constants_that_only_a_relocation_needs()
{
	fn 'mov $datum - _text - 0x1000, %rcx' 'xor $_text + 0x7f000000, %rcx' 'mov $_text + 0x7f000000, %rcx' \
		'movabs $datum + 0x80000000, %rax' 'xor $0x10, %rcx' 'mov $-5, %rcx' 'mov $7, %ecx' 'ret' | vmlinux
	run 0 masks vmlinux fn
	expect_has " 10+4 17+4 23+8"
	expect_not " 31"
}

case_what_cannot_be_decoded_is_masked_with_care()
{
	fn 'nop' '.byte 0x06' 'mov $datum, %rdi' 'mov $0x12345, %eax' 'incl %gs:percpu(%rip)' \
		'movabs $datum + 0x80000000, %rax' 'ret' | vmlinux
	masks 5+4 17+4 23+8
}

# ---- What cannot be verified ----------------------------------------------------------------------

case_what_is_no_function_is_refused()
{
	echo '.globl fn; fn: ret' | vmlinux
	run 1 masks vmlinux fn
	expect_has "fn: its size is not known"
	echo '.section .init.text, "ax"; .globl fn; fn: ret; .size fn, 1' | vmlinux
	run 1 masks vmlinux fn
	expect_has "fn: it is gone once the kernel has started"
	echo '.data; .globl fn; fn: ret; .size fn, 1' | vmlinux
	run 1 masks vmlinux fn
	expect_has "fn: it is not code"
	echo '.text; .globl fn; fn: ret; .size fn, 0x900000' | vmlinux
	run 1 masks vmlinux fn
	expect_has "fn: "
}

# ---- Modules ----------------------------------------------------------------------------------------

module()
{
	as -o module.ko -
	fn ret | vmlinux
}

case_relocations_and_tables_of_a_module_compressed_or_not()
{
	{
		echo '.text; .skip 16, 0x90'
		fn 'endbr64' '1: call __fentry__' 'mov $other, %rdi' '2: lock; incl (%rdi)' 'movabs $other, %rax' \
			'3: call else' 'mov 0x1000(%rax), %eax' 'ret'
		echo '.skip 5, 0x90; .section __mcount_loc, "a"; .quad 1b; .section .smp_locks, "a"; .long 2b - .'
		echo '.section .call_sites, "a"; .long 3b - .'
	} | module
	run 0 masks vmlinux -m module.ko fn
	expect_has " 0+9 12+5 21+13"
	xz module.ko
	run 0 masks vmlinux -m module.ko.xz fn
	expect_has " 0+9 12+5 21+13"
}

case_relocations_of_other_sections_do_not_count()
{
	{
		fn 'nop' 'nop' 'nop' 'nop' 'ret'
		echo '.section .text.more, "ax"; mov $other, %rdi; .section .rodata, "a"; .quad other'
	} | module
	run 0 masks vmlinux -m module.ko fn
	OUT=$(cut -d' ' -f5- <<< "$OUT ")
	expect_is ""
}

case_a_table_of_a_module_without_relocations_is_refused()
{
	{ fn 'ret'; echo '.section .smp_locks, "a"; .long 4'; } | module
	run 1 masks vmlinux -m module.ko fn
	expect_has "the table .smp_locks of module.ko is not understood"
}

case_debug_information_alone_has_no_code()
{
	{ fn 'ret'; echo '.section .smp_locks, "a"; .long fn - .'; } | module
	objcopy --only-keep-debug module.ko
	run 1 masks vmlinux -m module.ko fn
	expect_has "take the file that is installed"
}

case_a_module_cut_short_is_an_error_or_works()
{
	local size whole

	{
		fn '1: call __fentry__' 'mov $other, %rdi' 'ret'
		echo '.section __mcount_loc, "a"; .quad 1b'
	} | module
	whole=$(stat -c %s module.ko)
	for ((size = 0; size < whole; size += 37)); do
		head -c $size module.ko > part.ko
		OUT=$("$BIN/masks" vmlinux -m part.ko fn 2>&1)
		case $?:$OUT in
		0:fn*|1:fn:*|1:*"klp: part.ko: "*) ;;
		*) fail "at $size: $OUT" ;;
		esac
	done
}

# ---- C source of the checks -----------------------------------------------------------------------------

case_the_source_of_checks_compiles()
{
	{ fn 'endbr64' 'ret'; echo '.globl gn; gn: nop; nop; .size gn, 2'; } | vmlinux
	"$BIN/masks" -c vmlinux fn gn > tables.c || fail "no source"
	cat > klp_verify.h <<-'END'
	typedef unsigned char u8; typedef unsigned int u32;
	struct klp_verify_mask { u32 offset, size; };
	struct klp_verify_func { const char *name; unsigned long pos; const void *code;
		const struct klp_verify_mask *masks; u32 nr_masks, size; u8 sum[32]; };
	struct klp_verify_object { const char *name; const u8 *build_id; u32 size, nr_funcs;
		const struct klp_verify_func *funcs; };
	#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))
	#define __klp_verify __attribute__((used, aligned(8), section(".klp.verify.1")))
	END
	gcc -include ./klp_verify.h -Wall -Wextra -Wno-missing-field-initializers -Werror -c tables.c ||
		fail "$(cat tables.c)"
	readelf -sW tables.o > out
	OUT=$(cat out)
	expect_has ".klp.sym.vmlinux.fn,0"
	expect_has ".klp.sym.vmlinux.gn,0"
}

run_cases "$@"
