/* SPDX-License-Identifier: MIT */
/*
 * Vector registers of a vCPU that does not run: they are in its XSAVE area, in the standard format
 * (SDM vol. 1, 13.4).
 */
#pragma once

#include "emul/emulation.h"

/* Whether the guest may use them now: #UD, #NM (SDM vol. 2, 2.5 to 2.7). */
enum verdict vector_check(struct emulation *e);

/* 16 bytes of a register, 32 with VEX.256: the insn's size at most. */
void vector_read(struct emulation *e, unsigned number, void *buf, unsigned size);

/* What is above size becomes 0: within 16 bytes, and all of it for VEX. */
void vector_write(struct emulation *e, unsigned number, const void *buf, unsigned size);
