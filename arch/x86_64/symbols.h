/* SPDX-License-Identifier: MIT */
/* The names of the image's functions, embedded by the build (tools/symbols.awk). */
#pragma once

#include "include/types.h"

/* The function around an address, and how far into it; NULL when the address is not in the text. */
const char *symbol_name(u64 addr, u64 *offset);
