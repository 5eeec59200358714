/* SPDX-License-Identifier: MIT */
/* Fakes for what every pure source stands on: the CPU's flags, the log, panic. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "include/errors.h"
#include "include/intrin.h"
#include "include/panic.h"

_Thread_local u64 fake_flags = RFLAGS_IF;
_Thread_local u64 fake_tsc;
_Thread_local u32 fake_cpu;
void (*fake_shake)(void);

bool panic_expected;
jmp_buf panic_return;
char panic_text[256];

extern bool panic_expected;
extern jmp_buf panic_return;
extern char panic_text[256];

void
panic(const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	vsnprintf(panic_text, sizeof(panic_text), fmt, args);
	va_end(args);
	if (panic_expected)
		longjmp(panic_return, 1);
	fprintf(stderr, "panic: %s\n", panic_text);
	abort();
}
