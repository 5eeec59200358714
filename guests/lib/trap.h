/* SPDX-License-Identifier: MIT */
/*
 * Exceptions and interrupts of a test guest. TRY() runs one instruction and answers what became of
 * it; a vector may have a handler; any other ends the test. One IDT for all CPUs; TRY() is for one
 * CPU at a time.
 */
#pragma once

#include "include/types.h"

/* What vectors.asm has pushed, from the lowest address. */
struct trap {
	u64 r15, r14, r13, r12, r11, r10, r9, r8;
	u64 rbp, rdi, rsi, rdx, rcx, rbx, rax;
	u64 vector, error;
	u64 rip, cs, rflags, rsp, ss; /* by the CPU, SDM vol. 3, 6.14.2 */
};

enum { NO_TRAP = -1, DE = 0, DB = 1, NMI = 2, BP = 3, OF = 4, BR = 5, UD = 6, NM = 7, DF = 8 };
enum { TS = 10, NP = 11, SS = 12, GP = 13, PF = 14, MF = 16, AC = 17, MC = 18, XM = 19 };

void trap_init(void); /* by the first CPU */
void trap_load(void); /* by each other one */
void trap_on(u8 vector, void (*handler)(struct trap *trap));
void trap_for_user(u8 vector); /* INT n from ring 3 may come to it */

/* Of the last TRY(). */
extern volatile int trap_vector;
extern volatile u64 trap_error, trap_rip, trap_fixup, trap_rsp;

/*
 * TRY("wrmsr", , "c"(1), "a"(2), "d"(3)): the vector of the exception that the instruction raised,
 * or NO_TRAP. OUT(...) has the outputs; what follows are inputs. RBX and R11 are lost.
 */
#define OUT(...) __VA_ARGS__
#define TRY(instruction, outputs, ...)                                                             \
	({                                                                                         \
		trap_vector = NO_TRAP;                                                             \
		__asm__ volatile("leaq 8f(%%rip), %%r11\n\t"                                       \
				 "movq %%r11, trap_fixup(%%rip)\n\t"                               \
				 "movq %%rsp, trap_rsp(%%rip)\n"                                   \
				 "7:\t" instruction "\n"                                           \
				 "8:\tmovq $0, trap_fixup(%%rip)"                                  \
				 : outputs:__VA_ARGS__                                             \
				 : "r11", "rbx", "memory", "cc");                                  \
		trap_vector;                                                                       \
	})
