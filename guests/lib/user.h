/* SPDX-License-Identifier: MIT */
/* Ring 3, for what a guest's programs do: one CPU, all of the first 4 GiB theirs as well. */
#pragma once

#include "include/types.h"

/* Calls fn() in ring 3, where TRY() works as elsewhere; guest_fail() and print() need ports. */
void as_user(void (*fn)(void));

/* Whether ring 3 may touch the 2 MiB around an address. */
void user_may_access(u64 address, bool allowed);
