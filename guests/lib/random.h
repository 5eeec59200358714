/* SPDX-License-Identifier: MIT */
/* Random numbers from a seed, which is printed: the same seed makes the same test. */
#pragma once

#include "include/types.h"

void random_seed(u64 seed);
u64 random_64(void);
u64 random_below(u64 limit);

/* Without delivery mode INIT in any byte, wherever an ICR or an LVT begins: it would end the CPU.
 */
u64 random_without_init(u64 value);
