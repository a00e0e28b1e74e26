/* SPDX-License-Identifier: GPL-2.0 */
/* What the kernel's headers do to object files, as little of it as the tests need. */
#define noinline	__attribute__((noinline))
#define notrace		__attribute__((no_instrument_function))
#define __used		__attribute__((used))
#define __cold		__attribute__((cold))
#define __section(s)	__attribute__((section(s)))
#define __init		__section(".init.text")
#define __sched		__section(".sched.text")
#define unlikely(x)	__builtin_expect(!!(x), 0)

int exp_printk(const char *fmt, ...);
int outer(int value);
void *memcpy(void *to, const void *from, unsigned long size);

struct static_key {
	long enabled, entries;
};

/* jump label: static_branch_unlikely(&key) */
#define static_branch(key)	({						\
	__label__ yes;								\
	int taken = 0;								\
	asm goto("1: .byte 0x0f,0x1f,0x44,0x00,0x00\n"				\
		 ".pushsection __jump_table,\"aw\"\n .balign 8\n"		\
		 ".long 1b - ., %l[yes] - .\n .quad %c0 - .\n .popsection\n"	\
		 : : "i" (&(key)) : : yes);					\
	if (0) { yes: taken = 1; }						\
	taken; })

/* as <asm/bug.h> does it with CONFIG_DEBUG_BUGVERBOSE */
#define WARN(flag) asm volatile("1: ud2\n"					\
	".pushsection __bug_table,\"aw\"\n"					\
	"2: .long 1b - .\n .long %c0 - .\n .word %c1\n .word %c2\n .org 2b + 12\n" \
	".popsection\n"								\
	".pushsection .discard.reachable\n .long 1b + 2\n .popsection\n"	\
	: : "i" (__FILE__), "i" (__LINE__), "i" (flag))

#define alternative(old, new, feature) asm volatile("661: " old "\n662:\n"	\
	".pushsection .altinstructions,\"a\"\n"					\
	".long 661b - .\n .long 663f - .\n .long " feature "\n"		\
	".byte 662b - 661b\n .byte 664f - 663f\n .popsection\n"			\
	".pushsection .altinstr_replacement,\"ax\"\n663: " new "\n664:\n.popsection\n" \
	: : : "memory")

/* a slow path out of line, as static_cpu_has() has one */
#define has_feature(bit) ({							\
	__label__ yes;								\
	int has = 0;								\
	asm goto("661: jmp 6f\n662:\n"						\
		 ".pushsection .altinstructions,\"a\"\n"			\
		 ".long 661b - .\n .long 663f - .\n .long " #bit "\n"		\
		 ".byte 662b - 661b\n .byte 664f - 663f\n .popsection\n"	\
		 ".pushsection .altinstr_replacement,\"ax\"\n663:\n664:\n.popsection\n" \
		 ".pushsection .altinstr_aux,\"ax\"\n"				\
		 "6: testb $" #bit ", features(%%rip)\n jnz %l[yes]\n jmp 662b\n" \
		 ".popsection\n" : : : : yes);					\
	if (0) { yes: has = 1; }						\
	has; })

#define get_user(value, address) ({						\
	int error = 0;								\
	asm volatile("1: mov (%2),%1\n2:\n"					\
		     ".pushsection __ex_table,\"a\"\n .balign 4\n"		\
		     ".long 1b - .\n .long 2b - .\n .long 3\n .popsection\n"	\
		     : "+r" (error), "=r" (value) : "r" (address));		\
	error; })

#define locked_inc(counter) asm volatile(					\
	".pushsection .smp_locks,\"a\"\n .balign 4\n .long 671f - .\n .popsection\n" \
	"671: lock incl %0" : "+m" (counter))

#define runtime_const(sym) ({							\
	unsigned long value;							\
	asm("mov %1,%0\n1:\n .pushsection runtime_ptr_" #sym ",\"a\"\n"		\
	    ".long 1b - 8 - .\n .popsection"					\
	    : "=r" (value) : "i" (0x0123456789abcdefUL));			\
	value; })

#define runtime_shift(val, sym) ({						\
	unsigned int value = (val);						\
	asm("shrl $12,%k0\n1:\n .pushsection runtime_shift_" #sym ",\"a\"\n"	\
	    ".long 1b - 1 - .\n .popsection" : "+r" (value));			\
	value; })

#define EXPORT_SYMBOL(sym) asm(".pushsection .export_symbol,\"a\"\n"		\
	"__export_symbol_" #sym ": .asciz \"\"\n .balign 8\n .quad " #sym "\n .popsection")

#define initcall(fn) asm(".pushsection .initcall6.init,\"a\"\n"			\
	"__initcall_" #fn ": .long " #fn " - .\n .popsection")

#ifdef AFTER
#define NEW(x)		x
#define EITHER(old, new) new
#else
#define NEW(x)
#define EITHER(old, new) old
#endif
