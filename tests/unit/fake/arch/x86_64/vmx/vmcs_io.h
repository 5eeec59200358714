/* SPDX-License-Identifier: MIT */
/* The host's stand-in for arch/x86_64/vmx/vmcs_io.h: one VMCS, an array by encodings. */
#pragma once

#include "arch/x86_64/vmx/vmcs.h"

enum { FAKE_VMCS_FIELDS = 0x8000 };

extern u64 fake_vmcs[FAKE_VMCS_FIELDS]; /* the test's */

static inline u64
vmcs_read(u32 field)
{
	return fake_vmcs[field];
}

static inline void
vmcs_write(u32 field, u64 value)
{
	fake_vmcs[field] = value;
}
