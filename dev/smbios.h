/* SPDX-License-Identifier: MIT */
/*
 * The SMBIOS tables that a guest finds at F0000h (DMTF DSP0134, SMBIOS 3.0): what a person sees of
 * the machine. Built when the VM starts; pure.
 */
#pragma once

#include "core/guest_memory.h"
#include "dev/blob.h"

#define SMBIOS_BASE 0xf0000ul /* the entry point; the structures follow */

enum { SMBIOS_SIZE = 0x1000 /* of the buffer to build them in */ };

struct smbios_machine {
	const char *name; /* the VM's: its serial number */
	u32 vcpu_count;
	u64 memory_size; /* bytes */
	u64 low_end;	 /* where its RAM below 4 GiB ends */
	u64 high_size;	 /* of that above 4 GiB, in bytes */
};

/* Builds the entry point and the structures as they are to stand at `base`. -ERR_FULL. */
__must_check int smbios_build(struct blob *out, u64 base, const struct smbios_machine *machine);

/* Builds them in `buffer`, of SMBIOS_SIZE bytes, and writes them into the guest's memory. */
__must_check int smbios_install(struct guest_memory *memory, void *buffer,
				const struct smbios_machine *machine);
