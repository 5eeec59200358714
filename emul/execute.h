/* SPDX-License-Identifier: MIT */
/* What each instruction does whose operand may be device memory. */
#pragma once

#include "emul/access.h"

/* Carries out e->insn. RIP stays: that is the business of who acts on the verdict. */
enum verdict execute(struct emulation *e);

/* The operand that ModRM names in memory. */
enum verdict execute_memory_operand(struct emulation *e, bool write, struct operand *o);
