/* SPDX-License-Identifier: MIT */
/* What every way in has to give: the guests boot-* differ in their header alone. */
#pragma once

#include "guests/lib/boot_info.h"

void boot_check(enum boot_protocol protocol);
