/* SPDX-License-Identifier: MIT */
/* Entered as a Linux bzImage, by its 32-bit entry. */
#include "guests/lib/guest.h"
#include "guests/lib/linux_check.h"

GUEST("boot-linux32")
{
	linux_check(32);
}
