/* SPDX-License-Identifier: MIT */
/* Entered as a Linux bzImage, by its 64-bit entry. */
#include "guests/lib/guest.h"
#include "guests/lib/linux_check.h"

GUEST("boot-linux64")
{
	linux_check(64);
}
