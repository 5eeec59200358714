/* SPDX-License-Identifier: MIT */
/* MOVS, STOS, LODS, CMPS, SCAS, INS and OUTS, with their repetition (SDM vol. 2, REP). */
#pragma once

#include "emul/access.h"

/* op is OP_MOVS to OP_SCAS. AGAIN when the budget is used up: the registers show how far it is. */
enum verdict strings_execute(struct emulation *e);

/* op is OP_INS or OP_OUTS, of this port. */
enum verdict strings_execute_io(struct emulation *e, u16 port);
