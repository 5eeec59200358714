/* SPDX-License-Identifier: MIT */
#include "guests/lib/guest.h"
#include "guests/lib/ipi_check.h"

GUEST("ipi-4")
{
	ipi_check();
}
