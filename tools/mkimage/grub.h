/* SPDX-License-Identifier: MIT */
/*
 * A bootable image by GRUB's tools: hybrid, for CD and USB, for BIOS and UEFI, straight into the
 * hypervisor without a menu. What fails has complained.
 */
#pragma once

#include "tools/mkimage/pack.h"

/* Are GRUB's tools and both firmwares' modules installed? */
bool grub_ready(void);
/* Makes the image `name` in the folder `work`, where it also leaves what it needed for that. */
bool grub_make_image(const char *work, const char *name, struct bytes hypervisor,
		     struct bytes config, const struct pack *pack);
