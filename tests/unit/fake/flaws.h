/* SPDX-License-Identifier: MIT */
/* A CPU with the flaws that a test gives it: none at first. */
#pragma once

#include "arch/x86_64/speculation.h"

struct flaws flaws_detected;

#define fake_flaws flaws_detected
