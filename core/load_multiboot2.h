/* SPDX-License-Identifier: MIT */
/* What a multiboot2 kernel is told (Multiboot2 Specification 2.0, 3.6); for load_multiboot2.c. */
#pragma once

#include "core/load_job.h"

/* Modules and information into guest memory, its address into RBX. load_base: for relocatable ones.
 */
__must_check int multiboot2_put_info(struct load_job *job, bool relocatable, u64 load_base);
