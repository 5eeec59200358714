/* SPDX-License-Identifier: MIT */
/* A CPU with the flaws that a test gives it: none at first. */
#pragma once

#include "arch/x86_64/speculation.h"

static struct flaws fake_flaws;

const struct flaws *
cpu_flaws(void)
{
	return &fake_flaws;
}
