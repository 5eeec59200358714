/* SPDX-License-Identifier: MIT */
/*
 * What every unit test includes first: cmocka, and the fakes for what lies below the code under
 * test. The errors' fail() takes cmocka's name, so cmocka's is fail_msg() here, without fail().
 */
#pragma once

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#undef fail
#undef fail_msg
#define fail_msg(...)                                                                              \
	do {                                                                                       \
		print_error(__VA_ARGS__);                                                          \
		print_error("\n");                                                                 \
		_fail(__FILE__, __LINE__);                                                         \
	} while (0)

#include "include/types.h"

/*
 * Runs a statement that must panic. The panic's text is then in panic_text. A panic outside of
 * this fails the test.
 */
#define expect_panic(statement)                                                                    \
	do {                                                                                       \
		panic_expected = true;                                                             \
		if (setjmp(panic_return) == 0) {                                                   \
			statement;                                                                 \
			panic_expected = false;                                                    \
			fail_msg("no panic in: %s", #statement);                                   \
		}                                                                                  \
		panic_expected = false;                                                            \
	} while (0)

extern bool panic_expected;
extern jmp_buf panic_return;
extern char panic_text[256];
