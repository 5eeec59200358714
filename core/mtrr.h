/* SPDX-License-Identifier: MIT */
/*
 * A vCPU's memory type range registers (SDM vol. 3, 12.11). Their values are kept, checked, and
 * read back, and have no other effect: guest RAM is write-back, and the rest is emulated.
 */
#pragma once

#include "include/errors.h"
#include "include/types.h"

enum { MTRR_VARIABLE = 8, MTRR_FIXED = 11 };

struct mtrr_state {
	u64 def_type;
	u64 base[MTRR_VARIABLE], mask[MTRR_VARIABLE];
	u64 fixed[MTRR_FIXED];
};

/* Only for MSRs that are MTRRs. */
u64 mtrr_read(const struct mtrr_state *m, u32 msr);
/* -ERR_INVAL, and nothing changed: a reserved bit or memory type, or a read-only register. */
__must_check int mtrr_write(struct mtrr_state *m, u32 msr, u64 value);

/* As a PC's firmware leaves them: RAM write-back; the VGA window and 3 to 4 GiB uncacheable. */
void mtrr_set_as_firmware(struct mtrr_state *m);

/* Whether a byte is a memory type that MTRRs may have; the PAT has UC- (7), too. */
bool mtrr_is_type(u8 type);
