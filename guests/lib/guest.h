/* SPDX-License-Identifier: MIT */
/*
 * What every test guest has: a line on COM1, checks, and one verdict: `PASS name`, or `FAIL name:`
 * and why, after which it ends its machine through port 0xf4 with a status (0: pass).
 *
 * A test is GUEST("name") { ... }. It starts in long mode, ring 0, the first 4 GiB mapped as they
 * are, interrupts off, an IDT loaded (guests/lib/trap.h). What a machine's CPU does must pass
 * straight on an emulated machine as well as in a VM; what Ashlar alone does is asked for by
 * under_ashlar().
 */
#pragma once

#include "arch/x86_64/cpuid.h"
#include "arch/x86_64/cr.h"
#include "arch/x86_64/io.h"
#include "arch/x86_64/msr.h"
#include "guests/lib/boot_info.h"
#include "guests/lib/trap.h"
#include "include/bits.h"
#include "include/errors.h"
#include "include/intrin.h"
#include "lib/string.h"

#define GUEST(name)                                                                                \
	const char guest_name[] = name;                                                            \
	void guest_main(void)

extern const char guest_name[];
void guest_main(void);

enum { PORT_DEBUG_EXIT = 0xf4, STATUS_PASS = 0, STATUS_FAIL = 1 };

void print(const char *fmt, ...) __printf_like(1, 2);
__noreturn void guest_fail(const char *fmt, ...) __printf_like(1, 2);
/* Through port 0xf4; and if nobody is there, halts for good. */
__noreturn void guest_end(u32 status);
/* Passes now, before guest_main() returns. */
__noreturn void guest_pass(void);

#define CHECK(condition)                                                                           \
	do {                                                                                       \
		if (!(condition))                                                                  \
			guest_fail("line %d: not so: %s", __LINE__, #condition);                   \
	} while (0)

#define CHECK_EQ(got, expected)                                                                    \
	do {                                                                                       \
		u64 got_ = (u64)(got), expected_ = (u64)(expected);                                \
		if (got_ != expected_)                                                             \
			guest_fail("line %d: %s is 0x%lx; expected 0x%lx", __LINE__, #got, got_,   \
				   expected_);                                                     \
	} while (0)

/* Whether the hypervisor says by CPUID that it is ours. */
bool under_ashlar(void);
enum { NO_SUCH_CALL = -1000 }; /* what a hypercall then answers: KVM_ENOSYS */

/* The number behind `key=` in the command line, decimal or 0x; fallback when it is not there. */
u64 option(const char *key, u64 fallback);
/* What is behind `key=`, up to the next space or the end; NULL when it is not there. */
const char *option_text(const char *key);
