/* SPDX-License-Identifier: MIT */
/* What the two forms of `cpu`, for people and as JSON, have in common. */
#pragma once

#include "arch/x86_64/cpu.h"
#include "core/preflight.h"
#include "lib/format.h"

void cpu_print(struct sink *out);
void cpu_print_json(struct sink *out);

/* The n-th name of a set of features, and whether it is there; NULL after the last one. */
typedef const char *(*name_of)(const void *set, unsigned n, bool *present);

const char *cpu_part_feature(const void *features, unsigned n, bool *present);
const char *cpu_part_virt(const void *caps, unsigned n, bool *present);
const char *cpu_part_iommu(const void *caps, unsigned n, bool *present);

const char *cpu_part_virt_kind(enum virt_kind kind);
const char *cpu_part_state(const struct cpu *cpu);
