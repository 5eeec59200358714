/* SPDX-License-Identifier: MIT */
/* What the CPU's virtualisation can do, as a test sets it: nothing at first. */
#pragma once

#include "arch/x86_64/virt.h"

static struct virt_caps fake_virt_caps;

const struct virt_caps *
virt_caps(void)
{
	return &fake_virt_caps;
}
