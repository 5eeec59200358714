/* SPDX-License-Identifier: MIT */
/* How much of a machine one Ashlar manages. What is beyond is left alone, and the log says so. */
#pragma once

enum {
	MAX_CPUS = 256,
};
