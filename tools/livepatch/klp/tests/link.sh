#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# Livepatch relocations: which references move where, and what is refused; in KTAP.
#
# Usage: tests/link.sh			LINK= to use a program that is built

cd "$(dirname "$0")/.." || exit 1
. tests/ktap-lib.sh
FLIPS=${FLIPS:-300}

build()
{
	compile "$WORK/link" tests/link.c link.c elffile.c memory.c message.c file.c run.c \
		-lelf -ljson-c -lnettle &&
	$CC -O1 tests/flip.c -o "$WORK/flip"
}

# object < SOURCE
object()
{
	$CC -x c -O2 -mcmodel=kernel -fno-pic -fno-pie -mno-red-zone -ffreestanding \
		-fno-asynchronous-unwind-tables -c -o "$WORK/in.o" -
}

link()
{
	rm -f "$WORK/out.o"
	"$LINK" "$WORK/in.o" "$WORK/out.o" "$@" > "$WORK/output" 2> "$WORK/errors"
}

# section NAME: its relocations, as "symbol" each
section()
{
	readelf -rW "$WORK/out.o" | awk -v name="'$1'" '
		/^Relocation section/ { on = ($3 == name) }
		on && /R_X86_64/ { print $5 }'
}

names()
{
	cat <<-'END'
	#define R(o, s, p) __asm__("\".klp.sym." #o "." #s "," #p "\"") __attribute__((weak))
	extern int kernel_value R(vmlinux, value, 0);
	extern int kernel_fn(int) R(vmlinux, fn.isra.0, 2);
	extern int module_value R(ext4, value, 0);
	extern int plain_value;
	int plain(void) { return plain_value; }
	int user(void) { return kernel_fn(kernel_value) + module_value + plain_value; }
	int *pointer = &module_value;
	END
}

cases_of_names()
{
	names | object
	link
	result $? "references that say where they are"
	[ "$(section .klp.rela.vmlinux..text | sort | tr '\n' ' ')" = \
		".klp.sym.vmlinux.fn.isra.0,2 .klp.sym.vmlinux.value,0 " ]
	result $? "those to the kernel are in its section"
	[ "$(section .klp.rela.ext4..text)" = .klp.sym.ext4.value,0 ] &&
		[ "$(section .klp.rela.ext4..data)" = .klp.sym.ext4.value,0 ]
	result $? "those to a module in sections of the module, of code and data"
	[ "$(section .rela.text | sort -u)" = plain_value ]
	result $? "others stay where they are"
	readelf -SW "$WORK/out.o" | grep -F .klp.rela.vmlinux..text | grep -q ' AIo '
	result $? "the sections are kept by the loader, and marked"
	readelf -sW "$WORK/out.o" | grep -F .klp.sym.ext4.value,0 | grep -q 'GLOBAL.*OS \[0xff20\]'
	result $? "the symbols are marked, and not weak any more"
	cp "$WORK/out.o" "$WORK/first.o"
	link && cmp -s "$WORK/out.o" "$WORK/first.o"
	result $? "the same input gives the same bytes"
	cp "$WORK/first.o" "$WORK/in.o"
	link
	[ $? = 1 ] && [ ! -e "$WORK/out.o" ]
	result $? "not twice"
}

cases_of_references()
{
	printf 'extern int a, b; int f(void) { return a; } int g(void) { return b + a; }\n' | object
	link a vmlinux a.x 0 vmlinux b ext4 b 3 jbd2
	result $? "references that are told"
	[ "$(section .klp.rela.vmlinux..text | sort -u)" = .klp.sym.vmlinux.a.x,0 ]
	result $? "the name of the kernel's symbol may be another"
	[ "$(section .klp.rela.jbd2..text)" = .klp.sym.ext4.b,3 ]
	result $? "what is in a module waits for who refers to it"
	link a ext4 a 0 jbd2 a ext4 a 0 ocfs2
	[ "$(section .klp.rela.ext4..text | sort -u)" = .klp.sym.ext4.a,0 ]
	result $? "with several of them, for the module itself"
	link a vmlinux a 0 ext4
	[ "$(section .klp.rela.vmlinux..text | sort -u)" = .klp.sym.vmlinux.a,0 ]
	result $? "what is in the kernel waits for nobody"
}

# refused STATUS NAME < SOURCE: references a
refused()
{
	wanted=$1
	name=$2
	object < "$WORK/source.c"
	link a ext4 a 0 ext4
	[ $? = "$wanted" ] && [ ! -e "$WORK/out.o" ]
	result $? "$name"
}

# The size of .symtab is 32 bytes into its header, of 64 each.
without_symbols()
{
	echo 'int a;' | object
	start=$(readelf -hW "$WORK/in.o" | sed -n 's/.*Start of section headers: *\([0-9]*\).*/\1/p')
	index=$(readelf -SW "$WORK/in.o" | sed -n 's/^ *\[ *\([0-9]*\)\] \.symtab .*/\1/p')
	dd if=/dev/zero of="$WORK/in.o" bs=1 seek=$((start + index * 64 + 32)) count=8 conv=notrunc \
		status=none
}

cases_of_refusals()
{
	echo 'extern int a; __attribute__((section(".init.text"))) int f(void) { return a; }' \
		> "$WORK/source.c"
	refused 3 "a module's symbol in init code"
	echo 'extern int a; __attribute__((section("__jump_table"))) int *f = &a;' > "$WORK/source.c"
	refused 3 "a module's symbol in a table that is read at once"
# shellcheck disable=SC2258 # the comma is part of it
	for name in vmlinux.a vmlinux.a, vmlinux.,0 .a,0 vmlinux.a,x vmlinux.a,0x vmlinux.a,1,2 vmlinux; do
		echo "extern int b __asm__(\"\\\".klp.sym.$name\\\"\"); int f(void) { return b; }" \
			> "$WORK/source.c"
		refused 1 "the name .klp.sym.$name"
	done
	echo nothing > "$WORK/in.o"
	link
	[ $? = 1 ]
	result $? "no ELF file"
	cp "$LINK" "$WORK/in.o"
	link
	[ $? = 1 ]
	result $? "a program"
	without_symbols
	link
	[ $? = 1 ] && grep -q 'symbol table is broken' "$WORK/errors"
	result $? "a symbol table without the symbol that each has"
}

# A limit of the size of files stands for a full disk: writing fails half way.
case_of_no_room()
{
	{ names; echo 'char more[8192] = "x";'; } | object
	rm -f "$WORK/out.o"
	(trap '' XFSZ; ulimit -f 4; "$LINK" "$WORK/in.o" "$WORK/out.o" > "$WORK/output" 2> "$WORK/errors")
	[ $? = 1 ] && grep -q 'out.o: cannot be written: File too large' "$WORK/errors"
	result $? "no room for the module"
	[ -z "$(find "$WORK" -name 'out.o*')" ]
	result $? "and no part of it is left"
}

# Whatever the bytes are, there is an error, or a file that can be read.
case_of_flips()
{
	names | object
	cp "$WORK/in.o" "$WORK/whole.o"
	flip=0
	worst=0
	while [ $flip -lt "$FLIPS" ]; do
		"$WORK/flip" "$WORK/whole.o" $flip > "$WORK/in.o"
		link
		got=$?
		[ $got -le 3 ] || { worst=$got; cp "$WORK/errors" "$WORK/worst"; }
		flip=$((flip + 1))
	done
	[ ! -e "$WORK/worst" ] || cp "$WORK/worst" "$WORK/errors"
	[ $worst = 0 ]
	result $? "$FLIPS modules with changed bytes"
}

build || { echo "Bail out! it does not compile"; exit 1; }
LINK=${LINK:-$WORK/link}
cases_of_names
cases_of_references
cases_of_refusals
case_of_no_room
case_of_flips
finish
