/* SPDX-License-Identifier: MIT */
/* The debug registers (SDM vol. 3, 18.2), which the hypervisor itself does not use. */
#pragma once

#include "include/types.h"

#define read_dr(n)                                                                                 \
	({                                                                                         \
		u64 v_;                                                                            \
		__asm__ volatile("movq %%dr" #n ", %0" : "=r"(v_));                                \
		v_;                                                                                \
	})
#define write_dr(n, v) __asm__ volatile("movq %0, %%dr" #n : : "r"(v))

static inline void
load_breakpoints(const u64 dr[4])
{
	write_dr(0, dr[0]);
	write_dr(1, dr[1]);
	write_dr(2, dr[2]);
	write_dr(3, dr[3]);
}

static inline void
save_breakpoints(u64 dr[4])
{
	dr[0] = read_dr(0);
	dr[1] = read_dr(1);
	dr[2] = read_dr(2);
	dr[3] = read_dr(3);
}
