/* SPDX-License-Identifier: MIT */
/* The state in which Linux's boot protocol enters a kernel: the guests boot-linux*. */
#pragma once

/* bits: 32 or 64, the entry that must have been taken. */
void linux_check(unsigned bits);
