/* SPDX-License-Identifier: MIT */
/*
 * Intel's extended page tables, 4 levels (SDM vol. 3, 29.3.2): from guest-physical to host-physical
 * addresses. Pure. The root is what goes into the EPT pointer, which says itself that the tables
 * are write-back and have 4 levels.
 *
 * A page's memory type is the MTRRs' part of the rule by which MTRRs and PAT make a type
 * (29.3.7.2); with PT_UC the guest's PAT has no say.
 */
#pragma once

#include "mm/pt.h"

extern const struct pt_format pt_ept;
